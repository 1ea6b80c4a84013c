"""What charts and rules are called and mean, in both languages: ``zh.yml`` and ``en.yml`` beside this file."""

from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from analytics.charts.overdispersion import Advice
from analytics.charts.rules import Rule
from store.firm_files import read_yaml

LANGUAGES = ("zh", "en")


class _Words(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RuleWords(_Words):
    """A rule: its name, what its pattern is, what it may mean, and what to do next."""

    name: str
    words: str
    meaning: str
    next: str


class KindWords(_Words):
    """A kind of chart: its name, and what it is for."""

    name: str
    use: str


class Catalogue(_Words):
    """The words of one language, by key.

    Attributes:
        advice: on overdispersion (``charts.overdispersion.Advice``).
        directions: what a signal tells of: better, worse, or only another pattern.
        processes: what the two processes are called.
        titles: of what a finding opens by itself, by its kind.
        measures: what a test on complaints was about, as its result names it.
        problem_table: what its cells say of the data: fell_by, rose_by, nothing_yet.
    """

    rules: dict[Rule, RuleWords]
    kinds: dict[str, KindWords]
    advice: dict[Advice, str]
    directions: dict[Literal["better", "worse", "pattern"], str]
    processes: dict[str, str]
    titles: dict[str, str]
    measures: dict[Literal["defects", "rating", "acknowledgement", "first_response", "resolution"], str]
    problem_table: dict[Literal["fell_by", "rose_by", "nothing_yet"], str]


@cache
def words(language: str) -> Catalogue:
    """The catalogue of a language.

    Raises:
        FirmDataError: the file does not have its form.
    """
    return read_yaml(Path(__file__).with_name(f"{language}.yml"), Catalogue)
