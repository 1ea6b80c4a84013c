"""The clocks of a case: what runs, how it pauses, how pressing it is.

Three clocks: a person's first answer once a person is needed; the next update while a person has the case; the
resolution. The bot's acknowledgement is its own and never counted as the person's. Moments are arguments, and so is the
time that counts.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from recovery.service_levels import ServiceLevels, TimeLimit
from recovery.severity import Severity
from recovery.working_time import WorkingTime


class ClockKind(StrEnum):
    FIRST_RESPONSE = "first_response"
    NEXT_UPDATE = "next_update"
    RESOLUTION = "resolution"


class ClockState(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"


# What stands still while the customer is asked something. A first answer is owed whatever anybody waits for.
PAUSED_BY_WAITING = frozenset({ClockKind.NEXT_UPDATE, ClockKind.RESOLUTION})


class EscalationReason(StrEnum):
    """Why a case was brought to superiors (升级上报)."""

    FIRST_RESPONSE_MISSED = "first_response_missed"
    NEXT_UPDATE_MISSED = "next_update_missed"
    RESOLUTION_MISSED = "resolution_missed"
    PROMISE_MISSED = "promise_missed"
    OWNER_SILENT = "owner_silent"
    OWNER_GONE = "owner_gone"  # has no account any more, or one that handles nothing

    @classmethod
    def missed(cls, kind: ClockKind) -> "EscalationReason":
        return cls(f"{kind}_missed")


# Colours at 50, 75 and 100 % of the limit; `met` and `missed` once stopped.
Stage = Literal["calm", "half", "soon", "late", "paused", "met", "missed"]
_HALF, _SOON = 0.5, 0.75


def limit_for(levels: ServiceLevels, kind: ClockKind, severity: Severity) -> TimeLimit | None:
    """The limit of a clock, or None where the firm keeps none."""
    limits = {
        ClockKind.FIRST_RESPONSE: levels.first_response,
        ClockKind.NEXT_UPDATE: levels.next_update,
        ClockKind.RESOLUTION: levels.resolution,
    }[kind]
    return limits.get(severity)


def time_left(due: datetime, now: datetime, counted: WorkingTime) -> timedelta:
    """How much of the time that counts is left at ``now``; negative by what has passed since it was due."""
    return counted.between(now, due) if now < due else -counted.between(due, now)


def due_after_pause(due: datetime, paused_at: datetime, resumed_at: datetime, counted: WorkingTime) -> datetime:
    """When a clock is due that stood still from ``paused_at`` to ``resumed_at``; what was late already stays late."""
    if due <= paused_at or resumed_at <= paused_at:
        return due
    return counted.add(resumed_at, counted.between(paused_at, due))


def due_after_pauses(due: datetime, pauses: Iterable[tuple[datetime, datetime]], counted: WorkingTime) -> datetime:
    """As :func:`due_after_pause`, for several pauses in their order."""
    for paused_at, resumed_at in pauses:
        due = due_after_pause(due, paused_at, resumed_at, counted)
    return due


def warn_moment(now: datetime, due: datetime, allotted: timedelta, warn_at: float, counted: WorkingTime) -> datetime:
    """When the share ``warn_at`` of ``allotted`` has passed, for a clock that runs from ``now`` on; ``now`` where it
    has passed already."""
    until = time_left(due, now, counted) - allotted * (1 - warn_at)
    return counted.add(now, max(until, timedelta(0)))


def share_passed(allotted: timedelta, left: timedelta) -> float:
    """The share of the limit that has passed, from 0 to 1."""
    if allotted <= timedelta(0):
        return 1.0
    return min(1.0, max(0.0, 1 - left / allotted))


def stage_of(share: float, is_due: bool) -> Stage:
    """How pressing a running clock is.

    Args:
        share: of the limit that has passed.
        is_due: whether its time has come.
    """
    if is_due:
        return "late"
    return "soon" if share >= _SOON else "half" if share >= _HALF else "calm"


# --- a clock as a function of what happened to it --------------------------------------------------------------------


class ClockChange(StrEnum):
    STARTED = "started"
    PAUSED = "paused"
    RESUMED = "resumed"
    STOPPED = "stopped"
    TIGHTENED = "tightened"


@dataclass(frozen=True, slots=True)
class ClockEvent:
    """Something that happened to a clock.

    Attributes:
        at: aware.
        limit: of what was tightened, the new limit in full; else None.
        counted: the time in which the new limit passes; None where it is the same as before.
    """

    change: ClockChange
    at: datetime
    limit: timedelta | None = None
    counted: WorkingTime | None = None


@dataclass(frozen=True, slots=True)
class ClockReading:
    """What a clock shows.

    Attributes:
        due: by when; while it is paused, by when it would be, had it gone on.
        left: of the time that counts: now, as it was paused, or as it was stopped; negative by what it is late.
        pauses: (paused, resumed), in their order; without the one that lasts.
    """

    state: ClockState
    due: datetime
    left: timedelta
    pauses: tuple[tuple[datetime, datetime], ...] = ()


def read_clock(
    events: Iterable[ClockEvent], limit: timedelta, counted: WorkingTime, at: datetime
) -> ClockReading | None:
    """What a clock shows at ``at``, from the events up to then; None where it has not been started.

    The rules (S0's limits; they pause while the customer is asked, domain.md section 6): a pause moves what is due by
    the time that counted meanwhile, and what was late stays late. A limit only becomes shorter: what tightens it counts
    from the start, the pauses left out, and never gives time. One that is stopped while it stands still ends in time,
    if it was. Pausing twice, resuming what runs, or anything after the stop but a new start changes nothing.

    Args:
        events: in the order in which they happened.
        limit: of the time that counts.
        counted: the time in which it passes.
        at: aware.
    """
    reading: ClockReading | None = None
    started = paused_at = stopped_at = at
    for event in events:
        if event.at > at:
            break
        if event.change is ClockChange.STARTED:
            started, due = event.at, counted.add(event.at, limit)
            reading, measured = ClockReading(ClockState.RUNNING, due, limit), counted
        elif reading is None or reading.state is ClockState.STOPPED:
            continue
        elif event.change is ClockChange.PAUSED and reading.state is ClockState.RUNNING:
            paused_at = event.at
            reading = replace(reading, state=ClockState.PAUSED)
        elif event.change is ClockChange.RESUMED and reading.state is ClockState.PAUSED:
            due = due_after_pause(reading.due, paused_at, event.at, measured)
            over = ((paused_at, event.at),) if event.at > paused_at else ()
            reading = replace(reading, state=ClockState.RUNNING, due=due, pauses=(*reading.pauses, *over))
        elif event.change is ClockChange.STOPPED:
            left = measured.between(paused_at, reading.due)
            if reading.state is ClockState.PAUSED and left:
                reading = replace(reading, due=max(reading.due, event.at + left))
            stopped_at = event.at
            reading = replace(reading, state=ClockState.STOPPED)
        elif event.change is ClockChange.TIGHTENED and event.limit is not None:
            time = event.counted or measured
            due = due_after_pauses(time.add(started, event.limit), reading.pauses, time)
            if due < reading.due:
                reading, measured = replace(reading, due=due), time
    if reading is None:
        return None
    moment = {ClockState.RUNNING: at, ClockState.PAUSED: paused_at, ClockState.STOPPED: stopped_at}[reading.state]
    return replace(reading, left=time_left(reading.due, moment, measured))
