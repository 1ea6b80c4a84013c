"""The Pareto figure: bars in falling order, and the share that they make together."""

from plotly import graph_objects as go

from analytics.figures.naming import Namer
from analytics.figures.numbers import show_number, show_share
from analytics.figures.theme import MAIN, SECOND, plain, themed
from analytics.figures.words import figure_words
from analytics.questions.pareto import ParetoAnswer

# More bars than these cannot be read; the rest is one bar, and the table has them all.
MOST_BARS = 15


def pareto_figure(answer: ParetoAnswer, language: str, name: Namer) -> "go.Figure":
    """Bars lie, so that long names can be read. The bars' ``customdata`` is the key, empty for the rest."""
    told, table = figure_words(language), answer.table
    assert table is not None
    rows = list(table.rows[:MOST_BARS])
    rest = table.rows[MOST_BARS:]
    by = answer.question.by
    names = [plain(answer.names.get(row.category, {}).get(language) or _named(by, row.category, name)) for row in rows]
    names = [told.not_told if not row.category else shown for row, shown in zip(rows, names, strict=True)]
    # Two keys may be called the same.
    names = [shown + "​" * names[:at].count(shown) for at, shown in enumerate(names)]
    keys = [row.category for row in rows]
    counts = [row.count for row in rows]
    shares = [row.share for row in rows]
    together = [row.cumulative_share for row in rows]
    if rest:
        names.append(told.rest.format(count=len(rest)))
        keys.append("")
        counts.append(sum(row.count for row in rest))
        shares.append(sum(row.share for row in rest))
        together.append(1.0)
    colours = [MAIN if at < table.vital else "#9fb6ba" for at in range(len(names))]
    hovers = [
        f"{shown}<br>{show_number(count)}　{show_share(share)}<br>{told.together} {show_share(reached)}"
        for shown, count, share, reached in zip(names, counts, shares, together, strict=True)
    ]
    figure = go.Figure()
    figure.add_trace(
        go.Bar(
            x=counts, y=names, orientation="h", marker={"color": colours}, name=told.defects, meta="bars",
            text=[show_number(count) for count in counts], textposition="outside", cliponaxis=False,
            hoverinfo="text", hovertext=hovers, customdata=keys, showlegend=False, textfont={"color": "#1c2529"},
        )
    )  # fmt: skip
    figure.add_trace(
        go.Scatter(
            x=together, y=names, xaxis="x2", mode="lines+markers", name=told.together, hoverinfo="skip",
            line={"color": SECOND, "width": 1.5}, marker={"size": 6, "color": SECOND},
        )
    )  # fmt: skip
    themed(figure, 110 + 30 * len(names), bargap=0.35)
    figure.update_layout(
        xaxis={"range": [0, 1.12 * max(counts)], "showline": False, "ticks": "", "showticklabels": False},
        xaxis2={
            "overlaying": "x", "side": "bottom", "range": [0, 1.12], "tickvals": [0, 0.2, 0.4, 0.6, 0.8, 1.0],
            "tickformat": ".0%", "showgrid": True, "gridcolor": "#e6ebed", "zeroline": False,
        },
    )  # fmt: skip
    figure.update_yaxes(autorange="reversed", showgrid=False, ticks="", nticks=0, dtick=1)
    figure.update_layout(margin_b=28)
    return figure


def _named(dimension: str, key: str, name: Namer) -> str:
    return name(dimension, key) if key else ""
