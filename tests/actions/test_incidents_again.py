"""Incidents a second time: who was given what a playbook offers, whom two incidents touch, a draft that was changed."""

from dataclasses import replace

import pytest

from actions.incidents.drafting import Draft
from actions.incidents.lists import read_list
from actions.incidents.preview import preview
from actions.incidents.running import keep_promises, open_promises
from actions.incidents.telling import Told
from actions.staff import incidents as deeds
from actions.staff.access import DeedRefused
from store.tables import Incident, Remedy, Staff
from tests.actions.dialogue import Customer, Shop
from tests.actions.incident_deeds import TITLES, draws_up, starts, works


def test_what_the_playbook_gives_is_given_once_a_customer_however_often_they_complain_of_it(
    shop: Shop, bob: Staff, wang: Customer
) -> None:
    wang.greets()
    for number in ("A1", "A2"):
        shop.sells(number, 20_000, to="rest:wang")
    starts(shop, bob, "A1 A2")
    works(shop)
    wang.chooses(1)
    assert [remedy.amount for remedy in shop.all(Remedy) if remedy.amount] == [2000]
    other = "A1" if wang.case.facts[0].value == "A2" else "A2"
    shop.waits(days=1)
    wang.complains("delivery", order_number=other)
    assert len(wang.cases) == 2 and wang.cases[1].incident_id is not None
    assert [offer.rule for offer in wang.choices if offer.rule.startswith("playbook:")] == []
    assert wang.choices


@pytest.mark.parametrize(
    "change",
    [
        {"titles": {"zh": "包裹都丢了", "en": "All parcels are lost"}},
        {"per_minute": 500},
        {"playbook": "system_down"},
    ],
)
def test_what_was_changed_after_it_was_shown_is_shown_again(shop: Shop, bob: Staff, change: dict[str, object]) -> None:
    shop.sells("A1", 1_000_000, to="rest:wang")
    incident = draws_up(shop, bob, "A1")
    with shop.database.reading() as work:
        shown = preview(work, shop.firm, work.session.get_one(Incident, incident.id)).digest
    draft = replace(Draft("parcels_late", TITLES, read_list("A1")), **change)  # type: ignore[arg-type]
    shop.does(deeds.redraw, shop.firm, bob, incident.public_id, draft)
    with pytest.raises(DeedRefused, match="incident_changed"):
        shop.does(deeds.start, shop.firm, bob, incident.public_id, shown)


def test_whose_late_parcel_was_made_good_still_hears_that_what_is_in_it_is_faulty(
    shop: Shop, bob: Staff, wang: Customer
) -> None:
    wang.greets()
    shop.sells("A1", 20_000, to="rest:wang")
    first = starts(shop, bob, "A1")
    works(shop)
    wang.chooses(1)
    assert wang.case.state == "resolved"
    titles = {"zh": "K1水壶的密封圈会漏水", "en": "The seal of the K1 kettle leaks"}
    draft = Draft("faulty_batch", titles, read_list("A1"))
    second = shop.does(deeds.draw_up, shop.firm, bob, draft).incident
    shop.does(deeds.start, shop.firm, bob, second.public_id, None)
    shop.clock.advance(minutes=5)
    assert works(shop) == [Told.TOLD]
    assert titles["zh"] in wang.was_told[-1]
    assert [case.incident_id for case in wang.cases] == [first.id, second.id]
    # What the first one promised stays owed by the first.
    assert [shop.does(open_promises, one) for one in shop.all(Incident)] == [1, 0]


def test_news_of_the_same_failure_are_not_told_twice_and_the_first_promise_stays_owed(
    shop: Shop, bob: Staff, wang: Customer
) -> None:
    wang.greets()
    shop.sells("A1", 20_000, to="rest:wang")
    first = starts(shop, bob, "A1")
    works(shop)
    wang.chooses(1)
    before = len(wang.was_told)
    starts(shop, bob, "A1")
    shop.clock.advance(minutes=5)
    assert works(shop) == [Told.JOINED]
    assert len(wang.was_told) == before and wang.case.incident_id == first.id
    assert [shop.does(open_promises, one) for one in shop.all(Incident)] == [1, 0]
    assert shop.does(keep_promises, shop.all(Incident)[0], "bob") == 1
