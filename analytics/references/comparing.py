"""Compares what is expected with what came out."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np

from analytics.references.reference import REMARKS, Reference, is_number, plain

# A value that is only to be told apart from others: sets of points, counts.
Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Candidate:
    """What came out under one convention.

    Attributes:
        convention: in words; empty where there is but one.
        values: by key; numbers, words, lists, objects, or ``Points``.
        sections: for expected objects that name a convention of their own: candidates to try for them.
    """

    convention: str
    values: Values
    sections: Callable[[str], Sequence["Candidate"]] = field(default=lambda _: ())


@dataclass(frozen=True, slots=True)
class Points:
    """Numbers of points, counted from 1; how a file counts is its own affair."""

    numbers: tuple[int, ...]


class Given:
    """Stands where a row repeats what it starts from: there is nothing to check."""


GIVEN = Given()


@dataclass(frozen=True, slots=True)
class Scaled:
    """A number for which the file's tolerance, made for another scale, is too wide: what is printed decides."""

    value: Any


@dataclass(frozen=True, slots=True)
class Rough:
    """A value made with a constant that the file prints rounded: it is known no better than that."""

    value: Any
    error: float


@dataclass(frozen=True, slots=True)
class Named:
    """A figure of each of several groups, which a file may tell in their order or by their names."""

    values: Sequence[Any]
    names: Sequence[str]


@dataclass(frozen=True, slots=True)
class Difference:
    """One expected value that did not come out; ``tolerance`` is None where it must be the same."""

    key: str
    expected: Any
    got: Any
    tolerance: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """All expected values against one candidate.

    Attributes:
        checked: how many single values were compared.
        unchecked: keys that nobody knows how to check.
    """

    convention: str
    checked: int
    differences: tuple[Difference, ...]
    unchecked: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return self.checked > 0 and not self.differences and not self.unchecked


# Words in a key that tell where a value was printed: it is then as exact as its digits.
_PRINTED = {
    "published", "rounded", "printed", "nist", "powerbi", "minitab", "jasp", "montgomery", "qcc", "wheeler",
    "handbook", "textbook", "excel", "sas", "jmp",
}  # fmt: skip


# "beyond_limits_all54": of all points, and not only of those that gave the limits.
_ALL_POINTS = re.compile(r"all\d*")


def compare(reference: Reference, candidates: Sequence[Candidate]) -> Comparison:
    """The first candidate by which everything holds; else the one that comes closest.

    Args:
        candidates: at least one; where the file does not say the convention, one for each, the usual one first.
    """
    best: Comparison | None = None
    for candidate in candidates:
        found = _against(reference, reference.expected, candidate, "", False)
        if found.holds:
            return found
        if best is None or _rank(found) < _rank(best):
            best = found
    assert best is not None
    return best


def _rank(found: Comparison) -> tuple[int, int]:
    return len(found.unchecked), len(found.differences)


def _against(
    reference: Reference, expected: Mapping[str, Any], candidate: Candidate, path: str, printed: bool
) -> Comparison:
    checked, differences, unchecked = 0, list[Difference](), list[str]()
    conventions = [candidate.convention] if candidate.convention else []
    for key, value in expected.items():
        where, words = f"{path}{key}", plain(key).split("_")
        if isinstance(value, str) and plain(key) in REMARKS:
            continue
        from_print = printed or bool(_PRINTED & set(words))
        known, got = _look_up(candidate.values, words)
        # An object may be told under a name that by itself stands for a list: {"violations": {"nelson_1": []}}.
        if known and (not isinstance(value, dict) or isinstance(got, (Mapping, Given, Named))):
            meter = _Meter(reference, key, from_print)
            meter.compare(where, value, got)
            checked += meter.checked
            differences += meter.differences
            unchecked += meter.unchecked
            continue
        inner: Comparison | None = None
        if isinstance(value, dict) and value:
            choices: Sequence[Candidate] = candidate.sections(plain(key))
            if not choices:
                choices = [Candidate("", candidate.values, candidate.sections)]
            trials = [_against(reference, value, choice, f"{where}.", from_print) for choice in choices]
            inner = min(trials, key=_rank, default=None)
        if inner is None:
            unchecked.append(where)
            continue
        checked += inner.checked
        differences += inner.differences
        unchecked += inner.unchecked
        if inner.convention:
            conventions.append(f"{key}: {inner.convention}")
    return Comparison("; ".join(conventions), checked, tuple(differences), tuple(unchecked))


def _look_up(values: Values, words: list[str]) -> tuple[bool, Any]:
    """The value of a key, also under a key that says where it was printed, or in per cent."""
    key = "_".join(words)
    if key in values:
        return True, values[key]
    left = [word for word in words if word not in _PRINTED and not _ALL_POINTS.fullmatch(word)]
    key = "_".join(left)
    if key in values:
        return True, values[key]
    if left and left[-1] in ("percent", "pct") and "_".join(left[:-1]) in values:
        got = values["_".join(left[:-1])]
        if not isinstance(got, (Points, str, Mapping)):
            return True, 100 * np.asarray(got, dtype=np.float64)
    return False, None


