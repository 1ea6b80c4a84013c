"""Lets go daily of what has been kept long enough, and does erasures on their day (:mod:`store.letting_go`)."""

import asyncio

import structlog

from store.attached_files import AttachedFiles
from store.database import Database
from store.letting_go import steps
from store.retention import Retention

log = structlog.get_logger()

# Not in the rush of the start; then once a day.
_FIRST_SECONDS = 300.0
_DAILY_SECONDS = 24 * 3600.0


class LettingGoWorker:
    """Works until it is cancelled. Several at once do no harm: each finds what the others have left."""

    def __init__(self, database: Database, retention: Retention, files: AttachedFiles) -> None:
        self._database = database
        self._retention = retention
        self._files = files

    async def run(self) -> None:
        await asyncio.sleep(_FIRST_SECONDS)
        while True:
            await self.once()
            await asyncio.sleep(_DAILY_SECONDS)

    async def once(self) -> None:
        """One run, off the event loop, a small piece at a time; who else wants to write comes in between."""
        gone: dict[str, int] = {}
        for step in steps(self._retention, self._database.clock(), self._files):
            gone[step.name] = 0
            try:
                while (count := await self._database.run(step.let_go)) is not None:
                    gone[step.name] += count
            except Exception as error:
                # The other classes have their own rules to keep.
                log.exception("cannot let go of what was kept long enough", step=step.name, kind=type(error).__name__)
        log.info("let go of what was kept long enough", **gone)
