"""Survival curves and the log-rank test against published studies."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.sigma import WrongInput
from analytics.statistics.log_rank import log_rank
from analytics.statistics.survival import kaplan_meier

ReferenceReader = Callable[[str], dict[str, Any]]

# Weeks of remission in acute leukaemia under 6-mercaptopurine and placebo (Freireich et al. 1963; Gehan 1965).
TREATED = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
TREATED_ENDED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]


def test_the_published_curve_of_remissions_comes_out() -> None:
    # Kaplan-Meier table of the trial as printed in Collett (2003) and Klein and Moeschberger (2003), table 4.1.
    curve = kaplan_meier(TREATED, TREATED_ENDED)
    assert curve.times == (6, 7, 10, 13, 16, 22, 23)
    assert curve.at_risk == (21, 17, 15, 12, 11, 7, 6)
    assert curve.survival == pytest.approx((0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448), abs=6e-4)
    assert curve.standard_error == pytest.approx((0.076, 0.087, 0.096, 0.107, 0.114, 0.128, 0.135), abs=6e-4)
    # R: survfit of MASS::gehan gives the medians 23 (16 to no end) and 8 (4 to 12).
    assert curve.median == 23 and (curve.median_interval.low, curve.median_interval.high) == (16, math.inf)
    placebo = kaplan_meier(PLACEBO, [1] * 21)
    assert (placebo.median, placebo.median_interval.low, placebo.median_interval.high) == (8, 4, 12)


def test_the_published_log_rank_test_comes_out() -> None:
    found = log_rank(TREATED + PLACEBO, TREATED_ENDED + [1] * 21, ["6-MP"] * 21 + ["placebo"] * 21)
    # R: survdiff on the same data; Collett (2003) prints 16.79 as well.
    assert found.chi_square == pytest.approx(16.79, abs=5e-3) and found.freedom == 1
    assert found.observed == (9, 21) and found.expected == pytest.approx((19.3, 10.7), abs=0.06)
    assert found.hazard_ratio is not None and found.hazard_ratio > 1


def test_the_published_bounds_and_means_come_out(reference: ReferenceReader) -> None:
    data, expected = (reference("survival_aml_kaplan_meier")[part] for part in ("data", "expected"))
    first = kaplan_meier(data["time"][:11], data["status"][:11])
    assert first.low == pytest.approx(expected["lower"][:7], abs=1e-9)
    assert first.high == pytest.approx(expected["upper"][:7], abs=1e-9)
    test = log_rank(data["time"], data["status"], data["group"])
    assert test.p == pytest.approx(expected["logrank"]["p"], abs=1e-9)


def test_the_restricted_mean_is_the_area_under_the_curve() -> None:
    # By hand: 1 until 1, then 2/3 until 3, then 1/3 until 4.
    curve = kaplan_meier([1, 3, 4], [1, 1, 0])
    assert curve.restricted_mean == pytest.approx(1 + 2 * 2 / 3 + 1 / 3)
    # Areas to the right of each end: 5/3 and 1/3; weights 1/(3x2) and 1/(2x1).
    assert curve.restricted_mean_error == pytest.approx(math.sqrt((5 / 3) ** 2 / 6 + (1 / 3) ** 2 / 2))
    assert kaplan_meier([1, 3, 4], [1, 1, 0], horizon=2).restricted_mean == pytest.approx(1 + 2 / 3)


def test_the_transforms_give_their_formulas() -> None:
    # By hand for one of four: Greenwood's error 0.75 x sqrt(1/12); 1.959964 the normal quantile.
    root = math.sqrt(1 / 12)
    plain = kaplan_meier([1, 2, 2, 2], [1, 0, 0, 0], transform="plain")
    assert plain.low[0] == pytest.approx(0.75 - 1.959964 * 0.75 * root, abs=1e-6) and plain.high[0] == 1.0
    double = kaplan_meier([1, 2, 2, 2], [1, 0, 0, 0], transform="log-log")
    reach = 1.959964 * root / abs(math.log(0.75))
    assert double.low[0] == pytest.approx(0.75 ** math.exp(reach), abs=1e-6)
    assert double.high[0] == pytest.approx(0.75 ** math.exp(-reach), abs=1e-6)


def test_where_the_curve_stays_at_one_half_the_median_is_the_middle() -> None:
    assert kaplan_meier([1, 2, 4, 6], [1, 1, 1, 1]).median == 3
    assert kaplan_meier([1, 2, 3], [0, 0, 0]).median is None


def test_more_groups_have_more_degrees_and_order_does_not_matter() -> None:
    times, ended = [1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 1, 1, 1, 0, 1, 1, 1, 1]
    groups = ["a", "b", "c"] * 3
    found, turned = log_rank(times, ended, groups), log_rank(times[::-1], ended[::-1], groups[::-1])
    assert found.freedom == 2 and turned.chi_square == pytest.approx(found.chi_square)
    assert sum(found.expected) == pytest.approx(sum(found.observed))


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 1)), min_size=2, max_size=25), st.integers(2, 9))
@settings(max_examples=40, deadline=None)
def test_curves_fall_and_know_no_unit_of_time(rows: list[tuple[int, int]], factor: int) -> None:
    times, ended = [time for time, _ in rows], [status for _, status in rows]
    curve, stretched = kaplan_meier(times, ended), kaplan_meier([factor * time for time in times], ended)
    assert list(curve.survival) == sorted(curve.survival, reverse=True)
    assert stretched.survival == curve.survival
    assert stretched.restricted_mean == pytest.approx(factor * curve.restricted_mean)
    for share, low, high in zip(curve.survival, curve.low, curve.high, strict=True):
        assert math.isnan(low) or 0 <= low <= share <= high <= 1
    if 1 in ended and len(set(times)) > 1:
        doubled = log_rank(times + times, ended + ended, ["a"] * len(times) + ["b"] * len(times))
        assert doubled.chi_square == pytest.approx(0, abs=1e-9) and doubled.p == pytest.approx(1)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: kaplan_meier([1, -2], [1, 1]), "the times, row 2: must be at least 0"),
        (lambda: kaplan_meier([1, 2], [1, 3]), "the statuses, row 2: must be 0 or 1, not 3"),
        (lambda: kaplan_meier([1, 2], [1]), "differ in length"),
        (lambda: kaplan_meier([], []), "at least 1 needed"),
        (lambda: kaplan_meier([1], [1], transform="logit"), "must be one of log"),
        (lambda: log_rank([1, 2], [1, 1], ["a", "a"]), "at least two groups"),
        (lambda: log_rank([1, 2], [0, 0], ["a", "b"]), "nothing has ended"),
    ],
)
def test_wrong_times_are_refused(call: Callable[[], object], words: str) -> None:
    with pytest.raises(WrongInput, match=words):
        call()
