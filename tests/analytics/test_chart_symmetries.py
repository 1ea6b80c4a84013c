"""What must not matter does not: units, the sign, which sample comes first, who is called A."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from analytics.charts.chart import Parameters, draw
from analytics.charts.cusum import CusumSide, cusum
from analytics.charts.ewma import Ewma
from analytics.charts.individuals import individuals_and_ranges
from analytics.charts.laney import Laney
from analytics.charts.overdispersion import dispersion
from analytics.charts.rare_events import TimesBetween
from analytics.charts.series import Series
from analytics.statistics.capability import capability
from analytics.statistics.log_rank import log_rank
from analytics.statistics.two_rates import two_rates

MEASURED = st.lists(st.integers(-60, 60), min_size=4, max_size=30).filter(lambda values: len(set(values)) > 1)
COUNTS = st.lists(st.tuples(st.integers(0, 40), st.integers(50, 400)), min_size=4, max_size=25).filter(
    lambda rows: len({bad for bad, _ in rows}) > 1
)


@given(MEASURED, st.sampled_from([0.25, 2.0, 1024.0]), st.integers(-500, 500))
@settings(max_examples=30, deadline=None)
def test_charts_that_remember_know_no_unit(values: list[int], factor: float, offset: int) -> None:
    plain, other = Series.of(values), Series.of(factor * np.array(values) + offset)
    first, second = draw(Ewma(), plain), draw(Ewma(), other)
    assert second.values == pytest.approx(factor * first.values + offset, rel=1e-9, abs=1e-6)
    assert second.upper == pytest.approx(factor * first.upper + offset, rel=1e-9, abs=1e-6)
    sums, moved = cusum(plain), cusum(other)
    assert moved.main.values == pytest.approx(factor * sums.main.values, rel=1e-9, abs=1e-6)
    assert moved.companion.values == pytest.approx(factor * sums.companion.values, rel=1e-9, abs=1e-6)


@given(MEASURED)
@settings(max_examples=30, deadline=None)
def test_turned_upside_down_the_upper_sum_is_the_lower_one(values: list[int]) -> None:
    up, down = cusum(Series.of(values)), cusum(Series.of(-np.array(values)))
    assert up.main.values == pytest.approx(down.companion.values, abs=1e-9)
    assert up.companion.values == pytest.approx(down.main.values, abs=1e-9)
    first, second = draw(Ewma(), Series.of(values)), draw(Ewma(), Series.of(-np.array(values)))
    assert first.values == pytest.approx(-second.values, abs=1e-9)
    assert first.upper == pytest.approx(-second.lower, abs=1e-9)


@given(MEASURED)
@settings(max_examples=30, deadline=None)
def test_told_backwards_limits_of_single_values_stay(values: list[int]) -> None:
    forwards, backwards = (individuals_and_ranges(Series.of(row)) for row in (values, values[::-1]))
    assert forwards.main.upper[0] == pytest.approx(backwards.main.upper[0])
    assert forwards.companion.upper[0] == pytest.approx(backwards.companion.upper[0])
    assert forwards.main.values == pytest.approx(backwards.main.values[::-1])


@given(MEASURED, st.floats(0.1, 3), st.floats(0.1, 3))
@settings(max_examples=30, deadline=None)
def test_a_greater_reference_never_makes_a_sum_longer(values: list[int], first: float, second: float) -> None:
    small, large = sorted((first, second))
    known = Parameters(0.0, 10.0)
    lines = [draw(CusumSide("upper", reference), Series.of(values), parameters=known) for reference in (small, large)]
    assert (lines[0].values >= lines[1].values - 1e-9).all()


@given(COUNTS, st.integers(2, 9))
@settings(max_examples=30, deadline=None)
def test_a_rate_by_hundreds_is_a_rate_by_ones(rows: list[tuple[int, int]], factor: int) -> None:
    counts, sizes = (np.array(column) for column in zip(*rows, strict=True))
    first, second = draw(Laney("u'"), Series.of(counts, sizes)), draw(Laney("u'"), Series.of(counts, sizes / factor))
    assert second.upper == pytest.approx(factor * first.upper)
    assert second.parameters[0].spread == pytest.approx(first.parameters[0].spread)
    assert dispersion("u", Series.of(counts, sizes)).p_value == pytest.approx(
        dispersion("u", Series.of(counts, sizes / factor)).p_value
    )


@given(COUNTS)
@settings(max_examples=30, deadline=None)
def test_overdispersion_of_bad_ones_is_that_of_good_ones(rows: list[tuple[int, int]]) -> None:
    bad, sizes = (np.array(column) for column in zip(*rows, strict=True))
    first, second = dispersion("p", Series.of(bad, sizes)), dispersion("p", Series.of(sizes - bad, sizes))
    assert first.statistic == pytest.approx(second.statistic)
    assert (first.sigma_z, first.advised) == (pytest.approx(second.sigma_z), second.advised)


@given(st.lists(st.floats(0.1, 500), min_size=3, max_size=25), st.sampled_from([1 / 24, 7.0]))
@settings(max_examples=30, deadline=None)
def test_times_in_days_are_times_in_hours(times: list[float], factor: float) -> None:
    first, second = (
        draw(TimesBetween(constant="exact"), Series.of(np.array(times) * scale)) for scale in (1.0, factor)
    )
    assert second.upper == pytest.approx(factor * first.upper, rel=1e-9)
    assert second.centre == pytest.approx(factor * first.centre, rel=1e-9)


@given(
    st.integers(0, 60), st.integers(0, 60), st.integers(1, 500), st.integers(1, 500), st.sampled_from([0.01, 1.0, 30.0])
)
@settings(max_examples=40, deadline=None)
def test_rates_turn_with_their_order_and_know_no_unit(
    before: int, after: int, span: int, later: int, factor: float
) -> None:
    assume(before + after > 0)
    there, back = two_rates((before, span), (after, later)), two_rates((after, later), (before, span))
    assert there.p == pytest.approx(back.p, rel=1e-9)
    if before and after:
        assert there.ratio == pytest.approx(1 / back.ratio)
        assert there.interval.low == pytest.approx(1 / back.interval.high)
    scaled = two_rates((before, span * factor), (after, later * factor))
    assert scaled.p == pytest.approx(there.p, rel=1e-6)


@given(st.lists(st.integers(-90, 90), min_size=5, max_size=25, unique=True))
@settings(max_examples=30, deadline=None)
def test_capability_upside_down_swaps_its_sides(values: list[int]) -> None:
    first = capability(values, -100, 120).overall
    second = capability([-value for value in values], -120, 100).overall
    assert first.cpk == pytest.approx(second.cpk) and first.cp == pytest.approx(second.cp)
    assert first.cpu == pytest.approx(second.cpl)


@given(
    st.lists(st.tuples(st.integers(1, 40), st.booleans(), st.sampled_from("ab")), min_size=4, max_size=30), st.randoms()
)
@settings(max_examples=30, deadline=None)
def test_who_is_named_first_does_not_matter_to_the_log_rank_test(
    rows: list[tuple[int, bool, str]], chance: object
) -> None:
    assume({group for _, _, group in rows} == {"a", "b"} and any(ended for _, ended, _ in rows))
    other = [(time * 24, ended, "ba"["ab".index(group)]) for time, ended, group in rows]
    chance.shuffle(other)  # type: ignore[attr-defined]
    first, second = (
        log_rank([row[0] for row in told], [row[1] for row in told], [row[2] for row in told]) for told in (rows, other)
    )
    assert first.p == pytest.approx(second.p, abs=1e-9)
