"""Passing a conversation on: whoever gets it gets everything, the customer is told who and when."""

from typing import Any

import pytest
from sqlalchemy import select

from actions.staff.access import DeedRefused
from actions.staff.talking import answer, take
from actions.staff.transferring import to_colleague, to_department
from store.database import Database
from store.tables import AuditEntry, CaseClock, Conversation, HandOver, Note, Notification, Promise, Staff
from tests.actions.colleagues import hires, told
from tests.actions.dialogue import Customer, Shop
from tests.conftest import Clock
from tests.desk.turning import at_once


def refused(shop: Shop, deed: Any, *args: Any) -> str:
    with pytest.raises(DeedRefused) as refusal:
        shop.does(deed, shop.firm, *args)
    return refusal.value.code


@pytest.fixture
def nora(shop: Shop) -> Staff:
    return hires(shop, "nora", departments=["logistics"])


@pytest.fixture
def sam(shop: Shop) -> Staff:
    return hires(shop, "sam", departments=["sales"])


@pytest.fixture
def taken(shop: Shop, customer: Customer, nora: Staff) -> Customer:
    """A customer with a late parcel whom Nora has."""
    customer.complains("delivery")
    customer.asks_for_a_person()
    shop.does(take, shop.firm, nora, customer.conversation.id)
    return customer


def answers(shop: Shop) -> list[Promise]:
    return [row for row in shop.all(Promise) if row.kind == "person_answers"]


def test_a_colleague_on_duty_has_it_at_once_with_everything(
    shop: Shop, taken: Customer, nora: Staff, sam: Staff
) -> None:
    conversation = taken.conversation.id
    shop.does(to_colleague, shop.firm, nora, conversation, "sam", "knows the shop in question")
    assert (taken.control, taken.conversation.taken_by_id, taken.case.owner_id) == ("staff", sam.id, sam.id)
    (note,) = shop.all(Note)
    assert (note.text, note.staff_id, note.case_id) == ("knows the shop in question", nora.id, taken.case.id)
    assert told(shop, "assigned")[-1] == sam.id
    (promise,) = answers(shop)
    # What was promised stays promised.
    due = shop.firm.local(promise.due_at)
    assert taken.was_told[-1] == taken.words("transfer.to_colleague", name="Sam", due=due)
    before, after = shop.all(HandOver)
    assert before.ended_at is not None
    assert (after.reason, after.by, after.taken_by_id) == ("transferred", "nora", sam.id)
    shop.does(answer, shop.firm, sam, conversation, "Hello")
    assert answers(shop)[0].state == "kept"
    assert refused(shop, to_colleague, nora, conversation, "nora") == "not_yours"


def test_who_was_answered_before_is_promised_the_new_persons_answer(
    shop: Shop, taken: Customer, nora: Staff, sam: Staff
) -> None:
    shop.does(answer, shop.firm, nora, taken.conversation.id, "One moment")
    shop.clock.advance(minutes=5)
    shop.does(to_colleague, shop.firm, nora, taken.conversation.id, "sam")
    first, second = answers(shop)
    assert (first.state, second.state) == ("kept", "open") and second.due_at > shop.clock.now


def test_for_a_colleague_off_duty_it_waits_under_their_name_and_goes_on_in_time(
    shop: Shop, taken: Customer, nora: Staff
) -> None:
    sam = hires(shop, "sam", on_duty=False)
    shop.does(to_colleague, shop.firm, nora, taken.conversation.id, "sam")
    conversation = taken.conversation
    assert (conversation.control, conversation.assigned_to_id, conversation.taken_by_id) == ("queued", sam.id, None)
    assert (conversation.assigned_reason, taken.case.owner_id) == ("given", sam.id)
    shop.waits(minutes=6)
    assert taken.conversation.assigned_to_id == sam.id  # passed on by a person: not lost after minutes
    due = answers(shop)[-1].due_at
    shop.waits(seconds=(due - shop.clock.now).total_seconds() - 60)
    assert taken.conversation.assigned_to_id == nora.id
    assert answers(shop)[-1].state == "open"


