"""Whom a fix is told to: those whose complaint is among what the improvement set out from."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, func, select

from actions.conversations import SPOKEN
from actions.firm import Firm
from recovery.case_states import UNSETTLED, CaseState
from recovery.failures import Risk
from store.database import UnitOfWork
from store.erasing import slices
from store.tables import Case, CaseStepOutcome, Conversation, Customer, FixTold, Identity, Improvement

# Without a frozen baseline: the complaints of so long before the improvement was opened.
USUAL_SPAN = timedelta(days=180)


class LeftOut(StrEnum):
    """Why somebody is not told; each has its words at the desk."""

    UNREACHABLE = "unreachable"  # they spoke to a person only: nothing can be sent to them
    OPEN_COMPLAINT = "open_complaint"
    ABUSIVE = "abusive"
    REFUSED = "refused"  # they did not want to be asked about their complaint
    ALREADY = "already"  # they have been told of this fix


@dataclass(frozen=True, slots=True)
class Listener:
    """Somebody to be told, by their latest complaint of those."""

    customer_id: int
    case_id: int
    channel: str
    language: str


@dataclass(frozen=True, slots=True)
class Audience:
    """All who would be told, and how many are not, and why.

    Attributes:
        since, until: the days, in the firm's zone, whose complaints count.
    """

    since: date
    until: date
    listeners: tuple[Listener, ...]
    left_out: Counter[LeftOut] = field(default_factory=Counter)


def audience_of(work: UnitOfWork, firm: Firm, improvement: Improvement) -> Audience:
    """Whom the fix would be told to if it were begun now; nothing is changed.

    Complaints that did not stand, were withdrawn, went into another or were erased led to nothing.
    """
    since, until = days_of(firm, improvement)
    latest: dict[int, Any] = {}
    for row in _complaints(work, improvement, since, until):
        head = row.merged_into_id or row.customer_id
        if head not in latest or latest[head].opened_at < row.opened_at:
            latest[head] = row
    listeners: list[Listener] = []
    left_out: Counter[LeftOut] = Counter()
    for part in slices(sorted(latest)):
        reasons = _reasons(work, improvement, part)
        for customer_id in part:
            row = latest[customer_id]
            reason = reasons.get(customer_id) or _reason_in(row)
            if reason is not None:
                left_out[reason] += 1
                continue
            language = row.language or row.case_language or firm.file.language
            listeners.append(Listener(customer_id, row.case_id, row.channel, language))
    return Audience(since, until, tuple(listeners), left_out)


def days_of(firm: Firm, improvement: Improvement) -> tuple[date, date]:
    """The days whose complaints led to the fix: from the baseline to the day before it was put in place."""
    content = improvement.content
    baseline, test = content.get("baseline") or {}, content.get("test") or content.get("improve") or {}
    opened = firm.local(improvement.opened_at).date()
    since = _day(baseline.get("since")) or opened - USUAL_SPAN
    changed = _day(test.get("intervention_date"))
    return since, max(since, changed - timedelta(days=1) if changed else opened)


def wanted(work: UnitOfWork, improvement: Improvement, customer_id: int) -> LeftOut | None:
    """Why this customer is not to be told now; None where they may be."""
    return _reasons(work, improvement, [customer_id], told=False).get(customer_id)


def _complaints(work: UnitOfWork, improvement: Improvement, since: date, until: date) -> Iterator[Any]:
    counted = CaseStepOutcome
    told_apart = {name: getattr(improvement, name) for name in ("process", "step", "category", "department", "channel")}
    failed: list[ColumnElement[bool]] = [getattr(counted, name) == value for name, value in told_apart.items() if value]
    numbers = select(counted.case_number).where(*failed, counted.defect, counted.day >= since, counted.day <= until)
    statement = (
        select(
            Case.id.label("case_id"),
            Case.customer_id,
            Case.opened_at,
            Case.language.label("case_language"),
            Case.risks,
            Case.follow_up_refused_at,
            Conversation.language,
            Conversation.abuse_warned,
            Identity.channel,
            Customer.merged_into_id,
        )
        .join(Conversation, Conversation.id == Case.conversation_id)
        .join(Identity, Identity.id == Conversation.identity_id)
        .join(Customer, Customer.id == Case.customer_id)
        .where(
            Case.number.in_(numbers),
            Case.erased_at.is_(None),
            Case.merged_into_id.is_(None),
            Case.state != CaseState.WITHDRAWN,
            Case.valid.is_(None) | Case.valid,
            Customer.erased_at.is_(None),
        )
        .order_by(Case.id)
    )
    yield from work.session.execute(statement.execution_options(yield_per=1_000))


def _reason_in(row: Any) -> LeftOut | None:
    """What the complaint itself says against it."""
    if row.abuse_warned or Risk.ABUSE in row.risks:
        return LeftOut.ABUSIVE
    if row.follow_up_refused_at is not None:
        return LeftOut.REFUSED
    return LeftOut.UNREACHABLE if row.channel in SPOKEN else None


def _reasons(
    work: UnitOfWork, improvement: Improvement, customer_ids: Sequence[int], told: bool = True
) -> dict[int, LeftOut]:
    """What speaks against telling these customers, beside the complaint itself."""
    found: dict[int, LeftOut] = {}
    conduct = select(Customer.id).where(Customer.id.in_(customer_ids), Customer.conduct_until > work.now)
    found |= dict.fromkeys(work.session.scalars(conduct), LeftOut.ABUSIVE)
    head = func.coalesce(Customer.merged_into_id, Customer.id)
    unsettled = (
        select(head)
        .join(Case, Case.customer_id == Customer.id)
        .where(Case.state.in_(UNSETTLED), Customer.id.in_(customer_ids) | Customer.merged_into_id.in_(customer_ids))
    )
    found |= dict.fromkeys(work.session.scalars(unsettled), LeftOut.OPEN_COMPLAINT)
    if told:
        rows = select(FixTold.customer_id).where(
            FixTold.improvement_id == improvement.id, FixTold.customer_id.in_(customer_ids)
        )
        found |= dict.fromkeys(work.session.scalars(rows), LeftOut.ALREADY)
    return found


def _day(value: object) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) else None
