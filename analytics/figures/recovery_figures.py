"""What recoveries achieved, as figures: points with their intervals."""

from collections.abc import Sequence

from plotly import graph_objects as go

from analytics.figures.numbers import show_correlation, show_hours, show_share
from analytics.figures.theme import MAIN, SECOND, themed
from analytics.figures.words import figure_words
from analytics.statistics.proportion import Proportion
from analytics.statistics.recovery_paradox import RecoveryParadox
from analytics.statistics.recovery_quality import DoubleDeviation, FairnessDimension, RatingBySpeed


def speed_figure(found: RatingBySpeed, language: str) -> "go.Figure":
    """The share of fives by how long the resolution took."""
    names = [band_name(band.above, band.up_to, language) for band in found.bands]
    return _shares(names, [band.fives for band in found.bands], language)


def double_deviation_figure(found: DoubleDeviation, language: str) -> "go.Figure":
    """For which reasons recoveries failed, too."""
    told = figure_words(language)
    return _shares([told.reasons.get(key, key) for key in found.by_reason], list(found.by_reason.values()), language)


def paradox_figure(found: RecoveryParadox, language: str) -> "go.Figure":
    """The share of fives of those never failed, recovered, and not recovered."""
    told = figure_words(language)
    names = [told.paradox_groups.get(group.name, group.name) for group in found.groups]
    return _shares(names, [group.fives for group in found.groups], language)


def fairness_figure(found: Sequence[FairnessDimension], language: str) -> "go.Figure":
    """How each fairness question goes with the rating."""
    told = figure_words(language)
    names = [told.fairness.get(one.dimension, one.dimension) for one in found]
    values = [one.association.spearman for one in found]
    lows = [one.association.spearman_interval.low for one in found]
    highs = [one.association.spearman_interval.high for one in found]
    figure = _intervals(
        names, values, lows, highs, [show_correlation(value) for value in values], language, number=True
    )
    figure.update_xaxes(range=[min(-0.1, *lows), 1], title_text=told.fairness_axis, tickformat=".1f")
    figure.add_vline(x=0, line={"color": "#84939a", "width": 1})
    return figure


def band_name(above: float, up_to: float | None, language: str) -> str:
    """A span of time: ``≤ 30 min``, ``2 h – 24 h``, ``> 3 d``."""
    if up_to is None:
        return f"> {show_hours(above, language)}"
    if not above:
        return f"≤ {show_hours(up_to, language)}"
    return f"{show_hours(above, language)} – {show_hours(up_to, language)}"


def _shares(names: list[str], found: list[Proportion], language: str) -> "go.Figure":
    figure = _intervals(
        names,
        [share.value for share in found],
        [share.interval.low for share in found],
        [share.interval.high for share in found],
        [show_share(share.value) for share in found],
        language,
    )
    figure.update_xaxes(tickformat=".1~%", rangemode="tozero")
    return figure


def _intervals(
    names: list[str],
    values: list[float],
    lows: list[float],
    highs: list[float],
    shown: list[str],
    language: str,
    *,
    number: bool = False,
) -> "go.Figure":
    """Points with their intervals, one above the other."""
    told = figure_words(language)
    error = {
        "type": "data", "symmetric": False, "array": [high - value for high, value in zip(highs, values, strict=True)],
        "arrayminus": [value - low for low, value in zip(lows, values, strict=True)], "color": MAIN, "thickness": 1.5,
        "width": 5,
    }  # fmt: skip
    write = show_correlation if number else show_share
    hovers = [
        f"{name}<br>{text}　{told.interval.format(low=write(low), high=write(high))}"
        for name, text, low, high in zip(names, shown, lows, highs, strict=True)
    ]
    shared = {
        "mode": "markers", "marker": {"size": 10, "color": SECOND if number else MAIN}, "hoverinfo": "text",
        "hovertext": hovers, "showlegend": False,
    }  # fmt: skip
    figure = go.Figure()
    figure.add_trace(go.Scatter(x=values, y=names, error_x=error, **shared))
    themed(figure, 90 + 36 * len(names))
    figure.update_yaxes(type="category", autorange="reversed", ticks="")
    figure.update_xaxes(showgrid=True, gridcolor="#e6ebed")
    return figure
