"""Question: did it change from one period to another?"""

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from analytics.case_facts import case_facts
from analytics.charts.overdispersion import dispersion
from analytics.charts.series import Series
from analytics.periods import Period
from analytics.questions.question import Span
from analytics.questions.slices import PartQuestion
from analytics.recovery_steps import RECOVERY
from analytics.series import CountSeries, count_series
from analytics.sigma import WrongInput
from analytics.statistics.two_proportions import TwoProportions, two_proportions
from analytics.statistics.two_rates import TwoRates, two_rates
from analytics.statistics.two_samples import TwoSamples, mann_whitney
from analytics.surroundings import Surroundings
from store.database import UnitOfWork

# Below it the score test of two shares is not to be trusted, and Fisher's is taken (Cochran 1954).
_SMALL = 5.0
_MANY_DAYS = 20_000


class CompareQuestion(PartQuestion):
    """Before and after."""

    before: Span = Field(description="the days before")
    after: Span = Field(description="the days after")
    measure: Literal["defects", "rating"] = Field("defects", description="what is compared")
    alternative: Literal["two-sided", "less", "greater"] = Field(
        "two-sided", description="less: it fell; greater: it rose; named before looking, or two-sided"
    )
    confidence: float = Field(0.95, gt=0, lt=1, description="of the interval, and 1 less the level of the test")

    def answer(self, work: UnitOfWork, around: Surroundings) -> "Comparison":
        self.see_that_the_step_exists(around)
        if _overlap(self.before, self.after):
            raise WrongInput("before and after: the two periods overlap, so the same cases would stand on both sides")
        if self.measure == "rating":
            return self._of_ratings(work, around)
        first, second = (self._counts(work, around, period) for period in (self.before, self.after))
        notes = [*_varying("before", first, self.process), *_varying("after", second, self.process)]
        try:
            if self.process == RECOVERY:
                return self._of_shares(first, second, notes)
            return self._of_rates(first, second, notes)
        except WrongInput as error:
            return Comparison(self, None, None, None, None, (*notes, f"no test: {error}"))

    def _counts(self, work: UnitOfWork, around: Surroundings, period: Period) -> CountSeries | None:
        today = work.now.astimezone(around.zone).date()
        found = count_series(work, self.part, period, "day", today=today)
        return found[0] if found else None

    def _of_shares(self, first: CountSeries | None, second: CountSeries | None, notes: list[str]) -> "Comparison":
        (failed, of), (failed_later, of_later) = (_told(series) for series in (first, second))
        if not of or not of_later:
            raise WrongInput(f"there is no opportunity {'before' if not of else 'after'}")
        result = two_proportions(
            (failed, of), (failed_later, of_later), alternative=self.alternative, confidence=self.confidence
        )
        pooled = (failed + failed_later) / (of + of_later)
        small = min(of, of_later) * min(pooled, 1 - pooled) < _SMALL
        test = "Fisher's exact test of two shares (1935)" if small else "score test of two shares (Pearson 1900)"
        return Comparison(self, test, result.p_exact if small else result.p_score, result, None, tuple(notes))

    def _of_rates(self, first: CountSeries | None, second: CountSeries | None, notes: list[str]) -> "Comparison":
        exposures = []
        unit = "by volume"
        if first is None or second is None or first.opportunities is None or second.opportunities is None:
            why = next((one.no_denominator for one in (first, second) if one and one.no_denominator), "no cases")
            notes.append(f"no denominator: {why}; complaints a day are compared, which grow with the business, too")
            unit = "a day"
        for series, period in ((first, self.before), (second, self.after)):
            if series is not None and series.without_denominator and unit == "by volume":
                notes.append(f"{series.without_denominator} defects of days without a volume are left out ({period})")
            days = len(series.days) if series else 0
            if unit == "a day" and period.since and period.until:
                days = (period.until - period.since).days + 1
            exposures.append(float(days if unit == "a day" else series.total.opportunities if series else 0))
        counts = [series.total.defects if series else 0 for series in (first, second)]
        if unit == "a day":
            without = [series.without_denominator if series else 0 for series in (first, second)]
            counts = [counts[0] + without[0], counts[1] + without[1]]
        result = two_rates(
            (counts[0], exposures[0]),
            (counts[1], exposures[1]),
            alternative=self.alternative,
            confidence=self.confidence,
        )
        test = f"exact conditional test of two Poisson rates {unit} (Przyborowski and Wilenski 1940)"
        return Comparison(self, test, result.p, result, None, tuple(notes))

    def _of_ratings(self, work: UnitOfWork, around: Surroundings) -> "Comparison":
        before, after = (
            [facts.rating for facts in case_facts(work, around, period, self.part) if facts.rating is not None]
            for period in (self.before, self.after)
        )
        try:
            result = mann_whitney(before, after, alternative=self.alternative, confidence=self.confidence)
        except WrongInput as error:
            return Comparison(self, None, None, None, None, (f"no test: {error}",))
        test = f"rank-sum test of two samples, {result.method} (Mann and Whitney 1947)"
        return Comparison(self, test, result.p, None, result, ())


