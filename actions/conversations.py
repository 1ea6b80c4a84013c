"""The thread with a customer: receive, say, ask. Everything here runs inside somebody's unit of work."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.exc import IntegrityError

from actions.notifying import NotificationKind, notify
from actions.silence import customer_spoke
from actions.timers import TimerKind, set_timer
from recovery.call_back import find_phone
from recovery.control import Control
from store.database import UnitOfWork
from store.tables import Conversation, Customer, Identity, InboxRow, Message, OutboxRow

# Doors without a wire: what is said to the customer there, a person says.
SPOKEN = frozenset({"phone", "counter", "letter", "other"})
# What a conversation awaits whose customer waits for a person and was asked for a phone number.
CALL_BACK = "call_back"


class MessageConflict(Exception):
    """The same message id came with another text."""


@dataclass(frozen=True, slots=True)
class Address:
    """Whom a channel talks to."""

    channel: str
    external_id: str
    account: str = ""

    @property
    def public(self) -> str:
        return f"{self.channel}:{self.external_id}"


@dataclass(frozen=True, slots=True)
class Received:
    """A message that is safely in the inbox.

    Attributes:
        number: of the message within its conversation.
        repeated: it was there already.
    """

    inbox_id: str
    conversation_id: int
    number: int
    repeated: bool


def lock_conversation(work: UnitOfWork, conversation_id: int) -> Conversation:
    """The conversation, locked until the unit of work ends, as it stands now (turn protocol, line 4)."""
    statement = (
        select(Conversation)
        .where(Conversation.id == conversation_id)
        .with_for_update(of=Conversation)
        .execution_options(populate_existing=True)
    )
    conversation = work.session.scalars(statement).one()
    work.touched.add(conversation.id)
    return conversation


def find_conversation(work: UnitOfWork, address: Address) -> Conversation | None:
    """The conversation with ``address``, or None where nobody has written yet."""
    statement = select(Conversation).join(Identity, Conversation.identity_id == Identity.id)
    return work.session.scalars(statement.where(*_is_at(address))).first()


def _find_id(work: UnitOfWork, address: Address) -> int | None:
    statement = select(Conversation.id).join(Identity, Conversation.identity_id == Identity.id)
    return work.session.scalars(statement.where(*_is_at(address))).first()


def _is_at(address: Address) -> tuple[ColumnElement[bool], ...]:
    return (
        Identity.channel == address.channel,
        Identity.account == address.account,
        Identity.external_id == address.external_id,
    )


def open_conversation(
    work: UnitOfWork, address: Address, label: str | None = None, customer: Customer | None = None
) -> Conversation:
    """The conversation with ``address``, locked; made with its customer where nobody has written yet.

    Args:
        label: how statistics name the channel; kept from the first message that gives one.
        customer: whose a new address is; None makes a customer.
    """
    found_id = _find_id(work, address)
    if found_id is None:
        try:
            with work.session.begin_nested():
                if customer is None:
                    customer = Customer(created_at=work.now)
                    work.session.add(customer)
                    work.session.flush()
                identity = Identity(
                    customer_id=customer.id,
                    channel=address.channel,
                    account=address.account,
                    external_id=address.external_id,
                )
                work.session.add(identity)
                work.session.flush()
                found = Conversation(
                    identity_id=identity.id, channel_label=label or address.channel, created_at=work.now
                )
                work.session.add(found)
                work.session.flush()
                found_id = found.id
        except IntegrityError:
            # Another process met the same newcomer at the same moment; its rows are the ones.
            found_id = _find_id(work, address)
            if found_id is None:
                raise
    locked = lock_conversation(work, found_id)
    if locked.identity.external_id != address.external_id:
        # Erased while we waited for it: whoever writes now is somebody new.
        return open_conversation(work, address, label, customer)
    return locked


def receive(
    work: UnitOfWork,
    address: Address,
    text: str,
    message_key: str,
    caller_metadata: dict[str, Any] | None = None,
    label: str | None = None,
    seen_revision: int | None = None,
) -> Received:
    """Put a customer's message into the inbox, once for its key (turn protocol, line 1).

    While a person has the conversation the message is theirs and the row is done at once.

    Args:
        seen_revision: which question it can answer, where that is not the one that is open: one may not have reached
            its author yet.

    Raises:
        MessageConflict: the key is known with another text.
    """
    text = storable(text)
    conversation = open_conversation(work, address, label)
    earlier = work.session.scalars(
        select(InboxRow).where(InboxRow.identity_id == conversation.identity_id, InboxRow.message_key == message_key)
    ).first()
    if earlier is not None:
        if earlier.text != text:
            raise MessageConflict("this message id was used with another text")
        return Received(earlier.id, conversation.id, earlier.number, repeated=True)
    if label:
        conversation.channel_label = label
    return receive_in(work, conversation, text, message_key, caller_metadata, seen_revision)


def receive_in(
    work: UnitOfWork,
    conversation: Conversation,
    text: str,
    message_key: str,
    caller_metadata: dict[str, Any] | None = None,
    seen_revision: int | None = None,
) -> Received:
    """As :func:`receive`, for a conversation that is locked and a key that is known to be new.

    Args:
        text: what the store can keep (:func:`storable`).
    """
    number = _next_number(conversation)
    for_person = conversation.control != Control.BOT
    row = InboxRow(
        number=number,
        conversation_id=conversation.id,
        identity_id=conversation.identity_id,
        message_key=message_key,
        text=text,
        caller_metadata=caller_metadata or {},
        seen_revision=conversation.awaited_revision if seen_revision is None else seen_revision,
        received_at=work.now,
        state="done" if for_person else "open",
        disposition="console" if for_person else None,
        next_attempt_at=work.now,
        done_at=work.now if for_person else None,
    )
    work.session.add(row)
    work.session.flush()
    work.session.add(
        Message(
            conversation_id=conversation.id,
            number=number,
            direction="in",
            author="customer",
            text=text,
            buttons=[],
            inbox_id=row.id,
            case_id=conversation.focus_case_id,
            at=work.now,
        )
    )
    work.session.flush()
    if conversation.control == Control.STAFF and conversation.taken_by_id is not None:
        notify(work, [conversation.taken_by_id], NotificationKind.CUSTOMER_WROTE, conversation)
    customer_spoke(work, conversation)
    if leaves_number(conversation, text):
        # The bot stays silent; the promise is made, and confirmed, beside the turn.
        set_timer(
            work, TimerKind.CALL_BACK_WANTED, f"call_back_wanted:{row.id}", work.now, conversation, inbox_id=row.id
        )
    return Received(row.id, conversation.id, number, repeated=False)


def leaves_number(conversation: Conversation, text: str) -> bool:
    """Whether a message to a conversation that waits for a person takes up the offer of a call back."""
    awaited = conversation.awaited
    return (
        conversation.control == Control.QUEUED
        and awaited is not None
        and awaited["kind"] == CALL_BACK
        and find_phone(text) is not None
    )


def note_heard(work: UnitOfWork, conversation: Conversation, text: str, message_key: str, case_id: int) -> bool:
    """Keep what a customer said to a person, as a message of theirs, once for its key; nobody else answers it.

    Returns:
        False where it was kept before.
    """
    known = select(InboxRow.id).where(
        InboxRow.identity_id == conversation.identity_id, InboxRow.message_key == message_key
    )
    if work.session.scalars(known).first() is not None:
        return False
    number = _next_number(conversation)
    row = InboxRow(
        number=number,
        conversation_id=conversation.id,
        identity_id=conversation.identity_id,
        message_key=message_key,
        text=storable(text),
        caller_metadata={},
        seen_revision=conversation.awaited_revision,
        received_at=work.now,
        state="done",
        disposition="console",
        next_attempt_at=work.now,
        done_at=work.now,
    )
    work.session.add(row)
    work.session.flush()
    work.session.add(
        Message(
            conversation_id=conversation.id,
            number=number,
            direction="in",
            author="customer",
            text=row.text,
            buttons=[],
            inbox_id=row.id,
            case_id=case_id,
            at=work.now,
        )
    )
    work.session.flush()
    return True


def note_said(work: UnitOfWork, conversation: Conversation, text: str) -> Message:
    """Keep what a person said to the customer by another way, as a message of theirs; nothing is sent.

    Args:
        conversation: locked.
    """
    message = Message(
        conversation_id=conversation.id,
        number=_next_number(conversation),
        direction="out",
        author="staff",
        text=storable(text),
        buttons=[],
        case_id=conversation.focus_case_id,
        at=work.now,
    )
    work.session.add(message)
    work.session.flush()
    return message


def storable(text: str) -> str:
    """``text`` without what no database keeps: NUL and halves of surrogate pairs become U+FFFD."""
    return "".join("\ufffd" if c == "\0" or "\ud800" <= c <= "\udfff" else c for c in text)


def say(
    work: UnitOfWork,
    conversation: Conversation,
    text: str,
    *,
    author: str = "bot",
    buttons: list[dict[str, str]] | None = None,
    inbox_id: str | None = None,
    staff_id: int | None = None,
    case_id: int | None = None,
    courtesy: bool = False,
    decisive: bool = False,
) -> Message:
    """Put a message to the customer into the outbox, under the lock of its conversation.

    Behind a spoken door nothing can be sent: what a person writes there is what they said; what the service says by
    itself is held until somebody has told the customer.

    Args:
        buttons: quick replies, ``{"title", "payload"}`` each.
        inbox_id: the message that this answers.
        courtesy: words of the moment that nobody need ring the customer up for, and that lapse.
        decisive: what the customer must know: an offer, what was granted or refused, a promise. What a person says
            always is. A channel that lets only so much through keeps its last message for these.
    """
    message = Message(
        conversation_id=conversation.id,
        number=_next_number(conversation),
        direction="out",
        author=author,
        text=text,
        buttons=buttons or [],
        inbox_id=inbox_id,
        staff_id=staff_id,
        case_id=case_id if case_id is not None else conversation.focus_case_id,
        at=work.now,
    )
    work.session.add(message)
    work.session.flush()
    row = OutboxRow(message_id=message.id, conversation_id=conversation.id, next_attempt_at=work.now)
    row.weight = "decisive" if decisive or author == "staff" else "courtesy" if courtesy else "ordinary"
    if conversation.identity.channel in SPOKEN:
        told = courtesy or author == "staff"
        row.state, row.sent_at = ("sent", work.now) if told else ("held", None)
    work.session.add(row)
    work.session.flush()
    return message


def await_answer(
    conversation: Conversation,
    kind: str,
    options: list[str] | None = None,
    facts: dict[str, Any] | None = None,
    about: dict[str, Any] | None = None,
) -> None:
    """Note what the question waits for that is put next; whatever was awaited before is no longer (protocol, line 5).

    Args:
        facts: what was said before there was a case to keep it in.
        about: the message that the question is about, as it was understood: ``{"inbox", "understanding"}``.
    """
    conversation.awaited_revision += 1
    conversation.awaited = {
        "kind": kind,
        "revision": conversation.awaited_revision,
        "options": options or [],
        "facts": facts or {},
        "about": about,
        # The message that puts it: the first of ours from this number on.
        "number": conversation.last_number + 1,
    }


def await_nothing(conversation: Conversation) -> None:
    """Note that no question is open."""
    if conversation.awaited is not None:
        conversation.awaited_revision += 1
        conversation.awaited = None


def _next_number(conversation: Conversation) -> int:
    conversation.last_number += 1
    return conversation.last_number
