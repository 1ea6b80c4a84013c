"""Question: how long do answers and resolutions take? Open cases count as what they are: not over yet."""

import math
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from analytics.case_facts import CaseFacts, case_facts
from analytics.measured import hours_between
from analytics.questions.question import PeriodQuestion, Span
from analytics.series import Slice
from analytics.sigma import WrongInput
from analytics.statistics.log_rank import LogRank, log_rank
from analytics.statistics.nonnormal_capability import QuantileCapability, quantile_capability
from analytics.statistics.proportion import Proportion, proportion
from analytics.statistics.survival import SurvivalCurve, kaplan_meier
from analytics.surroundings import Surroundings
from store.database import UnitOfWork

Until = Literal["acknowledgement", "first_response", "resolution"]
_ENDS: dict[str, tuple[str, str]] = {
    "acknowledgement": ("acknowledged_at", "acknowledge_due"),
    "first_response": ("first_response_at", "first_response_due"),
    "resolution": ("resolved_at", "resolution_due"),
}
# A quarter of an hour to ten days: where the curve is read off for a table.
READ_AT = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 24.0, 72.0, 240.0)
# What took no time by the clock took a second: fitted curves know no 0.
_A_SECOND = 1 / 3600


class TimesQuestion(PeriodQuestion):
    """How long does it take?"""

    to: Until = Field("resolution", description="to the bot's answer, to that of a person, or to the resolution")
    category: str | None = Field(None, description="one category of complaints")
    department: str | None = Field(None, description="one department")
    channel: str | None = Field(None, description="one channel")
    tier: str | None = Field(None, description="one tier of customers")
    language: str | None = Field(None, description="one language")
    split: Literal["category", "department", "channel", "tier", "language", "severity"] | None = Field(
        None, description="compare groups with each other"
    )
    against: Span | None = Field(None, description="compare with another period, earlier or later")
    target: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="hours within which it shall be done; else each case's own limit",
    )
    confidence: float = Field(0.95, gt=0, lt=1, description="of the intervals")

    def answer(self, work: UnitOfWork, around: Surroundings) -> "TimesAnswer":
        if self.split and self.against:
            raise WrongInput("split and against exclude each other: groups are compared, or periods")
        groups: dict[str, _Times] = defaultdict(_Times)
        for period, name in ((self.period, "this period"), (self.against, "the other period")):
            if period is None:
                continue
            part = Slice("recovery", None, self.category, self.department, self.channel, self.tier, self.language)
            for facts in case_facts(work, around, period, part):
                group = self._group(facts) if self.split else name if self.against else ""
                groups[group].add(facts, self.to, work.now)
        told = {name: self._told(times) for name, times in sorted(groups.items()) if times.spans}
        test = None
        if len(told) > 1:
            spans = [span for name in told for span in groups[name].spans]
            over = [end for name in told for end in groups[name].ended]
            around.go_on()
            if any(over):
                test = log_rank(spans, over, [name for name in told for _ in groups[name].spans])
        return TimesAnswer(self, around.zone.key, told, test)

    def _group(self, facts: CaseFacts) -> str:
        return facts.severity if self.split == "severity" else str(getattr(facts.dimensions, self.split or ""))

    def _told(self, times: "_Times") -> "TimesTold":
        curve = kaplan_meier(times.spans, times.ended, transform="log-log", confidence=self.confidence)
        done = [max(span, _A_SECOND) for span, end in zip(times.spans, times.ended, strict=True) if end]
        shares = times.shares if self.target is None else [span / self.target for span in done]
        fit, no_fit = None, None
        try:
            fit = quantile_capability(shares, upper_limit=1.0, method="lognormal", confidence=self.confidence)
        except WrongInput as error:
            no_fit = str(error)
        within = self._within(times)
        return TimesTold(curve, within, fit, no_fit)

    def _within(self, times: "_Times") -> Proportion | None:
        """Of those of whom it is known already: ended, or open beyond the limit."""
        if self.target is None:
            kept, known = times.kept, times.kept + times.missed
        else:
            kept = sum(end and span <= self.target for span, end in zip(times.spans, times.ended, strict=True))
            known = kept + sum(span > self.target for span in times.spans)
        return proportion(kept, known, self.confidence) if known else None


class _Times:
    """Times of one group, in hours of the clock."""

    def __init__(self) -> None:
        self.spans: list[float] = []
        self.ended: list[bool] = []
        # Of those with a limit of their own: what part of it was used, and how it went.
        self.shares: list[float] = []
        self.kept = self.missed = 0

    def add(self, facts: CaseFacts, to: Until, now: datetime) -> None:
        end_name, due_name = _ENDS[to]
        end: datetime | None = getattr(facts, end_name)
        due: datetime | None = getattr(facts, due_name)
        if to == "first_response" and end is None and facts.first_response_due is None:
            return
        if to == "first_response" and end is None and (facts.resolved_at or facts.ended_at):
            # The bot settled it: no person had to answer.
            return
        span = hours_between(facts.heard_at, end or facts.ended_at or now)
        self.spans.append(span)
        self.ended.append(end is not None)
        if due is not None:
            allowed = max(hours_between(facts.heard_at, due), _A_SECOND)
            if end is not None:
                self.shares.append(max(span, _A_SECOND) / allowed)
                self.kept += end <= due
            self.missed += end > due if end is not None else (facts.ended_at or now) > due


