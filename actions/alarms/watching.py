"""Look for complaints that are far more than usual, by category, or with something in common (recovery.clusters)."""

import hashlib
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import func, select

from actions.alarms.raising import AlarmKind, alarms_about, raise_alarm
from actions.cases import COMPLAINED
from actions.firm import Firm
from recovery.case_states import CaseState
from recovery.clusters import Judgement, judge_count
from store.blueprint import NO_STEP
from store.database import UnitOfWork
from store.erasing import slices
from store.tables import Alarm, Case, Fact, Order

WEEK = timedelta(days=7)
# What has so much of its cases in other alarms, or findings, is told with those.
_SAME = 0.6
_LEADING = Case.categories[0].as_string()
# Complaints that count: not those of an incident, which is known, nor what went into another case.
_COUNTED = COMPLAINED & Case.incident_id.is_(None) & (Case.state != CaseState.MERGED)


@dataclass(frozen=True, slots=True)
class Complaint:
    """A case as far as it can be like others.

    Attributes:
        product, order_day: where the facts say so.
    """

    id: int
    number: str
    category: str
    step: str
    opened_at: datetime
    product: str = ""
    order_day: date | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """Complaints that are far more than usual.

    Attributes:
        facet: what they have in common beside the category: ``product``, ``order_day`` or ``service_step``; empty for
            the category alone.
        past: the counts of the same hours in past weeks, the latest first.
        shared: of a category's complaints, how many share the most frequent product or day of order, by facet.
    """

    kind: AlarmKind
    topic: str
    category: str
    facet: str
    window: timedelta
    judgement: Judgement
    past: tuple[int, ...]
    complaints: tuple[Complaint, ...]
    shared: dict[str, int] = field(default_factory=dict)

    def details(self) -> dict[str, Any]:
        """What the alarm keeps; what they have in common is read from the cases when it is shown."""
        return {
            "count": self.judgement.count,
            "expected": round(self.judgement.expected, 2),
            "past": list(self.past),
            "basis": self.judgement.basis.value,
            "hours": self.window / timedelta(hours=1),
            "facet": self.facet,
            "shared": self.shared,
            "cases": [complaint.number for complaint in self.complaints],
        }


def find_unusual(work: UnitOfWork, firm: Firm) -> list[Finding]:
    """What calls for an alarm now, the rarest first; what is in one finding is not told again in another."""
    shortest = min(firm.alarms.unusual.windows)
    found = [
        finding
        for length in firm.alarms.unusual.windows
        if (window := _Window(work, firm, length)).says_something or length == shortest
        for finding in window.find()
    ]
    # A whole category before what is only part of it; of two windows the rarer.
    found.sort(key=lambda one: (one.kind is not AlarmKind.SPIKE, one.judgement.chance))
    told = _told_lately(work, firm)
    kept: list[Finding] = []
    for finding in found:
        numbers = {complaint.number for complaint in finding.complaints}
        others = [cases for key, cases in told if not key.startswith(f"{finding.topic}:")]
        others += [{complaint.number for complaint in other.complaints} for other in kept]
        if len(numbers & set().union(*others)) / len(numbers) < _SAME:
            kept.append(finding)
    return kept


def _told_lately(work: UnitOfWork, firm: Firm) -> list[tuple[str, set[str]]]:
    """Keys and case numbers of alarms that are open, or whose cases may still lie in a window."""
    since = work.now - max(firm.alarms.unusual.windows)
    statement = select(Alarm).where(
        Alarm.kind != AlarmKind.MEDIA, Alarm.closed_at.is_(None) | (Alarm.closed_at > since)
    )
    return [(alarm.key, set(alarm.details.get("cases", []))) for alarm in work.session.scalars(statement)]


def raise_findings(work: UnitOfWork, findings: Iterable[Finding]) -> int:
    """Raise an alarm for each, as :func:`raise_alarm` does; how many are new."""
    return sum(raise_alarm(work, one.kind, one.topic, one.category, one.details()) for one in findings)


def first_complaint(work: UnitOfWork) -> datetime | None:
    """When the history begins."""
    return work.session.scalar(select(func.min(Case.opened_at)))


