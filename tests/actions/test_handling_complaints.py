"""The recovery failed, too: low ratings and complaints about the handling go to superiors (double deviation, S0)."""

import pytest

from actions.routing import may_take_given
from actions.staff.access import DeedRefused
from actions.staff.presence import go_on_duty
from actions.staff.talking import answer, close, give_back, take
from actions.staff.transferring import to_colleague
from recovery.case_states import CaseState
from store.tables import Conversation, Notification, Staff
from tests.actions.dialogue import Customer, Shop

ORDER = "202611120007"
HANDLING = {"zh": "上次投诉你们处理得太敷衍了", "en": "The way you handled my complaint was a disgrace"}


def on_duty(shop: Shop, login: str, role: str, departments: list[str]) -> Staff:
    person = shop.hires(login, role)

    def begin(work):  # type: ignore[no-untyped-def]
        row = work.session.get_one(Staff, person.id)
        row.departments = departments
        go_on_duty(work, row)

    shop.does(begin)
    return person


@pytest.fixture
def handled(shop: Shop, customer: Customer, alice: Staff) -> Customer:
    """A customer whose complaint Alice settled a while ago."""
    customer.complains("delivery", order_number=ORDER)
    customer.asks_for_a_person()
    shop.does(take, shop.firm, alice, customer.conversation.id)
    shop.does(answer, shop.firm, alice, customer.conversation.id, "It is at your door.")
    shop.does(close, shop.firm, alice, customer.conversation.id, valid=True, service_step="delivery")
    assert customer.case.state == CaseState.RESOLVED
    return customer


def complains_of_handling(person: Customer, *categories: str, words: bool = True, **understood: object) -> str:
    text = HANDLING[person.language]
    found = {"about_handling": {"words": [text]}} if words else {}
    return person.complains(*categories, text=text, read=found, **understood)


# --- a complaint about the handling ----------------------------------------------------------------------------------


def test_it_opens_a_case_of_its_own_linked_to_the_first_and_names_it(shop: Shop, handled: Customer) -> None:
    told = complains_of_handling(handled, "service_attitude")
    first, second = handled.cases
    assert (second.linked_case_id, second.about_handling, first.state) == (first.id, True, CaseState.RESOLVED)
    assert handled.words("complaint.about_handling", first=first.number) in told and second.number in told
    assert second.severity in ("medium", "high", "critical")
    assert [h.reason for h in second.hand_overs] == ["about_handling"] and handled.control == "queued"
    assert shop.events("handling_complained") == [{"first_case": first.number}]
    assert {fact.key for fact in second.facts} >= {"handling"}


def test_it_comes_to_a_supervisor_of_the_department_and_to_no_agent(shop: Shop, handled: Customer) -> None:
    department = shop.firm.department_for(["service_attitude"]).key
    elsewhere = next(one.key for one in shop.firm.departments if one.key != department)
    nora = on_duty(shop, "nora", "agent", [department])
    on_duty(shop, "wei", "supervisor", [elsewhere])
    sven = on_duty(shop, "sven", "supervisor", [department])
    complains_of_handling(handled, "service_attitude")
    assert handled.conversation.for_superiors and handled.conversation.assigned_to_id == sven.id
    told = {row.staff_id for row in shop.all(Notification) if row.kind in ("assigned", "handed_over")}
    assert nora.id not in told


def test_a_department_without_supervisor_has_it_looked_at_by_another_one(shop: Shop, handled: Customer) -> None:
    department = shop.firm.department_for(["service_attitude"]).key
    elsewhere = next(one.key for one in shop.firm.departments[1:] if one.key != department)
    on_duty(shop, "nora", "agent", [department])
    wei = on_duty(shop, "wei", "supervisor", [elsewhere])
    complains_of_handling(handled, "service_attitude")
    assert handled.conversation.assigned_to_id == wei.id


def test_an_agent_cannot_take_it_and_a_supervisor_can(shop: Shop, handled: Customer, bob: Staff) -> None:
    nora = on_duty(shop, "nora", "agent", [])
    complains_of_handling(handled, "service_attitude")
    with pytest.raises(DeedRefused, match="for_superiors"):
        shop.does(take, shop.firm, nora, handled.conversation.id)
    shop.does(take, shop.firm, bob, handled.conversation.id)
    assert handled.control == "staff"
    # Bob may pass it on to whom he thinks fit.
    shop.does(to_colleague, shop.firm, bob, handled.conversation.id, "nora")
    assert not handled.conversation.for_superiors


