"""The check of reference files: the given ones, others of the same form, and files that must not pass."""

import contextlib
import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analytics.__main__ import main
from analytics.references.checking import check, check_file, family_of
from analytics.references.reference import read_reference
from analytics.sigma import WrongInput
from tests.conftest import reference_data

Writer = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Writer:
    """Writes a reference file."""

    def written(chart: str, data: dict[str, Any], expected: dict[str, Any], **more: Any) -> Path:
        path = tmp_path / f"case{len(list(tmp_path.iterdir()))}.json"
        content = {"id": "case", "chart": chart, "params": {}, "data": data, "expected": expected, **more}
        path.write_text(json.dumps(content), encoding="utf-8")
        return path

    return written


def given_files() -> list[Path]:
    return sorted(reference_data("spc").glob("*.json"))


def test_all_given_cases_hold_without_database_or_settings(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    files = given_files()
    monkeypatch.setenv("AMENDS_DATABASE_URL", "nonsense://")
    assert main(["references", str(files[0].parent)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(files) + 1 and all(": ok, " in line for line in lines[:-1])


def leaves(expected: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where single expected values stand; a list of points is one."""
    if isinstance(expected, dict):
        for key, value in expected.items():
            yield from leaves(value, (*path, key))
    elif isinstance(expected, list) and not (path and any(sign in str(path[-1]) for sign in ("beyond", "points"))):
        for number, value in enumerate(expected):
            yield from leaves(value, (*path, number))
    else:
        yield path


def first_rows(value: Any) -> Any:
    return value[:2] if isinstance(value, list) and value and isinstance(value[0], dict) else value


def test_no_expected_value_of_the_given_cases_can_be_wrong_unnoticed() -> None:
    tried = 0
    for file in given_files():
        reference = read_reference(file)
        # Of long tables two rows show it as well, and do not take seconds.
        reference = replace(reference, expected={key: first_rows(value) for key, value in reference.expected.items()})
        seen = set()
        for path in leaves(reference.expected):
            names = tuple(part for part in path if isinstance(part, str))
            if names in seen or names[-1] in ("x", "note"):
                continue
            seen.add(names)
            wrong: Any = copy.deepcopy(reference.expected)
            at = wrong
            for part in path[:-1]:
                at = at[part]
            value = at[path[-1]]
            if isinstance(value, list):
                at[path[-1]] = [*value, 10_000]
            elif isinstance(value, (int, float)):
                at[path[-1]] = value * 1.01 + 2.5 * reference.tolerance
            else:
                at[path[-1]] = "nonsense" if isinstance(value, str) else 1.0
            # A number so wrong that it is no design of a chart is refused: as good as seen.
            with contextlib.suppress(WrongInput):
                assert not check(replace(reference, expected=wrong)).holds, (reference.name, path)
            tried += 1
    assert tried > 100


# Each with its source; what has no source is reckoned by hand in a comment.
JUICE = [12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, 22, 8, 10, 5, 13, 11, 20, 18, 24, 15, 9, 12, 7, 13, 9, 6]
# Montgomery, Introduction to Statistical Quality Control, table 9.1.
SHIFTED = [
    9.45, 7.99, 9.29, 11.66, 12.16, 10.18, 8.04, 11.46, 9.20, 10.34, 9.03, 11.47, 10.51, 9.40, 10.08, 9.37, 10.62,
    10.31, 8.52, 10.84, 10.90, 9.33, 12.29, 11.50, 10.60, 11.08, 10.38, 11.62, 11.31, 10.52,
]  # fmt: skip

OTHERS: dict[str, tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    # Montgomery, example 7.2: an np chart of the orange juice cans, n p̄ = 11.567 (he rounds p̄ to 0.231).
    "np chart, one size for all": (
        "np",
        {"defectives": JUICE, "n": 50},
        {"center": 11.566667, "published": {"ucl": 20.5, "lcl": 2.6}, "beyond_limits": [15, 23]},
        {"tolerance_abs": 1e-5},
    ),
    # NIST handbook 6.3.3.2 and Montgomery: revised limits without samples 15 and 23.
    "p chart with excluded points": (
        "p chart, Phase I",
        {"nonconforming": JUICE, "size": [50] * 30},
        {"published_rounded": {"center": 0.215, "ucl": 0.3893, "lcl": 0.0407}, "beyond_limits": [15, 21, 23]},
        {"params": {"exclude": [15, 23]}},
    ),
    # By hand, from Poisson tables with mean 4: P(0) = 0.0183 > 0.005; the share above 10 is 0.0028, above 9 0.0081.
    "exact limits at a level": (
        "c, exact Poisson limits",
        {"counts": [4, 2, 6, 4, 3, 5, 11, 0, 1]},
        {"mean": 4, "lcl": 0, "ucl": 10, "beyond": [7]},
        {"params": {"limits": "exact", "alpha": 0.01}},
    ),
    # By hand: u 0.2, z 1, -1, 1, -1 for sizes of 5, moving ranges 2: sigma_z 2 / 1.128.
    "Laney's u' chart": (
        "u'",
        {"defects": [2, 0, 2, 0], "exposure": [5, 5, 5, 5]},
        {"center": 0.2, "sigma_z": 1.773050, "ucl": 1.263830, "lcl": 0},
        {"tolerance_abs": 1e-5},
    ),
    # Montgomery, tables 9.2 and 9.3: the upper sum passes 5 at sample 29 with 5.28, and has been above 0 for 7 samples.
    "CUSUM in standard deviations": (
        "tabular CUSUM",
        {"x": SHIFTED},
        {"signals_upper": [29, 30], "first_signal": [29], "signals_lower": []},
        {"params": {"target": 10, "sigma": 1, "k": 0.5, "h": 5}},
    ),
    # Montgomery, example 9.2: the limits widen to 10.62 and 9.38.
    "EWMA with widening limits": (
        "EWMA",
        {"values": SHIFTED},
        {"ucl_last": 10.62, "lcl_last": 9.38, "center": 10},
        {"params": {"lambda": 0.1, "L": 2.7, "mu": 10, "sigma": 1, "limits": "time-varying"}, "tolerance_abs": 0.005},
    ),
    # The same values one by one, by hand: 0.1 x 9.45 + 0.9 x 10 = 9.945; 9.7495.
    "EWMA values": (
        "EWMA",
        {"x": [9.45, 7.99]},
        {"ewma": [9.945, 9.7495]},
        {"params": {"lambda": 0.1, "L": 2.7, "target": 10, "sigma": 1}},
    ),
    # NIST handbook 6.3.2.2 with the rounded factor: 2.66 x 1.8778 = 4.9949.
    "I chart with 2.66": (
        "I",
        {"x": [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]},
        {"center": 50.81, "ucl": 55.8049, "mr_bar": 1.8778},
        {"params": {"constant": 2.66}, "tolerance_abs": 5e-5},
    ),
    # By hand: 2 of 10 and 6 of 10 each; each phase has limits of its own, and the last says where it begins.
    "phases with limits of their own": (
        "p",
        {"d": [2, 2, 2, 6, 6, 6], "n": 10},
        {"center": [0.2, 0.2, 0.2, 0.6, 0.6, 0.6], "beyond_limits": []},
        {"params": {"phases": [4]}},
    ),
    # NIST handbook 6.3.2.2, in two parts, and the range chart's limit from D4 = 3.267 to as many digits as that has.
    "I and MR chart apart": (
        "I-MR",
        {"x": [49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1]},
        {"I": {"center": 50.81, "ucl": 55.8041, "lcl": 45.8159}, "MR": {"center": 1.8778, "ucl": 6.134, "lcl": 0}},
        {"params": {"D4": 3.267}, "tolerance_abs": 5e-5},
    ),
    # By hand: gaps of 6, 8 and 10 days, mean 8, 8 + 3 x sqrt(8 x 9) = 33.4558.
    "g chart from dates": (
        "g",
        {"dates": ["2026-01-01", "2026-01-07", "2026-01-15", "2026-01-25"]},
        {"center": 8, "ucl": 33.4558441, "lcl": 0, "gaps": [6, 8, 10]},
        {},
    ),
    # JASP and Minitab flag point 8 where all eight lie at one side; counting points from 0 it is 7.
    "rules read as Minitab does": (
        "run rules",
        {"center": 0, "sigma": 1},
        {
            "cases": [
                {"rule": "N8 one side", "x": [1.2] * 8, "points": [7]},
                {"rule": "N2 7 one side", "x": [0.5] * 7 + [-0.5], "points": [6]},
                {"rule": "N3 6 steps in a row", "x": [1, 2, 3, 4, 5, 6, 7, 6], "points": [6]},
            ]
        },
        {"index_base": 0},
    ),
    "rules of one series by name": (
        "Nelson rules",
        {"x": [0, 3.2, -3.5, 2.9, 0.1], "center": 0, "sigma": 1},
        {"nelson_1": [2, 3], "nelson_4": []},
        {},
    ),
    # By hand: eight in a row below complete Western Electric's fourth rule, 2 of 3 beyond two its second.
    "rules of Western Electric by number": (
        "Western Electric rules",
        {"x": [0, 2.5, 1.0, 2.6, *[-0.5] * 8], "center": 0, "sigma": 1},
        {"rule_2": [4], "rule_4": [12]},
        {},
    ),
    # By hand: seven in a row above 4, the file's own length of a run.
    "a chart with a run length of its own": (
        "c",
        {"defects": [1, 5, 5, 5, 5, 5, 5, 5]},
        {"mean": 4.5, "nelson_2": [8]},
        {"params": {"run_length": 7}},
    ),
    # Montgomery, table 9.4 (Lucas and Crosier 1982): h 4, k 0.5 with half the interval as head start, 149 and 5.29.
    "run lengths with a head start": (
        "design check",
        {},
        {
            "cusum_two_sided": [
                {"h": 4, "k": 0.5, "hs": 0.5, "mu": 0, "arl": 149},
                {"h": 4, "k": 0.5, "hs": 0.5, "mu": 1, "arl": 5.29},
            ],
            "shewhart": [{"mu": 0, "arl": 370.4}],
        },
        {"tolerance_abs": 0.5},
    ),
    # By hand: 1 of 1,000 is the normal quantile 3.0902 (tables) and 1.5.
    "a sigma level from counts": (
        "DPMO",
        {"defects": 1, "opportunities": 1000},
        {"dpmo": 1000, "sigma_level": 4.5902, "yield": 0.999},
        {"tolerance_abs": 5e-5},
    ),
    # S0: six steps at 95 % pass 73.5 %.
    "yields of steps": (
        "rolled throughput yield",
        {"step_yields": [0.95] * 6},
        {"rty": 0.735091890625, "rty_percent": 73.5091890625},
        {},
    ),
    "Pareto from two columns, the others last": (
        "Pareto",
        {"categories": ["other", "late", "rude"], "counts": [9, 6, 5]},
        {"order": ["late", "rude", "other"], "cum_percent": [30, 55, 100], "vital_few": ["late", "rude", "other"]},
        {},
    ),
    # R documentation of poisson.test, fisher.test (tea), wilcox.test, power.prop.test; Newcombe 1998, table II.
    "Poisson rates": (
        "Poisson rates",
        {"x": [11, 21], "t": [800, 3011]},
        {"ratio": 1.971488, "p_value": 0.07967, "ci": [0.8584264, 4.2772659]},
        {"tolerance_abs": 5e-6},
    ),
    "Fisher's tea": ("Fisher exact test", {"table": [[3, 1], [1, 3]]}, {"p": 0.4857}, {"tolerance_abs": 5e-5}),
    "Newcombe's interval": (
        "two proportions",
        {"x": [56, 48], "n": [70, 80]},
        {"difference": 0.2, "ci": [0.0524, 0.3339]},
        {"tolerance_abs": 6e-5},
    ),
    "ranks": (
        "Mann-Whitney",
        {
            "x": [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46],
            "y": [1.15, 0.88, 0.90, 0.74, 1.21],
        },
        {"W": 35, "p": 0.1272, "shift": 0.305},
        {"params": {"alternative": "greater"}, "tolerance_abs": 5e-5},
    ),
    "a planned test": (
        "sample size",
        {},
        {"n": 76.7},
        {"params": {"p1": 0.5, "p2": 0.75, "power": 0.9}, "tolerance_abs": 0.05},
    ),
    # By hand; at 2 somebody left, and the curve stays.
    "a curve told at every time, by groups": (
        "Kaplan-Meier",
        {"late": {"time": [1, 2, 3, 4], "status": [1, 0, 1, 1]}},
        {"time": [1, 2, 3, 4], "n_risk": [4, 3, 2, 1], "n_censor": [0, 1, 0, 0], "surv": [0.75, 0.75, 0.375, 0]},
        {},
    ),
    # Klein and Moeschberger (2003), table 4.1; R survdiff 16.79.
    "remissions": (
        "Kaplan-Meier and log-rank",
        {
            "time": [
                *(6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35),
                *(1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23),
            ],
            "status": [*(1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0), *[1] * 21],
            "group": ["6-MP"] * 21 + ["placebo"] * 21,
        },
        {"median": [23, 8], "logrank": {"chisq": 16.79}},
        {"tolerance_abs": 0.005},
    ),
}


@pytest.mark.parametrize("name", OTHERS)
def test_other_cases_of_the_same_form_hold_and_fail_when_changed(write: Writer, name: str) -> None:
    chart, data, expected, more = OTHERS[name]
    assert check_file(write(chart, data, expected, **more)).line().startswith("case: ok, ")
    key = next(iter(expected))
    wrong = {**expected, key: [999] if isinstance(expected[key], list) else 999}
    verdict = check_file(write(chart, data, wrong, **more))
    assert not verdict.holds and key in verdict.line()


def test_a_convention_that_the_file_names_is_the_only_one_tried(write: Writer) -> None:
    # By hand: eleven ranges of 1 and one of 19; without the last, which is above 3.267 times their mean, the mean is 1.
    data = {"x": [0, 1] * 6 + [20]}
    assert "screened, d2 1.128" in check_file(write("I-MR", data, {"mr_bar": 1})).line()
    assert check_file(write("I-MR", data, {"mr_bar": 1}, params={"screened": True})).holds
    assert not check_file(write("I-MR", data, {"mr_bar": 1}, params={"screened": False})).holds
    assert check_file(write("I-MR", data, {"mr_bar": 2.5}, params={"screened": False})).holds


def test_a_difference_is_told_with_key_values_and_tolerance(write: Writer, capsys: pytest.CaptureFixture[str]) -> None:
    path = write("c", {"defects": [4, 4, 4]}, {"center": 5, "ucl": 10}, tolerance_abs=0.01)
    assert main(["references", str(path)]) == 1
    assert "case: differs: center expected 5, got 4.0, tolerance 0.01" in capsys.readouterr().out


def test_a_key_that_nobody_knows_is_named_and_fails(write: Writer) -> None:
    path = write("c", {"defects": [4, 4, 4]}, {"center": 4, "kurtosis": 3, "inner": {"skew": 1}})
    verdict = check_file(path)
    assert not verdict.holds and verdict.line() == "case: differs: unchecked: kurtosis, inner.skew"
    rows = write("design", {}, {"cusum": [{"h": 4, "k": 0.5, "mu": 0, "sdrl": 3}]})
    assert "unchecked: cusum[1].sdrl" in check_file(rows).line()


def test_rows_that_only_repeat_their_input_check_nothing(write: Writer) -> None:
    verdict = check_file(write("design", {}, {"cusum": [{"h": 4, "k": 0.5, "mu": 0}]}))
    assert not verdict.holds and "unchecked: cusum[1]" in verdict.line()
    remark = check_file(write("c", {"defects": [4, 4]}, {"note": "nothing to see"}))
    assert not remark.holds and "none of what is expected was checked" in remark.line()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is no JSON"),
        ("[]", "is no JSON object"),
        ("\xff", "cannot be read"),
        ('{"expected": {"a": 1}}', "does not say its `chart`"),
        ('{"chart": "p", "expected": {}}', "expects nothing"),
        ('{"chart": "p", "data": [], "expected": {"a": 1}}', "its `data` is no object"),
        ('{"chart": "sunspots", "expected": {"a": 1}}', "is of no known kind: 'sunspots'"),
        ('{"chart": "p", "expected": {"center": 1}}', "no column of counts"),
        ('{"chart": "p", "data": {"d": [3], "n": [2]}, "expected": {"center": 1}}', "3 defectives cannot come from 2"),
        ('{"chart": "c", "data": {"d": [3, 1]}, "expected": {"center": 2}, "tolerance_abs": -1}', "tolerance_abs"),
        ('{"chart": "c", "data": {"d": [3, 1]}, "expected": {"center": 2}, "index_base": 5}', "index_base"),
    ],
)
def test_files_that_cannot_be_checked_fail(tmp_path: Path, content: str, words: str) -> None:
    path = tmp_path / "odd.json"
    path.write_bytes(content.encode("latin-1"))
    verdict = check_file(path)
    assert not verdict.holds and words in verdict.line() and verdict.line().startswith("odd: ")


def test_one_bad_file_does_not_keep_the_others_from_being_checked(
    write: Writer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write("c", {"defects": [4, 4, 4]}, {"center": 4})
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "bad.json").write_text("{", encoding="utf-8")
    assert main(["references", str(tmp_path), str(tmp_path / "absent.json"), "--json"]) == 1
    shown = json.loads(capsys.readouterr().out)
    assert sorted(case["ok"] for case in shown["cases"]) == [False, False, True] and shown["failed"] == 2


def test_an_empty_folder_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["references", str(tmp_path)]) == 1
    assert "no JSON file in this folder" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("chart", "family"),
    [
        ("p chart, phase I", "attribute_charts"),
        ("P′", "laney_charts"),
        ("u prime", "laney_charts"),
        ("u (Poisson limits)", "attribute_charts"),
        ("I-MR", "individual_charts"),
        ("moving range", "individual_charts"),
        ("log-rank", "survivals"),
        ("g test", "mix_tests"),
        ("capability (within)", "capabilities"),
        ("Western Electric rules", "rule_charts"),
    ],
)
def test_kinds_are_known_by_what_the_file_calls_them(chart: str, family: str) -> None:
    found = family_of(chart)
    assert found is not None and found.__name__ == family
