"""Question: the counts themselves, to be reckoned with elsewhere."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import Field

from analytics.periods import Every
from analytics.questions.slices import Dimension, SliceQuestion
from analytics.series import CountSeries, count_series
from analytics.surroundings import Surroundings
from store.database import UnitOfWork


class ExportQuestion(SliceQuestion):
    """The counts."""

    split: Dimension | None = Field(None, description="counts of each step, category, department, …")
    every: Every = Field("day", description="what a row stands for; weeks begin on Monday")

    def answer(self, work: UnitOfWork, around: Surroundings) -> "Counts":
        self.see_that_the_step_exists(around)
        today = work.now.astimezone(around.zone).date()
        return Counts(self, tuple(count_series(work, self.part, self.period, self.every, self.split, today)))


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts by key and time."""

    question: ExportQuestion
    series: tuple[CountSeries, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "question": self.question.asked(),
            "series": [series.to_json() for series in self.series],
            "empty": not self.series,
        }

    def to_text(self) -> str:
        """CSV: an export is for machines."""
        return "\n".join(",".join(_cell(cell) for cell in row) for row in self.to_csv())

    def to_csv(self) -> Iterator[list[Any]]:
        """A heading and a row for each point; opportunities are empty where there is no denominator."""
        yield ["process", self.question.split or "all", self.question.every, "defects", "opportunities"]
        for series in self.series:
            sizes = series.opportunities or [""] * len(series)
            for row in zip(series.days, series.defects, sizes, strict=True):
                day: date = row[0]
                yield [self.question.process, series.key, day.isoformat(), *row[1:]]


def _cell(value: object) -> str:
    text = str(value)
    return '"' + text.replace('"', '""') + '"' if any(sign in text for sign in ',"\n') else text
