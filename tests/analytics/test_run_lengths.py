"""Run lengths against published tables, and against charts that really run; overdispersion and run charts."""

import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.charts.cusum import cusum
from analytics.charts.overdispersion import dispersion
from analytics.charts.rule_run_length import rules_run_length
from analytics.charts.rules import WESTERN_ELECTRIC, Rule, Rules, evaluate
from analytics.charts.run_chart import run_chart
from analytics.charts.run_length import (
    cusum_interval,
    cusum_run_length,
    ewma_run_length,
    ewma_width,
    shewhart_run_length,
    shewhart_width,
)
from analytics.charts.series import Series
from analytics.sigma import WrongInput

ReferenceReader = Callable[[str], dict[str, Any]]


def test_run_lengths_are_those_of_the_tables(reference: ReferenceReader) -> None:
    expected = reference("arl_reference")["expected"]
    for row in expected["cusum_two_sided"]:
        assert cusum_run_length(row["mu"], row["k"], row["h"]) == pytest.approx(row["arl"], rel=1e-9)
    for row in expected["ewma_two_sided"]:
        assert ewma_run_length(row["mu"], row["lambda"], row["L"]) == pytest.approx(row["arl"], rel=1e-9)
    for row in expected["shewhart_3sigma"]:
        assert shewhart_run_length(row["mu"]) == pytest.approx(row["arl"], rel=1e-9)


@pytest.mark.parametrize(("interval", "shift", "printed"), [(4, 0, 149), (4, 1, 5.29), (5, 0, 430), (5, 1, 6.35)])
def test_a_head_start_sees_early_shifts_sooner(interval: float, shift: float, printed: float) -> None:
    # Lucas and Crosier 1982, table 1: k = 0.5, head start h / 2, two-sided.
    assert cusum_run_length(shift, 0.5, interval, head_start=0.5) == pytest.approx(
        printed, abs=0.5 if printed > 100 else 0.005
    )


@pytest.mark.parametrize(
    ("rules", "stable", "shifted"),
    [
        ((1,), 370.40, 43.89),
        ((1, 2), 225.44, 20.01),
        ((1, 3), 166.05, 12.66),
        ((1, 4), 152.73, 14.58),
        ((1, 2, 3, 4), 91.75, 9.22),
    ],
)
def test_more_rules_alarm_sooner_and_falsely_more_often(rules: tuple[int, ...], stable: float, shifted: float) -> None:
    # Champ and Woodall 1987, table 1: no shift, and one standard deviation.
    chosen: tuple[Rule, ...] = tuple(WESTERN_ELECTRIC[number - 1] for number in rules)
    assert rules_run_length(0, Rules(chosen)) == pytest.approx(stable, abs=0.005)
    assert rules_run_length(1, Rules(chosen)) == pytest.approx(shifted, abs=0.005)


def test_designs_are_found_for_a_wanted_run_length() -> None:
    # Montgomery, section 9.1.3 (Hawkins 1993): h = 4.77 at k = 0.5 and h = 8.01 at k = 0.25 give 370; and table 9.11.
    assert cusum_interval(370) == pytest.approx(4.77, abs=0.005)
    assert cusum_interval(370, 0.25) == pytest.approx(8.01, abs=0.005)
    assert ewma_width(500, 0.2) == pytest.approx(2.962, abs=0.001)
    assert ewma_width(500, 0.05) == pytest.approx(2.615, abs=0.001)
    assert shewhart_width(370.4) == pytest.approx(3, abs=1e-4)


def test_a_shift_is_found_within_the_run_length_of_theory() -> None:
    generator = np.random.default_rng(20261003)
    series = Series.of(generator.normal(1, 1, 40_000))
    found = len(cusum(series, target=0, sigma=1, reset=True).main.beyond_limits)
    theory = cusum_run_length(1, two_sided=False)
    # Runs end and begin anew, so alarms are a renewal process; the run length varies by less than its mean.
    assert abs(len(series) / found - theory) < 4 * theory / math.sqrt(found)


def test_rules_alarm_as_theory_says() -> None:
    generator = np.random.default_rng(20261004)
    rules = Rules(WESTERN_ELECTRIC, full_windows=False)
    lengths = []
    for scores in generator.normal(size=(300, 1500)):
        lengths.append(int(np.argmax(evaluate(scores, rules).completing.any(axis=0))) + 1)
    assert abs(np.mean(lengths) - 91.75) < 4 * np.std(lengths) / math.sqrt(len(lengths))


@given(st.floats(0, 3), st.floats(0, 3), st.sampled_from([0.1, 0.3, 1.0]))
@settings(max_examples=12, deadline=None)
def test_a_larger_shift_is_found_sooner_whatever_its_side(first: float, second: float, smoothing: float) -> None:
    small, large = sorted((first, second))
    lengths: list[Callable[[float], float]] = [
        shewhart_run_length,
        lambda shift: cusum_run_length(shift, 0.5, 4),
        lambda shift: ewma_run_length(shift, smoothing, 2.7),
    ]
    for length in lengths:
        assert length(large) <= length(small) * (1 + 1e-9)
        assert length(-small) == pytest.approx(length(small))


