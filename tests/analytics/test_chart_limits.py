"""Limits taken from distributions: each is held against the distribution itself, and against long stable runs."""

import math

import numpy as np
import pytest

from analytics.charts.attributes import Attributes, Kind
from analytics.charts.chart import Design, Parameters, draw
from analytics.charts.individuals import Individuals
from analytics.charts.laney import Laney
from analytics.charts.limits import Limits
from analytics.charts.rare_events import Gaps, TimesBetween
from analytics.charts.rules import Rules
from analytics.charts.series import Series
from analytics.sigma import WrongInput


def binomial(count: int, size: int, share: float) -> float:
    return math.comb(size, count) * share**count * (1 - share) ** (size - count)


@pytest.mark.parametrize("alpha", [0.0027, 0.05])
@pytest.mark.parametrize("size", [10, 50, 120])
def test_exact_limits_hold_their_share_at_each_side(size: int, alpha: float) -> None:
    chart = draw(Attributes("np", Limits("exact", alpha=alpha)), Series.of([3], [size]), parameters=Parameters(0.2))
    lower, upper = int(chart.lower[0]), int(chart.upper[0])
    below = sum(binomial(count, size, 0.2) for count in range(lower))
    above = sum(binomial(count, size, 0.2) for count in range(upper + 1, size + 1))
    # The limits are the nearest that hold the share: one count nearer would not.
    assert below <= alpha / 2 < below + binomial(lower, size, 0.2)
    assert above <= alpha / 2 < above + binomial(upper, size, 0.2)


def test_exact_poisson_limits_hold_their_share() -> None:
    exposure, rate = 2.5, 4.0
    chart = draw(Attributes("u", Limits("exact")), Series.of([9], [exposure]), parameters=Parameters(rate))
    chance = [math.exp(-10) * 10**count / math.factorial(count) for count in range(80)]
    lower, upper = round(chart.lower[0] * exposure), round(chart.upper[0] * exposure)
    assert sum(chance[:lower]) <= 0.00135 < sum(chance[: lower + 1])
    assert sum(chance[upper + 1 :]) <= 0.00135 < sum(chance[upper:])


def test_whole_geometric_quantiles() -> None:
    design = Gaps(Limits("exact", alpha=0.1), centre="median", corrected=False)
    chart = draw(design, Series.of([2, 4, 3]))  # p = 1 / 4; P(gap <= k) = 1 - 0.75^(k + 1)
    assert (chart.lower[0], chart.centre[0], chart.upper[0]) == (0, 2, 10)


def test_exact_limits_of_times_are_exponential_quantiles() -> None:
    chart = draw(TimesBetween(Limits("exact", alpha=0.1)), Series.of([5.0, 15.0]))
    assert chart.centre[0] == pytest.approx(10 * math.log(2))
    assert (chart.lower[0], chart.upper[0]) == pytest.approx((10 * -math.log(0.95), 10 * -math.log(0.05)))


def test_times_may_follow_a_weibull_distribution() -> None:
    # Revolutions of ball bearings until failure: shape 2.10, scale 81.9 (Lieblein and Zelen 1956; Lawless 2003).
    bearings = [
        17.88, 28.92, 33.00, 41.52, 42.12, 45.60, 48.48, 51.84, 51.96, 54.12, 55.56, 67.80,
        68.64, 68.64, 68.88, 84.12, 93.12, 98.64, 105.12, 105.84, 127.92, 128.04, 173.40,
    ]  # fmt: skip
    design = TimesBetween(Limits("exact"), distribution="weibull")
    chart = draw(design, Series.of(bearings))
    scale, shape = chart.parameters[0].location, chart.parameters[0].spread
    assert (shape, scale) == (pytest.approx(2.10, abs=0.005), pytest.approx(81.9, abs=0.05))
    # At each line the survival is that of its share: exp(-(t / scale)^shape).
    shares = [math.exp(-((line / scale) ** shape)) for line in (chart.lower[0], chart.centre[0], chart.upper[0])]
    assert shares == pytest.approx([0.99865, 0.5, 0.00135], rel=1e-4)
    with pytest.raises(WrongInput, match="row 2"):
        draw(design, Series.of([1.0, 0.0]))
    with pytest.raises(WrongInput, match="differ"):
        draw(design, Series.of([2.0, 2.0]))
    with pytest.raises(WrongInput, match="all times are 0"):
        draw(TimesBetween(Limits("exact")), Series.of([0.0, 0.0]))


@pytest.mark.parametrize(
    ("kind", "sizes"), [("p", 200), ("np", 200), ("c", None), ("u", 2.5), ("p'", 200), ("u'", 2.5)]
)
def test_long_stable_runs_alarm_no_more_than_theory_lets_them(kind: Kind, sizes: float | None) -> None:
    generator = np.random.default_rng(20261001)
    points = 100_000
    defects = generator.binomial(200, 0.3, points) if kind[0] in "pn" else generator.poisson(60, points)
    series = Series.of(defects, sizes)
    designs: list[Design] = (
        [Laney(kind)] if kind.endswith("'") else [Attributes(kind), Attributes(kind, Limits("exact"))]
    )  # type: ignore[arg-type]
    for design in designs:
        alarms = len(draw(design, series).beyond_limits)
        # 0.27 % and four standard deviations of it; normal limits are a little off for skewed counts.
        assert alarms <= 270 + 4 * math.sqrt(270) + (100 if design.to_json()["limits"]["method"] == "normal" else 0)


def test_rare_events_and_measurements_alarm_no_more_than_theory_lets_them() -> None:
    generator = np.random.default_rng(20261002)
    points = 100_000
    bound = 270 + 4 * math.sqrt(270)
    gaps = draw(Gaps(Limits("exact")), Series.of(generator.geometric(0.02, points) - 1))
    assert len(gaps.beyond_limits) <= bound
    assert len(draw(TimesBetween(Limits("exact")), Series.of(generator.exponential(3, points))).beyond_limits) <= bound
    normal = Series.of(generator.normal(5, 2, points))
    # 3 / 1.128 is rounded: the limits are wider by 0.03 %.
    assert 270 - 4 * math.sqrt(270) <= len(draw(Individuals(), normal).beyond_limits) <= bound


def test_zones_of_exact_limits_are_those_of_the_distribution() -> None:
    generator = np.random.default_rng(20261007)
    points = 100_000
    gaps = Series.of(generator.geometric(0.01, points) - 1)
    chart = draw(Gaps(Limits("exact"), centre="median"), gaps, rules=Rules(("nelson_2", "nelson_5")))
    # A run of nine: 2 * 0.5^9. Two of three beyond two sigma: 2 * a * (1 - (1 - a)^2), a = 0.02275.
    for rule, chance in (("nelson_2", 2 * 0.5**9), ("nelson_5", 2 * 0.02275 * (1 - (1 - 0.02275) ** 2))):
        assert len(chart.signals(rule)) == pytest.approx(points * chance, rel=0.25)  # type: ignore[arg-type]
