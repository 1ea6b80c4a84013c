"""When so many like complaints are no chance. Tail values: tables of Poisson's law, and scipy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import poisson

from recovery.clusters import Basis, UnusualRule, judge_count, poisson_tail

RULE = UnusualRule(weeks_needed=3, floor=1.0, chance=0.0001, minimum=5, minimum_without_history=8)


@pytest.mark.parametrize(
    ("count", "mean", "tail"),
    [
        # Table of the cumulative Poisson law (such as Wackerly, Mendenhall, Scheaffer, appendix 3, table 3): P(X < n).
        (1, 1.0, 1 - 0.368),
        (3, 1.0, 1 - 0.920),
        (4, 2.0, 1 - 0.857),
        (8, 5.0, 1 - 0.867),
        (0, 3.0, 1.0),
    ],
)
def test_the_tail_is_that_of_the_tables(count: int, mean: float, tail: float) -> None:
    assert poisson_tail(count, mean) == pytest.approx(tail, abs=0.0006)


@given(count=st.integers(0, 2000), mean=st.floats(0.01, 1000))
def test_the_tail_is_what_scipy_says(count: int, mean: float) -> None:
    assert poisson_tail(count, mean) == pytest.approx(float(poisson.sf(count - 1, mean)), rel=1e-6, abs=1e-12)


@given(count=st.integers(1, 200), mean=st.floats(0.1, 100))
def test_more_complaints_are_never_less_unusual(count: int, mean: float) -> None:
    assert poisson_tail(count + 1, mean) <= poisson_tail(count, mean)


@pytest.mark.parametrize(
    ("count", "past", "unusual", "basis"),
    [
        # S4 (as domain.md section 7 has it): compared with the same hours of past weeks. P(X >= 9 | 2) = 0.00024.
        (9, [2, 2, 2], False, Basis.HISTORY),
        # P(X >= 10 | 2) = 0.0000465.
        (10, [2, 2, 2], True, Basis.HISTORY),
        # The same ten where ten are usual.
        (10, [10, 9, 11, 10], False, Basis.HISTORY),
        # A quiet past: expected is the floor, and P(X >= 7 | 1) = 0.0000832.
        (7, [0, 0, 0, 0], True, Basis.HISTORY),
        (6, [0, 0, 0, 0], False, Basis.HISTORY),
        # Little history: the same seven are not enough, eight are.
        (7, [0, 0], False, Basis.LITTLE_HISTORY),
        (8, [0, 0], True, Basis.LITTLE_HISTORY),
        (8, [], True, Basis.LITTLE_HISTORY),
        # Little history that was busy counts all the same.
        (8, [6, 7], False, Basis.LITTLE_HISTORY),
        (0, [], False, Basis.LITTLE_HISTORY),
    ],
)
def test_the_decision_table(count: int, past: list[int], unusual: bool, basis: Basis) -> None:
    judged = judge_count(count, past, RULE)
    assert (judged.unusual, judged.basis) == (unusual, basis)


def test_fewer_than_the_minimum_never_raise_an_alarm_however_rare() -> None:
    rule = UnusualRule(weeks_needed=1, floor=0.001, chance=0.01, minimum=5)
    assert not judge_count(4, [0], rule).unusual and judge_count(5, [0], rule).unusual


@given(count=st.integers(0, 500), past=st.lists(st.integers(0, 500), max_size=10))
def test_an_alarm_always_says_that_it_is_more_than_expected(count: int, past: list[int]) -> None:
    judged = judge_count(count, past, RULE)
    assert judged.expected >= RULE.floor
    assert not judged.unusual or count > judged.expected


@pytest.mark.parametrize(("count", "past"), [(-1, []), (3, [-1])])
def test_counts_below_zero_are_refused(count: int, past: list[int]) -> None:
    with pytest.raises(ValueError, match="less than never"):
        judge_count(count, past, RULE)


def test_a_law_without_a_mean_is_refused() -> None:
    with pytest.raises(ValueError, match="above zero"):
        poisson_tail(1, 0)
