"""Severity, derived by the firm's rule table and never said by anyone (domain.md section 4).

The table is data (``severity.yml``). What holds for every table: a condition only ever asks for at least so much, so
that worse news never makes a complaint less severe.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from recovery.failures import Likeness, fixed_category


class Severity(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


_ORDER = list(Severity)


@dataclass(frozen=True, slots=True)
class SeverityInputs:
    """What severity is derived from.

    Attributes:
        emotion: 0 calm to 3 furious or threatening.
        amount_minor: what is at stake in minor units of the firm's currency, where known.
        earlier_cases: complaints of this customer within the last 90 days.
        like: the fixed category whose rules apply to each of the firm's own.
        about_handling: whether the complaint is about how another one was handled.
    """

    categories: tuple[str, ...]
    risks: tuple[str, ...]
    emotion: int
    amount_minor: int | None = None
    tier: str = "regular"
    earlier_cases: int = 0
    like: Likeness = field(default_factory=dict)
    about_handling: bool = False


@dataclass(frozen=True, slots=True)
class SeverityCondition:
    """When a rule speaks: where all that it asks holds; one of each list is enough. One that asks nothing never speaks.

    Attributes:
        categories: fixed ones, which also mean those of the firm's own that are like them; or the firm's own.
        emotion_at_least: 1 to 3.
        amount_at_least: minor units of the firm's currency; an unknown amount is none.
        earlier_cases_at_least: within the last 90 days.
        categories_at_least: different failures in one complaint.
        about_handling: asks that the complaint is about how another one was handled; False asks nothing.
    """

    categories: frozenset[str] = frozenset()
    risks: frozenset[str] = frozenset()
    emotion_at_least: int | None = None
    amount_at_least: int | None = None
    tiers: frozenset[str] = frozenset()
    earlier_cases_at_least: int | None = None
    categories_at_least: int | None = None
    about_handling: bool = False

    def holds(self, inputs: SeverityInputs) -> bool:
        """Whether the rule speaks of ``inputs``."""
        failed = set(inputs.categories) | {fixed_category(key, inputs.like) for key in inputs.categories}
        asked = (
            (bool(self.categories), not self.categories.isdisjoint(failed)),
            (bool(self.risks), not self.risks.isdisjoint(inputs.risks)),
            (bool(self.tiers), inputs.tier.lower() in self.tiers),
            _at_least(self.emotion_at_least, inputs.emotion),
            _at_least(self.amount_at_least, inputs.amount_minor),
            _at_least(self.earlier_cases_at_least, inputs.earlier_cases),
            _at_least(self.categories_at_least, len(set(inputs.categories))),
            (self.about_handling, inputs.about_handling),
        )
        return any(is_asked for is_asked, _ in asked) and all(met for is_asked, met in asked if is_asked)


def _at_least(bound: int | None, value: int | None) -> tuple[bool, bool]:
    """Whether it is asked, and whether it is so."""
    return bound is not None, bound is not None and value is not None and value >= bound


@dataclass(frozen=True, slots=True)
class SeverityRule:
    """A row of the table: what it asks, and how severe a complaint is for which it holds."""

    id: str
    when: SeverityCondition
    severity: Severity


SeverityTable = Sequence[SeverityRule]


@dataclass(frozen=True, slots=True)
class SeverityJudgement:
    """How severe a complaint is, and the ids of the rules that made it so; none where no rule spoke."""

    severity: Severity
    rules: tuple[str, ...]


def judge_severity(inputs: SeverityInputs, table: SeverityTable) -> SeverityJudgement:
    """The highest severity that any rule of ``table`` gives, and which rules gave it; low where none speaks.

    Source: domain.md section 4 (derived by a rule table from category, risk, emotion, amount, tier and repeat count);
    the sources of the rules stand beside them in the firm's file.
    """
    spoke = [rule for rule in table if rule.when.holds(inputs)]
    highest = max((rule.severity for rule in spoke), key=_ORDER.index, default=Severity.LOW)
    return SeverityJudgement(highest, tuple(rule.id for rule in spoke if rule.severity is highest))


def derive_severity(inputs: SeverityInputs, table: SeverityTable) -> Severity:
    """As :func:`judge_severity`, without the reasons."""
    return judge_severity(inputs, table).severity
