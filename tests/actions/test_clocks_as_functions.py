"""The clocks that the store keeps show what the pure function of their events says, whatever happens to them."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actions.clocks import resume_clocks, stop_clocks
from actions.firm import Firm
from actions.one_clock import counted_time, pause_clock, start_clock, stop_clock, tighten_clock
from recovery.clocks import ClockChange, ClockEvent, ClockKind, ClockState, read_clock, time_left
from recovery.service_levels import TimeLimit
from recovery.severity import Severity
from recovery.working_time import WorkingTime
from store.tables import Case
from tests.actions.dialogue import Customer, Shop

STARTED, PAUSED, RESUMED, STOPPED, TIGHTENED = ClockChange
LIMITS = st.one_of(
    st.integers(1, 72).map(lambda hours: TimeLimit(clock=timedelta(hours=hours))),
    st.integers(1, 30).map(lambda hours: TimeLimit(working_time=timedelta(hours=hours))),
    st.integers(1, 4).map(lambda days: TimeLimit(working_days=days)),
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from([PAUSED, RESUMED, TIGHTENED, TIGHTENED, STOPPED]),
        st.integers(0, 30 * 60),
        st.sampled_from(list(Severity)),
    ),
    min_size=1,
    max_size=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.fixed_dictionaries(dict.fromkeys(Severity, LIMITS)), STEPS, st.integers(0, 7 * 24 * 60))
def test_the_stores_clocks_agree_with_the_function_of_their_events(
    shop: Shop, wang: Customer, limits: dict[Severity, TimeLimit], steps: list[tuple], later: int
) -> None:
    if not wang_has_complained(shop):
        wang.complains("delivery")
    # Logistics works office hours here, so that the three measures differ.
    departments = tuple(replace_hours(one) for one in shop.firm.departments)
    levels = replace(shop.firm.service_levels, resolution=limits)
    firm = replace(shop.firm, service_levels=levels, departments=departments)
    with shop.database.begin() as work:  # rolled back
        case = work.session.get_one(Case, 1)
        stop_clocks(work, case)
        work.now += timedelta(minutes=later)
        case.severity = Severity.LOW
        start = work.now
        clock = start_clock(work, firm, case, ClockKind.RESOLUTION, start)
        assert clock is not None
        limit, counted = in_full(firm, case, start, limits[Severity.LOW])
        events = [ClockEvent(STARTED, start)]
        for change, minutes, severity in steps:
            work.now += timedelta(minutes=minutes)
            event = ClockEvent(change, work.now)
            if change is PAUSED and clock.state == ClockState.RUNNING:
                pause_clock(work, firm, case, clock, work.now)
            elif change is RESUMED:
                resume_clocks(work, firm, case, work.now)
            elif change is STOPPED and clock.state != ClockState.STOPPED:
                stop_clock(work, case, clock)
            elif change is TIGHTENED:
                case.severity = severity
                event = ClockEvent(change, work.now, *in_full(firm, case, start, limits[severity]))
                if clock.state != ClockState.STOPPED:
                    tighten_clock(work, firm, case, ClockKind.RESOLUTION, clock)
            events.append(event)
            reading = read_clock(events, limit, counted, work.now)
            assert reading is not None
            assert (clock.state, clock.due_at) == (reading.state, reading.due)
            if clock.state == ClockState.RUNNING:
                assert time_left(clock.due_at, work.now, counted_time(firm, clock)) == reading.left
                assert [[str(b), str(e)] for b, e in reading.pauses] == [
                    [b.replace("T", " "), e.replace("T", " ")] for b, e in clock.pauses
                ]
            elif clock.state == ClockState.PAUSED:
                assert timedelta(seconds=clock.remaining_seconds or 0) == max(reading.left, timedelta(0))


def wang_has_complained(shop: Shop) -> bool:
    return bool(shop.all(Case))


def replace_hours(department):  # type: ignore[no-untyped-def]
    return department.model_copy(update={"hours": "office"})


def in_full(firm: Firm, case: Case, start, limit: TimeLimit) -> tuple[timedelta, WorkingTime]:  # type: ignore[no-untyped-def]
    """A limit as so much of the time that counts, from the start of the clock."""
    counted = firm.time_counted(case.department, limit.measure)
    return counted.between(start, firm.due_for(case.department, start, limit)), counted
