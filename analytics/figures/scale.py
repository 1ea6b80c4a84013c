"""In what a chart is measured, and how its values are written."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from analytics.charts.chart import Chart
from analytics.drawing import Drawn
from analytics.figures.numbers import show_hours, show_number, show_share
from analytics.series import CountSeries

Unit = Literal["share", "rate", "number", "days", "rating", "hours", "ranges", "deviations"]


@dataclass(frozen=True, slots=True)
class Scale:
    """A unit, the format of its axis as d3 writes it, and how a value of it is shown."""

    unit: Unit
    tick_format: str
    show: Callable[[float | None], str]


def scale_of(measure: str, drawn: Drawn, chart: Chart, language: str) -> Scale:
    """The scale of one chart.

    Args:
        measure: as asked for: ``defects``, ``rating``, or a time.
    """
    counts = drawn.series if isinstance(drawn.series, CountSeries) else None
    if chart.kind in ("g", "t"):
        return Scale("days", "", show_number)
    if counts is not None:
        sized = counts.opportunities is not None
        if chart.kind == "EWMA" or chart.kind.startswith("CUSUM"):
            return Scale("deviations" if sized else "number", "", show_number)
        if chart.kind in ("p", "p'") or (sized and chart.kind in ("I", "MR")):
            return Scale("ranges" if chart.kind == "MR" else "share", ".3~p", show_share)
        if chart.kind in ("u", "u'"):
            return Scale("rate", ".3~g", show_number)
        return Scale("ranges" if chart.kind == "MR" else "number", "", show_number)
    if chart.kind == "MR":
        return Scale("ranges", "", show_number)
    if measure == "rating":
        return Scale("rating", "", show_number)
    return Scale("hours", "", lambda value: show_hours(value, language))
