"""The clocks of a case, kept within whoever's unit of work changes the case; its conversation must be locked.

``Case.first_response_due``, ``next_update_due`` and ``resolution_due`` equal what the running clocks say. What happens
when a clock runs out stands in :mod:`actions.clock_timers`.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import select

from actions.firm import Firm
from actions.one_clock import (
    cancel_timers,
    counted_time,
    pause_clock,
    picture_of,
    plan,
    restart_clock,
    rounds,
    set_clock_timer,
    show,
    start_clock,
    stop_clock,
    tighten_clock,
)
from actions.outcomes import dimensions_of, record
from actions.timers import TimerKind
from recovery.case_states import UNSETTLED
from recovery.clocks import PAUSED_BY_WAITING, ClockKind, ClockState, due_after_pause
from recovery.control import Control
from recovery.events import PersonAnswered
from recovery.severity import Severity
from store.database import UnitOfWork
from store.tables import Case, CaseClock, Conversation, Identity, Timer


def active_clocks(work: UnitOfWork, case: Case) -> dict[ClockKind, CaseClock]:
    """The clocks of a case that run or are paused, by kind."""
    statement = select(CaseClock).where(CaseClock.case_id == case.id, CaseClock.state != ClockState.STOPPED)
    return {ClockKind(clock.kind): clock for clock in work.session.scalars(statement)}


def is_waiting(work: UnitOfWork, case: Case) -> bool:
    """Whether the clocks of a case stand still until the customer answers."""
    return any(clock.state == ClockState.PAUSED for clock in active_clocks(work, case).values())


def follow_severity(work: UnitOfWork, firm: Firm, case: Case, start: datetime, is_new: bool) -> None:
    """Set the due times by the severity just derived.

    A new start gets them in full; later they only become earlier: nobody wins time by judging a case calmer. A settled
    case keeps those it was judged by.

    Args:
        start: when the case was opened, or opened again.
        is_new: whether that is now.
    """
    severity = Severity(case.severity)
    if is_new:
        stop_clocks(work, case)
        case.first_response_due = firm.first_response_due(start, severity, case.department)
        start_clock(work, firm, case, ClockKind.RESOLUTION, start)
        return
    if case.state not in UNSETTLED:
        return
    clocks = _with_resolution(work, firm, case)
    for kind, clock in clocks.items():
        tighten_clock(work, firm, case, kind, clock)
    if ClockKind.FIRST_RESPONSE not in clocks and not _was_needed_since(work, case, start):
        # Nobody is needed yet: by when they would have to answer, had they been needed from the start.
        expected = firm.first_response_due(start, severity, case.department)
        case.first_response_due = min(expected, case.first_response_due)


def person_needed(work: UnitOfWork, firm: Firm, case: Case, opens: datetime | None = None) -> None:
    """A person must answer from now on: the clock of their first answer runs, unless one does.

    Args:
        opens: when somebody is there again, where nobody is and the customer was told so: the clock runs from then.
    """
    if case.state not in UNSETTLED:
        return
    # Whatever the bot asked the customer is not waited for any more.
    resume_clocks(work, firm, case, work.now)
    clocks = _with_resolution(work, firm, case)
    if ClockKind.FIRST_RESPONSE in clocks:
        return
    if (update_owed := clocks.get(ClockKind.NEXT_UPDATE)) is not None:
        stop_clock(work, case, update_owed)
    _start_first_response(work, firm, case, opens)


def taken(work: UnitOfWork, firm: Firm, case: Case) -> None:
    """A person has taken the case: they owe a first answer, or the next word where a colleague had it before."""
    if case.state in UNSETTLED and ClockKind.NEXT_UPDATE not in _with_resolution(work, firm, case):
        person_needed(work, firm, case)


def staff_spoke(work: UnitOfWork, firm: Firm, case: Case) -> None:
    """A person said something to the customer: the first answer is given; while a person has the case, the next update
    begins anew.

    Where the customer is waited for, it begins as soon as they answer. Other complaints in the same conversation to
    which a person owes a word have it by this one.
    """
    owed = (
        select(Case)
        .join(CaseClock, CaseClock.case_id == Case.id)
        .where(
            Case.conversation_id == case.conversation_id,
            CaseClock.kind.in_((ClockKind.FIRST_RESPONSE, ClockKind.NEXT_UPDATE)),
            CaseClock.state != ClockState.STOPPED,
        )
    )
    for one in {case, *work.session.scalars(owed)}:
        _spoken_about(work, firm, one)


def _spoken_about(work: UnitOfWork, firm: Firm, case: Case) -> None:
    if case.first_response_at is None:
        case.first_response_at = work.now
        record(work, PersonAnswered(case_number=case.number, at=work.now, dimensions=dimensions_of(case)))
    if case.state not in UNSETTLED:
        return
    resume_if_answered(work, firm, case)
    clocks = _with_resolution(work, firm, case)
    if (first := clocks.get(ClockKind.FIRST_RESPONSE)) is not None:
        stop_clock(work, case, first)
    if control_of(work, case) != Control.STAFF:
        return
    waiting = any(clock.state == ClockState.PAUSED for clock in clocks.values())
    running = clocks.get(ClockKind.NEXT_UPDATE)
    if running is not None and running.warned_at is None and running.missed_at is None:
        # Kept word after word: one row tells as much as twenty.
        restart_clock(work, firm, case, running)
    else:
        if running is not None:
            stop_clock(work, case, running)
        running = start_clock(work, firm, case, ClockKind.NEXT_UPDATE, work.now)
    if waiting and running is not None:
        pause_clock(work, firm, case, running, work.now)


def left_staff(work: UnitOfWork, case: Case) -> None:
    """The bot has the case again: no person owes an answer, and nobody waits on a person's behalf."""
    if control_of(work, case) != Control.BOT:
        return  # a person talks about it on another channel
    for kind, clock in active_clocks(work, case).items():
        if kind in (ClockKind.FIRST_RESPONSE, ClockKind.NEXT_UPDATE):
            stop_clock(work, case, clock)
        elif clock.state == ClockState.PAUSED:
            resume_soon(work, case)


