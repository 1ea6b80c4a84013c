"""The rules of control charts: published cases, options by hand, and a plain reading of each rule, point by point."""

from collections.abc import Callable
from itertools import chain, pairwise
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.charts.attributes import Attributes
from analytics.charts.chart import Parameters, draw
from analytics.charts.rules import ALL, NELSON, WESTERN_ELECTRIC, Rule, Rules, evaluate, rules_named
from analytics.charts.series import Series
from analytics.sigma import WrongInput

ReferenceReader = Callable[[str], dict[str, Any]]
PREFIXES = {"N": "nelson_", "WE": "western_electric_"}


def points(scores: list[float], rule: Rule, all_points: bool = False, **options: Any) -> tuple[int, ...]:
    return evaluate(scores, Rules((rule,), **options)).points(rule, all_points)


def test_it_finds_the_published_patterns(reference: ReferenceReader) -> None:
    case = reference("rules_western_electric_nelson")
    for one in case["expected"]["cases"]:
        name = one["rule"].split()[0]
        rule = PREFIXES[name[:-1]] + name[-1]
        assert points(one["x"], rule) == tuple(one["points"]), one["rule"]  # type: ignore[arg-type]
    alike = case["expected"]["cases"][-1]
    assert points(alike["x"], "nelson_8", mixture_sides="either") == (8,)


def test_every_rule_that_a_point_breaks_is_told() -> None:
    # Nine points above two standard deviations, the last above three.
    findings = evaluate([2.5] * 8 + [3.5], Rules(ALL))
    assert set(findings.of_point(9)) == {
        "nelson_1", "nelson_2", "nelson_5", "nelson_6",
        "western_electric_1", "western_electric_2", "western_electric_3", "western_electric_4",
    }  # fmt: skip
    assert findings.of_point(1) == ()


def test_all_points_of_a_pattern_can_be_told() -> None:
    assert points([0, 2.5, 1, 2.6, 0], "nelson_5", all_points=True) == (2, 4)
    assert points([9, 1, 2, 3, 4, 5, 6, 6], "nelson_3", all_points=True) == (2, 3, 4, 5, 6, 7)
    assert points([-1] + [1] * 10, "nelson_2", all_points=True) == tuple(range(2, 12))


@pytest.mark.parametrize(("run_length", "first"), [(7, 7), (8, 8), (9, 9), (None, 9)])
def test_runs_may_be_7_8_or_9_long(run_length: int | None, first: int) -> None:
    assert points([0.5] * 10, "nelson_2", run_length=run_length)[0] == first


def test_trend_and_zigzag_count_points_or_steps() -> None:
    rising = [float(value) for value in range(8)]
    assert points(rising, "nelson_3") == (6, 7, 8)
    assert points(rising, "nelson_3", lengths_in="steps") == (7, 8)
    assert points(rising, "nelson_3", trend=7) == (7, 8)
    zigzag = [float(value % 2) for value in range(16)]
    assert points(zigzag, "nelson_4") == (14, 15, 16)
    assert points(zigzag, "nelson_4", lengths_in="steps") == (15, 16)


def test_equal_neighbours_break_a_trend() -> None:
    assert points([1, 2, 3, 3, 4, 5, 6], "nelson_3") == ()


def test_a_point_on_the_centre_breaks_a_run_or_is_skipped() -> None:
    scores = [1.0] * 5 + [0.0] + [1.0] * 4
    assert points(scores, "nelson_2") == ()
    assert points(scores, "nelson_2", on_centre="skip") == (10,)
    assert points(scores, "nelson_2", all_points=True, on_centre="skip") == (1, 2, 3, 4, 5, 7, 8, 9, 10)


def test_windows_may_be_shorter_at_the_beginning() -> None:
    # qcc's own tests: 2 of 3 from the third point on, 4 of 5 from the fifth.
    scores = [2.5] * 7 + [3.2]
    assert points(scores, "western_electric_2") == (3, 4, 5, 6, 7, 8)
    assert points(scores, "western_electric_3") == (5, 6, 7, 8)
    assert points(scores, "western_electric_2", full_windows=False)[0] == 2
    assert points(scores, "western_electric_3", full_windows=False)[0] == 4


def test_two_points_at_different_sides_are_no_pattern() -> None:
    assert points([0, 2.5, -2.5, 0], "nelson_5") == ()


def test_limits_that_vary_are_dealt_with() -> None:
    # Centre 0.1, sigma 0.3 / sqrt(n): 0.16 is 2 sigma off for n = 100, and 4 sigma for n = 400.
    series = Series.of([16, 64, 10], [100, 400, 100])
    chart = draw(Attributes("p"), series, parameters=Parameters(0.1), rules=Rules(NELSON))
    assert chart.signals("nelson_1") == (2,)
    assert chart.point(2).broken == ("nelson_1",)


def test_fewer_points_than_a_pattern_are_no_pattern() -> None:
    for count in range(5):
        for on_centre in ("break", "skip"):
            findings = evaluate(np.ones(count), Rules(ALL, on_centre=on_centre))  # type: ignore[arg-type]
            assert findings.completing.shape == (len(ALL), count)
            assert not findings.completing.any()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Rules(("nelson_9",)),  # type: ignore[arg-type]
        lambda: Rules(("nelson_1", "nelson_1")),
        lambda: Rules(run_length=2),
        lambda: Rules(trend=True),
        lambda: Rules(lengths_in="gaps"),  # type: ignore[arg-type]
        lambda: Rules(on_centre="ignore"),  # type: ignore[arg-type]
        lambda: Rules(mixture_sides="one"),  # type: ignore[arg-type]
        lambda: evaluate([1, float("nan")], Rules()),
        lambda: evaluate([1, 2], Rules(), sides=[1]),
        lambda: evaluate([1, 2], Rules()).points("nelson_2"),
        lambda: rules_named(["nelson_0"]),
    ],
)
def test_it_refuses_unknown_rules_and_words(wrong: Callable[[], object]) -> None:
    with pytest.raises(WrongInput):
        wrong()


