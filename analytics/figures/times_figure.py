"""How long it takes, as a figure: the share that is over by each time."""

from plotly import graph_objects as go

from analytics.figures.naming import Namer
from analytics.figures.numbers import show_hours, show_share
from analytics.figures.theme import GROUPS, plain, themed
from analytics.figures.words import FigureWords, figure_words
from analytics.questions.times import TimesAnswer

# Where the axis is written, in hours: from a second to a month.
_TICKS = (1 / 3600, 1 / 60, 0.25, 1.0, 4.0, 24.0, 72.0, 240.0, 720.0)
_A_SECOND = 1 / 3600
MOST_GROUPS = 8


def times_figure(answer: TimesAnswer, language: str, name: Namer) -> "go.Figure":
    """A step line for each group, rising to 1; a single one has its band."""
    told = figure_words(language)
    figure = go.Figure()
    alone = len(answer.groups) == 1
    largest = sorted(answer.groups.items(), key=lambda item: -item[1].curve.count)[:MOST_GROUPS]
    first, last = 1.0, 1.0
    for colour, (key, group) in zip(GROUPS, largest, strict=False):
        shown = plain(group_name(answer, key, told, name))
        rows = group.to_json()["curve"]
        if not rows:
            continue
        times = [max(row[0], _A_SECOND) for row in rows]
        over = [1 - row[1] for row in rows]
        first, last = min(first, times[0]), max(last, times[-1])
        if alone:
            low = [1 - (row[3] if row[3] is not None else row[1]) for row in rows]
            high = [1 - (row[2] if row[2] is not None else row[1]) for row in rows]
            band = {"x": times, "mode": "lines", "hoverinfo": "skip", "showlegend": False}
            figure.add_trace(go.Scatter(**band, y=low, line={"width": 0, "shape": "hv"}))
            figure.add_trace(
                go.Scatter(
                    **band, y=high, line={"width": 0, "shape": "hv"}, fill="tonexty", fillcolor="rgba(20,84,92,0.14)"
                )
            )
        heading = f"{shown}<br>" if shown else ""
        figure.add_trace(
            go.Scatter(
                x=times, y=over, mode="lines", line={"color": colour, "width": 2, "shape": "hv"},
                name=shown or told.over, showlegend=not alone, hoverinfo="text",
                hovertext=[
                    f"{heading}{show_hours(at, language)}<br>{told.over} {show_share(share)}"
                    for at, share in zip(times, over, strict=True)
                ],
            )
        )  # fmt: skip
    target = answer.question.target
    themed(figure, 400)
    ticks = [tick for tick in _TICKS if first / 4 <= tick <= last * 4]
    figure.update_xaxes(
        type="log", tickvals=ticks, ticktext=[show_hours(tick, language) for tick in ticks], title_text=told.hours_axis
    )
    figure.update_yaxes(range=[0, 1.02], tickformat=".0%", title_text=told.over)
    if target:
        figure.add_vline(x=target, line={"color": "#a6191e", "width": 1, "dash": "dash"})
    return figure


def group_name(answer: TimesAnswer, key: str, told: FigureWords, name: Namer) -> str:
    """What a group is called; empty where there is only one."""
    question = answer.question
    if question.against:
        return told.other_period if key == "the other period" else told.this_period
    if question.split:
        return name(question.split, key) if key else told.not_told
    return ""
