"""Question: what did recoveries achieve, what did they cost, and who drifts away all the same?"""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Self

from pydantic import Field, model_validator
from sqlalchemy import select

from analytics.case_facts import CaseFacts, case_facts
from analytics.measured import hours_between
from analytics.purchases import Drifting, drifting, orders_of
from analytics.questions.question import PeriodQuestion
from analytics.questions.recovery_text import recovery_text
from analytics.sigma import WrongInput
from analytics.statistics.customers import concentration, repeat_complaints
from analytics.statistics.recovery_cost import cost_per_regained
from analytics.statistics.recovery_paradox import recovery_paradox
from analytics.statistics.recovery_quality import double_deviation, fairness_on_rating, rating_by_speed, share_of_fives
from analytics.statistics.result import Result
from analytics.surroundings import Surroundings
from recovery.events import HandlingComplained
from store.database import UnitOfWork
from store.tables.outcomes import OutcomeEventRow

# S0's limits by urgency, in hours: 30 minutes, 2 hours, 24 hours, 3 days.
SPEEDS = (0.5, 2.0, 24.0, 72.0)
LOW = 2

NotEnough = str
Part = Result | tuple[Result, ...] | NotEnough


class RecoveryQuestion(PeriodQuestion):
    """What did recoveries achieve?"""

    window: int = Field(
        90, ge=1, le=730, description="days after a complaint in which another one, or an order, counts as coming back"
    )
    never_failed: tuple[int, ...] = Field(
        (), description="how many customers that were never failed gave 1, 2, 3, 4 and 5 in your own survey, such as "
        "3,5,20,120,300; for the recovery paradox"
    )  # fmt: skip
    confidence: float = Field(0.95, gt=0, lt=1, description="of the intervals")

    @model_validator(mode="after")
    def _five_numbers(self) -> Self:
        if self.never_failed and (len(self.never_failed) != 5 or min(self.never_failed) < 0):
            raise ValueError("never_failed: five numbers are needed, of the ratings 1 to 5, none below 0")
        if sum(self.never_failed) > 1_000_000:
            raise ValueError("never_failed: a million ratings are the most")
        return self

    def answer(self, work: UnitOfWork, around: Surroundings) -> "RecoveryAnswer":
        handling = select(OutcomeEventRow.details).where(OutcomeEventRow.kind == HandlingComplained.kind)
        rows = work.session.scalars(handling)
        complained_of = {str(details.get("first_case")) for details in rows}
        told = _Columns()
        for facts in case_facts(work, around, self.period):
            told.add(facts, facts.number in complained_of, around)
        today = work.now.astimezone(around.zone).date()
        sections: dict[str, Part] = {
            "fives": _try(lambda: share_of_fives(told.ratings, confidence=self.confidence)),
            "double_deviation": _try(lambda: self._double(told)),
            "fairness": _try(lambda: self._fairness(told)),
            "speed": _try(lambda: rating_by_speed(told.hours, told.timed, SPEEDS, confidence=self.confidence)),
            "paradox": _try(lambda: self._paradox(told)),
        }
        around.go_on()
        sections["cost"], currency = self._cost(work, told, work.now)
        sections["repeats"] = _try(lambda: self._repeats(told, today))
        sections["concentration"] = _try(lambda: self._concentration(told))
        sections["drifting"] = self._drifting(work, around, today)
        return RecoveryAnswer(self, around.zone.key, told.cases, currency, sections)

    def _double(self, told: "_Columns") -> Result:
        if not told.settled:
            raise WrongInput("no case has been settled yet")
        return double_deviation(told.settled, confidence=self.confidence)

    def _fairness(self, told: "_Columns") -> tuple[Result, ...]:
        if len(told.fair_ratings) < 4:
            raise WrongInput(f"{len(told.fair_ratings)} customers answered all three questions; four are needed")
        return fairness_on_rating(told.fairness, told.fair_ratings, confidence=self.confidence)

    def _paradox(self, told: "_Columns") -> Result:
        if not self.never_failed:
            raise WrongInput("customers who were never failed are not asked here: tell their ratings by never_failed")
        never = [score for score, number in enumerate(self.never_failed, 1) for _ in range(number)]
        return recovery_paradox(never, told.recovered, told.not_recovered, confidence=self.confidence)

    def _cost(self, work: UnitOfWork, told: "_Columns", now: datetime) -> tuple[Part, str | None]:
        window = timedelta(days=self.window)
        old = [row for row in told.spent if row[1] + window <= now]
        if not old:
            return f"no case was resolved more than {self.window} days ago, so nobody can have come back for sure", None
        orders = orders_of(work, sorted({row[0] for row in old}))
        if not orders:
            return "no orders of these customers are on record (POST /api/v1/orders)", None
        kinds = Counter(currency for _, _, costs in old for currency, _ in costs)
        currency = kinds.most_common(1)[0][0] if kinds else None
        rows = [row for row in old if all(other == currency for other, _ in row[2])]
        costs = [sum(amount for _, amount in row[2]) for row in rows]
        back = [any(row[1] < at <= row[1] + window for at in orders.get(row[0], ())) for row in rows]
        return _try(lambda: cost_per_regained(costs, back, confidence=self.confidence)), currency

    def _repeats(self, told: "_Columns", today: date) -> Result:
        if not told.customers:
            raise WrongInput("no case with a customer is on record")
        order = sorted(range(len(told.customers)), key=lambda at: told.opened[at])
        customers, opened = [told.customers[at] for at in order], [told.opened[at] for at in order]
        last = min(today, self.until or today)
        return repeat_complaints(
            customers, opened, max(last, opened[-1]), window=self.window, confidence=self.confidence
        )

    def _concentration(self, told: "_Columns") -> Result:
        if not told.customers:
            raise WrongInput("no case with a customer is on record")
        return concentration(list(Counter(told.customers).values()))

    def _drifting(self, work: UnitOfWork, around: Surroundings, today: date) -> Drifting | NotEnough:
        return drifting(work, around, today) or "no orders are on record (POST /api/v1/orders)"


