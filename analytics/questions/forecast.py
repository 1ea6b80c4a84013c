"""Question: how many complaints will there be?"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from pydantic import Field

from analytics.periods import Period
from analytics.questions.question import PeriodQuestion
from analytics.recovery_steps import RECOVERY
from analytics.series import Slice, counts_by_day
from analytics.sigma import WrongInput
from analytics.statistics.forecast import WEEKDAYS, Forecast, forecast
from analytics.surroundings import Surroundings
from store.database import UnitOfWork

# Every complaint is understood once, on the day it is heard: its opportunities are the complaints.
HEARD = "understood_right"
_ALL = "all"
# Older days weigh next to nothing in a forecast.
_LONGEST = timedelta(days=3 * 366)


class ForecastQuestion(PeriodQuestion):
    """How many will come?"""

    category: str | None = Field(None, description="one category; the largest and all together without")
    days: int = Field(14, ge=1, le=180, description="how many days to look ahead")
    most: int = Field(8, ge=1, le=50, description="how many categories, the largest first")
    confidence: float = Field(0.9, gt=0, lt=1, description="that a day's number lies within its interval")

    def answer(self, work: UnitOfWork, around: Surroundings) -> "ForecastAnswer":
        yesterday = work.now.astimezone(around.zone).date() - timedelta(days=1)
        # Today is not over: it would look like a quiet day.
        last = min(self.until or yesterday, yesterday)
        since = max(self.since or date.min, last - _LONGEST)
        part = Slice(RECOVERY, HEARD, self.category)
        counted = counts_by_day(work, part, Period(since, last), "category")
        numbers: dict[str, dict[date, int]] = defaultdict(lambda: defaultdict(int))
        for category, days in counted.items():
            for day, count in days.items():
                for key in (category, _ALL) if self.category is None else (category,):
                    numbers[key][day] += count.opportunities
        sizes = {key: sum(days.values()) for key, days in numbers.items()}
        chosen = sorted(numbers, key=lambda key: (key != _ALL, -sizes[key], key))[: self.most + 1]
        first = max(since, min((day for days in numbers.values() for day in days), default=last))
        history = [first + timedelta(days=step) for step in range((last - first).days + 1)]
        coming = [last + timedelta(days=step) for step in range(1, self.days + 1)]
        free, made_up = around.public_days.among([*history, *coming])
        made: dict[str, Forecast] = {}
        refused: dict[str, str] = {}
        for key in chosen:
            around.go_on()
            try:
                made[key] = forecast(
                    history,
                    [numbers[key].get(day, 0) for day in history],
                    self.days,
                    holidays=free,
                    make_up_days=made_up,
                    confidence=self.confidence,
                )
            except WrongInput as error:
                refused[key] = str(error)
        calendar = around.public_days.public_calendar
        return ForecastAnswer(self, around.zone.key, calendar, made, refused, len(numbers) - len(chosen))


@dataclass(frozen=True, slots=True)
class ForecastAnswer:
    """Forecasts by category, all together first.

    Attributes:
        refused: why there is none, by category.
        more: further categories, which are not shown.
    """

    question: ForecastQuestion
    zone: str
    calendar: str
    made: dict[str, Forecast]
    refused: dict[str, str]
    more: int

    def to_json(self) -> dict[str, Any]:
        return {
            "question": self.question.asked(),
            "zone": self.zone,
            "calendar": self.calendar,
            "forecasts": [{"category": key, **found.to_json()} for key, found in self.made.items()],
            "refused": self.refused,
            "more": self.more,
            "empty": not self.made and not self.refused,
        }

    def to_text(self) -> str:
        title = f"Complaints to expect, for {self.question.days} days"
        if not self.made and not self.refused:
            return f"{title}: no cases yet."
        lines = [title]
        for key, found in self.made.items():
            low, high = found.confidence, found.days
            lines += ["", f"{key or '(not told)'}, each day with its {low:.0%} interval:"]
            lines += [
                f"  {day} {WEEKDAYS[day.weekday()][:3]}{mean:>9.1f}   {lowest} to {highest}"
                for day, mean, lowest, highest in zip(high, found.mean, found.low, found.high, strict=True)
            ]
            lines += _effects(found)
        lines += [f"{key or '(not told)'}: no forecast yet: {why}" for key, why in self.refused.items()]
        lines += ["", f"Holidays by the calendar {self.calendar}; days in {self.zone}."]
        return "\n".join(lines)

    def to_csv(self) -> Iterator[list[Any]]:
        """A heading and a row for each category and day."""
        yield ["category", "day", "expected", "low", "high"]
        for key, found in self.made.items():
            for row in zip(found.days, found.mean, found.low, found.high, strict=True):
                yield [key, row[0].isoformat(), *row[1:]]


def _effects(found: Forecast) -> list[str]:
    lines = []
    if found.weekday_effects:
        named = ", ".join(f"{name[:3]} {factor:.2f}" for name, factor in found.weekday_effects.items())
        lines.append(f"  times the usual level: {named}")
    if found.holiday_effect is not None:
        lines.append(f"  holidays {found.holiday_effect:.2f}")
    if found.backtest is not None:
        tested = found.backtest
        error = (
            f"  {tested.folds} forecasts of the past were wrong by {tested.mean_absolute_error:.1f} a day on average"
        )
        if tested.mase is not None:
            error += f", {tested.mase:.2f} times as much as the count of a week before"
        lines.append(f"{error}; intervals held {tested.coverage:.0%} of days")
    return [*lines, *(f"  note: {note}" for note in found.notes)]
