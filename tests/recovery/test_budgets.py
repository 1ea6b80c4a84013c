"""Budgets by day and category (S0: at acceptable cost, inside a budget)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery.budgets import IN_ALL, BudgetLeft, Budgets, budget_left


@pytest.mark.parametrize(
    ("budgets", "spent", "expected"),
    [
        # No budget binds.
        (Budgets(), {IN_ALL: 500}, BudgetLeft(None, 1.0, 0.5)),
        (Budgets(categories={"other": 100}), {}, BudgetLeft(None, 1.0, 0.5)),
        # The tighter of the two binds.
        (Budgets(1_000, {"delivery": 400}), {IN_ALL: 500, "delivery": 100}, BudgetLeft(300, 0.75, 0.5)),
        (Budgets(1_000, {"delivery": 400}), {IN_ALL: 900, "delivery": 100}, BudgetLeft(100, 0.1, 0.5)),
        # Guarantees and what the law owes may have gone beyond it: nothing is left, not less than nothing.
        (Budgets(1_000), {IN_ALL: 1_200}, BudgetLeft(0, 0.0, 0.5)),
        (Budgets(0), {}, BudgetLeft(0, 0.0, 0.5)),
    ],
)
def test_what_is_left(budgets: Budgets, spent: dict[str, int], expected: BudgetLeft) -> None:
    assert budget_left(budgets, "delivery", spent, 0.5) == expected


@given(
    st.none() | st.integers(0, 10**6), st.none() | st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6)
)
def test_no_more_is_left_than_either_budget_has(
    per_day: int | None, own: int | None, spent: int, spent_own: int
) -> None:
    budgets = Budgets(per_day, {} if own is None else {"delivery": own})
    left = budget_left(budgets, "delivery", {IN_ALL: spent, "delivery": spent_own}, 1.0)
    assert (left.minor is None) == (per_day is None and own is None)
    assert 0 <= left.share <= 1
    if left.minor is not None:
        assert left.minor >= 0
        assert per_day is None or left.minor <= max(0, per_day - spent)
        assert own is None or left.minor <= max(0, own - spent_own)
