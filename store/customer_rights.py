"""A person's rights to their data (PIPL arts. 45, 47): who they are in the store, what hinders an erasure, erasing.

Erasing keeps the statistics: see :mod:`store.erasing` for what goes and what stays.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, or_, select, update

from recovery.case_states import UNSETTLED
from recovery.control import Control
from store import audit, search
from store.attached_files import AttachedFiles
from store.database import UnitOfWork
from store.erasing import (
    blank_cases,
    blank_conversations,
    forget_channels,
    forget_incidents,
    heard_of,
    remove_after_commit,
    slices,
)
from store.retention import Retention
from store.tables import (
    Attachment,
    Case,
    Consultation,
    Conversation,
    Customer,
    CustomerMerge,
    ErasureRequest,
    Fact,
    HeardCallback,
    Identity,
    InboxRow,
    Message,
    Note,
    Order,
    OrderIdentity,
    Promise,
    Remedy,
    SavedView,
    WebSession,
)
from store.tables.base import Base, unguessable

# Why an erasure must wait.
CASE_OPEN, MONEY_UNDER_WAY, PROMISE_OPEN, MESSAGE_WAITING, WITH_STAFF, RECORDS_KEPT = (
    "case_open",
    "money_under_way",
    "promise_open",
    "message_waiting",
    "with_staff",
    "records_kept",
)
# Shorter names are part of too many words to be taken for a person's.
_NAME_FOUND_FROM, _NUMBER_FOUND_FROM = 2, 6


class NoSuchPerson(Exception):
    """Nobody is known under this identity."""


@dataclass(frozen=True, slots=True)
class Person:
    """All rows that are one person's, by id; customers who were joined into one are one person."""

    customers: tuple[int, ...]
    identities: tuple[int, ...]
    conversations: tuple[int, ...]
    cases: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Hindrance:
    """Why a person cannot be erased now.

    Attributes:
        until: when it ends; None where nobody knows.
        what: the number of the case, where it is one.
    """

    why: str
    until: datetime | None
    what: str = ""


def find_person(work: UnitOfWork, identity: str) -> Person:
    """The person behind ``channel:id``.

    Raises:
        NoSuchPerson: nobody, or nobody any more.
    """
    channel, _, external_id = identity.partition(":")
    found = select(Identity.customer_id).where(Identity.channel == channel, Identity.external_id == external_id)
    ids = set(work.session.scalars(found))
    if not ids:
        raise NoSuchPerson(f"nobody is known as {identity}")
    return person_of(work, ids)


def person_of(work: UnitOfWork, customer_ids: Iterable[int]) -> Person:
    """The person whom these customers are, with all who were joined to them."""
    ids, before = set(customer_ids), set[int]()
    while ids != before:
        before = set(ids)
        into = select(Customer.merged_into_id).where(Customer.id.in_(before), Customer.merged_into_id.is_not(None))
        ids |= {one for one in work.session.scalars(into) if one is not None}
        ids |= set(work.session.scalars(select(Customer.id).where(Customer.merged_into_id.in_(before))))
    identities = work.session.scalars(select(Identity.id).where(Identity.customer_id.in_(ids))).all()
    conversations = work.session.scalars(select(Conversation.id).where(Conversation.identity_id.in_(identities))).all()
    cases = work.session.scalars(
        select(Case.id).where(or_(Case.customer_id.in_(ids), Case.conversation_id.in_(conversations)))
    ).all()
    return Person(*(tuple(sorted(some)) for some in (ids, identities, conversations, cases)))


