"""The turn protocol of design.md section 2, lines 5 to 7; on both databases where the database matters."""

import pytest
from sqlalchemy import select

from actions.firm import Firm
from actions.giving_up import give_up, hold
from actions.staff.talking import take
from actions.timers import TimerKind
from actions.turns import StaleTurn
from desk.workers.leases import ATTEMPTS, claim, leave_to_person
from recovery.control import Control
from store.database import Database
from store.tables import (
    Case,
    Conversation,
    HandOver,
    InboxRow,
    Offer,
    Rating,
    RefundEntry,
    Remedy,
    Turn,
)
from tests.conftest import Clock
from tests.desk.turning import (
    ORDER,
    acts,
    alice,
    conversation,
    count,
    fires,
    hears,
    leases,
    said_to,
    settles,
    with_offer,
    with_order,
)

# --- 5. Awaited answers ----------------------------------------------------------------------------------------------


def test_line_05_a_double_tapped_1_accepts_the_offer_once_and_rates_nothing(database: Database, firm: Firm) -> None:
    with_offer(database, firm)
    with database.reading() as work:
        (tap,) = (o.position for o in work.session.scalars(select(Offer)) if o.remedies[0]["kind"] == "refund")
    hears(database, str(tap), key="tap one")
    hears(database, str(tap), key="tap two")
    for _ in range(2):
        lease = leases(database)
        acts(database, firm, lease, "action_accept_offer", categories=[], facts={"choice": tap, "rating": tap})
        settles(database, lease)
    fires(database, firm, TimerKind.EXECUTE_REMEDY)
    assert (count(database, Remedy), count(database, RefundEntry), count(database, Rating)) == (1, 1, 0)


def test_line_05_a_message_written_before_the_question_does_not_answer_it(database: Database, firm: Firm) -> None:
    with_order(database)
    hears(database, f"订单{ORDER}迟到两天")
    hears(database, "1")  # written before any choice was put
    lease = leases(database)
    acts(database, firm, lease, facts={"order_number": ORDER})
    settles(database, lease)
    early = leases(database)
    assert early.awaited is None
    acts(database, firm, early, "action_accept_offer", categories=[], facts={"choice": 1})
    assert count(database, Remedy) == 0
    with database.reading() as work:
        assert set(work.session.scalars(select(Offer.state))) == {"open"}


def test_line_05_a_double_tapped_reading_opens_one_case_and_rasa_learns_only_the_options(
    database: Database, firm: Firm
) -> None:
    hears(database, "退的货上周就签收了，我的钱呢")
    lease = leases(database)
    nearest = [{"intent": intent, "confidence": 0.3} for intent in ("complain", "ask_policy")]
    acts(database, firm, lease, "action_catch_all", sure=False, readings=nearest, categories=["billing_price"])
    settles(database, lease)
    for tap in ("tap one", "tap two"):
        hears(database, "1", key=tap)
    told = []
    for _ in range(2):
        lease = leases(database)
        told.append(lease.awaited)
        acts(database, firm, lease, "action_accept_offer", categories=[], facts={"choice": 1})
        settles(database, lease)
    assert told == [{"kind": "reading", "revision": 1, "options": ["complain", "ask_policy"]}, None]
    with database.reading() as work:
        assert [case.categories for case in work.session.scalars(select(Case))] == [["billing_price"]]


# --- 6. Giving up ----------------------------------------------------------------------------------------------------


def test_line_06_after_five_attempts_a_person_takes_over_and_a_late_action_finds_the_turn_taken(
    database: Database, firm: Firm, clock: Clock
) -> None:
    hears(database, "还没到")
    outcome, attempts = "again", 0
    while outcome == "again":
        lease = leases(database)
        attempts += 1
        outcome = settles(database, lease)
        clock.advance(seconds=31)
    assert (outcome, attempts) == ("give_up", ATTEMPTS)
    with database.begin() as work:
        assert give_up(work, firm, lease.inbox_id)
        work.commit()
    assert conversation(database).control == Control.QUEUED
    assert conversation(database).fence > lease.fence
    assert not acts(database, firm, lease)
    assert (count(database, Case), count(database, HandOver), len(said_to(database))) == (0, 1, 1)
    with database.begin() as work:
        assert not give_up(work, firm, lease.inbox_id)


