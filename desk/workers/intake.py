"""Takes in what channels' servers were told ``success`` for, in the order in which each customer said it."""

import structlog

from actions.firm import Firm
from desk.channels import heard
from desk.channels.accounts import Accounts
from desk.hub import Bell
from store.database import Database

log = structlog.get_logger()


class IntakeWorker:
    """Takes in until it is cancelled. Nothing is claimed: a unit of work that ends early leaves all as it was.

    Args:
        bell: rung whenever something was kept.
    """

    def __init__(self, database: Database, firm: Firm, accounts: Accounts, bell: Bell) -> None:
        self._database = database
        self._firm = firm
        self._accounts = accounts
        self._bell = bell

    async def run(self) -> None:
        while True:
            try:
                while await self._database.read(heard.is_any_due) and await self.take_due():
                    pass
            except Exception as error:
                # The database may be away for a moment; by its kind alone, since its words may be a customer's.
                log.error("cannot take in what was heard", why=type(error).__name__)
            await self._bell.wait()

    async def take_due(self) -> int:
        """Take in some of what is due now; how many were tried."""
        try:
            return await self._database.run(heard.take_due, self._firm, self._accounts, self._enough)
        except Exception as error:
            log.warning("cannot be taken in together", why=type(error).__name__)
        ids = await self._database.read(heard.due_ids)
        for row_id in ids:
            try:
                await self._database.run(heard.take_one, self._firm, self._accounts, row_id)
            except Exception as error:
                log.error("what was heard cannot be taken in yet", row=row_id, why=type(error).__name__)
                await self._database.run(heard.put_off, row_id)
        return len(ids)

    def _enough(self) -> bool:
        # Somebody waits for an acknowledgement.
        return self._database.is_wanted
