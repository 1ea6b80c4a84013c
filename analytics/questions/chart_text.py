"""A control chart as text for the terminal: points between their limits, and every rule broken in words."""

from collections.abc import Callable
from datetime import date
from typing import Literal

from analytics.charts.chart import Chart, Point
from analytics.drawing import Drawn
from analytics.series import CountSeries
from analytics.words import words

# Rows that are shown; earlier points without a signal are only counted.
SHOWN = 60
_WIDTH = 31
# Charts whose limits are those of chance alone.
_ORDINARY = ("p", "np", "c", "u")

Direction = Callable[[Chart, Point], Literal["better", "worse"] | None]


def chart_text(drawn: Drawn, direction: Direction) -> str:
    """The chart, the choice that was made, its signals and what to do about them."""
    lines = [_choice(drawn)]
    if drawn.refused:
        return "\n".join([*lines, f"no chart yet: {drawn.refused}"])
    for chart in drawn.charts:
        if chart.kind == "MR" and not chart.signalling:
            lines.append("moving ranges: all within their limits")
            continue
        lines += ["", *_table(chart)]
    lines += ["", *_signals(drawn, direction), *_notes(drawn)]
    return "\n".join(lines)


def _choice(drawn: Drawn) -> str:
    kind = drawn.kind if drawn.kind != "auto" else "control"
    return f"{kind} chart" + (f": {'; '.join(drawn.why)}" if drawn.why else "")


def _table(chart: Chart) -> list[str]:
    points = list(chart.points)
    shown = points[-SHOWN:]
    earlier = [point for point in points[:-SHOWN] if point.broken]
    low, high = _range(points)
    lines = [f"{chart.kind:<12}{'value':>10}{'lower':>10}{'centre':>10}{'upper':>10}"]
    lines[0] += f"{'size':>9}  " if chart.sizes is not None else "  "
    if len(points) > SHOWN:
        lines.append(f"({len(points) - SHOWN} earlier points are not shown but for signals; --csv has all)")
    phase = None
    for point in [*earlier, *shown]:
        if phase is not None and point.phase != phase:
            lines.append("-- a new phase --")
        phase = point.phase
        cells = "".join(_number(value) for value in (point.value, point.lower, point.centre, point.upper))
        size = f"{point.size:>9,.0f}  " if point.size is not None else "  "
        mark = f"  {', '.join(point.broken)}" if point.broken else ""
        lines.append(f"{_label(point):<12}{cells}{size}{_strip(point, low, high)}{mark}".rstrip())
    return lines


def _range(points: list[Point]) -> tuple[float, float]:
    values = [
        value
        for point in points
        for value in (point.value, point.lower, point.upper, point.centre)
        if value is not None
    ]
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 1, high + 1)


def _strip(point: Point, low: float, high: float) -> str:
    """Where the point lies between its limits: ``[   ·  o  ]``, and ``X`` where it signals."""

    def place(value: float) -> int:
        return round((value - low) / (high - low) * (_WIDTH - 1))

    cells = [" "] * _WIDTH
    cells[place(point.centre)] = "·"
    for limit, sign in ((point.lower, "["), (point.upper, "]")):
        if limit is not None:
            cells[place(limit)] = sign
    cells[place(point.value)] = "X" if point.broken else "o"
    return "".join(cells)


def _number(value: float | None) -> str:
    return f"{'-' if value is None else format(value, '.4g'):>10}"


def _label(point: Point) -> str:
    return point.label.isoformat() if isinstance(point.label, date) else str(point.label)


def _signals(drawn: Drawn, direction: Direction) -> list[str]:
    told = words("en")
    signals = drawn.signals
    if not signals:
        return ["No signal: nothing here says that the process has changed."]
    lines = [f"{len(signals)} signal{'s' if len(signals) > 1 else ''}:"]
    met = []
    for chart, point in signals:
        way = direction(chart, point)
        lines.append(f"  {_label(point)}  {told.directions[way or 'pattern']}  ({', '.join(point.broken)})")
        met += [rule for rule in point.broken if rule not in met]
    lines.append("")
    for rule in sorted(met):
        found = told.rules[rule]
        lines += [f"{rule}: {found.words} {found.meaning}", f"    what to do: {found.next}"]
    return lines


def _notes(drawn: Drawn) -> list[str]:
    told, series = words("en"), drawn.series
    notes = []
    found = drawn.dispersion
    if found is not None and (drawn.kind in _ORDINARY or found.advised == "look for shifts"):
        notes.append(f"{told.advice[found.advised]} (variance {found.ratio:.2f} times that of chance)")
    if drawn.false_alarm_every:
        notes.append(f"By these rules a stable process cries wolf about once in {drawn.false_alarm_every:.0f} points.")
    if isinstance(series, CountSeries):
        if series.without_denominator:
            notes.append(f"{series.without_denominator} defects are of days without a volume, and in no point.")
        if series.gaps:
            gaps = f"{len(series.gaps)} gap{'s' if len(series.gaps) > 1 else ''}"
            notes.append(f"{gaps}: no opportunity is on record there, so there is no point.")
    if drawn.left_out:
        notes.append(f"Left out, since only a part is over: {', '.join(day.isoformat() for day in drawn.left_out)}.")
    return ["", *notes] if notes else []
