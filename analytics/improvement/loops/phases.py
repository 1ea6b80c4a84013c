"""The phases of both kinds of improvement, in order, and which sections are written in each."""

from typing import Literal

Kind = Literal["pdca", "dmaic"]
KINDS: tuple[Kind, ...] = ("pdca", "dmaic")
CLOSED = "closed"

# What is named first is written first.
SECTIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "pdca": {
        "plan": ("problem", "baseline", "causes", "main_cause", "test"),
        "do": (),
        "check": ("deviations",),
        "act": ("standard", "rest"),
    },
    "dmaic": {
        "define": ("sponsor", "define"),
        "measure": ("measure", "baseline"),
        "analyse": ("analyse",),
        "improve": ("improve", "test", "deviations"),
        "control": ("control", "standard", "rest"),
    },
}

# Measures are planned, and done, in these.
PLANNING = frozenset({"plan", "improve"})
DOING = frozenset({"do", "improve"})
# Here the named test is run; what did not work is carried on from here.
PROVING = frozenset({"check", "improve"})
LAST = frozenset({"act", "control"})


def phases_of(kind: str) -> tuple[str, ...]:
    """The phases of a kind in order, ``closed`` at the end."""
    return (*SECTIONS[kind], CLOSED)


def next_phase(kind: str, phase: str) -> str:
    phases = phases_of(kind)
    return phases[phases.index(phase) + 1]


def phase_before(kind: str, phase: str) -> str | None:
    """The phase that one can step back to; None from the first one."""
    place = phases_of(kind).index(phase)
    return phases_of(kind)[place - 1] if place else None


def phase_of(kind: str, section: str) -> str | None:
    """The phase in which a section is written; None where the kind has no such section."""
    return next((phase for phase, names in SECTIONS[kind].items() if section in names), None)
