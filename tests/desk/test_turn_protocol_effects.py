"""The turn protocol of design.md section 2, lines 8 to 13; on both databases where the database matters."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import select

from actions.connectors.errors import ConnectorError
from actions.connectors.refunds import RefundTwin
from actions.due import NotNow, fire
from actions.firm import Firm
from actions.staff.talking import take
from actions.timers import TimerKind
from desk.channels.transport import Outgoing, PulledTransport, TransportError
from desk.hub import Hub
from desk.rasa import WORD_JOINER, plain_text
from desk.workers.outbox import OutboxWorker, _claim_singles
from desk.workers.timers import TimerWorker
from recovery.control import Control
from store.database import Database
from store.tables import (
    Case,
    Conversation,
    Message,
    OutboxRow,
    RefundEntry,
    Remedy,
    Timer,
)
from tests.conftest import Clock
from tests.desk.turning import (
    accepts_refund,
    acts,
    alice,
    at_once,
    connectors,
    conversation,
    count,
    fires,
    hears,
    leases,
    said_to,
    settles,
    with_offer,
)

# --- 8. Remote effects -----------------------------------------------------------------------------------------------


def test_line_08_the_turn_commits_the_intent_and_the_timer_pays(database: Database, firm: Firm) -> None:
    accepts_refund(database, firm)
    with database.reading() as work:
        assert work.session.scalars(select(Remedy.state)).one() == "intended"
    assert count(database, RefundEntry) == 0
    fires(database, firm, TimerKind.EXECUTE_REMEDY)
    with database.reading() as work:
        remedy, entry = work.session.scalars(select(Remedy)).one(), work.session.scalars(select(RefundEntry)).one()
        assert (remedy.state, remedy.reference) == ("executed", entry.reference)
    assert entry.reference in said_to(database)[-1]


def test_line_08_dying_after_the_payment_pays_once(database: Database, firm: Firm) -> None:
    accepts_refund(database, firm)

    class DiesAfterPaying(RefundTwin):
        def refund(self, *arguments: object) -> str:
            super().refund(*arguments)  # type: ignore[arg-type]
            raise KeyboardInterrupt

    with database.reading() as work:
        timer_id = work.session.scalars(select(Timer.id).where(Timer.kind == TimerKind.EXECUTE_REMEDY)).one()
    dying = replace(connectors(database), refunds=DiesAfterPaying(database))
    with pytest.raises(KeyboardInterrupt):
        fire(database, firm, dying, timer_id)
    assert count(database, RefundEntry) == 1
    at_once(3, lambda _: fire(database, firm, connectors(database), timer_id))
    assert count(database, RefundEntry) == 1
    assert sum("退款" in text and "编号" in text for text in said_to(database)) == 1


def test_line_08_a_refusal_for_good_brings_a_person(database: Database, firm: Firm) -> None:
    accepts_refund(database, firm)

    class Refusing(RefundTwin):
        def refund(self, *_: object) -> str:
            raise ConnectorError("account closed", permanent=True)

    with database.reading() as work:
        timer_id = work.session.scalars(select(Timer.id).where(Timer.kind == TimerKind.EXECUTE_REMEDY)).one()
    fire(database, firm, replace(connectors(database), refunds=Refusing(database)), timer_id)
    assert conversation(database).control == Control.QUEUED
    with database.reading() as work:
        assert work.session.scalars(select(Remedy.state)).one() == "failed"


# --- 9. Timers -------------------------------------------------------------------------------------------------------


def test_line_09_a_timer_during_a_turn_waits(database: Database, firm: Firm, clock: Clock) -> None:
    accepts_refund(database, firm)
    fires(database, firm, TimerKind.EXECUTE_REMEDY)
    clock.advance(hours=25)
    hears(database, "请问一下")
    with pytest.raises(NotNow):
        fires(database, firm, TimerKind.FOLLOW_UP)
    lease = leases(database)
    acts(database, firm, lease, "action_greet", categories=[])
    settles(database, lease)
    before = len(said_to(database))
    fires(database, firm, TimerKind.FOLLOW_UP)
    assert len(said_to(database)) == before + 1


def test_line_09_a_timer_fires_once_and_rechecks_its_reason(database: Database, firm: Firm, clock: Clock) -> None:
    accepts_refund(database, firm)
    fires(database, firm, TimerKind.EXECUTE_REMEDY)
    hears(database, "5分")
    lease = leases(database)
    acts(database, firm, lease, "action_record_rating", categories=[], facts={"rating": 5})
    settles(database, lease)
    clock.advance(hours=25)
    before = len(said_to(database))
    fires(database, firm, TimerKind.FOLLOW_UP)  # rated already: nothing to ask
    assert len(said_to(database)) == before
    with database.reading() as work:
        states = set(work.session.scalars(select(Timer.state).where(Timer.kind == TimerKind.FOLLOW_UP)))
    assert states == {"fired"}


def test_line_09_a_timer_that_two_processes_fire_at_once_fires_once(
    database: Database, firm: Firm, clock: Clock
) -> None:
    accepts_refund(database, firm)
    fires(database, firm, TimerKind.EXECUTE_REMEDY)
    clock.advance(hours=25)
    before = len(said_to(database))
    with database.reading() as work:
        (timer_id,) = work.session.scalars(select(Timer.id).where(Timer.kind == TimerKind.FOLLOW_UP))
    at_once(4, lambda _: fire(database, firm, connectors(database), timer_id))
    assert len(said_to(database)) == before + 1


async def test_line_09_what_fell_due_while_nobody_was_there_fires_at_the_next_start(
    sqlite_database: Database, firm: Firm, clock: Clock
) -> None:
    accepts_refund(sqlite_database, firm)
    fires(sqlite_database, firm, TimerKind.EXECUTE_REMEDY)
    before = len(said_to(sqlite_database))
    clock.advance(days=3)
    worker = TimerWorker(sqlite_database, firm, connectors(sqlite_database), Hub())
    while await worker.fire_due():
        pass
    with sqlite_database.reading() as work:
        overdue = select(Timer.kind).where(Timer.state == "open", Timer.due_at <= clock.now)
        assert not work.session.scalars(overdue).all()
    assert len(said_to(sqlite_database)) > before


# --- 10. Outbox ------------------------------------------------------------------------------------------------------


def test_line_10_messages_are_numbered_without_gaps_both_ways(database: Database, firm: Firm) -> None:
    with_offer(database, firm)
    at_once(4, lambda n: hears(database, f"还有 {n}", key=f"k{n}"))
    with database.reading() as work:
        numbers = list(work.session.scalars(select(Message.number).order_by(Message.number)))
    assert numbers == list(range(1, len(numbers) + 1))


async def test_line_10_a_passing_failure_blocks_the_next_and_a_permanent_one_is_kept(
    sqlite_database: Database, firm: Firm, clock: Clock
) -> None:
    with_offer(sqlite_database, firm)
    hears(sqlite_database, "你好")
    lease = leases(sqlite_database)
    acts(sqlite_database, firm, lease, "action_greet", categories=[])
    settles(sqlite_database, lease)
    sent: list[int] = []
    failures = [TransportError("later", permanent=False)]

    class Moody:
        async def deliver(self, message: Outgoing) -> None:
            if failures:
                raise failures.pop()
            sent.append(message.number)

    worker = OutboxWorker(sqlite_database, firm, Hub(), {"rest": Moody()})
    assert await worker.deliver_waiting() == 1
    assert await worker.deliver_waiting() == 0 and sent == []
    clock.advance(seconds=10)
    while await worker.deliver_waiting():
        pass
    assert sent == sorted(sent) and len(sent) == 2
    hears(sqlite_database, "谢谢")
    lease = leases(sqlite_database)
    acts(sqlite_database, firm, lease, "action_answer_thanks", categories=[])
    failures.append(TransportError("never", permanent=True))
    assert await worker.deliver_waiting() == 1
    with sqlite_database.reading() as work:
        assert list(work.session.scalars(select(OutboxRow.state).order_by(OutboxRow.id))) == ["sent", "sent", "failed"]


async def test_line_10_a_claim_of_a_dead_process_passes_on(sqlite_database: Database, firm: Firm, clock: Clock) -> None:
    with_offer(sqlite_database, firm)
    alive = OutboxWorker(sqlite_database, firm, Hub(), {"rest": PulledTransport()})

    class Hanging:
        async def deliver(self, message: Outgoing) -> None:
            await asyncio.sleep(3600)

    dead = OutboxWorker(sqlite_database, firm, Hub(), {"rest": Hanging()})
    task = asyncio.create_task(dead.deliver_waiting())
    await asyncio.sleep(0.2)
    task.cancel()
    assert await alive.deliver_waiting() == 0
    clock.advance(seconds=61)
    assert await alive.deliver_waiting() == 1


async def test_line_10_who_lost_the_claim_no_longer_tells_what_became_of_the_message(
    database: Database, firm: Firm, clock: Clock
) -> None:
    """A process that stood still while another one delivered must not have it delivered once more."""
    with_offer(database, firm)
    alive = OutboxWorker(database, firm, Hub(), {"rest": PulledTransport()})

    class StandsStill:
        async def deliver(self, message: Outgoing) -> None:
            clock.advance(seconds=61)
            assert await alive.deliver_waiting() == 1
            raise TransportError("the line broke", permanent=False)

    slow = OutboxWorker(database, firm, Hub(), {"rest": StandsStill()})
    assert await slow.deliver_waiting() == 1
    with database.reading() as work:
        assert [row.state for row in work.session.scalars(select(OutboxRow))] == ["sent"]


def test_line_10_what_one_process_is_claiming_another_passes_over(postgresql_database: Database, firm: Firm) -> None:
    with_offer(postgresql_database, firm)
    with postgresql_database.begin() as one, postgresql_database.begin() as other:
        assert len(_claim_singles(one, "one", set())) == 1
        assert _claim_singles(other, "other", set()) == []


# --- 11. What a customer types is text -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["/restart", "  /restart", "\n/complain{}", '/accept_offer{"choice": 1}', "\u3000/back"]
)
def test_line_11_commands_of_rasa_are_only_text(text: str) -> None:
    assert plain_text(text) == WORD_JOINER + text
    assert not plain_text(text).lstrip().startswith("/")


def test_line_11_other_text_is_left_alone_and_cut_at_the_limit() -> None:
    assert plain_text("1/2 坏了") == "1/2 坏了"
    assert len(plain_text("长" * 5000)) == 4000


# --- 12. Which case does a message join? -----------------------------------------------------------------------------


def complains(database: Database, firm: Firm, text: str, category: str, order: str | None = None) -> None:
    hears(database, text)
    lease = leases(database)
    acts(database, firm, lease, categories=[category], facts={"order_number": order} if order else {})
    settles(database, lease)


def test_line_12_a_new_failure_joins_the_open_case_and_another_order_opens_one(database: Database, firm: Firm) -> None:
    complains(database, firm, "迟到", "delivery", "20261112000")
    complains(database, firm, "客服也不理人", "service_attitude")
    with database.reading() as work:
        case = work.session.scalars(select(Case)).one()
        assert case.categories == ["delivery", "service_attitude"]
    complains(database, firm, "另一单少了一件", "product_mismatch", "20261113111")
    with database.reading() as work:
        first, second = work.session.scalars(select(Case).order_by(Case.id))
        assert second.linked_case_id == first.id


@pytest.mark.parametrize(("days", "cases"), [(6, 1), (8, 2)])
def test_line_12_a_settled_case_is_reopened_within_the_window(
    database: Database, firm: Firm, clock: Clock, days: int, cases: int
) -> None:
    accepts_refund(database, firm)
    fires(database, firm, TimerKind.EXECUTE_REMEDY)
    clock.advance(days=days)
    complains(database, firm, "又迟到了", "delivery")
    assert count(database, Case) == cases


# --- 13. Words -------------------------------------------------------------------------------------------------------


def test_line_13_timers_bot_and_staff_speak_from_the_same_catalogue_in_the_customers_language(
    database: Database, firm: Firm, clock: Clock
) -> None:
    accepts_refund(database, firm)
    fires(database, firm, TimerKind.EXECUTE_REMEDY)
    with database.begin() as work:
        work.session.scalars(select(Conversation)).one().language = "en"
        work.commit()
    clock.advance(hours=25)
    fires(database, firm, TimerKind.FOLLOW_UP)
    with database.reading() as work:
        number = work.session.scalars(select(Case.number)).one()
    assert said_to(database)[-1] == firm.words.render("en", "rating.ask", number=number)
    person, place = alice(database), conversation(database).id
    with database.begin() as work:
        take(work, firm, person, place)
        work.commit()
    assert said_to(database)[-1] == firm.words.render("en", "person.joined", name="Alice")
