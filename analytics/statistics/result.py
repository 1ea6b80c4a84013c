"""What every result of these functions has in common."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

import numpy as np


class Result:
    """An immutable result: a frozen dataclass that carries its parameters and its convention."""

    __slots__ = ()

    def to_json(self) -> dict[str, Any]:
        """All fields as plain JSON values; what is infinite or not defined is null."""
        return {field.name: _plain(getattr(self, field.name)) for field in fields(self)}  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Interval(Result):
    """An interval for something estimated.

    Attributes:
        low, high: its ends; infinite where there is no bound on that side.
        confidence: how sure, between 0 and 1.
        method: how it was computed, with its source.
    """

    low: float
    high: float
    confidence: float
    method: str

    def excludes(self, value: float) -> bool:
        return value < self.low or value > self.high


def _plain(value: Any) -> Any:
    if isinstance(value, Result):
        return value.to_json()
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, (tuple, list, np.ndarray)):
        return [_plain(entry) for entry in value]
    return value
