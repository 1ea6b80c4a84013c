"""The life of one made-up complaint, from the first word to its end, with the chances of everything in between."""

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

import numpy as np
import scipy

from analytics.simulating.firm import SimulatedFirm
from analytics.simulating.people import Bought, Person, Random
from analytics.simulating.plan import Truths
from recovery.events import CaseDimensions
from store.calendar import WorkingCalendar

_ACKNOWLEDGED_WITHIN = timedelta(seconds=30)
_RESOLVED_WITHIN = {"critical": timedelta(minutes=30), "high": timedelta(hours=2), "medium": timedelta(hours=24)}
_ANSWERED_WITHIN = {
    "critical": timedelta(minutes=10),
    "high": timedelta(minutes=30),
    "medium": timedelta(hours=2),
    "low": timedelta(hours=4),
}
_WORKING_DAYS = 3
_SEVERITIES = (("low", 0.50), ("medium", 0.36), ("high", 0.14))
_URGENT = ("safety", "privacy_security")
_OUTCOME = ("delivery", "product_quality", "product_mismatch", "billing_price", "safety", "privacy_security", "other")

# Chances.
_LATE_ACKNOWLEDGEMENT = 0.015
_BY_THE_BOT = {"low": 0.62, "medium": 0.45, "high": 0.15, "critical": 0.0}
_ACCEPTED_FROM_BOT, _ACCEPTED_FROM_PERSON = 0.80, 0.72
_MISREAD = 0.07
_UNFOUNDED = 0.05
_WITHDRAWN = 0.02
_PROMISED, _KEPT = 0.40, 0.91
_LATE_ANSWER = 0.10
_RATED, _ALL_THREE = 0.46, 0.7
# How much times spread: standard deviation of their logarithm.
_SPREAD = 0.9


@dataclass(slots=True)
class Offered:
    """A round of offers: one choice is enough here."""

    at: datetime
    answered_at: datetime
    accepted: bool
    kind: str
    amount: int
    cost: int


@dataclass(slots=True)
class Life:
    """What happened to one complaint; what did not happen is None.

    Attributes:
        before: how the machine read it first, where staff corrected it.
        due: of acknowledgement, first response by a person, and resolution.
    """

    number: str
    person: Person
    category: str
    step: str
    dimensions: CaseDimensions
    severity: str
    emotion: int
    outcome_failure: bool
    heard_at: datetime
    opened_at: datetime
    acknowledged_at: datetime
    acknowledge_due: datetime
    answer_due: datetime
    resolution_due: datetime
    order: Bought | None
    words: str
    before: tuple[str, str, CaseDimensions] | None = None
    corrected_at: datetime | None = None
    handed_over_at: datetime | None = None
    answered_at: datetime | None = None
    judged_at: datetime | None = None
    valid: bool | None = None
    offers: list[Offered] = field(default_factory=list)
    executed_at: datetime | None = None
    promise_due: datetime | None = None
    promise_settled_at: datetime | None = None
    promise_kept: bool = True
    resolved_at: datetime | None = None
    withdrawn_at: datetime | None = None
    rated_at: datetime | None = None
    score: int = 0
    fairness: tuple[int, int, int] | None = None
    reopened_at: datetime | None = None
    resolved_again_at: datetime | None = None
    closed_at: datetime | None = None
    about: "Life | None" = None

    @property
    def ends_at(self) -> datetime:
        return self.closed_at or self.withdrawn_at or self.opened_at + timedelta(days=30)

    @property
    def by_person(self) -> bool:
        return self.handed_over_at is not None


