"""Looks daily at everything the firm watches, and has work opened (:mod:`analytics.improvement.elastic.watching`).

Each day of the firm is looked at once, by whichever process comes first; should that one die on the way, another takes
its place an hour later. What was found and opened until then is there already, and is not opened twice.
"""

import asyncio
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from analytics.improvement.elastic.watching import Watched, watch_in_parts
from analytics.improvement.policy import ImprovementPolicy, read_policy
from analytics.roll_up import roll_up
from analytics.surroundings import Surroundings
from store.database import Database, UnitOfWork
from store.firm_files import FirmDataError
from store.tables import ProcessWatch

log = structlog.get_logger()

# Not in the rush of the start.
_FIRST_SECONDS = 300.0
_LOOK_EVERY_SECONDS = 600.0
# Who has not come to an end by then is taken for dead.
_PATIENCE = timedelta(hours=1)


class ImprovementWorker:
    """Works until it is cancelled.

    Args:
        folder: of the firm's files.
    """

    def __init__(self, database: Database, zone: ZoneInfo, folder: Path) -> None:
        self._database = database
        self._zone = zone
        self._folder = folder

    async def run(self) -> None:
        await asyncio.sleep(_FIRST_SECONDS)
        while True:
            await self.once()
            await asyncio.sleep(_LOOK_EVERY_SECONDS)

    async def once(self) -> Watched | None:
        """Look, unless somebody has today; what came of it."""
        try:
            policy = read_policy(self._folder)
            # Looking costs no writer's turn; most of the time it is done.
            if await self._database.read(is_done, self._zone):
                return None
            day = await self._database.run(claim, self._zone)
            if day is None:
                return None
            around = Surroundings(self._zone, self._folder)
            try:
                return await asyncio.to_thread(self._look, policy, day, around)
            finally:
                # Whoever is cancelled here leaves no thread behind that the end would wait for.
                around.stopped.set()
        except FirmDataError as error:
            log.error("cannot watch processes", error=str(error))
        except Exception as error:
            log.exception("cannot watch processes", kind=type(error).__name__)
        return None

    def _look(self, policy: ImprovementPolicy, day: date, around: Surroundings) -> Watched:
        roll_up(self._database, self._zone)
        watched = watch_in_parts(self._database, around, policy)
        with self._database.begin() as work:
            row = work.session.get_one(ProcessWatch, day)
            row.ended_at, row.found, row.opened = work.now, watched.found, len(watched.opened)
            work.commit()
        log.info("watched processes", found=watched.found, new=len(watched.new), opened=len(watched.opened))
        return watched


def is_done(work: UnitOfWork, zone: ZoneInfo) -> bool:
    """Whether today was looked at, or somebody is at it."""
    row = work.session.get(ProcessWatch, _today(work, zone))
    return row is not None and not _is_stale(row, work)


def claim(work: UnitOfWork, zone: ZoneInfo) -> date | None:
    """Take today's look; None where somebody else has it."""
    day = _today(work, zone)
    asked = select(ProcessWatch).where(ProcessWatch.day == day).with_for_update()
    row = work.session.scalars(asked.execution_options(populate_existing=True)).first()
    if row is not None:
        if not _is_stale(row, work):
            return None
        row.began_at = work.now
        return day
    try:
        with work.session.begin_nested():
            work.session.add(ProcessWatch(day=day, began_at=work.now))
            work.session.flush()
    except IntegrityError:
        return None
    return day


def _is_stale(row: ProcessWatch, work: UnitOfWork) -> bool:
    return row.ended_at is None and work.now - row.began_at > _PATIENCE


def _today(work: UnitOfWork, zone: ZoneInfo) -> date:
    return work.now.astimezone(zone).date()