def test_without_smoothing_the_ewma_is_shewharts_chart() -> None:
    assert ewma_run_length(0.7, 1.0, 3.0) == pytest.approx(shewhart_run_length(0.7), rel=1e-6)


def test_overdispersion_is_the_chi_square_of_equal_shares() -> None:
    # R's documentation of prop.test, smokers among patients (Fleiss 1981): X-squared 12.6, 3 degrees, p = 0.005585.
    found = dispersion("p", Series.of([83, 90, 129, 70], [86, 93, 136, 82]))
    assert (found.statistic, found.degrees) == (pytest.approx(12.6004, abs=5e-5), 3)
    assert found.p_value == pytest.approx(0.005585, abs=5e-7)
    assert found.ratio == pytest.approx(12.6004 / 3, abs=1e-4)


def test_laney_is_advised_where_neighbours_differ_too(reference: ReferenceReader) -> None:
    case = reference("laney_p_nhs_accidents")
    found = dispersion("p", Series.of(case["data"]["defectives"], case["data"]["n"]))
    assert found.advised == "laney"
    assert found.sigma_z == pytest.approx(case["expected"]["sigma_z"], rel=0.001)  # 1.128 is rounded
    assert (found.beyond_ordinary, found.beyond_laney) == (16, 0)
    assert json.loads(json.dumps(found.to_json()))["advised"] == "laney"


def test_chance_alone_leaves_the_ordinary_chart(reference: ReferenceReader) -> None:
    cloth = reference("u_dyedcloth")["data"]
    assert dispersion("u", Series.of(cloth["defects"], cloth["exposure"])).advised == "ordinary"


def test_a_shift_is_no_overdispersion() -> None:
    generator = np.random.default_rng(20261005)
    counts = [*generator.binomial(500, 0.05, 30), *generator.binomial(500, 0.12, 30)]
    assert dispersion("p", Series.of(counts, 500)).advised == "look for shifts"


def test_the_test_for_overdispersion_holds_its_level() -> None:
    generator = np.random.default_rng(20261006)
    found = [dispersion("u", Series.of(generator.poisson(30, 25), 2.0), alpha=0.05) for _ in range(300)]
    wrong = sum(one.p_value < 0.05 for one in found)
    assert wrong <= 15 + 4 * math.sqrt(300 * 0.05 * 0.95)
    assert sum(one.advised == "laney" for one in found) <= wrong


@pytest.mark.parametrize(("useful", "longest", "fewest"), [(13, 7, 3), (20, 7, 6), (24, 8, 8), (30, 8, 10)])
def test_run_chart_limits_are_the_published_ones(useful: int, longest: int, fewest: int) -> None:
    # Anhøj and Olesen 2014; the crossings are the 5 % quantile of coin tosses: for 30 points P(9 or fewer) = 0.031.
    chart = run_chart(Series.of([value % 2 for value in range(useful)]), centre=0.5)
    assert (chart.longest_expected, chart.fewest_expected) == (longest, fewest)
    assert (chart.longest_run, chart.crossings, chart.signals) == (1, useful - 1, False)


def test_points_on_the_median_do_not_count_in_runs() -> None:
    chart = run_chart(Series.of([1, 3, 2, 3, 1, 1, 2, 3]))
    assert (chart.centre, chart.useful, chart.longest_run, chart.crossings) == (2, 6, 2, 3)
    assert run_chart(Series.of([1] * 8 + [2] * 8)).signals


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: shewhart_run_length(math.nan),
        lambda: shewhart_run_length(0, 0),
        lambda: cusum_run_length(0, -1),
        lambda: cusum_run_length(0, head_start=1),
        lambda: ewma_run_length(0, 0),
        lambda: ewma_run_length(0, 0.2, 3, start=5),
        lambda: ewma_width(1),
        lambda: cusum_interval(1.0001, 0.5),
        lambda: rules_run_length(0, Rules(("nelson_3",))),
        lambda: rules_run_length(0, Rules(())),
        lambda: dispersion("p", Series.of([1, 2], 9)),
        lambda: dispersion("p", Series.of([0, 0, 0], 9)),
        lambda: dispersion("c", Series.of([1, 2, 3], 9)),  # type: ignore[arg-type]
        lambda: dispersion("p", Series.of([1, 2, 3], 9), alpha=0),
        lambda: run_chart(Series.of([])),
        lambda: run_chart(Series.of([2, 2, 2])),
    ],
)
def test_it_refuses_questions_without_an_answer(wrong: Callable[[], object]) -> None:
    with pytest.raises(WrongInput):
        wrong()
