"""S0's table and its example come out, and ``docs/analytics/sigma.md`` tells the truth of where S0 prints otherwise."""

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from analytics.sigma import Convention, DefectRate, RolledYield, dpmo_of, measure, rolled_yield, sigma_level_of
from analytics.statistics.sigma_levels import sigma_level
from analytics.statistics.yields import rolled_throughput_yield
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "analytics" / "sigma.md"
# As S0 prints it.
S0 = {1: 500_000, 2: 308_537, 3: 66_807, 4: 6_210, 5: 233, 6: 3.4}


def rate(defects: int, opportunities: int) -> DefectRate:
    found = measure(defects, opportunities)
    assert isinstance(found, DefectRate)
    return found


def test_four_of_the_six_lines_are_those_of_the_curve_rounded() -> None:
    assert {level: round(dpmo_of(level), 1 if level == 6 else 0) for level in (3, 4, 5, 6)} == {
        level: S0[level] for level in (3, 4, 5, 6)
    }


def test_s0_cuts_two_sigma_off_where_it_rounds_elsewhere() -> None:
    assert math.floor(dpmo_of(2)) == S0[2] and round(dpmo_of(2)) == 308_538
    assert math.floor(dpmo_of(4)) == S0[4] - 1 and math.floor(dpmo_of(5)) == S0[5] - 1


def test_what_s0_prints_for_one_sigma_is_the_curve_at_one_and_a_half() -> None:
    assert dpmo_of(1.5) == S0[1]
    assert round(dpmo_of(1)) == 691_462
    every_way = {round(dpmo_of(1, shift, two_sided)) for shift in (0, 1.5) for two_sided in (False, True)}
    assert every_way == {691_462, 697_672, 158_655, 317_311}


def test_the_page_shows_the_table() -> None:
    rows = re.findall(
        r"^\| (\d)σ \| ([\d,.]+) \| ([\d,.]+) \| ([\d,.]+) \| ([\d,.]+) \|$", PAGE.read_text("utf-8"), re.M
    )
    assert [int(row[0]) for row in rows] == [1, 2, 3, 4, 5, 6]
    for row in rows:
        level, printed, curve, rounded, without = (float(cell.replace(",", "")) for cell in row)
        # Of the normal distribution itself (scipy), not of our functions.
        exact = 1e6 * float(norm.sf(level - 1.5))
        digits = len(row[2].partition(".")[2])
        assert printed == S0[int(level)] and curve == round(exact, digits)
        assert rounded == round(exact, 1 if level == 6 else 0)
        assert without == round(1e6 * float(norm.sf(level)), len(row[4].partition(".")[2]))


def test_six_steps_of_95_percent_are_73_5_percent_and_not_even_three_sigma() -> None:
    rolled = rolled_yield([(f"step {number}", rate(5, 100)) for number in range(1, 7)])
    assert isinstance(rolled, RolledYield)
    assert f"{rolled.value:.6f}" == "0.735092" and f"{100 * rolled.value:.1f}" == "73.5"
    assert rolled.sigma_level is not None and f"{rolled.sigma_level:.2f}" == "2.13"
    assert rolled_throughput_yield([0.95] * 6).value == pytest.approx(rolled.value, rel=1e-12)
    text = PAGE.read_text("utf-8")
    for figure in ("0.735092", "73.5 %", "2.13", "264,908", "3.14", "98.85", "0.57"):
        assert figure in text
    assert round(1e6 * (1 - 0.95**6)) == 264_908
    assert f"{sigma_level_of(50_000):.2f}" == "3.14"
    assert f"{100 * (1 - dpmo_of(3) / 1e6) ** (1 / 6):.2f}" == "98.85"
    assert f"{1e6 * -math.expm1(math.log1p(-dpmo_of(6) / 1e6) / 6):.2f}" == "0.57"


def test_the_other_figures_of_the_page_hold() -> None:
    assert round(dpmo_of(3, two_sided=True)) == 66_811
    some = rate(5, 100)
    assert some.sigma_low is not None and some.sigma_high is not None
    assert (f"{some.sigma_low:.1f}", f"{some.sigma_high:.1f}") == ("2.7", "3.6")
    flawless = rate(0, 100)
    # 0 of 100: the upper bound of the share is 1 - 0.025 ** (1 / 100), by hand.
    bound = 1.5 - float(norm.ppf(1 - 0.025 ** (1 / 100)))
    assert flawless.sigma_level is None and flawless.sigma_low == pytest.approx(bound)
    assert f'"at least {bound:.2f}"' in PAGE.read_text("utf-8")


@given(st.floats(0, 8), st.floats(0, 8), st.sampled_from([0.0, 1.5]))
def test_a_higher_level_means_fewer_failures(first: float, second: float, shift: float) -> None:
    low, high = sorted((first, second))
    assert dpmo_of(high, shift) <= dpmo_of(low, shift)
    # The shift takes as much off the level as it says, whatever the level.
    assert dpmo_of(high + shift, shift) == pytest.approx(dpmo_of(high, 0.0), rel=1e-12)


@given(st.integers(1, 10**6), st.integers(1, 10**6), st.integers(2, 50))
def test_ten_times_as_much_of_the_same_is_the_same_level_and_surer(bad: int, good: int, times: int) -> None:
    small, large = rate(bad, bad + good), rate(times * bad, times * (bad + good))
    assert small.sigma_level == pytest.approx(large.sigma_level)
    assert small.sigma_low is not None and large.sigma_low is not None
    assert small.sigma_high is not None and large.sigma_high is not None
    assert small.sigma_low <= large.sigma_low <= large.sigma_high <= small.sigma_high


@given(st.integers(1, 10**5), st.integers(1, 10**5))
def test_defects_and_good_ones_are_mirror_images(bad: int, good: int) -> None:
    one, other = rate(bad, bad + good), rate(good, bad + good)
    assert one.sigma_level is not None and other.sigma_level is not None
    assert one.sigma_level - 1.5 == pytest.approx(1.5 - other.sigma_level, abs=1e-9)
    assert (one.low, one.high) == pytest.approx((1 - other.high, 1 - other.low), abs=1e-12)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 500)), min_size=1, max_size=8), st.randoms())
def test_the_order_of_the_steps_does_not_matter_and_a_flawless_one_changes_nothing(
    steps: list[tuple[int, int]], chance: object
) -> None:
    named = [(str(at), rate(bad, bad + good)) for at, (bad, good) in enumerate(steps)]
    shuffled = list(named)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    first, second = rolled_yield(named), rolled_yield([*shuffled, ("flawless", rate(0, 9))])
    assert isinstance(first, RolledYield) and isinstance(second, RolledYield)
    assert first.value == pytest.approx(second.value, rel=1e-12)
    # One more step never helps, and the product is no better than the worst of them.
    assert first.value <= min(one.process_yield for _, one in named) + 1e-12


@given(st.floats(1e-3, 999_999.0), st.sampled_from([0.0, 1.5]))
def test_both_ways_lead_back(dpmo: float, shift: float) -> None:
    assert dpmo_of(sigma_level_of(dpmo, shift), shift) == pytest.approx(dpmo, rel=1e-9)
    found = sigma_level(dpmo, shift)
    assert found.level == pytest.approx(sigma_level_of(dpmo, shift))
    assert Convention(shift).to_json()["shift"] == shift
