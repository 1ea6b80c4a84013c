"""One thing that a kind of control sees."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Item:
    """One thing seen.

    Attributes:
        key: what it is, for words.
        number: how many, or how much more than usual.
        attention: somebody should look at it now.
        figures: ready for JSON.
        unknown: why it cannot be told; None where it can.
    """

    key: str
    number: int
    attention: bool = False
    figures: Mapping[str, Any] = field(default_factory=dict)
    unknown: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "number": self.number,
            "attention": self.attention,
            "figures": dict(self.figures),
            "unknown": self.unknown,
        }
