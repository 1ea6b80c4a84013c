"""From a series to the control chart that fits it, with what a reader should know of the choice."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from itertools import pairwise
from typing import Any, Literal

import numpy as np

from analytics.charts.attributes import Attributes, standardised_counts
from analytics.charts.chart import Chart, ChartPair, Design, Point, draw, estimated, in_a_row
from analytics.charts.cusum import CusumSide
from analytics.charts.ewma import Ewma
from analytics.charts.individuals import Individuals, individuals_and_ranges
from analytics.charts.laney import Laney
from analytics.charts.limits import Limits
from analytics.charts.overdispersion import Dispersion, dispersion
from analytics.charts.phases import phased
from analytics.charts.rare_events import Gaps, TimesBetween
from analytics.charts.rule_run_length import rules_run_length
from analytics.charts.rules import Rules
from analytics.charts.series import Booleans, Series
from analytics.measured import MeasuredSeries
from analytics.periods import Period
from analytics.recovery_steps import RECOVERY
from analytics.series import CountSeries
from analytics.sigma import WrongInput

Kind = Literal["auto", "p", "np", "c", "u", "p'", "u'", "g", "t", "i", "ewma", "cusum"]
Method = Literal["auto", "normal", "exact"]
Direction = Literal["better", "worse"]

# Below so many defects a point normal limits are far off (Montgomery, section 7.3), so exact ones are drawn.
FEW = 5.0
# Below one defect in so many points most points are 0, and the distance between defects says more.
RARE = 1.0
ENOUGH_FOR_GAPS = 10
# Fewer points than this say nothing of the level they come from.
ENOUGH_BY_THEMSELVES = 8

# No direction: these say that points are too regular, and not where they lie.
_PATTERNS = frozenset({"nelson_4", "nelson_7", "nelson_8"})
_SIZED = ("p", "np", "u", "p'", "u'")


@dataclass(frozen=True, slots=True)
class Decided:
    """A baseline that was decided on: its own days, and the first day that is judged by them."""

    begins_on: date
    series: CountSeries | MeasuredSeries


@dataclass(frozen=True, slots=True)
class Wish:
    """How a chart is to be drawn.

    Attributes:
        multiplier: of the limits, in standard deviations; None: what the kind has.
        baseline: the period that gives the parameters; None: all points do.
        phases: first days of new phases.
        decided: baselines that hold, by the day from which they do; each begins a phase. Days before the first are
            judged by themselves.
    """

    kind: Kind = "auto"
    limits: Method = "auto"
    multiplier: float | None = None
    baseline: Period | None = None
    phases: Sequence[date] = ()
    rules: Rules = field(default_factory=Rules)
    decided: Sequence[Decided] = ()


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart with its choice.

    Attributes:
        kind: as drawn.
        why: why this kind and these limits.
        chart: None where none could be drawn, ``refused`` says why.
        dispersion: whether counts vary more than chance lets them; None where that cannot be told.
        false_alarm_every: so many points a stable process runs until its first false signal by these rules, on
            average; None where theory does not tell.
        left_out: points left out since only a part of their week or month is over.
    """

    series: CountSeries | MeasuredSeries
    kind: str
    why: tuple[str, ...]
    chart: Chart | ChartPair | None
    refused: str | None = None
    dispersion: Dispersion | None = None
    false_alarm_every: float | None = None
    left_out: tuple[date, ...] = ()

    @property
    def charts(self) -> tuple[Chart, ...]:
        if self.chart is None:
            return ()
        return (self.chart,) if isinstance(self.chart, Chart) else (self.chart.main, self.chart.companion)

    @property
    def signals(self) -> list[tuple[Chart, Point]]:
        """Every point that completes a pattern, by time."""
        found = [(chart, chart.point(index)) for chart in self.charts for index in chart.signalling]
        return sorted(found, key=lambda one: one[1].index)

    @property
    def upwards_is_good(self) -> bool:
        """Rarer defects and better ratings lie higher."""
        return self.kind in ("g", "t")


