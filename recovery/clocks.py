"""The clocks of a case: what runs, how it pauses, how pressing it is.

Three clocks: a person's first answer once a person is needed; the next update while a person has the case; the
resolution. The bot's acknowledgement is its own and never counted as the person's. Moments are arguments, and so is the
time that counts.
"""

from collections.abc import Iterable
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
