"""Tests of change against published tables and the R documentation."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.sigma import WrongInput
from analytics.statistics import two_samples
from analytics.statistics.sample_size import (
    plan_two_means,
    plan_two_proportions,
    plan_two_rates,
)
from analytics.statistics.two_proportions import two_proportions
from analytics.statistics.two_rates import two_rates
from analytics.statistics.two_samples import mann_whitney

# Newcombe, Statistics in Medicine 17 (1998) 873-890, table II, method 10: 95 % intervals of p1 - p2.
NEWCOMBE = [
    ((56, 70), (48, 80), 0.0524, 0.3339),
    ((9, 10), (3, 10), 0.1705, 0.8090),
    ((5, 56), (0, 29), -0.0381, 0.1926),
    ((0, 10), (0, 20), -0.1611, 0.2775),
    ((10, 10), (0, 10), 0.6075, 1.0),
]


@pytest.mark.parametrize(("first", "second", "low", "high"), NEWCOMBE)
def test_the_published_intervals_of_a_difference_come_out(
    first: tuple[int, int], second: tuple[int, int], low: float, high: float
) -> None:
    interval = two_proportions(second, first).interval
    assert (interval.low, interval.high) == (pytest.approx(low, abs=6e-5), pytest.approx(high, abs=6e-5))


def test_the_published_exact_tests_come_out() -> None:
    # R documentation of fisher.test: convictions of like-sex twins (Fisher 1962).
    assert two_proportions((10, 13), (2, 17), alternative="less").p_exact == pytest.approx(0.0004652, rel=1e-3)
    # scipy documentation of boschloo_exact: 31 of 63 scientists and 74 of 117 professors are content.
    fisher = two_proportions((31, 63), (74, 117), alternative="greater")
    boschloo = two_proportions((31, 63), (74, 117), alternative="greater", exact_test="boschloo")
    assert fisher.p_exact == pytest.approx(0.0483, abs=5e-5)
    assert boschloo.p_exact == pytest.approx(0.0356, abs=1e-4)


def test_the_published_score_test_comes_out() -> None:
    # R documentation of prop.test, its first two groups: 83 of 86 and 90 of 93; chi-square is z squared, by hand.
    found = two_proportions((83, 86), (90, 93))
    pooled = 173 / 179
    by_hand = (90 / 93 - 83 / 86) ** 2 / (pooled * (1 - pooled) * (1 / 86 + 1 / 93))
    assert found.z**2 == pytest.approx(by_hand)


def test_the_published_rate_test_comes_out() -> None:
    # R documentation of poisson.test: 11 cases in 800 against 21 in 3011 person-years.
    found = two_rates((6 + 8 + 7, 1083 + 1050 + 878), (11, 800))
    assert found.ratio == pytest.approx(1.971488, abs=1e-6) and found.p == pytest.approx(0.07967, abs=5e-6)
    assert (found.interval.low, found.interval.high) == pytest.approx((0.8584264, 4.2772659), abs=1e-6)


def test_without_events_before_the_ratio_has_no_upper_end() -> None:
    found = two_rates((0, 10), (4, 10))
    assert found.ratio == math.inf and found.interval.high == math.inf
    # The chance that all of 4 fall into the later half, twice.
    assert found.p == pytest.approx(2 * 0.5**4)


# R documentation of wilcox.test: permeability constants of placental membranes (Hollander and Wolfe 1973, 69f).
AT_TERM = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46]
EARLIER = [1.15, 0.88, 0.90, 0.74, 1.21]


def test_the_published_rank_test_and_shift_come_out() -> None:
    found = mann_whitney(EARLIER, AT_TERM, alternative="greater")
    assert found.method == "exact" and found.u == 35 and found.p == pytest.approx(0.1272, abs=5e-5)
    assert found.shift == pytest.approx(0.305)
    assert found.effect == pytest.approx(2 * 35 / 50 - 1)
    interval = mann_whitney(EARLIER, AT_TERM).shift_interval
    assert (interval.low, interval.high) == pytest.approx((-0.15, 0.76))


def test_many_pairs_are_counted_instead_of_written_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(two_samples, "_PAIRS_AT_ONCE", 1000)
    generator = np.random.default_rng(3)
    x, y = generator.normal(size=80).round(4), generator.normal(0.3, size=81).round(4)
    differences = np.sort((y[:, None] - x[None, :]).ravel())
    assert mann_whitney(x, y).shift == pytest.approx(float(np.median(differences)), abs=1e-9)


def test_values_that_are_all_the_same_show_no_change() -> None:
    found = mann_whitney([3, 3, 3], [3, 3])
    assert (found.p, found.shift, found.effect) == (1.0, 0.0, 0.0)


SAMPLE = st.lists(st.integers(0, 20), min_size=3, max_size=12)


@given(SAMPLE, SAMPLE, st.integers(1, 5), st.integers(-10, 10))
@settings(max_examples=40, deadline=None)
def test_ranks_know_no_unit_and_turn_with_the_samples(x: list[int], y: list[int], factor: int, offset: int) -> None:
    found = mann_whitney(x, y)
    moved = mann_whitney([factor * v + offset for v in x], [factor * v + offset for v in y])
    assert (moved.u, moved.p) == (found.u, pytest.approx(found.p))
    assert moved.shift == pytest.approx(factor * found.shift)
    turned = mann_whitney(y, x)
    assert turned.p == pytest.approx(found.p) and turned.effect == pytest.approx(-found.effect)
    assert turned.shift == pytest.approx(-found.shift)
    assert found.superiority_interval.low <= found.superiority <= found.superiority_interval.high


@given(st.integers(0, 30), st.integers(1, 30), st.integers(0, 30), st.integers(1, 30))
@settings(max_examples=40, deadline=None)
def test_proportions_turn_with_their_order(a: int, more: int, b: int, rest: int) -> None:
    first, second = (a, a + more), (b, b + rest)
    forth, back = two_proportions(first, second), two_proportions(second, first)
    assert forth.difference == pytest.approx(-back.difference) and forth.p_exact == pytest.approx(back.p_exact)
    assert forth.interval.low == pytest.approx(-back.interval.high)
    assert forth.interval.low - 1e-12 <= forth.difference <= forth.interval.high + 1e-12


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: two_proportions((5, 4), (1, 2)), "5 cannot come from 4"),
        (lambda: two_proportions((0, 0), (1, 2)), "at least 1, not 0"),
        (lambda: two_proportions((1, 2), (1, 2), alternative="down"), "must be one of"),
        (lambda: two_rates((0, 5), (0, 5)), "no event"),
        (lambda: two_rates((1, 0), (1, 5)), "must be above 0"),
        (lambda: mann_whitney([1, 2], [3, math.inf]), "the values after, row 2"),
        (lambda: mann_whitney([1], [3, 4]), "at least 2 needed"),
    ],
)
def test_wrong_samples_are_refused(call: Callable[[], object], words: str) -> None:
    with pytest.raises(WrongInput, match=words):
        call()


def test_the_published_sizes_and_powers_come_out() -> None:
    # R documentation of power.prop.test and power.t.test.
    assert plan_two_proportions(0.50, 0.75, size=50).power == pytest.approx(0.740, abs=5e-4)
    assert plan_two_proportions(0.50, 0.75, power=0.90).size == pytest.approx(76.7, abs=0.05)
    assert plan_two_means(1, size=20).power == pytest.approx(0.8689528, abs=1e-6)
    assert plan_two_means(1, power=0.90).size == pytest.approx(22.02110, abs=1e-4)
    assert plan_two_means(1, power=0.90, sides="one-sided").size == pytest.approx(17.84713, abs=1e-4)
    # By hand: (1.959964 + 1.281552)^2 x (2 + 1) / 1.
    assert plan_two_rates(2, 1, power=0.9).size == pytest.approx(31.5223, abs=1e-3)


@given(st.floats(0.05, 0.95), st.floats(0.05, 0.95), st.sampled_from([0.5, 0.8, 0.95]))
@settings(max_examples=40, deadline=None)
def test_size_and_power_lead_back_to_each_other(before: float, after: float, power: float) -> None:
    if abs(before - after) < 0.02:
        return
    plan = plan_two_proportions(before, after, power=power)
    assert plan_two_proportions(before, after, size=plan.size).power == pytest.approx(power, abs=1e-6)
    assert plan_two_proportions(after, before, power=power).size == pytest.approx(plan.size)
    assert plan_two_proportions(before, after, power=0.99).size > plan.size


def test_a_plan_without_a_change_or_with_too_many_wishes_is_refused() -> None:
    with pytest.raises(WrongInput, match="no change to find"):
        plan_two_proportions(0.5, 0.5, power=0.8)
    with pytest.raises(WrongInput, match="either the power or the size"):
        plan_two_means(1, power=0.8, size=20)