def count_holdings(work: UnitOfWork, person: Person) -> dict[str, int]:
    """How much there is of a person, by kind: what an erasure takes and an export gives."""

    def count(table: type[Base], column: Any, ids: Sequence[int]) -> int:
        return sum(
            work.session.scalar(select(func.count()).select_from(table).where(column.in_(part))) or 0
            for part in slices(ids)
        )

    return {
        "identities": len(person.identities),
        "conversations": len(person.conversations),
        "messages": count(Message, Message.conversation_id, person.conversations),
        "cases": len(person.cases),
        "facts": count(Fact, Fact.case_id, person.cases),
        "notes": count(Note, Note.conversation_id, person.conversations),
        "attachments": count(Attachment, Attachment.conversation_id, person.conversations),
        "web_sessions": count(WebSession, WebSession.identity_id, person.identities),
        "orders": len(orders_of(work, person)),
    }


def hindrances(work: UnitOfWork, person: Person, retention: Retention) -> list[Hindrance]:
    """What stands against erasing the person now; empty where nothing does."""
    found: list[Hindrance] = []
    unanswered = select(InboxRow.id).where(InboxRow.conversation_id.in_(person.conversations), InboxRow.state == "open")
    heard = heard_of(person.identities).with_only_columns(HeardCallback.id).limit(1)
    if any(work.session.scalars(one).first() is not None for one in (unanswered, heard)):
        found.append(Hindrance(MESSAGE_WAITING, None))
    with_people = select(Conversation.id).where(
        Conversation.id.in_(person.conversations), Conversation.control != Control.BOT
    )
    if work.session.scalars(with_people).first() is not None:
        found.append(Hindrance(WITH_STAFF, None))
    owed = select(Promise.id).where(Promise.conversation_id.in_(person.conversations), Promise.state == "open")
    if work.session.scalars(owed).first() is not None:
        found.append(Hindrance(PROMISE_OPEN, None))
    kept_until: datetime | None = None
    for case in work.session.scalars(select(Case).where(Case.id.in_(person.cases)).order_by(Case.id)):
        if case.state in UNSETTLED and case.merged_into_id is None:
            found.append(Hindrance(CASE_OPEN, None, case.number))
            continue
        under_way = select(Remedy.id).where(Remedy.case_id == case.id, Remedy.state == "intended")
        if work.session.scalars(under_way).first() is not None:
            found.append(Hindrance(MONEY_UNDER_WAY, None, case.number))
        until = retention.kept_until(settled_at(case))
        if until is not None and until > work.now and (kept_until is None or until > kept_until):
            kept_until = until
    if kept_until is not None:
        found.append(Hindrance(RECORDS_KEPT, kept_until))
    return found


def settled_at(case: Case) -> datetime:
    """When the case was done with; of one that never was, when it began."""
    return case.closed_at or case.resolved_at or case.opened_at


def ask_erasure(
    work: UnitOfWork, person: Person, retention: Retention, by: str, files: AttachedFiles | None = None
) -> ErasureRequest:
    """Erase the person now, or note the wish for the day on which it can be done.

    Args:
        by: a login, or what acted by itself.
        files: where the bytes of attachments are.
    """
    person = lock_person(work, person)
    waiting = waiting_request(work, person.customers)
    request = waiting or ErasureRequest(customer_id=_kept_of(work, person), asked_by=by, asked_at=work.now)
    if waiting is None:
        work.session.add(request)
        work.session.flush()
    standing = hindrances(work, person, retention)
    if standing:
        request.not_before = _latest(standing)
    else:
        erase(work, person, files)
        _done(work, request)
    audit.append(work, by, "ask_erasure" if standing else "erase", request.public_id)
    work.session.flush()
    return request


def serve_request(work: UnitOfWork, request_id: int, retention: Retention, files: AttachedFiles | None) -> bool:
    """Do what a waiting request asks if it can be done by now; else look again later. Whether it was done."""
    request = work.session.get_one(ErasureRequest, request_id)
    # Conversations first and the request after them, as everybody locks.
    person = lock_person(work, person_of(work, {request.customer_id}))
    work.session.refresh(request, with_for_update=True)
    if request.state != "waiting":
        return False
    standing = hindrances(work, person, retention)
    if standing:
        request.not_before = _latest(standing)
        return False
    erase(work, person, files)
    _done(work, request)
    audit.append(work, "timer", "erase", request.public_id)
    return True


