"""The life of an incident, and how fast those it touches are told (domain.md sections 1 and 3: feed-forward, 前馈)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

_MINUTE = timedelta(minutes=1)


class IncidentState(StrEnum):
    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    STOPPED = "stopped"


class IncidentDeed(StrEnum):
    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    FINISH = "finish"  # everybody has been told


_S, _D = IncidentState, IncidentDeed
_WAYS: dict[IncidentState, dict[IncidentDeed, IncidentState]] = {
    _S.DRAFT: {_D.START: _S.RUNNING},
    _S.RUNNING: {_D.PAUSE: _S.PAUSED, _D.STOP: _S.STOPPED, _D.FINISH: _S.DONE},
    _S.PAUSED: {_D.RESUME: _S.RUNNING, _D.STOP: _S.STOPPED},
    # What was said cannot be taken back; going on needs a new incident.
    _S.DONE: {},
    _S.STOPPED: {},
}
# Those that complaints join at once, and the others only for a while after their end.
UNDER_WAY = frozenset({_S.RUNNING, _S.PAUSED})


class RowState(StrEnum):
    """What became of telling the customer of one order."""

    WAITING = "waiting"
    TOLD = "told"
    BY_HAND = "by_hand"
    JOINED = "joined"
    SAME_CUSTOMER = "same_customer"
    UNREACHABLE = "unreachable"
    UNKNOWN = "unknown"


# The customer has heard of it, in whatever way: they must not hear again.
HEARD = frozenset({RowState.TOLD, RowState.BY_HAND, RowState.JOINED, RowState.SAME_CUSTOMER})


class WaitsFor(StrEnum):
    """Why a customer is not told yet."""

    PERSON = "person"
    QUESTION = "question"
    BUSY = "busy"


class IllegalDeed(Exception):
    """An incident cannot go the way that was asked."""


def follow_deed(state: IncidentState, deed: IncidentDeed) -> IncidentState:
    """The state that ``deed`` leads to.

    Raises:
        IllegalDeed: the state knows no such way.
    """
    try:
        return _WAYS[state][deed]
    except KeyError:
        raise IllegalDeed(f"an incident that is {state} cannot {deed}") from None


def joins(state: IncidentState, ended_at: datetime | None, now: datetime, joined_for: timedelta) -> bool:
    """Whether complaints join an incident now: under way, or ended no longer than ``joined_for`` ago.

    A draft has told nobody anything; nobody joins what may never happen.
    """
    if state in UNDER_WAY:
        return True
    return state is not _S.DRAFT and ended_at is not None and now - ended_at <= joined_for


def may_tell(told: Sequence[datetime], under_way: int, per_minute: int, now: datetime) -> int:
    """How many more may be told now, so that within no minute more than ``per_minute`` are.

    Args:
        told: when customers were told; those older than a minute do not count.
        under_way: how many are being told at this moment, by whomever.
    """
    recent = sum(1 for moment in told if moment > now - _MINUTE)
    return max(0, per_minute - recent - under_way)
