"""Who complains of what an incident touched joins it, before or after being told."""

import pytest

from actions.incidents.choices import playbook_choices
from actions.incidents.claiming import claim
from actions.incidents.telling import Told
from actions.staff import incidents as deeds
from store.tables import Case, Staff
from tests.actions.dialogue import Customer, Shop
from tests.actions.incident_deeds import TITLES, draws_up, starts, state_of, states, works


def test_who_complains_before_being_told_joins_and_is_offered_what_the_playbook_has(both: Shop) -> None:
    shop = both
    bob = shop.hires("bob", "supervisor")
    wang = Customer(shop, "wang")
    shop.sells("A1", 20_000, to="rest:wang")
    incident = starts(shop, bob, "A1")
    answer = wang.complains("delivery", order_number="A1")
    assert TITLES["zh"] in answer
    assert (wang.case.incident_id, wang.case.origin) == (incident.id, "complaint")
    assert {offer.rule for offer in wang.choices} == {"playbook:parcels_late"}
    assert states(shop, incident) == {"A1": "joined"}
    before = len(wang.was_told)
    works(shop)
    assert len(wang.was_told) == before and state_of(shop, incident) == "done"


def test_they_need_not_even_say_which_order(shop: Shop, bob: Staff, wang: Customer) -> None:
    shop.sells("A1", 20_000, to="rest:wang")
    incident = starts(shop, bob, "A1")
    answer = wang.complains("delivery")
    assert "A1" in answer and wang.awaited == "offer"
    assert states(shop, incident) == {"A1": "joined"}


def test_who_complains_after_being_told_joins_the_case_there_is(shop: Shop, bob: Staff, wang: Customer) -> None:
    wang.greets()
    shop.sells("A1", 20_000, to="rest:wang")
    starts(shop, bob, "A1")
    works(shop)
    wang.complains("delivery")
    assert len(wang.cases) == 1 and wang.case.complained_at is not None
    assert wang.awaited == "offer"


def test_who_declines_the_playbook_is_offered_what_the_usual_rules_have(shop: Shop, bob: Staff, wang: Customer) -> None:
    wang.greets()
    shop.sells("A1", 20_000, to="rest:wang")
    starts(shop, bob, "A1")
    works(shop)
    wang.says_no()
    with shop.database.reading() as work:
        case = work.session.get_one(Case, wang.case.id)
        assert playbook_choices(work, shop.firm, case) is None
    # The second round is the usual rule's.
    assert wang.choices and {offer.rule for offer in wang.choices} == {"delivery-late-or-damaged"}


def test_somebody_elses_order_joins_nothing(shop: Shop, bob: Staff, wang: Customer) -> None:
    shop.sells("A1", 20_000, to="rest:mary", phone_last4="1234")
    incident = starts(shop, bob, "A1")
    answer = wang.complains("delivery", order_number="A1")
    assert TITLES["zh"] not in answer and wang.case.incident_id is None
    assert states(shop, incident) == {"A1": "waiting"}
    assert TITLES["zh"] in wang.gives_digits("1234")
    assert states(shop, incident) == {"A1": "joined"}


def test_another_failure_of_such_an_order_joins_and_is_offered_what_is_due_for_it(
    shop: Shop, bob: Staff, wang: Customer
) -> None:
    shop.sells("A1", 20_000, to="rest:wang")
    incident = starts(shop, bob, "A1")
    wang.complains("product_quality", order_number="A1")
    assert wang.case.incident_id == incident.id
    assert wang.choices and not any(offer.rule.startswith("playbook:") for offer in wang.choices)


def test_another_order_does_not_join(shop: Shop, bob: Staff, wang: Customer) -> None:
    shop.sells("A1", 20_000, to="rest:wang")
    shop.sells("Z9", 20_000, to="rest:wang")
    incident = starts(shop, bob, "A1")
    wang.complains("delivery", order_number="Z9")
    assert wang.case.incident_id is None and states(shop, incident) == {"A1": "waiting"}


@pytest.mark.parametrize(("days", "joins"), [(13, True), (15, False)])
def test_complaints_join_for_a_while_after_the_end(
    shop: Shop, bob: Staff, wang: Customer, days: int, joins: bool
) -> None:
    shop.sells("A1", 20_000, to="rest:other")
    shop.sells("A2", 20_000, to="web:gone")
    shop.sells("A2b", 20_000, to="rest:wang")
    incident = starts(shop, bob, "A1 A2 A2b")
    shop.does(deeds.stop, bob, incident.public_id)
    shop.clock.advance(days=days)
    wang.complains("delivery", order_number="A2b")
    assert (wang.case.incident_id is not None) is joins


def test_a_draft_is_nobodys_business(shop: Shop, bob: Staff, wang: Customer) -> None:
    shop.sells("A1", 20_000, to="rest:wang")
    draws_up(shop, bob, "A1")
    assert TITLES["zh"] not in wang.complains("delivery", order_number="A1")
    assert wang.case.incident_id is None and shop.does(claim, shop.firm) == []


def test_who_complained_before_we_knew_hears_what_it_was_in_their_case(shop: Shop, bob: Staff, wang: Customer) -> None:
    shop.sells("A1", 20_000, to="rest:wang")
    wang.complains("delivery", order_number="A1")
    usual = wang.choices
    incident = starts(shop, bob, "A1")
    assert works(shop) == [Told.JOINED]
    assert TITLES["zh"] in wang.was_told[-1] and len(wang.cases) == 1
    assert {offer.rule for offer in wang.choices} == {"playbook:parcels_late"}
    assert all(offer.id not in {now.id for now in wang.choices} for offer in usual)
    assert states(shop, incident) == {"A1": "joined"} and wang.awaited == "offer"


def test_whose_case_a_person_has_is_told_by_that_person(shop: Shop, bob: Staff, wang: Customer) -> None:
    shop.sells("A1", 20_000, to="rest:wang")
    wang.complains("delivery", order_number="A1")
    wang.asks_for_a_person()
    before = len(wang.was_told)
    incident = starts(shop, bob, "A1")
    assert works(shop) == [Told.JOINED]
    assert len(wang.was_told) == before and wang.case.incident_id == incident.id
    assert states(shop, incident) == {"A1": "joined"}
