"""Control charts against published values: NIST, Montgomery, R's packages, and sums by hand."""

import json
import math
import pickle
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest

from analytics.charts.attributes import Attributes, standardised_counts
from analytics.charts.chart import Chart, Design, Parameters, draw
from analytics.charts.cusum import CusumSide, change_began, cusum
from analytics.charts.ewma import Ewma
from analytics.charts.individuals import Individuals, MovingRanges, individuals_and_ranges
from analytics.charts.laney import Laney
from analytics.charts.limits import Limits
from analytics.charts.rare_events import Gaps, TimesBetween, days_between
from analytics.charts.rules import NELSON, Rules
from analytics.charts.series import Series
from analytics.sigma import WrongInput

ReferenceReader = Callable[[str], dict[str, Any]]

# Montgomery, Introduction to Statistical Quality Control, table 9.1: mean 10, sigma 1, shifted to 11 from point 21 on.
MONTGOMERY_9_1 = [
    9.45, 7.99, 9.29, 11.66, 12.16, 10.18, 8.04, 11.46, 9.20, 10.34, 9.03, 11.47, 10.51, 9.40, 10.08,
    9.37, 10.62, 10.31, 8.52, 10.84, 10.90, 9.33, 12.29, 11.50, 10.60, 11.08, 10.38, 11.62, 11.31, 10.52,
]  # fmt: skip


def as_expected(chart: Chart, expected: dict[str, Any], tolerance: float) -> None:
    for name, key in (("centre", "center"), ("lower", "lcl"), ("upper", "ucl")):
        line = getattr(chart, name)
        assert line == pytest.approx(np.broadcast_to(expected[key], line.shape), abs=tolerance), key
    if "beyond_limits" in expected:
        assert chart.beyond_limits == tuple(expected["beyond_limits"])


@pytest.mark.parametrize(
    ("name", "design", "values", "sizes"),
    [
        ("c_nist_6331_wafers", Attributes("c"), "defects", None),
        ("u_dyedcloth", Attributes("u"), "defects", "exposure"),
        ("u_wheeler_276_radiators", Attributes("u"), "defects", "exposure"),
        ("p_orangejuice_phase1", Attributes("p"), "defectives", "n"),
        ("laney_p_nhs_accidents", Laney("p'"), "defectives", "n"),
        ("g_jasp_minitab_days", Gaps(Limits("exact"), "interpolated", "median"), "gaps", None),
        ("imr_nist_6322_flowrate", Individuals(), "x", None),
    ],
)
def test_it_draws_the_published_charts(
    reference: ReferenceReader, name: str, design: Design, values: str, sizes: str | None
) -> None:
    case = reference(name)
    series = Series.of(case["data"][values], case["data"][sizes] if sizes else None)
    as_expected(draw(design, series), case["expected"], case["tolerance_abs"])


def test_a_baseline_may_leave_points_out(reference: ReferenceReader) -> None:
    case = reference("p_orangejuice_revised_phase2")
    series = Series.of(case["data"]["defectives"], case["data"]["n"])
    chart = draw(Attributes("p"), series, baseline=case["data"]["baseline"])
    as_expected(chart, case["expected"], case["tolerance_abs"])
    assert chart.beyond_limits == tuple(case["expected"]["beyond_limits_all54"])
    assert not chart.point(15).in_baseline


def test_laney_widens_what_an_ordinary_chart_condemns(reference: ReferenceReader) -> None:
    case = reference("laney_p_nhs_accidents")
    series = Series.of(case["data"]["defectives"], case["data"]["n"])
    assert draw(Laney("p'"), series).parameters[0].spread == pytest.approx(case["expected"]["sigma_z"], abs=1e-9)
    ordinary = draw(Attributes("p"), series)
    assert ordinary.beyond_limits == tuple(case["expected"]["ordinary_p_chart_beyond_limits"])


