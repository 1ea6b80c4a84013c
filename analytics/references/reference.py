"""A reference case, read from a file: what was measured, and what a source says must come out.

A file is one JSON object: ``chart`` says the kind; ``data`` holds the measurements, ``params`` what else goes in, and
``expected`` what has to come out, each by key; ``tolerance_abs`` says how near, ``index_base`` the number of the first
point (0 or 1), ``id`` the name. Whatever else it holds is for people.
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

DEFAULT_TOLERANCE = 1e-6


class UnreadableReference(Exception):
    """A file is no reference case; the message says why."""


@dataclass(frozen=True, slots=True)
class Reference:
    """One case.

    Attributes:
        name: its id, or the file's name.
        chart: the kind of chart or statistic, as the file puts it.
        tolerance: by which a value may differ.
        tolerances: the same for single expected keys.
        index_base: the number of the first point.
    """

    name: str
    chart: str
    params: Mapping[str, Any]
    data: Mapping[str, Any]
    expected: Mapping[str, Any]
    tolerance: float = DEFAULT_TOLERANCE
    tolerances: Mapping[str, float] | None = None
    index_base: int = 1

    def option(self, *names: str) -> Any:
        """The first of these that is among the parameters or, if a single value, among the data; None if none is."""
        for source in (self.params, self.data):
            for key, value in source.items():
                if plain(key) in names and (source is self.params or not isinstance(value, (list, dict))):
                    return value
        return None

    def number(self, *names: str) -> float | None:
        """The same, as a number."""
        value = self.option(*names)
        return float(value) if is_number(value) else None

    def yes(self, *names: str) -> bool | None:
        """The same, as yes or no."""
        value = self.option(*names)
        return value if isinstance(value, bool) else None

    def words(self, *names: str) -> str:
        """The same, as words in lower case; nothing if there is none."""
        value = self.option(*names)
        return value.lower() if isinstance(value, str) else ""

    def column(self, *names: str, other_than: Iterable[str] = ()) -> NDArray[np.float64] | None:
        """The first list of numbers of one of these names; else the only list of numbers there is."""
        lists = {plain(key): value for key, value in self.data.items() if _is_numbers(value)}
        for name in names:
            if name in lists:
                return np.array(lists[name], dtype=np.float64)
        left = [value for key, value in lists.items() if key not in other_than]
        return np.array(left[0], dtype=np.float64) if len(left) == 1 else None

    def days(self) -> list[date] | None:
        """The only list of days there is."""
        for value in self.data.values():
            if isinstance(value, list) and value and all(isinstance(entry, str) for entry in value):
                try:
                    return [date.fromisoformat(entry[:10]) for entry in value]
                except ValueError:
                    continue
        return None

    def within(self, **params: Any) -> "Reference":
        """The same case with more parameters."""
        return replace(self, params={**self.params, **params})


def read_reference(path: Path) -> Reference:
    """Read a file.

    Raises:
        UnreadableReference: it is not of that form.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UnreadableReference(f"cannot be read: {error}") from None
    except (json.JSONDecodeError, RecursionError) as error:
        raise UnreadableReference(f"is no JSON: {error}") from None
    if not isinstance(content, dict):
        raise UnreadableReference("is no JSON object")
    chart = content.get("chart")
    if not isinstance(chart, str) or not chart.strip():
        raise UnreadableReference("does not say its `chart`")
    parts = {}
    for name in ("params", "data", "expected"):
        value = content.get(name, {})
        if not isinstance(value, dict):
            raise UnreadableReference(f"its `{name}` is no object")
        parts[name] = value
    if not parts["expected"]:
        raise UnreadableReference("expects nothing, so nothing is checked")
    tolerance, tolerances = _tolerance(content.get("tolerance_abs", DEFAULT_TOLERANCE))
    base = content.get("index_base", 1)
    if base not in (0, 1) or isinstance(base, bool):
        raise UnreadableReference(f"its `index_base` is {base!r} and neither 0 nor 1")
    return Reference(
        str(content.get("id") or path.stem), chart, **parts, tolerance=tolerance, tolerances=tolerances, index_base=base
    )


def plain(key: str) -> str:
    """A key without the accidents of its spelling: lower case, words joined by underscores."""
    return "_".join("".join(sign if sign.isalnum() else " " for sign in key.lower()).split())


def is_number(value: object) -> bool:
    """A finite number, and neither yes nor no."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_numbers(value: object) -> bool:
    return isinstance(value, list) and len(value) > 0 and all(is_number(entry) for entry in value)


def _tolerance(value: object) -> tuple[float, Mapping[str, float] | None]:
    if isinstance(value, dict) and value and all(is_number(entry) and entry >= 0 for entry in value.values()):
        return float(value.get("default", min(value.values()))), value
    if not is_number(value) or value < 0:  # type: ignore[operator]
        raise UnreadableReference(f"its `tolerance_abs` is {value!r} and no number of at least 0")
    return float(value), None  # type: ignore[arg-type]