def test_a_department_gets_it_in_its_line_and_its_clocks_begin_anew(
    shop: Shop, taken: Customer, nora: Staff, sam: Staff
) -> None:
    shop.clock.advance(minutes=20)
    shop.does(to_department, shop.firm, nora, taken.conversation.id, "sales", "their shop, their price")
    conversation, case = taken.conversation, taken.case
    assert (conversation.control, conversation.department, conversation.assigned_to_id) == ("queued", "sales", sam.id)
    assert (case.department, case.owner_id) == ("sales", None)
    old, new = answers(shop)
    assert (old.state, new.state) == ("released", "open") and new.due_at > old.due_at
    assert case.first_response_due == new.due_at
    name = next(one for one in shop.firm.departments if one.key == "sales").name.in_language(taken.language)
    said = taken.was_told[-1]
    assert taken.words("transfer.to_department", department=name) in said and "Sam" in said
    assert [note.text for note in shop.all(Note)] == ["their shop, their price"]
    with shop.database.reading() as work:
        clocks = work.session.scalars(select(CaseClock).where(CaseClock.state == "running")).all()
        assert {clock.department for clock in clocks} == {"sales"}
    shop.does(take, shop.firm, sam, conversation.id)
    assert taken.case.owner_id == sam.id


def test_it_does_not_come_back_to_who_passed_it_on(shop: Shop, taken: Customer, nora: Staff) -> None:
    shop.does(to_department, shop.firm, nora, taken.conversation.id, "logistics")
    assert taken.conversation.assigned_to_id is None and taken.conversation.department == "logistics"


def test_a_department_where_nobody_is_is_said_honestly(shop: Shop, mary: Customer, nora: Staff) -> None:
    boss = hires(shop, "bob", "supervisor", on_duty=False)
    mary.complains("delivery")
    mary.asks_for_a_person()
    shop.does(take, shop.firm, nora, mary.conversation.id)
    shop.does(to_department, shop.firm, nora, mary.conversation.id, "sales")
    assert "Nobody is at the desk" in mary.was_told[-1] and "leave your number" in mary.was_told[-1]
    assert told(shop, "handed_over") == [boss.id]


def test_an_agent_passes_on_their_own_and_a_supervisor_any(
    shop: Shop, taken: Customer, nora: Staff, sam: Staff
) -> None:
    boss = hires(shop, "bob", "supervisor", on_duty=False)
    conversation = taken.conversation.id
    assert refused(shop, to_colleague, sam, conversation, "sam") == "not_yours"
    assert refused(shop, to_department, sam, conversation, "sales") == "not_yours"
    shop.does(to_colleague, shop.firm, boss, conversation, "sam")
    assert taken.conversation.taken_by_id == sam.id
    assert told(shop, "taken_back") == [nora.id]  # who had it is told


def test_what_was_given_can_be_passed_on_before_it_is_taken(shop: Shop, customer: Customer, nora: Staff) -> None:
    sam = hires(shop, "sam", departments=["sales"])
    customer.complains("delivery")
    customer.asks_for_a_person()
    assert customer.conversation.assigned_to_id == nora.id
    shop.does(to_colleague, shop.firm, nora, customer.conversation.id, "sam")
    assert customer.conversation.taken_by_id == sam.id
    shop.waits(minutes=10)
    assert customer.conversation.taken_by_id == sam.id


@pytest.mark.parametrize("who", ["nobody", "quinn", "gone", "nora"])
def test_there_must_be_such_a_colleague(shop: Shop, taken: Customer, nora: Staff, who: str) -> None:
    hires(shop, "quinn", "quality")
    hires(shop, "gone", active=False)
    expected = "has_it_already" if who == "nora" else "no_such_colleague"
    assert refused(shop, to_colleague, nora, taken.conversation.id, who) == expected
    assert taken.conversation.taken_by_id == nora.id and answers(shop)[0].state == "open"


