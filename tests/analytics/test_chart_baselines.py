"""Baselines that are frozen, rolled, split and renewed."""

import json
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.charts.attributes import Attributes
from analytics.charts.baseline import Calibration, calibrate, monitor, rolling
from analytics.charts.chart import draw
from analytics.charts.ewma import Ewma
from analytics.charts.individuals import Individuals, MovingRanges
from analytics.charts.laney import Laney
from analytics.charts.limits import Limits
from analytics.charts.phases import monitored, phased, rebaseline
from analytics.charts.rare_events import Gaps
from analytics.charts.rules import NELSON, Rules
from analytics.charts.series import Series
from analytics.sigma import WrongInput

ReferenceReader = Callable[[str], dict[str, Any]]
BEFORE = [10, 12, 9, 11, 10, 8, 12, 11, 9, 10]
AFTER = [4, 6, 5, 3, 5, 4, 6, 5, 4, 5]
DAYS = [date(2026, 10, 1) + timedelta(days=day) for day in range(20)]


def shares(counts: list[int], first: int = 1, days: list[date] | None = None) -> Series:
    return Series.of(counts, 100, days, first)


def test_orange_juice_in_two_stages(reference: ReferenceReader) -> None:
    # Montgomery, example 7.1: two samples excluded for causes that were found, then 24 more judged.
    case = reference("p_orangejuice_revised_phase2")
    counts, expected = case["data"]["defectives"], case["expected"]
    reasons = {15: "a new batch of cardboard", 23: "an inexperienced operator"}
    calibration = calibrate(Attributes("p"), Series.of(counts[:30], 50), exclude=reasons)
    assert calibration.parameters.location == pytest.approx(expected["center"])
    assert calibration.parameters.points == 28
    assert [(one.index, one.reason) for one in calibration.excluded] == sorted(reasons.items())
    later = monitor(calibration, Series.of(counts[30:], 50, first=31))
    assert later.upper[0] == pytest.approx(expected["ucl"])
    assert (*calibration.chart.beyond_limits, *later.beyond_limits) == tuple(expected["beyond_limits_all54"])
    # Sample 21 signals against the revised limits though nobody found a cause.
    assert calibration.unexplained == (21,)
    assert json.loads(json.dumps(calibration.to_json()))["excluded"][0]["reason"] == reasons[15]


def test_what_is_monitored_moves_no_limit() -> None:
    calibration = calibrate(Attributes("p"), shares(BEFORE))
    wild, calm = monitor(calibration, shares([90] * 5)), monitor(calibration, shares([10] * 5))
    assert np.array_equal(wild.upper, calm.upper)
    assert wild.beyond_limits == (1, 2, 3, 4, 5)
    assert not wild.in_baseline.any()


def test_phases_have_limits_of_their_own() -> None:
    chart = phased(Attributes("p"), shares(BEFORE + AFTER, days=DAYS), [11], Rules(NELSON))
    first, second = draw(Attributes("p"), shares(BEFORE)), draw(Attributes("p"), shares(AFTER))
    assert np.array_equal(chart.upper, np.concatenate([first.upper, second.upper]))
    assert chart.phase.tolist() == [1] * 10 + [2] * 10
    assert [known.location for known in chart.parameters] == pytest.approx([0.102, 0.047])
    # As one phase the same points are a run of ten on each side.
    assert chart.signals("nelson_2") == ()
    assert draw(Attributes("p"), shares(BEFORE + AFTER), rules=Rules(NELSON)).signals("nelson_2") == (9, 10, 19, 20)
    assert chart.point(11).label == date(2026, 10, 11)
    assert chart.point(11).phase == 2


def test_a_new_baseline_is_a_recorded_decision() -> None:
    first = calibrate(Attributes("p"), shares(BEFORE, days=DAYS[:10]))
    decision = rebaseline(
        first,
        shares(AFTER, first=11, days=DAYS[10:]),
        reason="a second courier for the evening",
        decided_by="Bob",
        decided_on=date(2026, 10, 21),
        rules=Rules(("nelson_1", "western_electric_4")),
    )
    assert (decision.start, decision.start_label) == (11, date(2026, 10, 11))
    assert decision.after.parameters.location == pytest.approx(0.047)
    assert decision.signalled == (18, 19, 20)  # ten points below the old centre: a run of eight
    record = json.loads(json.dumps(decision.to_json()))
    assert record["reason"] == "a second courier for the evening"
    assert record["before"]["parameters"]["location"] == pytest.approx(0.102)
    whole = monitored(first, [decision], shares(BEFORE + AFTER, days=DAYS))
    assert whole.centre.tolist() == pytest.approx([0.102] * 10 + [0.047] * 10)


def test_a_rolling_baseline_judges_by_what_came_before() -> None:
    counts = [*BEFORE, 30, *BEFORE]
    chart = rolling(Attributes("p"), shares(counts), 10)
    assert chart.centre[10] == pytest.approx(0.102)
    assert chart.beyond_limits == (11,)
    # The wild point belongs to the baseline of those after it: (102 - 10 + 30) / 1000.
    assert chart.centre[11] == pytest.approx(0.122)
    assert chart.in_baseline.tolist() == [True] * 10 + [False] * 11
    assert [chart.parameters[number - 1].location for number in chart.phase] == pytest.approx(chart.centre.tolist())