def test_g_charts_have_normal_limits_too(reference: ReferenceReader) -> None:
    case = reference("g_cabg_deaths_between")
    expected, series = case["expected"], Series.of(case["data"]["gaps"])
    chart = draw(Gaps(centre="median"), series)
    assert chart.parameters[0].location == pytest.approx(expected["mean"])
    assert (chart.centre[0], chart.lower[0]) == (expected["display_center_median"], expected["lcl"])
    assert chart.upper[0] == pytest.approx(expected["ucl_3sigma"], abs=case["tolerance_abs"])
    assert chart.beyond_limits == tuple(expected["beyond_limits"])
    warning = draw(Gaps(Limits(multiplier=2)), series)
    assert warning.upper[0] == pytest.approx(expected["ucl_2sigma"], abs=case["tolerance_abs"])


@pytest.mark.parametrize(("screened", "key"), [(True, "screened_moving_ranges"), (False, "unscreened")])
def test_t_charts_screen_moving_ranges_or_not(reference: ReferenceReader, screened: bool, key: str) -> None:
    case = reference("t_cabg_days_between_deaths")
    chart = draw(TimesBetween(screened=screened), Series.of(case["data"]["days"]))
    as_expected(chart, case["expected"][key], case["tolerance_abs"])
    assert chart.options["screened"] is screened


def test_individuals_come_with_moving_ranges(reference: ReferenceReader) -> None:
    case = reference("imr_nist_6322_flowrate")
    pair = individuals_and_ranges(Series.of(case["data"]["x"]))
    assert pair.companion.centre[0] == pytest.approx(case["expected"]["mr_bar"], abs=case["tolerance_abs"])
    assert pair.companion.upper[0] == pytest.approx(case["expected"]["mr_ucl"], abs=5e-4)  # from the rounded mean
    assert (pair.companion.first, len(pair.companion)) == (2, len(case["data"]["x"]) - 1)


def test_ewma_of_nist(reference: ReferenceReader) -> None:
    case = reference("ewma_nist_6324")
    known = Parameters(case["params"]["target"], case["params"]["sigma"])
    design = Ewma(case["params"]["lambda"], Limits(multiplier=case["params"]["L"]), varying=False)
    chart = draw(design, Series.of(case["data"]["x"]), parameters=known)
    assert chart.values == pytest.approx(case["expected"]["ewma"], abs=case["tolerance_abs"])
    assert (chart.lower[0], chart.upper[0]) == pytest.approx(
        (case["expected"]["lcl"], case["expected"]["ucl"]), abs=1e-4
    )
    assert chart.beyond_limits == ()


def test_ewma_limits_widen_from_the_first_point_on() -> None:
    # Montgomery, example 9.2: lambda 0.1, L 2.7; the limits of the first two points, the steady ones, the means.
    design = Ewma(0.1, Limits(multiplier=2.7))
    chart = draw(design, Series.of(MONTGOMERY_9_1), parameters=Parameters(10, 1))
    assert chart.upper[[0, 1]] == pytest.approx([10.27, 10.36], abs=0.005)
    assert chart.lower[[0, 1]] == pytest.approx([9.73, 9.64], abs=0.005)
    assert chart.upper[-1] == pytest.approx(10.62, abs=0.005)
    assert chart.values[:3] == pytest.approx([9.945, 9.7495, 9.70355], abs=1e-9)
    # The means of the last three by hand: 10.5731, 10.6468, 10.6341; only the first of them is within.
    assert chart.beyond_limits == (29, 30)


def test_cusum_of_nist(reference: ReferenceReader) -> None:
    case = reference("cusum_nist_6323")
    params = case["params"]
    pair = cusum(Series.of(case["data"]["x"]), params["k"], params["h"], target=params["target"], unit="value")
    assert pair.main.values == pytest.approx(case["expected"]["s_hi"], abs=case["tolerance_abs"])
    assert pair.companion.values == pytest.approx(case["expected"]["s_lo"], abs=case["tolerance_abs"])
    assert pair.main.beyond_limits == tuple(case["expected"]["signals_upper"])
    assert pair.companion.beyond_limits == tuple(case["expected"]["signals_lower"])


