"""What waits for a person: conversations, approvals, promises."""

from dataclasses import dataclass

from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.orm import selectinload

from actions.firm import Firm
from actions.remedies import authority_needed, describe_offer
from actions.staff.access import covers
from desk.console.clocks import Clock, read_clock
from desk.console.conversation_rows import ConversationRow, read_rows
from desk.console.watch import queue_version
from recovery.control import Control
from recovery.money import Money
from recovery.remedies import RemedyKind
from store.database import UnitOfWork
from store.tables import Case, Conversation, Offer, Promise, Remedy, Staff

# A list longer than this is worked off from its top; the count still tells all.
LIST_LENGTH = 100


@dataclass(frozen=True, slots=True)
class ApprovalRow:
    """An offer that a customer accepted and a person must approve."""

    conversation: str
    case: Case
    what: str
    cost: Money
    authority: str
    within_own: bool
    clock: Clock | None


@dataclass(frozen=True, slots=True)
class PromiseRow:
    """A call back that is owed."""

    conversation: str
    who: str
    case: Case | None
    text: str
    clock: Clock


@dataclass(frozen=True, slots=True)
class QueuePage:
    """All lists, and the digest of what they were read from."""

    version: str
    waiting: list[ConversationRow]
    waiting_count: int
    mine: list[ConversationRow]
    approvals: list[ApprovalRow]
    promises: list[PromiseRow]


@dataclass(frozen=True, slots=True)
class QueueSummary:
    """What the head of every page shows of the queue."""

    version: str
    waiting_count: int


def read_summary(work: UnitOfWork) -> QueueSummary:
    """The queue in short."""
    return QueueSummary(queue_version(work), _count_waiting(work))


def read_queue(work: UnitOfWork, firm: Firm, me: Staff, language: str) -> QueuePage:
    """The queue as ``me`` sees it; descriptions in ``language``."""
    waiting = select(Conversation).where(Conversation.control == Control.QUEUED)
    mine = select(Conversation).where(Conversation.control == Control.STAFF, Conversation.taken_by_id == me.id)
    return QueuePage(
        version=queue_version(work),
        waiting=_rows(work, waiting.order_by(Conversation.queue_rank, Conversation.queued_at, Conversation.id)),
        waiting_count=_count_waiting(work),
        # Whoever waits for an answer stands first.
        mine=sorted(_rows(work, mine.order_by(Conversation.id)), key=lambda row: (not row.answer_owed, row.since)),
        approvals=_approvals(work, firm, me, language),
        promises=_promises(work),
    )


def _rows(work: UnitOfWork, statement: Select[Conversation]) -> list[ConversationRow]:
    return read_rows(work, list(work.session.scalars(statement.limit(LIST_LENGTH))))


def _count_waiting(work: UnitOfWork) -> int:
    statement = select(func.count(Conversation.id)).where(Conversation.control == Control.QUEUED)
    return work.session.scalar(statement) or 0


def _approvals(work: UnitOfWork, firm: Firm, me: Staff, language: str) -> list[ApprovalRow]:
    statement = (
        select(Offer, Case)
        .join(Case, Case.id == Offer.case_id)
        .where(Offer.state == "awaiting_approval")
        .options(selectinload(Case.conversation), selectinload(Case.facts))
        .order_by(Offer.answered_at, Offer.id)
        .limit(LIST_LENGTH)
    )
    found = list(work.session.execute(statement))
    promised = {
        made.case_id: made
        for made in work.session.scalars(
            select(Promise).where(
                Promise.case_id.in_([case.id for _, case in found]), Promise.kind == "approval", Promise.state == "open"
            )
        )
    }
    rows = []
    for offer, case in found:
        needed, due = authority_needed(work, firm, case, offer), promised.get(case.id)
        rows.append(
            ApprovalRow(
                conversation=case.conversation.public_id,
                case=case,
                what=describe_offer(firm, language, offer),
                cost=Money(offer.cost, offer.currency),
                authority=needed,
                within_own=covers(me, needed),
                clock=read_clock(due.made_at, due.due_at, work.now) if due else None,
            )
        )
    return rows


def _promises(work: UnitOfWork) -> list[PromiseRow]:
    """Calls not made yet, also those that are late: the customer still waits."""
    owed = exists().where(
        Remedy.case_id == Promise.case_id, Remedy.kind == RemedyKind.CALL_BACK, Remedy.state == "intended"
    )
    statement = (
        select(Promise, Conversation)
        .join(Conversation, Conversation.id == Promise.conversation_id)
        .where(Promise.kind == "call_back", or_(Promise.state == "open", owed))
        .order_by(Promise.due_at, Promise.id)
        .limit(LIST_LENGTH)
    )
    found = list(work.session.execute(statement))
    ids = {made.case_id for made, _ in found if made.case_id is not None}
    cases = {case.id: case for case in work.session.scalars(select(Case).where(Case.id.in_(ids)))}
    return [
        PromiseRow(
            conversation=conversation.public_id,
            who=conversation.identity.external_id,
            case=cases.get(made.case_id) if made.case_id is not None else None,
            text=made.text,
            clock=read_clock(made.made_at, made.due_at, work.now),
        )
        for made, conversation in found
    ]
