"""How figures look: few colours, each with one meaning, and nothing that moves."""

from datetime import date
from typing import Any

from plotly import graph_objects as go

from analytics.figures.words import FigureWords, figure_words

INK, SOFT, LINE, GROUND = "#1c2529", "#55636a", "#d9e0e3", "#f3f5f6"
# What happens is drawn in one colour, the second is for what it is compared with.
MAIN, SECOND = "#14545c", "#b5651d"
WORSE, BETTER, PATTERN = "#a6191e", "#17603a", "#8a5a00"
# Signals differ in shape, too, for those who see no red.
SYMBOLS = {"worse": "triangle-up", "better": "triangle-down", "pattern": "diamond"}
COLOURS = {"worse": WORSE, "better": BETTER, "pattern": PATTERN}
# Groups beside each other; told apart by those who see few colours (Okabe and Ito 2008), dark enough on white.
GROUPS = ("#14545c", "#b5651d", "#3a5fa8", "#8a3f7d", "#5c6b00", "#a6191e", "#55636a", "#00705a")
_FONT = 'system-ui, "Segoe UI", "PingFang SC", "Noto Sans CJK SC", "Noto Sans SC", "Microsoft YaHei", sans-serif'


def themed(figure: "go.Figure", height: int = 360, **layout: Any) -> "go.Figure":
    """The figure with the house's look; ``layout`` goes on top."""
    figure.update_layout(
        template=None,
        height=height,
        autosize=True,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": _FONT, "size": 12, "color": SOFT},
        margin={"l": 8, "r": 12, "t": 30, "b": 8},
        legend={"orientation": "h", "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom", "traceorder": "normal"},
        hoverlabel={
            "bgcolor": "#ffffff", "bordercolor": "#84939a", "align": "left", "namelength": 0,
            "font": {"family": _FONT, "size": 12, "color": INK},
        },
        hovermode="closest",
        **layout,
    )  # fmt: skip
    figure.update_xaxes(
        showgrid=False, zeroline=False, showline=True, linecolor="#84939a", ticks="outside", ticklen=4,
        tickcolor="#84939a", automargin=True, title_standoff=8,
    )  # fmt: skip
    figure.update_yaxes(
        showgrid=True, gridcolor="#e6ebed", zeroline=False, showline=False, automargin=True, title_standoff=8,
        nticks=7,
    )  # fmt: skip
    return figure


def date_axis(figure: "go.Figure", days: list[date], language: str, *, months: bool = False) -> None:
    """An axis of days, written as the reader does."""
    told = figure_words(language)
    apart = (max(days) - min(days)).days if days else 0
    figure.update_xaxes(type="date", tickformat=told.month if months or apart > 370 else told.day, nticks=8)


def empty_figure(language: str) -> "go.Figure":
    """A figure that says that there is nothing yet."""
    told: FigureWords = figure_words(language)
    figure = themed(go.Figure(), 160)
    figure.add_annotation(text=told.nothing, x=0.5, y=0.5, xref="paper", yref="paper", showarrow=False)
    figure.update_xaxes(visible=False)
    figure.update_yaxes(visible=False)
    return figure


def plain(text: object) -> str:
    """Text that Plotly takes for nothing but text."""
    return str(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