@dataclass
class _Columns:
    """What is kept of each case: some numbers, so that many cases fit."""

    cases: int = 0
    ratings: list[int] = field(default_factory=list)
    hours: list[float] = field(default_factory=list)
    timed: list[int] = field(default_factory=list)
    recovered: list[int] = field(default_factory=list)
    not_recovered: list[int] = field(default_factory=list)
    settled: dict[str, list[bool]] = field(default_factory=lambda: defaultdict(list))
    fairness: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    fair_ratings: list[int] = field(default_factory=list)
    customers: list[int] = field(default_factory=list)
    opened: list[date] = field(default_factory=list)
    spent: list[tuple[int, datetime, tuple[tuple[str, int], ...]]] = field(default_factory=list)

    def add(self, facts: CaseFacts, complained_of: bool, around: Surroundings) -> None:
        self.cases += 1
        if facts.customer_id is not None:
            self.customers.append(facts.customer_id)
            self.opened.append(facts.heard_at.astimezone(around.zone).date())
        if facts.unfounded:
            # Nothing was to be made good.
            return
        failed_again = facts.promise_broken or facts.reopened or complained_of
        if facts.resolved_at is not None:
            self.settled["promise broken"].append(facts.promise_broken)
            self.settled["reopened"].append(facts.reopened)
            self.settled["low rating"].append(facts.rating is not None and facts.rating <= LOW)
            self.settled["handling complained of"].append(complained_of)
            if facts.customer_id is not None:
                self.spent.append((facts.customer_id, facts.resolved_at, facts.costs))
        if facts.rating is None:
            return
        self.ratings.append(facts.rating)
        # Not by the rating itself, or the comparison would prove what it presupposes.
        (self.recovered if facts.resolved_at and not failed_again else self.not_recovered).append(facts.rating)
        if facts.resolved_at is not None:
            self.hours.append(hours_between(facts.heard_at, facts.resolved_at))
            self.timed.append(facts.rating)
        if facts.outcome is not None and facts.procedure is not None and facts.interaction is not None:
            self.fair_ratings.append(facts.rating)
            for name in ("outcome", "procedure", "interaction"):
                self.fairness[name].append(getattr(facts, name))


def _try(reckon: Callable[[], Result | tuple[Result, ...]]) -> Part:
    try:
        return reckon()
    except WrongInput as error:
        return str(error)


@dataclass(frozen=True, slots=True)
class RecoveryAnswer:
    """Each part with its result, or in words why there is none yet.

    Attributes:
        currency: of the costs, which are in minor units; cases with another are left out there.
    """

    question: RecoveryQuestion
    zone: str
    cases: int
    currency: str | None
    sections: dict[str, Part]

    def to_json(self) -> dict[str, Any]:
        parts: dict[str, Any] = {}
        for name, found in self.sections.items():
            if isinstance(found, str):
                parts[name] = {"result": None, "not_enough": found}
            else:
                plain = [one.to_json() for one in found] if isinstance(found, tuple) else found.to_json()
                parts[name] = {"result": plain, "not_enough": None}
        return {
            "question": self.question.asked(),
            "zone": self.zone,
            "cases": self.cases,
            "currency": self.currency,
            "parts": parts,
            "empty": self.cases == 0,
        }

    def to_text(self) -> str:
        title = f"Recoveries, {self.question.period}: {self.cases:,} complaints"
        if not self.cases:
            return f"Recoveries, {self.question.period}: no cases yet."
        return recovery_text(title, self.sections, self.currency)
