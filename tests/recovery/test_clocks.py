"""The rules of a case's clocks: pauses, warnings, stages."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from recovery.clocks import (
    ClockKind,
    EscalationReason,
    due_after_pause,
    due_after_pauses,
    share_passed,
    stage_of,
    time_left,
    warn_moment,
)
from recovery.service_levels import Measure, TimeLimit, due_at, time_counted
from recovery.working_time import WorkingTime, read_shifts

SHANGHAI = ZoneInfo("Asia/Shanghai")
ALWAYS = WorkingTime(SHANGHAI)
OFFICE = WorkingTime(SHANGHAI, lambda day: read_shifts("09:00-12:00, 13:30-18:00") if day.weekday() < 5 else ())


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of November 2026 in Shanghai; the 18th is a Wednesday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=SHANGHAI)


def test_a_pause_moves_what_is_due_by_the_time_that_counted_meanwhile() -> None:
    assert due_after_pause(at(18, 12), at(18, 10), at(18, 10, 45), ALWAYS) == at(18, 12, 45)
    # Over the evening and the night nothing counted: what was left of the afternoon is left of the morning.
    assert due_after_pause(at(18, 18), at(18, 16), at(19, 9), OFFICE) == at(19, 11)


def test_what_was_late_when_it_was_paused_stays_late() -> None:
    assert due_after_pause(at(18, 12), at(18, 13), at(18, 20), ALWAYS) == at(18, 12)


def test_pauses_add_up() -> None:
    pauses = [(at(18, 10), at(18, 11)), (at(18, 12), at(18, 14))]
    assert due_after_pauses(at(18, 12, 30), pauses, ALWAYS) == at(18, 15, 30)


def test_a_warning_comes_when_its_share_has_passed() -> None:
    four = timedelta(hours=4)
    assert warn_moment(at(18, 10), at(18, 14), four, 0.75, ALWAYS) == at(18, 13)
    # After a pause: what is left counts, not when it began.
    assert warn_moment(at(18, 20), at(18, 22), four, 0.75, ALWAYS) == at(18, 21)
    # Too late to warn before: now.
    assert warn_moment(at(18, 13, 30), at(18, 14), four, 0.75, ALWAYS) == at(18, 13, 30)
    assert warn_moment(at(18, 17), at(19, 10), timedelta(hours=2), 0.5, OFFICE) == at(18, 18)


def test_what_is_left_is_of_the_time_that_counts() -> None:
    assert time_left(at(19, 10), at(18, 17), OFFICE) == timedelta(hours=2)
    assert time_left(at(18, 17), at(19, 10), OFFICE) == -timedelta(hours=2)
    assert time_left(at(19, 10), at(18, 17), ALWAYS) == timedelta(hours=17)


@pytest.mark.parametrize(
    ("left", "stage"),
    [(240, "calm"), (121, "calm"), (120, "half"), (61, "half"), (60, "soon"), (1, "soon"), (0, "late"), (-5, "late")],
)
def test_stages_change_at_50_75_and_100_percent(left: int, stage: str) -> None:
    share = share_passed(timedelta(minutes=240), timedelta(minutes=left))
    assert stage_of(share, is_due=left <= 0) == stage


def test_every_clock_has_a_reason_to_escalate() -> None:
    assert {EscalationReason.missed(kind) for kind in ClockKind} < set(EscalationReason)


@pytest.mark.parametrize(
    ("limit", "measure", "due"),
    [
        (TimeLimit(clock=timedelta(hours=2)), Measure.CLOCK, at(18, 19)),
        (TimeLimit(working_time=timedelta(hours=2)), Measure.HOURS, at(19, 10)),
        (TimeLimit(working_days=1), Measure.DAYS, at(20, 0)),
    ],
)
def test_a_limit_passes_in_its_own_time(limit: TimeLimit, measure: Measure, due: datetime) -> None:
    def worked(day: object) -> bool:
        return True

    start = at(18, 17)
    assert limit.measure is measure
    assert due_at(start, limit, SHANGHAI, worked, OFFICE) == due
    counted = time_counted(measure, SHANGHAI, worked, OFFICE)
    span = counted.between(start, due)
    assert counted.add(start, span) == due
    assert due_at(start, limit, SHANGHAI, worked, OFFICE).tzinfo is UTC


def test_without_hours_working_time_is_round_the_clock() -> None:
    limit = TimeLimit(working_time=timedelta(hours=2))
    assert due_at(at(18, 23), limit, SHANGHAI, lambda _: True) == at(19, 1)
