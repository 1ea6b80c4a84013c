"""Planted truths: a shift of one standard deviation is found within the run length of theory; false alarms keep to it.

Where nothing else is said the theory is that of known parameters; ``test_a_frozen_baseline…`` estimates them.
"""

import math
from datetime import date, timedelta

import numpy as np
import pytest
from scipy import stats

from analytics.charts.attributes import Attributes
from analytics.charts.baseline import calibrate, monitor
from analytics.charts.chart import Parameters, draw
from analytics.charts.cusum import cusum
from analytics.charts.ewma import Ewma
from analytics.charts.individuals import MovingRanges
from analytics.charts.limits import Limits
from analytics.charts.rules import ALL, Rule, Rules, evaluate
from analytics.charts.series import Series
from analytics.drawing import Wish, draw_counts
from analytics.periods import Period
from analytics.series import CountSeries
from tests.analytics.planted import CHANCE, PROCESSES, SHARE, within

POINTS = 60_000


@pytest.mark.parametrize("shift", [0.0, 1.0], ids=["stable", "shifted by 1 sigma"])
@pytest.mark.parametrize("name", PROCESSES)
def test_points_beyond_the_limits_are_as_many_as_theory_says(name: str, shift: float) -> None:
    """The run length of such a chart is geometric: one by the probability that a point lies beyond."""
    process = PROCESSES[name]
    # One seed for each test: hash() would be another in each run.
    generator = np.random.default_rng([20261122, sorted(PROCESSES).index(name), int(shift)])
    series = process.make(generator, POINTS, shift)
    chart = draw(process.design, series, parameters=process.parameters)
    beyond = np.zeros(POINTS, dtype=np.bool_)
    beyond[np.array(chart.beyond_limits, dtype=int) - 1] = True
    for turn, probability in enumerate(process.theory(shift)):
        of_this_size = beyond[turn :: len(process.theory(shift))]
        assert within(int(of_this_size.sum()), len(of_this_size), float(probability)), (turn, probability)


@pytest.mark.parametrize("name", ["p", "u", "c", "individuals", "Laney p'", "Laney u'"])
def test_a_planted_shift_is_found_within_the_run_length_of_theory(name: str) -> None:
    """Each of many histories shifts on a day; from there the chart runs on until it signals."""
    process, histories, after = PROCESSES[name], 250, 600
    generator = np.random.default_rng([20261123, sorted(PROCESSES).index(name)])
    probabilities = np.resize(process.theory(1.0), after)
    lengths = []
    for _ in range(histories):
        chart = draw(process.design, process.make(generator, after, 1.0), parameters=process.parameters)
        assert chart.beyond_limits, "a shift of one standard deviation must be found in 600 points"
        lengths.append(chart.beyond_limits[0])
    # The exact law of the first point beyond, sizes taking turns.
    survival = np.cumprod(1 - probabilities)
    mean = 1 + survival.sum()
    at = np.arange(1, after + 1)
    law = probabilities * np.concatenate([[1.0], survival[:-1]])
    deviation = math.sqrt(float((law * (at - mean) ** 2).sum()))
    assert abs(np.mean(lengths) - mean) < 4 * deviation / math.sqrt(histories)
    # And the slowest is not slower than chance lets one of so many be.
    assert np.mean(survival[np.array(lengths) - 1] < CHANCE / histories) == 0


# Montgomery, Introduction to Statistical Quality Control, tables 9.3 and 9.11: average run lengths as printed.
@pytest.mark.parametrize(("interval", "shift", "printed"), [(5.0, 0.0, 465.0), (5.0, 1.0, 10.4), (4.0, 0.0, 168.0)])
def test_a_cusum_runs_as_long_as_the_table_says(interval: float, shift: float, printed: float) -> None:
    generator = np.random.default_rng([20261124, int(interval), int(shift)])
    pair = cusum(
        Series.of(generator.normal(50 + 3 * shift, 3, 150_000)), 0.5, interval, target=50, sigma=3, reset=True
    )  # fmt: skip
    # Begun anew after each alarm the alarms of a side are renewals, and the rates of both sides add up (Kemp 1961).
    alarms = len(pair.main.beyond_limits) + len(pair.companion.beyond_limits)
    expected = 150_000 / printed
    assert abs(alarms - expected) < 4 * math.sqrt(expected) + 0.005 * expected


