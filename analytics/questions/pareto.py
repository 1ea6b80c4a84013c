"""Question: which few categories make most of the trouble, and has that changed?"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from analytics.periods import Period
from analytics.questions.question import Span
from analytics.questions.slices import Dimension, SliceQuestion, names_of
from analytics.series import counts_by_day
from analytics.sigma import WrongInput
from analytics.statistics.mix_change import MixChange, mix_change
from analytics.statistics.pareto import Pareto, pareto
from analytics.surroundings import Surroundings
from store.database import UnitOfWork

OTHER = "other"
LEVEL = 0.05


class ParetoQuestion(SliceQuestion):
    """The vital few."""

    process: Literal["recovery", "service"] = Field(
        "service", description="service: valid complaints; recovery: missed steps"
    )
    by: Dimension = Field("category", description="what is put in order")
    against: Span | None = Field(None, description="another period, earlier or later, to test whether the mix changed")

    def answer(self, work: UnitOfWork, around: Surroundings) -> "ParetoAnswer":
        self.see_that_the_step_exists(around)
        counts = self._defects(work, self.period)
        table = pareto(counts, last=OTHER) if any(counts.values()) else None
        change, no_test = None, None
        if self.against is not None:
            try:
                change = mix_change(self._defects(work, self.against), counts)
            except WrongInput as error:
                no_test = str(error)
        names = {key: names_of(self.by, self.process, key, around) for key in counts}
        return ParetoAnswer(self, around.zone.key, table, names, change, no_test)

    def _defects(self, work: UnitOfWork, period: Period) -> dict[str, int]:
        counted = counts_by_day(work, self.part, period, self.by)
        defects = {key: sum(count.defects for count in days.values()) for key, days in sorted(counted.items())}
        return {key: number for key, number in defects.items() if number}


@dataclass(frozen=True, slots=True)
class ParetoAnswer:
    """The table, and the test against the other period.

    Attributes:
        table: None where there is no defect.
        change: from the other period to this one; ``no_test`` says why there is none.
    """

    question: ParetoQuestion
    zone: str
    table: Pareto | None
    names: dict[str, dict[str, str]]
    change: MixChange | None
    no_test: str | None

    def to_json(self) -> dict[str, Any]:
        table = self.table.to_json() if self.table else None
        for row in table["rows"] if table else []:
            row["name"] = self.names.get(row["category"], {})
        return {
            "question": self.question.asked(),
            "zone": self.zone,
            "pareto": table,
            "change": self.change.to_json() if self.change else None,
            "no_test": self.no_test,
            "empty": self.table is None,
        }

    def to_text(self) -> str:
        question = self.question
        title = f"Defects of {question.part} by {question.by}, {question.period}"
        if self.table is None:
            return f"{title}: no cases yet."
        width = max(len(row.category) for row in self.table.rows) + 12
        lines = [title, "", f"{question.by:<{width}}{'defects':>9}{'share':>9}{'together':>10}"]
        for place, row in enumerate(self.table.rows, 1):
            name = row.category or "(not told)"
            line = f"{name:<{width}}{row.count:>9,.0f}{row.share:>9.1%}{row.cumulative_share:>10.1%}  "
            lines.append(f"{line}{'#' * round(40 * row.share)}".rstrip())
            if place == self.table.vital < len(self.table.rows):
                lines.append(f"-- these {place} make {self.table.vital_share:.0%} --")
        return "\n".join([*lines, *self._changes()])

    def _changes(self) -> list[str]:
        if self.no_test is not None:
            return ["", f"No test against {self.question.against}: {self.no_test}."]
        if self.change is None:
            return []
        verdict = "The mix has changed" if self.change.p < LEVEL else "No change of the mix can be shown"
        lines = [
            "",
            f"{verdict} against {self.question.against} ({self.change.method} test, p = {self.change.p:.3g}, "
            f"Cramér's V {self.change.cramers_v:.2f}).",
        ]
        for move in self.change.moves:
            if move.p_adjusted < LEVEL:
                shares = f"from {move.before_share:.1%} to {move.after_share:.1%}"
                lines.append(f"  {move.category or '(not told)'}: {shares} (p = {move.p_adjusted:.3g}, adjusted)")
        return lines

    def to_csv(self) -> Iterator[list[Any]]:
        """A heading and a row for each category."""
        yield [self.question.by, "defects", "share", "cumulative_share"]
        for row in self.table.rows if self.table else ():
            yield [row.category, row.count, row.share, row.cumulative_share]
