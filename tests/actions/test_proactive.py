"""Cases that the firm opens itself: no complaint, until the customer complains."""

import pytest
from sqlalchemy import func, select

from actions.cases import earlier_cases, move
from actions.conversations import open_conversation
from actions.proactive import open_proactive_case
from recovery.case_states import Transition
from store.tables import Case, CaseClock, OutcomeEventRow
from tests.actions.dialogue import Customer, Shop

ORDER = "202611120007"


def foresees(shop: Shop, customer: Customer, category: str = "delivery", order: str | None = ORDER) -> Case:
    with shop.database.begin() as work:
        conversation = open_conversation(work, customer.address)
        case = open_proactive_case(work, shop.firm, conversation, "incident", category, order)
        work.commit()
        return case


def kinds(shop: Shop) -> list[str]:
    return [row.kind for row in shop.all(OutcomeEventRow)]


def test_it_is_filled_in_sensibly_and_no_clock_runs(shop: Shop, wang: Customer) -> None:
    shop.sells(ORDER, 30000, to=wang.address.public)
    case = foresees(shop, wang)
    assert (case.origin, case.state, case.categories, case.order_proved) == ("incident", "open", ["delivery"], True)
    assert case.language == shop.firm.file.language and case.emotion == 0
    assert case.first_response_due > case.opened_at and case.resolution_due > case.opened_at
    assert wang.conversation.focus_case_id == case.id
    assert shop.all(CaseClock) == []
    assert kinds(shop) == ["case_anticipated"]
    assert wang.was_told == []


def test_an_order_of_somebody_else_is_not_proved(shop: Shop, wang: Customer) -> None:
    shop.sells(ORDER, 30000, to="rest:li")
    assert foresees(shop, wang).order_proved is False


def test_it_does_not_push_aside_what_is_being_talked_about(shop: Shop, wang: Customer) -> None:
    wang.complains("product_quality")
    (talked_about,) = wang.cases
    foresees(shop, wang)
    assert wang.conversation.focus_case_id == talked_about.id


def test_it_is_no_earlier_complaint_and_no_contact(shop: Shop, wang: Customer) -> None:
    for _ in range(4):
        foresees(shop, wang, order=None)
        wang.shop.clock.advance(minutes=1)
    with shop.database.begin() as work:
        latest = work.session.scalars(select(Case).order_by(Case.id.desc())).first()
        assert latest is not None and earlier_cases(work, latest) == 0
    wang.complains("delivery")
    assert wang.control == "bot"


@pytest.mark.parametrize("order_named", [True, False])
def test_whoever_complains_joins_it_and_it_counts_from_then_on(
    shop: Shop, customer: Customer, order_named: bool
) -> None:
    shop.sells(ORDER, 30000, to=customer.address.public)
    opened = foresees(shop, customer)
    shop.clock.advance(days=2)
    answer = customer.complains("delivery", **({"order_number": ORDER} if order_named else {}))
    case = customer.case
    assert case.id == opened.id and case.number in answer and case.origin == "incident"
    assert case.complained_at is not None and case.acknowledged_at is not None
    assert case.resolution_due > shop.clock.now
    assert case.first_response_due > shop.clock.now
    assert case.language == customer.language
    assert kinds(shop).count("case_opened") == 1 and "case_acknowledged" in kinds(shop)
    with shop.database.reading() as work:
        # Running, or standing still while the customer is asked something.
        clocks = work.session.scalars(select(CaseClock).where(CaseClock.state != "stopped")).all()
        assert [clock.kind for clock in clocks] == ["resolution"]
        assert clocks[0].started_at > opened.opened_at


def test_a_second_complaint_does_not_open_it_once_more(shop: Shop, wang: Customer) -> None:
    foresees(shop, wang)
    wang.complains("delivery")
    wang.complains("service_attitude")
    assert kinds(shop).count("case_opened") == 1
    assert len(wang.cases) == 1


def test_another_order_is_another_complaint(shop: Shop, wang: Customer) -> None:
    opened = foresees(shop, wang)
    wang.complains("delivery", order_number="202611120099")
    first, second = wang.cases
    assert (first.id, first.complained_at, second.origin) == (opened.id, None, "complaint")
    assert second.linked_case_id == first.id


def test_naming_its_order_finds_it_behind_what_was_talked_about(shop: Shop, wang: Customer) -> None:
    wang.complains("product_quality", order_number="202611120099")
    opened = foresees(shop, wang)
    wang.complains("delivery", order_number=ORDER)
    assert wang.conversation.focus_case_id == opened.id
    assert len(wang.cases) == 2 and wang.cases[1].complained_at is not None


def test_a_complaint_after_it_was_settled_opens_it_again_as_a_complaint(shop: Shop, wang: Customer) -> None:
    opened = foresees(shop, wang)
    with shop.database.begin() as work:
        move(work, work.session.get_one(Case, opened.id), Transition.RESOLVE, "bot")
        work.commit()
    shop.clock.advance(days=1)
    wang.complains("delivery")
    assert wang.case.complained_at is not None and wang.case.state != "resolved"
    assert wang.control == "bot"
    with shop.database.reading() as work:
        opened_events = select(func.count()).where(OutcomeEventRow.kind == "case_opened")
        assert work.session.scalar(opened_events) == 1