@pytest.mark.parametrize(
    ("smoothing", "width", "shift", "printed"),
    [(0.2, 2.962, 0.0, 500.0), (0.2, 2.962, 1.0, 10.5), (0.1, 2.814, 1.0, 10.3), (0.05, 2.615, 0.5, 28.8)],
)
def test_an_ewma_runs_as_long_as_the_table_says(smoothing: float, width: float, shift: float, printed: float) -> None:
    generator = np.random.default_rng([20261125, int(100 * smoothing), int(shift)])
    design = Ewma(smoothing, Limits(multiplier=width), varying=False)
    longest, histories = (3000 if shift == 0 else 300), 150 if shift == 0 else 400
    ran = alarms = 0
    for _ in range(histories):
        series = Series.of(generator.normal(7 + 2 * shift, 2, longest))
        beyond = draw(design, series, parameters=Parameters(7.0, 2.0)).beyond_limits
        alarms += bool(beyond)
        ran += beyond[0] if beyond else longest
    # A run length varies by no more than its mean; the table prints three digits.
    assert abs(ran / alarms - printed) < 4 * printed / math.sqrt(alarms) + 0.005 * printed


def test_moving_ranges_alarm_as_theory_says() -> None:
    generator = np.random.default_rng(20261126)
    mean = 2 / math.sqrt(math.pi)
    design = MovingRanges(constant="exact")
    width = 3 * math.sqrt(2 - mean**2)
    chart = draw(design, Series.of(generator.normal(size=POINTS)), parameters=Parameters(mean, width / 3))
    # The range of two normal values is a half-normal one of standard deviation √2. Neighbours share a value, so only
    # every other range is independent.
    probability = 2 * stats.norm.sf((mean + width) / math.sqrt(2))
    every_other = sum(index % 2 == 0 for index in chart.beyond_limits)
    assert within(every_other, POINTS // 2, float(probability))


def _most(window: int, needed: int, distance: float) -> float:
    # The last point lies there, and enough of those before it.
    far = float(stats.norm.sf(distance))
    return float(2 * far * stats.binom.sf(needed - 2, window - 1, far))


BEYOND_ONE = 2 * float(stats.norm.sf(1))
# Of independent normal points, by counting: nine signs alike, orders of six points, zigzags of fourteen (André 1881:
# the Euler number 199,360,981), stretches of independent points.
FALSE_ALARMS: dict[Rule, float] = {
    "nelson_1": 2 * float(stats.norm.sf(3)),
    "nelson_2": 2 / 2**9,
    "nelson_3": 2 / math.factorial(6),
    "nelson_4": 2 * 199_360_981 / math.factorial(14),
    "nelson_5": _most(3, 2, 2),
    "nelson_6": _most(5, 4, 1),
    "nelson_7": (1 - BEYOND_ONE) ** 15,
    "nelson_8": BEYOND_ONE**8 * (1 - 2 / 2**8),
    "western_electric_1": 2 * float(stats.norm.sf(3)),
    "western_electric_2": _most(3, 2, 2),
    "western_electric_3": _most(5, 4, 1),
    "western_electric_4": 2 / 2**8,
}


@pytest.fixture(scope="module")
def long_run() -> dict[Rule, np.ndarray[tuple[int], np.dtype[np.bool_]]]:
    scores = np.random.default_rng(20261127).normal(size=600_000)
    found = evaluate(scores, Rules(ALL))
    return {rule: found.completing[row] for row, rule in enumerate(ALL)}


@pytest.mark.parametrize("rule", ALL)
def test_each_rule_alarms_falsely_as_often_as_theory_says(
    rule: Rule, long_run: dict[Rule, np.ndarray[tuple[int], np.dtype[np.bool_]]]
) -> None:
    # No pattern spans more than 15 points: so far apart they are independent, and their number is binomial.
    apart = long_run[rule][14::15]
    assert within(int(apart.sum()), len(apart), FALSE_ALARMS[rule])


def test_a_frozen_baseline_is_judged_by_its_own_limits() -> None:
    """Estimated limits are a little off each time; how long a chart then runs is known all the same."""
    generator = np.random.default_rng(20261128)
    design, size, weighed, variance = Attributes("p"), 300, 0.0, 0.0
    sigma = math.sqrt(SHARE * (1 - SHARE) / size)
    histories = 250
    for _ in range(histories):
        calibration = calibrate(design, Series.of(generator.binomial(size, SHARE, 60), size))
        later = Series.of(generator.binomial(size, SHARE + sigma, 2000), size, first=61)
        chart = monitor(calibration, later)
        centre = calibration.parameters.location * size
        reach = 3 * math.sqrt(centre * (1 - calibration.parameters.location))
        law = stats.binom(size, SHARE + sigma)
        probability = float(law.cdf(math.ceil(centre - reach) - 1) + law.sf(math.floor(centre + reach)))
        # Whatever the limits, run length times probability is 1 on average.
        weighed += (chart.beyond_limits[0] - 60) * probability
        variance += 1 - probability
    assert abs(weighed - histories) < 4 * math.sqrt(variance)


def _days(defects: np.ndarray[tuple[int], np.dtype[np.int64]], size: int) -> CountSeries:
    days = tuple(date(2025, 1, 1) + timedelta(days=at) for at in range(len(defects)))
    return CountSeries("", "day", days, tuple(defects.tolist()), (size,) * len(defects))


@pytest.mark.parametrize("kind", ["p", "ewma", "cusum", "p'"])
def test_a_day_on_which_a_process_got_worse_is_found_in_its_history(kind: str) -> None:
    """As a person asks: a year as the baseline, then a day from which one standard deviation more fails."""
    generator = np.random.default_rng([20261129, len(kind)])
    size, before, after = 400, 365, 400
    sigma = math.sqrt(SHARE * (1 - SHARE) / size)
    # By the tables above, and for p by the binomial law: the time within which all but one of 10,000 are found. Small
    # shifts that last are found far sooner by ewma and cusum.
    law = stats.binom(size, SHARE + sigma)
    centre = SHARE * size
    beyond = float(law.sf(math.floor(centre + 3 * math.sqrt(centre * (1 - SHARE)))))
    longest = math.log(CHANCE) / math.log1p(-beyond) if kind in ("p", "p'") else 60
    for _ in range(8):
        shares = np.repeat([SHARE, SHARE + sigma], [before, after])
        series = _days(generator.binomial(size, shares), size)
        baseline = Period(series.days[0], series.days[before - 1])
        drawn = draw_counts(series, "recovery", Wish(kind, "normal", baseline=baseline))  # type: ignore[arg-type]
        found = [point.index - before for _, point in drawn.signals if point.index > before]
        assert found and min(found) <= longest


def test_ordinary_limits_cry_wolf_where_counts_are_overdispersed_and_laneys_do_not() -> None:
    laney = PROCESSES["Laney p'"]
    series = laney.make(np.random.default_rng(20261130), 20_000, 0.0)
    ordinary = draw(Attributes("p"), series, parameters=Parameters(laney.parameters.location))
    # Three standard deviations of chance are 3 / 2.5 of the real ones.
    assert within(len(ordinary.beyond_limits), 20_000, float(2 * stats.norm.sf(3 / 2.5)))
    assert within(len(draw(laney.design, series, parameters=laney.parameters).beyond_limits), 20_000, 0.0026998)
    # Estimated from the data, sigma_z comes to the planted 2.5 within its own error (Cryer and Ryan 1990).
    estimate = draw(laney.design, series).parameters[0].spread
    assert abs(estimate - 2.5) < 4 * 2.5 * math.sqrt(0.826 / 20_000) + 2.5 * 0.0003
