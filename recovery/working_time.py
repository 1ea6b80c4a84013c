"""Working time: opening hours by weekday in a zone, and the arithmetic of spans that only pass while it is open.

Shifts may be several a day (``09:00-12:00, 13:30-18:00``) and reach past midnight (``22:00-06:00``: it belongs to the
day on which it begins). What counts is time that really passes: a night shift in which the clocks are set back is an
hour longer, and an hour of the wall clock that a day does not have is no working time.

All moments are aware, of any zone; moments given back are in UTC.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

_DAY_MINUTES = 24 * 60
# Nobody is closed longer than this; hours that never come would be sought for ever.
_LOOK_AHEAD_DAYS = 400
_SHIFT = re.compile(r"(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})")


class NeverOpen(ValueError):
    """There is no working time within more than a year."""


@dataclass(frozen=True, slots=True, order=True)
class Shift:
    """From ``start`` to ``end``, in minutes of the wall clock since midnight of its day; past midnight ``end`` is over
    24 hours.

    Raises:
        ValueError: it is empty, longer than a day, or begins on another day.
    """

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < _DAY_MINUTES or not self.start < self.end <= self.start + _DAY_MINUTES:
            raise ValueError("a shift begins within its day and lasts 24 hours at most")


Shifts = tuple[Shift, ...]
ALL_DAY: Shifts = (Shift(0, _DAY_MINUTES),)


def read_shifts(text: str) -> Shifts:
    """Read ``09:00-12:00, 13:30-18:00``; an end at or before its start is on the next day, ``24:00`` is midnight.

    Returns:
        In the order of the day.

    Raises:
        ValueError: it is no such list, or two of its shifts overlap.
    """
    shifts = sorted(_read_shift(part.strip()) for part in text.split(","))
    for one, next_one in pairwise(shifts):
        if next_one.start < one.end:
            raise ValueError(f"two shifts of `{text}` overlap")
    return tuple(shifts)


def _read_shift(text: str) -> Shift:
    match = _SHIFT.fullmatch(text)
    if match is None:
        raise ValueError(f"`{text}` must be hours such as `09:00-12:00, 13:30-18:00` or `22:00-06:00`")
    from_hour, from_minute, to_hour, to_minute = map(int, match.groups())
    start, end = from_hour * 60 + from_minute, to_hour * 60 + to_minute
    if max(from_minute, to_minute) > 59 or start >= _DAY_MINUTES or end > _DAY_MINUTES or start == end:
        raise ValueError(f"`{text}` is no span of a day; all day is `00:00-24:00`")
    return Shift(start, end if end > start else end + _DAY_MINUTES)


class DayKind(StrEnum):
    """What the calendar says of a day."""

    ORDINARY = "ordinary"
    HOLIDAY = "holiday"  # public
    MAKE_UP = "make_up"  # worked although its weekday usually is not
    CLOSED = "closed"  # the firm's own day off


@dataclass(frozen=True, slots=True)
class WeeklyHours:
    """Named opening hours.

    Attributes:
        days: the shifts of Monday to Sunday; a day without any is closed.
        make_up: the shifts of a make-up day whose weekday has none of its own.
        on_holidays: whether public holidays are worked like any other day.
    """

    days: tuple[Shifts, Shifts, Shifts, Shifts, Shifts, Shifts, Shifts]
    make_up: Shifts = ()
    on_holidays: bool = False

    def on(self, day: date, kind: DayKind) -> Shifts:
        """The shifts that begin on ``day``."""
        own = self.days[day.weekday()]
        if kind is DayKind.CLOSED or (kind is DayKind.HOLIDAY and not self.on_holidays):
            return ()
        return (own or self.make_up) if kind is DayKind.MAKE_UP else own


Interval = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class WorkingTime:
    """When it is worked in a zone.

    Attributes:
        shifts_on: the shifts that begin on a day; None where it is open round the clock.
    """

    zone: ZoneInfo
    shifts_on: Callable[[date], Shifts] | None = None

    def add(self, start: datetime, span: timedelta) -> datetime:
        """The moment at which ``span`` of working time has passed since ``start``; ``start`` itself for no span.

        Where the span ends with a shift it is the end of that shift, not the beginning of the next.

        Raises:
            ValueError: a negative span.
            NeverOpen: there is not so much working time to come.
        """
        if span < timedelta(0):
            raise ValueError("working time only goes forward")
        start = start.astimezone(UTC)
        if self.shifts_on is None or not span:
            return start + span
        left = span
        for opens, closes in self._open_after(start):
            opens = max(opens, start)
            if left <= closes - opens:
                return opens + left
            left -= closes - opens
        raise NeverOpen("these hours never come")

    def between(self, start: datetime, end: datetime) -> timedelta:
        """The working time from ``start`` to ``end``; none where ``end`` is not later."""
        start, end = start.astimezone(UTC), end.astimezone(UTC)
        if end <= start:
            return timedelta(0)
        if self.shifts_on is None:
            return end - start
        worked = timedelta(0)
        for opens, closes in self._open_after(start, until=end):
            worked += min(closes, end) - max(opens, start)
        return worked

    def is_open(self, moment: datetime) -> bool:
        """Whether it is worked at ``moment``; the end of a shift is not."""
        moment = moment.astimezone(UTC)
        return any(opens <= moment < closes for opens, closes in self._open_after(moment, until=moment))

    def next_opening(self, moment: datetime) -> datetime:
        """When it is open next: ``moment`` itself where it is open.

        Raises:
            NeverOpen: not within more than a year.
        """
        moment = moment.astimezone(UTC)
        if self.shifts_on is None:
            return moment
        for opens, _ in self._open_after(moment):
            return max(opens, moment)
        raise NeverOpen("these hours never come")

    def _open_after(self, moment: datetime, until: datetime | None = None) -> Iterator[Interval]:
        """The spans that end after ``moment`` and begin by ``until``, in order, without overlap; unbounded without
        ``until`` as long as one comes within the look-ahead."""
        if self.shifts_on is None:
            yield moment, datetime.max.replace(tzinfo=UTC)
            return
        # A shift of the day before may reach into this one; clocks set back may add an hour to it.
        day = moment.astimezone(self.zone).date() - timedelta(days=2)
        last = until.astimezone(self.zone).date() if until else day + timedelta(days=_LOOK_AHEAD_DAYS)
        pending: Interval | None = None
        while day <= last:
            for shift in self.shifts_on(day):
                opens, closes = self._moment(day, shift.start), self._moment(day, shift.end)
                if closes <= opens or closes <= moment or (until is not None and opens > until):
                    continue
                if pending is not None and opens <= pending[1]:
                    # It goes on: the night shift of one day into the early shift of the next.
                    pending = (pending[0], max(pending[1], closes))
                    continue
                if pending is not None:
                    yield pending
                pending = (opens, closes)
                if until is None:
                    last = day + timedelta(days=_LOOK_AHEAD_DAYS)
            day += timedelta(days=1)
        if pending is not None:
            yield pending

    def _moment(self, day: date, minute: int) -> datetime:
        """The first moment at which the wall clock of ``day`` shows so many minutes since midnight, or more.

        Of a time that comes twice it is the first; of one that is left out, the moment the clocks are set forward
        (PEP 495 tells the two apart by ``fold``).
        """
        days, minute = divmod(minute, _DAY_MINUTES)
        wall = datetime.combine(day + timedelta(days=days), time(minute // 60, minute % 60), self.zone)
        before, after = wall.utcoffset(), wall.replace(fold=1).utcoffset()
        assert before is not None and after is not None
        if after <= before:
            return wall.astimezone(UTC)
        # Left out: the change lies between these two; offsets are whole seconds.
        naive = wall.replace(tzinfo=UTC)
        low, high = naive - after, naive - before
        while high - low > timedelta(seconds=1):
            middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
            low, high = (low, middle) if middle.astimezone(self.zone).utcoffset() == after else (middle, high)
        return high
