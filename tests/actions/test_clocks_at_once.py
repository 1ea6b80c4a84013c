"""Clocks under several workers at the same moment, on both databases."""

from datetime import timedelta

from sqlalchemy import select

from actions.due import fire
from actions.firm import Firm
from actions.staff.talking import answer, take
from actions.timers import TimerKind
from desk.hub import Hub
from desk.workers.timers import TimerWorker
from store.database import Database
from store.tables import CaseClock, HandOver, Notification, Staff, Timer
from tests.conftest import Clock
from tests.desk.turning import acts, alice, at_once, connectors, conversation, hears, leases, settles


def _held(database: Database, firm: Firm) -> int:
    """Alice has a case and has answered; the conversation's id."""
    hears(database, "转人工")
    lease = leases(database)
    acts(database, firm, lease, "action_request_person", hand_over={"reason": "asked", "words": []})
    assert settles(database, lease) == "done"
    person = alice(database)
    with database.begin() as work:
        take(work, firm, person, conversation(database).id)
        answer(work, firm, person, conversation(database).id, "我来处理。")
        work.commit()
    return conversation(database).id


def _fire(database: Database, firm: Firm, kind: TimerKind) -> None:
    with database.reading() as work:
        due = select(Timer.id).where(Timer.kind == kind, Timer.state == "open", Timer.due_at <= work.now)
        ids = list(work.session.scalars(due))
    for timer_id in ids:
        fire(database, firm, connectors(database), timer_id)


def test_four_workers_escalate_a_missed_clock_once(database: Database, firm: Firm, clock: Clock) -> None:
    _held(database, firm)
    clock.advance(hours=9)
    at_once(4, lambda _: _fire(database, firm, TimerKind.CLOCK_MISSED))
    with database.reading() as work:
        reasons = list(work.session.scalars(select(HandOver.reason)))
        assert reasons.count("next_update_missed") == 1
        overdue = select(Notification.id).where(Notification.kind == "overdue")
        assert len(list(work.session.scalars(overdue))) == 1


def test_an_answer_and_a_take_back_at_once_leave_one_of_both(database: Database, firm: Firm, clock: Clock) -> None:
    held = _held(database, firm)
    hears(database, "在吗?", key="again")
    _fire(database, firm, TimerKind.TAKE_BACK)
    clock.advance(hours=2)
    refusals: list[Exception] = []

    def deed(n: int) -> None:
        if n:
            _fire(database, firm, TimerKind.TAKE_BACK)
            return
        try:
            with database.begin() as work:
                answer(work, firm, _person(database), held, "在的。")
                work.commit()
        except Exception as error:
            refusals.append(error)

    at_once(2, deed)
    taken_back = conversation(database).control == "queued"
    assert taken_back == bool(refusals)


async def test_a_worker_tells_of_what_was_missed_while_nobody_ran(
    sqlite_database: Database, firm: Firm, clock: Clock
) -> None:
    _held(sqlite_database, firm)
    clock.advance(hours=30)
    worker = TimerWorker(sqlite_database, firm, connectors(sqlite_database), Hub())
    while await worker.fire_due():
        pass
    with sqlite_database.reading() as work:
        (update,) = work.session.scalars(select(CaseClock).where(CaseClock.kind == "next_update"))
        assert update.missed_at == clock.now and update.warned_at is None
        assert update.due_at < clock.now - timedelta(hours=10)


async def test_what_fails_for_days_is_tried_again_and_holds_up_nothing(
    sqlite_database: Database, firm: Firm, clock: Clock
) -> None:
    held = _held(sqlite_database, firm)
    with sqlite_database.begin() as work:
        # Tried sixty times, ten minutes apart.
        broken = Timer(key="broken", kind=TimerKind.PROMISE_DUE, conversation_id=held, due_at=work.now)
        broken.subject_id, broken.attempts = 10**6, 60
        work.session.add(broken)
        work.commit()
    clock.advance(hours=9)
    worker = TimerWorker(sqlite_database, firm, connectors(sqlite_database), Hub())
    while await worker.fire_due():
        pass
    with sqlite_database.reading() as work:
        put_off = work.session.scalars(select(Timer).where(Timer.key == "broken")).one()
        assert (put_off.state, put_off.claimed_until) == ("open", clock.now + timedelta(minutes=10))
        assert "next_update_missed" in list(work.session.scalars(select(HandOver.reason)))


def _person(database: Database) -> Staff:
    with database.reading() as work:
        return work.session.scalars(select(Staff)).one()
