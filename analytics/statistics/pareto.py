"""Pareto table: which few categories make most of the trouble (Juran 1951)."""

from collections.abc import Mapping
from dataclasses import dataclass

from analytics.sigma import WrongInput
from analytics.statistics.inputs import count, real
from analytics.statistics.result import Result


@dataclass(frozen=True, slots=True)
class ParetoRow(Result):
    """One category; shares between 0 and 1."""

    category: str
    count: float
    cumulative: float
    share: float
    cumulative_share: float


@dataclass(frozen=True, slots=True)
class Pareto(Result):
    """Categories in falling order.

    Attributes:
        total: of all counts.
        vital: how many of the first rows reach ``vital_share`` of the total.
        last: the category that was put last whatever its count; None for none.
    """

    rows: tuple[ParetoRow, ...]
    total: float
    vital: int
    vital_share: float
    last: str | None


def pareto(
    counts: Mapping[str, int] | Mapping[str, float],
    *,
    last: str | None = None,
    vital_share: float = 0.8,
    whole: bool = True,
) -> Pareto:
    """Sort categories by count; those with the same count keep their order.

    Args:
        counts: of each category; also costs or hours, with ``whole`` off.
        last: category to put last, such as "other"; it may be absent.
        vital_share: of the total, that the vital few must reach.

    Raises:
        WrongInput: there are no counts, one is wrong, or all are 0.
    """
    if not counts:
        raise WrongInput("there are no categories to sort")
    for row, (category, value) in enumerate(counts.items(), 1):
        name = f"row {row}, {category}: the count"
        _ = count(value, name) if whole else real(value, name, minimum=0)
    vital_share = real(vital_share, "the vital share", above=0)
    ordered = sorted(counts, key=lambda category: (category == last, -counts[category]))
    total = sum(counts.values())
    if total == 0:
        raise WrongInput("all counts are 0, so there are no shares")
    rows, reached = [], 0.0
    for category in ordered:
        reached += counts[category]
        rows.append(ParetoRow(category, counts[category], reached, counts[category] / total, reached / total))
    # A share that is met but for rounding is met.
    vital = next((n for n, row in enumerate(rows, 1) if row.cumulative_share >= vital_share - 1e-12), len(rows))
    return Pareto(tuple(rows), total, vital, vital_share, last if last in counts else None)
