"""A control chart: the one form in which every kind is handed on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analytics.charts.limits import RELATIVE_ROUNDING
from analytics.charts.rules import BLOCK, ONLY_LIMITS, ROUNDING, Findings, Rule, Rules, evaluate, joined
from analytics.charts.series import Booleans, Floats, Label, Series, frozen, same_length, sealed
from analytics.sigma import WrongInput


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a baseline tells about the process.

    Attributes:
        location: the mean, in the unit of the design (share, count, rate; the transformed one for t).
        spread: what makes the standard deviation, as the design says: 1 where the mean gives it, sigma_z for Laney's
            charts, the standard deviation for measurements.
        centre: where the centre line is drawn, if not at the location (the median of a g chart).
        points: how many points they were estimated from; 0 where they were given.
    """

    location: float
    spread: float = 1.0
    centre: float | None = None
    points: int = 0

    def __post_init__(self) -> None:
        if not np.isfinite(self.location) or not np.isfinite(self.spread) or self.spread < 0:
            raise WrongInput(f"no chart can be drawn with location {self.location} and spread {self.spread}")

    def to_json(self) -> dict[str, Any]:
        return {"location": self.location, "spread": self.spread, "centre": self.centre, "points": self.points}


@dataclass(frozen=True, slots=True)
class Point:
    """One point of a chart; ``lower``, ``upper`` or ``sigma`` is None where there is none."""

    index: int
    label: Label
    value: float
    size: float | None
    centre: float
    lower: float | None
    upper: float | None
    sigma: float | None
    broken: tuple[Rule, ...]
    in_baseline: bool
    phase: int

    def to_json(self) -> dict[str, Any]:
        shown = {name: getattr(self, name) for name in self.__slots__}
        label = self.label.isoformat() if isinstance(self.label, date) else self.label
        return {**shown, "label": label, "broken": list(self.broken)}


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """What a design makes of a series; arrays of the shape (points plotted,).

    Attributes:
        scores: distance from the mean in standard deviations.
        sides: where a point lies to the centre line, where that is not the mean; None: as its score says.
        skipped: how many points at the beginning of the series are not plotted (the first has no moving range).
    """

    plotted: Floats
    centre: Floats
    lower: Floats
    upper: Floats
    sigma: Floats
    scores: Floats
    sides: Floats | None = None
    skipped: int = 0


class Design(Protocol):
    """A kind of chart with its options; it holds no data.

    Attributes:
        kind: as the field names it: p, np, c, u, p', u', g, t, I, MR, EWMA, CUSUM upper, CUSUM lower.
        minimum: how many points an estimate needs.
        remembers: a point carries those before it on, so that rules about runs say nothing here.
    """

    @property
    def kind(self) -> str: ...

    @property
    def minimum(self) -> int: ...

    @property
    def remembers(self) -> bool: ...

    def check(self, series: Series) -> None:
        """Raise ``WrongInput`` for data that cannot be of this kind."""

    def estimate(self, series: Series) -> Parameters:
        """The parameters of a baseline that has been checked."""

    def lines(self, series: Series, parameters: Parameters) -> Lines:
        """Points and limits of data that have been checked."""

    def to_json(self) -> dict[str, Any]:
        """The options, as used."""


