"""What happens as a case's clock runs out: a warning before, superiors told after; and silent owners.

Each is a timer's work, in one unit with its conversation locked. Each looks first whether its reason still holds, so
that a late worker does nothing that is no longer meant.
"""

from typing import Any

from actions.clocks import control_of, resume_clocks
from actions.escalating import escalate, on_duty_in, responsible_for, superiors_of
from actions.firm import Firm
from actions.guarantees.noticing import facts_changed
from actions.notifying import NotificationKind, notify
from actions.one_clock import stop_clock
from actions.taking_back import take_back_if_silent
from actions.timers import TimerKind
from recovery.case_states import UNSETTLED
from recovery.clocks import ClockKind, ClockState, EscalationReason
from recovery.control import Control
from store.database import UnitOfWork
from store.tables import Case, CaseClock, Conversation, Timer

CLOCK_TIMERS = frozenset({TimerKind.CLOCK_WARNS, TimerKind.CLOCK_MISSED, TimerKind.RESUME_CLOCKS, TimerKind.TAKE_BACK})


def fire_clock_timer(work: UnitOfWork, firm: Firm, conversation: Conversation, timer: Timer) -> bool:
    """Do what a timer of these kinds is for.

    Returns:
        False where it is to be looked at again later, at its ``due_at``: it was moved.
    """
    if work.now < timer.due_at:
        return False
    if timer.kind == TimerKind.TAKE_BACK:
        return take_back_if_silent(work, firm, conversation, timer)
    case = work.session.get_one(Case, timer.case_id)
    if timer.kind == TimerKind.RESUME_CLOCKS:
        resume_clocks(work, firm, case, timer.due_at)
        return True
    clock = work.session.get_one(CaseClock, timer.subject_id)
    work.session.refresh(clock, with_for_update=True)
    if not _still_runs(work, case, clock):
        return True
    if timer.kind == TimerKind.CLOCK_WARNS:
        _warn(work, firm, conversation, case, clock)
    elif work.now >= clock.due_at:
        _miss(work, firm, conversation, case, clock)
    return True


def _still_runs(work: UnitOfWork, case: Case, clock: CaseClock) -> bool:
    """Whether a clock still measures something; one that was left running is stopped."""
    if clock.state != ClockState.RUNNING:
        return False
    of_a_person = clock.kind != ClockKind.RESOLUTION
    if case.state not in UNSETTLED or (of_a_person and control_of(work, case) == Control.BOT):
        stop_clock(work, case, clock)
        return False
    return True


def _warn(work: UnitOfWork, firm: Firm, conversation: Conversation, case: Case, clock: CaseClock) -> None:
    """Tell the owner, or without one the department's staff on duty, that a clock runs out; once, and before it has."""
    if clock.warned_at is not None or work.now >= clock.due_at:
        return
    clock.warned_at = work.now
    department = case.department
    told = (
        responsible_for(work, conversation)
        or on_duty_in(work, firm, department)
        or superiors_of(work, firm, department)
    )
    notify(work, told, NotificationKind.DUE_SOON, conversation, case, _details(clock))


def _miss(work: UnitOfWork, firm: Firm, conversation: Conversation, case: Case, clock: CaseClock) -> None:
    """Bring a missed clock to the supervisors of the department, and tell the owner; once."""
    if clock.missed_at is not None:
        return
    clock.missed_at = work.now
    if clock.kind == ClockKind.FIRST_RESPONSE:
        facts_changed(work, case)
    escalate(work, conversation, case, EscalationReason.missed(ClockKind(clock.kind)))
    told = [*responsible_for(work, conversation), *superiors_of(work, firm, case.department)]
    notify(work, told, NotificationKind.OVERDUE, conversation, case, _details(clock))


def _details(clock: CaseClock) -> dict[str, Any]:
    return {"clock": clock.kind, "due": clock.due_at.isoformat()}
