"""Control charts as figures: points between their limits, and in words what each signal says."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Literal

from plotly import graph_objects as go

from analytics.charts.chart import Chart, Point
from analytics.drawing import Drawn
from analytics.figures.naming import day_name
from analytics.figures.scale import Scale, scale_of
from analytics.figures.theme import COLOURS, INK, MAIN, SOFT, SYMBOLS, date_axis, plain, themed
from analytics.figures.words import FigureWords, figure_words
from analytics.periods import end_of
from analytics.questions.chart import ChartAnswer
from analytics.series import CountSeries
from analytics.words import words

# So long a line fits a small screen, in letters; a Chinese one is twice as wide.
_LINE = 44
Way = Literal["better", "worse", "pattern"]


def control_chart(answer: ChartAnswer, drawn: Drawn, language: str) -> "go.Figure":
    """One chart, or the two of a pair one above the other.

    The trace named ``signals`` has the points that break a rule, the trace ``points`` all. Their ``customdata`` is for
    links: first and last day that a point stands for.
    """
    # Slow to import, so not before something is drawn.
    from plotly.subplots import make_subplots

    charts = drawn.charts
    paired = len(charts) > 1
    heights = [0.66, 0.34] if paired and charts[1].kind == "MR" else [0.5, 0.5]
    figure = (
        make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=heights, vertical_spacing=0.09)
        if paired
        else make_subplots(rows=1, cols=1)
    )
    told = figure_words(language)
    for row, chart in enumerate(charts, 1):
        _add(figure, answer, drawn, chart, row, language)
    themed(figure, 520 if paired else 380)
    for row, chart in enumerate(charts, 1):
        scale = scale_of(answer.question.measure, drawn, chart, language)
        title = chart.kind if chart.kind.startswith("CUSUM") else told.units[scale.unit]
        figure.update_yaxes(title_text=title, tickformat=scale.tick_format or None, row=row, col=1)
        if _from_zero(chart):
            figure.update_yaxes(rangemode="tozero", row=row, col=1)
    days = [label for label in charts[0].labels or () if isinstance(label, date)]
    if not _by_index(drawn):
        date_axis(figure, days, language)
        _mark_times(figure, answer, charts[0], told)
    return figure


def _add(figure: "go.Figure", answer: ChartAnswer, drawn: Drawn, chart: Chart, row: int, language: str) -> None:
    told = figure_words(language)
    scale = scale_of(answer.question.measure, drawn, chart, language)
    points = list(chart.points)
    places = [point.index if _by_index(drawn) else point.label for point in points]
    shared: dict[str, Any] = {"x": places, "hoverinfo": "skip", "mode": "lines"}
    first = row == 1
    # Limits of different sizes are steps: each is that of its own point.
    shape = "hvh" if len({point.upper for point in points}) > 1 else "linear"
    grey = {"color": "#84939a", "width": 1, "shape": shape}
    for name, values, line, fill in (
        ("lower", [point.lower for point in points], grey, None),
        ("upper", [point.upper for point in points], grey, "tonexty"),
        ("centre", [point.centre for point in points], {**grey, "dash": "dot"}, None),
    ):
        if all(value is None for value in values):
            continue
        figure.add_trace(
            go.Scatter(
                **shared, y=values, line=line, fill=fill if _has_lower(points) else None,
                fillcolor="rgba(20,84,92,0.05)", name=told.centre if name == "centre" else told.limits,
                showlegend=first and name != "lower", legendgroup=name if name == "centre" else "limits",
            ),
            row=row, col=1,
        )  # fmt: skip
    sizes = _sizes_of(drawn)
    hovers = [_hover(answer, drawn, chart, point, scale, sizes, language) for point in points]
    spans = [_span(drawn, point) for point in points]
    figure.add_trace(
        go.Scatter(
            x=places, y=[point.value for point in points], mode="lines+markers", name=told.points, meta="points",
            line={"color": MAIN, "width": 1.5}, marker={"size": 5, "color": MAIN}, hoverinfo="text", hovertext=hovers,
            customdata=spans, showlegend=False,
        ),
        row=row, col=1,
    )  # fmt: skip
    ways = [answer.direction(drawn, chart, point) or "pattern" if point.broken else None for point in points]
    for way, symbol in SYMBOLS.items():
        at = [index for index, found in enumerate(ways) if found == way]
        if at:
            figure.add_trace(
                go.Scatter(
                    x=[places[index] for index in at], y=[points[index].value for index in at], mode="markers",
                    name=getattr(told, way), meta="signals", legendgroup=way, showlegend=first,
                    marker={
                        "size": 11, "symbol": symbol, "color": COLOURS[way],
                        "line": {"color": "#ffffff", "width": 1},
                    },
                    hoverinfo="text", hovertext=[hovers[index] for index in at],
                    customdata=[spans[index] for index in at],
                ),
                row=row, col=1,
            )  # fmt: skip


def _hover(
    answer: ChartAnswer,
    drawn: Drawn,
    chart: Chart,
    point: Point,
    scale: Scale,
    sizes: Mapping[date, tuple[float, float]],
    language: str,
) -> str:
    told = figure_words(language)
    label = point.label
    lines = [day_name(label, drawn.series.every, language) if isinstance(label, date) else str(label)]
    value = scale.show(point.value)
    size = sizes.get(label) if isinstance(label, date) else None
    if size is not None and scale.unit in ("share", "rate"):
        value += f"　{told.of.format(defects=f'{size[0]:,.0f}', size=f'{size[1]:,.0f}')}"
    lines.append(value)
    centre, low, high = (scale.show(number) for number in (point.centre, point.lower, point.upper))
    if point.lower is not None and point.upper is not None:
        lines.append(told.between.format(low=low, high=high, centre=centre))
    elif point.upper is not None:
        lines.append(told.below.format(high=high, centre=centre))
    elif point.lower is not None:
        lines.append(told.above.format(low=low, centre=centre))
    if point.broken:
        catalogue = words(language)
        way = answer.direction(drawn, chart, point) or "pattern"
        sign = {"worse": "▲", "better": "▼", "pattern": "◆"}[way]
        lines += ["", f"{sign} {catalogue.directions[way]}"]
        joint = "：" if language == "zh" else ": "
        for rule in point.broken:
            found = catalogue.rules[rule]
            lines += wrapped(f"{found.name}{joint}{found.words} {found.meaning}")
    return "<br>".join(plain(line) for line in lines)


def wrapped(text: str) -> list[str]:
    """Lines that fit a small screen; Chinese breaks anywhere but before a full stop or comma."""
    lines, line, width = [], "", 0
    words_ = text.split(" ") if text.isascii() else [*text]
    for word in words_:
        length = sum(2 if ord(letter) > 0x2E80 else 1 for letter in word)
        space = " " if text.isascii() and line else ""
        if line and width + length + len(space) > _LINE and word not in "，。；：、）”":
            lines.append(line)
            line, width = word.strip(), length
        else:
            line, width = line + space + word, width + length + len(space)
    return [*lines, line]


def _sizes_of(drawn: Drawn) -> dict[date, tuple[float, float]]:
    """Defects and opportunities by day, where there are opportunities."""
    series = drawn.series
    if not isinstance(series, CountSeries) or series.opportunities is None:
        return {}
    return dict(zip(series.days, zip(series.defects, series.opportunities, strict=True), strict=True))


def _span(drawn: Drawn, point: Point) -> list[str]:
    """First and last day that a point stands for."""
    label = point.label
    if not isinstance(label, date):
        return ["", ""]
    return [label.isoformat(), end_of(label, drawn.series.every).isoformat()]


def _by_index(drawn: Drawn) -> bool:
    """Distances between rare defects: several may end on one day, so they stand beside each other."""
    return drawn.kind in ("g", "t")


def _has_lower(points: Sequence[Point]) -> bool:
    return any(point.lower is not None for point in points)


def _from_zero(chart: Chart) -> bool:
    return chart.kind not in ("I", "EWMA", "t")


def _mark_times(figure: "go.Figure", answer: ChartAnswer, chart: Chart, told: FigureWords) -> None:
    """Where phases begin, and which days gave the limits."""
    labels = chart.labels or ()
    for at in range(1, len(chart)):
        if chart.phase[at] != chart.phase[at - 1]:
            figure.add_vline(x=labels[at], line={"color": SOFT, "width": 1, "dash": "dash"})
            figure.add_annotation(
                x=labels[at], y=1, yref="paper", xanchor="left", yanchor="top", showarrow=False, xshift=3,
                text=told.phase.format(number=int(chart.phase[at])), font={"color": INK, "size": 11},
            )  # fmt: skip
    chosen = [label for label, used in zip(labels, chart.in_baseline, strict=True) if used and isinstance(label, date)]
    if chosen and len(chosen) < len(chart) and len(chart.parameters) == 1:
        # Half a day to either side, so that the first and the last point lie within.
        figure.add_vrect(
            x0=chosen[0] - timedelta(hours=12), x1=chosen[-1] + timedelta(hours=12), fillcolor="#e8eff9", opacity=0.6,
            line_width=0, layer="below", annotation_text=told.baseline, annotation_position="top left",
            annotation_font={"color": SOFT, "size": 11},
        )  # fmt: skip
