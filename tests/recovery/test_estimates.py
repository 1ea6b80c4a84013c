"""Shares with what they rest on, against the known forms of the Beta distribution."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta

from recovery.estimates import Estimate, logit, share_at

shares = st.floats(0.0, 1.0)
strengths = st.floats(0.5, 1e5)


def test_the_posterior_is_the_conjugate_one() -> None:
    # Beta(2, 2) and 7 of 10 give Beta(9, 5), with mean 9/14 (any textbook).
    found = Estimate(0.5, 4).updated(7, 10)
    assert found.mean == pytest.approx(9 / 14)
    assert found.strength == 14


@pytest.mark.parametrize(
    ("estimate", "confidence", "low", "high"),
    [
        (Estimate(0.5, 2), 0.9, 0.05, 0.95),  # Beta(1, 1) is uniform
        (Estimate(2 / 3, 3), 0.5, 0.5, 0.75**0.5),  # Beta(2, 1) has the distribution x²
        (Estimate(1 / 4, 4), 0.8, 1 - 0.9 ** (1 / 3), 1 - 0.1 ** (1 / 3)),  # Beta(1, 3): 1 - (1 - x)³
    ],
)
def test_intervals_in_closed_form(estimate: Estimate, confidence: float, low: float, high: float) -> None:
    assert estimate.interval(confidence) == (pytest.approx(low), pytest.approx(high))


@given(st.floats(0.01, 0.99), st.floats(1.0, 1e4), st.floats(0.5, 0.99))
def test_intervals_are_those_of_scipy(mean: float, strength: float, confidence: float) -> None:
    low, high = beta.interval(confidence, mean * strength, (1 - mean) * strength)
    assert Estimate(mean, strength).interval(confidence) == (
        pytest.approx(low, abs=1e-9, rel=1e-6),
        pytest.approx(high, abs=1e-9, rel=1e-6),
    )


@given(shares, strengths, st.integers(0, 1000), st.integers(0, 1000))
def test_a_posterior_lies_between_prior_and_data(mean: float, strength: float, good: int, bad: int) -> None:
    if not good + bad:
        return
    data, found = good / (good + bad), Estimate(mean, strength).updated(good, good + bad).mean
    assert min(mean, data) - 1e-9 <= found <= max(mean, data) + 1e-9


@given(st.floats(0.05, 0.95), st.floats(2.0, 100.0), st.floats(0.05, 0.95))
def test_it_tends_to_the_data_and_becomes_surer(mean: float, strength: float, truth: float) -> None:
    prior = Estimate(mean, strength)
    found = [prior.updated(truth * cases, cases) for cases in (1e3, 1e5, 1e7)]
    assert abs(found[-1].mean - truth) < 1e-4
    widths = [high - low for low, high in (one.interval() for one in found)]
    assert widths[0] > widths[1] > widths[2]


@given(st.floats(-12.0, 12.0))
def test_log_odds_and_shares_undo_each_other(odds: float) -> None:
    assert logit(share_at(odds)) == pytest.approx(odds, abs=1e-6)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_share_lies_within_bounds(odds: float) -> None:
    assert 0.0 < share_at(odds) < 1.0


@pytest.mark.parametrize("arguments", [(-0.1, 1), (1.1, 1), (0.5, 0), (0.5, -1)])
def test_it_refuses_what_is_no_share(arguments: tuple[float, float]) -> None:
    with pytest.raises(ValueError):
        Estimate(*arguments)


def test_it_refuses_more_successes_than_trials() -> None:
    with pytest.raises(ValueError):
        Estimate(0.5, 1).updated(2, 1)
    with pytest.raises(ValueError):
        Estimate(0.5, 1).interval(1.0)
