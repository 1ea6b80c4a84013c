"""One clock of a case: started, paused, stopped, brought forward; its timers. :mod:`actions.clocks` says when.

The conversation of the case must be locked.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update

from actions.firm import Firm
from actions.timers import TimerKind
from recovery.clocks import ClockKind, ClockState, due_after_pauses, limit_for, warn_moment
from recovery.service_levels import Measure, TimeLimit
from recovery.severity import Severity
from recovery.working_time import WorkingTime
from store.database import UnitOfWork
from store.tables import Case, CaseClock, Timer

OF_CLOCKS = (TimerKind.CLOCK_WARNS, TimerKind.CLOCK_MISSED)


def counted_time(firm: Firm, clock: CaseClock) -> WorkingTime:
    """The time in which a clock passes."""
    return firm.time_counted(clock.department, Measure(clock.measure))


def rounds(work: UnitOfWork, case: Case, kind: ClockKind) -> int:
    """How often a clock of the case was started."""
    statement = select(func.max(CaseClock.round)).where(CaseClock.case_id == case.id, CaseClock.kind == kind)
    return work.session.scalar(statement) or 0


def start_clock(
    work: UnitOfWork, firm: Firm, case: Case, kind: ClockKind, start: datetime, due: datetime | None = None
) -> CaseClock | None:
    """A new round; None where the firm keeps no such clock."""
    limit = limit_for(firm.service_levels, kind, Severity(case.severity))
    if limit is None:
        return None
    clock = CaseClock(
        case_id=case.id,
        kind=kind,
        round=rounds(work, case, kind) + 1,
        department=case.department,
        state=ClockState.RUNNING,
        pauses=[],
        started_at=start,
    )
    _give(firm, clock, limit, due or firm.due_for(case.department, start, limit))
    work.session.add(clock)
    work.session.flush()
    show(case, clock)
    plan(work, firm, case, clock)
    return clock


def picture_of(clock: CaseClock) -> dict[str, Any]:
    """What a clock says, fit for JSON, under the names of its columns."""
    moments = ("started_at", "due_at", "paused_at", "warned_at", "missed_at")
    told = {name: getattr(clock, name) for name in moments}
    values = {name: getattr(clock, name) for name in ("measure", "allotted_seconds", "pauses")}
    return {name: moment.isoformat() if moment else None for name, moment in told.items()} | values


def restart_clock(work: UnitOfWork, firm: Firm, case: Case, clock: CaseClock) -> None:
    """Have a clock begin anew in the same round."""
    limit = limit_for(firm.service_levels, ClockKind(clock.kind), Severity(case.severity))
    if limit is None:
        stop_clock(work, case, clock)
        return
    clock.state, clock.paused_at, clock.remaining_seconds = ClockState.RUNNING, None, None
    clock.started_at, clock.department, clock.pauses = work.now, case.department, []
    _give(firm, clock, limit, firm.due_for(case.department, work.now, limit))
    show(case, clock)
    plan(work, firm, case, clock)


def _give(firm: Firm, clock: CaseClock, limit: TimeLimit, due: datetime) -> None:
    """Set when a clock is due, and how much time it has until then."""
    clock.measure, clock.due_at = limit.measure, due
    clock.allotted_seconds = max(1, round(counted_time(firm, clock).between(clock.started_at, due).total_seconds()))


def tighten_clock(work: UnitOfWork, firm: Firm, case: Case, kind: ClockKind, clock: CaseClock) -> None:
    """Bring forward a clock whose limit became shorter; what it stood still before counts as little as ever."""
    limit = limit_for(firm.service_levels, kind, Severity(case.severity))
    if limit is None:
        return
    counted = firm.time_counted(case.department, limit.measure)
    in_full = firm.due_for(case.department, clock.started_at, limit)
    pauses = [(datetime.fromisoformat(begun), datetime.fromisoformat(ended)) for begun, ended in clock.pauses]
    due = due_after_pauses(in_full, pauses, counted)
    if due >= clock.due_at:
        return
    clock.department = case.department
    # Measured by the limit in full: the pauses were no part of it.
    _give(firm, clock, limit, in_full)
    clock.due_at = due
    if clock.state == ClockState.PAUSED and clock.paused_at is not None:
        clock.remaining_seconds = int(counted.between(clock.paused_at, due).total_seconds())
    show(case, clock)
    plan(work, firm, case, clock)


def pause_clock(work: UnitOfWork, firm: Firm, case: Case, clock: CaseClock, since: datetime) -> None:
    """Have a clock stand still."""
    clock.state, clock.paused_at = ClockState.PAUSED, since
    clock.remaining_seconds = round(counted_time(firm, clock).between(since, clock.due_at).total_seconds())
    show(case, clock)
    cancel_timers(work, clock)


def stop_clock(work: UnitOfWork, case: Case, clock: CaseClock) -> None:
    """One clock has nothing to measure any more."""
    if clock.state == ClockState.PAUSED and clock.remaining_seconds:
        # It was in time when it stood still, and so it ends in time.
        clock.due_at = max(clock.due_at, work.now + timedelta(seconds=clock.remaining_seconds))
        show(case, clock)
    clock.state, clock.stopped_at, clock.paused_at = ClockState.STOPPED, work.now, None
    clock.remaining_seconds = None
    if clock.kind == ClockKind.NEXT_UPDATE:
        case.next_update_due = None
    cancel_timers(work, clock)
    work.session.flush()


def show(case: Case, clock: CaseClock) -> None:
    """Have the case's due times say what its clocks do; nothing is due while it stands still, but the contract's."""
    if clock.kind == ClockKind.FIRST_RESPONSE:
        case.first_response_due = clock.due_at
    elif clock.kind == ClockKind.RESOLUTION:
        case.resolution_due = clock.due_at
    else:
        case.next_update_due = clock.due_at if clock.state == ClockState.RUNNING else None


def plan(work: UnitOfWork, firm: Firm, case: Case, clock: CaseClock) -> None:
    """Have somebody warned before a running clock is due, and superiors told when it is."""
    if clock.state != ClockState.RUNNING:
        return
    if clock.warned_at is None and clock.missed_at is None:
        allotted, share = timedelta(seconds=clock.allotted_seconds), firm.service_levels.warn_at
        warns = warn_moment(max(work.now, clock.started_at), clock.due_at, allotted, share, counted_time(firm, clock))
        set_clock_timer(work, TimerKind.CLOCK_WARNS, f"clock_warns:{clock.id}", case, clock, warns)
    if clock.missed_at is None:
        set_clock_timer(work, TimerKind.CLOCK_MISSED, f"clock_missed:{clock.id}", case, clock, clock.due_at)
    work.session.flush()


def set_clock_timer(
    work: UnitOfWork, kind: TimerKind, key: str, case: Case, clock: CaseClock | None, due_at: datetime
) -> None:
    """One timer for each clock and kind, moved as the clock moves; a worker that has claimed it looks again first."""
    timer = work.session.scalars(select(Timer).where(Timer.key == key)).first()
    if timer is None:
        timer = Timer(key=key, kind=kind, conversation_id=case.conversation_id, case_id=case.id)
        work.session.add(timer)
    timer.subject_id = clock.id if clock else None
    timer.due_at, timer.state, timer.fired_at = due_at, "open", None
    timer.attempts, timer.claimed_by, timer.claimed_until = 0, None, None


def cancel_timers(work: UnitOfWork, clock: CaseClock) -> None:
    """Nobody is warned of a clock any more, or told that it was missed."""
    work.session.execute(
        update(Timer)
        .where(Timer.key.in_([f"{kind}:{clock.id}" for kind in OF_CLOCKS]), Timer.state == "open")
        .values(state="cancelled")
    )
