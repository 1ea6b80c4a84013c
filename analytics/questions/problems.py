"""Question: what do customers complain about, what may be behind it, what helps, and what does that bring (S4)?"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from analytics.improvement.problem_table import CELLS, DATA, Row, problem_table
from analytics.questions.question import Question
from analytics.surroundings import Surroundings
from store.database import UnitOfWork


class ProblemsQuestion(Question):
    """S4's table."""

    def answer(self, work: UnitOfWork, around: Surroundings) -> "ProblemsAnswer":
        return ProblemsAnswer(problem_table(work, around))


@dataclass(frozen=True, slots=True)
class ProblemsAnswer:
    """The rows, what happens most first."""

    rows: tuple[Row, ...]

    def to_json(self) -> dict[str, Any]:
        known = any(row.source == DATA or row.figures["complaints"] for row in self.rows)
        return {"rows": [row.to_json() for row in self.rows], "empty": not known}

    def to_text(self) -> str:
        lines = []
        for row in self.rows:
            share = row.figures.get("share")
            often = f" ({row.figures['complaints']} complaints, {share:.0%})" if share else ""
            lines.append(f"{row.type['en']}{often}")
            for cell in CELLS:
                source = "" if row.sources[cell] == DATA else f"  [{row.sources[cell]}]"
                lines.append(f"  {cell:<11}{getattr(row, cell)['en']}{source}")
            lines.append("")
        return "\n".join(lines).rstrip() or "no rows: data/firm has no problem_table.yml, and there are no complaints"

    def to_csv(self) -> Iterator[list[Any]]:
        """A heading and a row for each type."""
        yield ["key", "language", "type", *CELLS, "source", "complaints", "share"]
        for row in self.rows:
            for language in ("zh", "en"):
                texts = [getattr(row, name)[language] for name in ("type", *CELLS)]
                yield [row.key, language, *texts, row.source, row.figures["complaints"], row.figures.get("share")]
