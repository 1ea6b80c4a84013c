"""Fires what is due (design.md section 2, lines 8 and 9)."""

import asyncio
import secrets
from datetime import timedelta

import structlog
from sqlalchemy import select, update

from actions.connectors.errors import ConnectorError
from actions.due import NotNow, fire
from actions.firm import Firm
from actions.remedies import Connectors
from desk.hub import Hub
from store.database import Database, UnitOfWork
from store.tables import Timer

log = structlog.get_logger()

CLAIM = timedelta(seconds=90)
BATCH = 20
_BUSY = timedelta(seconds=1)
_LONGEST_BACK_OFF = timedelta(minutes=10)


class TimerWorker:
    """Fires timers until it is cancelled; overdue ones first."""

    def __init__(self, database: Database, firm: Firm, connectors: Connectors, hub: Hub) -> None:
        self._database = database
        self._firm = firm
        self._connectors = connectors
        self._hub = hub
        self._owner = secrets.token_hex(8)

    async def run(self) -> None:
        with self._hub.listening(None) as bell:
            while True:
                try:
                    while await self.fire_due():
                        pass
                except Exception:
                    log.exception("cannot fire timers")
                await bell.wait()

    async def fire_due(self) -> int:
        """Fire what is due now; how many timers were tried."""
        claimed = await self._database.run(_claim, self._owner)
        await asyncio.gather(*(self._fire(timer_id, attempts) for timer_id, attempts in claimed))
        return len(claimed)

    async def _fire(self, timer_id: int, attempts: int) -> None:
        again_in: timedelta | None = None
        try:
            # Other systems may be slow: their calls hold no transaction and no database thread.
            await asyncio.to_thread(fire, self._database, self._firm, self._connectors, timer_id)
        except NotNow:
            again_in = _BUSY
        except ConnectorError as error:
            again_in = _back_off(attempts)
            log.warning("connector failed", timer=timer_id, attempts=attempts, why=str(error))
        except Exception:
            again_in = _back_off(attempts)
            log.exception("timer failed", timer=timer_id, attempts=attempts)
        if again_in is not None:
            await self._database.run(_put_off, timer_id, again_in, again_in == _BUSY)


def _back_off(attempts: int) -> timedelta:
    # Another system may be away for days: no timedelta holds two to the power of so many attempts.
    return min(timedelta(seconds=2 ** min(attempts, 16)), _LONGEST_BACK_OFF)


def _claim(work: UnitOfWork, owner: str) -> list[tuple[int, int]]:
    statement = (
        select(Timer)
        .where(
            Timer.state == "open",
            Timer.due_at <= work.now,
            (Timer.claimed_until.is_(None)) | (Timer.claimed_until < work.now),
        )
        .order_by(Timer.due_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
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
