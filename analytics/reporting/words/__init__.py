"""The words of the report, in both languages: ``zh.yml`` and ``en.yml`` beside this file."""

from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from analytics.reporting.month import Month
from store.firm_files import read_yaml

LANGUAGES = ("zh", "en")


class ImprovementWords(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    none: str
    open: str
    kinds: dict[str, str]
    phases: dict[str, str]
    outcomes: dict[str, str]
    passed: str
    held: str
    moves: str
    signals: str
    waiting: str
    shown: str
    not_shown: str


class TableWords(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    intro: str
    sources: dict[str, str]


class ReportWords(BaseModel):
    """The words of one language; ``{…}`` stands for what is filled in."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    month: str
    months: tuple[str, ...] = Field(min_length=12, max_length=12)
    made: str
    unfinished: str
    empty: str
    contents: str
    nothing: str
    no_data: str
    interval: str
    at_least: str
    sections: dict[str, str]
    processes: dict[str, str]
    columns: dict[str, str]
    sigma: dict[str, str]
    charts: dict[str, str]
    directions: dict[str, str]
    pareto: dict[str, str]
    times: dict[str, str]
    recovery: dict[str, str]
    improvement: ImprovementWords
    ledger: dict[str, str]
    table: TableWords
    next: dict[str, str]
    gates: dict[str, str]

    def month_name(self, month: Month) -> str:
        return self.month.format(year=month.year, name=self.months[month.month - 1])

    def gate(self, code: str) -> str:
        """What a gate looks at; the code itself where it is new."""
        return self.gates.get(code, code.replace("_", " "))

    def between(self, low: str, high: str) -> str:
        return self.interval.format(low=low, high=high)


@cache
def report_words(language: str) -> ReportWords:
    """The words of a language.

    Raises:
        FirmDataError: the file does not have its form.
    """
    return read_yaml(Path(__file__).with_name(f"{language}.yml"), ReportWords)
