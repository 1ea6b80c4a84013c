"""Budgets by day and category (S0: moderate satisfaction at acceptable cost, inside a budget)."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Budgets:
    """What may be granted a day, in minor units of the firm's currency; None and what is not named: no limit.

    Attributes:
        per_day: for all complaints together.
        categories: for complaints that a category leads.
    """

    per_day: int | None = None
    categories: Mapping[str, int] = field(default_factory=dict)

    def limit_of(self, category: str) -> int | None:
        return self.per_day if category == IN_ALL else self.categories.get(category)


# The key under which all categories are counted together.
IN_ALL = ""


@dataclass(frozen=True, slots=True)
class BudgetLeft:
    """What is left today.

    Attributes:
        minor: of the tighter of the two budgets; None where none binds.
        share: of that budget, 0–1; 1 where none binds.
        day: of the firm's day, 0–1.
    """

    minor: int | None = None
    share: float = 1.0
    day: float = 1.0


def budget_left(budgets: Budgets, category: str, spent: Mapping[str, int], day: float) -> BudgetLeft:
    """What is left for a complaint that ``category`` leads.

    Args:
        spent: today, by category and under ``IN_ALL`` in all; may lack either.
        day: the share of the day that is left.
    """
    left = [
        (max(0, limit - spent.get(key, 0)), limit)
        for key in (IN_ALL, category)
        if (limit := budgets.limit_of(key)) is not None
    ]
    if not left:
        return BudgetLeft(day=day)
    minor, limit = min(left)
    return BudgetLeft(minor, minor / limit if limit else 0.0, day)
