"""Tells those whose complaint led to a proven fix (:mod:`actions.fixes`).

Several processes may work at once: telling one customer holds the row of the telling, and whoever comes second finds
nothing to do. Nothing is remembered here, so a restart loses nothing and repeats nothing.
"""

import asyncio

import structlog

from actions.firm import Firm
from actions.fixes.one_customer import next_row, put_off, running, tell_next
from store.database import Database

log = structlog.get_logger()

_LOOK_EVERY_SECONDS = 5.0


class FixWorker:
    """Works until it is cancelled."""

    def __init__(self, database: Database, firm: Firm) -> None:
        self._database = database
        self._firm = firm

    async def run(self) -> None:
        while True:
            try:
                while await self.step():
                    pass
            except Exception:
                log.exception("cannot tell of fixes")
            await asyncio.sleep(_LOOK_EVERY_SECONDS)

    async def step(self) -> int:
        """Look at the next customer of each telling; how many there were."""
        # Looking costs no writer's turn; most of the time there is nothing.
        tellings = await self._database.read(running, self._firm)
        return sum([await self._one(telling_id) for telling_id in tellings])

    async def _one(self, telling_id: int) -> int:
        row = await self._database.read(next_row, self._firm, telling_id)
        try:
            return int(await self._database.run(tell_next, self._firm, telling_id) is not None)
        except Exception as error:
            log.exception("cannot tell a customer of a fix", row=row, kind=type(error).__name__)
            if row is not None:
                await self._database.run(put_off, row)
            return 0
