"""Reference cases of average run lengths, by which designs of charts are chosen."""

import re
from collections.abc import Mapping
from typing import Any

from analytics.charts.rule_run_length import rules_run_length
from analytics.charts.rules import WESTERN_ELECTRIC, Rule, Rules
from analytics.charts.run_length import (
    cusum_interval,
    cusum_run_length,
    ewma_run_length,
    ewma_width,
    shewhart_run_length,
    shewhart_width,
)
from analytics.references.comparing import GIVEN, Candidate
from analytics.references.reference import Reference, UnreadableReference, is_number, plain, whole_number
from analytics.references.rule_cases import rule_named

_ANSWERS = ("arl", "arl0", "arl1", "arl_0", "arl_1", "average_run_length", "ats")
# Names in lists of designs that are made for a run length.
_MADE_FOR = ("crit", "design", "solve", "for_arl", "chosen")

_INPUTS = (
    "h", "k", "l", "mu", "shift", "delta", "lambda", "lam", "width", "nsigma", "c", "smoothing", "r", "reference",
    "interval", "hs", "head_start", "fir", "sided", "sides", "n", "rules", "rule", "type", "alpha", "note", "chart",
)  # fmt: skip


def run_lengths(reference: Reference) -> list[Candidate]:
    """Lists of designs with their run lengths; the name of a list says the kind of chart."""
    reference.heeded("params", "data")
    values: dict[str, Any] = {}
    for key, rows in reference.expected.items():
        said = f"{reference.chart} {reference.words('chart', 'scheme', 'type', 'kind')}"
        kind = _kind(plain(key)) or _kind(plain(said))
        if kind and isinstance(rows, list) and all(is_number(row) for row in rows):
            values[plain(key)] = _over_shifts(reference, kind, plain(key))
        elif kind and isinstance(rows, list):
            values[plain(key)] = [_row(reference, kind, plain(key), row) for row in rows]
        elif kind and is_number(rows):
            values[plain(key)] = _length(kind, plain(key), {**reference.params, **reference.data})
    return [Candidate("", values)]


def _over_shifts(reference: Reference, kind: str, key: str) -> list[float | None] | None:
    """Run lengths of one design at several shifts."""
    shifts = reference.given("mu", "shift", "shifts", "delta", "deltas")
    if not isinstance(shifts, list) or not all(is_number(shift) for shift in shifts):
        return None
    design = {**reference.params, **reference.data}
    return [_length(kind, key, {**design, "mu": shift}) for shift in shifts]


def _kind(words: str) -> str:
    rules = ("western", "nelson", "rules", "champ", "runs")
    kind = next((kind for kind in ("cusum", "ewma", "shewhart") if kind in words), "")
    return kind or ("rules" if any(sign in words for sign in rules) else "")


def _row(reference: Reference, kind: str, key: str, row: Any) -> Any:
    if not isinstance(row, Mapping):
        return None
    design = {**reference.params, **reference.data, **row}
    kind = _kind(plain(str(row.get("chart", "")))) or kind
    if "rules" in row or (kind == "rules" and "type" in row):
        kind = "rules"
    if any(sign in key for sign in _MADE_FOR) and any(plain(name) in _ANSWERS for name in row):
        return _made_for(kind, design, row)
    inputs = {name: GIVEN for name in row if plain(name) in _INPUTS or name == "L"}
    answers = {name: _length(kind, key, design) for name in row if plain(name) in _ANSWERS}
    if kind == "shewhart":
        length = _length(kind, key, design)
        assert length is not None
        for name in row:
            if plain(name) in ("p", "p_signal", "power", "probability", "false_alarm_rate"):
                answers[name] = 1 / length
            elif plain(name) in ("beta", "type_2_error", "type_ii_error"):
                answers[name] = 1 - 1 / length
            elif plain(name) == "sdrl":
                answers[name] = (length * (length - 1)) ** 0.5
    return {**inputs, **answers}


def _made_for(kind: str, design: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """The width or interval that a run length of a stable process asks for."""
    length = next(float(row[name]) for name in row if plain(name) in _ANSWERS)
    smoothing = next((design[name] for name in design if plain(name) in ("lambda", "lam", "r", "smoothing")), None)
    reference_value = next((design[name] for name in design if plain(name) in ("k", "reference")), 0.5)
    answers: dict[str, Any] = {}
    for name in row:
        if kind == "cusum" and plain(name) in ("h", "interval"):
            answers[name] = cusum_interval(length, float(reference_value))
        elif kind == "ewma" and smoothing is not None and (name == "L" or plain(name) in ("width", "c")):
            answers[name] = ewma_width(length, float(smoothing))
        elif kind == "shewhart" and plain(name) in ("l", "width", "k"):
            answers[name] = shewhart_width(length)
    return {**dict.fromkeys(row, GIVEN), **answers} if answers else {}


def _rules(design: Mapping[str, Any]) -> Rules:
    """The rules of a row: all of Western Electric's, or those it names."""
    told = next(
        (value for name, value in design.items() if plain(name) in ("rules", "rule", "tests", "scheme", "type")), None
    )
    if isinstance(told, str):
        words = re.split(r"[,;+&\s]+", told.lower())
        told = [
            word
            for word in words
            if word and word not in ("we", "weco", "and", "all", "rule", "rules", "western", "electric")
        ]
        if len(told) == 1 and told[0].isdigit():
            told = list(told[0])
    elif is_number(told):
        told = [told]
    if not isinstance(told, list) or not told:
        return Rules(which=WESTERN_ELECTRIC)
    which: list[Rule] = []
    for word in told:
        rule = rule_named(str(word), "western electric")
        if rule is None:
            raise UnreadableReference(f"names the rule {word!r}, which nobody knows")
        which.append(rule)
    length = next((value for name, value in design.items() if plain(name) in ("run", "run_of")), None)
    return Rules(which=tuple(dict.fromkeys(which)), run_length=None if length is None else whole_number(length))


def _length(kind: str, key: str, design: Mapping[str, Any]) -> float | None:
    given = {name if name == "L" else plain(name): value for name, value in design.items() if is_number(value)}

    def number(default: float | None, *names: str) -> float | None:
        return next((float(given[name]) for name in names if name in given), default)

    shift = number(0.0, "mu", "shift", "delta")
    assert shift is not None
    if kind == "rules":
        return rules_run_length(shift, _rules(design))
    if kind == "shewhart":
        # A point may be the mean of n values, and the shift in standard deviations of one.
        shift *= (number(1.0, "n") or 1.0) ** 0.5
        width = number(3.0, "L", "l", "width", "nsigma", "k", "c")
        assert width is not None
        return shewhart_run_length(shift, width)
    if kind == "ewma":
        smoothing, width = number(None, "lambda", "lam", "l", "smoothing", "r"), number(None, "L", "width", "c", "k")
        return None if smoothing is None or width is None else ewma_run_length(shift, smoothing, width)
    reference_value, interval = number(0.5, "k", "reference"), number(None, "h", "interval")
    if interval is None or reference_value is None:
        return None
    start = number(0.0, "hs", "head_start", "fir")
    assert start is not None
    one_sided = "one_sided" in key or "upper" in key or design.get("sided") == "one" or design.get("sides") == 1
    return cusum_run_length(
        shift,
        reference_value,
        interval,
        two_sided=not one_sided,
        # A start of 1 and more is in standard deviations.
        head_start=start if start < 1 else start / interval,
    )