@dataclass(frozen=True, slots=True)
class Comparison:
    """Before and after, and the test.

    Attributes:
        test: its name; None where there is nothing to test, as the notes say.
        p: of no change.
        counts: shares or rates, with interval and effect.
        ratings: ranks of ratings, with interval and effect.
        notes: what a reader must know before believing this.
    """

    question: CompareQuestion
    test: str | None
    p: float | None
    counts: TwoProportions | TwoRates | None
    ratings: TwoSamples | None
    notes: tuple[str, ...]

    @property
    def changed(self) -> bool | None:
        """Whether a change is shown at the level that goes with the confidence; None without a test."""
        return None if self.p is None else self.p < 1 - self.question.confidence

    def to_json(self) -> dict[str, Any]:
        result = self.counts or self.ratings
        return {
            "question": self.question.asked(),
            "test": self.test,
            "p": self.p,
            "changed": self.changed,
            "result": result.to_json() if result else None,
            "notes": list(self.notes),
            "empty": result is None,
        }

    def to_text(self) -> str:
        question = self.question
        title = f"{str(question.part).capitalize()}, {question.measure}: {question.before}, then {question.after}"
        lines = [title, ""]
        if isinstance(self.counts, TwoProportions):
            lines += [_share_line("before", self.counts.before), _share_line("after", self.counts.after)]
            interval = self.counts.interval
            lines.append(
                f"difference {self.counts.difference:+.2%}  ({interval.confidence:.0%} interval {interval.low:+.2%} to "
                f"{interval.high:+.2%}, {interval.method})"
            )
        elif isinstance(self.counts, TwoRates):
            found = self.counts
            lines += [
                f"before  {found.before_count:,} in {found.before_exposure:,.0f}: {found.before_rate:.4g}",
                f"after   {found.after_count:,} in {found.after_exposure:,.0f}: {found.after_rate:.4g}",
                f"ratio {found.ratio:.3g}  ({found.interval.confidence:.0%} interval {found.interval.low:.3g} to "
                f"{found.interval.high:.3g}, {found.interval.method})",
            ]
        elif self.ratings is not None:
            chance = self.ratings.superiority_interval
            lines += [
                f"{self.ratings.before_count:,} ratings before, {self.ratings.after_count:,} after",
                f"chance that one after is the better {self.ratings.superiority:.1%}  ({chance.confidence:.0%} "
                f"interval {chance.low:.1%} to {chance.high:.1%}); median difference {self.ratings.shift:+g}",
            ]
        if self.p is not None:
            verdict = "it changed" if self.changed else "no change can be shown"
            lines.append(f"{self.test}, {question.alternative}: p = {self.p:.3g}: {verdict}")
        lines += [f"note: {note}" for note in self.notes]
        return "\n".join(lines)


def _overlap(first: Period, second: Period) -> bool:
    begins = max((end for end in (first.since, second.since) if end), default=None)
    ends = min((end for end in (first.until, second.until) if end), default=None)
    return begins is None or ends is None or begins <= ends


def _told(series: CountSeries | None) -> tuple[int, int]:
    if series is None:
        return 0, 0
    return series.total.defects, series.total.opportunities


def _varying(when: str, series: CountSeries | None, process: str) -> list[str]:
    """A word of warning where days differ more than chance lets them: tests that take cases as independent then see
    changes where there are none."""
    if series is None or len(series) > _MANY_DAYS:
        return []
    try:
        # Without a denominator each day is as much as any other.
        sizes = series.opportunities or [1] * len(series)
        found = dispersion("p" if process == RECOVERY else "u", Series.of(series.defects, sizes))
    except WrongInput:
        return []
    if found.advised == "ordinary":
        return []
    return [f"the days {when} vary {found.ratio:.1f} times as much as chance alone lets them: p is too small"]


def _share_line(when: str, found: Any) -> str:
    return (
        f"{when:<8}{found.successes:,} of {found.total:,}: {found.value:.2%}  ({found.interval.low:.2%} to "
        f"{found.interval.high:.2%})"
    )