def draw_counts(series: CountSeries, process: str, wish: Wish) -> Drawn:
    """The chart of a series of counts.

    Raises:
        WrongInput: the kind does not fit the data; the message says why.
    """
    kept = _without_cut(series) if series.opportunities is None or wish.kind in ("c", "np") else series
    left_out = tuple(day for day in series.days if day not in kept.days)
    found = _tested(kept, process)
    kind, why = (wish.kind, []) if wish.kind != "auto" else _chosen(kept, process, found)
    if series.no_denominator and kind in _SIZED:
        raise WrongInput(f"no denominator: {series.no_denominator}; a {kind} chart needs one, a c chart does not")
    limits, about = _limits(kind, kept, wish)
    points = _points(kind, kept)
    chart = _drawn(kind, points, limits, wish, "p" if process == RECOVERY else "u")
    return Drawn(kept, kind, (*why, *about), chart, None, found, false_alarm_every(chart, wish.rules), left_out)


def draw_measured(series: MeasuredSeries, wish: Wish) -> Drawn:
    """The chart of a series of measurements.

    Raises:
        WrongInput: the kind is one of counts, or the data are too few.
    """
    kind, why = (wish.kind, ()) if wish.kind != "auto" else ("i", ("single values that vary freely",))
    if kind not in ("i", "ewma", "cusum"):
        raise WrongInput(f"a {kind} chart is one of counts; what is measured has i, ewma or cusum")
    limits, _ = _limits(kind, None, wish)
    chart = _drawn(kind, _points_of(kind, series), limits, wish, "p")
    return Drawn(series, kind, why, chart, false_alarm_every=false_alarm_every(chart, wish.rules))


def direction_of(drawn: Drawn, chart: Chart, point: Point, *, upwards_is_good: bool = False) -> Direction | None:
    """Whether a signal tells of ``better`` or ``worse``; None where it only tells of another pattern.

    Args:
        upwards_is_good: of what is charted: ratings, and not defects or times.
    """
    if set(point.broken) <= _PATTERNS or chart.kind == "MR":
        return None
    up = chart.kind == "CUSUM upper" or (chart.kind != "CUSUM lower" and point.value > point.centre)
    return "better" if up == (upwards_is_good or drawn.upwards_is_good) else "worse"


def false_alarm_every(chart: Chart | ChartPair, rules: Rules) -> float | None:
    """How many points a stable process runs until a false signal, as far as theory tells for normal points."""
    main = chart if isinstance(chart, Chart) else chart.main
    options: dict[str, Any] = main.options.get("limits", {})
    if main.design.remembers or options.get("width") != 3.0:
        return None
    return _run_length(rules)


@lru_cache(maxsize=32)
def _run_length(rules: Rules) -> float | None:
    try:
        return rules_run_length(0.0, rules)
    except WrongInput:
        return None


def _without_cut(series: CountSeries) -> CountSeries:
    keep = [at for at, day in enumerate(series.days) if day not in series.cut]
    sizes = series.opportunities
    return CountSeries(
        series.key,
        series.every,
        tuple(series.days[at] for at in keep),
        tuple(series.defects[at] for at in keep),
        None if sizes is None else tuple(sizes[at] for at in keep),
        series.gaps,
        series.without_denominator,
        series.no_denominator,
    )


def _whole(kind: str, series: CountSeries | MeasuredSeries) -> CountSeries | MeasuredSeries:
    """The baseline without the weeks and months that it cuts, where their size counts; all where it has no others."""
    if isinstance(series, MeasuredSeries) or (series.opportunities is not None and kind not in ("c", "np")):
        return series
    return _without_cut(series) if set(series.cut) < set(series.days) else series


def _tested(series: CountSeries, process: str) -> Dispersion | None:
    sizes = series.opportunities or [1] * len(series)
    try:
        of_units = process == RECOVERY and series.opportunities is not None
        return dispersion("p" if of_units else "u", Series.of(series.defects, sizes))
    except WrongInput:
        return None