def test_line_06_three_minutes_after_the_first_attempt_are_enough(database: Database, clock: Clock) -> None:
    hears(database, "还没到")
    leases(database)
    clock.advance(minutes=3, seconds=1)
    assert settles(database, leases(database)) == "give_up"


def test_line_06_a_backlog_gets_one_holding_line_and_no_person(database: Database, firm: Firm, clock: Clock) -> None:
    received = hears(database, "还没到")
    clock.advance(minutes=10)
    for _ in range(2):
        with database.begin() as work:
            hold(work, firm, received.inbox_id)
            work.commit()
    assert len(said_to(database)) == 1
    assert conversation(database).control == Control.BOT
    lease = leases(database)
    assert acts(database, firm, lease) and settles(database, lease) == "done"


@pytest.mark.parametrize(("text", "language"), [("Still not here!", "en"), ("app crash 了", "zh"), ("??", "zh")])
def test_line_06_a_first_message_is_held_in_the_language_of_its_letters(
    database: Database, firm: Firm, text: str, language: str
) -> None:
    received = hears(database, text)
    with database.begin() as work:
        hold(work, firm, received.inbox_id)
        work.commit()
    assert said_to(database) == [firm.words.render(language, "holding.line")]


def test_line_06_who_was_not_read_at_all_is_handed_over_in_the_language_of_the_letters(
    database: Database, firm: Firm
) -> None:
    hears(database, "Still not here!")
    lease = leases(database)
    with database.begin() as work:
        give_up(work, firm, lease.inbox_id)
        work.commit()
    (told,) = said_to(database)
    assert told.startswith(firm.words.render("en", "hand_over.bot_silent"))


def test_line_06_what_was_answered_at_the_last_moment_is_not_given_up(database: Database, firm: Firm) -> None:
    hears(database, "还没到")
    lease = leases(database)
    assert acts(database, firm, lease)
    with database.begin() as work:
        assert not give_up(work, firm, lease.inbox_id)
        work.commit()
    assert (conversation(database).control, count(database, HandOver)) == (Control.BOT, 0)


def test_line_06_what_else_waited_is_the_persons_to_read(database: Database, firm: Firm) -> None:
    hears(database, "还没到")
    hears(database, "太慢了")
    lease = leases(database)
    with database.begin() as work:
        assert give_up(work, firm, lease.inbox_id)
        work.commit()
    with database.reading() as work:
        rows = work.session.scalars(select(InboxRow).order_by(InboxRow.number))
        assert [(row.state, row.disposition) for row in rows] == [("done", "gave_up"), ("done", "console")]


# --- 7. A person takes the conversation ------------------------------------------------------------------------------


def test_line_07_staff_taking_mid_turn_rolls_the_turn_back(database: Database, firm: Firm) -> None:
    hears(database, "还没到")
    lease = leases(database)
    person = alice(database)
    with database.begin() as work:
        take(work, firm, person, lease.conversation_id)
        work.commit()
    assert conversation(database).fence > lease.fence
    with pytest.raises(StaleTurn):
        acts(database, firm, lease)
    assert settles(database, lease) == "done"
    with database.reading() as work:
        assert work.session.scalars(select(InboxRow.disposition)).one() == "console"
    assert (count(database, Case), count(database, Turn)) == (0, 0)


def test_line_07_while_a_person_is_awaited_or_there_the_bot_is_silent(database: Database, firm: Firm) -> None:
    hears(database, "转人工")
    lease = leases(database)
    acts(database, firm, lease, "action_request_person", categories=[])
    settles(database, lease)
    told = said_to(database)
    assert len(told) == 1  # the turn that hands over still answers
    hears(database, "人呢")
    with database.begin() as work:
        assert claim(work, "worker one") is None
    assert said_to(database) == told


def test_line_07_a_message_leased_as_the_person_came_is_left_to_them(database: Database, firm: Firm) -> None:
    hears(database, "还没到")
    person = alice(database)
    with database.begin() as work:
        found = work.session.scalars(select(Conversation)).one()
        found.control = Control.STAFF
        found.taken_by_id = person.id
        work.commit()
    lease = leases(database)
    assert lease.for_person
    with database.begin() as work:
        leave_to_person(work, lease)
        work.commit()
    with database.reading() as work:
        assert work.session.scalars(select(InboxRow.disposition)).one() == "console"
