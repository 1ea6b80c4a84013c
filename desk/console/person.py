"""The person behind a conversation on all their channels, as the case page shows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from actions.conversations import SPOKEN
from actions.staff.identities import PROOFS, Suggestion, find_suggestions
from store.database import UnitOfWork
from store.tables import Case, Conversation, Customer, CustomerMerge, Identity, Message, OutboxRow

_ELSEWHERE_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Tab:
    """A conversation of the customer: on which channel, when they spoke last, whether it is the one shown."""

    conversation: Conversation
    said_at: datetime
    here: bool
    latest: bool


@dataclass(frozen=True, slots=True)
class Joined:
    """A customer who was joined to this one."""

    row: CustomerMerge
    identities: list[str]


@dataclass(frozen=True, slots=True)
class PersonPanel:
    """The person behind a conversation, on all their channels.

    Attributes:
        elsewhere: what was said about the shown case in other conversations, with the channel.
        spoken: whether nothing is sent here, since the customer is met by voice or letter.
        held: of such a conversation, what the customer has not been told yet.
        proofs: why two customers may be taken for one.
    """

    customer: Customer
    tabs: list[Tab]
    elsewhere: list[tuple[Message, str]]
    spoken: bool
    held: list[Message]
    joined: list[Joined]
    suggestions: list[Suggestion]
    proofs: tuple[str, ...]


def read_person(work: UnitOfWork, conversation: Conversation, case: Case | None) -> PersonPanel:
    """The person behind ``conversation``, beside ``case`` where one is shown."""
    customer = conversation.identity.customer
    spoken = conversation.identity.channel in SPOKEN
    held = (
        select(Message)
        .join(OutboxRow, OutboxRow.message_id == Message.id)
        .where(OutboxRow.conversation_id == conversation.id, OutboxRow.state == "held")
        .order_by(Message.number)
    )
    return PersonPanel(
        customer=customer,
        tabs=_tabs(work, conversation, customer),
        elsewhere=_elsewhere(work, conversation, case) if case is not None else [],
        spoken=spoken,
        held=list(work.session.scalars(held)) if spoken else [],
        joined=_joined(work, customer),
        suggestions=find_suggestions(work, customer),
        proofs=PROOFS,
    )


def _tabs(work: UnitOfWork, shown: Conversation, customer: Customer) -> list[Tab]:
    """The customer's conversations, the one in which they spoke last first."""
    # For each by itself: as a join over groups it would read all messages there are.
    heard = select(func.max(Message.at)).where(Message.conversation_id == Conversation.id, Message.direction == "in")
    mine = (
        select(Conversation, heard.correlate(Conversation).scalar_subquery())
        .join(Identity, Identity.id == Conversation.identity_id)
        .where(Identity.customer_id == customer.id)
    )
    found = [(one, at or one.created_at) for one, at in work.session.execute(mine).unique()]
    found.sort(key=lambda pair: pair[1], reverse=True)
    return [Tab(one, at, one.id == shown.id, place == 0) for place, (one, at) in enumerate(found)]


def _elsewhere(work: UnitOfWork, conversation: Conversation, case: Case) -> list[tuple[Message, str]]:
    statement = (
        select(Message, Conversation.channel_label)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(Message.case_id == case.id, Message.conversation_id != conversation.id, Message.text != "")
        .order_by(Message.at.desc(), Message.id.desc())
        .limit(_ELSEWHERE_SHOWN)
    )
    return [(message, label) for message, label in reversed(work.session.execute(statement).all())]


def _joined(work: UnitOfWork, customer: Customer) -> list[Joined]:
    rows = work.session.scalars(
        select(CustomerMerge)
        .where(CustomerMerge.kept_id == customer.id, CustomerMerge.undone_at.is_(None))
        .order_by(CustomerMerge.id)
    ).all()
    names: Mapping[int, str] = {
        identity.id: identity.public
        for identity in work.session.scalars(
            select(Identity).where(Identity.id.in_({one for row in rows for one in row.identity_ids}))
        )
    }
    return [Joined(row, [names[one] for one in row.identity_ids if one in names]) for row in rows]


def person_changes(conversation_id: int) -> list[Select[*tuple[Any, ...]]]:
    """What the page's version must follow: the customer, and what is said to them on any channel."""
    identity = select(Conversation.identity_id).where(Conversation.id == conversation_id).scalar_subquery()
    customer = select(Identity.customer_id).where(Identity.id == identity).scalar_subquery()
    statement = (
        select(Identity.customer_id, Conversation.id, Conversation.last_number)
        .join(Conversation, Conversation.identity_id == Identity.id)
        .where(Identity.customer_id == customer)
        .order_by(Conversation.id)
    )
    return [statement]