class _Meter:
    """Compares one expected value, however deep it is."""

    def __init__(self, reference: Reference, key: str, printed: bool) -> None:
        self.checked, self.differences, self.unchecked = 0, list[Difference](), list[str]()
        self._base = reference.index_base
        self._tolerance = (reference.tolerances or {}).get(key, reference.tolerance)
        self._printed = printed

    def compare(self, where: str, expected: Any, got: Any, tolerance: float | None = None) -> None:
        if isinstance(got, Given):
            return
        if isinstance(got, Scaled):
            self.compare(where, expected, got.value, min(self._tolerance, half_digit(expected)))
        elif isinstance(got, Rough):
            self.compare(where, expected, got.value, max(self._of(expected), got.error))
        elif isinstance(got, Named):
            by_name = dict(zip(got.names, got.values, strict=True))
            self.compare(where, expected, by_name if isinstance(expected, Mapping) else list(got.values), tolerance)
        elif isinstance(got, Points):
            self._points(where, expected, got)
        elif isinstance(expected, Mapping):
            self._mapping(where, expected, got)
        elif isinstance(expected, list):
            self._list(where, expected, got, self._of(expected) if tolerance is None else tolerance)
        else:
            self._single(where, expected, got, self._of(expected) if tolerance is None else tolerance)

    def _of(self, expected: Any) -> float:
        return max(self._tolerance, half_digit(expected)) if self._printed else self._tolerance

    def _points(self, where: str, expected: Any, got: Points) -> None:
        self.checked += 1
        numbers = [number + self._base - 1 for number in got.numbers]
        wanted = expected if isinstance(expected, list) else [] if expected is None else [expected]
        if wanted != numbers:
            self.differences.append(Difference(where, expected, numbers, None))

    def _mapping(self, where: str, expected: Mapping[str, Any], got: Any) -> None:
        values = {plain(str(key)): value for key, value in got.items()} if isinstance(got, Mapping) else {}
        seen = self.checked, len(self.unchecked)
        for key, value in expected.items():
            name = plain(str(key))
            if name in values:
                self.compare(f"{where}.{key}", value, values[name])
            elif not (isinstance(value, str) and name in REMARKS):
                self.unchecked.append(f"{where}.{key}")
        if (self.checked, len(self.unchecked)) == seen:
            self.unchecked.append(where)

    def _list(self, where: str, expected: list[Any], got: Any, tolerance: float) -> None:
        entries = got.tolist() if isinstance(got, np.ndarray) else got
        if not isinstance(entries, (list, tuple)):
            # One limit for all points may be printed for each.
            entries = [entries] * len(expected)
        if len(entries) != len(expected):
            self.checked += 1
            self.differences.append(Difference(where, expected, list(entries), None))
            return
        for number, (one, other) in enumerate(zip(expected, entries, strict=True), self._base):
            if isinstance(one, (list, Mapping)) or isinstance(other, (Points, Scaled, Rough)):
                self.compare(f"{where}[{number}]", one, other)
            else:
                self._single(f"{where}[{number}]", one, other, tolerance)

    def _single(self, where: str, expected: Any, got: Any, tolerance: float) -> None:
        entries = got.tolist() if isinstance(got, np.ndarray) else got
        if isinstance(entries, (list, tuple)):
            # One printed limit stands for all points, if they have the same.
            if not entries:
                self._differs(where, expected, got, None)
                return
            worst = max(entries, key=lambda entry: _distance(expected, entry))
            self._single(where, expected, worst, tolerance)
            return
        if isinstance(got, np.generic):
            got = got.item()
        if is_number(expected):
            distance = _distance(expected, got)
            if distance <= tolerance + 1e-12 * abs(expected):
                self.checked += 1
            else:
                self._differs(where, expected, got, tolerance)
        elif expected is None:
            # Where a lower limit would be 0 many print none.
            none_below = got == 0 and plain(where).startswith(("lcl", "lower", "ll"))
            if got is None or none_below or (isinstance(got, float) and not math.isfinite(got)):
                self.checked += 1
            else:
                self._differs(where, expected, got, None)
        elif isinstance(expected, str) and isinstance(got, str):
            if plain(expected) == plain(got):
                self.checked += 1
            else:
                self._differs(where, expected, got, None)
        elif type(expected) is type(got) and expected == got:
            self.checked += 1
        else:
            self._differs(where, expected, got, None)

    def _differs(self, where: str, expected: Any, got: Any, tolerance: float | None) -> None:
        self.checked += 1
        self.differences.append(Difference(where, expected, got, tolerance))


def _distance(expected: Any, got: Any) -> float:
    if not is_number(expected) or not isinstance(got, (int, float)) or isinstance(got, bool) or math.isnan(got):
        return math.inf
    return abs(float(expected) - float(got))


def half_digit(expected: Any) -> float:
    """Half a unit of the last digit printed; of a list, of its most exact number (noughts at the end are not kept)."""
    if isinstance(expected, list):
        return min((half_digit(entry) for entry in expected if is_number(entry)), default=0.0)
    if not is_number(expected):
        return 0.0
    exponent = Decimal(repr(expected)).as_tuple().exponent
    # A hair more: the half itself may be rounded either way.
    return 0.5 * 10.0 ** min(int(exponent), 0) * (1 + 1e-9)
