"""The science of recovery against published tables, hand reckoning and planted truths."""

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student

from analytics.sigma import WrongInput
from analytics.statistics.association import rank_association, share_trend
from analytics.statistics.customers import concentration, drifting_customers, repeat_complaints
from analytics.statistics.recovery_cost import cost_per_regained, fieller_interval
from analytics.statistics.recovery_paradox import recovery_paradox
from analytics.statistics.recovery_quality import (
    double_deviation,
    fairness_on_rating,
    rating_by_speed,
    share_of_fives,
)

NEW_YEAR = date(2026, 1, 1)


def after(days: int) -> date:
    return NEW_YEAR + timedelta(days=days)


def test_the_published_association_of_income_and_content_comes_out() -> None:
    # Job satisfaction by income (Agresti 2002, table 2.8; gamma 0.221 from 1331 and 849 pairs, error 0.117).
    table = np.array([[1, 3, 10, 6], [2, 3, 10, 7], [1, 6, 14, 12], [0, 1, 9, 11]])
    income, content = (np.repeat(index.ravel(), table.ravel()) for index in np.indices(table.shape))
    found = rank_association(income, content)
    assert found.gamma == pytest.approx((1331 - 849) / (1331 + 849)) and found.gamma_interval is not None
    assert (found.gamma_interval.high - found.gamma) / 1.959964 == pytest.approx(0.117, abs=6e-4)


def test_the_published_trend_of_a_share_comes_out() -> None:
    # R documentation of prop.trend.test: smokers among lung cancer patients in four studies (Fleiss 1981).
    found = share_trend([83, 90, 129, 70], [86, 93, 136, 82], [1, 2, 3, 4])
    assert found.z**2 == pytest.approx(8.2249, abs=5e-5) and found.p == pytest.approx(0.004132, abs=5e-7)
    assert found.slope < 0 and found.slope_interval.low < found.slope < found.slope_interval.high


def test_spearman_without_ties_is_the_school_formula() -> None:
    # By hand: squared rank differences 1, 1, 0, 1, 1 give 1 - 6 x 4 / (5 x 24).
    found = rank_association([1, 2, 3, 4, 5], [2, 1, 3, 5, 4])
    assert found.spearman == pytest.approx(0.8)
    # Kendall: 8 pairs agree, 2 do not.
    assert found.tau_b == pytest.approx(0.6) and found.gamma == pytest.approx(0.6)


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=6, max_size=30))
@settings(max_examples=30, deadline=None)
def test_associations_are_symmetric_and_turn_their_sign(pairs: list[tuple[int, int]]) -> None:
    x, y = [a for a, _ in pairs], [b for _, b in pairs]
    if len(set(x)) < 2 or len(set(y)) < 2:
        return
    forth, back, turned = rank_association(x, y), rank_association(y, x), rank_association(x, [-b for b in y])
    assert forth.spearman == pytest.approx(back.spearman) == pytest.approx(-turned.spearman)
    assert forth.tau_b == pytest.approx(-turned.tau_b)
    if forth.gamma is not None and turned.gamma is not None:
        assert forth.gamma == pytest.approx(-turned.gamma)
    assert forth.spearman_interval.low <= forth.spearman + 1e-9 <= forth.spearman_interval.high + 2e-9


def test_a_planted_paradox_is_found_and_a_missing_one_is_not() -> None:
    never, great, poor = [4, 4, 3, 5, 4, 3, 4, 4] * 6, [5, 5, 4, 5, 5, 4, 5, 5] * 6, [1, 2, 1, 3, 2, 1, 2, 1] * 6
    found = recovery_paradox(never, great, poor)
    assert found.paradox and found.p_any < 1e-6
    assert found.recovered_against_never_failed.effect > 0 > found.not_recovered_against_recovered.effect
    assert [group.mean for group in found.groups] == pytest.approx([31 / 8, 38 / 8, 13 / 8])
    assert not recovery_paradox(never, never, poor).paradox
    assert not recovery_paradox(great, never, poor).paradox


