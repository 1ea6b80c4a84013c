"""How figures are said in the report."""

from datetime import date
from typing import Any

from analytics.figures.numbers import show_p, show_share, show_sigma
from analytics.reporting.words import ReportWords, report_words
from analytics.sigma import DefectRate, NoDenominator
from analytics.statistics.proportion import Proportion
from analytics.words.sentences import in_language
from recovery.money import WHOLE


class Telling:
    """Says figures in one language.

    Attributes:
        words: of the report.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self.words: ReportWords = report_words(language)

    def sigma(self, rate: DefectRate | NoDenominator) -> str:
        """The level; without a defect its bound, without a denominator a dash."""
        if isinstance(rate, NoDenominator):
            return "–"
        if rate.sigma_level is None:
            return self.words.at_least.format(low=show_sigma(rate.sigma_low))
        return show_sigma(rate.sigma_level)

    def sigma_interval(self, rate: DefectRate | NoDenominator) -> str:
        if isinstance(rate, NoDenominator):
            return "–"
        if rate.sigma_high is None:
            return self.words.at_least.format(low=show_sigma(rate.sigma_low))
        return self.words.between(show_sigma(rate.sigma_low), show_sigma(rate.sigma_high))

    def proportion(self, found: Proportion | None) -> str:
        if found is None:
            return "–"
        interval = self.words.between(show_share(found.interval.low), show_share(found.interval.high))
        return f"{show_share(found.value)}（{interval}）" if self.language == "zh" else (
            f"{show_share(found.value)} ({interval})"
        )  # fmt: skip

    def p(self, value: float | None) -> str:
        return show_p(value)

    def money(self, minor: float, currency: str | None) -> str:
        """Minor units as people write them."""
        if minor in (float("inf"), float("-inf")):
            return "…"
        if currency in WHOLE or currency is None:
            return f"{minor:,.0f} {currency or ''}".strip()
        return f"{minor / 100:,.2f} {currency}"

    def day(self, day: date) -> str:
        if self.language == "zh":
            return f"{day.month} 月 {day.day} 日"
        return f"{day.day} {day:%b}"

    def reason(self, sentence: str) -> str:
        """Why something cannot be told, in this language."""
        return in_language(sentence, self.language)

    def listed(self, items: list[str]) -> str:
        return ("、" if self.language == "zh" else ", ").join(items)

    def column(self, *keys: str) -> list[str]:
        return [self.words.columns[key] for key in keys]

    def name(self, names: dict[str, Any], key: str) -> str:
        """The name in this language, or the key."""
        return str(names.get(self.language) or key or "–")