def test_there_must_be_such_a_department_and_it_must_be_another(shop: Shop, customer: Customer, nora: Staff) -> None:
    customer.complains("delivery")
    customer.asks_for_a_person()
    conversation = customer.conversation.id
    assert refused(shop, to_department, nora, conversation, "weather") == "no_such_department"
    assert refused(shop, to_department, nora, conversation, "logistics") == "waits_there_already"


def test_the_bots_conversation_is_taken_before_it_is_passed_on(shop: Shop, customer: Customer) -> None:
    boss = hires(shop, "bob", "supervisor")
    customer.complains("delivery")
    assert refused(shop, to_colleague, boss, customer.conversation.id, "bob") == "not_yours"


def test_a_note_too_long_changes_nothing(shop: Shop, taken: Customer, nora: Staff, sam: Staff) -> None:
    assert refused(shop, to_colleague, nora, taken.conversation.id, "sam", "x" * 4001) == "note_too_long"
    assert taken.conversation.taken_by_id == nora.id


def test_a_transfer_without_a_case_works_too(shop: Shop, customer: Customer, nora: Staff, sam: Staff) -> None:
    customer.asks_for_a_person()
    shop.does(take, shop.firm, nora, customer.conversation.id)
    shop.does(to_department, shop.firm, nora, customer.conversation.id, "sales")
    assert customer.conversation.assigned_to_id == sam.id
    shop.does(to_colleague, shop.firm, sam, customer.conversation.id, "nora")
    assert customer.conversation.taken_by_id == nora.id and customer.cases == []


def test_each_leaves_a_trace_without_words(shop: Shop, taken: Customer, nora: Staff, sam: Staff) -> None:
    shop.does(to_colleague, shop.firm, nora, taken.conversation.id, "sam", "a word")
    trace = shop.all(AuditEntry)[-1]
    assert (trace.actor, trace.action, trace.subject) == ("nora", "transfer", taken.conversation.public_id)
    assert trace.details == {"to": "sam"}
    assert all("a word" not in str(row.details) for row in shop.all(Notification))


def test_of_a_transfer_and_a_supervisors_taking_at_once_both_leave_one_owner(
    database: Database, firm: Any, clock: Clock
) -> None:
    shop = Shop(database, firm, clock)
    people = {login: hires(shop, login) for login in ("nora", "sam")}
    boss = hires(shop, "bob", "supervisor")
    customer = Customer(shop, "wang")
    customer.complains("delivery")
    customer.asks_for_a_person()
    conversation = customer.conversation.id
    shop.does(take, firm, people["nora"], conversation)

    def deed(n: int) -> None:
        if n:
            shop.does(take, firm, boss, conversation)
            return
        try:
            shop.does(to_colleague, firm, people["nora"], conversation, "sam")
        except DeedRefused as error:
            assert error.code == "not_yours"  # the supervisor was first

    at_once(2, deed)
    with database.reading() as work:
        found = work.session.get_one(Conversation, conversation)
        open_ones = work.session.scalars(select(HandOver).where(HandOver.ended_at.is_(None))).all()
    assert (found.control, found.taken_by_id) == ("staff", boss.id)
    assert [one.taken_by_id for one in open_ones] == [boss.id]


def test_hand_overs_at_once_never_give_anybody_more_than_they_can_carry(
    database: Database, firm: Any, clock: Clock
) -> None:
    shop = Shop(database, firm, clock)
    for login in ("nora", "sam"):
        hires(shop, login, capacity=2)
    at_once(5, lambda n: Customer(shop, f"customer {n}").asks_for_a_person() if n else None)
    with database.reading() as work:
        given = list(work.session.scalars(select(Conversation.assigned_to_id)))
    assert sorted(given.count(staff_id) for staff_id in set(given)) == [2, 2]
