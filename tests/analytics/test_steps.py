"""What a case counts for at the steps of recovery and of the service."""

import random
from datetime import date, timedelta

import pytest

from analytics.case_history import CaseHistory
from analytics.recovery_steps import STEP_NAMES, recovery_outcomes
from analytics.service_steps import service_outcomes
from recovery.events import OutcomeEvent
from tests.analytics.imagined_cases import DELIVERY, NOON, QUALITY, SHANGHAI, ImaginedCase

case = ImaginedCase()


def history(*events: OutcomeEvent) -> CaseHistory:
    return CaseHistory(events, SHANGHAI)


def steps(*events: OutcomeEvent) -> dict[str, bool]:
    """Step → whether it failed."""
    return {outcome.step: outcome.defect for outcome in recovery_outcomes(history(*events))}


def service_step(*events: OutcomeEvent) -> str | None:
    outcomes = service_outcomes(history(*events))
    return outcomes[0].step if outcomes else None


def test_a_case_that_goes_well_passes_all_seven_steps() -> None:
    assert steps(*case.made_whole()) == dict.fromkeys(STEP_NAMES, False)


def test_a_step_not_reached_is_no_opportunity() -> None:
    assert steps(case.opened()) == {"understood_right": False}
    assert steps() == {}


@pytest.mark.parametrize(
    ("event", "step", "defect"),
    [
        (case.acknowledged(minute=1, due=1), "acknowledged_in_time", False),
        (case.acknowledged(minute=1.01, due=1), "acknowledged_in_time", True),
        (case.answered(True), "offer_accepted", False),
        (case.answered(False), "offer_accepted", True),
        (case.promise(True), "promises_kept", False),
        (case.promise(False), "promises_kept", True),
        (case.resolved(minute=120, due=120), "resolved_in_time", False),
        (case.resolved(minute=121, due=120), "resolved_in_time", True),
        (case.rated(3), "content", True),
        (case.rated(4), "content", False),
    ],
)
def test_each_step_fails_where_it_should(event: OutcomeEvent, step: str, defect: bool) -> None:
    assert steps(case.opened(), event)[step] is defect


def test_a_correction_by_staff_means_it_was_not_understood() -> None:
    assert steps(case.opened(), case.corrected())["understood_right"] is True


def test_a_later_round_of_offers_does_not_repair_the_first() -> None:
    assert steps(case.answered(False, 10, 1), case.answered(True, 20, 2))["offer_accepted"] is True
    assert steps(case.answered(True, 10, 1), case.answered(False, 20, 2))["offer_accepted"] is False


def test_one_broken_promise_is_a_defect_on_its_own_day() -> None:
    events = [case.promise(True, 0, "a"), case.promise(False, 1440, "b"), case.promise(True, 2880, "c")]
    outcome = next(o for o in recovery_outcomes(history(*events)) if o.step == "promises_kept")
    assert (outcome.defect, outcome.day) == (True, date(2026, 10, 2))


def test_the_first_resolution_counts_and_reopening_shows_that_it_did_not_hold() -> None:
    found = steps(case.resolved(30), case.reopened(60), case.resolved(500, due=120))
    assert found == {"resolved_in_time": False, "not_reopened": True}


def test_a_case_closed_without_a_resolution_has_no_time_limit_to_miss() -> None:
    assert steps(case.opened(), case.closed()) == {"understood_right": False, "not_reopened": False}


def test_the_latest_rating_is_what_the_customer_leaves_with() -> None:
    assert steps(case.rated(1, 90), case.rated(5, 95))["content"] is False
    assert steps(case.rated(5, 90), case.rated(1, 95))["content"] is True


def test_a_withdrawn_case_keeps_what_it_passed_and_is_no_defect_of_the_service() -> None:
    events = [case.opened(), case.acknowledged(minute=3, due=1), case.withdrawn()]
    assert steps(*events) == {"acknowledged_in_time": True, "understood_right": False}
    assert service_step(*events) is None
    assert service_step(*events, case.reopened(60)) == "delivery"
    assert service_step(*events, case.judged(True, minute=70)) == "delivery"


def test_a_merged_case_keeps_what_it_passed_and_is_no_second_complaint() -> None:
    events = [case.opened(), case.acknowledged(minute=3, due=1), case.merged()]
    assert steps(*events) == {"acknowledged_in_time": True, "understood_right": False}
    assert service_step(*events) is None
    # Whatever a person judged of it: the other case says whether the complaint stands.
    assert service_step(*events, case.judged(True, minute=5)) is None
    assert service_step(*events, case.unmerged()) == "delivery"
    assert service_step(*events, case.unmerged(), case.merged(minute=20)) is None


