"""Which chart fits a series, and what is drawn; expected limits by hand."""

import math
from datetime import date, timedelta

import pytest

from analytics.charts.chart import Chart, ChartPair
from analytics.charts.rules import LIMITS, Rules
from analytics.drawing import Wish, draw_counts, draw_measured
from analytics.measured import MeasuredSeries
from analytics.periods import Period
from analytics.series import CountSeries
from analytics.sigma import WrongInput

FIRST = date(2026, 10, 1)


def days(number: int) -> tuple[date, ...]:
    return tuple(FIRST + timedelta(days=at) for at in range(number))


def series(defects: list[int], size: int | None = 1000, why: str | None = None) -> CountSeries:
    sizes = None if size is None else (size,) * len(defects)
    return CountSeries("", "day", days(len(defects)), tuple(defects), sizes, no_denominator=why)


STEADY = [28, 32, 30, 31, 29, 30, 33, 27, 30, 30]


def test_a_step_of_recovery_has_a_p_chart() -> None:
    drawn = draw_counts(series(STEADY), "recovery", Wish())
    assert drawn.kind == "p" and isinstance(drawn.chart, Chart)
    assert drawn.chart.centre[0] == pytest.approx(0.03)
    assert drawn.chart.upper[0] == pytest.approx(0.03 + 3 * math.sqrt(0.03 * 0.97 / 1000))
    assert drawn.signals == [] and drawn.dispersion is not None and drawn.dispersion.advised == "ordinary"


def test_complaints_by_volume_have_a_u_chart() -> None:
    drawn = draw_counts(series(STEADY), "service", Wish())
    assert drawn.kind == "u" and isinstance(drawn.chart, Chart)
    assert drawn.chart.upper[0] == pytest.approx(0.03 + 3 * math.sqrt(0.03 / 1000))


def test_where_neighbours_vary_more_than_chance_lets_them_laneys_chart_is_drawn() -> None:
    drawn = draw_counts(series([10, 60, 15, 70, 8, 55, 12, 65, 9, 58]), "recovery", Wish())
    assert drawn.kind == "p'" and drawn.signals == []


def test_few_defects_have_exact_limits() -> None:
    drawn = draw_counts(series([2, 1, 3, 0, 2, 1, 2, 3, 1, 2], 100), "recovery", Wish())
    assert isinstance(drawn.chart, Chart) and drawn.chart.options["limits"]["method"] == "exact"
    assert any("exact limits" in why for why in drawn.why)


def test_rare_defects_are_charted_by_the_days_between_them() -> None:
    defects = [0] * 100
    for at in range(0, 100, 9):
        defects[at] = 1
    drawn = draw_counts(series(defects), "recovery", Wish())
    assert drawn.kind == "g" and isinstance(drawn.chart, Chart)
    assert list(drawn.chart.values) == [9.0] * 11
    assert drawn.upwards_is_good


def test_days_between_defects_skip_days_without_opportunities_and_the_calendar_does_not() -> None:
    found = CountSeries("", "day", (*days(2), FIRST + timedelta(days=9)), (1, 2, 1), (5, 5, 5))
    for kind, expected in (("g", [1, 0, 1]), ("t", [1, 0, 8])):
        drawn = draw_counts(found, "recovery", Wish(kind=kind))
        assert isinstance(drawn.chart, Chart) and list(drawn.chart.values) == expected


def test_without_a_denominator_only_numbers_are_charted() -> None:
    found = series(STEADY, None, "no volumes were posted")
    drawn = draw_counts(found, "service", Wish())
    assert drawn.kind == "c" and "no denominator" in drawn.why[0]
    assert isinstance(drawn.chart, Chart)
    assert drawn.chart.upper[0] == pytest.approx(30 + 3 * math.sqrt(30))
    for kind in ("p", "np", "u", "p'", "u'"):
        with pytest.raises(WrongInput, match="no denominator: no volumes were posted"):
            draw_counts(found, "service", Wish(kind=kind))