def stop_clocks(work: UnitOfWork, case: Case) -> None:
    """The case is settled: nothing runs any more, whoever spoke last."""
    for clock in active_clocks(work, case).values():
        stop_clock(work, case, clock)


def pause_clocks(work: UnitOfWork, firm: Firm, case: Case) -> None:
    """The customer was asked something and is waited for: nothing of ours passes meanwhile, but for a first answer."""
    for kind, clock in _with_resolution(work, firm, case).items():
        if kind in PAUSED_BY_WAITING and clock.state == ClockState.RUNNING:
            pause_clock(work, firm, case, clock, work.now)


def resume_clocks(work: UnitOfWork, firm: Firm, case: Case, at: datetime) -> None:
    """What was paused runs again.

    Args:
        at: since when, such as the moment the customer answered.
    """
    for clock in active_clocks(work, case).values():
        if clock.state != ClockState.PAUSED or clock.paused_at is None:
            continue
        resumed_at = max(at, clock.paused_at)
        clock.due_at = due_after_pause(clock.due_at, clock.paused_at, resumed_at, counted_time(firm, clock))
        if resumed_at > clock.paused_at:
            clock.pauses = [*clock.pauses, [clock.paused_at.isoformat(), resumed_at.isoformat()]]
        clock.state, clock.paused_at, clock.remaining_seconds = ClockState.RUNNING, None, None
        show(case, clock)
        plan(work, firm, case, clock)


def resume_soon(work: UnitOfWork, case: Case) -> None:
    """Have what is paused run again from now on, from where the firm's calendar is not at hand."""
    if is_waiting(work, case):
        key = f"resume_clocks:{case.id}:{work.now.isoformat()}"
        set_clock_timer(work, TimerKind.RESUME_CLOCKS, key, case, None, work.now)


def resume_if_answered(work: UnitOfWork, firm: Firm, case: Case) -> None:
    """Have what is paused run again where the customer has answered and the timer that sees to it is still to come."""
    answered = select(Timer).where(
        Timer.conversation_id == case.conversation_id,
        Timer.case_id == case.id,
        Timer.kind == TimerKind.RESUME_CLOCKS,
        Timer.state == "open",
    )
    for timer in work.session.scalars(answered.order_by(Timer.due_at)):
        resume_clocks(work, firm, case, timer.due_at)
        timer.state = "cancelled"


def restart_for_department(
    work: UnitOfWork, firm: Firm, case: Case, department: str, opens: datetime | None = None
) -> None:
    """The case is another department's now: its clocks begin anew (Zammad 5177).

    The first answer of the new department is owed where a person is waited for; the next update where a person goes on
    having the case.

    Args:
        opens: as for :func:`person_needed`.
    """
    case.department = department
    if case.state not in UNSETTLED:
        return
    clocks = active_clocks(work, case)
    control = control_of(work, case)
    waiting = control == Control.STAFF and any(clock.state == ClockState.PAUSED for clock in clocks.values())
    for clock in clocks.values():
        stop_clock(work, case, clock)
    start_clock(work, firm, case, ClockKind.RESOLUTION, work.now)
    if control == Control.QUEUED or ClockKind.FIRST_RESPONSE in clocks:
        _start_first_response(work, firm, case, opens)
    elif ClockKind.NEXT_UPDATE in clocks:
        start_clock(work, firm, case, ClockKind.NEXT_UPDATE, work.now)
    elif case.first_response_at is None:
        case.first_response_due = firm.first_response_due(work.now, Severity(case.severity), department)
    if waiting:
        pause_clocks(work, firm, case)


