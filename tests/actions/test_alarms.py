"""Alarms: raised once for a cause, told to superiors, taken, closed with a word; and what is far more than usual."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select

from actions.alarms.raising import AlarmKind, alarms_about, raise_alarm
from actions.alarms.watching import find_unusual, raise_findings
from actions.staff import alarms as deeds
from actions.staff.access import DeedRefused
from actions.staff.judging import correct
from store.tables import Alarm, Case, Incident, Notification, NotificationEvent, Staff
from tests.actions.dialogue import Customer, Shop
from tests.conftest import Clock


def looks(shop: Shop) -> int:
    """The worker looks once; how many alarms are new."""
    with shop.database.reading() as work:
        found = find_unusual(work, shop.firm)
    return shop.does(raise_findings, found)


def complaints(shop: Shop, count: int, category: str = "delivery", **understood: object) -> list[Customer]:
    """So many customers complain now."""
    made = [Customer(shop, f"{category}-{len(shop.all(Case))}-{number}") for number in range(count)]
    for one in made:
        reading: Any = {"categories": [category], **understood}
        one.is_answered(one.types("投诉"), "action_hear_complaint", **reading)
    return made


def history(shop: Shop, counts: Sequence[int], category: str = "delivery") -> None:
    """Weeks with so many complaints each, at this hour; then it is now."""
    for count in counts:
        complaints(shop, count, category)
        shop.clock.advance(days=7)


# --- threats to go public ---------------------------------------------------------------------------------------------


def test_a_threat_to_go_public_is_told_to_superiors_at_once_and_once(both: Shop, clock: Clock) -> None:
    bob, dora, alice = both.hires("bob", "supervisor"), both.hires("dora", "manager"), both.hires("alice", "agent")
    wang = Customer(both, "wang")
    wang.complains("delivery", risk=["media", "legal"])
    (alarm,) = both.all(Alarm)
    assert (alarm.kind, alarm.category, alarm.details["risks"]) == ("media", "delivery", ["media", "legal"])
    assert alarm.details["cases"] == [wang.case.number]
    told = [one for one in both.all(Notification) if one.kind == "alarm"]
    assert [one.staff_id for one in told] == [bob.id, dora.id] and alice.id not in {one.staff_id for one in told}
    wang.complains("delivery", risk=["media"])
    assert len(both.all(Alarm)) == 1
    assert len([one for one in both.all(Notification) if one.kind == "alarm"]) == 2


def test_nothing_that_a_customer_said_is_in_an_alarm(shop: Shop, bob: Staff) -> None:
    wang = Customer(shop, "wang")
    wang.complains("delivery", text="我要曝光你们张三", risk=["media"])
    kept = str([(a.key, a.details) for a in shop.all(Alarm)] + [e.details for e in shop.all(NotificationEvent)])
    assert "张三" not in kept and "wang" not in kept


def test_who_threatens_in_another_case_joins_the_open_alarm_and_raises_another_after_it_was_closed(
    shop: Shop, bob: Staff, wang: Customer
) -> None:
    shop.sells("A1", 5_000, to="rest:wang")
    shop.sells("A2", 5_000, to="rest:wang")
    shop.sells("A3", 5_000, to="rest:wang")
    wang.complains("delivery", order_number="A1", risk=["media"])
    wang.complains("delivery", order_number="A2", risk=["media"])
    (alarm,) = shop.all(Alarm)
    assert alarm.details["cases"] == [case.number for case in wang.cases]
    shop.does(deeds.close, bob, alarm.public_id, "Called her, she took it down.")
    # The same case raises no second one, another case does.
    wang.complains("delivery", order_number="A2", risk=["media"])
    assert len(shop.all(Alarm)) == 1
    with shop.database.begin() as work:
        raised = alarms_about(work, f"media:{wang.conversation.identity.customer_id}")
        assert [one.closed_at is not None for one in raised] == [True]


def test_staff_who_note_the_risk_raise_it_too(shop: Shop, bob: Staff, wang: Customer) -> None:
    wang.complains("delivery")
    shop.does(correct, shop.firm, bob, wang.case.id, ["delivery"], 2, ["media"])
    assert [alarm.kind for alarm in shop.all(Alarm)] == ["media"]


# --- far more than usual ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("weeks", "now", "alarms"),
    [
        # The shipped rule: rarer than 1 in 20,000, at least 5, with three weeks of history (recovery.clusters; S4, S0).
        ([1, 1, 1, 1], 8, 1),
        ([1, 1, 1, 1], 5, 0),  # P(X >= 5 | 1) = 0.0037: it happens
        ([6, 6, 6, 6], 8, 0),  # that many are usual
        ([0, 1], 7, 0),  # little history: eight are needed
        ([0, 1], 9, 1),
    ],
)
def test_a_spike_is_told_where_it_is_no_chance(shop: Shop, bob: Staff, weeks: list[int], now: int, alarms: int) -> None:
    complaints(shop, 1, "other")
    shop.clock.advance(days=1)
    history(shop, weeks)
    complaints(shop, now)
    assert looks(shop) == alarms
    for alarm in shop.all(Alarm):
        assert (alarm.kind, alarm.category, alarm.details["count"]) == ("spike", "delivery", now)
        assert len(alarm.details["cases"]) == now
        assert alarm.details["past"] == weeks[::-1]


def test_the_same_spike_is_one_alarm_that_learns_what_is_new(both: Shop) -> None:
    both.hires("bob", "supervisor")
    complaints(both, 9)
    assert looks(both) == 1
    complaints(both, 3)
    assert looks(both) == 0
    (alarm,) = both.all(Alarm)
    assert alarm.details["count"] == 12 and len(alarm.details["cases"]) == 12
    assert len([one for one in both.all(Notification) if one.kind == "alarm"]) == 1


def test_two_processes_that_see_it_at_once_raise_it_once(both: Shop) -> None:
    complaints(both, 9)
    with both.database.reading() as work:
        first, second = find_unusual(work, both.firm), find_unusual(work, both.firm)
    assert both.does(raise_findings, first) + both.does(raise_findings, second) == 1


def test_after_it_was_closed_only_what_came_since_raises_another(shop: Shop, bob: Staff) -> None:
    complaints(shop, 9)
    looks(shop)
    shop.clock.advance(minutes=5)
    shop.does(deeds.close, bob, shop.all(Alarm)[0].public_id, "A van broke down.")
    shop.clock.advance(minutes=5)
    complaints(shop, 2)
    assert looks(shop) == 0
    complaints(shop, 8)
    assert looks(shop) == 1
    assert [alarm.key for alarm in shop.all(Alarm)] == ["spike:delivery:1", "spike:delivery:2"]


def test_what_a_spike_has_in_common_is_counted(shop: Shop, bob: Staff) -> None:
    complaints(shop, 6, product="净水器 X2")
    complaints(shop, 4)
    looks(shop)
    (alarm,) = shop.all(Alarm)
    assert alarm.details["shared"] == {"product": 6}
    assert "净水器" not in str((alarm.key, alarm.details)), "what customers call it stays with them"


def test_one_product_in_a_category_that_is_busy_as_usual_is_a_cluster(shop: Shop, bob: Staff) -> None:
    history(shop, [12, 13, 12, 13], "product_quality")
    complaints(shop, 4, "product_quality")
    complaints(shop, 10, "product_quality", product="Kettle  K1")
    assert looks(shop) == 1
    (alarm,) = shop.all(Alarm)
    assert (alarm.kind, alarm.details["facet"], alarm.details["count"]) == ("cluster", "product", 10)


def test_orders_of_one_day_are_a_cluster(shop: Shop, bob: Staff) -> None:
    history(shop, [12, 13, 12, 13])
    for number in range(10):
        shop.sells(f"A{number}", 5_000, to=f"rest:c{number}")
        one = Customer(shop, f"c{number}")
        one.is_answered(one.types("晚了"), "action_hear_complaint", categories=["delivery"], order_number=f"A{number}")
    assert looks(shop) == 1
    (alarm,) = shop.all(Alarm)
    assert (alarm.kind, alarm.details["facet"]) == ("cluster", "order_day")
    incident = shop.does(deeds.prepare_incident, shop.firm, bob, alarm.public_id)
    assert (incident.playbook, incident.state) == ("parcels_late", "draft")
    # Once, however often one clicks.
    assert shop.does(deeds.prepare_incident, shop.firm, bob, alarm.public_id).id == incident.id
    assert len(shop.all(Incident)) == 1


def test_cases_of_an_incident_raise_no_alarm(shop: Shop, bob: Staff) -> None:
    made = complaints(shop, 9)
    with shop.database.begin() as work:
        for case in work.session.scalars(select(Case)):
            case.incident_id = 1
        work.commit()
    assert made and looks(shop) == 0


def test_quiet_days_find_nothing(shop: Shop) -> None:
    assert looks(shop) == 0
    complaints(shop, 2)
    shop.clock.advance(days=30)
    assert looks(shop) == 0


# --- taken and closed -------------------------------------------------------------------------------------------------


def test_an_alarm_is_closed_with_a_word_and_stays_closed(shop: Shop, bob: Staff, dora: Staff) -> None:
    shop.does(raise_alarm, AlarmKind.SPIKE, "spike:delivery", "delivery", {"cases": []})
    (alarm,) = shop.all(Alarm)
    shop.does(deeds.take, bob, alarm.public_id)
    shop.does(deeds.take, dora, alarm.public_id)
    with pytest.raises(DeedRefused, match="alarm_note_missing"):
        shop.does(deeds.close, dora, alarm.public_id, "  ")
    with pytest.raises(DeedRefused, match="alarm_note_too_long"):
        shop.does(deeds.close, dora, alarm.public_id, "x" * 2001)
    shop.does(deeds.close, dora, alarm.public_id, "It was a holiday.")
    (alarm,) = shop.all(Alarm)
    assert (alarm.taken_by, alarm.note, alarm.closed_at) == ("dora", "It was a holiday.", shop.clock.now)
    for deed in (deeds.take, lambda work, who, name: deeds.close(work, who, name, "again")):
        with pytest.raises(DeedRefused, match="alarm_closed"):
            shop.does(deed, bob, alarm.public_id)


@pytest.mark.parametrize("role", ["agent", "quality", "administrator"])
def test_only_supervisors_and_managers_act_on_alarms(shop: Shop, role: str) -> None:
    shop.does(raise_alarm, AlarmKind.SPIKE, "spike:delivery", "delivery", {"cases": []})
    (alarm,), other = shop.all(Alarm), shop.hires("other", role)
    with pytest.raises(DeedRefused, match="not_your_role"):
        shop.does(deeds.take, other, alarm.public_id)
    with pytest.raises(DeedRefused, match="not_your_role"):
        shop.does(deeds.close, other, alarm.public_id, "x")


@pytest.mark.parametrize(
    ("category", "code"), [("service_attitude", "no_playbook"), ("delivery", "alarm_names_no_order")]
)
def test_an_alarm_of_which_no_incident_can_be_made_says_why(shop: Shop, bob: Staff, category: str, code: str) -> None:
    shop.does(raise_alarm, AlarmKind.SPIKE, f"spike:{category}", category, {"cases": ["AM-2222-2222"]})
    with pytest.raises(DeedRefused, match=code):
        shop.does(deeds.prepare_incident, shop.firm, bob, shop.all(Alarm)[0].public_id)
    assert not shop.all(Incident)
