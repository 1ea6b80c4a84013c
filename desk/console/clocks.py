"""Due times as people see them: how much is left, and how pressing that is."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from actions.cases import focus_case
from actions.firm import Firm
from actions.one_clock import counted_time
from actions.proactive import is_complaint
from actions.staff.waiting import was_answered
from recovery.case_states import UNSETTLED
from recovery.clocks import ClockKind, ClockState, Stage, share_passed, stage_of, time_left
from recovery.control import Control
from recovery.service_levels import Measure
from store.database import UnitOfWork
from store.tables import Case, CaseClock, Conversation, Staff


@dataclass(frozen=True, slots=True)
class Clock:
    """A due time.

    Attributes:
        left: until it is due; negative once it is late; for a clock that has stopped, from its stop.
        stage: by the share of the time that has passed: under a half, a half, three quarters, all of it; ``paused`` for
            one that stands still; ``met`` and ``missed`` for a clock that has stopped.
    """

    due: datetime
    left: timedelta
    stage: Stage


@dataclass(frozen=True, slots=True)
class CaseClockLine:
    """One clock of a case.

    Attributes:
        clock: ``left`` is of the time that counts: of opening hours where ``working`` says so.
        percent: how much of the limit has passed, 0 to 100.
        paused_at: since when it stands still, if it does.
        escalated: whether it was missed and superiors were told.
    """

    kind: ClockKind
    clock: Clock
    percent: int
    working: bool
    paused_at: datetime | None
    escalated: bool


@dataclass(frozen=True, slots=True)
class ClocksPanel:
    """The clocks of a case, as its page shows them.

    Attributes:
        waits_since: since when the customer is waited for, if they are.
        may_ask: whether the reader has the case and may wait for the customer with their next word.
        may_wait: whether they may wait now.
        may_go_on: whether the reader has the case and may go on without the customer's answer.
    """

    lines: list[CaseClockLine]
    waits_since: datetime | None
    may_ask: bool
    may_wait: bool
    may_go_on: bool


_ORDER = (ClockKind.FIRST_RESPONSE, ClockKind.NEXT_UPDATE, ClockKind.RESOLUTION)


def read_clock(start: datetime, due: datetime, now: datetime, stopped: datetime | None = None) -> Clock:
    """The clock that ran from ``start`` and is due at ``due``; all moments aware."""
    if stopped is not None:
        return Clock(due, due - stopped, "met" if stopped <= due else "missed")
    share = (now - start) / (due - start) if due > start else 1.0
    return Clock(due, due - now, stage_of(share, is_due=now >= due))


def read_case_clock(firm: Firm, clock: CaseClock, now: datetime) -> CaseClockLine:
    """A clock as it stands, measured in the time in which it passes."""
    counted, allotted = counted_time(firm, clock), timedelta(seconds=clock.allotted_seconds)
    if clock.state == ClockState.STOPPED:
        stopped = clock.stopped_at or now
        shown = read_clock(clock.started_at, clock.due_at, now, stopped)
        left = time_left(clock.due_at, stopped, counted)
    elif clock.state == ClockState.PAUSED:
        left = time_left(clock.due_at, clock.paused_at or now, counted)
        shown = Clock(clock.due_at, left, "paused")
    else:
        left = time_left(clock.due_at, now, counted)
        shown = Clock(clock.due_at, left, stage_of(share_passed(allotted, left), is_due=now >= clock.due_at))
    return CaseClockLine(
        kind=ClockKind(clock.kind),
        clock=shown,
        percent=int(100 * share_passed(allotted, left)),
        working=clock.measure == Measure.HOURS and counted.shifts_on is not None,
        paused_at=clock.paused_at if clock.state == ClockState.PAUSED else None,
        escalated=clock.missed_at is not None,
    )


def clock_stages(work: UnitOfWork, firm: Firm, case_ids: Collection[int]) -> dict[int, list[CaseClockLine]]:
    """The latest round of each clock of each case, one query for all; nothing for a case from before there were clocks.

    An update that is not owed any more is left out.
    """
    latest: dict[int, dict[str, CaseClock]] = {}
    statement = select(CaseClock).where(CaseClock.case_id.in_(case_ids)).order_by(CaseClock.round)
    for clock in work.session.scalars(statement):
        latest.setdefault(clock.case_id, {})[clock.kind] = clock
    return {
        case_id: [
            read_case_clock(firm, clocks[kind], work.now)
            for kind in _ORDER
            if kind in clocks and not (kind is ClockKind.NEXT_UPDATE and clocks[kind].state == ClockState.STOPPED)
        ]
        for case_id, clocks in latest.items()
    }


def read_clocks(work: UnitOfWork, firm: Firm, me: Staff, case: Case) -> ClocksPanel:
    """The clocks of a case, as ``me`` sees them."""
    lines = clock_stages(work, firm, [case.id]).get(case.id) or _before_there_were_clocks(case, work.now)
    if case.first_response_at is None:
        # Given back or settled without a word: no answer was in time.
        lines = [line for line in lines if line.kind is not ClockKind.FIRST_RESPONSE or line.clock.stage != "met"]
    waits_since = min((line.paused_at for line in lines if line.paused_at is not None), default=None)
    conversation = work.session.get_one(Conversation, case.conversation_id)
    mine = (
        conversation.control == Control.STAFF
        and conversation.taken_by_id == me.id
        and case.state in UNSETTLED
        and focus_case(work, conversation) is case
    )
    return ClocksPanel(
        lines=lines,
        waits_since=waits_since,
        may_ask=mine and waits_since is None,
        may_wait=mine and waits_since is None and was_answered(work, conversation),
        may_go_on=mine and waits_since is not None,
    )


def _before_there_were_clocks(case: Case, now: datetime) -> list[CaseClockLine]:
    """A case without clocks goes by its own due times, and by the answer that a person was promised to give.

    One in which only the firm has spoken has no clocks at all.
    """
    if not is_complaint(case):
        return []
    settled = case.resolved_at or case.closed_at
    owed = next((made for made in case.promises if made.kind == "person_answers"), None)
    clocks = {ClockKind.RESOLUTION: (case.opened_at, case.resolution_due, settled)}
    if owed is not None:
        # A case settled without an answer owes none any more.
        clocks[ClockKind.FIRST_RESPONSE] = (owed.made_at, owed.due_at, case.first_response_at or settled)
    lines = []
    for kind in _ORDER:
        if kind in clocks:
            start, due, stopped = clocks[kind]
            shown = read_clock(start, due, now, stopped)
            passed = (min(stopped or now, due) - start) / (due - start) if due > start else 1.0
            lines.append(CaseClockLine(kind, shown, int(100 * max(0.0, passed)), False, None, False))
    return lines
