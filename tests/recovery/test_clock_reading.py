"""A clock as a function of what happened to it (S0's limits; domain.md 6: they pause while the customer is asked)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery.clocks import ClockChange, ClockEvent, ClockReading, ClockState, read_clock
from recovery.working_time import WorkingTime, read_shifts

SHANGHAI = ZoneInfo("Asia/Shanghai")
ALWAYS = WorkingTime(SHANGHAI)
OFFICE = WorkingTime(SHANGHAI, lambda day: read_shifts("09:00-12:00, 13:30-18:00") if day.weekday() < 5 else ())
STARTED, PAUSED, RESUMED, STOPPED, TIGHTENED = ClockChange
RUNNING, IS_PAUSED, IS_STOPPED = ClockState


def at(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of November 2026 in Shanghai; the 18th is a Wednesday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=SHANGHAI)


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


FOUR_HOURS = [ClockEvent(STARTED, at(18, 10))]
ASKED = [*FOUR_HOURS, ClockEvent(PAUSED, at(18, 11)), ClockEvent(RESUMED, at(18, 16))]


@pytest.mark.parametrize(
    ("events", "counted", "moment", "state", "due", "left"),
    [
        # S0's clock time: day and night
        (FOUR_HOURS, ALWAYS, at(18, 10), RUNNING, at(18, 14), hours(4)),
        (FOUR_HOURS, ALWAYS, at(18, 15), RUNNING, at(18, 14), hours(-1)),
        # working time: over noon nothing counts
        (FOUR_HOURS, OFFICE, at(18, 12, 45), RUNNING, at(18, 15, 30), hours(2)),
        (FOUR_HOURS, OFFICE, at(19, 9, 30), RUNNING, at(18, 15, 30), hours(-3)),
        # while the customer is asked nothing passes
        (ASKED, ALWAYS, at(18, 13), IS_PAUSED, at(18, 14), hours(3)),
        (ASKED, ALWAYS, at(18, 16), RUNNING, at(18, 19), hours(3)),
        (ASKED, OFFICE, at(18, 17), RUNNING, at(19, 10), hours(2)),
        # a second question: pauses add up
        (
            [*ASKED, ClockEvent(PAUSED, at(18, 17)), ClockEvent(RESUMED, at(18, 17, 30))],
            ALWAYS,
            at(18, 18),
            RUNNING,
            at(18, 19, 30),
            hours(1.5),
        ),
        # asked twice is asked once; resumed twice is resumed once
        ([*FOUR_HOURS, ClockEvent(PAUSED, at(18, 11)), ClockEvent(PAUSED, at(18, 12)), ClockEvent(RESUMED, at(18, 13)),
          ClockEvent(RESUMED, at(18, 14))], ALWAYS, at(18, 14), RUNNING, at(18, 16), hours(2)),
        # what was late stays late
        (
            [*FOUR_HOURS, ClockEvent(PAUSED, at(18, 15)), ClockEvent(RESUMED, at(18, 20))],
            ALWAYS,
            at(18, 21),
            RUNNING,
            at(18, 14),
            hours(-7),
        ),
        # a graver case: the shorter limit counts from the start, the pause left out
        ([*ASKED, ClockEvent(TIGHTENED, at(18, 16), hours(2))], ALWAYS, at(18, 16), RUNNING, at(18, 17), hours(1)),
        # and in another measure
        (
            [ClockEvent(STARTED, at(18, 17)), ClockEvent(TIGHTENED, at(18, 17, 30), hours(3), ALWAYS)],
            OFFICE,
            at(18, 18),
            RUNNING,
            at(18, 20),
            hours(2),
        ),
        # a calmer one gives no time
        ([*FOUR_HOURS, ClockEvent(TIGHTENED, at(18, 11), hours(24))], ALWAYS, at(18, 12), RUNNING, at(18, 14),
        hours(2)),
        # stopped: nothing passes any more, and nothing changes it
        (
            [*FOUR_HOURS, ClockEvent(STOPPED, at(18, 12)), ClockEvent(TIGHTENED, at(18, 13), hours(1)),
             ClockEvent(PAUSED, at(18, 13))], ALWAYS, at(18, 20), IS_STOPPED, at(18, 14), hours(2),
        ),
        # stopped while it stood still: it was in time, and so it ends in time
        (
            [*FOUR_HOURS, ClockEvent(PAUSED, at(18, 11)), ClockEvent(STOPPED, at(19, 11))],
            ALWAYS,
            at(19, 12),
            IS_STOPPED,
            at(19, 14),
            hours(3),
        ),
        # begun anew
        ([*ASKED, ClockEvent(STOPPED, at(18, 17)), ClockEvent(STARTED, at(19, 9))], ALWAYS, at(19, 10), RUNNING,
         at(19, 13), hours(3)),
    ],
)  # fmt: skip
def test_what_a_clock_shows(
    events: list[ClockEvent], counted: WorkingTime, moment: datetime, state: ClockState, due: datetime, left: timedelta
) -> None:
    reading = read_clock(events, hours(4), counted, moment)
    assert reading is not None and (reading.state, reading.due, reading.left) == (state, due, left)


def test_before_it_is_started_it_shows_nothing() -> None:
    assert read_clock(FOUR_HOURS, hours(4), ALWAYS, at(18, 9, 59)) is None
    assert read_clock([ClockEvent(PAUSED, at(18, 9))], hours(4), ALWAYS, at(18, 12)) is None


START = datetime(2026, 11, 18, 2, tzinfo=UTC)
STEPS = st.lists(
    st.tuples(st.sampled_from([PAUSED, RESUMED, TIGHTENED, STOPPED]), st.integers(0, 20 * 60), st.integers(1, 40)),
    max_size=8,
)


def happened(steps: list[tuple[ClockChange, int, int]]) -> list[ClockEvent]:
    events, now = [ClockEvent(STARTED, START)], START
    for change, minutes, limit in steps:
        now += timedelta(minutes=minutes)
        events.append(ClockEvent(change, now, hours(limit) if change is TIGHTENED else None))
    return events


def read(events: list[ClockEvent], counted: WorkingTime, moment: datetime) -> ClockReading:
    reading = read_clock(events, hours(24), counted, moment)
    assert reading is not None
    return reading


@given(STEPS, st.sampled_from([ALWAYS, OFFICE]), st.integers(0, 20 * 60))
def test_nothing_passes_while_it_stands_still(
    steps: list[tuple[ClockChange, int, int]], counted: WorkingTime, minutes: int
) -> None:
    events = happened(steps)
    moment = events[-1].at
    now, later = read(events, counted, moment), read(events, counted, moment + timedelta(minutes=minutes))
    if now.state is RUNNING:
        passed = counted.between(moment, moment + timedelta(minutes=minutes))
        assert now.left - later.left == passed
    else:
        assert later.left == now.left


@given(STEPS, st.sampled_from([ALWAYS, OFFICE]), st.integers(0, 20 * 60))
def test_waiting_for_the_customer_costs_nothing_and_wins_nothing(
    steps: list[tuple[ClockChange, int, int]], counted: WorkingTime, minutes: int
) -> None:
    events = happened(steps)
    moment = events[-1].at
    back = moment + timedelta(minutes=minutes)
    waited = [*events, ClockEvent(PAUSED, moment), ClockEvent(RESUMED, back)]
    before, after = read(events, counted, moment), read(waited, counted, back)
    if before.state is RUNNING and before.left > timedelta(0):
        assert after.left == before.left
    elif before.state is RUNNING:
        assert after.due == before.due  # late stays late


@given(STEPS, st.sampled_from([ALWAYS, OFFICE]), st.integers(1, 40))
def test_judging_anew_never_gives_time(
    steps: list[tuple[ClockChange, int, int]], counted: WorkingTime, limit: int
) -> None:
    events = happened(steps)
    moment = events[-1].at
    again = [*events, ClockEvent(TIGHTENED, moment, hours(limit))]
    assert read(again, counted, moment).due <= read(events, counted, moment).due


@given(STEPS, st.sampled_from([ALWAYS, OFFICE]))
def test_a_past_moment_reads_as_it_did_then(steps: list[tuple[ClockChange, int, int]], counted: WorkingTime) -> None:
    events = happened(steps)
    for number in range(1, len(events) + 1):
        moment = events[number - 1].at
        together = [event for event in events if event.at <= moment]
        assert read(events, counted, moment) == read(together, counted, moment)
