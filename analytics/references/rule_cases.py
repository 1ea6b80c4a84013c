"""Reference cases of rules: points, and which of them break which rule."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np

from analytics.charts.rules import NELSON, WESTERN_ELECTRIC, Rule, Rules, evaluate
from analytics.charts.series import Floats
from analytics.references.comparing import GIVEN, Candidate, Points
from analytics.references.reference import Reference, UnreadableReference, is_number, plain, whole_number

_NUMBERED = re.compile(
    r"^(?P<set>we|weco|western[ _]electric|western|n|nelson|test|rule|minitab)"
    r"[ _]*(?:rule|test)?[ _#]*(?P<number>[1-8])\b"
)
_LENGTH = {
    "nelson_2": re.compile(
        r"\b(\d+)\s*(?:points?\s*)?(?:in a row\s*)?(?:on\s*)?(?:one|same)\s*side|run\w*(?:\s+of)?\s+(\d+)"
    ),
    "nelson_3": re.compile(
        r"\b(\d+)\s*(points?|steps?)?\s*(?:trend|in a row|ris|fall|increas|decreas|up|down)"
        r"|trend\w*\s+(?:of\s+)?(\d+)\s*(points?|steps?)?"
    ),
    "nelson_4": re.compile(r"\b(\d+)\s*(points?|steps?)?\s*(?:in a row\s*)?alternat"),
    "nelson_7": re.compile(r"\b(\d+)\s*(?:points?\s*)?(?:in a row\s*)?within"),
    "nelson_8": re.compile(r"\b(\d+)\s*(?:points?\s*)?(?:in a row\s*)?(?:beyond|outside)"),
}
# Where a rule has no number, what it says; the first that fits.
_IN_WORDS: tuple[tuple[str, Rule], ...] = (
    (r"2 (of|out of) 3|two (of|out of) three", "nelson_5"),
    (r"4 (of|out of) 5|four (of|out of) five", "nelson_6"),
    (r"within|hugging|stratif", "nelson_7"),
    (r"mixture|both sides|(beyond|outside) 1", "nelson_8"),
    (r"alternat|zigzag|saw", "nelson_4"),
    (r"trend|increas|decreas|ris|fall|monoton", "nelson_3"),
    (r"side|run|shift", "nelson_2"),
    (r"beyond|outside|limit|3s|3 s", "nelson_1"),
)


def rule_charts(reference: Reference) -> list[Candidate]:
    """Cases of single rules, or one series judged by several, under one reading of the rules for all of them."""
    reference.heeded("params", "data")
    lists = {
        key: value for key, value in reference.expected.items()
        if isinstance(value, list) and value and (key == "cases" or all(isinstance(case, Mapping) for case in value))
    }  # fmt: skip
    if lists:
        # The name of a list may tell the set of rules.
        about = {key: reference.within() if key == "cases" else _about(reference, key) for key in lists}
        return [
            Candidate(
                said,
                {
                    plain(key): [_case(about[key], case, options, members) for case in cases]
                    for key, cases in lists.items()
                },
            )
            for said, options, members in _readings(reference)
        ]
    scores, plotted = _scores(reference, reference.data)
    candidates = []
    told = {key: value for name, value in reference.expected.items() for key, value in _rules_in(name, value)}
    for said, options, members in _readings(reference):
        values: dict[str, Any] = {}
        for key in told:
            rule = rule_named(key, reference.chart)
            if rule is not None:
                values[plain(key)] = _points(scores, plotted, rule, {**options, **_lengths(rule, key)}, members)
        candidates.append(Candidate(said, values))
    return candidates


def _about(reference: Reference, key: str) -> Reference:
    return replace(reference, chart=f"{key.replace('_', ' ')} rules")


def _rules_in(name: str, value: Any) -> list[tuple[str, Any]]:
    """Rules told by name, or together in an object: {"rules": {"1": [3]}}."""
    return list(value.items()) if isinstance(value, Mapping) else [(name, value)]


def rule_named(words: str, chart: str = "") -> Rule | None:
    """The rule that a name or a description means; where the name has only a number, by what the file is about."""
    text = words.lower().replace("_", " ").strip()
    if text.isdigit():
        text = f"rule {text}"
    found = _NUMBERED.match(text)
    if found:
        number = int(found["number"])
        unsaid = found["set"] in ("rule", "test") and "western" in chart.lower() and "nelson" not in chart.lower()
        if found["set"].startswith("we") or unsaid:
            return WESTERN_ELECTRIC[number - 1] if number <= 4 else None
        return NELSON[number - 1]
    for pattern, rule in _IN_WORDS:
        if re.search(pattern, text):
            return rule
    return None


def _case(reference: Reference, case: Any, options: dict[str, Any], members: bool) -> Any:
    """The points that came out for a case; None for a case of no known rule."""
    if not isinstance(case, Mapping) or not isinstance(case.get("x", case.get("values")), list):
        return None
    name = next((str(case[key]) for key in ("rule", "name", "id", "title") if key in case), "")
    rule = rule_named(str(case.get("rule", name)), reference.chart)
    if rule is None:
        return None
    scores, plotted = _scores(reference, case)
    own = {**options, **options_said(case), **_lengths(rule, name)}
    found = _points(scores, plotted, rule, own, members or case.get("all_points") is True)
    inputs = dict.fromkeys((key for key in case if plain(key) in _INPUTS or options_said({key: case[key]})), GIVEN)
    return {**inputs, **{key: found for key in _ANSWERS if key in case}}


_INPUTS = (
    "rule", "name", "id", "title", "x", "values", "z", "data", "y", "center", "centre", "cl", "mean", "mu", "target",
    "sigma", "sd", "std_dev", "ucl", "lcl", "upper", "lower", "all_points", "note", "notes", "convention",
)  # fmt: skip


_ANSWERS = ("points", "expected", "signals", "violations", "completing", "beyond", "flagged")


def _points(scores: Floats, plotted: Floats, rule: Rule, options: dict[str, Any], members: bool) -> Points:
    looked = Rules(which=(rule,), **options)
    return Points(evaluate(scores, looked, plotted=plotted).points(rule, all_points=members))


def _scores(reference: Reference, source: Mapping[str, Any]) -> tuple[Floats, Floats]:
    x = next((source[key] for key in ("x", "values", "z", "data", "y") if isinstance(source.get(key), list)), None)
    if x is None or not all(is_number(value) for value in x):
        raise UnreadableReference("has no points for its rules")
    merged = {**reference.params, **reference.data, **source}

    def number(*names: str) -> Any:
        return next((merged[name] for name in names if name in merged), None)

    centre, sigma = number("center", "centre", "cl", "mean", "mu", "target"), number("sigma", "sd", "std_dev")
    upper = number("ucl", "upper")
    values = np.array(x, dtype=np.float64)
    location = np.zeros(1) if centre is None else np.atleast_1d(np.array(centre, dtype=np.float64))
    if sigma is None:
        sigma = 1.0 if upper is None else (np.array(upper, dtype=np.float64) - location) / 3
    return (values - location) / np.array(sigma, dtype=np.float64), values


def _readings(reference: Reference) -> Iterator[tuple[str, dict[str, Any], bool]]:
    """How the rules may be read; what the file says itself is not asked."""
    said = options_said(reference.params)
    choices = {
        "mixture_sides": ("both", "either"),
        "lengths_in": ("points", "steps"),
        "on_centre": ("break", "skip"),
        "full_windows": (True, False),
    }
    left = {name: values for name, values in choices.items() if name not in said}
    all_points = reference.yes("all_points", "members")
    for members in (False, True) if all_points is None else (all_points,):
        for picked in product(*left.values()):
            options = {**said, **dict(zip(left, picked, strict=True))}
            words = [f"{name.replace('_', ' ')} {value}" for name, value in options.items() if name in choices]
            yield ", ".join(words) + (", all points of a pattern" if members else ""), options, members


def options_of(reference: Reference) -> dict[str, Any]:
    """Options that the file gives among its parameters."""
    reference.asked.update(f"params.{key}" for key in reference.params if options_said({key: reference.params[key]}))
    return options_said(reference.params)


def options_said(source: Mapping[str, Any]) -> dict[str, Any]:
    """Options that a file or a case gives by name."""
    options: dict[str, Any] = {}
    for key, value in source.items():
        name, word = plain(key), str(value).lower()
        if name in ("run_length", "runlength", "run") and is_number(value):
            options["run_length"] = whole_number(value)
        elif name in ("trend", "trend_length", "trend_points", "trend_steps") and is_number(value):
            options["trend"] = whole_number(value)
            if name.endswith(("points", "steps")):
                options["lengths_in"] = name.rsplit("_", 1)[1]
        elif name in ("alternation", "alternating") and is_number(value):
            options["alternation"] = whole_number(value)
        elif name in ("hugging", "stratification") and is_number(value):
            options["hugging"] = whole_number(value)
        elif name == "mixture" and is_number(value):
            options["mixture"] = whole_number(value)
        elif name in ("trend_in", "trend_counts", "lengths_in", "trend_counted_in") and word in ("points", "steps"):
            options["lengths_in"] = word
        elif name in ("nelson_8", "nelson8", "mixture_sides", "n8", "sides", "nelson_8_sides"):
            options["mixture_sides"] = "both" if "both" in word else "either"
        elif name in ("on_centre", "on_center", "center_line", "centre_line", "points_on_center", "points_on_centre"):
            options["on_centre"] = "skip" if "skip" in word or "ignore" in word else "break"
        elif name == "full_windows" and isinstance(value, bool):
            options["full_windows"] = value
    return options


def _lengths(rule: Rule, name: str) -> dict[str, Any]:
    """How long a pattern has to be, as a case's name says."""
    text = _NUMBERED.sub("", name.lower())
    pattern = _LENGTH.get("nelson_2" if rule == "western_electric_4" else rule)
    found = pattern.search(text) if pattern else None
    if not found:
        return {}
    length = int(next(part for part in found.groups() if part and part.isdigit()))
    option = {
        "nelson_2": "run_length",
        "western_electric_4": "run_length",
        "nelson_3": "trend",
        "nelson_4": "alternation",
        "nelson_7": "hugging",
        "nelson_8": "mixture",
    }[rule]
    options: dict[str, Any] = {option: length} if length >= 3 else {}
    counted = next((part for part in found.groups() if part and part.startswith(("point", "step"))), None)
    if rule in ("nelson_3", "nelson_4") and counted:
        options["lengths_in"] = "points" if counted.startswith("point") else "steps"
    return options