def test_rules_are_named_by_set_or_singly() -> None:
    assert rules_named(["nelson"]) == NELSON
    assert rules_named(["limits", "western_electric", "nelson_1"]) == ("nelson_1", *WESTERN_ELECTRIC)


def plainly(scores: list[float], rule: Rule, at: int, on_centre: str) -> bool:
    """What a rule says of the point at a position from 0, read from its words."""
    before = scores[: at + 1]

    def last(count: int, holds: Callable[[float], bool]) -> bool:
        return len(before) >= count and all(holds(score) for score in before[-count:])

    def of_last(needed: int, window: int, distance: float) -> bool:
        return len(before) >= window and any(
            before[-1] * side > distance and sum(score * side > distance for score in before[-window:]) >= needed
            for side in (1, -1)
        )

    def one_side(count: int) -> bool:
        if on_centre == "skip":
            if before[-1] == 0:
                return False
            kept = [score for score in before if score != 0]
        else:
            kept = before
        return len(kept) >= count and (all(s > 0 for s in kept[-count:]) or all(s < 0 for s in kept[-count:]))

    steps = [later - earlier for earlier, later in pairwise(before)]
    match rule:
        case "nelson_1" | "western_electric_1":
            return abs(before[-1]) > 3
        case "nelson_2":
            return one_side(9)
        case "western_electric_4":
            return one_side(8)
        case "nelson_3":
            return len(steps) >= 5 and (all(s > 0 for s in steps[-5:]) or all(s < 0 for s in steps[-5:]))
        case "nelson_4":
            turns = [first * second < 0 for first, second in pairwise(steps)]
            return len(turns) >= 12 and all(turns[-12:])
        case "nelson_5" | "western_electric_2":
            return of_last(2, 3, 2)
        case "nelson_6" | "western_electric_3":
            return of_last(4, 5, 1)
        case "nelson_7":
            return last(15, lambda score: abs(score) <= 1)
        case "nelson_8":
            both = min(before[-8:]) < 0 < max(before[-8:])
            return last(8, lambda score: abs(score) > 1) and both
    raise AssertionError(rule)


STEADY = st.lists(st.sampled_from([-3.5, -2.5, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.5, 3.5]), max_size=40)
# Patterns that chance seldom makes: long stretches inside, outside, at one side, zigzags, slopes.
STRETCH = st.sampled_from(
    [
        [0.5, -0.5] * 8,
        [1.5, -1.5] * 5,
        [1.5] * 9,
        [-0.5] * 9,
        [0.0],
        [float(v) / 3 for v in range(-9, 10)],
        [2.5, 0.0, 2.5],
    ]
)
SCORES = st.one_of(STEADY, st.lists(st.one_of(STRETCH, STEADY), max_size=4).map(lambda parts: list(chain(*parts))))


@given(SCORES, st.sampled_from(get_args(Rule)), st.sampled_from(["break", "skip"]))
@settings(max_examples=100, deadline=None)
def test_it_agrees_with_a_plain_reading(scores: list[float], rule: Rule, on_centre: str) -> None:
    found = points(scores, rule, on_centre=on_centre)
    assert found == tuple(at + 1 for at in range(len(scores)) if plainly(scores, rule, at, on_centre))


@given(SCORES, st.integers(1, 9), st.sampled_from(["break", "skip"]))
@settings(max_examples=30, deadline=None)
def test_long_charts_are_looked_at_in_blocks_without_a_seam(scores: list[float], block: int, on_centre: str) -> None:
    rules = Rules(ALL, on_centre=on_centre, lengths_in="steps")  # type: ignore[arg-type]
    whole = evaluate(scores, rules)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("analytics.charts.rules.BLOCK", block)
        blocks = evaluate(scores, rules)
    assert np.array_equal(blocks.completing, whole.completing)
    assert np.array_equal(blocks.members, whole.members)


@given(SCORES)
@settings(max_examples=30, deadline=None)
def test_turned_upside_down_the_same_points_signal(scores: list[float]) -> None:
    found = evaluate(scores, Rules(ALL))
    mirrored = evaluate([-score for score in scores], Rules(ALL))
    assert np.array_equal(found.completing, mirrored.completing)
    assert np.array_equal(found.members, mirrored.members)
    assert not (found.completing & ~found.members).any()


@given(SCORES, SCORES)
@settings(max_examples=30, deadline=None)
def test_later_points_change_nothing_of_earlier_signals(scores: list[float], later: list[float]) -> None:
    short, long = evaluate(scores, Rules(ALL)), evaluate([*scores, *later], Rules(ALL))
    assert np.array_equal(short.completing, long.completing[:, : len(scores)])


@given(SCORES)
@settings(max_examples=30, deadline=None)
def test_longer_patterns_signal_no_more_often(scores: list[float]) -> None:
    strict = Rules(ALL, run_length=10, trend=7, alternation=15, hugging=16, mixture=9)
    lenient = Rules(ALL, run_length=7, mixture_sides="either", full_windows=False)
    few, many = evaluate(scores, strict).completing, evaluate(scores, lenient).completing
    assert not (few & ~many).any()