def test_a_useless_recovery_shows_a_paradox_no_more_often_than_agreed() -> None:
    generator = np.random.default_rng(11)
    alarms = sum(recovery_paradox(*(generator.integers(1, 6, 40) for _ in range(3))).paradox for _ in range(150))
    # Two tests are adjusted for, so one in forty at most; 10 of 150 would come by chance once in hundreds.
    assert alarms <= 10


def test_the_share_of_fives_counts_only_fives() -> None:
    # Wilson's interval for 15 of 148: 0.0624 to 0.1605 (Newcombe 1998, table I, method 3).
    found = share_of_fives([5] * 15 + [4] * 133)
    assert (found.interval.low, found.interval.high) == pytest.approx((0.0624, 0.1605), abs=5e-5)


def test_a_recovery_failed_for_two_reasons_is_one_double_deviation() -> None:
    found = double_deviation({"promise broken": [1, 0, 1, 0], "reopened": [1, 0, 0, 0]})
    assert found.rate.value == 0.5 and found.by_reason["reopened"].value == 0.25
    with pytest.raises(WrongInput, match="differ in length"):
        double_deviation({"promise broken": [1, 0], "reopened": [1]})


def test_the_dimension_that_drives_the_rating_comes_first() -> None:
    rating = [1, 2, 3, 4, 5, 5, 4, 3, 2, 1] * 3
    mixed = [3, 1, 2, 5, 4, 1, 3, 5, 2, 4] * 3
    found = fairness_on_rating({"outcome": mixed, "interaction": rating}, rating)
    assert [dimension.dimension for dimension in found] == ["interaction", "outcome"]
    assert found[0].association.spearman == pytest.approx(1) and found[0].p_adjusted < 1e-6
    with pytest.raises(WrongInput, match="outcome: the second column does not vary"):
        fairness_on_rating({"outcome": rating}, [5] * 30)


def test_slower_cases_with_lower_ratings_show_in_bands_and_trend() -> None:
    hours, rating = [0.2, 0.4, 0.5, 1, 1.5, 2, 5, 20, 30, 50], [5, 5, 5, 5, 4, 5, 4, 3, 2, 1]
    found = rating_by_speed(hours, rating, cuts=[0.5, 2, 24])
    assert [(band.up_to, band.fives.total, band.fives.successes) for band in found.bands] == [
        (0.5, 3, 3), (2, 3, 2), (24, 2, 0), (None, 2, 0),
    ]  # fmt: skip
    assert found.association.spearman < -0.8
    assert found.fives_trend is not None and found.fives_trend.z < -2
    with pytest.raises(WrongInput, match="the cuts, row 2: 2 is not above 5"):
        rating_by_speed(hours, rating, cuts=[5, 2])


def test_the_cost_of_a_regained_customer_counts_the_lost_ones_too() -> None:
    found = cost_per_regained([10, 20, 30, 40] * 5, [1, 1, 0, 1] * 5)
    assert found.value == pytest.approx(100 / 3)
    assert found.fieller.low < found.value < found.fieller.high
    assert found.bootstrap.low < found.value < found.bootstrap.high
    with pytest.raises(WrongInput, match="nobody was regained"):
        cost_per_regained([1, 2], [0, 0])


@given(st.lists(st.tuples(st.integers(1, 100), st.integers(0, 1)), min_size=12, max_size=40), st.integers(2, 50))
@settings(max_examples=30, deadline=None)
def test_the_ends_of_fiellers_interval_are_the_ratios_that_a_t_test_just_refuses(
    rows: list[tuple[int, int]], factor: int
) -> None:
    costs, regained = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    interval = fieller_interval(costs, regained, 0.95)
    if not np.isfinite(interval.low):
        return
    for end in (interval.low, interval.high):
        left = costs - end * regained
        error = left.std(ddof=1) / np.sqrt(left.size)
        assert abs(left.mean()) == pytest.approx(student.ppf(0.975, left.size - 1) * error, rel=1e-6, abs=1e-9)
    assert fieller_interval(factor * costs, regained, 0.95).high == pytest.approx(factor * interval.high)


