"""The words on figures, in both languages: ``zh.yml`` and ``en.yml`` beside this file."""

from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from store.firm_files import read_yaml


class FigureWords(BaseModel):
    """The words of one language; values in braces are filled in by ``str.format``.

    Attributes:
        day, month: how days and months are written under an axis, as d3 does (``%d``).
        units: by what a chart shows (``figures.scale.Unit``), for the axis.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    day: str
    month: str
    units: dict[str, str]
    processes: dict[str, str]
    centre: str
    limits: str
    points: str
    phase: str
    baseline: str
    better: str
    worse: str
    pattern: str
    of: str
    between: str
    below: str
    above: str
    to_cases: str
    nothing: str
    defects: str
    together: str
    not_told: str
    rest: str
    vital: str
    over: str
    hours_axis: str
    minute: str
    hour: str
    days: str
    interval: str
    sigma: str
    standard: str
    sigma_at_least: str
    expected: str
    heard: str
    fives: str
    mean_rating: str
    fairness_axis: str
    fairness: dict[str, str]
    reasons: dict[str, str]
    paradox_groups: dict[str, str]
    this_period: str
    other_period: str


@cache
def figure_words(language: str) -> FigureWords:
    """The words of a language.

    Raises:
        FirmDataError: the file does not have its form.
    """
    return read_yaml(Path(__file__).with_name(f"{language}.yml"), FigureWords)
