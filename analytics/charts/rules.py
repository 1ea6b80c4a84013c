"""The rules by which points on a control chart tell that the process has changed.

Nelson's eight (Nelson 1984) and the four of the Western Electric handbook (1956). Packages differ in details: each is
an option here, and the findings carry the options. Every rule that a point breaks is found, not only the first.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, Literal, Protocol, cast, get_args

import numpy as np
from numpy.typing import ArrayLike

from analytics.charts.series import Booleans, Floats, numbers, same_length, sealed
from analytics.sigma import WrongInput

Rule = Literal[
    "nelson_1", "nelson_2", "nelson_3", "nelson_4", "nelson_5", "nelson_6", "nelson_7", "nelson_8",
    "western_electric_1", "western_electric_2", "western_electric_3", "western_electric_4",
]  # fmt: skip
ALL: tuple[Rule, ...] = get_args(Rule)
NELSON, WESTERN_ELECTRIC = ALL[:8], ALL[8:]
LIMITS: tuple[Rule, ...] = ("nelson_1",)

# What rounding leaves over is no distance: in standard deviations.
ROUNDING = 1e-9

# Points that are looked at together: few enough for the processor's cache.
BLOCK = 1 << 16


@dataclass(frozen=True, slots=True)
class Rules:
    """Which rules are looked at, and how they are read.

    Args:
        which: ``NELSON``, ``WESTERN_ELECTRIC``, ``LIMITS`` (only the limits) or any rules of these.
        run_length: points in a row on one side of the centre; None: 9 for Nelson 2, 8 for Western Electric 4.
        trend: length of a steady rise or fall (Nelson 3).
        alternation: length of a zigzag (Nelson 4).
        lengths_in: ``points`` (Nelson, qcc) or ``steps`` between them, which are one fewer (Minitab); of trend and
            alternation.
        on_centre: a point on the centre line ``break``s a run, or is ``skip``ped.
        hugging: points in a row within one standard deviation (Nelson 7).
        mixture: points in a row beyond one standard deviation (Nelson 8).
        mixture_sides: Nelson 8 asks for points at ``both`` sides (Nelson, qcc), or at ``either`` (JASP, Minitab).
        full_windows: 2 of 3 and 4 of 5 are looked for only from the third and fifth point on (qcc); else two points
            beyond two standard deviations signal even where a chart begins with them.

    Raises:
        WrongInput: an unknown rule or word, or a length that makes no pattern.
    """

    which: tuple[Rule, ...] = LIMITS
    run_length: int | None = None
    trend: int = 6
    alternation: int = 14
    lengths_in: Literal["points", "steps"] = "points"
    on_centre: Literal["break", "skip"] = "break"
    hugging: int = 15
    mixture: int = 8
    mixture_sides: Literal["both", "either"] = "both"
    full_windows: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "which", tuple(self.which))
        unknown = [rule for rule in self.which if rule not in ALL]
        if unknown or len(set(self.which)) < len(self.which):
            raise WrongInput(f"rules must be different ones of {', '.join(ALL)}, not {', '.join(map(str, self.which))}")
        for name, words in (
            ("lengths_in", ("points", "steps")), ("on_centre", ("break", "skip")), ("mixture_sides", ("both", "either"))
        ):  # fmt: skip
            if getattr(self, name) not in words:
                raise WrongInput(f"{name} must be {' or '.join(words)}, not {getattr(self, name)!r}")
        for name in ("run_length", "trend", "alternation", "hugging", "mixture"):
            length = getattr(self, name)
            if length is not None and (isinstance(length, bool) or not isinstance(length, int) or length < 3):
                raise WrongInput(f"{name} must be a whole number of at least 3, not {length!r}")

    @property
    def reach(self) -> int:
        """More points than any pattern spans."""
        return 1 + max(self.run_length or 9, self.trend + 1, self.alternation + 1, self.hugging, self.mixture, 9)

    def to_json(self) -> dict[str, Any]:
        shown = {field.name: getattr(self, field.name) for field in fields(self)}
        return {**shown, "which": list(self.which)}


ONLY_LIMITS = Rules()


@dataclass(frozen=True, eq=False)
class Findings:
    """Which points break which rules.

    Attributes:
        completing: shape (rules, points), in the order of ``rules.which``: the point completes the pattern.
    """

    rules: Rules
    completing: Booleans
    _source: "_Source" = field(repr=False)

    @cached_property
    def members(self) -> Booleans:
        """The same shape: the point belongs to a pattern that is complete. Looked for when first asked for."""
        return self._source.find(members=True)

    def points(self, rule: Rule, all_points: bool = False) -> tuple[int, ...]:
        """Positions, from 1, of the points that complete the pattern of a rule, or of all that belong to it.

        Raises:
            WrongInput: the rule was not looked at.
        """
        if rule not in self.rules.which:
            raise WrongInput(f"the rule {rule!r} was not looked at")
        row = (self.members if all_points else self.completing)[self.rules.which.index(rule)]
        return tuple((np.flatnonzero(row) + 1).tolist())

    def of_point(self, position: int) -> tuple[Rule, ...]:
        """All rules whose pattern the point completes; positions count from 1."""
        column = self.completing[:, position - 1]
        return tuple(rule for rule, broken in zip(self.rules.which, column, strict=True) if broken)


def evaluate(
    scores: ArrayLike,
    rules: Rules,
    *,
    beyond: ArrayLike | None = None,
    sides: ArrayLike | None = None,
    plotted: ArrayLike | None = None,
) -> Findings:
    """Look at standardised points; limits that vary from point to point are so dealt with.

    Args:
        scores: distance from the centre in standard deviations, shape (points,).
        beyond: the point lies beyond its limits; None: more than 3 standard deviations off.
        sides: below 0, 0 or above 0: where the point lies to the centre; None: the sign of its score.
        plotted: what rises and falls on the chart (Nelson 3 and 4); None: the scores.

    Raises:
        WrongInput: shapes differ, or a score is no finite number.
    """
    # Kept as they are now: all points of a pattern are looked for later, if ever.
    distances = numbers(scores, "the score")
    outside = None if beyond is None else np.asarray(beyond, dtype=np.bool_)
    side = distances if sides is None else numbers(sides, "the side")
    moving = distances if plotted is None else numbers(plotted, "the plotted value")
    for others in (outside, side, moving):
        if others is not None:
            same_length(len(distances), len(others), "scores", "values beside them")
    looked_at = _LookedAt(distances, outside, side, moving, rules)
    return Findings(rules, looked_at.find(members=False), looked_at)


def joined(findings: Sequence[Findings]) -> Findings:
    """The findings of stretches that were looked at one by one, in a row."""
    row = _Row(tuple(findings))
    return Findings(findings[0].rules, row.find(members=False), row)


class _Source(Protocol):
    """Where findings come from."""

    def find(self, members: bool) -> Booleans:
        """What completes a pattern, or belongs to one; shape (rules, points)."""


@dataclass(frozen=True, eq=False)
class _Row:
    """Findings one after the other."""

    parts: tuple[Findings, ...]

    def find(self, members: bool) -> Booleans:
        return sealed(np.concatenate([one.members if members else one.completing for one in self.parts], axis=1))


@dataclass(frozen=True, eq=False)
class _LookedAt:
    """Standardised points, in which patterns are looked for a part at a time."""

    scores: Floats
    beyond: Booleans | None
    sides: Floats
    plotted: Floats
    rules: Rules

    def find(self, members: bool) -> Booleans:
        count = len(self.scores)
        found = np.empty((len(self.rules.which), count), dtype=np.bool_)
        # Points on the centre that are skipped let a run reach back without end: it is looked for in one piece.
        endless = {"nelson_2", "western_electric_4"} if self.rules.on_centre == "skip" else set()
        if endless & set(self.rules.which):
            self._find(found, 0, count, lambda rule: rule in endless, 0, members)
        for begin in range(0, count, BLOCK):
            end = min(begin + BLOCK, count)
            self._find(found, begin, end, lambda rule: rule not in endless, self.rules.reach, members)
        return sealed(found)

    def _find(
        self, found: Booleans, begin: int, end: int, wanted: Callable[[Rule], bool], reach: int, members: bool
    ) -> None:
        """Look between two positions; patterns reach over both."""
        first, last = max(begin - reach, 0), min(end + reach, len(self.scores))
        part = slice(first, last)
        pattern = _Patterns(
            self.scores[part],
            None if self.beyond is None else self.beyond[part],
            self.sides[part],
            self.plotted[part],
            self.rules,
        )
        for row, rule in enumerate(self.rules.which):
            if wanted(rule):
                completing, belonging = pattern.find(rule)
                found[row, begin:end] = (belonging() if members else completing)[begin - first : end - first]


# The points that complete a pattern, and, found only when called, all that belong to one.
Found = tuple[Booleans, Callable[[], Booleans]]


class _Patterns:
    """Looks for each rule by whole-array steps: a million points take a fraction of a tenth of a second."""

    def __init__(self, scores: Floats, beyond: Booleans | None, sides: Floats, plotted: Floats, rules: Rules) -> None:
        self._scores, self._beyond, self._plotted, self._rules = scores, beyond, plotted, rules
        self._above, self._below = sides > ROUNDING, sides < -ROUNDING
        self._points = len(scores)
        self._zones: dict[float, Booleans] = {}

    def find(self, rule: Rule) -> Found:
        """Look for the pattern of a rule."""
        named: dict[Rule, Callable[[], Found]] = {
            "nelson_1": self._outside,
            "nelson_2": lambda: self._one_side(9),
            "nelson_3": self._trend,
            "nelson_4": self._alternating,
            "nelson_5": lambda: self._most_of_window(2, 3, 2.0),
            "nelson_6": lambda: self._most_of_window(4, 5, 1.0),
            "nelson_7": self._hugging,
            "nelson_8": self._mixture,
            "western_electric_1": self._outside,
            "western_electric_2": lambda: self._most_of_window(2, 3, 2.0),
            "western_electric_3": lambda: self._most_of_window(4, 5, 1.0),
            "western_electric_4": lambda: self._one_side(8),
        }
        return named[rule]()

    def _farther_than(self, distance: float) -> Booleans:
        """Above ``distance`` standard deviations; for a negative one, below it."""
        if distance not in self._zones:
            self._zones[distance] = (
                self._scores > distance + ROUNDING if distance > 0 else self._scores < distance - ROUNDING
            )
        return self._zones[distance]

    def _outside(self) -> Found:
        beyond = self._farther_than(3.0) | self._farther_than(-3.0) if self._beyond is None else self._beyond
        return beyond, lambda: beyond

    def _one_side(self, standard: int) -> Found:
        length = self._rules.run_length or standard
        above, below = self._above, self._below
        if self._rules.on_centre == "break":
            return _either(_run(above, length), _run(below, length))
        off_centre = np.flatnonzero(above | below)
        completing, members = _either(_run(above[off_centre], length), _run(below[off_centre], length))

        def placed(found: Booleans) -> Booleans:
            row = np.zeros_like(above)
            row[off_centre] = found
            return row

        return placed(completing), lambda: placed(members())

    def _trend(self) -> Found:
        steps = self._rules.trend - (self._rules.lengths_in == "points")
        earlier, later = self._plotted[:-1], self._plotted[1:]
        return _either(_steps(later > earlier, steps, self._points), _steps(later < earlier, steps, self._points))

    def _alternating(self) -> Found:
        turns = self._rules.alternation - (self._rules.lengths_in == "points") - 1
        earlier, later = self._plotted[:-1], self._plotted[1:]
        up, down = later > earlier, later < earlier
        return _steps((up[1:] & down[:-1]) | (down[1:] & up[:-1]), turns, self._points)

    def _most_of_window(self, needed: int, window: int, distance: float) -> Found:
        return _either(
            *(self._one_sided_window(self._farther_than(side), needed, window) for side in (distance, -distance))
        )

    def _one_sided_window(self, far: Booleans, needed: int, window: int) -> Found:
        count = far.astype(np.uint8)
        for back in range(1, window):
            count[back:] += far[:-back]
        completing = far & (count >= needed)
        if self._rules.full_windows:
            completing[: window - 1] = False
        return completing, lambda: far & _spread_back(completing, window)

    def _hugging(self) -> Found:
        return _run(~(self._farther_than(1.0) | self._farther_than(-1.0)), self._rules.hugging)

    def _mixture(self) -> Found:
        high, low, length = self._farther_than(1.0), self._farther_than(-1.0), self._rules.mixture
        completing = _completed(high | low, length)
        if self._rules.mixture_sides == "both":
            completing &= ~(_completed(high, length) | _completed(low, length))
        return completing, lambda: _spread_back(completing, length)


def _completed(holds: Booleans, length: int) -> Booleans:
    """Where ``holds`` is true for the last ``length`` points; doubling the reach each time."""
    row = holds.copy()
    reach = 1
    while reach < length:
        step = min(reach, length - reach)
        row[step:] = row[step:] & row[:-step]
        row[:step] = False
        reach += step
    return row


def _spread_back(completing: Booleans, length: int) -> Booleans:
    """Points that are among the last ``length`` of any completing point."""
    row = completing.copy()
    reach = 1
    while reach < length and row.any():
        step = min(reach, length - reach)
        row[:-step] = row[:-step] | row[step:]
        reach += step
    return row


def _run(holds: Booleans, length: int) -> Found:
    completing = _completed(holds, length)
    return completing, lambda: _spread_back(completing, length)


def _steps(holds: Booleans, length: int, points: int) -> Found:
    """Runs of something between neighbouring points, told of the points themselves."""
    completing = np.zeros(points, dtype=np.bool_)
    if len(holds):
        before = points - len(holds)
        completing[before:] = _completed(holds, length)
        return completing, lambda: _spread_back(completing, length + before)
    return completing, lambda: completing


def _either(first: Found, second: Found) -> Found:
    return first[0] | second[0], lambda: first[1]() | second[1]()


def rules_named(names: Sequence[str]) -> tuple[Rule, ...]:
    """Rules by name: single ones, ``nelson``, ``western_electric`` or ``limits``.

    Raises:
        WrongInput: a name is unknown.
    """
    sets = {"nelson": NELSON, "western_electric": WESTERN_ELECTRIC, "limits": LIMITS}
    chosen: list[Rule] = []
    for name in names:
        if name not in sets and name not in ALL:
            raise WrongInput(f"there is no rule {name!r}; there are {', '.join((*sets, *ALL))}")
        chosen += [rule for rule in sets.get(name, (cast(Rule, name),)) if rule not in chosen]
    return tuple(chosen)
