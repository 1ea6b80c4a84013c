"""Figures of answers: pure, in both languages, for the pages of the desk and for the report alike."""

from collections.abc import Mapping

from plotly import graph_objects as go

from analytics.figures.control_chart import control_chart
from analytics.figures.forecast_figure import forecast_figure
from analytics.figures.naming import Namer, plain_name
from analytics.figures.pareto_figure import pareto_figure
from analytics.figures.recovery_figures import (
    double_deviation_figure,
    fairness_figure,
    paradox_figure,
    speed_figure,
)
from analytics.figures.theme import empty_figure
from analytics.figures.times_figure import times_figure
from analytics.questions.chart import ChartAnswer
from analytics.questions.forecast import ForecastAnswer
from analytics.questions.pareto import ParetoAnswer
from analytics.questions.question import Answer
from analytics.questions.recovery import RecoveryAnswer
from analytics.questions.times import TimesAnswer

__all__ = ["figure_of", "figures_of"]

_RECOVERY = {
    "double_deviation": double_deviation_figure,
    "fairness": fairness_figure,
    "speed": speed_figure,
    "paradox": paradox_figure,
}


def figure_of(answer: Answer, language: str, name: Namer = plain_name) -> "go.Figure":
    """The first figure of an answer; where there is nothing to draw yet, one that says so.

    Args:
        language: ``zh`` or ``en``.
        name: of a key of a dimension, such as a category, in that language.

    Raises:
        TypeError: there are no figures of answers of this kind.
    """
    return next(iter(figures_of(answer, language, name).values()), None) or empty_figure(language)


def figures_of(answer: Answer, language: str, name: Namer = plain_name) -> "Mapping[str, go.Figure]":
    """All figures of an answer: by key of the split, by category of a forecast, or by part of the recovery answer.

    Raises:
        TypeError: there are no figures of answers of this kind.
    """
    if isinstance(answer, ChartAnswer):
        return {
            drawn.series.key: control_chart(answer, drawn, language)
            for drawn in answer.drawn
            if drawn.chart is not None and len(drawn.charts[0])
        }
    if isinstance(answer, ParetoAnswer):
        return {"": pareto_figure(answer, language, name)} if answer.table else {}
    if isinstance(answer, TimesAnswer):
        return {"": times_figure(answer, language, name)} if answer.groups else {}
    if isinstance(answer, ForecastAnswer):
        return {key: forecast_figure(found, language) for key, found in answer.made.items()}
    if isinstance(answer, RecoveryAnswer):
        found = {key: answer.sections.get(key) for key in _RECOVERY}
        return {key: _RECOVERY[key](part, language) for key, part in found.items() if not isinstance(part, str)}  # type: ignore[operator]
    raise TypeError(f"there are no figures of a {type(answer).__name__}")