def test_cusum_tells_when_the_change_began() -> None:
    # Montgomery, example 9.1: k = 0.5, h = 5; C+ reaches 5.28 at point 29 after 7 sums above 0.
    pair = cusum(Series.of(MONTGOMERY_9_1), target=10, sigma=1)
    assert pair.main.beyond_limits[0] == 29
    assert pair.main.point(29).value == pytest.approx(5.28)
    assert change_began(pair.main, 29) == 23
    assert pair.signalling == (29, 30)


def test_cusum_with_a_head_start() -> None:
    # Montgomery, table 9.6: target 100, K = 3, H = 12, both sums begin at 6.
    series = Series.of([102, 97, 104, 93, 100, 105, 96, 98, 105, 99])
    pair = cusum(series, 3, 12, target=100, sigma=6, unit="value", head_start=0.5)
    assert pair.main.values.tolist() == [5, 0, 1, 0, 0, 2, 0, 0, 2, 0]
    assert pair.companion.values.tolist() == [1, 1, 0, 4, 1, 0, 1, 0, 0, 0]


def test_a_cusum_may_begin_again_after_a_signal() -> None:
    pair = cusum(Series.of([2.0, 2.0, 2.0, 2.0]), 0, 3, target=0, sigma=1, reset=True)
    assert pair.main.values.tolist() == [2, 4, 2, 4]
    assert pair.main.beyond_limits == (2, 4)
    running = cusum(Series.of([2.0, 2.0, 2.0, 2.0]), 0, 3, target=0, sigma=1)
    assert running.main.values.tolist() == [2, 4, 6, 8]


def test_np_charts_follow_the_size() -> None:
    # By hand: share 6 / 60 = 0.1; 20 units: centre 2, sigma sqrt(20 * 0.1 * 0.9) = 1.3416.
    chart = draw(Attributes("np"), Series.of([1, 5], [20, 40]))
    assert chart.centre.tolist() == pytest.approx([2, 4])
    assert chart.upper.tolist() == pytest.approx([2 + 3 * math.sqrt(1.8), 4 + 3 * math.sqrt(3.6)])
    assert chart.lower.tolist() == [0, 0]


def test_laney_u_by_hand() -> None:
    # Rate 30 / 6 = 5, sizes 2: chance sigma sqrt(2.5); z = -2/s, 0, 2/s; mean range 2/s, by 1.128.
    chart = draw(Laney("u'"), Series.of([6, 10, 14], [2, 2, 2]))
    sigma_z = 2 / math.sqrt(2.5) / 1.128
    assert chart.parameters[0].spread == pytest.approx(sigma_z)
    assert chart.upper == pytest.approx([5 + 3 * math.sqrt(2.5) * sigma_z] * 3)


@pytest.mark.parametrize(
    ("options", "sigma"),
    [
        ({}, 2 / 1.128),
        ({"constant": "factor"}, 2 * 2.66 / 3),
        ({"constant": "exact"}, 2 * math.sqrt(math.pi) / 2),
        ({"estimator": "median moving range"}, 1 / 0.954),
        ({"estimator": "median moving range", "constant": "factor"}, 3.145 / 3),
        ({"estimator": "standard deviation"}, math.sqrt(17.2 / 4)),
    ],
)
def test_constants_of_the_individuals_chart(options: dict[str, Any], sigma: float) -> None:
    # Moving ranges 1, 1, 1, 5: mean 2, median 1. Mean -0.4, squared distances 0.16 + 1.96 + 0.16 + 1.96 + 12.96 = 17.2.
    series = Series.of([0.0, 1.0, 0.0, 1.0, -4.0])
    chart = draw(Individuals(**options), series)
    assert chart.parameters[0].spread == pytest.approx(sigma)


def test_screening_takes_wild_ranges_away_once() -> None:
    # Ranges 1 x 9 and 30: mean 3.9, D4 limit 12.7, so 30 goes and the mean is 1 (Nelson 1982).
    values = [0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 31]
    assert draw(Individuals(screened=True), Series.of(values)).parameters[0].spread == pytest.approx(1 / 1.128)
    assert draw(MovingRanges(screened=True), Series.of(values)).upper[0] == pytest.approx(3.267)
    exact = draw(MovingRanges(constant="exact"), Series.of([0, 1, 0]))
    assert exact.upper[0] == pytest.approx(3.267, abs=5e-4)  # the table of constants prints the rounded value