def test_with_too_few_regained_the_interval_has_no_end() -> None:
    assert cost_per_regained([10] * 9 + [12], [0] * 9 + [1]).fieller.high == float("inf")


def test_eighty_of_a_hundred_from_the_first_two_of_ten() -> None:
    found = concentration([40, 40, 3, 3, 3, 3, 2, 2, 2, 2])
    assert found.top_customers == 2 and found.share_of_top == pytest.approx(0.8)
    assert found.share_to_reach == pytest.approx(0.2)
    # By hand: 1, 2, 3, 4 have a Gini coefficient of 1/4; the same for all has none.
    assert concentration([4, 1, 3, 2]).gini == pytest.approx(0.25)
    assert concentration([7, 7, 7]).gini == pytest.approx(0)


def test_repeats_count_only_where_the_window_has_passed() -> None:
    customers = ["ann", "bob", "ann", "cem", "ann"]
    opened = [after(0), after(5), after(20), after(40), after(100)]
    found = repeat_complaints(customers, opened, until=after(120), window=30)
    # Ann again after 20 days; her next after 80 is too late, the last is too recent to tell.
    assert found.rate is not None and (found.rate.successes, found.rate.total) == (1, 4)
    assert (found.too_recent, found.repeating_customers) == (1, 1)
    with pytest.raises(WrongInput, match="row 2: 2026-01-01 comes before 2026-01-06"):
        repeat_complaints(["a", "b"], [after(5), after(0)], until=after(9))


def test_a_customer_is_measured_by_their_own_rhythm() -> None:
    visits = {
        "weekly": [after(7 * number) for number in range(8)],
        "monthly": [after(offset) for offset in (0, 28, 61, 88, 120)],
        "new": [after(110), after(120)],
    }
    found = drifting_customers(visits, until=after(135))
    # 86 days after a weekly rhythm are long, 15 after a monthly one are not.
    assert [drift.customer for drift in found.drifting] == ["weekly"]
    assert found.drifting[0].usual_gap == pytest.approx(7) and found.drifting[0].silence == 86
    assert (found.judged, found.too_few_visits, found.false_alarms) == (2, 1, pytest.approx(0.1))


def test_regular_customers_are_named_no_more_often_than_agreed() -> None:
    generator = np.random.default_rng(4)
    visits = {}
    for number in range(400):
        gaps = np.maximum(1, np.rint(np.exp(generator.normal(3, 0.4, 8)))).astype(int)
        days = np.cumsum(gaps)
        visits[str(number)] = [after(int(day)) for day in days[:-1]]
        # Seen just before the next visit comes: the longest that this silence gets.
        visits[str(number)] = [day + timedelta(days=int(2000 - days[-1])) for day in visits[str(number)]]
    found = drifting_customers(visits, until=after(2000), level=0.05)
    assert found.judged == 400 and len(found.drifting) <= 0.05 * 400 + 3 * (0.05 * 0.95 * 400) ** 0.5


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: share_of_fives([5, 6]), "the ratings, row 2: must be a whole number from 1 to 5, not 6"),
        (lambda: share_of_fives([]), "at least 1 needed"),
        (lambda: recovery_paradox([1, 2], [3, 0], [1, 1]), "the ratings of recovered, row 2"),
        (lambda: concentration([0, 0]), "all amounts are 0"),
        (lambda: rank_association([1, 2, 3, 4], [1, 2, 3]), "at least 4 needed"),
        (lambda: drifting_customers({"a": [after(9)]}, until=after(3)), "a: the visits, row 1: 2026-01-10 lies after"),
    ],
)
def test_wrong_records_are_refused(call: Callable[[], object], words: str) -> None:
    with pytest.raises(WrongInput, match=words):
        call()


def test_results_are_plain_json_with_their_convention() -> None:
    shown = cost_per_regained([10] * 9 + [12], [0] * 9 + [1]).to_json()
    assert shown["fieller"] == {"low": None, "high": None, "confidence": 0.95, "method": "Fieller 1954"}
