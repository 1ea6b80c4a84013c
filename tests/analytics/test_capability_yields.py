"""Capability, yields and sigma levels against published values."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import weibull_min

from analytics.sigma import WrongInput, dpmo_of
from analytics.statistics.capability import capability, capability_from_moments
from analytics.statistics.nonnormal_capability import quantile_capability
from analytics.statistics.sigma_levels import sigma_level
from analytics.statistics.yields import process_yields, rolled_throughput_yield, rolled_yield_interval

ReferenceReader = Callable[[str], dict[str, Any]]

MEASURED = st.lists(
    st.floats(-100, 100, allow_nan=False).map(lambda x: round(x, 3)), min_size=3, max_size=30, unique=True
)


def test_the_published_capability_comes_out(reference: ReferenceReader) -> None:
    data, expected = reference("capability_nist_616")["data"], reference("capability_nist_616")["expected"]
    found = capability_from_moments(data["mean"], data["sd"], data["lsl"], data["usl"]).overall
    for name in ("cp", "cpu", "cpl", "cpk", "k"):
        assert getattr(found, name) == pytest.approx(expected[name], abs=5e-5)
    assert found.cp_interval is None


def test_the_published_intervals_come_out(reference: ReferenceReader) -> None:
    data, expected = (reference("capability_sixsigma_bottles")[part] for part in ("data", "expected"))
    found = capability(data["x"], data["lsl"], data["usl"]).overall
    assert found.cp_interval is not None and found.cpk_interval is not None
    assert [found.cp_interval.low, found.cp_interval.high] == pytest.approx(expected["cp_ci"], abs=1e-9)
    assert [found.cpk_interval.low, found.cpk_interval.high] == pytest.approx(expected["cpk_ci"], abs=1e-9)
    assert found.z == pytest.approx(expected["z"], abs=1e-9)


def test_the_spread_within_is_that_of_moving_ranges_or_of_subgroups() -> None:
    # NIST handbook 6.3.2.2: mean moving range 1.8778; by hand over 2/sqrt(pi).
    flow = [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]
    within = capability(flow, 40, 60).within
    assert within is not None and within.sd == pytest.approx(1.877778 * math.sqrt(math.pi) / 2, abs=1e-6)
    pooled = capability([1, 3, 11, 15], 0, 20, subgroups=["a", "a", "b", "b"]).within
    assert pooled is not None and pooled.sd == pytest.approx(math.sqrt((2 + 8) / 2))


def test_with_one_limit_there_is_one_side() -> None:
    found = capability_from_moments(10, 2, upper_limit=16).overall
    assert (found.cp, found.cpl, found.k) == (None, None, None)
    assert found.cpk == found.cpu == 1
    # Beyond three standard deviations lie 1,350 of a million (tables).
    assert 1e6 * found.expected_above == pytest.approx(1350, abs=0.5) and found.expected_below == 0


def test_a_deviation_from_the_target_lowers_cpm() -> None:
    found = capability_from_moments(11, 1, 4, 16, target=10).overall
    assert found.cpm == pytest.approx(2 / math.sqrt(2))


@given(MEASURED, st.floats(0.1, 50), st.floats(-100, 100))
@settings(max_examples=40, deadline=None)
def test_capability_does_not_depend_on_the_unit(values: list[float], factor: float, offset: float) -> None:
    plain = capability(values, -200, 300).overall
    moved = capability([factor * x + offset for x in values], factor * -200 + offset, factor * 300 + offset).overall
    assert moved.cpk == pytest.approx(plain.cpk, rel=1e-6)
    assert plain.cp is not None and plain.cpk <= plain.cp + 1e-12


def test_quantiles_of_a_lognormal_take_the_place_of_three_standard_deviations() -> None:
    logs = np.array([-1.0, -0.6, -0.3, -0.1, 0.0, 0.0, 0.1, 0.3, 0.6, 1.0])
    found = quantile_capability(np.exp(logs), upper_limit=4.0)
    sd = math.sqrt(float(np.mean(logs**2)))
    assert found.median == pytest.approx(1) and found.high_quantile == pytest.approx(math.exp(3 * sd))
    assert found.ppk == pytest.approx((4 - 1) / (math.exp(3 * sd) - 1))
    assert found.ppk_interval.low < found.ppk < found.ppk_interval.high
    assert found.expected_beyond == pytest.approx(0.5 * math.erfc(math.log(4) / sd / math.sqrt(2)))


def test_the_weibull_fit_is_that_of_scipy() -> None:
    values = weibull_min.rvs(1.7, scale=5, size=150, random_state=7)
    found = quantile_capability(values, upper_limit=20, method="weibull")
    shape, _, scale = weibull_min.fit(values, floc=0)
    assert found.parameters["shape"] == pytest.approx(shape, rel=1e-4)
    assert found.parameters["scale"] == pytest.approx(scale, rel=1e-4)
    assert found.expected_beyond == pytest.approx(weibull_min.sf(20, shape, 0, scale), rel=1e-2)


def test_quantiles_of_few_values_are_not_trusted() -> None:
    assert not quantile_capability(list(range(20)), upper_limit=30, method="quantile").trusted
    assert quantile_capability(list(range(1000)), upper_limit=2000, method="quantile").trusted


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: capability([1, 2]), "a lower or an upper limit"),
        (lambda: capability([1, 2], 5, 4), "5 is not below the upper limit 4"),
        (lambda: capability([1, math.nan, 2], 0, 4), "the values, row 2: must be a finite number"),
        (lambda: capability([1, "x"], 0, 4), "the values, row 2: must be a number, not 'x'"),
        (lambda: capability([2, 2, 2], 0, 4), "do not vary"),
        (lambda: capability([1, 2, 3], 0, 4, subgroups=["a"]), "differ in length"),
        (lambda: capability_from_moments(1, 0, 0, 4), "must be above 0"),
        (lambda: quantile_capability([1] * 9 + [0], 0, 4), "row 10: must be above 0"),
    ],
)
def test_wrong_measurements_are_refused(call: Callable[[], object], words: str) -> None:
    with pytest.raises(WrongInput, match=words):
        call()


def test_the_published_yields_of_a_line_with_rework_come_out(reference: ReferenceReader) -> None:
    data, expected = (reference("yield_rty_sixsigma")[part] for part in ("data", "expected"))
    found = process_yields(data["defects"], data["rework"], data["opportunities"])
    assert found.final_yield == pytest.approx(expected["yield"], abs=1e-12)
    assert found.first_time_yield == pytest.approx(expected["fty"], abs=1e-12)
    assert found.rolled_yield == pytest.approx(expected["rty"], abs=1e-12)
    assert found.dpmo == pytest.approx(expected["dpmo"], abs=1e-6)
    assert found.rolled_interval.low < found.rolled_yield < found.rolled_interval.high


def test_six_steps_at_95_percent_roll_to_73_5_percent() -> None:
    rolled = rolled_throughput_yield([0.95] * 6, units=[100] * 6)
    assert round(100 * rolled.value, 1) == 73.5 and rolled.normalised == pytest.approx(0.95)
    assert rolled.interval is not None and rolled.interval.low < 0.735 < rolled.interval.high


def test_the_interval_of_one_flawless_step_is_the_likelihood_ratio_in_closed_form() -> None:
    # -2 n ln(p) = 3.841 (chi-square table, one degree of freedom).
    interval = rolled_yield_interval([100], [100])
    assert (interval.low, interval.high) == (pytest.approx(math.exp(-3.8415 / 200), abs=1e-6), 1.0)
    # A second flawless step that many more passed leaves the loss to the first.
    assert rolled_yield_interval([100, 5000], [100, 5000]).low == pytest.approx(interval.low)


@given(st.lists(st.tuples(st.integers(1, 200), st.integers(0, 20)), min_size=1, max_size=5))
@settings(max_examples=40, deadline=None)
def test_the_interval_of_a_rolled_yield_holds_the_yield_and_knows_no_order(steps: list[tuple[int, int]]) -> None:
    good, units = [good for good, _ in steps], [good + bad for good, bad in steps]
    interval = rolled_yield_interval(good, units)
    value = math.prod(a / b for a, b in zip(good, units, strict=True))
    assert 0 <= interval.low <= value + 1e-9 and value - 1e-9 <= interval.high <= 1
    backwards = rolled_yield_interval(good[::-1], units[::-1])
    assert backwards.low == pytest.approx(interval.low, abs=1e-7)
    assert backwards.high == pytest.approx(interval.high, abs=1e-7)


def test_wrong_yields_are_refused() -> None:
    with pytest.raises(WrongInput, match="row 2: 5 defects and rework cannot come from 4"):
        process_yields([1, 3], [0, 2], 4)
    with pytest.raises(WrongInput, match=r"row 2: must be at most 1, not 1\.2"):
        rolled_throughput_yield([0.9, 1.2])
    with pytest.raises(WrongInput, match="no whole number of units"):
        rolled_throughput_yield([0.95], units=[10])


def test_levels_come_back_from_their_rates_with_one_and_two_sides(reference: ReferenceReader) -> None:
    for row in reference("sigma_level_table")["expected"]["table"]:
        if row["sigma"] > 0:
            assert sigma_level(row["dpmo_one_sided"]).level == pytest.approx(row["sigma"], abs=1e-9)
            assert sigma_level(row["dpmo_two_sided"], two_sided=True).level == pytest.approx(row["sigma"], abs=1e-8)


def test_no_defect_gives_a_bound_and_only_with_the_number_of_opportunities() -> None:
    # Clopper and Pearson for 0 of 20: 0.1684 (Newcombe 1998); its normal quantile is 0.9605.
    found = sigma_level(0, opportunities=20)
    assert found.level is None and found.at_least == pytest.approx(0.9605 + 1.5, abs=5e-4)
    worst = sigma_level(1_000_000, opportunities=20)
    assert worst.at_most == pytest.approx(-0.9605 + 1.5, abs=5e-4)
    with pytest.raises(WrongInput, match="takes the number of opportunities"):
        sigma_level(0)


@given(st.floats(0.01, 6), st.sampled_from([0.0, 1.5]), st.booleans())
@settings(max_examples=40, deadline=None)
def test_there_and_back_is_the_same_level(level: float, shift: float, two_sided: bool) -> None:
    assert sigma_level(dpmo_of(level, shift, two_sided), shift, two_sided).level == pytest.approx(level, abs=1e-6)
