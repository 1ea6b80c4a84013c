"""Fires what is due (design.md section 2, lines 8 and 9)."""

import asyncio
import secrets
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import timedelta
from functools import partial

import structlog
from sqlalchemy import ColumnElement, select, update

from actions.connectors.errors import ConnectorError
from actions.connectors.systems import Connectors
from actions.due import NotNow, fire
from actions.firm import Firm
from actions.timers import TimerKind
from desk.hub import Hub
from store.database import Database, UnitOfWork
from store.tables import Timer

log = structlog.get_logger()

CLAIM = timedelta(seconds=90)
BATCH = 20
_BUSY = timedelta(seconds=1)
_LONGEST_BACK_OFF = timedelta(minutes=10)


class TimerWorker:
    """Fires timers until it is cancelled; overdue ones first.

    Two of them share the work: what is done at other systems must not keep everything else waiting while one of those
    hangs, so it is not waited for before more is begun, and has threads of its own.

    Args:
        kinds: which timers it fires; None for all.
    """

    def __init__(
        self,
        database: Database,
        firm: Firm,
        connectors: Connectors,
        hub: Hub,
        kinds: Collection[TimerKind] | None = None,
    ) -> None:
        self._database = database
        self._firm = firm
        self._connectors = connectors
        self._hub = hub
        self._kinds = kinds
        self._owner = secrets.token_hex(8)
        self._threads = ThreadPoolExecutor(BATCH, "timers")

    async def run(self) -> None:
        """Fire what is due, at most ``BATCH`` at a time."""
        begun: set[asyncio.Task[None]] = set()
        try:
            with self._hub.listening(None) as bell:
                while True:
                    try:
                        await self._begin_due(begun)
                    except Exception:
                        log.exception("cannot fire timers")
                    # One that has ended rings by what it committed; else there is room at the next look.
                    await bell.wait()
        finally:
            for task in begun:
                task.cancel()

    async def _begin_due(self, begun: set[asyncio.Task[None]]) -> None:
        while (room := BATCH - len(begun)) and await self._database.read(_is_any_due, self._kinds):
            claimed = await self._database.run(_claim, self._owner, self._kinds, room)
            for timer_id, attempts in claimed:
                task = asyncio.create_task(self._fire(timer_id, attempts))
                begun.add(task)
                task.add_done_callback(begun.discard)
            if len(claimed) < room:
                return

    async def fire_due(self) -> int:
        """Fire what is due now, and wait for it; how many timers were tried."""
        claimed = await self._database.run(_claim, self._owner, self._kinds, BATCH)
        await asyncio.gather(*(self._fire(timer_id, attempts) for timer_id, attempts in claimed))
        return len(claimed)

    async def _fire(self, timer_id: int, attempts: int) -> None:
        again_in: timedelta | None = None
        try:
            # Other systems may be slow: their calls hold no transaction and no database thread.
            deed = partial(fire, self._database, self._firm, self._connectors, timer_id)
            # With the context of this task, so that what is logged says which process it was.
            await asyncio.get_running_loop().run_in_executor(self._threads, copy_context().run, deed)
        except NotNow:
            again_in = _BUSY
        except ConnectorError as error:
            # Longer than we would wait ourselves, where the other system asks for it.
            again_in = max(_back_off(attempts), error.retry_after or timedelta(0))
            log.warning("connector failed", timer=timer_id, attempts=attempts, why=str(error))
        except Exception:
            again_in = _back_off(attempts)
            log.exception("timer failed", timer=timer_id, attempts=attempts)
        if again_in is not None:
            try:
                await self._database.run(_put_off, timer_id, again_in, again_in == _BUSY)
            except Exception:
                log.exception("cannot put a timer off", timer=timer_id)  # its claim runs out by itself


def _back_off(attempts: int) -> timedelta:
    # Another system may be away for days: no timedelta holds two to the power of so many attempts.
    return min(timedelta(seconds=2 ** min(attempts, 16)), _LONGEST_BACK_OFF)


def _is_any_due(work: UnitOfWork, kinds: Collection[TimerKind] | None) -> bool:
    """Whether there is something to claim; looked at often, so it must not stand in line with those who write."""
    statement = select(Timer.id).where(*_due(work, kinds)).limit(1)
    return work.session.scalars(statement).first() is not None


def _due(work: UnitOfWork, kinds: Collection[TimerKind] | None) -> list[ColumnElement[bool]]:
    """What holds of a timer that can be claimed."""
    free = Timer.claimed_until.is_(None) | (Timer.claimed_until < work.now)
    due = [Timer.state == "open", Timer.due_at <= work.now, free]
    return due if kinds is None else [*due, Timer.kind.in_(kinds)]


def _claim(work: UnitOfWork, owner: str, kinds: Collection[TimerKind] | None, most: int) -> list[tuple[int, int]]:
    statement = (
        select(Timer).where(*_due(work, kinds)).order_by(Timer.due_at).limit(most).with_for_update(skip_locked=True)
    )
    claimed = []
    for timer in work.session.scalars(statement):
        timer.claimed_by, timer.claimed_until = owner, work.now + CLAIM
        timer.attempts += 1
        claimed.append((timer.id, timer.attempts))
    return claimed


def _put_off(work: UnitOfWork, timer_id: int, again_in: timedelta, merely_busy: bool) -> None:
    """Have the timer claimed again later; waiting for a message to be answered is no failed attempt."""
    values: dict[str, object] = {"claimed_by": None, "claimed_until": work.now + again_in}
    if merely_busy:
        values["attempts"] = Timer.attempts - 1
    work.session.execute(update(Timer).where(Timer.id == timer_id, Timer.state == "open").values(**values))
