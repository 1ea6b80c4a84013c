"""Days, weeks and months as points of a series; periods as people write them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Literal

# Days that can be reckoned with: some more to either side are always days, too.
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2999, 12, 31)

Every = Literal["day", "week", "month"]


@dataclass(frozen=True, slots=True)
class Period:
    """Days in the firm's zone, both ends included; None for no limit."""

    since: date | None = None
    until: date | None = None

    def __contains__(self, day: date) -> bool:
        return (self.since is None or day >= self.since) and (self.until is None or day <= self.until)

    def __str__(self) -> str:
        if self.since is None and self.until is None:
            return "all days"
        ends = (("since", self.since), ("until", self.until))
        return " ".join(f"{word} {day}" for word, day in ends if day is not None)

    def to_json(self) -> dict[str, Any]:
        return {"since": self.since and self.since.isoformat(), "until": self.until and self.until.isoformat()}


ALL_DAYS = Period()


def read_day(value: object) -> object:
    """A day as written.

    Raises:
        ValueError: it is none; anything that is not text is handed back.
    """
    if not isinstance(value, str):
        return value
    try:
        day = date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"{value!r} is no day such as 2026-10-01") from None
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"must lie between {FIRST_DAY} and {LAST_DAY}, not on {day}")
    return day


def read_period(value: object) -> object:
    """A period as written, ``2026-10-01:2026-10-31``; either end may be left out.

    Raises:
        ValueError: it is none; anything that is not text is handed back.
    """
    if not isinstance(value, str):
        return value
    first, colon, last = value.partition(":")
    if not colon or not (first or last):
        raise ValueError(f"must be two days with a colon, such as 2026-10-01:2026-10-31, not {value!r}")
    since, until = (read_day(end) if end else None for end in (first, last))
    if since and until and since > until:  # type: ignore[operator]
        raise ValueError(f"ends on {until} before it begins on {since}")
    return Period(since, until)  # type: ignore[arg-type]


# Every row of a roll-up asks, and they are of the same few thousand days.
@lru_cache(maxsize=20_000)
def start_of(day: date, every: Every) -> date:
    """The first day of the day, week (from Monday) or month that ``day`` lies in."""
    if every == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if every == "month" else day


def end_of(day: date, every: Every) -> date:
    """The last day of the day, week or month that ``day`` lies in."""
    if every == "week":
        return start_of(day, every) + timedelta(days=6)
    if every == "month":
        return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return day


def starts_between(first: date, last: date, every: Every) -> Iterator[date]:
    """The first day of each day, week or month from that of ``first`` to that of ``last``."""
    at = start_of(first, every)
    while at <= last:
        yield at
        at = end_of(at, every) + timedelta(days=1)
