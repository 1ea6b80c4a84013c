"""A forecast as a figure: what to expect each day, with its interval."""

from plotly import graph_objects as go

from analytics.figures.naming import day_name
from analytics.figures.theme import MAIN, date_axis, themed
from analytics.figures.words import figure_words
from analytics.statistics.forecast import Forecast


def forecast_figure(found: Forecast, language: str) -> "go.Figure":
    """One forecast; its band holds a day with the confidence asked for."""
    told = figure_words(language)
    band = {"x": found.days, "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "showlegend": False}
    hovers = [
        f"{day_name(day, 'day', language)}<br>{told.expected} {mean:.1f}<br>{told.interval.format(low=low, high=high)}"
        for day, mean, low, high in zip(found.days, found.mean, found.low, found.high, strict=True)
    ]
    figure = go.Figure()
    figure.add_trace(go.Scatter(**band, y=found.low))
    figure.add_trace(go.Scatter(**band, y=found.high, fill="tonexty", fillcolor="rgba(20,84,92,0.14)"))
    figure.add_trace(
        go.Scatter(
            x=found.days, y=found.mean, mode="lines+markers", line={"color": MAIN, "width": 1.5}, marker={"size": 5},
            hoverinfo="text", hovertext=hovers, name=told.expected, showlegend=False,
        )
    )  # fmt: skip
    themed(figure, 300)
    date_axis(figure, list(found.days), language)
    figure.update_yaxes(rangemode="tozero", title_text=told.expected)
    return figure