class Lives:
    """Lives complaints."""

    def __init__(self, random: Random, firm: SimulatedFirm, truths: Truths, calendar: WorkingCalendar) -> None:
        self._random, self._firm, self._truths, self._calendar = random, firm, truths, calendar

    def dimensions(self, category: str, person: Person) -> CaseDimensions:
        department = self._firm.department_of(category)
        return CaseDimensions(category, department, person.label, person.tier, person.language)

    def live(
        self, number: str, person: Person, category: str, heard_at: datetime, words: str, order: Bought | None
    ) -> Life:
        """Let a complaint happen.

        Args:
            number: the case's public number.
            category: what really failed.
        """
        random = self._random
        severity = "critical" if category in _URGENT else _pick(random, _SEVERITIES)
        opened = heard_at + self._seconds(1.0, 3.0)
        late = random.random() < _LATE_ACKNOWLEDGEMENT
        life = Life(
            number=number,
            person=person,
            category=category,
            step=self._firm.blueprint.step_of(category),
            dimensions=self.dimensions(category, person),
            severity=severity,
            emotion=int(random.choice(4, p=(0.12, 0.55, 0.27, 0.06))),
            outcome_failure=category in _OUTCOME,
            heard_at=heard_at,
            opened_at=opened,
            acknowledged_at=heard_at + (self._seconds(40, 240) if late else self._seconds(4, 12)),
            acknowledge_due=heard_at + _ACKNOWLEDGED_WITHIN,
            answer_due=opened + _ANSWERED_WITHIN[severity],
            resolution_due=self._due(opened, severity),
            order=order,
            words=words,
        )
        if random.random() >= _BY_THE_BOT[severity]:
            self._handed_over(life)
        self._offered(life)
        if random.random() < _WITHDRAWN:
            self._withdrawn(life)
            return life
        self._resolved(life)
        self._rated(life)
        self._after(life)
        return life

    def _handed_over(self, life: Life) -> None:
        random = self._random
        life.handed_over_at = life.opened_at + self._seconds(20, 240)
        limit = life.answer_due - life.opened_at
        life.answered_at = max(
            life.handed_over_at + timedelta(seconds=20), life.opened_at + limit * self._share(_LATE_ANSWER)
        )
        if random.random() < _MISREAD:
            others = [one for one in ("delivery", "product_quality", "service_delay", "other") if one != life.category]
            wrong = str(random.choice(others))
            where = self.dimensions(wrong, life.person)
            life.before = (wrong, self._firm.blueprint.step_of(wrong), where)
            life.corrected_at = life.answered_at + self._seconds(30, 600)
        if random.random() < 0.5:
            life.judged_at = life.answered_at + self._seconds(120, 3600)
            life.valid = random.random() >= _UNFOUNDED / 0.5
        if random.random() < _PROMISED:
            life.promise_due = life.answered_at + timedelta(hours=float(random.choice([2, 4, 24])))
            life.promise_kept = random.random() < _KEPT
            span = life.promise_due - life.answered_at
            life.promise_settled_at = life.answered_at + span * (
                float(random.uniform(0.3, 0.95)) if life.promise_kept else 1
            )

    def _offered(self, life: Life) -> None:
        random = self._random
        if life.valid is False:
            return
        begin = (life.answered_at or life.opened_at) + self._seconds(20, 90)
        for round_ in (1, 2):
            kind, amount, cost = self._remedy(life)
            accepted = random.random() < (_ACCEPTED_FROM_PERSON if life.by_person else _ACCEPTED_FROM_BOT)
            # The second time round people settle.
            accepted = accepted or round_ == 2
            answered = begin + timedelta(minutes=float(random.lognormal(1.6, 0.8)))
            life.offers.append(Offered(begin, answered, accepted, kind, amount, cost))
            if accepted:
                life.executed_at = answered + self._seconds(5, 120)
                return
            if not life.by_person:
                self._handed_over_late(life, answered)
            begin = max(answered, life.answered_at or answered) + self._seconds(60, 900)

    def _handed_over_late(self, life: Life, at: datetime) -> None:
        """The customer wanted none of what the machine could offer."""
        life.handed_over_at = at + self._seconds(2, 10)
        limit = life.answer_due - life.opened_at
        life.answer_due = life.handed_over_at + limit
        life.answered_at = life.handed_over_at + limit * self._share(_LATE_ANSWER)

    def _remedy(self, life: Life) -> tuple[str, int, int]:
        random = self._random
        total = life.order.total if life.order else 0
        if not total or (not life.outcome_failure and random.random() < 0.55):
            return "apology", 0, 0
        if life.category in ("product_quality", "product_mismatch") and random.random() < 0.4:
            return "replacement", 0, int(total * 0.6)
        share = float(random.uniform(0.5, 1.0) if life.outcome_failure else random.uniform(0.05, 0.15))
        kind = "refund" if random.random() < 0.5 else "voucher"
        amount = max(100, min(30_000, round(total * share * (1.0 if kind == "refund" else 0.3), -2)))
        return kind, int(amount), int(amount if kind == "refund" else amount * 0.7)

    def _withdrawn(self, life: Life) -> None:
        at = life.opened_at + timedelta(hours=float(self._random.uniform(0.2, 20)))
        # Who has had amends takes nothing back.
        at = life.withdrawn_at = min(at, life.executed_at or at)
        # What would have come later did not.
        for name in ("answered_at", "judged_at", "executed_at", "promise_settled_at", "corrected_at", "handed_over_at"):
            moment = getattr(life, name)
            if moment is not None and moment >= at:
                setattr(life, name, None)
        if life.judged_at is None:
            life.valid = None
        if life.corrected_at is None:
            life.before = None
        if life.answered_at is None:
            life.promise_due = life.promise_settled_at = None
        life.offers = [offer for offer in life.offers if offer.answered_at < at]

    def _resolved(self, life: Life) -> None:
        """Cases of the bot end with the remedy; those of people take the time that their department takes."""
        done = max(moment for moment in (life.executed_at, life.answered_at, life.opened_at) if moment is not None)
        life.resolved_at = done + self._seconds(1, 20)
        if life.by_person:
            day = life.heard_at.astimezone(self._firm.zone).date()
            late = self._truths.late_share(life.dimensions.department, day)
            limit = life.resolution_due - life.opened_at
            needed = life.opened_at + limit * self._share(late)
            life.resolved_at = max(needed, done + self._seconds(60, 600))
            if life.promise_settled_at and life.promise_kept and life.promise_settled_at > life.resolved_at:
                life.promise_settled_at = life.resolved_at

    def _rated(self, life: Life) -> None:
        random = self._random
        assert life.resolved_at is not None
        if random.random() >= _RATED or life.valid is False:
            return
        content = 4.45 + 0.7 * float(random.normal())
        content -= 1.0 * (life.resolved_at > life.resolution_due) + 1.3 * (not life.promise_kept)
        content -= 0.5 * (len(life.offers) > 1) + 0.15 * life.emotion
        content += 0.25 * (life.by_person and life.resolved_at <= life.resolution_due)
        life.score = _stars(content)
        life.rated_at = life.resolved_at + timedelta(hours=24 + float(random.gamma(1.5, 8)))
        if random.random() < _ALL_THREE:
            outcome = content + 0.4 * float(random.normal()) - 0.4 * (len(life.offers) > 1)
            procedure = content + 0.4 * float(random.normal()) - 0.5 * (life.resolved_at > life.resolution_due)
            interaction = content + 0.5 * float(random.normal()) + 0.3
            life.fairness = (_stars(outcome), _stars(procedure), _stars(interaction))

    def _after(self, life: Life) -> None:
        random = self._random
        assert life.resolved_at is not None
        again = 0.5 if 0 < life.score <= 2 else 0.02
        end = life.resolved_at
        if random.random() < again:
            begin = life.rated_at if 0 < life.score <= 2 and life.rated_at else life.resolved_at
            life.reopened_at = begin + timedelta(hours=float(random.uniform(0.05, 30)))
            end = life.resolved_again_at = life.reopened_at + timedelta(hours=float(random.gamma(2, 12)))
        life.closed_at = max(end, life.rated_at or end) + timedelta(days=7)

    def _share(self, late: float) -> float:
        """Which part of a limit is used, where ``late`` of all use more than all of it."""
        middle = -_SPREAD * float(scipy.stats.norm.isf(late))
        return float(np.exp(middle + _SPREAD * self._random.normal()))

    def _due(self, opened: datetime, severity: str) -> datetime:
        if severity != "low":
            return opened + _RESOLVED_WITHIN[severity]
        zone = self._firm.zone
        day, left = opened.astimezone(zone).date(), _WORKING_DAYS
        while left:
            day += timedelta(days=1)
            left -= self._calendar.is_worked(day)
        return datetime.combine(day + timedelta(days=1), time(), zone)

    def _seconds(self, least: float, most: float) -> timedelta:
        return timedelta(seconds=float(self._random.uniform(least, most)))


def _stars(content: float) -> int:
    return int(min(5, max(1, round(content))))


def _pick(random: Random, among: tuple[tuple[str, float], ...]) -> str:
    return str(random.choice([name for name, _ in among], p=[chance for _, chance in among]))
