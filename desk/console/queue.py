"""The lists of the queue page: conversations that need somebody, approvals, promises owed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from sqlalchemy import exists, func, select
from sqlalchemy.orm import selectinload

from actions.account import accounts_of, authority_needed
from actions.firm import Firm
from actions.remedies import describe_offer
from actions.staff.access import covers
from desk.console.clocks import Clock, read_clock
from desk.console.conversation_rows import ConversationRow, read_rows
from desk.console.listing import Listing, Reader, read_listing
from desk.console.lists import ListQuery
from desk.console.urgency import WITH_PEOPLE
from desk.console.watch import queue_version
from recovery.control import Control
from recovery.money import Money
from store.database import UnitOfWork
from store.tables import Case, Conversation, Offer, Promise, SavedView, Staff

Row = TypeVar("Row", Promise, Case, Conversation)


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
    """Something owed that a person must do, such as a call back."""

    public_id: str
    conversation: str
    who: str
    case: Case | None
    kind: str
    text: str
    clock: Clock


@dataclass(frozen=True, slots=True)
class QueuePage:
    """A page of one list, and how many stand in each.

    Attributes:
        version: the digest of what all lists were read from.
        query: the list as it was read; its name is never empty.
        found: how many rows the list has with its filters.
        views: the reader's own saved views.
        view: the one that is shown, if it is one.
        staff: logins and names, to filter by.
        next: where the next page begins; None on the last.
    """

    version: str
    query: ListQuery
    counts: dict[str, int]
    found: int
    rows: list[ConversationRow]
    approvals: list[ApprovalRow]
    promises: list[PromiseRow]
    views: list[SavedView]
    view: SavedView | None
    staff: list[tuple[str, str]]
    departments: tuple[str, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class QueueSummary:
    """What the head of every page shows of the queue."""

    version: str
    waiting_count: int


def read_summary(work: UnitOfWork) -> QueueSummary:
    """The queue in short."""
    waiting = select(func.count(Conversation.id)).where(Conversation.control == Control.QUEUED)
    return QueueSummary(queue_version(work), work.session.scalar(waiting) or 0)


def reader_of(firm: Firm, me: Staff) -> Reader:
    """Whose lists ``me`` reads; who is in no department is at the front door."""
    front_door = firm.departments[0].key
    return Reader(me.id, tuple(me.departments) or (front_door,), front_door)


def read_queue(work: UnitOfWork, firm: Firm, me: Staff, language: str, query: ListQuery) -> QueuePage:
    """A list as ``me`` sees it; descriptions in ``language``.

    Where no list was chosen it is one's own if anything is there, else who waits and is nobody's.
    """
    reader, version = reader_of(firm, me), queue_version(work)
    views = own_views(work, me.id)
    view = next((view for view in views if view.public_id == query.view), None)
    if view is not None:
        query = ListQuery.restore(view.filters, view.public_id, query.after)
    if not query.name:
        query = replace(query, name="mine" if _has_own(work, me) else "unassigned")
    listing = read_listing(work, query, reader)
    rows, approvals, promises = list[ConversationRow](), list[ApprovalRow](), list[PromiseRow]()
    if query.name == "approvals":
        approvals = _approvals(work, firm, me, language, listing)
    elif query.name == "promises":
        promises = _promises(work, listing)
    else:
        rows = read_rows(work, firm, listing.ids, reader.departments)
    return QueuePage(
        version=version,
        query=query,
        counts=listing.counts,
        found=listing.found,
        rows=rows,
        approvals=approvals,
        promises=promises,
        views=views,
        view=view,
        staff=staff_choices(work),
        departments=reader.departments,
        next=listing.next,
    )


def _has_own(work: UnitOfWork, me: Staff) -> bool:
    """Whether ``me`` has a conversation, or was given one."""
    holder = func.coalesce(Conversation.taken_by_id, Conversation.assigned_to_id)
    own = exists().where(Conversation.control.in_(WITH_PEOPLE), holder == me.id)
    return bool(work.session.scalar(select(own)))


def own_views(work: UnitOfWork, staff_id: int) -> list[SavedView]:
    """A person's saved views, oldest first."""
    return list(work.session.scalars(select(SavedView).where(SavedView.staff_id == staff_id).order_by(SavedView.id)))


def staff_choices(work: UnitOfWork) -> list[tuple[str, str]]:
    """Logins and names of those who work here."""
    statement = select(Staff.login, Staff.name).where(Staff.active.is_(True)).order_by(Staff.name, Staff.id)
    return [(login, name) for login, name in work.session.execute(statement)]


def _approvals(work: UnitOfWork, firm: Firm, me: Staff, language: str, page: Listing) -> list[ApprovalRow]:
    ids = [offer_id for offer_id, _ in page.ids]
    offers = {offer.id: offer for offer in work.session.scalars(select(Offer).where(Offer.id.in_(ids)))}
    cases = {
        case.id: case
        for case in work.session.scalars(
            select(Case)
            .where(Case.id.in_([case_id for _, case_id in page.ids]))
            .options(*(selectinload(part) for part in (Case.conversation, Case.facts)))
        )
    }
    promised = {
        made.case_id: made
        for made in work.session.scalars(
            select(Promise).where(Promise.case_id.in_(cases), Promise.kind == "approval", Promise.state == "open")
        )
    }
    accounts = accounts_of(work, firm, list(cases.values()))
    rows = []
    for offer_id, case_id in page.ids:
        assert case_id is not None
        offer, case, due = offers[offer_id], cases[case_id], promised.get(case_id)
        needed = authority_needed(work, firm, case, offer, accounts[case_id])
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


def _promises(work: UnitOfWork, page: Listing) -> list[PromiseRow]:
    """Calls not made yet, also those that are late: the customer still waits."""
    found = _by_id(work, Promise, [promise_id for promise_id, _ in page.ids])
    cases = _by_id(work, Case, [case_id for _, case_id in page.ids if case_id is not None])
    conversations = _by_id(work, Conversation, [made.conversation_id for made in found.values()])
    rows = []
    for promise_id, case_id in page.ids:
        made = found[promise_id]
        conversation = conversations[made.conversation_id]
        rows.append(
            PromiseRow(
                public_id=made.public_id,
                conversation=conversation.public_id,
                who=conversation.identity.external_id,
                case=cases.get(case_id) if case_id is not None else None,
                kind=made.kind,
                text=made.text,
                clock=read_clock(made.made_at, made.due_at, work.now),
            )
        )
    return rows


def _by_id(work: UnitOfWork, table: type[Row], ids: Sequence[int]) -> dict[int, Row]:
    return {row.id: row for row in work.session.scalars(select(table).where(table.id.in_(ids)))}