@dataclass(frozen=True, slots=True, eq=False)
class Chart:
    """What a chart shows; arrays have the shape (points,) and cannot be written.

    Attributes:
        kind: see ``Design``.
        first: index of the first point.
        values: as plotted.
        centre, lower, upper, sigma: for each point; NaN where there is no limit.
        parameters: one set for each phase.
        design: the kind and its options, as used.
        findings: which points break which rules.
        in_baseline: the point helped to estimate the parameters.
        phase: number of the phase a point belongs to, from 1.
    """

    kind: str
    values: Floats
    sizes: Floats | None
    labels: tuple[Label, ...] | None
    first: int
    centre: Floats
    lower: Floats
    upper: Floats
    sigma: Floats
    parameters: tuple[Parameters, ...]
    design: Design
    findings: Findings
    in_baseline: Booleans
    phase: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.values)

    @property
    def options(self) -> dict[str, Any]:
        """The convention, as used."""
        return self.design.to_json()

    @property
    def beyond_limits(self) -> tuple[int, ...]:
        """Indices of the points strictly beyond a limit; a point on the limit is within."""
        return tuple((np.flatnonzero(_beyond(self.values, self.lower, self.upper, self.sigma)) + self.first).tolist())

    def signals(self, rule: Rule, all_points: bool = False) -> tuple[int, ...]:
        """Indices of the points that complete the pattern of a rule, or of all points of it.

        Raises:
            WrongInput: the chart was drawn without this rule.
        """
        return tuple(position + self.first - 1 for position in self.findings.points(rule, all_points))

    @property
    def signalling(self) -> tuple[int, ...]:
        """Indices of the points that complete any pattern."""
        return tuple((np.flatnonzero(self.findings.completing.any(axis=0)) + self.first).tolist())

    def point(self, index: int) -> Point:
        """One point.

        Raises:
            WrongInput: there is none of this index.
        """
        at = index - self.first
        if not 0 <= at < len(self):
            raise WrongInput(f"there is no point {index}: they are {self.first} to {self.first + len(self) - 1}")
        return Point(
            index=index,
            label=index if self.labels is None else self.labels[at],
            value=float(self.values[at]),
            size=None if self.sizes is None else float(self.sizes[at]),
            centre=float(self.centre[at]),
            lower=_limit(self.lower[at]),
            upper=_limit(self.upper[at]),
            sigma=_limit(self.sigma[at]),
            broken=self.findings.of_point(at + 1),
            in_baseline=bool(self.in_baseline[at]),
            phase=int(self.phase[at]),
        )

    @property
    def points(self) -> Iterator[Point]:
        """The points in the order of time, made as they are asked for."""
        return (self.point(self.first + at) for at in range(len(self)))

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.kind,
            "options": self.options,
            "parameters": [parameters.to_json() for parameters in self.parameters],
            "rules": self.findings.rules.to_json(),
            "signals": {
                rule: {"completing": list(self.signals(rule)), "points": list(self.signals(rule, all_points=True))}
                for rule in self.findings.rules.which
            },
            "points": [point.to_json() for point in self.points],
        }


@dataclass(frozen=True, slots=True, eq=False)
class ChartPair:
    """Two charts that are read together: I and MR, or the upper and the lower sum of a CUSUM."""

    kind: str
    main: Chart
    companion: Chart

    @property
    def signalling(self) -> tuple[int, ...]:
        """Indices of the points that signal on either chart."""
        return tuple(sorted({*self.main.signalling, *self.companion.signalling}))

    def to_json(self) -> dict[str, Any]:
        return {"kind": self.kind, "main": self.main.to_json(), "companion": self.companion.to_json()}


def draw(
    design: Design,
    series: Series,
    *,
    baseline: ArrayLike | None = None,
    parameters: Parameters | None = None,
    rules: Rules = ONLY_LIMITS,
) -> Chart:
    """Draw all points.

    Args:
        baseline: boolean, shape (points,): only these points give the parameters; None: all do.
        parameters: known ones; then nothing is estimated, and ``baseline`` must not be given.

    Raises:
        WrongInput: the data are no data of this kind (the row is named), too few, or a rule says nothing here.
    """
    if design.remembers and not set(rules.which) <= {"nelson_1", "western_electric_1"}:
        raise WrongInput(
            f"points of a chart of kind {design.kind} carry earlier ones on: only its limits say something"
        )
    design.check(series)
    chosen = np.ones(len(series), dtype=np.bool_) if baseline is None else np.asarray(baseline)
    if chosen.dtype != np.bool_:
        raise WrongInput("the baseline must say true or false of each point")
    same_length(len(series), len(chosen), "points", "marks of the baseline")
    if parameters is None:
        parameters = estimated(design, series if baseline is None else series.part(chosen))
    elif baseline is not None:
        raise WrongInput("the parameters are known: no baseline may be given")
    else:
        chosen = np.zeros(len(series), dtype=np.bool_)
    lines = design.lines(series, parameters)
    return assembled(design, series, lines, (parameters,), chosen, rules)


