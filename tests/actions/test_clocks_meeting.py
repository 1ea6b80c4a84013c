"""What goes wrong with clocks where several things meet: slips taken back, cases merged, promises broken, silence."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from actions.cases import assess, move
from actions.conversations import lock_conversation
from actions.firm import Firm
from actions.staff.judging import correct
from actions.staff.judging import undo as undo_correction
from actions.staff.linking import merge, undo_merge
from actions.staff.talking import answer, close, give_back, take
from actions.staff.transferring import to_department
from actions.staff.waiting import wait_for_customer
from actions.understanding import Understanding
from recovery.case_states import Transition
from recovery.working_time import WeeklyHours, read_shifts
from store.database import Database
from store.tables import Case, CaseClock, Conversation, Identity, Promise, Staff
from tests.actions.case_clocks import told
from tests.actions.dialogue import Customer, Shop
from tests.conftest import Clock


def active(shop: Shop, case: Case) -> dict[str, CaseClock]:
    return {clock.kind: clock for clock in shop.all(CaseClock) if clock.case_id == case.id and clock.state != "stopped"}


# --- a slip taken back -----------------------------------------------------------------------------------------------


def test_an_answer_given_since_a_slip_is_not_owed_again(shop: Shop, queued: Customer, alice: Staff) -> None:
    shop.does(take, shop.firm, alice, queued.conversation.id)
    shop.does(correct, shop.firm, alice, queued.case.id, ["delivery"], 2, [])
    shop.clock.advance(minutes=2)
    shop.does(answer, shop.firm, alice, queued.conversation.id, "我来处理。")
    due = active(shop, queued.case)["next_update"].due_at
    shop.clock.advance(minutes=1)
    shop.does(undo_correction, shop.firm, alice, queued.case.id)
    assert set(active(shop, queued.case)) == {"next_update", "resolution"}
    assert queued.case.next_update_due == due


def test_a_slip_taken_back_wins_no_time_while_the_customer_is_waited_for(
    shop: Shop, held: Customer, alice: Staff
) -> None:
    shop.does(wait_for_customer, shop.firm, alice, held.conversation.id)
    before = {kind: (c.due_at, c.paused_at, c.state) for kind, c in active(shop, held.case).items()}
    shop.clock.advance(hours=30)
    shop.does(correct, shop.firm, alice, held.case.id, ["product_quality"], 1, [])
    shop.clock.advance(minutes=1)
    shop.does(undo_correction, shop.firm, alice, held.case.id)
    assert {kind: (c.due_at, c.paused_at, c.state) for kind, c in active(shop, held.case).items()} == before


def test_a_clock_that_was_missed_is_not_missed_again_by_taking_a_slip_back(
    shop: Shop, held: Customer, alice: Staff, bob: Staff
) -> None:
    shop.waits(hours=9)
    assert told(shop, "overdue") == ["alice", "bob"]
    shop.does(correct, shop.firm, alice, held.case.id, ["product_quality"], 1, [])
    shop.does(undo_correction, shop.firm, alice, held.case.id)
    shop.waits(minutes=1)
    assert told(shop, "overdue") == ["alice", "bob"]


# --- two cases of one customer ---------------------------------------------------------------------------------------


def _same_person(shop: Shop, one: Customer, other: Customer) -> None:
    with shop.database.begin() as work:
        mine = work.session.get_one(Identity, one.conversation.identity_id).customer_id
        work.session.get_one(Identity, other.conversation.identity_id).customer_id = mine
        work.session.get_one(Case, other.case.id).customer_id = mine
        work.commit()


def test_a_case_that_waits_for_a_person_does_so_in_the_one_it_went_into(
    shop: Shop, queued: Customer, mary: Customer, alice: Staff, bob: Staff
) -> None:
    mary.complains("delivery")
    _same_person(shop, mary, queued)
    due = queued.case.first_response_due
    shop.does(merge, shop.firm, alice, queued.case.id, mary.case.number)
    assert active(shop, mary.case)["first_response"].due_at == mary.case.first_response_due == due
    shop.waits(hours=5)
    assert "bob" in told(shop, "overdue") and "first_response_missed" in mary.reasons


def test_parted_again_each_has_its_own_clocks(shop: Shop, queued: Customer, mary: Customer, alice: Staff) -> None:
    mary.complains("delivery")
    _same_person(shop, mary, queued)
    before = {kind: clock.due_at for kind, clock in active(shop, queued.case).items()}
    shop.does(merge, shop.firm, alice, queued.case.id, mary.case.number)
    shop.clock.advance(hours=1)
    shop.does(undo_merge, shop.firm, alice, queued.case.id)
    assert set(active(shop, mary.case)) == {"resolution"}
    assert {kind: clock.due_at for kind, clock in active(shop, queued.case).items()} == before


def test_a_word_counts_for_every_complaint_of_the_conversation(shop: Shop, held: Customer, alice: Staff) -> None:
    first = held.case
    with shop.database.begin() as work:
        lock_conversation(work, held.conversation.id)
        again = Case(**{c.key: getattr(first, c.key) for c in Case.__mapper__.column_attrs if c.key in _COPIED})
        work.session.add(again)
        work.session.flush()
        work.session.get_one(Conversation, held.conversation.id).focus_case_id = again.id
        work.commit()
    shop.clock.advance(hours=1)
    shop.does(answer, shop.firm, alice, held.conversation.id, "两件事都在查。")
    dues = {case.next_update_due for case in held.cases}
    assert len(held.cases) == 2 and dues == {shop.clock.now + timedelta(hours=8)}


_COPIED = {
    "customer_id",
    "conversation_id",
    "language",
    "channel",
    "tier",
    "categories",
    "failure_type",
    "dimension",
    "severity",
    "emotion",
    "risks",
    "department",
    "service_step",
    "state",
    "opened_at",
    "first_response_due",
    "resolution_due",
}


# --- promises --------------------------------------------------------------------------------------------------------


def test_where_no_clock_tells_of_a_broken_promise_superiors_are_told(shop: Shop, queued: Customer, bob: Staff) -> None:
    with shop.database.begin() as work:
        # Paid meanwhile; the customer still waits for the person.
        move(work, work.session.get_one(Case, queued.case.id), Transition.RESOLVE, "timer")
        work.commit()
    shop.waits(hours=5)
    assert told(shop, "overdue") == ["bob"]


@pytest.mark.parametrize("deed", ["close", "give_back"])
def test_nobody_is_promised_a_person_any_more_once_one_was_there(
    shop: Shop, queued: Customer, alice: Staff, deed: str
) -> None:
    shop.does(take, shop.firm, alice, queued.conversation.id)
    if deed == "close":
        shop.does(close, shop.firm, alice, queued.conversation.id, valid=True, service_step="")
    else:
        shop.does(give_back, shop.firm, alice, queued.conversation.id)
    shop.waits(hours=5)
    assert [made.state for made in shop.all(Promise)] == ["released"]
    assert queued.control == "bot"


# --- waiting, silence ------------------------------------------------------------------------------------------------


def test_who_answers_at_once_may_wait_again_at_once(shop: Shop, held: Customer, alice: Staff) -> None:
    shop.does(wait_for_customer, shop.firm, alice, held.conversation.id)
    held.types("1234")
    # The timer that has the clocks run again is still to come.
    shop.does(answer, shop.firm, alice, held.conversation.id, "还要地址。")
    shop.does(wait_for_customer, shop.firm, alice, held.conversation.id)
    shop.fires_due()
    assert {clock.state for clock in active(shop, held.case).values()} == {"paused"}


def test_what_was_said_before_the_case_was_settled_needs_no_answer(shop: Shop, held: Customer, alice: Staff) -> None:
    """Chatwoot 10178."""
    held.types("谢谢")
    shop.clock.advance(minutes=1)
    with shop.database.begin() as work:
        move(work, work.session.get_one(Case, held.case.id), Transition.RESOLVE, "timer")
        work.commit()
    shop.waits(hours=5)
    assert held.control == "staff" and told(shop, "taken_back") == []
    held.types("还是没有收到")
    shop.waits(hours=3)
    assert held.control == "queued"


def test_a_call_that_was_not_made_is_no_sign_of_life(shop: Shop, held: Customer, alice: Staff) -> None:
    held.types("在吗?")
    with shop.database.begin() as work:
        conversation_id = held.conversation.id
        work.session.add(
            Promise(
                conversation_id=conversation_id,
                kind="call_back",
                text="回电",
                due_at=work.now,
                made_at=work.now,
                state="broken",
                settled_at=work.now + timedelta(hours=1),
            )
        )
        work.commit()
    shop.waits(hours=2, minutes=1)
    assert held.control == "queued"


def test_what_was_taken_back_goes_to_the_next_one_who_is_there(shop: Shop, held: Customer, alice: Staff) -> None:
    lin = shop.hires("lin", "agent")
    held.types("在吗?")
    shop.fires_due()
    shop.clock.advance(hours=2)
    with shop.database.begin() as work:
        for person in work.session.query(Staff):
            person.departments, person.on_duty, person.last_active_at = ["logistics"], True, work.now
        work.commit()
    shop.fires_due()
    assert (held.control, held.conversation.assigned_to_id) == ("queued", lin.id)
    assert told(shop, "assigned") == ["lin"]


def test_of_somebody_who_has_left_the_house_superiors_are_warned(
    shop: Shop, held: Customer, alice: Staff, bob: Staff
) -> None:
    with shop.database.begin() as work:
        work.session.get_one(Staff, alice.id).active = False
        work.commit()
    shop.waits(hours=6, minutes=1)
    assert told(shop, "due_soon") == ["bob"]


# --- departments -----------------------------------------------------------------------------------------------------


def test_passed_to_a_department_that_is_closed_the_answer_is_due_once_somebody_is_there(
    sqlite_database: Database, firm: Firm, clock: Clock
) -> None:
    days = read_shifts("09:00-18:00")
    office = WeeklyHours((days, days, days, days, days, (), ()), make_up=days)
    departments = tuple(one.model_copy(update={"hours": "bureau"}) for one in firm.departments)
    shop = Shop(sqlite_database, replace(firm, hours={"bureau": office}, departments=departments), clock)
    shop.clock.now = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)  # Friday, 17:00 in Shanghai
    wang, alice = Customer(shop, "wang"), shop.hires("alice", "agent")
    wang.complains("delivery")
    wang.asks_for_a_person()
    shop.does(take, shop.firm, alice, wang.conversation.id)
    shop.clock.now = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)  # Saturday noon
    shop.does(to_department, shop.firm, alice, wang.conversation.id, "sales")
    # Four hours from Monday at nine.
    assert wang.case.first_response_due == datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
    assert wang.case.promises[-1].due_at == wang.case.first_response_due


def test_what_was_passed_on_by_hand_stays_there_when_more_is_said(shop: Shop, held: Customer, alice: Staff) -> None:
    shop.does(to_department, shop.firm, alice, held.conversation.id, "sales")
    with shop.database.begin() as work:
        case = work.session.get_one(Case, held.case.id)
        assess(work, shop.firm, case, Understanding(language="zh", text="还没到"))
        work.commit()
    assert held.case.department == "sales"