@dataclass(frozen=True, slots=True)
class TimesTold:
    """One group.

    Attributes:
        curve: share not over yet by hours since the customer was heard (Kaplan and Meier 1958).
        within: share within the target or the case's own limit, of those of whom it is known.
        fit: capability of what part of the limit was used, 1 being all of it, of cases that are over; ``no_fit`` says
            why there is none.
    """

    curve: SurvivalCurve
    within: Proportion | None
    fit: QuantileCapability | None
    no_fit: str | None

    @property
    def open(self) -> int:
        return self.curve.count - self.curve.events

    def to_json(self) -> dict[str, Any]:
        curve = self.curve
        return {
            "cases": curve.count,
            "ended": curve.events,
            "open": self.open,
            "median_hours": curve.median,
            "median_interval": curve.median_interval.to_json(),
            "ended_share_at_hours": {f"{hours:g}": 1 - curve.survival_at(hours) for hours in READ_AT},
            "curve": [list(row) for row in _thinned(curve)],
            "within_limit": self.within.to_json() if self.within else None,
            "capability": self.fit.to_json() if self.fit else None,
            "no_capability": self.no_fit,
        }


@dataclass(frozen=True, slots=True)
class TimesAnswer:
    """Groups, or periods, and whether they end at the same pace."""

    question: TimesQuestion
    zone: str
    groups: dict[str, TimesTold]
    test: LogRank | None

    def to_json(self) -> dict[str, Any]:
        return {
            "question": self.question.asked(),
            "zone": self.zone,
            "unit": "hours of the clock",
            "groups": [{"group": name, **told.to_json()} for name, told in self.groups.items()],
            "log_rank": self.test.to_json() if self.test else None,
            "empty": not self.groups,
        }

    def to_text(self) -> str:
        question = self.question
        title = f"Time to {question.to.replace('_', ' ')}, {question.period}, in hours of the clock"
        if not self.groups:
            return f"{title}: no cases yet."
        lines = [title]
        limit = f"{question.target:g} hours" if question.target else "the limit of each"
        for name, told in self.groups.items():
            median = "not reached yet" if told.curve.median is None else _span(told.curve.median)
            interval = told.curve.median_interval
            ends = f"{_span(interval.low)} to {_span(interval.high)}"
            lines += [
                "",
                f"{name + ': ' if name else ''}{told.curve.count:,} cases, {told.open:,} not over yet",
                f"  median {median}  ({interval.confidence:.0%} interval {ends})",
                "  over after  " + "  ".join(f"{at:g} h {1 - told.curve.survival_at(at):.0%}" for at in READ_AT),
            ]
            if told.within is not None:
                low, high = told.within.interval.low, told.within.interval.high
                lines.append(f"  within {limit}: {told.within.value:.1%}  ({low:.1%} to {high:.1%})")
            if told.fit is not None:
                found = told.fit
                lines.append(
                    f"  capability against the limit: Ppk {found.ppk:.2f}  ({found.ppk_interval.low:.2f} to "
                    f"{found.ppk_interval.high:.2f}, {found.method}); {found.expected_beyond:.1%} expected beyond"
                )
            elif told.no_fit is not None:
                lines.append(f"  no capability yet: {told.no_fit}")
        if self.test is not None:
            verdict = "they differ" if self.test.p < 1 - question.confidence else "no difference can be shown"
            ratio = ""
            if self.test.hazard_ratio is not None:
                first, second = self.test.groups
                ratio = f"; pace of {second} {self.test.hazard_ratio:.2f} times that of {first}"
            lines += ["", f"log-rank test (Mantel 1966): p = {self.test.p:.3g}: {verdict}{ratio}"]
        return "\n".join(lines)


def _span(hours: float) -> str:
    if hours == math.inf:
        return "…"
    for size, unit in ((1.0, "h"), (1 / 60, "min")):
        if hours >= size:
            return f"{hours / size:.3g} {unit}"
    return f"{hours * 3600:.3g} s"


_MOST_POINTS = 400


def _thinned(curve: SurvivalCurve) -> list[tuple[float, float, float | None, float | None]]:
    """Time, share not over yet and its bounds, at no more times than a picture can show."""
    step = max(1, len(curve.times) // _MOST_POINTS)
    chosen = [*range(0, len(curve.times), step)]
    if curve.times and chosen[-1] != len(curve.times) - 1:
        chosen.append(len(curve.times) - 1)
    # Where nobody is left the bounds are not a number.
    return [(curve.times[at], curve.survival[at], _known(curve.low[at]), _known(curve.high[at])) for at in chosen]


def _known(value: float) -> float | None:
    return value if value == value else None
