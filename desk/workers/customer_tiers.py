"""Reckons daily what customers are worth, and the tiers that follow (:mod:`actions.customer_value`)."""

import asyncio

import structlog

from actions.customer_value import Reckoning, TiersReckoned
from actions.firm import Firm
from store.database import Database

log = structlog.get_logger()

# Not in the rush of the start, nor together with those who let go of what was kept long enough; then once a day.
_FIRST_SECONDS = 900.0
_DAILY_SECONDS = 24 * 3600.0


class TiersWorker:
    """Works until it is cancelled. Several at once do no harm: each comes to the same."""

    def __init__(self, database: Database, firm: Firm) -> None:
        self._database = database
        self._firm = firm

    async def run(self) -> None:
        await asyncio.sleep(_FIRST_SECONDS)
        while True:
            if self._firm.tiers.reckoned == "daily":
                try:
                    await self.once()
                except Exception as error:
                    # Tomorrow is another day; the tiers of yesterday hold until then.
                    log.exception("cannot reckon the tiers of customers", kind=type(error).__name__)
            await asyncio.sleep(_DAILY_SECONDS)

    async def once(self) -> TiersReckoned:
        """One run, off the event loop, a chunk at a time; who else wants to write comes in between."""
        reckoning = Reckoning(self._firm, self._database.clock())
        while await self._database.read(reckoning.read_chunk):
            pass
        reckoning.draw()
        while await self._database.run(reckoning.write_chunk):
            pass
        result = reckoning.result()
        moved = sum(one.customers for one in result.moved)
        log.info("reckoned the tiers of customers", customers=result.customers, moved=moved, by_hand=result.by_hand)
        return result
