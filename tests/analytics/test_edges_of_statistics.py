"""Edges: values that are all the same, counts in the billions, no events, words for numbers, other intervals."""

from collections.abc import Callable
from math import inf, isnan, log

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm, poisson

from analytics.charts.attributes import Attributes
from analytics.charts.chart import Design, draw
from analytics.charts.cusum import cusum
from analytics.charts.ewma import Ewma
from analytics.charts.individuals import Individuals, MovingRanges
from analytics.charts.laney import Laney
from analytics.charts.limits import Limits
from analytics.charts.rare_events import TimesBetween
from analytics.charts.rules import NELSON, Rules
from analytics.charts.series import Series
from analytics.sigma import WrongInput
from analytics.statistics.proportion import proportion
from analytics.statistics.rate import rate
from analytics.statistics.two_proportions import conditional_odds_ratio, two_proportions
from analytics.statistics.two_samples import mann_whitney
from analytics.statistics.yields import process_yields

MEASURED: tuple[Design, ...] = (Individuals(), MovingRanges(), Ewma(0.05), TimesBetween())


@pytest.mark.parametrize("design", MEASURED, ids=lambda design: design.kind)
@given(value=st.floats(1e-9, 1e12), points=st.integers(2, 40))
def test_values_that_are_all_the_same_never_signal(design: Design, value: float, points: int) -> None:
    rules = Rules() if design.remembers else Rules(which=NELSON[:6])
    assert draw(design, Series.of([value] * points), rules=rules).signalling == ()


@given(value=st.floats(1e-9, 1e12), points=st.integers(2, 40))
def test_sums_of_values_that_are_all_the_same_stay_at_nothing(value: float, points: int) -> None:
    assert cusum(Series.of([value] * points)).signalling == ()


@given(count=st.integers(1, 50), more=st.integers(1, 50), points=st.integers(2, 40))
def test_shares_that_are_all_the_same_never_signal(count: int, more: int, points: int) -> None:
    series = Series.of([count] * points, count + more)
    for kind in ("p'", "u'"):
        assert draw(Laney(kind), series, rules=Rules(which=NELSON[:6])).signalling == ()  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["p", "u"])
def test_exact_limits_of_counts_in_the_billions_are_as_good_as_normal(kind: str) -> None:
    counts, sizes = [10**12, 10**12 + 4 * 10**6], [10**14] * 2
    exact = draw(Attributes(kind, Limits("exact")), Series.of(counts, sizes))  # type: ignore[arg-type]
    normal = draw(Attributes(kind), Series.of(counts, sizes))  # type: ignore[arg-type]
    assert exact.lower == pytest.approx(normal.lower, rel=1e-9)
    assert exact.upper == pytest.approx(normal.upper, rel=1e-9)
    assert exact.beyond_limits == normal.beyond_limits == ()


@given(events=st.integers(0, 200), confidence=st.floats(0.5, 0.99))
def test_the_interval_of_a_rate_is_the_one_whose_ends_just_allow_the_events(events: int, confidence: float) -> None:
    found = rate(events, 2.0, confidence)
    tail = (1 - confidence) / 2
    assert poisson.cdf(events, 2 * found.interval.high) == pytest.approx(tail)
    if events:
        assert poisson.sf(events - 1, 2 * found.interval.low) == pytest.approx(tail)
    else:
        assert found.interval.low == 0


def test_no_event_bounds_a_rate() -> None:
    # The rule of three, exactly: exp(-rate) is 5 %.
    assert rate(0, confidence=0.95, sides="upper").interval.high == pytest.approx(-log(0.05))
    lower = rate(3, confidence=0.95, sides="lower").interval
    assert lower.high == inf and 0 < lower.low < 3


# Newcombe, Statistics in Medicine 17 (1998) 857, table I.
@pytest.mark.parametrize(
    ("successes", "total", "method", "low", "high"),
    [
        (81, 263, "wilson", 0.2553, 0.3662),
        (81, 263, "exact", 0.2527, 0.3676),
        (15, 148, "wilson", 0.0624, 0.1605),
        (15, 148, "exact", 0.0578, 0.1617),
        (15, 148, "wald", 0.0527, 0.1500),
        (0, 20, "wilson", 0, 0.1611),
        (0, 20, "exact", 0, 0.1684),
        (1, 29, "exact", 0.0009, 0.1776),
    ],
)
def test_published_intervals_of_a_share(successes: int, total: int, method: str, low: float, high: float) -> None:
    found = proportion(successes, total, method=method).interval
    assert (found.low, found.high) == pytest.approx((low, high), abs=5.1e-5)


@given(
    successes=st.integers(0, 60), more=st.integers(1, 60), method=st.sampled_from(["agresti-coull", "jeffreys", "wald"])
)
def test_intervals_of_a_share_turn_with_it(successes: int, more: int, method: str) -> None:
    total = successes + more
    one, other = proportion(successes, total, method=method), proportion(more, total, method=method)
    assert one.interval.low == pytest.approx(1 - other.interval.high, abs=1e-12)
    assert 0 <= one.interval.low <= one.value <= one.interval.high <= 1


def test_a_wald_interval_of_a_difference_by_hand() -> None:
    # 0.5 - 0.2 with 0.16 / 50 + 0.25 / 50; the correction adds 0.02 at each side.
    half = norm.ppf(0.975) * (0.0032 + 0.005) ** 0.5
    found = two_proportions((10, 50), (25, 50), interval="wald").interval
    assert (found.low, found.high) == pytest.approx((0.3 - half, 0.3 + half))
    corrected = two_proportions((10, 50), (25, 50), interval="wald", continuity=True).interval
    assert (corrected.low, corrected.high) == pytest.approx((0.3 - half - 0.02, 0.3 + half + 0.02))


def test_the_conditional_odds_ratio_of_the_tea() -> None:
    # R's fisher.test: 6.408309, from 0.3135693 on; it looks for them with 13 binary digits.
    ratio, interval = conditional_odds_ratio((1, 4), (3, 4), alternative="greater")
    assert ratio == pytest.approx(6.408309, abs=1e-4) and interval.low == pytest.approx(0.3135693, abs=1e-4)
    assert interval.high == inf
    assert isnan(conditional_odds_ratio((0, 5), (0, 5))[0])


def test_steps_that_fail_more_than_the_batch_leave_nothing_good() -> None:
    found = process_yields([100, 5], None, 100)
    assert found.final_yield == 0 and found.first_time_yield == 0 and found.rolled_yield == 0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: mann_whitney(["1", "2"], [1, 2]), "row 1: must be a number, not '1'"),
        (lambda: mann_whitney([1, 1], [1, 2], method="exact"), "values that are all different"),
        (lambda: proportion(1, 2, method="guess"), "the method must be one of"),
        (lambda: two_proportions((1, 2), (1, 2), interval="guess"), "the interval must be one of"),
        (lambda: conditional_odds_ratio((1, 20_000), (1, 20_000)), "at most 20000 cases"),
        (lambda: rate(-1), "must be at least 0"),
        (lambda: rate(1, 0), "must be above 0"),
        (lambda: rate(1, sides="both"), "the sides must be one of"),
        (
            lambda: draw(TimesBetween(Limits("exact"), distribution="weibull"), Series.of([1e-300, 1e300, 5])),
            "too far apart",
        ),
    ],
)
def test_it_refuses_what_makes_no_sense_at_the_edges(wrong: Callable[[], object], message: str) -> None:
    with pytest.raises(WrongInput, match=message):
        wrong()
