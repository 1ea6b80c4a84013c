"""Due times as people see them: how much is left, and how pressing that is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

Stage = Literal["calm", "half", "soon", "late", "met", "missed"]


@dataclass(frozen=True, slots=True)
class Clock:
    """A due time.

    Attributes:
        left: until it is due; negative once it is late; for a clock that has stopped, from its stop.
        stage: by the share of the time that has passed: under a half, a half, three quarters, all of it; ``met`` and
            ``missed`` for a clock that has stopped.
    """

    due: datetime
    left: timedelta
    stage: Stage


def read_clock(start: datetime, due: datetime, now: datetime, stopped: datetime | None = None) -> Clock:
    """The clock that ran from ``start`` and is due at ``due``; all moments aware."""
    if stopped is not None:
        return Clock(due, due - stopped, "met" if stopped <= due else "missed")
    if now >= due:
        return Clock(due, due - now, "late")
    passed = (now - start) / (due - start) if due > start else 1.0
    stage: Stage = "soon" if passed >= 0.75 else "half" if passed >= 0.5 else "calm"
    return Clock(due, due - now, stage)
