"""Forecasts against planted truths: what was put into simulated days must come out of them."""

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from analytics.sigma import WrongInput
from analytics.statistics.forecast import WEEKDAYS, forecast

MONDAY = date(2026, 1, 5)
WEEKDAY_FACTORS = [1.4, 1.2, 1.0, 1.0, 1.0, 0.6, 0.5]


def days_from(start: date, count: int) -> list[date]:
    return [start + timedelta(days=number) for number in range(count)]


def simulated(count: int, level: float = 40, seed: int = 1) -> tuple[list[date], np.ndarray]:
    history = days_from(MONDAY, count)
    factors = np.array([WEEKDAY_FACTORS[day.weekday()] for day in history])
    return history, np.random.default_rng(seed).poisson(level * factors)


def test_planted_weekdays_come_out() -> None:
    history, counts = simulated(140)
    found = forecast(history, counts, 7)
    middle = np.exp(np.mean(np.log(WEEKDAY_FACTORS)))
    effects = np.array(list(found.weekday_effects.values()))
    assert tuple(found.weekday_effects) == WEEKDAYS
    assert effects / np.exp(np.mean(np.log(effects))) == pytest.approx(np.array(WEEKDAY_FACTORS) / middle, rel=0.15)
    assert found.mean == pytest.approx([40 * factor for factor in WEEKDAY_FACTORS], rel=0.15)
    assert found.days[0] == history[-1] + timedelta(days=1)


def test_intervals_hold_what_they_promise() -> None:
    inside = total = 0
    for seed in range(20):
        history, counts = simulated(91, seed=seed)
        found = forecast(history[:77], counts[:77], 14, confidence=0.9)
        inside += int(np.sum((counts[77:] >= found.low) & (counts[77:] <= found.high)))
        total += 14
    # Counts are whole, so a 90 % interval holds at least that; the lower bound is that of chance (one in 1,000).
    assert inside >= binom.ppf(0.001, total, 0.9)


def test_the_backtest_shows_the_error_and_beats_the_week_before() -> None:
    history, counts = simulated(140)
    tested = forecast(history, counts, 14).backtest
    assert tested is not None and tested.folds == 8 and tested.days == 112
    assert tested.mase is not None and tested.mase < 1
    # The mean error of a Poisson count around its mean is sqrt(2/pi) of its standard deviation.
    expected = np.mean([np.sqrt(2 / np.pi * 40 * factor) for factor in WEEKDAY_FACTORS])
    assert tested.mean_absolute_error == pytest.approx(expected, rel=0.3)
    assert tested.mape is not None and tested.mape_days == 112


def test_more_spread_than_chance_is_seen() -> None:
    history = days_from(MONDAY, 200)
    counts = np.random.default_rng(5).negative_binomial(4, 4 / 24, 200)
    found = forecast(history, counts, 7, half_life=1000)
    # Variance is mean + mean² / 4.
    assert found.dispersion == pytest.approx(0.25, rel=0.4)
    assert forecast(*simulated(200), 7, half_life=1000).dispersion < 0.02


def test_a_holiday_has_its_own_effect_and_a_first_one_is_told() -> None:
    history, counts = simulated(120)
    holidays = {MONDAY + timedelta(days=offset) for offset in (30, 31, 60, 61, 90, 91)}
    counts = np.array([3 * count if day in holidays else count for day, count in zip(history, counts, strict=True)])
    coming = history[-1] + timedelta(days=2)
    found = forecast(history, counts, 3, holidays=holidays | {coming})
    assert found.mean[1] > 1.5 * found.mean[0]
    untold = forecast(history, counts, 3, holidays={coming})
    assert untold.holiday_effect is None and any("holiday is coming" in note for note in untold.notes)


def test_a_worked_weekend_day_is_forecast_like_a_working_day() -> None:
    history, counts = simulated(140)
    saturday = history[-1] + timedelta(days=6)
    assert saturday.weekday() == 5
    plain, worked = forecast(history, counts, 7), forecast(history, counts, 7, make_up_days={saturday})
    assert worked.mean[:5] == plain.mean[:5]
    assert min(plain.mean[:5]) < worked.mean[5] < max(plain.mean[:5]) and plain.mean[5] < 0.8 * worked.mean[5]


def test_a_short_series_says_that_its_error_is_not_known() -> None:
    found = forecast(days_from(MONDAY, 8), [3, 4, 2, 5, 3, 0, 1, 4], 7)
    assert found.backtest is None and found.weekday_effects == {}
    assert any("error is not known" in note for note in found.notes)
    assert found.mean == pytest.approx([22 / 8] * 7, rel=0.1)


def test_a_series_of_noughts_forecasts_few() -> None:
    found = forecast(days_from(MONDAY, 60), [0] * 60, 7)
    assert max(found.mean) < 0.1 and max(found.high) <= 1 and found.backtest is not None
    assert found.backtest.mape is None and found.backtest.mase is None


@given(st.lists(st.integers(0, 50), min_size=14, max_size=28))
@settings(max_examples=20, deadline=None)
def test_a_forecast_lies_within_its_interval_and_repeats(counts: list[int]) -> None:
    history = days_from(MONDAY, len(counts))
    found = forecast(history, counts, 7)
    assert found == forecast(history, counts, 7)
    for low, mean, high in zip(found.low, found.mean, found.high, strict=True):
        assert 0 <= low <= mean + 1 and mean <= high + 1


def test_days_must_follow_each_other() -> None:
    history = days_from(MONDAY, 10)
    with pytest.raises(WrongInput, match="row 4: 2026-01-09 is not the day after 2026-01-07"):
        forecast(history[:3] + history[4:], [1] * 9, 7)
    with pytest.raises(WrongInput, match="row 2: 2026-01-05 does not come after"):
        forecast([MONDAY, MONDAY, *history[1:8]], [1] * 9, 7)
    with pytest.raises(WrongInput, match="at least 7 needed"):
        forecast(history[:5], [1] * 5, 7)
