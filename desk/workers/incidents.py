"""Tells those whom running incidents touch (:mod:`actions.incidents`).

Several processes may work at once: claiming holds an incident for a moment, telling holds the conversation, and whoever
comes second finds nothing to do. Nothing is remembered here, so a restart loses nothing and repeats nothing.
"""

import asyncio

import structlog

from actions.firm import Firm
from actions.incidents.claiming import claim, has_running
from actions.incidents.closing import close_unanswered, find_unanswered
from actions.incidents.telling import tell
from store.database import Database

log = structlog.get_logger()

_LOOK_EVERY_SECONDS = 2.0
_SWEEP_EVERY_SECONDS = 3600.0


class IncidentWorker:
    """Works until it is cancelled."""

    def __init__(self, database: Database, firm: Firm) -> None:
        self._database = database
        self._firm = firm
        self._swept_at = float("-inf")

    async def run(self) -> None:
        while True:
            try:
                while await self.step():
                    pass
                await self.sweep()
            except Exception:
                log.exception("cannot tell of incidents")
            await asyncio.sleep(_LOOK_EVERY_SECONDS)

    async def step(self) -> int:
        """Tell who is to be told now; how many were tried."""
        # Looking costs no writer's turn; most of the time there is nothing.
        if not await self._database.read(has_running):
            return 0
        claimed = await self._database.run(claim, self._firm)
        for row_id in claimed:
            try:
                await self._database.run(tell, self._firm, row_id)
            except Exception as error:
                # The claim runs out by itself, and the customer is tried again; the others need not wait for that.
                log.exception("cannot tell a customer of an incident", row=row_id, kind=type(error).__name__)
        return len(claimed)

    async def sweep(self) -> None:
        """Once an hour: close what nobody answered."""
        now = asyncio.get_running_loop().time()
        if now - self._swept_at < _SWEEP_EVERY_SECONDS:
            return
        self._swept_at = now
        seen: set[int] = set()
        # In pieces, until nothing new is found: an incident may have told thousands.
        while fresh := set(await self._database.read(find_unanswered, self._firm)) - seen:
            for case_id in sorted(fresh):
                await self._database.run(close_unanswered, case_id)
            seen |= fresh