def withdraw_request(work: UnitOfWork, public_id: str, by: str) -> bool:
    """The person thought better of it; False where it was served already."""
    request = work.session.scalars(
        select(ErasureRequest).where(ErasureRequest.public_id == public_id).with_for_update()
    ).first()
    if request is None or request.state != "waiting":
        return False
    request.state, request.done_at = "withdrawn", work.now
    audit.append(work, by, "withdraw_erasure", request.public_id)
    return True


def waiting_request(work: UnitOfWork, customer_ids: Iterable[int]) -> ErasureRequest | None:
    """The wish to be erased that waits for its day, or None."""
    statement = select(ErasureRequest).where(
        ErasureRequest.customer_id.in_(set(customer_ids)), ErasureRequest.state == "waiting"
    )
    return work.session.scalars(statement.with_for_update().execution_options(populate_existing=True)).first()


def lock_person(work: UnitOfWork, person: Person) -> Person:
    """Hold all conversations of a person, in one order; the person as they are once they are held."""
    while True:
        for conversation_id in person.conversations:
            statement = select(Conversation).where(Conversation.id == conversation_id)
            held = statement.with_for_update(of=Conversation).execution_options(populate_existing=True)
            work.session.scalars(held).one()
            work.touched.add(conversation_id)
        # Somebody may have been joined to them, or complained anew, before all was held.
        now = person_of(work, person.customers)
        if now == person:
            return person
        person = now


def erase(work: UnitOfWork, person: Person, files: AttachedFiles | None = None) -> None:
    """Erase a person whom nothing hinders; their conversations must be locked. They may come back as somebody new."""
    session = work.session
    strings = _names_of(work, person)
    subjects = _subjects_of(work, person)
    removed = blank_conversations(work, person.conversations)
    blank_cases(work, person.cases)
    forget_incidents(work, person.customers, person.cases)
    forget_channels(work, person.customers, person.identities)
    # Sent so far; the order itself is the merchant's, and what proved it goes with the person.
    orders = orders_of(work, person)
    session.execute(delete(OrderIdentity).where(OrderIdentity.identity.in_(strings.identities)))
    session.execute(update(Order).where(Order.number.in_(orders)).values(phone_last4=None))
    session.execute(delete(WebSession).where(WebSession.identity_id.in_(person.identities)))
    for identity in session.scalars(select(Identity).where(Identity.id.in_(person.identities))):
        identity.external_id, identity.account = f"erased-{unguessable()}", ""
    for conversation in session.scalars(select(Conversation).where(Conversation.id.in_(person.conversations))):
        conversation.public_id = unguessable()
        conversation.taken_by_id = conversation.queued_at = None
        conversation.assigned_to_id = conversation.lease_owner = conversation.lease_expires_at = None
        # Whoever still works on it finds the right to answer gone.
        conversation.fence += 1
    for customer in session.scalars(select(Customer).where(Customer.id.in_(person.customers))):
        customer.public_id, customer.name, customer.phone = unguessable(), None, None
        customer.preferences, customer.named_staff_id, customer.erased_at = [], None, work.now
        customer.tier_reason = None
        customer.value = customer.value_as_of = customer.reckoned_tier = None
        customer.conduct_note = customer.conduct_noted_by = customer.conduct_until = None
    session.execute(
        update(CustomerMerge).where(CustomerMerge.kept_id.in_(person.customers)).values(filled=[]),
        execution_options={"synchronize_session": False},
    )
    _rename_saved_views(work, strings)
    session.flush()
    # Names are indexed by customer, too: once more, now that nothing of them is left.
    for conversation_id in person.conversations:
        search.forget(work, conversation_id)
    audit.erase_subjects(work, subjects)
    remove_after_commit(work, files, removed)


