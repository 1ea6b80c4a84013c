"""What a gate found: each thing it looked at, whether it is met, and the figures."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a gate looked at.

    Attributes:
        code: for words, such as ``baseline_long_enough``.
        met: None where it is told for the reader's sake and asks for nothing.
        figures: ready for JSON: what there is and what it takes.
    """

    code: str
    met: bool | None
    figures: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {"code": self.code, "met": self.met, "figures": dict(self.figures)}


@dataclass(frozen=True, slots=True)
class GateReport:
    """Whether a phase may be left.

    Attributes:
        freezes: figures that passing (or, for the result of a test, looking) fixes for good, by name.
    """

    phase: str
    to_phase: str
    findings: tuple[Finding, ...]
    freezes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def passes(self) -> bool:
        return all(finding.met is not False for finding in self.findings)

    @property
    def missing(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.met is False)

    def to_json(self) -> dict[str, Any]:
        return {
            "phase": self.phase,
            "to_phase": self.to_phase,
            "passes": self.passes,
            "findings": [finding.to_json() for finding in self.findings],
        }
