"""The form of the firm's files."""

import re
from datetime import date, timedelta
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from recovery.failures import Category
from recovery.service_levels import TimeLimit
from recovery.severity import Severity
from recovery.working_time import Shifts, WeeklyHours, read_shifts
from store.calendar import check_public_calendar

# Longer ones no calendar holds.
_SPAN = re.compile(r"(\d{1,6}) (second|minute|hour|day)s?")


def _span(value: object) -> object:
    """Read ``30 minutes`` as a span of clock time."""
    if isinstance(value, str) and (match := _SPAN.fullmatch(value)):
        return timedelta(**{match[2] + "s": int(match[1])})
    raise ValueError("must be a span such as `30 minutes`, `2 hours` or `7 days`")


def _limit(value: object) -> object:
    """Read ``2 hours``, ``2 working hours`` or ``3 working days`` as a time limit."""
    if isinstance(value, str) and (match := re.fullmatch(r"(\d{1,6}) working (minute|hour|day)s?", value)):
        if match[2] == "day":
            return TimeLimit(working_days=int(match[1]))
        return TimeLimit(working_time=timedelta(**{match[2] + "s": int(match[1])}))
    span = _span(value)
    assert isinstance(span, timedelta)
    return TimeLimit(clock=span)


Span = Annotated[timedelta, BeforeValidator(_span)]
Limit = Annotated[TimeLimit, BeforeValidator(_limit)]


def _shifts(value: object) -> object:
    """Read ``09:00-12:00, 13:30-18:00`` as the shifts of a day; ``closed`` as none."""
    if value == "closed":
        return ()
    if not isinstance(value, str):
        raise ValueError("must be hours such as `09:00-12:00, 13:30-18:00`, or `closed`")
    return read_shifts(value)