def test_counts_of_varying_size_can_be_summed_up() -> None:
    # Rate 0.04: 100 units expect 4 with sigma 1.96, 400 expect 16 with 3.92.
    counts = standardised_counts(Attributes("p"), Series.of([6, 20, 4], [100, 400, 100]), Parameters(0.04))
    assert counts.values == pytest.approx([2 / 1.9596, 4 / 3.9192, 0], abs=1e-4)
    pair = cusum(counts, target=0, sigma=1)
    assert pair.main.values == pytest.approx([0.5206, 1.0412, 0.5412], abs=1e-3)


def test_days_between_events(reference: ReferenceReader) -> None:
    case = reference("g_jasp_minitab_days")["data"]
    days = [date.fromisoformat(day) for day in case["dates"]]
    series = days_between(days)
    assert series.values.tolist() == case["gaps"]
    assert series.labels is not None and series.labels[0] == days[1]
    with pytest.raises(WrongInput, match="row 3"):
        days_between([days[0], days[2], days[1]])
    with pytest.raises(WrongInput, match="row 2: a day is needed"):
        days_between([days[0], "tomorrow"])  # type: ignore[list-item]
    with pytest.raises(WrongInput, match="two events"):
        days_between(days[:1])


def test_points_on_a_limit_are_within() -> None:
    chart = draw(Attributes("c"), Series.of([28, 4, 29]), parameters=Parameters(16))
    assert chart.beyond_limits == (3,)


def test_a_chart_cannot_be_written_to() -> None:
    values = np.array([1.0, 2.0, 4.0])
    chart = draw(Individuals(), Series.of(values))
    values[0] = 99
    assert chart.values[0] == 1
    with pytest.raises(ValueError, match="read-only"):
        chart.upper[0] = 0
    with pytest.raises(AttributeError):
        chart.kind = "p"  # type: ignore[misc]
    chart.options["constant"] = "exact"
    assert chart.options["constant"] == "rounded"
    assert pickle.loads(pickle.dumps(chart)).to_json() == chart.to_json()


def test_it_is_json_and_says_its_convention() -> None:
    days = [date(2026, 10, day) for day in (1, 2, 3)]
    chart = draw(Attributes("p", Limits("exact", alpha=0.01)), Series.of([1, 2, 9], 10, days), rules=Rules(NELSON))
    told = json.loads(json.dumps(chart.to_json(), allow_nan=False))
    assert told["options"]["limits"] == {"method": "exact", "width": pytest.approx(2.5758, abs=1e-4), "alpha": 0.01}
    assert told["points"][2]["label"] == "2026-10-03"
    assert told["points"][2]["size"] == 10
    assert told["parameters"][0]["points"] == 3
    assert told["rules"]["run_length"] is None
    t_chart = json.dumps(draw(TimesBetween(), Series.of([1.0, 2.0, 3.0])).to_json(), allow_nan=False)
    assert json.loads(t_chart)["points"][0]["sigma"] is None


