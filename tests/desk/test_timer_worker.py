"""What other systems do keeps nothing else waiting, is tried again as they ask, and let go of when a process dies."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select

from actions.connectors.errors import ConnectorError
from actions.connectors.refunds import RefundTwin
from actions.firm import Firm
from actions.timers import AT_OTHER_SYSTEMS, IN_OUR_STORE, TimerKind
from desk.hub import Hub
from desk.workers.leases import void_all
from desk.workers.timers import TimerWorker
from store.database import Database
from store.tables import RefundEntry, Timer
from tests.conftest import Clock
from tests.desk.turning import accepts_refund, connectors, count


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(500):
        if condition():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never came to be")


def timer(database: Database, kind: TimerKind) -> Timer:
    with database.reading() as work:
        return work.session.scalars(select(Timer).where(Timer.kind == kind)).one()


async def test_a_system_that_hangs_keeps_no_clock_waiting(sqlite_database: Database, firm: Firm, clock: Clock) -> None:
    accepts_refund(sqlite_database, firm)
    called, goes_on = threading.Event(), threading.Event()

    class Hanging(RefundTwin):
        def refund(self, *arguments: object) -> str:
            called.set()
            goes_on.wait(20)
            return super().refund(*arguments)  # type: ignore[arg-type]

    with sqlite_database.begin() as work:
        first = work.session.scalars(select(Timer)).first()
        assert first is not None
        work.session.add(
            Timer(key="late", kind=TimerKind.CLOSE_CASE, conversation_id=first.conversation_id, case_id=first.case_id,
                  due_at=clock.now)
        )  # fmt: skip
        work.commit()
    hanging, hub = replace(connectors(sqlite_database), refunds=Hanging(sqlite_database)), Hub()
    workers = [TimerWorker(sqlite_database, firm, hanging, hub, kinds) for kinds in (IN_OUR_STORE, AT_OTHER_SYSTEMS)]
    tasks = [asyncio.create_task(worker.run()) for worker in workers]
    try:
        await until(called.is_set)
        await until(lambda: timer(sqlite_database, TimerKind.CLOSE_CASE).state == "fired")
        assert timer(sqlite_database, TimerKind.EXECUTE_REMEDY).state == "open"
        goes_on.set()
        await until(lambda: timer(sqlite_database, TimerKind.EXECUTE_REMEDY).state == "fired")
    finally:
        goes_on.set()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert count(sqlite_database, RefundEntry) == 1


async def test_it_is_left_alone_for_as_long_as_it_asks(sqlite_database: Database, firm: Firm, clock: Clock) -> None:
    accepts_refund(sqlite_database, firm)

    class Busy(RefundTwin):
        def refund(self, *_: object) -> str:
            raise ConnectorError("busy", permanent=False, retry_after=timedelta(minutes=5))

    busy = replace(connectors(sqlite_database), refunds=Busy(sqlite_database))
    worker = TimerWorker(sqlite_database, firm, busy, Hub(), AT_OTHER_SYSTEMS)
    assert await worker.fire_due() == 1
    clock.advance(minutes=4)
    assert await worker.fire_due() == 0
    clock.advance(minutes=2)
    assert await worker.fire_due() == 1


async def test_what_a_dead_process_had_claimed_is_taken_up_at_once_and_pauses_last(
    sqlite_database: Database, firm: Firm
) -> None:
    """Only one process serves an SQLite store: at its start nobody else can hold a claim."""
    accepts_refund(sqlite_database, firm)
    with sqlite_database.begin() as work:
        claimed = work.session.scalars(select(Timer).where(Timer.kind == TimerKind.EXECUTE_REMEDY)).one()
        claimed.claimed_by, claimed.claimed_until = "dead", work.now + timedelta(seconds=90)
        paused = work.session.scalars(select(Timer).where(Timer.kind != TimerKind.EXECUTE_REMEDY)).first()
        assert paused is not None
        paused.claimed_until = work.now + timedelta(seconds=64)
        work.commit()
    await sqlite_database.run(void_all)
    with sqlite_database.reading() as work:
        assert work.session.get_one(Timer, claimed.id).claimed_until is None
        assert work.session.get_one(Timer, paused.id).claimed_until is not None
