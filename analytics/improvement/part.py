"""The part of a process that an improvement, a signal or a decision about a chart is about."""

import hashlib
from dataclasses import asdict, dataclass
from typing import Any

from analytics.series import Slice

_DIMENSIONS = ("step", "category", "department", "channel")
# Longest text that still leaves room for what stands before or after it in the columns that hold keys.
_LONGEST = 160


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a process; an empty text is everything, as in the tables."""

    process: str
    step: str = ""
    category: str = ""
    department: str = ""
    channel: str = ""

    def slice(self) -> Slice:
        """The part as the daily counts are asked for it."""
        return Slice(self.process, *(getattr(self, name) or None for name in _DIMENSIONS))

    @property
    def key(self) -> str:
        """The same text for the same part, at most 160 characters."""
        told = [f"{name}={value}" for name in _DIMENSIONS if (value := getattr(self, name))]
        return shortened(";".join([self.process, *told]))

    def cause(self, kind: str = "defects") -> str:
        """What work is opened about, the same each time it comes back.

        Args:
            kind: what is measured: defects, rating, resolution, first_response, acknowledgement. A broken rule, a
                recurrence and a sigma that is too low speak of the same defects: one cause, whatever gave the alarm.
        """
        return f"{kind}:{self.key}"

    @classmethod
    def of(cls, row: Any) -> "Part":
        """The part that a row of ``improvements`` or ``process_signals`` names."""
        return cls(row.process, row.step, row.category, row.department, row.channel)

    def to_json(self) -> dict[str, str]:
        return asdict(self)


def shortened(text: str, longest: int = _LONGEST) -> str:
    """The text, or its beginning with a digest of all of it where it is too long for a column."""
    if len(text) <= longest:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return f"{text[: longest - 17]}~{digest}"
