"""Two stages: ``calibrate`` on a baseline freezes the parameters, ``monitor`` judges later points against them.

Points may be excluded from the baseline for a recorded reason (Montgomery, chapter 5: an assignable cause was found).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

import numpy as np

from analytics.charts.chart import Chart, Design, Lines, Parameters, assembled, draw, estimated
from analytics.charts.rules import ONLY_LIMITS, Rules
from analytics.charts.series import Floats, Label, Series, follows
from analytics.sigma import WrongInput

NONE: Mapping[int, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A point that was left out of the baseline, and why."""

    index: int
    label: Label
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Frozen parameters and where they come from.

    Attributes:
        chart: the baseline against its own limits; excluded points are drawn, ``in_baseline`` is false for them.
        last: index of the last point of the baseline.
    """

    design: Design
    parameters: Parameters
    excluded: tuple[Exclusion, ...]
    first: int
    last: int
    first_label: Label
    last_label: Label
    chart: Chart

    @property
    def unexplained(self) -> tuple[int, ...]:
        """Points of the baseline that signal though nobody excluded them: the process was not stable there."""
        left_out = {exclusion.index for exclusion in self.excluded}
        return tuple(index for index in self.chart.signalling if index not in left_out)

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.design.kind,
            "options": self.design.to_json(),
            "parameters": self.parameters.to_json(),
            "first": self.first,
            "last": self.last,
            "first_label": shown(self.first_label),
            "last_label": shown(self.last_label),
            "excluded": [
                {"index": one.index, "label": shown(one.label), "reason": one.reason} for one in self.excluded
            ],
            "unexplained": list(self.unexplained),
        }


def calibrate(
    design: Design, series: Series, *, exclude: Mapping[int, str] = NONE, rules: Rules = ONLY_LIMITS
) -> Calibration:
    """Estimate the parameters of a baseline and freeze them.

    Args:
        exclude: index of each point to leave out, with the reason. Those left follow each other, also for moving
            ranges.
        rules: for the chart of the baseline itself.

    Raises:
        WrongInput: as ``draw``; there is no such point, or a reason is empty.
    """
    chosen = np.ones(len(series), dtype=np.bool_)
    excluded = []
    for index, reason in sorted(exclude.items()):
        position = index - series.first
        if not 0 <= position < len(series):
            raise WrongInput(f"point {index} cannot be excluded: the baseline has no such point")
        if not reason.strip():
            raise WrongInput(f"point {index} cannot be excluded without a reason")
        chosen[position] = False
        excluded.append(Exclusion(index, label_of(series, index), reason.strip()))
    chart = draw(design, series, baseline=chosen, rules=rules)
    last = series.first + len(series) - 1
    return Calibration(
        design=design,
        parameters=chart.parameters[0],
        excluded=tuple(excluded),
        first=series.first,
        last=last,
        first_label=label_of(series, series.first),
        last_label=label_of(series, last),
        chart=chart,
    )


def monitor(calibration: Calibration, series: Series, rules: Rules = ONLY_LIMITS) -> Chart:
    """Judge later points by the frozen parameters; their own values change nothing of the limits.

    Args:
        series: points after the baseline; give ``first`` if they shall be numbered on.

    Raises:
        WrongInput: as ``draw``, or the points are dated before the end of the baseline.
    """
    if len(series) and series.labels is not None:
        begin, end = series.labels[0], calibration.last_label
        if isinstance(begin, date) and isinstance(end, date) and not follows(end, begin):
            raise WrongInput(f"row 1: {begin} lies before the end of the baseline, {end}")
    return draw(calibration.design, series, parameters=calibration.parameters, rules=rules)


def rolling(design: Design, series: Series, window: int, *, every: int = 1, rules: Rules = ONLY_LIMITS) -> Chart:
    """Judge each point by the ``window`` points before it; the first ``window`` points are judged by themselves.

    A rolling baseline follows slow change and soon takes a shift for normal: it shows what is new, not what is wrong.

    Args:
        window: points of the baseline.
        every: the parameters are estimated anew for so many points at a time; each such block is a phase.

    Raises:
        WrongInput: as ``draw``; the window is too small or larger than the series; or the kind of chart carries its
            past on (EWMA, CUSUM) or compares neighbours (MR).
    """
    if design.remembers or design.kind == "MR":
        raise WrongInput(f"a chart of kind {design.kind} cannot have a rolling baseline")
    if every < 1:
        raise WrongInput(f"the parameters can be estimated every 1 or more points, not {every}")
    if not design.minimum <= window <= len(series):
        raise WrongInput(f"the window must have {design.minimum} to {len(series)} points, not {window}")
    design.check(series)
    starts = [0, *range(window, len(series), every)]
    ends = [*starts[1:], len(series)]
    parameters = tuple(estimated(design, series.part(slice(max(at - window, 0), max(at, window)))) for at in starts)
    pieces = [
        design.lines(series.part(slice(start, end)), known)
        for start, end, known in zip(starts, ends, parameters, strict=True)
    ]
    own = np.arange(len(series)) < window
    phase = np.repeat(np.arange(len(starts)) + 1, np.subtract(ends, starts))
    return assembled(design, series, _in_a_row(pieces), parameters, own, rules, phase)


def _in_a_row(pieces: list[Lines]) -> Lines:
    def joined(name: str) -> Floats:
        return np.concatenate([getattr(piece, name) for piece in pieces])

    return Lines(
        plotted=joined("plotted"),
        centre=joined("centre"),
        lower=joined("lower"),
        upper=joined("upper"),
        sigma=joined("sigma"),
        scores=joined("scores"),
        sides=None if pieces[0].sides is None else joined("sides"),
    )


def label_of(series: Series, index: int) -> Label:
    """The label of a point; its index where there are no labels."""
    return index if series.labels is None else series.labels[index - series.first]


def shown(label: Label) -> str | int:
    return label.isoformat() if isinstance(label, date) else label