def test_a_correction_taken_back_was_a_slip_of_staff_and_no_defect() -> None:
    events = [case.opened(), case.corrected(6, step="kitchen"), case.undone(7)]
    assert steps(*events)["understood_right"] is False and service_step(*events) == "delivery"
    assert steps(*events, case.corrected(9, step="kitchen"))["understood_right"] is True
    assert steps(case.opened(), case.corrected(5), case.corrected(6), case.undone(7))["understood_right"] is True


def test_reopening_a_withdrawn_case_is_no_failed_settlement() -> None:
    events = [case.opened(), case.withdrawn(15), case.reopened(60), case.resolved(90)]
    assert steps(*events)["not_reopened"] is False


def test_an_unfounded_complaint_counts_only_for_what_everybody_is_owed() -> None:
    events = [
        case.opened(),
        case.acknowledged(),
        case.answered(False),
        case.promise(True),
        case.resolved(),
        case.reopened(),
        case.rated(1),
    ]
    found = steps(*events, case.judged(False))
    assert found == dict.fromkeys(
        ("acknowledged_in_time", "understood_right", "promises_kept", "resolved_in_time"), False
    )
    assert service_step(*events, case.judged(False)) is None


def test_the_latest_judgement_holds() -> None:
    events = [case.opened(), case.rated(1), case.judged(False, minute=5)]
    assert "content" not in steps(*events)
    assert "content" in steps(*events, case.judged(True, minute=7))
    assert service_step(*events, case.judged(True, minute=7, step="payment")) == "payment"


def test_a_complaint_stands_until_a_person_judges_otherwise() -> None:
    assert service_step(case.opened(step="delivery")) == "delivery"
    assert service_step(case.opened(step="")) == ""


def test_a_service_defect_counts_by_the_latest_look_at_the_case() -> None:
    seen = ImaginedCase(dimensions=QUALITY)
    assert service_outcomes(history(case.opened()))[0].dimensions == DELIVERY
    assert service_outcomes(history(case.opened(), seen.corrected()))[0].dimensions == QUALITY


def test_a_service_defect_follows_the_machine_and_then_the_people() -> None:
    opened, reassessed = case.opened(step=""), case.reassessed(step="payment")
    corrected, judged = case.corrected(step="preparation"), case.judged(True, minute=7, step="ordering")
    assert service_step(opened, reassessed) == "payment"
    assert service_step(opened, reassessed, corrected) == "preparation"
    assert service_step(opened, reassessed, corrected, judged) == "ordering"


def test_days_are_the_firms_own() -> None:
    eleven_at_night_utc = (23 - NOON.hour) * 60
    outcome = recovery_outcomes(history(case.opened(eleven_at_night_utc)))[0]
    assert (NOON + timedelta(minutes=eleven_at_night_utc)).date() == date(2026, 10, 1)
    assert outcome.day == date(2026, 10, 2)
    assert service_outcomes(history(case.opened(eleven_at_night_utc)))[0].day == date(2026, 10, 2)


def test_order_and_repetition_of_the_events_do_not_matter() -> None:
    events = [
        *case.made_whole(),
        case.corrected(),
        case.reopened(),
        case.rated(2, 200),
        case.judged(True, 50, "payment"),
    ]
    expected = (recovery_outcomes(history(*events)), service_outcomes(history(*events)))
    shuffle = random.Random(7)
    for _ in range(50):
        mixed = [*events, *shuffle.sample(events, 4)]
        shuffle.shuffle(mixed)
        assert (recovery_outcomes(history(*mixed)), service_outcomes(history(*mixed))) == expected


def test_a_case_that_the_firm_opened_itself_counts_for_nothing() -> None:
    """Nobody complained: no failure of the service that anybody maintains, and no recovery asked for."""
    events = [
        case.anticipated(),
        case.answered(True, 1),
        case.promise(False, 2),
        case.resolved(500, due=120),
        case.reopened(600),
        case.rated(1, 700),
        case.closed(800),
    ]
    assert steps(*events) == {}
    assert service_step(*events) is None


def test_it_counts_from_the_complaint_on() -> None:
    before = [case.anticipated(), case.promise(False, 2), case.resolved(30, due=20)]
    complaint = [case.reopened(60), case.opened(60), case.acknowledged(60, due=61)]
    assert steps(*before, *complaint) == {"acknowledged_in_time": False, "understood_right": False}
    assert service_step(*before, *complaint) == "delivery"
    settled = [case.resolved(90, due=120), case.closed(100)]
    # It was not opened again since it is a complaint.
    assert steps(*before, *complaint, *settled)["not_reopened"] is False
    assert steps(*before, *complaint, *settled)["resolved_in_time"] is False
    assert steps(*before, *complaint, case.promise(True, 70, "p2"))["promises_kept"] is False
