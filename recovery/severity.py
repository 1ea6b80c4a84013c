"""Severity, derived by a rule table and never said by anyone (domain.md section 4)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from recovery.failures import Category, Likeness, Risk, fixed_category


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
        amount_minor: what is at stake in minor units, where known.
        earlier_cases: complaints of this customer within the last 90 days.
        like: the fixed category whose rules apply to each of the firm's own.
    """

    categories: tuple[str, ...]
    risks: tuple[str, ...]
    emotion: int
    amount_minor: int | None = None
    tier: str = "regular"
    earlier_cases: int = 0
    like: Likeness = field(default_factory=dict)


def _highest(found: Iterable[Severity]) -> Severity:
    return max(found, key=_ORDER.index)


# What is at stake counts as high from here on, in minor units.
HIGH_AMOUNT_MINOR = 200_000


def derive_severity(inputs: SeverityInputs) -> Severity:
    """The highest severity that any rule gives; low where none speaks.

    Sources: danger to person and data is handed over at once (GB/T 47746-2026), so it is critical; threats of law and
    press, fury, vulnerable people, a large amount, an angry VIP (customer pyramid, S3) and repeated failure (double
    deviation, S0) are high; anger, accusations of fraud, a customer about to leave, a second complaint, failures that
    come together and failed after-sales service (the recovery failed, too) are medium.
    """
    found = [Severity.LOW]
    categories = {fixed_category(key, inputs.like) for key in inputs.categories}
    risks = set(inputs.risks)
    if Category.SAFETY in categories or Risk.SAFETY in risks:
        found.append(Severity.CRITICAL)
    if Category.PRIVACY_SECURITY in categories or Risk.PRIVACY in risks:
        found.append(Severity.CRITICAL)
    if risks & {Risk.LEGAL, Risk.MEDIA} or inputs.emotion >= 3:
        found.append(Severity.HIGH)
    if Risk.VULNERABLE in risks:
        found.append(Severity.HIGH)
    if inputs.amount_minor is not None and inputs.amount_minor >= HIGH_AMOUNT_MINOR:
        found.append(Severity.HIGH)
    if inputs.earlier_cases >= 2 or (inputs.tier == "vip" and inputs.emotion >= 2):
        found.append(Severity.HIGH)
    if inputs.emotion == 2 or Risk.FRAUD in risks or Risk.CHURN in risks or inputs.earlier_cases == 1:
        found.append(Severity.MEDIUM)
    if len(set(inputs.categories)) > 1 or Category.AFTER_SALES in categories:
        found.append(Severity.MEDIUM)
    return _highest(found)