def clocks_as_they_stand(work: UnitOfWork, case: Case) -> dict[str, Any]:
    """The active clocks by kind, fit for JSON: what :func:`put_back` takes."""
    return {kind.value: picture_of(clock) for kind, clock in active_clocks(work, case).items()}


def begun_by(work: UnitOfWork, case: Case, moment: datetime) -> set[str]:
    """The kinds of the active clocks that have not begun anew since ``moment``."""
    return {kind.value for kind, clock in active_clocks(work, case).items() if clock.started_at <= moment}


def put_back(work: UnitOfWork, firm: Firm, case: Case, pictures: dict[str, Any]) -> None:
    """Staff take back a slip of theirs: clocks stand as they did, or as they would now, without it.

    Args:
        pictures: of :func:`clocks_as_they_stand`; of those clocks only that are still meant.
    """
    clocks = active_clocks(work, case)
    for kind, picture in pictures.items():
        clock = clocks.get(ClockKind(kind)) or start_clock(work, firm, case, ClockKind(kind), work.now)
        if clock is None:
            continue
        is_new, paused_since = ClockKind(kind) not in clocks, clock.paused_at
        for name, value in picture.items():
            setattr(clock, name, datetime.fromisoformat(value) if value and name.endswith("_at") else value)
        if clock.paused_at is None:
            clock.paused_at = paused_since
        elif paused_since is None and not is_new:
            # The customer has answered since.
            clock.due_at = due_after_pause(clock.due_at, clock.paused_at, work.now, counted_time(firm, clock))
            clock.pauses = [*clock.pauses, [clock.paused_at.isoformat(), work.now.isoformat()]]
            clock.paused_at = None
        cancel_timers(work, clock)
        if clock.paused_at is None:
            clock.state, clock.remaining_seconds = ClockState.RUNNING, None
            show(case, clock)
            plan(work, firm, case, clock)
        else:
            pause_clock(work, firm, case, clock, clock.paused_at)


def take_over(work: UnitOfWork, firm: Firm, case: Case, pictures: dict[str, Any]) -> None:
    """Another case has gone into this one: the word that a person owed there is owed here.

    Args:
        pictures: of the other's :func:`clocks_as_they_stand`.
    """
    of_a_person = {ClockKind.FIRST_RESPONSE, ClockKind.NEXT_UPDATE}
    if of_a_person.isdisjoint(_with_resolution(work, firm, case)) and control_of(work, case) != Control.BOT:
        put_back(work, firm, case, {kind: picture for kind, picture in pictures.items() if kind in of_a_person})


def control_of(work: UnitOfWork, case: Case) -> Control:
    """Who has the conversation about a case; where it is about several channels, one that people have comes first."""
    own = work.session.get_one(Conversation, case.conversation_id).control
    if own != Control.BOT:
        return Control(own)
    elsewhere = (
        select(Conversation.control)
        .join(Identity, Conversation.identity_id == Identity.id)
        .where(
            Identity.customer_id == case.customer_id,
            Conversation.focus_case_id == case.id,
            Conversation.control != Control.BOT,
        )
    )
    found = set(work.session.scalars(elsewhere))
    return next((control for control in (Control.STAFF, Control.QUEUED) if control in found), Control.BOT)


# --- what they rest on ----------------------------------------------------------------------------------------------


def _with_resolution(work: UnitOfWork, firm: Firm, case: Case) -> dict[ClockKind, CaseClock]:
    """The active clocks of an unsettled case, that of the resolution among them.

    It begins anew where the case was settled and a person was needed all the same; a case from before there were clocks
    keeps the due time it has.
    """
    clocks = active_clocks(work, case)
    if ClockKind.RESOLUTION in clocks:
        return clocks
    # One that the firm opened itself has none before somebody complains, or a person is needed.
    is_from_before = case.origin == "complaint" and rounds(work, case, ClockKind.RESOLUTION) == 0
    start = case.opened_at if is_from_before else work.now
    clock = start_clock(work, firm, case, ClockKind.RESOLUTION, start, case.resolution_due if is_from_before else None)
    return clocks | ({ClockKind.RESOLUTION: clock} if clock else {})


def _was_needed_since(work: UnitOfWork, case: Case, start: datetime) -> bool:
    """Whether a first answer of a person was owed since the case was opened, or opened again."""
    statement = select(CaseClock.id).where(
        CaseClock.case_id == case.id, CaseClock.kind == ClockKind.FIRST_RESPONSE, CaseClock.started_at >= start
    )
    return work.session.scalars(statement).first() is not None


def _start_first_response(work: UnitOfWork, firm: Firm, case: Case, opens: datetime | None) -> None:
    clock = start_clock(work, firm, case, ClockKind.FIRST_RESPONSE, work.now)
    if clock is not None and opens is not None and clock.due_at < opens:
        clock.due_at = due_after_pause(clock.due_at, work.now, opens, counted_time(firm, clock))
        clock.pauses = [[work.now.isoformat(), opens.isoformat()]]
        show(case, clock)
        plan(work, firm, case, clock)
