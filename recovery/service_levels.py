"""Due times (S0: 30 minutes, 2 hours, 24 hours, 3 working days)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from recovery.severity import Severity

# Tells whether a day is worked, by the firm's calendar (public holidays and make-up working days).
WorkedDay = Callable[[date], bool]


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """A span of clock time, or of whole working days; exactly one of the two.

    Raises:
        ValueError: none or both are given, or one is not positive.
    """

    clock: timedelta | None = None
    working_days: int | None = None

    def __post_init__(self) -> None:
        if (self.clock is None) == (self.working_days is None):
            raise ValueError("a time limit is either clock time or working days")
        if (self.clock is not None and self.clock <= timedelta(0)) or (
            self.working_days is not None and self.working_days < 1
        ):
            raise ValueError("a time limit must be positive")


@dataclass(frozen=True, slots=True)
class ServiceLevels:
    """The limits by severity, and the clock of the bot's own acknowledgement."""

    acknowledgement: timedelta
    first_response: dict[Severity, TimeLimit]
    resolution: dict[Severity, TimeLimit]


def due_at(start: datetime, limit: TimeLimit, zone: ZoneInfo, worked: WorkedDay) -> datetime:
    """When ``limit`` runs out, counted from ``start``.

    Clock time runs day and night. Working days are counted in the firm's zone: the day of the start does not count, and
    the limit ends at the close of the last day counted.

    Args:
        start: aware.

    Returns:
        Aware, in UTC.
    """
    if limit.clock is not None:
        return (start + limit.clock).astimezone(UTC)
    assert limit.working_days is not None
    day, left = start.astimezone(zone).date(), limit.working_days
    while left:
        day += timedelta(days=1)
        left -= worked(day)
    end = datetime.combine(day + timedelta(days=1), datetime.min.time(), zone)
    return end.astimezone(UTC)
