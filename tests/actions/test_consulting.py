"""Departments that are asked: who may answer, on which clock, who is told, and that the customer hears nothing."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update

from actions.staff import consulting
from actions.staff.access import DeedRefused
from actions.staff.talking import take
from actions.timers import TimerKind
from store.tables import Case, Consultation, Notification, Staff, Timer
from tests.actions.dialogue import Customer, Shop
from tests.desk.turning import at_once


def refused(shop: Shop, deed: Callable[..., Any], *args: Any) -> str:
    with pytest.raises(DeedRefused) as refusal:
        shop.does(deed, *args)
    return refusal.value.code


def hires(shop: Shop, login: str, role: str, *departments: str) -> Staff:
    person = shop.hires(login, role)
    with shop.database.begin() as work:
        found = work.session.get_one(Staff, person.id)
        found.departments = list(departments)
        work.commit()
        return found


def question(shop: Shop) -> Consultation:
    return shop.all(Consultation)[-1]


def told(shop: Shop, kind: str) -> set[int]:
    return {row.staff_id for row in shop.all(Notification) if row.kind == kind}


@pytest.fixture
def lin(shop: Shop) -> Staff:
    return hires(shop, "lin", "agent", "logistics")


@pytest.fixture
def max_(shop: Shop) -> Staff:
    """Supervises logistics."""
    return hires(shop, "max", "supervisor", "logistics")


@pytest.fixture
def asked(shop: Shop, wang: Customer, alice: Staff, lin: Staff) -> Customer:
    """Alice has Wang's conversation and asked logistics."""
    wang.complains("delivery")
    shop.does(take, shop.firm, alice, wang.conversation.id)
    shop.does(consulting.ask, shop.firm, alice, wang.case.id, "logistics", "  Where is it? ")
    return wang


def test_the_department_is_told_and_answers_while_the_case_stays_where_it_is(
    shop: Shop, asked: Customer, alice: Staff, lin: Staff
) -> None:
    heard = list(asked.was_told)
    assert told(shop, "consulted") == {lin.id}
    shop.does(consulting.answer, shop.firm, lin, question(shop).id, "In Hangzhou, tomorrow.")
    found = question(shop)
    assert (found.state, found.answer, found.answered_by_id) == ("answered", "In Hangzhou, tomorrow.", lin.id)
    assert told(shop, "consultation_answered") == {alice.id}
    assert (asked.case.owner_id, asked.conversation.taken_by_id) == (alice.id, alice.id)
    assert asked.was_told == heard, "nothing of it reaches the customer"


def test_only_the_departments_staff_and_superiors_answer(
    shop: Shop, asked: Customer, alice: Staff, bob: Staff, carol: Staff
) -> None:
    found = question(shop).id
    assert refused(shop, consulting.answer, shop.firm, alice, found, "me") == "not_your_department"
    assert refused(shop, consulting.answer, shop.firm, carol, found, "me") == "not_your_department"
    shop.does(consulting.answer, shop.firm, bob, found, "I know.")
    assert question(shop).answered_by_id == bob.id


def test_of_two_who_answer_at_once_one_is_told_that_it_is_over(shop: Shop, asked: Customer, lin: Staff) -> None:
    found, lost = question(shop).id, []

    def answers(n: int) -> None:
        try:
            shop.does(consulting.answer, shop.firm, lin, found, f"answer {n}")
        except DeedRefused as refusal:
            lost.append(refusal.code)

    at_once(3, answers)
    assert lost == ["consultation_over"] * 2


def test_asking_twice_in_a_row_is_asking_once_and_several_may_be_asked(
    shop: Shop, asked: Customer, alice: Staff
) -> None:
    case = asked.case.id
    shop.does(consulting.ask, shop.firm, alice, case, "logistics", "Where is it?")
    assert len(shop.all(Consultation)) == 1
    shop.does(consulting.ask, shop.firm, alice, case, "sales", "Can we send another?")
    shop.does(consulting.ask, shop.firm, alice, case, "logistics", "And what broke it?")
    assert [row.department for row in shop.all(Consultation)] == ["logistics", "sales", "logistics"]


@pytest.mark.parametrize(
    ("department", "text", "code"),
    [
        ("logistics", " \n", "question_empty"),
        ("logistics", "x" * 2001, "question_too_long"),
        ("teleporting", "?", "unknown_department"),
    ],
)
def test_a_question_needs_words_and_a_department(
    shop: Shop, wang: Customer, alice: Staff, department: str, text: str, code: str
) -> None:
    wang.complains("delivery")
    assert refused(shop, consulting.ask, shop.firm, alice, wang.case.id, department, text) == code


def test_a_department_without_people_has_superiors_told(
    shop: Shop, wang: Customer, alice: Staff, bob: Staff, dora: Staff
) -> None:
    wang.complains("delivery")
    shop.does(consulting.ask, shop.firm, alice, wang.case.id, "engineering", "Is the app down?")
    assert told(shop, "consulted") == {bob.id, dora.id}


