"""The sigma level of both processes over time, with its interval."""

from plotly import graph_objects as go

from analytics.figures.naming import day_name
from analytics.figures.numbers import show_number, show_sigma
from analytics.figures.theme import MAIN, SECOND, date_axis, themed
from analytics.figures.words import figure_words
from analytics.overview import Overview, ProcessState, TrendPoint

_COLOURS = {"recovery": (MAIN, "rgba(20,84,92,0.13)"), "service": (SECOND, "rgba(181,101,29,0.13)")}
# Above so many opportunities without a defect the bound says what the level would; nothing is drawn higher.
_HIGHEST = 6.5


def sigma_trend(overview: Overview, language: str, standard: float | None = None) -> "go.Figure":
    """A line and band for each process; weeks without a defect have only a bound, drawn as a triangle.

    Args:
        standard: the control standard, as a line, where it lies near.
    """
    told = figure_words(language)
    figure = go.Figure()
    for state in overview.states:
        if state.trend:
            _add(figure, overview, state, language)
    themed(figure, 320)
    days = [point.since for state in overview.states for point in state.trend]
    date_axis(figure, days, language, months=overview.every == "month")
    figure.update_yaxes(title_text=told.sigma, rangemode="tozero")
    if standard is not None:
        figure.add_hline(
            y=standard, line={"color": "#84939a", "width": 1, "dash": "dot"}, annotation_text=told.standard,
            annotation_position="bottom left", annotation_font={"size": 11},
        )  # fmt: skip
    return figure


def _add(figure: "go.Figure", overview: Overview, state: ProcessState, language: str) -> None:
    told = figure_words(language)
    colour, soft = _COLOURS[state.process]
    name = told.processes[state.process]
    days = [point.since for point in state.trend]
    lows = [_bounded(point.rate.sigma_low) for point in state.trend]
    highs = [_bounded(point.rate.sigma_high) for point in state.trend]
    band = {"x": days, "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
    figure.add_trace(go.Scatter(**band, y=lows))
    figure.add_trace(go.Scatter(**band, y=highs, fill="tonexty", fillcolor=soft))
    figure.add_trace(
        go.Scatter(
            x=days, y=[_shown(point) for point in state.trend], mode="lines+markers", name=name,
            line={"color": colour, "width": 2},
            marker={
                "size": [8 if point.rate.defects else 10 for point in state.trend], "color": [
                    colour if point.finished else "#ffffff" for point in state.trend
                ],
                "symbol": ["circle" if point.rate.defects else "triangle-up" for point in state.trend],
                "line": {"color": colour, "width": 2},
                "opacity": 1,
            },
            hoverinfo="text", hovertext=[_hover(overview, name, point, language) for point in state.trend],
        )
    )  # fmt: skip


def _shown(point: TrendPoint) -> float | None:
    rate = point.rate
    return rate.sigma_level if rate.sigma_level is not None else _bounded(rate.sigma_low)


def _bounded(value: float | None) -> float:
    return _HIGHEST if value is None else max(0.0, min(value, _HIGHEST))


def _hover(overview: Overview, name: str, point: TrendPoint, language: str) -> str:
    told, rate = figure_words(language), point.rate
    if rate.sigma_level is None and not rate.defects:
        level = told.sigma_at_least.format(low=show_sigma(rate.sigma_low))
    else:
        interval = told.interval.format(low=show_sigma(rate.sigma_low), high=show_sigma(rate.sigma_high))
        level = f"{show_sigma(rate.sigma_level)} σ（{interval}）" if language == "zh" else (
            f"{show_sigma(rate.sigma_level)} σ ({interval})"
        )  # fmt: skip
    counts = told.of.format(defects=show_number(rate.defects), size=show_number(rate.opportunities))
    return f"{name}　{day_name(point.since, overview.every, language)}<br>{level}<br>{counts}"