def test_a_week_that_is_not_over_is_left_out_of_numbers() -> None:
    found = series([*STEADY, 4], None, "no volumes")
    cut = CountSeries("", "week", found.days, found.defects, None, no_denominator="no volumes", cut=(found.days[-1],))
    drawn = draw_counts(cut, "service", Wish(kind="c"))
    assert drawn.left_out == (found.days[-1],) and drawn.chart is not None and len(drawn.series.days) == 10


def test_a_baseline_freezes_the_limits() -> None:
    wish = Wish("p", "normal", baseline=Period(FIRST, FIRST + timedelta(days=9)), rules=Rules(which=LIMITS))
    drawn = draw_counts(series([*STEADY, 60, 30]), "recovery", wish)
    assert isinstance(drawn.chart, Chart)
    assert drawn.chart.centre[-1] == pytest.approx(0.03)
    assert [point.index for _, point in drawn.signals] == [11]
    with pytest.raises(WrongInput, match="no point lies in the baseline"):
        draw_counts(series(STEADY), "recovery", Wish("p", baseline=Period(date(2020, 1, 1), date(2020, 1, 2))))


def test_each_phase_has_limits_of_its_own() -> None:
    halves = series([30] * 10 + [60] * 10)
    drawn = draw_counts(halves, "recovery", Wish("p", phases=(FIRST + timedelta(days=10),)))
    assert isinstance(drawn.chart, Chart)
    assert drawn.chart.centre[0] == pytest.approx(0.03) and drawn.chart.centre[-1] == pytest.approx(0.06)
    assert list(drawn.chart.phase) == [1] * 10 + [2] * 10
    with pytest.raises(WrongInput, match="needs points before and after"):
        draw_counts(halves, "recovery", Wish("p", phases=(FIRST,)))


@pytest.mark.parametrize("kind", ["p", "np", "c", "u", "p'", "u'", "g", "t", "i", "ewma", "cusum"])
def test_every_kind_can_be_drawn_with_phases(kind: str) -> None:
    wish = Wish(kind, phases=(FIRST + timedelta(days=6),))  # type: ignore[arg-type]
    drawn = draw_counts(series([28, 32, 30, 31, 29, 30, 33, 27, 30, 30, 29, 32]), "recovery", wish)
    assert drawn.kind == kind and drawn.charts and {1, 2} <= set(drawn.charts[0].phase.tolist())


def test_ewma_and_cusum_see_a_small_shift_that_lasts() -> None:
    before, after = STEADY * 3, [36, 34, 37, 35, 36, 34, 38, 35, 36, 35]
    baseline = Period(FIRST, FIRST + timedelta(days=29))
    for kind in ("ewma", "cusum"):
        drawn = draw_counts(series(before + after), "recovery", Wish(kind, baseline=baseline))
        assert drawn.signals and min(point.index for _, point in drawn.signals) > 30


def test_measurements_have_a_chart_of_single_values() -> None:
    found = MeasuredSeries("", "week", days(4), (4.0, 4.2, 4.1, 4.3), (9, 8, 9, 7))
    drawn = draw_measured(found, Wish())
    assert isinstance(drawn.chart, ChartPair) and drawn.kind == "i"
    # The mean range 0.5 / 3 over 1.128, three times, from 4.15.
    assert drawn.chart.main.upper[0] == pytest.approx(4.15 + 3 * (0.5 / 3) / 1.128)
    with pytest.raises(WrongInput, match="one of counts"):
        draw_measured(found, Wish("p"))


def test_how_often_a_stable_process_cries_wolf_is_told() -> None:
    drawn = draw_counts(series(STEADY), "recovery", Wish(rules=Rules(which=LIMITS)))
    # Montgomery (2013), section 5.3.3: 370 for three-sigma limits.
    assert drawn.false_alarm_every == pytest.approx(370.4, abs=0.1)
    assert draw_counts(series(STEADY), "recovery", Wish(rules=Rules(which=("nelson_3",)))).false_alarm_every is None