def test_handed_on_the_new_department_has_its_own_time(shop: Shop, asked: Customer, lin: Staff) -> None:
    ina = hires(shop, "ina", "agent", "after_sales")
    before = question(shop)
    shop.clock.advance(days=1)
    assert refused(shop, consulting.hand_on, shop.firm, lin, before.id, "logistics", "") == "same_department"
    shop.does(consulting.hand_on, shop.firm, lin, before.id, "after_sales", "it was opened")
    found = question(shop)
    assert (found.department, found.state, found.since) == ("after_sales", "open", shop.clock.now)
    assert found.due_at > before.due_at and found.asked_at == before.asked_at
    assert [(step["from"], step["to"], step["by"], step["reason"]) for step in found.trail] == [
        ("logistics", "after_sales", "lin", "it was opened")
    ]
    assert ina.id in told(shop, "consulted")
    assert refused(shop, consulting.answer, shop.firm, lin, found.id, "still me?") == "not_your_department"


def test_sent_back_it_says_why(shop: Shop, asked: Customer, alice: Staff, lin: Staff) -> None:
    found = question(shop).id
    assert refused(shop, consulting.send_back, shop.firm, lin, found, " ") == "consultation_reason_missing"
    shop.does(consulting.send_back, shop.firm, lin, found, "Which parcel?")
    assert (question(shop).state, question(shop).answer) == ("returned", "Which parcel?")
    assert told(shop, "consultation_answered") == {alice.id}


def test_who_asked_or_has_the_conversation_now_withdraws_it(
    shop: Shop, asked: Customer, alice: Staff, bob: Staff, lin: Staff
) -> None:
    found = question(shop).id
    assert refused(shop, consulting.withdraw, lin, found) == "not_your_question"
    shop.does(take, shop.firm, bob, asked.conversation.id)
    shop.does(consulting.withdraw, bob, found)
    assert question(shop).state == "withdrawn"
    assert refused(shop, consulting.answer, shop.firm, lin, found, "late") == "consultation_over"
    assert refused(shop, consulting.withdraw, alice, found) == "consultation_over"


# --- its clock --------------------------------------------------------------------------------------------------------


def test_it_is_due_by_the_departments_limit_for_the_severity(shop: Shop, asked: Customer) -> None:
    limit = shop.firm.service_levels.consultation[asked.case.severity]  # type: ignore[index]
    assert question(shop).due_at == shop.firm.due_for("logistics", question(shop).asked_at, limit)


def test_the_department_is_warned_and_asker_and_superiors_are_told_once_it_is_late(
    shop: Shop, asked: Customer, alice: Staff, bob: Staff, lin: Staff, max_: Staff
) -> None:
    due = question(shop).due_at
    warns = next(t.due_at for t in shop.all(Timer) if t.kind == TimerKind.CONSULTATION and t.key.endswith(":warn"))
    assert warns < due
    shop.clock.now = warns
    shop.fires_due()
    mine = {row.staff_id for row in shop.all(Notification) if row.kind == "due_soon" and "consultation" in row.details}
    assert mine == {lin.id, max_.id} and question(shop).warned_at == warns
    shop.clock.now = due
    shop.fires_due()
    late = [row.staff_id for row in shop.all(Notification) if row.kind == "overdue" and "consultation" in row.details]
    assert sorted(late) == sorted([alice.id, max_.id]), "the department's own superior, not another's"
    assert question(shop).missed_at == due and question(shop).state == "open"


def test_answered_in_time_nobody_is_warned(shop: Shop, asked: Customer, lin: Staff) -> None:
    shop.does(consulting.answer, shop.firm, lin, question(shop).id, "Here.")
    shop.waits(days=3)
    about_it = [row.kind for row in shop.all(Notification) if "consultation" in row.details]
    assert about_it == ["consulted", "consultation_answered"]


def test_handed_on_the_old_clock_is_silent(shop: Shop, asked: Customer, lin: Staff) -> None:
    before = question(shop)
    shop.clock.now = before.due_at.replace(second=max(before.due_at.second - 1, 0))
    shop.does(consulting.hand_on, shop.firm, lin, before.id, "after_sales", "")
    shop.clock.now = before.due_at
    shop.fires_due()
    assert question(shop).missed_at is None


def test_nobody_is_warned_of_what_a_merged_case_asked_once_the_other_is_settled(
    shop: Shop, asked: Customer, alice: Staff
) -> None:
    first = question(shop)
    with shop.database.begin() as work:
        case = work.session.get_one(Case, first.case_id)
        kept = Case(
            customer_id=case.customer_id, conversation_id=case.conversation_id, language="zh", channel="rest",
            tier="regular", categories=["delivery"], failure_type="x", dimension="process", severity="low", emotion=0,
            risks=[], department="customer_service", opened_at=work.now, first_response_due=work.now,
            resolution_due=work.now, state="resolved",
        )  # fmt: skip
        work.session.add(kept)
        work.session.flush()
        work.session.execute(update(Case).where(Case.id == case.id).values(state="merged", merged_into_id=kept.id))
        work.commit()
    shop.clock.now = first.due_at
    shop.does(consulting.look_at_clock, shop.firm, first.id)
    assert told(shop, "overdue") == set() and question(shop).missed_at is None