def test_where_there_are_no_superiors_somebody_takes_it_all_the_same(shop: Shop, handled: Customer) -> None:
    nora = on_duty(shop, "nora", "agent", [])
    complains_of_handling(handled, "service_attitude")
    shop.does(take, shop.firm, nora, handled.conversation.id)
    assert handled.control == "staff"


def test_after_the_person_is_done_the_conversation_is_anybodys_again(shop: Shop, handled: Customer, bob: Staff) -> None:
    complains_of_handling(handled, "service_attitude")
    shop.does(take, shop.firm, bob, handled.conversation.id)
    shop.does(give_back, shop.firm, bob, handled.conversation.id)
    assert not handled.conversation.for_superiors


def test_the_failure_told_anew_beside_the_handling_opens_the_first_again(shop: Shop, handled: Customer) -> None:
    complains_of_handling(handled, "delivery", "service_attitude")
    assert len(handled.cases) == 1 and len(shop.events("case_reopened")) == 1
    assert shop.events("handling_complained") == [{"first_case": handled.case.number}]


def test_while_the_first_is_open_it_joins_and_counts(shop: Shop, customer: Customer) -> None:
    customer.complains("delivery")
    told = complains_of_handling(customer, "service_delay")
    failure = customer.words("failure.service_delay")
    joined = customer.words("complaint.joined_more", failure=failure, number=customer.case.number)
    assert len(customer.cases) == 1 and joined in told
    assert shop.events("handling_complained") == [{"first_case": customer.case.number}]
    assert customer.case.about_handling is False


def test_without_words_or_handling_categories_it_is_a_failure_like_any_other(shop: Shop, handled: Customer) -> None:
    handled.complains("product_quality", text="锅裂了")
    assert shop.events("handling_complained") == [] and not handled.cases[-1].about_handling


def test_categories_alone_are_enough_where_a_person_had_it(shop: Shop, handled: Customer) -> None:
    complains_of_handling(handled, "service_attitude", words=False)
    assert handled.cases[-1].about_handling and len(handled.cases) == 2


def test_where_only_the_bot_handled_it_an_attitude_is_somebody_elses(shop: Shop, customer: Customer) -> None:
    shop.sells(ORDER, total=30000, to=customer.address.public)
    customer.complains("delivery", order_number=ORDER)
    customer.chooses(1)
    complains_of_handling(customer, "service_attitude", words=False)
    assert not any(case.about_handling for case in customer.cases)


def test_words_about_a_handling_that_never_was_open_a_plain_case(shop: Shop, customer: Customer) -> None:
    complains_of_handling(customer, "service_attitude")
    assert not customer.case.about_handling and shop.events("handling_complained") == []


# --- a low rating ----------------------------------------------------------------------------------------------------


def test_a_low_rating_is_for_supervisors_of_the_department(shop: Shop, handled: Customer, alice: Staff) -> None:
    shop.waits(hours=25)
    sven = on_duty(shop, "sven", "supervisor", [handled.case.department])
    on_duty(shop, "nora", "agent", [handled.case.department])
    handled.rates(2)
    assert handled.conversation.assigned_to_id == sven.id and handled.conversation.for_superiors
    assert handled.awaited not in ("fairness_outcome", "missing")


def test_a_low_rating_waits_for_supervisors_where_none_is_there(shop: Shop, handled: Customer, bob: Staff) -> None:
    shop.waits(hours=25)
    nora = on_duty(shop, "nora", "agent", [handled.case.department])
    handled.rates(1)
    assert handled.conversation.assigned_to_id is None
    told = [row.staff_id for row in shop.all(Notification) if row.kind == "handed_over"]
    assert told[-1] == bob.id and nora.id not in told[-1:]

    def may(work, who):  # type: ignore[no-untyped-def]
        return may_take_given(shop.firm, who, work.session.get_one(Conversation, handled.conversation.id))

    assert (shop.does(may, nora), shop.does(may, bob)) == (False, True)


def test_a_low_rating_that_nobody_takes_goes_on_to_superiors_only(shop: Shop, handled: Customer) -> None:
    department = handled.case.department
    shop.waits(hours=25)
    first = on_duty(shop, "sven", "supervisor", [department])
    nora = on_duty(shop, "nora", "agent", [department])
    handled.rates(1)
    assert handled.conversation.assigned_to_id == first.id
    shop.waits(minutes=30)
    assert handled.conversation.assigned_to_id is None and handled.control == "queued"
    assert nora.id not in {row.staff_id for row in shop.all(Notification) if row.kind in ("assigned", "handed_over")}