def estimated(design: Design, series: Series) -> Parameters:
    """The parameters that checked data give.

    Raises:
        WrongInput: there are too few points.
    """
    if len(series) < design.minimum:
        raise WrongInput(
            f"a chart of kind {design.kind} needs {design.minimum} points to estimate from, there are {len(series)}"
        )
    return replace(design.estimate(series), points=len(series))


def assembled(
    design: Design,
    series: Series,
    lines: Lines,
    parameters: tuple[Parameters, ...],
    in_baseline: Booleans,
    rules: Rules,
    phase: NDArray[np.int64] | None = None,
) -> Chart:
    """A chart of lines that a design has made, its rules looked at; without ``phase`` it has a single one."""
    skipped = lines.skipped
    for line in (lines.plotted, lines.centre, lines.lower, lines.upper, lines.sigma, lines.scores):
        sealed(line)
    beyond = _beyond(lines.plotted, lines.lower, lines.upper, lines.sigma)
    return Chart(
        kind=design.kind,
        values=lines.plotted,
        sizes=None if series.sizes is None else series.sizes[skipped:],
        labels=None if series.labels is None else series.labels[skipped:],
        first=series.first + skipped,
        centre=lines.centre,
        lower=lines.lower,
        upper=lines.upper,
        sigma=lines.sigma,
        parameters=parameters,
        design=design,
        findings=evaluate(lines.scores, rules, beyond=beyond, sides=lines.sides, plotted=lines.plotted),
        in_baseline=frozen(in_baseline[skipped:]),
        phase=sealed(np.broadcast_to(np.int64(1), lines.plotted.shape) if phase is None else phase),
    )


def in_a_row(charts: Sequence[Chart]) -> Chart:
    """Charts of one design that follow each other, as the phases of one."""
    whole = charts[0]

    def joined_of(name: str) -> Any:
        return sealed(np.concatenate([getattr(chart, name) for chart in charts]))

    return replace(
        whole,
        values=joined_of("values"),
        sizes=None if whole.sizes is None else joined_of("sizes"),
        labels=None if whole.labels is None else tuple(label for chart in charts for label in chart.labels or ()),
        centre=joined_of("centre"),
        lower=joined_of("lower"),
        upper=joined_of("upper"),
        sigma=joined_of("sigma"),
        parameters=tuple(parameters for chart in charts for parameters in chart.parameters),
        findings=joined([chart.findings for chart in charts]),
        in_baseline=joined_of("in_baseline"),
        phase=sealed(np.repeat(np.arange(len(charts)) + 1, [len(chart) for chart in charts])),
    )


def _beyond(values: Floats, lower: Floats, upper: Floats, sigma: Floats) -> Booleans:
    outside = np.empty(len(values), dtype=np.bool_)
    # A part at a time, since new memory for all of it takes longer than the reckoning.
    for begin in range(0, len(values), BLOCK):
        part = slice(begin, begin + BLOCK)
        slack = np.nan_to_num(ROUNDING * sigma[part])
        if not slack.all():
            # Without a standard deviation the size of the values themselves tells what is rounding.
            slack = np.maximum(slack, RELATIVE_ROUNDING * np.abs(values[part]))
        # A missing limit is NaN, and nothing lies beyond it.
        outside[part] = (values[part] > upper[part] + slack) | (values[part] < lower[part] - slack)
    return outside


def _limit(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
