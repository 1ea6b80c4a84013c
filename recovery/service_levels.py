"""Due times (S0: 30 minutes, 2 hours, 24 hours, 3 working days)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from recovery.severity import Severity
from recovery.working_time import ALL_DAY, WorkingTime

# Tells whether a day is worked, by the firm's calendar (public holidays and make-up working days).
WorkedDay = Callable[[date], bool]


class Measure(StrEnum):
    """The time in which a limit passes."""

    CLOCK = "clock"  # day and night
    HOURS = "hours"  # a department's working time
    DAYS = "days"  # worked days, from midnight to midnight


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """A span of clock time, of a department's working time, or of whole working days; exactly one of the three.

    Raises:
        ValueError: none or several are given, or one is not positive.
    """

    clock: timedelta | None = None
    working_days: int | None = None
    working_time: timedelta | None = None

    def __post_init__(self) -> None:
        given = [span for span in (self.clock, self.working_days, self.working_time) if span is not None]
        if len(given) != 1:
            raise ValueError("a time limit is either clock time, working time or working days")
        if any(span <= timedelta(0) for span in (self.clock, self.working_time) if span is not None) or (
            self.working_days is not None and self.working_days < 1
        ):
            raise ValueError("a time limit must be positive")

    @property
    def measure(self) -> Measure:
        if self.clock is not None:
            return Measure.CLOCK
        return Measure.HOURS if self.working_time is not None else Measure.DAYS


@dataclass(frozen=True, slots=True)
class ServiceLevels:
    """The limits by severity, and the clock of the bot's own acknowledgement.

    Attributes:
        next_update: while a person has the case, the customer hears something by then; empty where none is kept.
        consultation: for the answer of a department that is asked.
        warn_at: the share of a limit after which somebody is warned.
        take_back_after: a taken conversation goes back to the queue where its holder is silent for so long after the
            customer spoke; None where it never does.
    """

    acknowledgement: timedelta
    first_response: dict[Severity, TimeLimit]
    resolution: dict[Severity, TimeLimit]
    next_update: dict[Severity, TimeLimit] = field(default_factory=dict)
    consultation: dict[Severity, TimeLimit] = field(default_factory=dict)
    warn_at: float = 0.75
    take_back_after: TimeLimit | None = None


def due_at(
    start: datetime, limit: TimeLimit, zone: ZoneInfo, worked: WorkedDay, hours: WorkingTime | None = None
) -> datetime:
    """When ``limit`` runs out, counted from ``start``.

    Clock time runs day and night, working time while ``hours`` are open. Working days are counted in the firm's zone:
    the day of the start does not count, and the limit ends at the close of the last day counted.

    Args:
        start: aware.
        hours: of the department that must keep the limit; round the clock where none are given.

    Returns:
        Aware, in UTC.
    """
    if limit.clock is not None:
        return start.astimezone(UTC) + limit.clock
    if limit.working_time is not None:
        return (hours or WorkingTime(zone)).add(start, limit.working_time)
    assert limit.working_days is not None
    day, left = start.astimezone(zone).date(), limit.working_days
    while left:
        day += timedelta(days=1)
        left -= worked(day)
    end = datetime.combine(day + timedelta(days=1), datetime.min.time(), zone)
    return end.astimezone(UTC)


def time_counted(measure: Measure, zone: ZoneInfo, worked: WorkedDay, hours: WorkingTime | None = None) -> WorkingTime:
    """The time that ``measure`` counts.

    Args:
        hours: of the department; round the clock where none are given.
    """
    if measure is Measure.CLOCK:
        return WorkingTime(zone)
    if measure is Measure.HOURS:
        return hours or WorkingTime(zone)
    return WorkingTime(zone, lambda day: ALL_DAY if worked(day) else ())