def test_a_rolling_baseline_may_move_in_blocks() -> None:
    chart = rolling(Gaps(Limits("exact"), centre="median"), Series.of(BEFORE + AFTER), 8, every=4)
    assert chart.phase.tolist() == [1] * 8 + [2] * 4 + [3] * 4 + [4] * 4
    assert len(chart.parameters) == 4
    assert rolling(Laney("p'"), shares(BEFORE), 10).upper == pytest.approx(draw(Laney("p'"), shares(BEFORE)).upper)


def calibration() -> Calibration:
    return calibrate(Attributes("p"), shares(BEFORE, days=DAYS[:10]))


def renewed(**changed: Any) -> object:
    told = {"reason": "new oven", "decided_by": "Bob", "decided_on": DAYS[-1], "series": shares(AFTER, first=11)}
    told |= changed
    return rebaseline(calibration(), told.pop("series"), **told)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: calibrate(Attributes("p"), shares(BEFORE), exclude={3: "  "}), "without a reason"),
        (lambda: calibrate(Attributes("p"), shares(BEFORE), exclude={11: "why"}), "no such point"),
        (lambda: calibrate(Individuals(), Series.of([1.0, 2.0]), exclude={1: "why"}), "needs 2 points"),
        (lambda: monitor(calibration(), shares(AFTER, days=DAYS[5:15])), "before the end of the baseline"),
        (lambda: phased(Attributes("p"), shares(BEFORE), [11]), "no phase can start at point 11"),
        (lambda: phased(Attributes("p"), shares(BEFORE), [5, 5]), "no phase can start at point 5"),
        (lambda: phased(Attributes("p"), shares([*BEFORE, 101]), [5]), "row 11: 101 defectives"),
        (lambda: phased(MovingRanges(), Series.of(BEFORE), [5]), "reach over the split"),
        (lambda: phased(Individuals(), Series.of(BEFORE), [10]), "needs 2 points"),
        (lambda: rolling(Attributes("p"), shares(BEFORE), 11), "the window must have 1 to 10"),
        (lambda: rolling(Attributes("p"), shares(BEFORE), 5, every=0), "every 1 or more"),
        (lambda: rolling(Ewma(), Series.of(BEFORE), 5), "cannot have a rolling baseline"),
        (lambda: rolling(MovingRanges(), Series.of(BEFORE), 5), "cannot have a rolling baseline"),
        (lambda: renewed(reason=""), "needs a reason"),
        (lambda: renewed(decided_by=" "), "who decides"),
        (lambda: renewed(series=shares(AFTER, first=10)), "belongs to the old baseline"),
        (
            lambda: monitored(calibrate(Attributes("np"), shares(BEFORE)), [renewed()], shares(BEFORE + AFTER)),  # type: ignore[list-item]
            "same design",
        ),
    ],
)
def test_it_refuses_baselines_that_make_no_sense(wrong: Callable[[], object], message: str) -> None:
    with pytest.raises(WrongInput, match=message):
        wrong()


COUNTS = st.lists(st.integers(0, 50), min_size=4, max_size=25)


@given(COUNTS, st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None)
def test_the_order_of_a_baseline_does_not_move_the_limits_of_counts(counts: list[int], random: Any) -> None:
    mixed = list(counts)
    random.shuffle(mixed)
    for design in (Attributes("c"), Attributes("c", Limits("exact")), Gaps(centre="median")):
        assert draw(design, Series.of(counts)).upper == pytest.approx(draw(design, Series.of(mixed)).upper)


@given(COUNTS, st.floats(0.01, 100), st.floats(-1000, 1000))
@settings(max_examples=30, deadline=None)
def test_another_unit_moves_points_and_limits_alike(counts: list[int], scale: float, offset: float) -> None:
    for design in (Individuals(), Individuals(screened=True), Ewma()):
        plain = draw(design, Series.of(counts))
        moved = draw(design, Series.of(np.array(counts) * scale + offset))
        for line in ("values", "centre", "lower", "upper"):
            assert getattr(moved, line) == pytest.approx(getattr(plain, line) * scale + offset, rel=1e-6, abs=1e-6)


@given(COUNTS, st.floats(0.001, 0.2), st.floats(0.001, 0.2))
@settings(max_examples=30, deadline=None)
def test_fewer_false_alarms_need_wider_limits(counts: list[int], first: float, second: float) -> None:
    rare, often = sorted((first, second))
    for method in ("normal", "exact"):
        wide = draw(Attributes("p", Limits(method, alpha=rare)), Series.of(counts, 60))  # type: ignore[arg-type]
        narrow = draw(Attributes("p", Limits(method, alpha=often)), Series.of(counts, 60))  # type: ignore[arg-type]
        assert (wide.upper >= narrow.upper).all() and (wide.lower <= narrow.lower).all()
        assert set(wide.beyond_limits) <= set(narrow.beyond_limits)


@given(COUNTS)
@settings(max_examples=30, deadline=None)
def test_shares_of_good_units_mirror_those_of_bad_ones(counts: list[int]) -> None:
    bad = draw(Laney("p'"), Series.of(counts, 60))
    good = draw(Laney("p'"), Series.of([60 - count for count in counts], 60))
    assert good.upper == pytest.approx(1 - bad.lower, abs=1e-12)
    assert good.parameters[0].spread == pytest.approx(bad.parameters[0].spread)
