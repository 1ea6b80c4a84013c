"""Who gets a conversation: line, tree and ring, skill, language and load."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery.routing import UNASSIGNED, Colleague, Routed, RoutingReason, Wanted, Way, route
from recovery.severity import Severity

NOON = datetime(2026, 11, 18, 4, 0, tzinfo=UTC)
LATE_PARCEL = Wanted(department="logistics", front_door="service", categories=("delivery", "service_attitude"))


def somebody(id: int, department: str = "logistics", **more: object) -> Colleague:
    return Colleague(id=id, departments=frozenset({department}), **more)  # type: ignore[arg-type]


def skilled(*keys: str) -> frozenset[str]:
    return frozenset(keys)


# --- tree ------------------------------------------------------------------------------------------------------------


def test_the_department_comes_before_everything() -> None:
    elsewhere = somebody(1, "sales", skills=skilled("delivery"))
    assert route(LATE_PARCEL, [elsewhere, somebody(2, load=9)]) == Routed(2, RoutingReason.LEAST_LOADED)


def test_skill_in_what_leads_comes_before_load() -> None:
    staff = [
        somebody(1, load=0),
        somebody(2, load=3, skills=skilled("service_attitude")),
        somebody(3, load=5, skills=skilled("delivery")),
    ]
    assert route(LATE_PARCEL, staff) == Routed(3, RoutingReason.SKILLED)
    assert route(LATE_PARCEL, staff[:2]) == Routed(2, RoutingReason.SKILLED)


def test_who_takes_whatever_comes_stands_before_who_is_skilled_in_other_things() -> None:
    staff = [somebody(1, skills=skilled("billing_price")), somebody(2, load=4)]
    assert route(LATE_PARCEL, staff) == Routed(2, RoutingReason.LEAST_LOADED)
    assert route(LATE_PARCEL, staff[:1]) == Routed(1, RoutingReason.LEAST_LOADED)


def test_language_is_a_must() -> None:
    english = replace(LATE_PARCEL, language="en")
    staff = [somebody(1, languages=frozenset({"zh"})), somebody(2, load=8, languages=frozenset({"zh", "en"}))]
    assert route(english, staff).staff_id == 2
    assert route(english, staff[:1]) == Routed(None, RoutingReason.LANGUAGE)


def test_the_least_share_of_capacity_counts_not_the_number() -> None:
    part_time, full_time = somebody(1, load=2, capacity=3), somebody(2, load=4, capacity=12)
    assert route(LATE_PARCEL, [part_time, full_time]).staff_id == 2


def test_equals_take_turns() -> None:
    first, second = somebody(1, last_given_at=NOON), somebody(2, last_given_at=NOON - timedelta(hours=1))
    assert route(LATE_PARCEL, [first, second]).staff_id == 2
    assert route(LATE_PARCEL, [first, replace(second, last_given_at=None)]).staff_id == 2


def test_nobody_gets_more_than_their_capacity() -> None:
    assert route(LATE_PARCEL, [somebody(1, load=10)]) == Routed(None, RoutingReason.BUSY)
    assert route(LATE_PARCEL, [somebody(1, capacity=0)]) == Routed(None, RoutingReason.BUSY)


def test_danger_does_not_wait_for_room() -> None:
    danger = replace(LATE_PARCEL, severity=Severity.CRITICAL)
    assert route(danger, [somebody(1, load=12), somebody(2, load=11)]) == Routed(2, RoutingReason.URGENT)
    # With a capacity of nothing somebody is given nothing, whatever happens.
    assert route(danger, [somebody(1, capacity=0)]).staff_id is None


def test_the_front_door_keeps_what_nobody_of_the_department_is_there_for() -> None:
    door, away = somebody(1, "service"), somebody(2, on_duty=False)
    assert route(LATE_PARCEL, [door, away]) == Routed(1, RoutingReason.FRONT_DOOR)
    # But what the department is too busy for stays in its line.
    assert route(LATE_PARCEL, [door, somebody(2, load=10)]) == Routed(None, RoutingReason.BUSY)


def test_the_front_door_helps_out_with_a_language() -> None:
    english = replace(LATE_PARCEL, language="en")
    door, mute = somebody(1, "service"), somebody(2, languages=frozenset({"zh"}))
    assert route(english, [door, mute]) == Routed(1, RoutingReason.FRONT_DOOR)
    # Somebody there speaks it: only room is wanting, and nothing else is said.
    assert route(english, [replace(door, load=10), mute]) == Routed(None, RoutingReason.BUSY)
    assert route(english, [replace(door, languages=frozenset({"zh"})), mute]) == Routed(None, RoutingReason.LANGUAGE)


def test_who_is_off_duty_gets_nothing() -> None:
    assert route(LATE_PARCEL, [somebody(1, on_duty=False)]) == Routed(None, RoutingReason.NOBODY)
    assert route(LATE_PARCEL, []) == Routed(None, RoutingReason.NOBODY)


def test_who_had_it_does_not_get_it_again_and_is_there_all_the_same() -> None:
    again = replace(LATE_PARCEL, passed_over=frozenset({1}))
    assert route(again, [somebody(1), somebody(2, load=5)]).staff_id == 2
    assert route(again, [somebody(1)]) == Routed(None, RoutingReason.BUSY)


# --- line ------------------------------------------------------------------------------------------------------------


NAMED = replace(LATE_PARCEL, way=Way.LINE, named_id=7)


def test_the_named_person_gets_it_whatever_the_department_and_the_load() -> None:
    assert route(NAMED, [somebody(1), somebody(7, "sales", load=30)]) == Routed(7, RoutingReason.NAMED)


def test_while_they_are_away_a_colleague_of_theirs_deputises() -> None:
    away = somebody(7, "sales", on_duty=False)
    assert route(NAMED, [away, somebody(1), somebody(2, "sales")]) == Routed(2, RoutingReason.DEPUTY)


@pytest.mark.parametrize("named_id", [None, 99, 7])
def test_without_a_named_person_or_deputy_it_goes_by_the_tree(named_id: int | None) -> None:
    staff = [somebody(1), somebody(7, "sales", on_duty=False)]
    assert route(replace(NAMED, named_id=named_id), staff) == Routed(1, RoutingReason.LEAST_LOADED)


def test_under_the_tree_a_named_person_means_nothing() -> None:
    assert route(replace(NAMED, way=Way.TREE), [somebody(1), somebody(7, "sales")]).staff_id == 1


# --- ring ------------------------------------------------------------------------------------------------------------


RING = replace(LATE_PARCEL, way=Way.RING)


def test_the_team_gets_it_whatever_the_department() -> None:
    staff = [somebody(1), somebody(2, "sales", in_team=True, load=5), somebody(3, "sales", in_team=True, load=2)]
    assert route(RING, staff) == Routed(3, RoutingReason.TEAM)


def test_where_the_team_is_away_or_busy_it_goes_by_the_tree() -> None:
    away, busy = somebody(2, "sales", in_team=True, on_duty=False), somebody(3, "sales", in_team=True, load=10)
    assert route(RING, [somebody(1), away, busy]) == Routed(1, RoutingReason.LEAST_LOADED)


# --- whatever the situation ------------------------------------------------------------------------------------------


colleagues = st.builds(
    Colleague,
    id=st.integers(1, 6),
    departments=st.frozensets(st.sampled_from(["logistics", "service", "sales"]), min_size=1),
    skills=st.frozensets(st.sampled_from(["delivery", "billing_price"])),
    languages=st.frozensets(st.sampled_from(["zh", "en"])),
    capacity=st.integers(0, 4),
    load=st.integers(0, 5),
    on_duty=st.booleans(),
    in_team=st.booleans(),
)
situations = st.builds(
    Wanted,
    department=st.sampled_from(["logistics", "service"]),
    front_door=st.just("service"),
    categories=st.sampled_from([(), ("delivery",)]),
    severity=st.sampled_from(list(Severity)),
    language=st.sampled_from(["zh", "en"]),
    way=st.sampled_from(list(Way)),
    named_id=st.none() | st.integers(1, 6),
    passed_over=st.frozensets(st.integers(1, 6), max_size=2),
)


@given(situations, st.lists(colleagues, max_size=6, unique_by=lambda one: one.id), st.randoms())
def test_whoever_gets_it_is_there_and_the_order_of_the_staff_decides_nothing(
    wanted: Wanted, staff: list[Colleague], random: object
) -> None:
    routed = route(wanted, staff)
    assert (routed.staff_id is None) == (routed.reason in UNASSIGNED)
    shuffled = list(staff)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert route(wanted, shuffled) == routed
    for one in staff:
        if one.id == routed.staff_id:
            assert one.on_duty and one.id not in wanted.passed_over
            assert routed.reason is RoutingReason.NAMED or not one.languages or wanted.language in one.languages
