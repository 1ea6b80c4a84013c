"""A reference case, read from a file: what was measured, and what a source says must come out.

A file is one JSON object: ``chart`` says the kind; ``data`` holds the measurements, ``params`` what else goes in, and
``expected`` what has to come out, each by key; ``tolerance_abs`` says how near, ``index_base`` the number of the first
point (0 or 1), ``id`` the name. Whatever else it holds is for people.
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

DEFAULT_TOLERANCE = 1e-6

# Columns that only name the points.
LABELS = (
    "sample", "samples", "index", "week", "month", "day", "year", "batch", "lot", "label", "labels", "date", "dates",
    "id", "number", "i", "observation", "period",
)  # fmt: skip
# Keys of what is for people only.
REMARKS = ("note", "notes", "comment", "comments", "remark", "source", "title", "description")


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
        asked: which parameters and data have been read so far, as ``params.key`` and ``data.key``: what a file says and
            nobody heeds is told.
    """

    name: str
    chart: str
    params: Mapping[str, Any]
    data: Mapping[str, Any]
    expected: Mapping[str, Any]
    tolerance: float = DEFAULT_TOLERANCE
    tolerances: Mapping[str, float] | None = None
    index_base: int = 1
    asked: set[str] = field(default_factory=set, compare=False)

    def given(self, *names: str) -> Any:
        """Whatever stands among the data, then the parameters, under the first of these names; None if nothing does."""
        for name in names:
            for part, source in (("data", self.data), ("params", self.params)):
                for key, value in source.items():
                    if plain(key) == name:
                        self.asked.add(f"{part}.{key}")
                        return value
        return None

    def heeded(self, *parts: str) -> None:
        """All keys of these parts have been looked at: "params" or "data"."""
        for part in parts:
            self.asked.update(f"{part}.{key}" for key in (self.params if part == "params" else self.data))

    @property
    def unheeded(self) -> tuple[str, ...]:
        """Parameters and data that nobody has read, but for remarks."""
        said = [
            (f"{part}.{key}", key) for part, source in (("params", self.params), ("data", self.data)) for key in source
        ]
        silent = {*REMARKS, *LABELS}
        return tuple(where for where, key in said if where not in self.asked and plain(key) not in silent)

    def option(self, *names: str) -> Any:
        """The first of these that is among the parameters or, if a single value, among the data; None if none is."""
        for part, source in (("params", self.params), ("data", self.data)):
            for key, value in source.items():
                if plain(key) in names and (part == "params" or not isinstance(value, (list, dict))):
                    self.asked.add(f"{part}.{key}")
                    if value is not None:
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
        lists = {plain(key): (key, value) for key, value in self.data.items() if _is_numbers(value)}
        marks = {plain(key): (key, value) for key, value in self.data.items() if _is_marks(value)}
        # Yes and no are read as 1 and 0 where the column is asked for by name.
        lists |= {name: entry for name, entry in marks.items() if name in names}
        found = [lists[name] for name in names if name in lists][:1]
        if not found:
            found = [entry for name, entry in lists.items() if name not in other_than]
        if len(found) != 1:
            return None
        key, value = found[0]
        self.asked.add(f"data.{key}")
        return np.array(value, dtype=np.float64)

    def days(self) -> list[date] | None:
        """The only list of days there is."""
        for key, value in self.data.items():
            if isinstance(value, list) and value and all(isinstance(entry, str) for entry in value):
                try:
                    found = [date.fromisoformat(entry[:10]) for entry in value]
                except ValueError:
                    continue
                self.asked.add(f"data.{key}")
                return found
        return None

    def expected_list(self, *names: str) -> list[Any]:
        """What is expected under one of these names, if it is a list; else an empty one."""
        found = next((value for key, value in self.expected.items() if plain(key) in names), None)
        return found if isinstance(found, list) else []

    def holding(self, data: Mapping[str, Any]) -> "Reference":
        """The same case with its data in another form."""
        return replace(self, data=data)

    def within(self, **params: Any) -> "Reference":
        """The same case with more parameters."""
        self.asked.update(f"params.{key}" for key in params)
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
        value = content.get(name)
        if name == "data" and isinstance(value, list) and value:
            value = _columns(value)
        if value is not None and not isinstance(value, dict):
            raise UnreadableReference(f"its `{name}` is no object")
        parts[name] = value or {}
    if not parts["expected"]:
        raise UnreadableReference("expects nothing, so nothing is checked")
    tolerance, tolerances = _tolerance(content.get("tolerance_abs", DEFAULT_TOLERANCE))
    base = content.get("index_base", 1)
    if base not in (0, 1) or isinstance(base, bool):
        raise UnreadableReference(f"its `index_base` is {base!r} and neither 0 nor 1")
    return Reference(
        str(content.get("id") or path.stem), chart, parts["params"], parts["data"], parts["expected"],
        tolerance=tolerance, tolerances=tolerances, index_base=base,
    )  # fmt: skip


def _columns(rows: list[Any]) -> Any:
    """Data told as one list: of numbers, or of objects with the same keys, a row each."""
    if all(isinstance(row, dict) for row in rows):
        names = list(dict.fromkeys(name for row in rows for name in row))
        if all(name in row for row in rows for name in names):
            return {name: [row[name] for row in rows] for name in names}
    return {"x": rows} if all(is_number(row) for row in rows) else rows


def plain(key: str) -> str:
    """A key without the accidents of its spelling: lower case, words joined by underscores."""
    return "_".join("".join(sign if sign.isalnum() else " " for sign in key.lower()).split())


def is_number(value: object) -> bool:
    """A finite number, and neither yes nor no."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def whole_number(value: float) -> int:
    """A count that a file gives; what is no whole number is not cut to one.

    Raises:
        UnreadableReference: it is none.
    """
    if value != math.floor(value):
        raise UnreadableReference(f"has {value:g} where a whole number is needed")
    return int(value)


def _is_numbers(value: object) -> bool:
    return isinstance(value, list) and len(value) > 0 and all(is_number(entry) for entry in value)


def _is_marks(value: object) -> bool:
    return isinstance(value, list) and len(value) > 0 and all(isinstance(entry, bool) for entry in value)


def _tolerance(value: object) -> tuple[float, Mapping[str, float] | None]:
    if isinstance(value, dict) and value and all(is_number(entry) and entry >= 0 for entry in value.values()):
        return float(value.get("default", min(value.values()))), value
    if not is_number(value) or value < 0:  # type: ignore[operator]
        raise UnreadableReference(f"its `tolerance_abs` is {value!r} and no number of at least 0")
    return float(value), None  # type: ignore[arg-type]
