"""What a gate looks at an improvement with."""

from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

from analytics.improvement.gates.gate_report import Finding
from analytics.improvement.loops.documents import FORMS, Baseline, Document, Test, documents_of
from analytics.improvement.part import Part
from analytics.improvement.policy import ImprovementPolicy, read_policy
from analytics.improvement.proof.evidence import (
    DayCounts,
    Side,
    before_of,
    left_out_days,
    read_side,
    settled_until,
    today_of,
)
from analytics.periods import Period
from analytics.surroundings import Surroundings
from store.database import UnitOfWork
from store.tables.improvement import Improvement


@dataclass
class Look:
    """One look at one improvement.

    Attributes:
        freezes: figures to be fixed for good, by name.
    """

    work: UnitOfWork
    around: Surroundings
    improvement: Improvement
    freezes: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def policy(self) -> ImprovementPolicy:
        return read_policy(self.around.folder)

    @cached_property
    def part(self) -> Part:
        return Part.of(self.improvement)

    @cached_property
    def documents(self) -> dict[str, Document]:
        return documents_of(self.improvement.content)

    @cached_property
    def today(self) -> date:
        return today_of(self.work, self.around)

    @cached_property
    def settled(self) -> date:
        return settled_until(self.today, self.policy)

    @cached_property
    def left_out(self) -> tuple[date, ...]:
        return left_out_days(self.work, self.improvement)

    @property
    def figures(self) -> dict[str, Any]:
        found: dict[str, Any] = self.improvement.content.get("figures", {})
        return found

    @property
    def baseline(self) -> Baseline | None:
        found = self.documents.get("baseline")
        return found if isinstance(found, Baseline) else None

    @property
    def test(self) -> Test | None:
        found = self.documents.get("test")
        return found if isinstance(found, Test) else None

    @property
    def measure(self) -> str:
        return self.test.measure if self.test else "defects"

    def written_on(self, section: str) -> date | None:
        """The day, in the firm's zone, on which a section got the words it has."""
        told = self.improvement.content.get("written", {}).get(section)
        return datetime.fromisoformat(told["at"]).astimezone(self.around.zone).date() if told else None

    def has(self, *sections: str) -> list[Finding]:
        """That sections are written."""
        assert all(section in FORMS for section in sections)
        return [Finding(f"{section}_written", section in self.documents) for section in sections]

    def before(self) -> Side | None:
        """The side before: of counts the frozen one, of ratings and times as they are known now."""
        if self.baseline is None:
            return None
        frozen = self.freezes.get("baseline") or self.figures.get("baseline") or {}
        period = before_of(self.baseline, self.test)
        of_these_days = all(frozen.get(end) == getattr(self.baseline, end).isoformat() for end in ("since", "until"))
        if self.measure == "defects" and of_these_days and "by_day" in frozen:
            return DayCounts.from_json(frozen["by_day"]).within(period)
        return self.read(period).within(period, self.left_out)

    def read(self, period: Period) -> Side:
        return read_side(self.work, self.around, self.part, self.measure, period)