DayHours = Annotated[Shifts, BeforeValidator(_shifts)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Bilingual(_Strict):
    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def in_language(self, language: str) -> str:
        return self.zh if language == "zh" else self.en


class FirmFile(_Strict):
    """``firm.yml``: who the firm is, and its spans of time."""

    name: Bilingual
    zone: str
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    language: Literal["zh", "en"]
    reopen_window: Span
    follow_up_after: Span
    close_after: Span
    remind_after: Span = timedelta(hours=24)
    close_unanswered_after: Span = timedelta(days=3)
    call_back_within: Limit
    by_hand_within: Limit = TimeLimit(working_days=3)
    voucher_valid: Span
    holding_line_after: Span
    privacy_notice: Bilingual

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError("is no time zone, such as Asia/Shanghai") from None
        return value


class ServiceLevelsFile(_Strict):
    """``service_levels.yml``: time limits by severity."""

    acknowledgement: Span
    first_response: dict[Severity, Limit]
    resolution: dict[Severity, Limit]
    # A firm may do without these: no such clock is kept, nothing is taken back.
    next_update: dict[Severity, Limit] = {}
    consultation: dict[Severity, Limit] = {}
    warn_at: float = Field(0.75, gt=0, lt=1, description="share of a limit")
    take_back_after: Limit | None = None

    @field_validator("first_response", "resolution", "next_update", "consultation")
    @classmethod
    def _all(cls, value: dict[Severity, TimeLimit]) -> dict[Severity, TimeLimit]:
        if missing := set(Severity) - set(value):
            raise ValueError(f"nothing is said for {', '.join(sorted(missing))}")
        return value


class DepartmentFile(_Strict):
    key: str = Field(pattern=r"^[a-z_]{2,64}$")
    name: Bilingual
    categories: list[str] = []
    hours: str | None = None  # named in calendar.yml; round the clock without


class DepartmentsFile(_Strict):
    """``departments.yml``: who takes which failure; the first department is the front door."""

    departments: list[DepartmentFile] = Field(min_length=1)

    @field_validator("departments")
    @classmethod
    def _one_each(cls, value: list[DepartmentFile]) -> list[DepartmentFile]:
        if len({department.key for department in value}) < len(value):
            raise ValueError("two departments have the same key")
        taken = [category for department in value for category in department.categories]
        if len(set(taken)) < len(taken):
            raise ValueError("a category belongs to one department")
        return value


class HoursFile(_Strict):
    """Named hours: those of a day, else of weekdays or weekends, else of every day."""

    every_day: DayHours = ()
    weekdays: DayHours | None = None
    weekends: DayHours | None = None
    monday: DayHours | None = None
    tuesday: DayHours | None = None
    wednesday: DayHours | None = None
    thursday: DayHours | None = None
    friday: DayHours | None = None
    saturday: DayHours | None = None
    sunday: DayHours | None = None
    make_up_days: DayHours | None = None
    public_holidays: Literal["closed", "open"] = "closed"

    @model_validator(mode="after")
    def _sometimes_open(self) -> Self:
        if not any(self.weekly.days):
            raise ValueError("these hours are never open")
        return self

    @property
    def weekly(self) -> WeeklyHours:
        """The hours of each weekday; a make-up day whose weekday has none has those of the first day that has."""
        named = (self.monday, self.tuesday, self.wednesday, self.thursday, self.friday, self.saturday, self.sunday)
        monday, tuesday, wednesday, thursday, friday, saturday, sunday = (
            next(hours for hours in (own, general, self.every_day) if hours is not None)
            for own, general in zip(named, 5 * [self.weekdays] + 2 * [self.weekends], strict=True)
        )
        days = (monday, tuesday, wednesday, thursday, friday, saturday, sunday)
        first = next((hours for hours in days if hours), ())
        make_up = first if self.make_up_days is None else self.make_up_days
        return WeeklyHours(days, make_up, self.public_holidays == "open")


class CalendarFile(_Strict):
    """``calendar.yml``: which days are worked. ``days_off`` and ``worked`` come on top of the public calendar."""

    public_calendar: str
    days_off: list[date] = []
    worked: list[date] = []
    hours: dict[Annotated[str, Field(pattern=r"^[a-z_]{2,64}$")], HoursFile] = {}

    @field_validator("public_calendar")
    @classmethod
    def _known_calendar(cls, value: str) -> str:
        check_public_calendar(value)
        return value


class TaxonomyEntry(_Strict):
    """A category; one of the firm's own may say whose rules apply where the firm gave it none.

    Its key has 40 characters at most, as many as ``cases.failure_type`` holds. It is not ``emotion``: a case
    keeps the words that spoke for each category under its key, and those that spoke for the emotion under that one.
    """

    key: str = Field(pattern=r"^[a-z_]{2,40}$")
    name: Bilingual
    like: Category | None = None

    @model_validator(mode="after")
    def _own_alone(self) -> Self:
        if self.like is not None and self.key in set(Category):
            raise ValueError(f"{self.key} is a fixed category and goes by its own rules: it is like no other")
        if self.key == "emotion":
            raise ValueError("the words that spoke for the emotion are kept by this key")
        return self


class TaxonomyFile(_Strict):
    """``taxonomy.yml``: the categories; the fixed ones all, the firm's own beside them."""

    categories: list[TaxonomyEntry]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        keys: set[str] = set()
        for number, entry in enumerate(self.categories):
            if entry.key in keys:
                raise PydanticCustomError(
                    "repeated",
                    "the category {key} stands here twice",
                    {"key": entry.key, "place": ("categories", number, "key")},
                )
            keys.add(entry.key)
        if missing := set(Category) - keys:
            raise ValueError(f"no name for {', '.join(sorted(missing))}")
        return self

    @property
    def like(self) -> dict[str, Category]:
        """The fixed category whose rules apply to each of the firm's own; ``other`` where the firm named none."""
        return {entry.key: entry.like or Category.OTHER for entry in self.categories if entry.key not in set(Category)}