@pytest.mark.parametrize(
    ("design", "values", "sizes", "message"),
    [
        (Attributes("p"), [1, 11], [10, 10], "row 2: 11 defectives cannot come from 10 units"),
        (Attributes("np"), [1, 1], [10, 0], "row 2: the size must be above 0, not 0"),
        (Attributes("p"), [1, 1], [10, -1], "row 2: the size must be above 0"),
        (Attributes("p"), [1, math.nan], [10, 10], "row 2: the value must be a finite number, not nan"),
        (Attributes("p"), [1, 1.5], [10, 10], "row 2: defectives must be a whole number, not 1.5"),
        (Attributes("p"), [1, 1], [10, 9.5], "row 2: the size must be a whole number"),
        (Attributes("p"), [1, 1], None, "needs the size"),
        (Attributes("p"), [1, 1, 1], [10, 10], "row 3 has no partner"),
        (Attributes("p"), [], [], "needs 1 points"),
        (Attributes("c"), [1, -1], None, "row 2: defects must not be negative"),
        (Attributes("c"), [1, 1], [1, 1], "no sizes"),
        (Attributes("u"), [1, math.inf], [1, 1], "row 2: the value must be a finite number"),
        (Laney("p'"), [1], [10], "needs 2 points"),
        (Laney("p'"), [1, 12], [10, 10], "row 2: 12 defectives"),
        (Gaps(), [3, 2.5], None, "row 2: the gap must be a whole number"),
        (Gaps(counted_from=1), [3, 0], None, "row 2: a gap counted from 1"),
        (TimesBetween(), [3, -0.5], None, "row 2: the time must not be negative"),
        (Individuals(), [3], None, "needs 2 points"),
        (Individuals(), [3, 4], [1, 1], "no sizes"),
        (MovingRanges(), [3], None, "two points"),
        (Individuals(), [3, "four"], None, "row 2: the value must be a number, not 'four'"),
        (Individuals(), [3, None], None, "row 2: the value must be a number, not None"),
        (Individuals(), [[3, 4]], None, "not an array of 2 dimensions"),
    ],
)
def test_it_refuses_wrong_data_and_names_the_row(design: Design, values: Any, sizes: Any, message: str) -> None:
    with pytest.raises(WrongInput, match=message):
        draw(design, Series.of(values, sizes))


def test_it_refuses_dates_out_of_order() -> None:
    days = [date(2026, 10, 1), date(2026, 10, 3), date(2026, 10, 2)]
    with pytest.raises(WrongInput, match="row 3: 2026-10-02 comes before 2026-10-03"):
        Series.of([1, 2, 3], labels=days)
    with pytest.raises(WrongInput, match="row 2"):
        Series.of([1, 2], labels=[date(2026, 10, 1), "second"])
    with pytest.raises(WrongInput, match="different kinds"):
        Series.of([1, 2], labels=[date(2026, 10, 1), datetime(2026, 10, 2, tzinfo=UTC)])


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Attributes("q"),  # type: ignore[arg-type]
        lambda: Limits("about"),  # type: ignore[arg-type]
        lambda: Limits(multiplier=0),
        lambda: Limits(alpha=1),
        lambda: Laney("p'", Limits("exact")),
        lambda: Laney("p"),  # type: ignore[arg-type]
        lambda: Individuals(constant="2.66"),  # type: ignore[arg-type]
        lambda: Gaps(counted_from=2),  # type: ignore[arg-type]
        lambda: TimesBetween(power=0),
        lambda: Ewma(0),
        lambda: Ewma(start=math.nan),
        lambda: CusumSide("upper", interval=0),
        lambda: CusumSide("upper", reference=-1),
        lambda: CusumSide("middle"),  # type: ignore[arg-type]
        lambda: Parameters(math.nan),
        lambda: cusum(Series.of([1.0, 2.0]), sigma=0),
        lambda: change_began(draw(Individuals(), Series.of([1.0, 2.0])), 1),
        lambda: draw(Ewma(), Series.of([1.0, 2.0]), rules=Rules(NELSON)),
        lambda: draw(Attributes("p"), Series.of([1], [9]), parameters=Parameters(1.5)),
        lambda: draw(Attributes("p"), Series.of([1], [9]), parameters=Parameters(0.5), baseline=[True]),
        lambda: draw(Attributes("p"), Series.of([1], [9]), baseline=[1]),
        lambda: draw(Attributes("p"), Series.of([1], [9])).point(2),
        lambda: draw(Attributes("p"), Series.of([1], [9])).signals("nelson_2"),
    ],
)
def test_it_refuses_what_makes_no_sense(wrong: Callable[[], object]) -> None:
    with pytest.raises(WrongInput):
        wrong()


def test_a_process_without_defects_has_a_chart() -> None:
    clean = draw(Attributes("p"), Series.of([0, 0, 0], 50), rules=Rules(NELSON))
    assert clean.beyond_limits == ()
    later = draw(Attributes("p", Limits("exact")), Series.of([0, 1], 50), parameters=clean.parameters[0])
    assert later.beyond_limits == (2,)
    assert draw(Gaps(Limits("exact"), corrected=False), Series.of([0, 0])).beyond_limits == ()