@dataclass(frozen=True, slots=True)
class _Names:
    """What a person is called: identities as ``channel:id``, names, and the numbers and ids that mean them."""

    identities: list[str]
    names: set[str]
    numbers: set[str]


def _names_of(work: UnitOfWork, person: Person) -> _Names:
    identities = work.session.scalars(select(Identity).where(Identity.id.in_(person.identities))).all()
    customers = work.session.scalars(select(Customer).where(Customer.id.in_(person.customers))).all()
    facts = work.session.scalars(
        select(Fact.value).where(Fact.case_id.in_(person.cases), Fact.key.in_(("order_number", "phone")))
    )
    numbers = {identity.external_id for identity in identities} | set(facts)
    numbers |= {customer.phone for customer in customers if customer.phone}
    names = {customer.name for customer in customers if customer.name}
    return _Names([identity.public for identity in identities], names, numbers)


def _subjects_of(work: UnitOfWork, person: Person) -> set[str]:
    """By which names the audit log may speak of the person."""
    session = work.session
    sources = [
        select(Customer.public_id).where(Customer.id.in_(person.customers)),
        select(Conversation.public_id).where(Conversation.id.in_(person.conversations)),
        select(Case.number).where(Case.id.in_(person.cases)),
        select(Promise.public_id).where(Promise.conversation_id.in_(person.conversations)),
        select(Note.public_id).where(Note.conversation_id.in_(person.conversations)),
        select(Attachment.public_id).where(Attachment.conversation_id.in_(person.conversations)),
        select(Consultation.public_id).where(Consultation.conversation_id.in_(person.conversations)),
        select(Consultation.public_id).where(Consultation.case_id.in_(person.cases)),
        select(CustomerMerge.public_id).where(
            CustomerMerge.kept_id.in_(person.customers) | CustomerMerge.merged_id.in_(person.customers)
        ),
    ]
    return {subject for statement in sources for subject in session.scalars(statement)}


def orders_of(work: UnitOfWork, person: Person) -> set[str]:
    """Numbers of the orders listed with the person, or that they proved."""
    identities = [
        identity.public for identity in work.session.scalars(select(Identity).where(Identity.id.in_(person.identities)))
    ]
    listed = select(OrderIdentity.order_number).where(OrderIdentity.identity.in_(identities))
    proved = (
        select(Fact.value)
        .join(Case, Case.id == Fact.case_id)
        .where(Case.id.in_(person.cases), Case.order_proved, Fact.key == "order_number")
    )
    return {*work.session.scalars(listed), *work.session.scalars(proved)}


def public_id_of(work: UnitOfWork, person: Person) -> str:
    """By which the audit log knows the person."""
    return work.session.get_one(Customer, _kept_of(work, person)).public_id


def _kept_of(work: UnitOfWork, person: Person) -> int:
    """Of the customers who are one person, the one that the others were joined to."""
    kept = select(Customer.id).where(Customer.id.in_(person.customers), Customer.merged_into_id.is_(None))
    return work.session.scalars(kept.order_by(Customer.id)).first() or person.customers[0]


def _rename_saved_views(work: UnitOfWork, called: _Names) -> None:
    """A colleague may have called a list after the person; what it shows says nothing of anybody."""
    words = {name for name in called.names if len(name) >= _NAME_FOUND_FROM}
    words |= {number for number in called.numbers if len(number) >= _NUMBER_FOUND_FROM}
    for view in work.session.scalars(select(SavedView)):
        if any(word in view.name for word in words):
            view.name = view.public_id[:12]


def _latest(standing: list[Hindrance]) -> datetime | None:
    """The first day on which it may be possible; None where an open matter decides that."""
    moments = [hindrance.until for hindrance in standing]
    return None if None in moments else max(moment for moment in moments if moment is not None)


def _done(work: UnitOfWork, request: ErasureRequest) -> None:
    request.state, request.done_at, request.not_before = "done", work.now, None
