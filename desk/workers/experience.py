"""Counts daily what the firm's own offers taught (:mod:`actions.learning`)."""

import asyncio

import structlog

from actions.firm import Firm
from actions.learning import recalculate
from store.database import Database

log = structlog.get_logger()

# Not in the rush of the start, nor together with what lets go; then once a day.
_FIRST_SECONDS = 420.0
_DAILY_SECONDS = 24 * 3600.0


class ExperienceWorker:
    """Works until it is cancelled. Several at once do no harm: each counts the same, and the newest count stays."""

    def __init__(self, database: Database, firm: Firm) -> None:
        self._database = database
        self._firm = firm

    async def run(self) -> None:
        await asyncio.sleep(_FIRST_SECONDS)
        while True:
            await self.once()
            await asyncio.sleep(_DAILY_SECONDS)

    async def once(self) -> None:
        """One count, off the event loop, in pieces; who else wants the store comes in between."""
        try:
            cells = await asyncio.to_thread(recalculate, self._database, self._firm)
        except Exception as error:
            # Decisions go on by what was learnt until now; tomorrow it is tried again.
            log.exception("cannot count what offers taught", kind=type(error).__name__)
        else:
            log.info("counted what offers taught", cells=cells)
