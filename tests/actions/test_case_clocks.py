"""The clocks of a case through its life: started, paused, stopped, begun anew; warned of, escalated, taken back."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from actions.due import fire
from actions.firm import Firm
from actions.giving_up import give_up
from actions.staff.access import DeedRefused
from actions.staff.judging import correct
from actions.staff.talking import answer, close, give_back, take
from actions.staff.waiting import stop_waiting, wait_for_customer
from recovery.case_states import CaseState
from recovery.service_levels import TimeLimit
from recovery.severity import Severity
from recovery.working_time import WeeklyHours, read_shifts
from store.database import Database
from store.tables import Case, CaseClock, Note, Notification, Staff, Timer
from tests.actions.dialogue import Customer, Shop
from tests.conftest import Clock

# Of a late parcel of a dissatisfied customer: low, or medium where they are angry.
FIRST_RESPONSE = {"low": timedelta(hours=4), "medium": timedelta(hours=2)}
NEXT_UPDATE = {"low": timedelta(hours=8), "medium": timedelta(hours=4)}


def clocks(shop: Shop, kind: str | None = None) -> list[CaseClock]:
    return [clock for clock in shop.all(CaseClock) if kind in (None, clock.kind)]


def running(shop: Shop) -> dict[str, CaseClock]:
    """The clocks that are not stopped, by kind; none twice."""
    found = [clock for clock in clocks(shop) if clock.state != "stopped"]
    assert len({(clock.case_id, clock.kind) for clock in found}) == len(found)
    return {clock.kind: clock for clock in found}


def told(shop: Shop, kind: str) -> list[str]:
    """Who was notified of something, by login."""
    logins = {person.id: person.login for person in shop.all(Staff)}
    return sorted(logins[row.staff_id] for row in shop.all(Notification) if row.kind == kind)


def refused(shop: Shop, deed: Callable[..., Any], *args: Any) -> str:
    with pytest.raises(DeedRefused) as refusal:
        shop.does(deed, *args)
    return refusal.value.code


@pytest.fixture
def queued(shop: Shop, wang: Customer) -> Customer:
    wang.complains("delivery")
    wang.asks_for_a_person()
    return wang


@pytest.fixture
def held(shop: Shop, queued: Customer, alice: Staff) -> Customer:
    """Alice has taken the case and answered once."""
    shop.does(take, shop.firm, alice, queued.conversation.id)
    shop.does(answer, shop.firm, alice, queued.conversation.id, "我来处理。")
    return queued


# --- a case's life ---------------------------------------------------------------------------------------------------


def test_a_new_case_has_its_resolution_before_it(shop: Shop, wang: Customer) -> None:
    wang.complains("delivery")
    (clock,) = clocks(shop)
    # Paused at once: the bot asks for the order.
    assert (clock.kind, clock.state, clock.department) == ("resolution", "paused", "logistics")
    assert clock.due_at == wang.case.resolution_due
    assert wang.case.next_update_due is None


def test_the_first_answer_is_owed_from_when_a_person_is_needed(shop: Shop, wang: Customer) -> None:
    wang.complains("delivery")
    shop.clock.advance(minutes=30)
    now = shop.clock.now
    wang.asks_for_a_person()
    clock = running(shop)["first_response"]
    assert clock.started_at == now
    assert clock.due_at == wang.case.first_response_due == now + FIRST_RESPONSE[wang.case.severity]


def test_an_answer_ends_it_and_the_next_word_is_due(shop: Shop, held: Customer, alice: Staff) -> None:
    assert set(running(shop)) == {"resolution", "next_update"}
    due = shop.clock.now + NEXT_UPDATE[held.case.severity]
    assert running(shop)["next_update"].due_at == held.case.next_update_due == due


def test_every_word_of_staff_begins_the_next_update_anew(shop: Shop, held: Customer, alice: Staff) -> None:
    shop.clock.advance(hours=1)
    shop.does(answer, shop.firm, alice, held.conversation.id, "仓库正在找。")
    assert held.case.next_update_due == shop.clock.now + NEXT_UPDATE[held.case.severity]
    assert len(clocks(shop, "next_update")) == 1


def test_taken_straight_from_the_bot_a_first_answer_is_owed(shop: Shop, wang: Customer, alice: Staff) -> None:
    wang.complains("delivery")
    shop.does(take, shop.firm, alice, wang.conversation.id)
    assert set(running(shop)) == {"resolution", "first_response"}


def test_given_back_nothing_of_a_person_runs(shop: Shop, held: Customer, alice: Staff) -> None:
    shop.does(give_back, shop.firm, alice, held.conversation.id)
    assert set(running(shop)) == {"resolution"}
    assert held.case.next_update_due is None


def test_all_stop_when_resolved_even_if_the_customer_spoke_last(shop: Shop, held: Customer, alice: Staff) -> None:
    """Chatwoot 10178."""
    held.types("谢谢")
    shop.fires_due()
    shop.does(close, shop.firm, alice, held.conversation.id, valid=True, service_step="")
    assert running(shop) == {}
    shop.waits(days=5)
    assert [clock for clock in clocks(shop) if clock.missed_at] == []
    assert told(shop, "overdue") == told(shop, "taken_back") == []


def test_a_reopened_case_starts_anew(shop: Shop, held: Customer, alice: Staff) -> None:
    shop.does(close, shop.firm, alice, held.conversation.id, valid=True, service_step="")
    shop.clock.advance(hours=30)
    now = shop.clock.now
    held.rates(1)
    assert {clock.started_at for clock in running(shop).values()} == {now}
    assert set(running(shop)) == {"resolution", "first_response"}
    assert held.case.first_response_due == running(shop)["first_response"].due_at
    assert held.case.resolution_due == running(shop)["resolution"].due_at > now


def test_a_graver_case_is_due_earlier_and_a_calmer_one_never_later(shop: Shop, queued: Customer, alice: Staff) -> None:
    before = queued.case.first_response_due
    shop.does(correct, shop.firm, alice, queued.case.id, ["delivery"], 2, [])
    assert queued.case.severity == "medium"
    due = queued.case.first_response_due
    assert due == running(shop)["first_response"].due_at == before - timedelta(hours=2)
    shop.does(correct, shop.firm, alice, queued.case.id, ["delivery"], 0, [])
    assert queued.case.severity == "low" and queued.case.first_response_due == due


def test_another_department_starts_anew(shop: Shop, held: Customer, alice: Staff) -> None:
    """Zammad 5177."""
    shop.clock.advance(hours=2)
    shop.does(correct, shop.firm, alice, held.case.id, ["product_quality"], 1, [])
    assert {clock.department for clock in running(shop).values()} == {"after_sales"}
    assert {clock.started_at for clock in running(shop).values()} == {shop.clock.now}
    assert held.case.resolution_due == running(shop)["resolution"].due_at
    assert held.case.next_update_due == running(shop)["next_update"].due_at


def test_a_case_from_before_there_were_clocks_gets_them_with_the_due_time_it_has(
    shop: Shop, queued: Customer, alice: Staff
) -> None:
    due = queued.case.resolution_due
    with shop.database.begin() as work:
        work.session.query(Timer).filter(Timer.kind.like("clock%")).delete()
        work.session.query(CaseClock).delete()
        work.commit()
    shop.does(take, shop.firm, alice, queued.conversation.id)
    assert running(shop)["resolution"].due_at == queued.case.resolution_due == due


# --- waiting for the customer ----------------------------------------------------------------------------------------


def test_while_the_customer_is_waited_for_nothing_passes(shop: Shop, held: Customer, alice: Staff) -> None:
    case = held.case
    shop.does(wait_for_customer, shop.firm, alice, held.conversation.id)
    assert {clock.state for clock in running(shop).values()} == {"paused"}
    assert held.case.next_update_due is None
    shop.waits(days=10)
    assert told(shop, "due_soon") == told(shop, "overdue") == []
    held.types("尾号是1234")
    answered_at = shop.clock.now
    shop.waits(seconds=5)
    assert {clock.state for clock in running(shop).values()} == {"running"}
    assert held.case.next_update_due == answered_at + NEXT_UPDATE[case.severity]
    # Before it there is the one of the bot's own question.
    *_, pause = running(shop)["resolution"].pauses
    assert datetime.fromisoformat(pause[1]) - datetime.fromisoformat(pause[0]) == timedelta(days=10)


def test_while_a_question_of_the_bot_waits_the_resolution_stands_still(shop: Shop, wang: Customer) -> None:
    wang.complains("delivery")
    due = wang.case.resolution_due
    assert wang.conversation.awaited is not None and running(shop)["resolution"].state == "paused"
    shop.waits(hours=5)
    shop.sells("10023", total=30000, to=wang.address.public)
    waited = shop.clock.now - wang.case.opened_at
    wang.gives_order("10023")
    # Now an offer waits for them: it stands still again, due later by what they took.
    assert wang.awaited == "offer" and running(shop)["resolution"].state == "paused"
    assert wang.case.resolution_due == due + waited
    shop.waits(days=20)
    assert told(shop, "due_soon") == told(shop, "overdue") == []


def test_what_the_customer_wrote_counts_from_when_they_wrote_it(shop: Shop, wang: Customer) -> None:
    """However long the bot takes to read it."""
    wang.complains("delivery")
    due = wang.case.resolution_due
    shop.clock.advance(hours=1)
    waited = shop.clock.now - wang.case.opened_at
    inbox = wang.types("嗯唔呃")
    shop.clock.advance(hours=2)
    wang.is_answered(inbox, "action_catch_all")
    clock = running(shop)["resolution"]
    assert clock.due_at == due + waited
    (pause,) = clock.pauses
    assert datetime.fromisoformat(pause[1]) - datetime.fromisoformat(pause[0]) == waited


def test_a_first_answer_of_a_person_never_stands_still_whatever_the_bot_asked(shop: Shop, wang: Customer) -> None:
    wang.complains("delivery")
    shop.clock.advance(hours=1)
    wang.asks_for_a_person()
    assert {clock.state for clock in running(shop).values()} == {"running"}
    assert set(running(shop)) == {"resolution", "first_response"}


def test_taken_from_the_bot_nothing_waits_for_its_question_any_more(shop: Shop, wang: Customer, alice: Staff) -> None:
    wang.complains("delivery")
    due = wang.case.resolution_due
    shop.clock.advance(hours=1)
    waited = shop.clock.now - wang.case.opened_at
    shop.does(take, shop.firm, alice, wang.conversation.id)
    assert {clock.state for clock in running(shop).values()} == {"running"}
    assert wang.case.resolution_due == due + waited


def test_given_up_the_time_since_the_message_counts(shop: Shop, wang: Customer) -> None:
    wang.complains("delivery")
    due = wang.case.resolution_due
    shop.clock.advance(hours=1)
    waited = shop.clock.now - wang.case.opened_at
    inbox = wang.types("在吗")
    shop.clock.advance(minutes=3)
    assert shop.does(give_up, shop.firm, inbox)
    assert running(shop)["resolution"].state == "running"
    assert wang.case.resolution_due == due + waited


def test_a_first_answer_never_waits(shop: Shop, queued: Customer, alice: Staff) -> None:
    shop.does(take, shop.firm, alice, queued.conversation.id)
    assert refused(shop, wait_for_customer, shop.firm, alice, queued.conversation.id) == "customer_spoke_last"


def test_who_waits_goes_on_by_themselves_too(shop: Shop, held: Customer, alice: Staff) -> None:
    due = held.case.resolution_due
    assert refused(shop, stop_waiting, shop.firm, alice, held.conversation.id) == "waits_for_nobody"
    shop.does(wait_for_customer, shop.firm, alice, held.conversation.id)
    assert refused(shop, wait_for_customer, shop.firm, alice, held.conversation.id) == "waiting_already"
    shop.clock.advance(hours=3)
    shop.does(stop_waiting, shop.firm, alice, held.conversation.id)
    # Three working days are left as they were: it waited within one.
    assert held.case.resolution_due == due + timedelta(hours=3)
    assert {clock.state for clock in running(shop).values()} == {"running"}


def test_a_word_more_while_waiting_goes_on_waiting(shop: Shop, held: Customer, alice: Staff) -> None:
    shop.does(wait_for_customer, shop.firm, alice, held.conversation.id)
    shop.clock.advance(hours=5)
    shop.does(answer, shop.firm, alice, held.conversation.id, "方便的时候告诉我尾号。")
    assert {clock.state for clock in running(shop).values()} == {"paused"}
    held.types("1234")
    shop.fires_due()
    assert held.case.next_update_due == shop.clock.now + NEXT_UPDATE[held.case.severity]


def test_settled_while_waiting_counts_as_in_time(shop: Shop, held: Customer, alice: Staff) -> None:
    shop.does(wait_for_customer, shop.firm, alice, held.conversation.id)
    shop.clock.advance(days=20)
    shop.does(close, shop.firm, alice, held.conversation.id, valid=True, service_step="")
    (event,) = shop.events("case_resolved")
    assert datetime.fromisoformat(event["due_at"]) >= shop.clock.now
    assert held.case.resolution_due >= shop.clock.now


def test_given_back_while_waiting_the_resolution_runs_again(shop: Shop, held: Customer, alice: Staff) -> None:
    shop.does(wait_for_customer, shop.firm, alice, held.conversation.id)
    shop.clock.advance(hours=1)
    shop.does(give_back, shop.firm, alice, held.conversation.id)
    shop.fires_due()
    assert {kind: clock.state for kind, clock in running(shop).items()} == {"resolution": "running"}


def test_only_who_has_it_waits_and_only_for_an_open_case(
    shop: Shop, held: Customer, alice: Staff, bob: Staff, mary: Customer
) -> None:
    assert refused(shop, wait_for_customer, shop.firm, bob, held.conversation.id) == "not_yours"
    mary.asks_for_a_person()
    shop.does(take, shop.firm, bob, mary.conversation.id)
    shop.does(answer, shop.firm, bob, mary.conversation.id, "Hello?")
    assert refused(shop, wait_for_customer, shop.firm, bob, mary.conversation.id) == "no_open_case"


# --- warned, missed --------------------------------------------------------------------------------------------------


def test_the_owner_is_warned_before_and_superiors_told_after_once_each(
    shop: Shop, held: Customer, alice: Staff, bob: Staff
) -> None:
    shop.waits(hours=5, minutes=59)
    assert told(shop, "due_soon") == []
    shop.waits(minutes=1)  # 75 % of eight hours
    assert told(shop, "due_soon") == ["alice"]
    shop.waits(hours=2)
    assert told(shop, "overdue") == ["alice", "bob"]
    assert held.reasons[-1] == "next_update_missed"
    (missed,) = [passed for passed in held.case.hand_overs if passed.reason == "next_update_missed"]
    assert (missed.by, missed.at, missed.ended_at) == ("timer", shop.clock.now, shop.clock.now)
    shop.waits(hours=6)
    assert told(shop, "overdue") == ["alice", "bob"]
    assert held.conversation.taken_by_id == alice.id


def test_after_a_miss_a_word_begins_a_new_round_and_the_missed_one_stays_on_record(
    shop: Shop, held: Customer, alice: Staff
) -> None:
    shop.waits(hours=9)
    shop.does(answer, shop.firm, alice, held.conversation.id, "抱歉让您久等。")
    first, second = clocks(shop, "next_update")
    assert (first.state, first.missed_at is not None, first.round) == ("stopped", True, 1)
    assert (second.state, second.missed_at, second.round) == ("running", None, 2)


def test_without_an_owner_the_departments_staff_on_duty_are_warned(shop: Shop, queued: Customer, bob: Staff) -> None:
    people = {login: shop.hires(login, "agent") for login in ("lin", "luo", "sun")}
    with shop.database.begin() as work:
        for login, departments in (("lin", ["logistics"]), ("luo", ["logistics"]), ("sun", ["sales"])):
            person = work.session.get_one(Staff, people[login].id)
            person.departments, person.on_duty = departments, login != "luo"
        work.commit()
    shop.waits(hours=3, minutes=30)
    assert told(shop, "due_soon") == ["lin"]
    shop.waits(hours=1)
    assert told(shop, "overdue") == ["bob"]
    assert "first_response_missed" in queued.reasons


def test_a_departments_own_supervisor_comes_before_all_others(shop: Shop, held: Customer, bob: Staff) -> None:
    own = shop.hires("lena", "supervisor")
    with shop.database.begin() as work:
        work.session.get_one(Staff, own.id).departments = ["logistics"]
        work.commit()
    shop.waits(hours=9)
    assert told(shop, "overdue") == ["alice", "lena"]


def test_where_there_is_no_supervisor_a_manager_is_told(shop: Shop, held: Customer, dora: Staff) -> None:
    shop.waits(hours=9)
    assert told(shop, "overdue") == ["alice", "dora"]


def test_a_worker_that_was_down_misses_without_warning_late(shop: Shop, held: Customer, bob: Staff) -> None:
    shop.clock.advance(hours=9)
    shop.fires_due()
    assert told(shop, "due_soon") == [] and told(shop, "overdue") == ["alice", "bob"]


def test_a_timer_claimed_before_the_clock_moved_does_nothing_and_stays(
    shop: Shop, held: Customer, alice: Staff
) -> None:
    (timer,) = [t for t in shop.all(Timer) if t.key == f"clock_missed:{running(shop)['next_update'].id}"]
    shop.clock.advance(hours=8)
    # The answer comes while the worker is on its way.
    shop.does(answer, shop.firm, alice, held.conversation.id, "还在处理。")
    fire(shop.database, shop.firm, shop.connectors, timer.id)
    (timer,) = [t for t in shop.all(Timer) if t.id == timer.id]
    assert (timer.state, timer.due_at) == ("open", held.case.next_update_due)
    assert told(shop, "overdue") == []


def test_firing_twice_tells_once(shop: Shop, held: Customer, bob: Staff) -> None:
    (timer,) = [t for t in shop.all(Timer) if t.key == f"clock_missed:{running(shop)['next_update'].id}"]
    shop.clock.advance(hours=8)
    for _ in range(2):
        fire(shop.database, shop.firm, shop.connectors, timer.id)
    assert told(shop, "overdue") == ["alice", "bob"]


# --- a silent owner (Chatwoot 13516) ---------------------------------------------------------------------------------


def test_a_silent_owner_loses_the_conversation_to_the_queue_at_its_old_place(
    shop: Shop, held: Customer, alice: Staff, bob: Staff
) -> None:
    queued_at = held.case.hand_overs[0].at
    shop.clock.advance(minutes=10)
    held.types("在吗?")
    before = held.was_told
    shop.waits(hours=1, minutes=59)
    assert held.control == "staff"
    shop.waits(minutes=1)
    conversation = held.conversation
    assert (conversation.control, conversation.taken_by_id, conversation.queued_at) == ("queued", None, queued_at)
    assert held.case.owner_id is None and held.reasons[-1] == "owner_silent"
    assert told(shop, "taken_back") == ["alice", "bob"]
    # The customer hears of the next person, not of this.
    assert held.was_told == before
    assert refused(shop, answer, shop.firm, alice, conversation.id, "等一下") == "not_yours"


def test_taken_back_twice_it_keeps_its_first_place(shop: Shop, held: Customer, alice: Staff, bob: Staff) -> None:
    queued_at = held.case.hand_overs[0].at
    held.types("在吗?")
    shop.waits(hours=2)
    shop.does(take, shop.firm, bob, held.conversation.id)
    shop.waits(hours=1, minutes=59)
    assert held.control == "staff"
    shop.waits(minutes=2)
    assert (held.control, held.conversation.queued_at) == ("queued", queued_at)


def test_who_takes_and_says_nothing_loses_it_too(shop: Shop, queued: Customer, alice: Staff) -> None:
    shop.does(take, shop.firm, alice, queued.conversation.id)
    shop.waits(hours=2)
    assert queued.control == "queued"


def test_an_answer_a_note_or_a_question_to_a_department_is_a_sign_of_life(
    shop: Shop, held: Customer, alice: Staff
) -> None:
    held.types("在吗?")
    shop.waits(hours=1)
    with shop.database.begin() as work:
        conversation_id = held.conversation.id
        work.session.add(Note(conversation_id=conversation_id, staff_id=alice.id, text="问了仓库", at=work.now))
        work.commit()
    shop.waits(hours=1, minutes=59)
    assert held.control == "staff"
    shop.does(answer, shop.firm, alice, held.conversation.id, "找到了。")
    shop.waits(hours=5)
    assert held.control == "staff"
    held.types("好的,什么时候到?")
    shop.waits(hours=2)
    assert held.control == "queued"


def test_a_note_of_somebody_else_is_none(shop: Shop, held: Customer, bob: Staff) -> None:
    held.types("在吗?")
    shop.waits(hours=1)
    with shop.database.begin() as work:
        work.session.add(Note(conversation_id=held.conversation.id, staff_id=bob.id, text="?", at=work.now))
        work.commit()
    shop.waits(hours=1)
    assert held.control == "queued"


def test_a_firm_that_takes_nothing_back_leaves_it(shop: Shop, held: Customer) -> None:
    shop.firm = replace(shop.firm, service_levels=replace(shop.firm.service_levels, take_back_after=None))
    held.types("在吗?")
    shop.waits(hours=48)
    assert held.control == "staff"


# --- a department's own hours ----------------------------------------------------------------------------------------


@pytest.fixture
def office_shop(sqlite_database: Database, firm: Firm, clock: Clock) -> Shop:
    """Logistics works in office hours, and owes a first answer within two hours of them, whatever the severity."""
    shifts = read_shifts("09:00-12:00, 13:30-18:00")
    office = WeeklyHours((shifts, shifts, shifts, shifts, shifts, (), ()), make_up=shifts)
    departments = tuple(
        one.model_copy(update={"hours": "bureau"}) if one.key == "logistics" else one for one in firm.departments
    )
    limits = dict.fromkeys(Severity, TimeLimit(working_time=timedelta(hours=2)))
    levels = replace(firm.service_levels, first_response=limits, next_update=limits)
    in_hours = replace(firm, hours=firm.hours | {"bureau": office}, departments=departments, service_levels=levels)
    return Shop(sqlite_database, in_hours, clock)


def test_a_department_keeps_its_limits_by_its_own_hours(office_shop: Shop) -> None:
    office_shop.hires("olga", "agent")
    with office_shop.database.begin() as work:
        person = work.session.query(Staff).one()
        person.departments, person.on_duty = ["logistics"], True
        work.commit()
    office_shop.clock.now = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)  # Friday, 17:00 in Shanghai
    wang = Customer(office_shop, "wang")
    wang.asks_for_a_person("delivery")
    # An hour on Friday, an hour on Monday morning: 10:00 in Shanghai.
    assert wang.case.first_response_due == datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
    office_shop.waits(hours=60)
    assert [clock.warned_at for clock in office_shop.all(CaseClock) if clock.kind == "first_response"] == [None]


def test_waiting_over_the_weekend_takes_no_working_time_away(office_shop: Shop) -> None:
    alice = office_shop.hires("alice", "agent")
    wang = Customer(office_shop, "wang")
    office_shop.clock.now = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)  # Friday, 16:30
    wang.asks_for_a_person("delivery")
    office_shop.does(take, office_shop.firm, alice, wang.conversation.id)
    office_shop.does(answer, office_shop.firm, alice, wang.conversation.id, "订单号是多少?")
    office_shop.clock.advance(minutes=30)
    office_shop.does(wait_for_customer, office_shop.firm, alice, wang.conversation.id)
    left = running(office_shop)["next_update"].remaining_seconds
    office_shop.clock.now = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)  # Sunday noon
    wang.types("202611120007")
    office_shop.fires_due()
    assert left is not None
    # What was left on Friday is left from Monday at nine.
    assert wang.case.next_update_due == datetime(2026, 11, 23, 1, 0, tzinfo=UTC) + timedelta(seconds=left)


def test_due_for_says_when_any_department_must_have_answered(office_shop: Shop) -> None:
    friday = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    two = TimeLimit(working_time=timedelta(hours=2))
    assert office_shop.firm.due_for("logistics", friday, two) == datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
    assert office_shop.firm.due_for("after_sales", friday, two) == friday + timedelta(hours=2)
    assert office_shop.firm.due_for("no_such", friday, two) == office_shop.firm.due(friday, two)


def test_the_contract_says_what_the_clocks_say(shop: Shop, held: Customer) -> None:
    case: Case = held.case
    assert case.state == CaseState.WITH_STAFF
    for clock in running(shop).values():
        assert getattr(case, f"{clock.kind}_due") == clock.due_at
