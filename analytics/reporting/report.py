"""The report of a month: gathered once, told in either language."""

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from analytics.reporting.blocks import Section
from analytics.reporting.changes import charts_section
from analytics.reporting.gathering import Gathered, gather
from analytics.reporting.month import Month
from analytics.reporting.next_steps import next_section
from analytics.reporting.page import as_html
from analytics.reporting.quality import pareto_section, sigma_section
from analytics.reporting.recoveries import recovery_section, times_section
from analytics.reporting.telling import Telling
from analytics.reporting.working import improvement_section, ledger_section, table_section
from analytics.surroundings import Surroundings
from store.database import UnitOfWork
from store.firm_files import read_yaml

_SECTIONS = (
    sigma_section,
    charts_section,
    pareto_section,
    times_section,
    recovery_section,
    improvement_section,
    ledger_section,
    table_section,
    next_section,
)


class _FirmName(BaseModel):
    name: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class MonthlyReport:
    """The report of a month, without a customer's name, number or word.

    Attributes:
        firm: its name by language.
    """

    gathered: Gathered
    firm: dict[str, str]

    @property
    def month(self) -> Month:
        return self.gathered.month

    def file_name(self, language: str) -> str:
        """Without an ending, such as ``amends-2026-10-zh``."""
        return f"amends-{self.month}-{language}"

    def sections(self, language: str) -> list[Section]:
        """All sections with their words and figures; none where the month is empty."""
        if self.gathered.empty:
            return []
        tell = Telling(language)
        return [section(self.gathered, tell) for section in _SECTIONS]

    def to_html(self, language: str) -> str:
        """One file that works offline and asks for nothing."""
        tell, found = Telling(language), self.gathered
        words = tell.words
        until = found.period.until
        assert until is not None
        return as_html(
            words.title.format(month=words.month_name(found.month)),
            self.sections(language),
            language=language,
            firm=self.firm.get(language, ""),
            made=words.made.format(at=f"{found.made_at:%Y-%m-%d %H:%M}", zone=found.pareto.zone),
            contents=words.contents,
            unfinished="" if found.over else words.unfinished.format(until=tell.day(until)),
            empty=words.empty if found.empty else "",
        )

    def to_json(self) -> dict[str, Any]:
        """The answers that the report tells, without its words."""
        return self.gathered.to_json()


def monthly_report(work: UnitOfWork, around: Surroundings, month: Month) -> MonthlyReport:
    """The report of a month.

    Args:
        work: may read; what is not rolled up yet does not count.

    Raises:
        WrongInput: nothing of the month is over yet.
        TookTooLong: the time that ``around`` allows is over.
        FirmDataError: a file of the firm is wrong.
    """
    return MonthlyReport(gather(work, around, month), read_yaml(around.folder / "firm.yml", _FirmName).name)