def _chosen(series: CountSeries, process: str, found: Dispersion | None) -> tuple[Kind, list[str]]:
    defects = series.total.defects
    if len(series) and ENOUGH_FOR_GAPS <= defects < RARE * len(series):
        return "g", [f"defects are rare, {defects} in {len(series)} points: the days between them say more"]
    overdispersed = found is not None and found.advised == "laney"
    if series.opportunities is None:
        why = f"no denominator: {series.no_denominator}; only numbers can be charted, not shares"
        if overdispersed:
            return "i", [why, "they vary more than chance alone lets them"]
        return "c", [why]
    kind: Kind = "p" if process == RECOVERY else "u"
    if overdispersed:
        laney: Kind = "p'" if kind == "p" else "u'"
        return laney, ["shares vary more from point to point than chance alone lets them, so its limits would cry wolf"]
    return kind, ["each opportunity fails or not" if kind == "p" else "complaints by volume"]


def _limits(kind: str, series: CountSeries | None, wish: Wish) -> tuple[Limits, list[str]]:
    multiplier = wish.multiplier or (2.962 if kind == "ewma" else 3.0)
    if wish.limits != "auto":
        return Limits(wish.limits, multiplier), []
    if kind == "g":
        return Limits("exact", multiplier), ["exact limits, since distances are skewed"]
    if kind in ("p", "np", "c", "u") and series is not None and series.total.defects < FEW * len(series):
        return Limits("exact", multiplier), [f"exact limits, since a point has fewer than {FEW:g} defects on average"]
    return Limits("normal", multiplier), []


def _points(kind: str, series: CountSeries) -> Series:
    if kind in ("g", "t"):
        return _gaps(series, calendar=kind == "t")
    if kind == "c":
        return Series.of(series.defects, labels=series.days)
    if kind == "i":
        sizes = np.array(series.opportunities or [1] * len(series), dtype=np.float64)
        return Series.of(np.array(series.defects) / sizes, labels=series.days)
    return Series.of(series.defects, series.opportunities, labels=series.days)


def _points_of(kind: str, series: CountSeries | MeasuredSeries) -> Series:
    if isinstance(series, MeasuredSeries):
        return Series.of(series.values, labels=series.days)
    return _points(kind, series)


def _gaps(series: CountSeries, *, calendar: bool) -> Series:
    """Days from each defect to the next: of the calendar, or only those with an opportunity; 0 within a day."""
    places = [
        (day.toordinal() if calendar else at, day)
        for at, (day, defects) in enumerate(zip(series.days, series.defects, strict=True))
        for _ in range(defects)
    ]
    if len(places) < 3:
        raise WrongInput(f"the distance between defects needs three of them, there are {len(places)}")
    spans = np.diff([place for place, _ in places])
    return Series.of(spans, labels=[day for _, day in places[1:]])


def _drawn(kind: str, points: Series, limits: Limits, wish: Wish, counts: Literal["p", "u"]) -> Chart | ChartPair:
    if wish.decided:
        return _by_decisions(kind, points, limits, wish, counts)
    chosen = _marks(points, wish.baseline)
    starts = _starts(points, wish.phases)
    if kind in ("ewma", "cusum") and (points.sizes is not None):
        # Counts of different sizes are only comparable in their own standard deviations.
        design = Attributes(counts)
        design.check(points)
        parameters = estimated(design, points if chosen is None else points.part(chosen))
        points = standardised_counts(design, points, parameters)
    if kind == "cusum":
        upper, lower = (_one(CusumSide(side), points, chosen, starts, Rules()) for side in ("upper", "lower"))
        return ChartPair("CUSUM", upper, lower)
    if kind == "i" and not starts:
        return individuals_and_ranges(points, Individuals(limits), baseline=chosen, rules=wish.rules)
    drawn_by = _design_of(kind, limits)
    return _one(drawn_by, points, chosen, starts, Rules() if drawn_by.remembers else wish.rules)


