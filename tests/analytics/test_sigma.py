"""Sigma levels against published tables and other packages, never against our own output."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from analytics.sigma import (
    Convention,
    DefectRate,
    DefectsPerUnit,
    NoDenominator,
    RolledYield,
    WrongInput,
    defects_per_unit,
    dpmo_of,
    measure,
    rolled_yield,
    sigma_level_of,
)

ReferenceReader = Callable[[str], dict[str, Any]]

# domain.md section 7: level, DPMO, and half a unit of the last digit printed.
PRINTED = [(1, 691_462, 0.5), (2, 308_538, 0.5), (3, 66_807, 0.5), (4, 6_210, 0.5), (5, 233, 0.5), (6, 3.4, 0.05)]

# Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 5 (Clopper-Pearson), 95 %.
NEWCOMBE = [(81, 263, 0.2527, 0.3676), (15, 148, 0.0578, 0.1617), (0, 20, 0.0, 0.1684), (1, 29, 0.0009, 0.1776)]


def rate_of(defects: int, opportunities: int, **convention: float) -> DefectRate:
    rate = measure(defects, opportunities, Convention(**convention))
    assert isinstance(rate, DefectRate)
    return rate


@pytest.mark.parametrize(("level", "dpmo", "tolerance"), PRINTED)
def test_the_printed_levels_come_out(level: int, dpmo: float, tolerance: float) -> None:
    assert dpmo_of(level) == pytest.approx(dpmo, abs=tolerance)
    assert sigma_level_of(dpmo) == pytest.approx(level, abs=0.003)


def test_the_published_table_holds_in_both_directions(reference: ReferenceReader) -> None:
    table = reference("sigma_level_table")["expected"]
    for row in table["table"]:
        assert dpmo_of(row["sigma"]) == pytest.approx(row["dpmo_one_sided"], rel=1e-9)
        assert 100 - dpmo_of(row["sigma"]) / 1e4 == pytest.approx(row["yield_percent"], abs=1e-8)
        assert dpmo_of(row["sigma"], two_sided=True) == pytest.approx(row["dpmo_two_sided"], rel=1e-9)
        without_shift = dpmo_of(row["sigma"], shift=0, two_sided=True)
        assert without_shift == pytest.approx(row["dpmo_no_shift_two_sided"], rel=1e-9)
    for row in table["inverse"]:
        assert sigma_level_of(row["dpmo"]) == pytest.approx(row["sigma"], abs=1e-9)
    for level, dpmo in table["anchors_published"].items():
        assert dpmo_of(float(level)) == pytest.approx(dpmo, abs=0.05 if dpmo < 10 else 0.5)


def test_the_published_yields_come_out(reference: ReferenceReader) -> None:
    case = reference("yield_rty_sixsigma")
    expected, tolerance = case["expected"], case["tolerance_abs"]
    opportunities = case["data"]["opportunities"]
    total = rate_of(sum(case["data"]["defects"]), opportunities)
    assert total.process_yield == pytest.approx(expected["yield"], abs=tolerance)
    assert total.dpmo == pytest.approx(expected["dpmo"], abs=tolerance * 1e6)
    per_unit = defects_per_unit(total.defects, opportunities)
    assert isinstance(per_unit, DefectsPerUnit)
    assert per_unit.value == pytest.approx(expected["dpu_correct"], abs=tolerance)
    # What is reworked did not pass the first time.
    first_time = zip(case["data"]["defects"], case["data"]["rework"], strict=True)
    failed = [defects + rework for defects, rework in first_time]
    assert rate_of(sum(failed), opportunities).process_yield == pytest.approx(expected["fty"], abs=tolerance)
    rolled = rolled_yield([(str(number), rate_of(step, opportunities)) for number, step in enumerate(failed)])
    assert isinstance(rolled, RolledYield)
    assert rolled.value == pytest.approx(expected["rty"], abs=tolerance)


@pytest.mark.parametrize("name", ["capability_sixsigma_bottles", "capability_nist_616"])
def test_a_capability_without_shift_is_the_level_of_its_nearer_limit(reference: ReferenceReader, name: str) -> None:
    """Three times Cpk is the distance of the nearer limit in standard deviations: the level without a shift."""
    case = reference(name)
    x = case["data"].get("x")
    mean = case["data"].get("mean", sum(x) / len(x) if x else None)
    sd = case["data"].get("sd", case["expected"].get("sd"))
    distance = min(mean - case["data"]["lsl"], case["data"]["usl"] - mean) / sd
    beyond = 1e6 * 0.5 * math.erfc(distance / math.sqrt(2))
    assert sigma_level_of(beyond, shift=0) == pytest.approx(3 * case["expected"]["cpk"], abs=3 * case["tolerance_abs"])


def test_six_steps_at_95_percent_roll_to_73_5_percent_and_not_even_three_sigma() -> None:
    rolled = rolled_yield([(f"step {number}", rate_of(5, 100)) for number in range(6)])
    assert isinstance(rolled, RolledYield)
    assert round(100 * rolled.value, 1) == 73.5
    assert rolled.sigma_level is not None and rolled.sigma_level < 3


@pytest.mark.parametrize(("defects", "opportunities", "low", "high"), NEWCOMBE)
def test_the_exact_interval_is_the_published_one(defects: int, opportunities: int, low: float, high: float) -> None:
    rate = rate_of(defects, opportunities)
    assert rate.low == pytest.approx(low, abs=5e-5)
    assert rate.high == pytest.approx(high, abs=5e-5)


@given(st.integers(0, 400), st.integers(0, 400), st.sampled_from([0.8, 0.95, 0.99]))
def test_the_exact_interval_is_the_one_of_scipy(defects: int, good: int, confidence: float) -> None:
    if defects + good == 0:
        return
    rate = rate_of(defects, defects + good, confidence=confidence)
    expected = binomtest(defects, defects + good).proportion_ci(confidence)
    assert rate.low == pytest.approx(expected.low, abs=1e-9)
    assert rate.high == pytest.approx(expected.high, abs=1e-9)


def test_zero_defects_give_a_bound_and_not_infinity() -> None:
    rate = rate_of(0, 20)
    assert rate.sigma_level is None and rate.sigma_high is None
    assert rate.high == pytest.approx(0.1684, abs=5e-5)
    # The normal quantile of 1 - 0.1684 is 0.9605 (tables), and the shift comes on top.
    assert rate.sigma_low == pytest.approx(0.9605 + 1.5, abs=5e-4)


def test_only_defects_give_the_opposite_bound() -> None:
    rate = rate_of(20, 20)
    assert rate.sigma_level is None and rate.sigma_low is None
    assert rate.sigma_high == pytest.approx(-0.9605 + 1.5, abs=5e-4)


def test_no_opportunities_are_no_denominator() -> None:
    assert isinstance(measure(0, 0), NoDenominator)
    assert isinstance(defects_per_unit(3, 0), NoDenominator)
    assert isinstance(rolled_yield([("ordering", NoDenominator("no volumes"))]), NoDenominator)


def test_a_rolled_yield_names_the_steps_it_could_not_count() -> None:
    rolled = rolled_yield([("a", rate_of(1, 2)), ("b", NoDenominator("no volumes")), ("c", rate_of(1, 4))])
    assert isinstance(rolled, RolledYield)
    assert (rolled.value, rolled.steps, rolled.missing) == (0.375, ("a", "c"), ("b",))


@pytest.mark.parametrize(
    ("defects", "opportunities", "complaint"),
    [
        (3, 2, "3 defects cannot come from 2 opportunities"),
        (-1, 2, "defects must not be negative, not -1"),
        (0, -2, "opportunities must not be negative, not -2"),
        (math.nan, 2, "defects must be a whole number, not nan"),
        (1, math.inf, "opportunities must be a whole number, not inf"),
        (True, 2, "defects must be a whole number, not True"),
        (1.0, 2, "defects must be a whole number, not 1.0"),
        (None, 2, "defects must be a whole number, not None"),
    ],
)
def test_wrong_counts_are_refused_and_named(defects: Any, opportunities: Any, complaint: str) -> None:
    with pytest.raises(WrongInput, match=complaint):
        measure(defects, opportunities)


@pytest.mark.parametrize("dpmo", [0, 1_000_000, -1, math.nan, True])
def test_a_rate_without_a_finite_level_is_refused(dpmo: float) -> None:
    with pytest.raises(WrongInput):
        sigma_level_of(dpmo)


@pytest.mark.parametrize("wrong", [{"shift": -1}, {"shift": math.nan}, {"confidence": 1}, {"confidence": 0}])
def test_a_convention_out_of_range_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(WrongInput):
        Convention(**wrong)


@given(st.integers(1, 10**7), st.data())
def test_bounds_enclose_the_level_and_the_shift_only_moves_them(opportunities: int, data: st.DataObject) -> None:
    defects = data.draw(st.integers(1, opportunities))
    rate, unshifted = rate_of(defects, opportunities), rate_of(defects, opportunities, shift=0)
    assert rate.low < rate.share <= rate.high
    assert rate.sigma_high is not None and unshifted.sigma_high is not None
    assert rate.sigma_high - unshifted.sigma_high == pytest.approx(1.5)
    if defects < opportunities:
        assert rate.sigma_level is not None and rate.sigma_low is not None
        assert rate.sigma_low < rate.sigma_level < rate.sigma_high
        assert sigma_level_of(rate.dpmo) == pytest.approx(rate.sigma_level)


@given(st.integers(1, 1000), st.data())
def test_good_and_bad_mirror_each_other(opportunities: int, data: st.DataObject) -> None:
    defects = data.draw(st.integers(0, opportunities))
    rate, mirrored = rate_of(defects, opportunities), rate_of(opportunities - defects, opportunities)
    assert rate.high == pytest.approx(1 - mirrored.low, abs=1e-12)
    assert rate.process_yield == pytest.approx(mirrored.share)
