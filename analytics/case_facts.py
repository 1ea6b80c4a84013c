"""What outcome events say of each case, read in a stream: times, ratings, promises and costs that no daily count holds.

Customers, and limits that are still to come, are in no outcome event; they are looked up by case number.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from sqlalchemy import select

from analytics.case_history import CaseHistory, read_event
from analytics.periods import ALL_DAYS, Period
from analytics.roll_up import slices
from analytics.series import EVERYTHING, Slice
from analytics.surroundings import Surroundings
from analytics.validity import is_merged, is_unfounded, is_withdrawn
from recovery.events import (
    CaseAcknowledged,
    CaseAnticipated,
    CaseClosed,
    CaseDimensions,
    CaseJudged,
    CaseMerged,
    CaseOpened,
    CaseRated,
    CaseReopened,
    CaseResolved,
    CaseUnmerged,
    CaseWithdrawn,
    HandlingComplained,
    OutcomeEvent,
    PersonAnswered,
    PromiseSettled,
    RemedyExecuted,
    RemedyReversed,
)
from store.database import UnitOfWork
from store.tables import Case
from store.tables.outcomes import OutcomeEventRow

_FETCH = 2_000
_NEEDED = (
    CaseAcknowledged,
    CaseAnticipated,
    CaseClosed,
    CaseJudged,
    CaseMerged,
    CaseOpened,
    CaseRated,
    CaseReopened,
    CaseResolved,
    CaseUnmerged,
    CaseWithdrawn,
    HandlingComplained,
    PersonAnswered,
    PromiseSettled,
    RemedyExecuted,
    RemedyReversed,
)


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """One complaint.

    Attributes:
        heard_at: when the customer's message arrived.
        acknowledged_at, resolved_at: the first time; each with the limit that held then.
        ended_at: withdrawn or closed without ever having been resolved; None while it is open.
        rating: the latest, 1–5, and the answers to the three questions on fairness.
        promise_broken, reopened, unfounded: whether that ever happened; the latter by the latest judgement.
        first_case: number of the case whose handling this one complains of.
        costs: minor units by currency, what was taken back not counted.
        first_response_at: when a person answered first.
        customer_id, first_response_due: of the case on record; None where there is none. So is the limit of a
            resolution that is still to come.
    """

    number: str
    dimensions: CaseDimensions
    severity: str
    heard_at: datetime
    acknowledged_at: datetime | None
    acknowledge_due: datetime | None
    resolved_at: datetime | None
    resolution_due: datetime | None
    ended_at: datetime | None
    rating: int | None
    rated_at: datetime | None
    outcome: int | None
    procedure: int | None
    interaction: int | None
    promise_broken: bool
    reopened: bool
    unfounded: bool
    first_case: str | None
    costs: tuple[tuple[str, int], ...]
    customer_id: int | None = None
    first_response_at: datetime | None = None
    first_response_due: datetime | None = None


def case_facts(
    work: UnitOfWork, around: Surroundings, period: Period = ALL_DAYS, part: Slice = EVERYTHING
) -> Iterator[CaseFacts]:
    """The complaints heard in a period, by case number; one case at a time is read and let go.

    Complaints that went into another are left out: the other stands for both.

    Args:
        part: by category, department and so on, as each case was when it was opened; process and step say nothing.

    Raises:
        TookTooLong: the time there is for the answer is over.
        UnreadableEvent: a record is broken.
    """
    read = 0
    for batch in slices(_told(work, around.zone, period, part)):
        read += len(batch)
        around.go_on(read)
        yield from _with_cases(work, batch)


def _told(work: UnitOfWork, zone: ZoneInfo, period: Period, part: Slice) -> Iterator[CaseFacts]:
    row = OutcomeEventRow
    asked = select(row.kind, row.case_number, row.at, row.dimensions, row.details).where(
        row.kind.in_([kind.kind for kind in _NEEDED])
    )
    if period.since or period.until:
        opened = select(row.case_number).where(row.kind == CaseOpened.kind)
        # An event may be recorded some time after the customer was heard; the exact day is looked at below.
        if period.since:
            opened = opened.where(row.at >= datetime.combine(period.since, time(), zone))
        if period.until:
            opened = opened.where(row.at < datetime.combine(period.until + timedelta(days=8), time(), zone))
        asked = asked.where(row.case_number.in_(opened))
    rows = work.session.execute(asked.order_by(row.case_number).execution_options(yield_per=_FETCH))
    for _, group in groupby(rows, key=lambda found: found.case_number):
        events = [event for event in (read_event(*found) for found in group) if event is not None]
        facts = facts_of(events, zone)
        if facts and facts.heard_at.astimezone(zone).date() in period and _belongs(facts.dimensions, part):
            yield facts


def _belongs(dimensions: CaseDimensions, part: Slice) -> bool:
    return all(getattr(dimensions, name) == value for name, value in part.chosen.items() if name != "step")


def facts_of(events: Iterable[OutcomeEvent], zone: ZoneInfo) -> CaseFacts | None:
    """What the events of one case say; None where nobody complained, or the complaint went into another."""
    history = CaseHistory(events, zone)
    opened = history.first(CaseOpened)
    if opened is None or is_merged(history):
        return None
    answered, resolved = history.first(CaseAcknowledged), history.first(CaseResolved)
    closed, rated = history.first(CaseClosed), history.last(CaseRated)
    withdrawn = history.last(CaseWithdrawn) if is_withdrawn(history) else None
    ended = withdrawn or closed
    handling = history.first(HandlingComplained)
    person = history.first(PersonAnswered)
    return CaseFacts(
        number=opened.case_number,
        dimensions=opened.dimensions,
        severity=opened.severity,
        heard_at=opened.heard_at,
        acknowledged_at=answered.at if answered else None,
        acknowledge_due=answered.due_at if answered else None,
        resolved_at=resolved.at if resolved else None,
        resolution_due=resolved.due_at if resolved else None,
        ended_at=ended.at if ended and resolved is None else None,
        rating=rated.score if rated else None,
        rated_at=rated.at if rated else None,
        outcome=rated.outcome if rated else None,
        procedure=rated.procedure if rated else None,
        interaction=rated.interaction if rated else None,
        promise_broken=any(not promise.kept for promise in history.all(PromiseSettled)),
        reopened=history.first(CaseReopened) is not None,
        unfounded=is_unfounded(history),
        first_case=handling.first_case if handling else None,
        costs=_costs(history),
        first_response_at=person.at if person else None,
    )


def _costs(history: CaseHistory) -> tuple[tuple[str, int], ...]:
    back = {reversed_.reference for reversed_ in history.all(RemedyReversed)}
    costs: dict[str, int] = {}
    for remedy in history.all(RemedyExecuted):
        if remedy.reference not in back and remedy.amount_minor:
            costs[remedy.currency] = costs.get(remedy.currency, 0) + remedy.amount_minor
    return tuple(sorted(costs.items()))


def _with_cases(work: UnitOfWork, batch: list[CaseFacts]) -> Iterator[CaseFacts]:
    columns = (
        Case.number, Case.customer_id, Case.first_response_at, Case.first_response_due, Case.resolution_due,
    )  # fmt: skip
    numbers = [facts.number for facts in batch]
    cases = {row.number: row for row in work.session.execute(select(*columns).where(Case.number.in_(numbers)))}
    for facts in batch:
        case = cases.get(facts.number)
        if case is None:
            yield facts
            continue
        yield replace(
            facts,
            customer_id=case.customer_id,
            first_response_at=facts.first_response_at or case.first_response_at,
            first_response_due=case.first_response_due,
            # Events tell the limit only once the case is resolved.
            resolution_due=facts.resolution_due or case.resolution_due,
        )