def _design_of(kind: str, limits: Limits) -> Design:
    if kind in ("p'", "u'") and limits.method == "exact":
        raise WrongInput(f"a {kind} chart has normal limits only")
    designs: dict[str, Design] = {
        "g": Gaps(limits, centre="median"),
        "t": TimesBetween(limits),
        "p'": Laney("p'", Limits(multiplier=limits.multiplier)),
        "u'": Laney("u'", Limits(multiplier=limits.multiplier)),
    }
    if kind == "ewma":
        return Ewma(limits=limits)
    if kind == "i":
        return Individuals(limits)
    return designs.get(kind) or Attributes(kind, limits)  # type: ignore[arg-type]


def _by_decisions(
    kind: str, points: Series, limits: Limits, wish: Wish, counts: Literal["p", "u"]
) -> Chart | ChartPair:
    """Each stretch judged by the days that were decided on for it.

    What came before the first of them is judged by itself, or where that is too short, by those of the first.
    """
    held: dict[int, Decided] = {}
    for one in sorted(wish.decided, key=lambda one: one.begins_on):
        labels = enumerate(points.labels or ())
        begins = next((at for at, day in labels if isinstance(day, date) and day >= one.begins_on), None)
        if begins is not None:
            # Of several that begin between two points the last holds.
            held[begins] = one
    if held and min(held) < ENOUGH_BY_THEMSELVES:
        held[0] = held[min(held)]
    pieces: list[Chart | ChartPair] = []
    for begin, end in pairwise(sorted({0, *held, len(points)})):
        piece = points.part(slice(begin, end))
        base = _points_of(kind, _whole(kind, held[begin].series)) if begin in held else piece
        pieces.append(_stretch(kind, piece, base, limits, wish, counts))
    if not isinstance(pieces[0], ChartPair):
        return in_a_row([piece for piece in pieces if isinstance(piece, Chart)])
    pairs = [piece for piece in pieces if isinstance(piece, ChartPair)]
    main, companion = (in_a_row([getattr(pair, name) for pair in pairs]) for name in ("main", "companion"))
    return ChartPair("CUSUM", main, companion)


def _stretch(
    kind: str, piece: Series, base: Series, limits: Limits, wish: Wish, counts: Literal["p", "u"]
) -> Chart | ChartPair:
    def drawn(design: Design, rules: Rules) -> Chart:
        design.check(base)
        return draw(design, piece, parameters=estimated(design, base), rules=rules)

    if kind in ("ewma", "cusum") and piece.sizes is not None:
        of_counts = Attributes(counts)
        of_counts.check(base)
        level = estimated(of_counts, base)
        piece, base = (standardised_counts(of_counts, some, level) for some in (piece, base))
    if kind == "cusum":
        return ChartPair("CUSUM", drawn(CusumSide("upper"), Rules()), drawn(CusumSide("lower"), Rules()))
    design = _design_of(kind, limits)
    return drawn(design, Rules() if design.remembers else wish.rules)


def _one(design: Design, points: Series, chosen: Booleans | None, starts: list[int], rules: Rules) -> Chart:
    if starts:
        return phased(design, points, starts, rules)
    return draw(design, points, baseline=chosen, rules=rules)


def _marks(points: Series, baseline: Period | None) -> Booleans | None:
    if baseline is None:
        return None
    marks = np.array([isinstance(label, date) and label in baseline for label in points.labels or ()], dtype=np.bool_)
    if not marks.any():
        raise WrongInput(f"no point lies in the baseline, {baseline}")
    return marks


def _starts(points: Series, phases: Sequence[date]) -> list[int]:
    labels = points.labels or ()
    starts = []
    for day in sorted(phases):
        later = [at for at, label in enumerate(labels, points.first) if isinstance(label, date) and label >= day]
        if not later or later[0] == points.first:
            raise WrongInput(f"no phase can begin on {day}: it needs points before and after")
        starts.append(later[0])
    return starts
