"""Pays what guarantees owe without being asked (:mod:`actions.guarantees.looking`)."""

import asyncio
import time
from collections.abc import Awaitable

import structlog

from actions.firm import Firm
from actions.guarantees.looking import claim_due, find_reachable, find_unseen, look_at
from store.database import Database

log = structlog.get_logger()

# Nobody waits for what they do not expect.
_LOOK_SECONDS = 2.0
# Whoever could not be reached may have written meanwhile.
_REACHABLE_SECONDS = 600.0
_AFTER_FAILURE_SECONDS = 30.0


class GuaranteeWorker:
    """Looks until it is cancelled. Several at once do no harm: each look is claimed, and a payment is made once."""

    def __init__(self, database: Database, firm: Firm) -> None:
        self._database = database
        self._firm = firm

    async def run(self) -> None:
        reachable_at = time.monotonic() + _REACHABLE_SECONDS
        await self._try(self.find_unseen())
        while True:
            if time.monotonic() >= reachable_at:
                await self._try(self._database.run(find_reachable))
                reachable_at = time.monotonic() + _REACHABLE_SECONDS
            looked = await self._try(self.look())
            await asyncio.sleep(0 if looked else _LOOK_SECONDS)

    async def find_unseen(self) -> int:
        """Have looked at what was on file before the guarantees were what they are; how many orders that are."""
        return await asyncio.to_thread(find_unseen, self._database, self._firm)

    async def look(self) -> int:
        """Look at the orders that are due; how many were looked at."""
        numbers = await self._database.run(claim_due)
        for number in numbers:
            try:
                found = await self._database.run(look_at, self._firm, number)
            except Exception as error:
                # The claim runs out, and it is tried again; the others need not wait for that.
                log.exception("cannot look at an order", kind=type(error).__name__)
                continue
            for one in found.settled:
                log.info("guarantee settled", guarantee=one.payment.guarantee, outcome=str(one.outcome))
        return len(numbers)

    async def _try(self, work: Awaitable[int]) -> int:
        try:
            return await work
        except Exception:
            log.exception("cannot look after the guarantees")
            await asyncio.sleep(_AFTER_FAILURE_SECONDS)
            return 0