def weeks_known(firm: Firm, first: datetime | None, now: datetime, window: timedelta) -> int:
    """How many past weeks there are whose same hours lie wholly after the beginning of the history."""
    if first is None:
        return 0
    return min(firm.alarms.unusual.weeks, max(0, (now - window - first) // WEEK))


def lately_in(
    first: datetime | None, start: datetime, now: datetime, count: Callable[[datetime, datetime], int]
) -> float:
    """How many complaints come in the time from ``start`` to now, by the mean of the time before; 0 where that is
    shorter, and so says nothing.

    Args:
        first: when the history begins.
        count: how many there were after a moment, up to another.
    """
    if first is None or start <= first or start - first < now - start:
        return 0.0
    return count(first, start) * ((now - start) / (start - first))


def count_by(work: UnitOfWork, start: datetime, end: datetime) -> Counter[tuple[str, str]]:
    """How many complaints were opened, by leading category and service step."""
    statement = (
        select(_LEADING, Case.service_step, func.count())
        .where(Case.opened_at > start, Case.opened_at <= end, _COUNTED)
        .group_by(_LEADING, Case.service_step)
    )
    return Counter({(category or "", step): count for category, step, count in work.session.execute(statement)})


class _Window:
    """The complaints of one window, up to now."""

    def __init__(self, work: UnitOfWork, firm: Firm, window: timedelta) -> None:
        self._work, self._firm, self._window = work, firm, window
        self._rule = firm.alarms.unusual.rule
        self._first = first_complaint(work)
        self._weeks = weeks_known(firm, self._first, work.now, window)

    @property
    def says_something(self) -> bool:
        """Whether there was as much time before it: the first day of all is like no other, and no more than usual."""
        return self._first is not None and self._work.now - self._first >= 2 * self._window

    def find(self) -> list[Finding]:
        work_now = self._work.now
        complaints = self._between(work_now - self._window, work_now)
        by_category = _grouped(complaints, lambda one: one.category)
        by_step = _grouped((c for c in complaints if c.step != NO_STEP), lambda one: one.step)
        if not any(len(group) >= self._rule.minimum for group in [*by_category.values(), *by_step.values()]):
            return []
        past = [self._counts(work_now - week * WEEK) for week in range(1, self._weeks + 1)]
        found = [
            self._judge(
                AlarmKind.SPIKE,
                f"spike:{category}",
                "",
                group,
                partial(_sums, past, 0, category),
                partial(self._counted, 0, category),
            )
            for category, group in by_category.items()
        ]
        found += [
            self._judge(
                AlarmKind.CLUSTER,
                f"cluster:step:{step}",
                "service_step",
                group,
                partial(_sums, past, 1, step),
                partial(self._counted, 1, step),
            )
            for step, group in by_step.items()
        ]
        for category, group in by_category.items():
            found += self._facets(category, group)
        return [finding for finding in found if finding is not None]

    def _facets(self, category: str, group: list[Complaint]) -> list[Finding | None]:
        if len(group) < self._rule.minimum:
            return []
        group = self._with_facts(group)
        found: list[Finding | None] = []
        for facet, of in _FACETS.items():
            for value, alike in _grouped((c for c in group if of(c)), of).items():
                topic = f"cluster:{category}:{facet}:{_digest(value)}"
                past, counted = partial(self._largest, category, of), partial(self._most, category, of)
                found.append(self._judge(AlarmKind.CLUSTER, topic, facet, alike, past, counted))
        return found

    def _judge(
        self,
        kind: AlarmKind,
        topic: str,
        facet: str,
        complaints: Sequence[Complaint],
        past_of: Callable[[], list[int]],
        counted: Callable[[datetime, datetime], int],
    ) -> Finding | None:
        complaints, start = self._since_closed(topic, complaints)
        # Even against nothing at all: then the past need not be read.
        if not judge_count(len(complaints), [0] * self._rule.weeks_needed, self._rule).unusual:
            return None
        past = past_of()
        few = len(past) < self._rule.weeks_needed
        lately = lately_in(self._first, start, self._work.now, counted) if few else 0.0
        judged = judge_count(len(complaints), past, self._rule, lately)
        if not judged.unusual:
            return None
        category = Counter(c.category for c in complaints).most_common(1)[0][0]
        shared = self._shared(complaints) if not facet else {}
        return Finding(kind, topic, category, facet, self._window, judged, tuple(past), tuple(complaints), shared)

    def _since_closed(self, topic: str, complaints: Sequence[Complaint]) -> tuple[Sequence[Complaint], datetime]:
        """Those that came after the last alarm about it was closed, and since when they count: what was looked at is
        not told again."""
        closed = [alarm.closed_at for alarm in alarms_about(self._work, topic) if alarm.closed_at is not None]
        since = max([self._work.now - self._window, *closed])
        return [c for c in complaints if c.opened_at > since], since

    def _counted(self, place: int, key: str, start: datetime, end: datetime) -> int:
        return _sums([count_by(self._work, start, end)], place, key)[0]

    def _counts(self, end: datetime) -> Counter[tuple[str, str]]:
        return count_by(self._work, end - self._window, end)

    def _largest(self, category: str, of: Callable[[Complaint], object]) -> list[int]:
        """Of each past week, how many had the most frequent product, or day of order, in common."""
        ends = [self._work.now - week * WEEK for week in range(1, self._weeks + 1)]
        return [self._most(category, of, end - self._window, end) for end in ends]

    def _most(self, category: str, of: Callable[[Complaint], object], start: datetime, end: datetime) -> int:
        """How many had the most frequent product, or day of order, in common."""
        group = [complaint for complaint in self._between(start, end) if complaint.category == category]
        return max(Counter(of(c) for c in self._with_facts(group) if of(c)).values(), default=0)

    def _shared(self, complaints: Sequence[Complaint]) -> dict[str, int]:
        known = self._with_facts(list(complaints))
        most = {name: Counter(of(c) for c in known if of(c)).most_common(1) for name, of in _FACETS.items()}
        return {name: top[0][1] for name, top in most.items() if top and top[0][1] > 1}

    def _between(self, start: datetime, end: datetime) -> list[Complaint]:
        statement = (
            select(Case.id, Case.number, _LEADING, Case.service_step, Case.opened_at)
            .where(Case.opened_at > start, Case.opened_at <= end, _COUNTED)
            .order_by(Case.opened_at, Case.id)
        )
        return [
            Complaint(id, number, category or "", step, opened_at)
            for id, number, category, step, opened_at in self._work.session.execute(statement)
        ]

    def _with_facts(self, complaints: list[Complaint]) -> list[Complaint]:
        products: dict[int, str] = {}
        days: dict[int, date] = {}
        for part in slices([complaint.id for complaint in complaints]):
            said = select(Fact.case_id, Fact.value).where(Fact.case_id.in_(part), Fact.key == "product")
            for case_id, value in self._work.session.execute(said):
                products[case_id] = " ".join(unicodedata.normalize("NFKC", value).casefold().split())
            placed = (
                select(Fact.case_id, Order.placed_at)
                .join(Order, Order.number == Fact.value)
                .where(Fact.case_id.in_(part), Fact.key == "order_number")
            )
            for case_id, at in self._work.session.execute(placed):
                days[case_id] = self._firm.local(at).date()
        return [
            Complaint(c.id, c.number, c.category, c.step, c.opened_at, products.get(c.id, ""), days.get(c.id))
            for c in complaints
        ]


_FACETS: dict[str, Callable[[Complaint], Any]] = {
    "product": lambda complaint: complaint.product,
    "order_day": lambda complaint: complaint.order_day,
}


def _sums(weeks: Sequence[Counter[tuple[str, str]]], place: int, key: str) -> list[int]:
    """Of each week, how many had ``key`` as their category (``place`` 0) or service step (1)."""
    return [sum(count for keys, count in week.items() if keys[place] == key) for week in weeks]


def _grouped(complaints: Iterable[Complaint], key: Callable[[Complaint], Any]) -> dict[Any, list[Complaint]]:
    groups: dict[Any, list[Complaint]] = defaultdict(list)
    for complaint in complaints:
        groups[key(complaint)].append(complaint)
    return groups


def _digest(value: object) -> str:
    """A product is called as the customer called it: no key repeats that."""
    return hashlib.sha256(str(value).encode()).hexdigest()[:12]
