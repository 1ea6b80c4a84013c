"""The check of reference files: forms in which other published cases may come, and refusals of what is said wrong."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analytics.references.checking import Verdict, check_file, family_of
from tests.analytics.reference_forms import CASES

Checker = Callable[..., Verdict]


@pytest.fixture
def checked(tmp_path: Path) -> Checker:
    """Writes a reference file and checks it."""

    def verdict(chart: str, data: Any, expected: dict[str, Any], **more: Any) -> Verdict:
        path = tmp_path / "case.json"
        content = {"id": "case", "chart": chart, "params": {}, "data": data, "expected": expected, **more}
        path.write_text(json.dumps(content), encoding="utf-8")
        return check_file(path)

    return verdict


@pytest.mark.parametrize("name", CASES)
def test_other_forms_hold_and_fail_when_changed(checked: Checker, name: str) -> None:
    chart, data, expected, more = CASES[name]
    verdict = checked(chart, data, expected, **more)
    assert verdict.line().startswith("case: ok, "), verdict.line()
    assert "not read" not in verdict.line()
    changed = json.loads(json.dumps(expected))
    _change(changed)
    assert not checked(chart, data, changed, **more).holds


def _change(value: Any) -> bool:
    """Make the last figure of what is expected wrong."""
    places = list(value.items() if isinstance(value, dict) else enumerate(value))
    for place, entry in reversed(places):
        if isinstance(entry, (dict, list)) and entry:
            if _change(entry):
                return True
        elif not isinstance(entry, str):
            value[place] = [999] if isinstance(entry, list) else 999.5
            return True
    return False


def test_what_nobody_reads_is_told(checked: Checker) -> None:
    verdict = checked(
        "c",
        {"defects": [4, 4, 4], "week": [1, 2, 3], "shift": ["a", "b", "a"]},
        {"center": 4},
        params={"winsorised": 2},
    )
    assert verdict.line() == "case: ok, 1 values (normal limits); not read: params.winsorised, data.shift"
    assert verdict.to_json()["not_read"] == ["params.winsorised", "data.shift"]


@pytest.mark.parametrize(
    ("chart", "data", "expected", "params", "words"),
    [
        ("sigma level", {}, {"cases": [{"defects": 3.5, "opportunities": 10, "dpmo": 1}]}, {}, "3.5 where a whole"),
        ("two proportions", {"x": [1.5, 2], "n": [10, 10]}, {"z": 1}, {}, "1.5 where a whole number"),
        ("ARL of rules", {}, {"rules": [{"rules": "sunny", "arl": 1}]}, {}, "names the rule 'sunny'"),
        ("c", {"defects": [1, 2]}, {"center": 1}, {"baseline": [1, 5]}, "points for its baseline that are none"),
        ("c", {"defects": [1, 2]}, {"center": 1}, {"exclude": [9]}, "leaves out points that are none"),
        ("survival", {"time": [1, 2], "status": ["yes", "no"]}, {"median": 1}, {}, "column `status` that is neither"),
        (
            "p",
            {"defectives": [1], "n": [5], "new_sizes": [5]},
            {"center": 1},
            {},
            "has new data that the first have not",
        ),
        ("RTY", {"steps": [{"in": 1, "out": 1}, {"in": 1}]}, {"rty": 1}, {}, "steps that do not all say the same"),
        ("wilson", {"x": 3}, {"ci": [0, 1], "n": 1}, {}, "differs"),
        ("t test", {"x": [1, 2], "y": [2, 3]}, {"p": 0.5}, {}, "no known kind"),
    ],
)
def test_what_is_said_wrong_is_not_guessed(
    checked: Checker, chart: str, data: Any, expected: dict[str, Any], params: dict[str, Any], words: str
) -> None:
    verdict = checked(chart, data, expected, params=params)
    assert not verdict.holds and words in verdict.line()


@pytest.mark.parametrize(
    ("chart", "family"),
    [
        ("X chart", "individual_charts"),
        ("i_mm", "individual_charts"),
        ("uprime", "laney_charts"),
        ("run chart", "run_charts"),
        ("rule of three", "intervals"),
        ("Clopper-Pearson", "intervals"),
        ("wilcox.test", "rank_tests"),
        ("chi-squared test", "mix_tests"),
        ("chi-square trend", "associations"),
        ("time between events", "time_charts"),
        ("defects per unit", "yields"),
        ("survdiff", "survivals"),
    ],
)
def test_more_names_of_kinds_are_known(chart: str, family: str) -> None:
    found = family_of(chart)
    assert found is not None and found.__name__ == family


def test_the_parameters_may_say_the_kind(checked: Checker) -> None:
    verdict = checked("attribute control chart", {"d": [4, 6], "n": 50}, {"center": 5}, params={"type": "np"})
    assert verdict.holds
