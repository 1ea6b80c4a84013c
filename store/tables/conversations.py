"""The way of a message: who speaks, what came in, what was done, what goes out, what is due (design.md section 2)."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from store.tables.base import Base, BigId, unguessable


class Customer(Base):
    """A person, known under one or more channel identities."""

    __tablename__ = "customers"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=unguessable)
    tier: Mapped[str] = mapped_column(String(16), default="regular")
    created_at: Mapped[datetime]
    # What staff learnt of the person.
    name: Mapped[str | None] = mapped_column(String(100))
    phone: Mapped[str | None] = mapped_column(String(32), index=True)
    preferences: Mapped[list[str]] = mapped_column(default=list)  # in the firm's words, such as "calls after six"
    tier_set_by: Mapped[str | None] = mapped_column(String(64))
    tier_reason: Mapped[str | None] = mapped_column(String(300))
    # Line organisation (S0): the one person who looks after this customer.
    named_staff_id: Mapped[int | None] = mapped_column(BigId)
    # What they were worth within the time that tiers go by, in minor units of the firm's currency, and when that was
    # reckoned; null before the first time.
    value: Mapped[int | None] = mapped_column(BigId)
    value_as_of: Mapped[datetime | None]
    # The tier that follows from it, also where ``tier`` was set by hand; null where nothing tells customers apart.
    reckoned_tier: Mapped[str | None] = mapped_column(String(16))
    # Kinds of remedies that staff learnt they like, and those not to be offered.
    preferred_remedies: Mapped[list[str]] = mapped_column(default=list)
    avoided_remedies: Mapped[list[str]] = mapped_column(default=list)
    # A word to colleagues on how the person behaved, and until when it is shown. Never told to the customer.
    conduct_note: Mapped[str | None] = mapped_column(String(300))
    conduct_noted_by: Mapped[str | None] = mapped_column(String(64))
    conduct_until: Mapped[datetime | None]
    merged_into_id: Mapped[int | None] = mapped_column(BigId)
    erased_at: Mapped[datetime | None]

    identities: Mapped[list["Identity"]] = relationship(back_populates="customer")


class Identity(Base):
    """A name under which a channel knows a customer; written ``channel:external_id`` in public."""

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("channel", "account", "external_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    channel: Mapped[str] = mapped_column(String(32))
    account: Mapped[str] = mapped_column(String(64), default="")
    external_id: Mapped[str] = mapped_column(String(256))

    customer: Mapped[Customer] = relationship(back_populates="identities", lazy="joined", innerjoin=True)

    @property
    def public(self) -> str:
        return f"{self.channel}:{self.external_id}"


class Conversation(Base):
    """The thread with one identity: all state of the dialogue, and the row that every command locks first.

    ``fence`` grows whenever the right to answer changes hands: a new lease, a person taking over, giving up.
    ``awaited`` is what the last question waits for; ``awaited_revision`` grows whenever that changes.
    """

    __tablename__ = "conversations"
    __table_args__ = (
        Index("ix_conversations_queue", "control", "queue_rank", "queued_at"),
        Index("ix_conversations_lease_expires_at", "lease_expires_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=unguessable)
    identity_id: Mapped[int] = mapped_column(ForeignKey("identities.id"), unique=True)
    channel_label: Mapped[str] = mapped_column(String(32))
    language: Mapped[str | None] = mapped_column(String(8))
    control: Mapped[str] = mapped_column(String(8), default="bot")
    awaited: Mapped[dict[str, Any] | None]
    awaited_revision: Mapped[int] = mapped_column(default=0)
    # No foreign key: cases point here already, and SQLite cannot add one to a circle afterwards.
    focus_case_id: Mapped[int | None] = mapped_column(BigId)
    fence: Mapped[int] = mapped_column(default=0)
    lease_owner: Mapped[str | None] = mapped_column(String(64))
    lease_expires_at: Mapped[datetime | None]
    last_number: Mapped[int] = mapped_column(default=0)
    introduced: Mapped[bool] = mapped_column(default=False)
    unclear_turns: Mapped[int] = mapped_column(default=0)
    abuse_warned: Mapped[bool] = mapped_column(default=False)
    held_at: Mapped[datetime | None]
    queued_at: Mapped[datetime | None]
    queue_rank: Mapped[int] = mapped_column(default=1)  # the smaller is taken first, then who waits longest
    taken_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    # Routing: whose line it waits in, and whom it was given to; others may still take it.
    department: Mapped[str | None] = mapped_column(String(64))
    assigned_to_id: Mapped[int | None] = mapped_column(BigId, index=True)
    assigned_at: Mapped[datetime | None]
    assigned_reason: Mapped[str | None] = mapped_column(String(16))  # a key of recovery.routing
    # Handed over because the recovery itself failed: only superiors are given it, and only they take it.
    for_superiors: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]

    identity: Mapped[Identity] = relationship(lazy="joined", innerjoin=True)


class InboxRow(Base):
    """A message as received. ``id`` is the key of its turn; ``message_key`` is the caller's own id for it.

    ``seen_revision`` is the conversation's ``awaited_revision`` when the message arrived: it can only answer a question
    that was put by then.
    """

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("identity_id", "message_key"),
        Index(
            "ix_inbox_open",
            "conversation_id",
            "number",
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True, default=unguessable)
    # The number of the message within its conversation: the order in which messages are taken.
    number: Mapped[int]
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), index=True)
    identity_id: Mapped[int] = mapped_column(ForeignKey("identities.id"))
    message_key: Mapped[str] = mapped_column(String(128))
    text: Mapped[str] = mapped_column(Text)
    caller_metadata: Mapped[dict[str, Any]]
    seen_revision: Mapped[int]
    received_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(8), default="open")
    # bot, console (a person has it), gave_up; null while open
    disposition: Mapped[str | None] = mapped_column(String(16))
    attempts: Mapped[int] = mapped_column(default=0)
    first_attempt_at: Mapped[datetime | None]
    next_attempt_at: Mapped[datetime]
    done_at: Mapped[datetime | None]


class Turn(Base):
    """That a message was handled, once: the primary key is the inbox id."""

    __tablename__ = "turns"

    inbox_id: Mapped[str] = mapped_column(ForeignKey("inbox.id"), primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), index=True)
    command: Mapped[str] = mapped_column(String(64))
    understanding: Mapped[dict[str, Any] | None]
    at: Mapped[datetime]


class Message(Base):
    """What was said, both ways, numbered without gaps within its conversation.

    ``form_key`` is of the form in which staff wrote it: sent twice, it is one message.
    """

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("conversation_id", "number"),
        Index("ix_messages_form_key", "conversation_id", "form_key", unique=True),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"))
    number: Mapped[int]
    direction: Mapped[str] = mapped_column(String(3))  # in, out
    author: Mapped[str] = mapped_column(String(8))  # customer, bot, staff
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    text: Mapped[str] = mapped_column(Text)
    buttons: Mapped[list[Any]] = mapped_column(default=list)
    inbox_id: Mapped[str | None] = mapped_column(ForeignKey("inbox.id"), index=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"), index=True)
    at: Mapped[datetime]
    form_key: Mapped[str | None] = mapped_column(String(64))


class OutboxRow(Base):
    """A message on its way to the channel; one in flight per conversation."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index(
            "ix_outbox_pending",
            "next_attempt_at",
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id"), unique=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), index=True)
    # pending, sent, failed (permanently), held (quota spent or window closed), lapsed (words of the moment, now past)
    state: Mapped[str] = mapped_column(String(8), default="pending")
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime]
    claimed_by: Mapped[str | None] = mapped_column(String(64))
    claimed_until: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)
    sent_at: Mapped[datetime | None]
    # How much it matters where a channel lets only so many through: courtesy, ordinary, decisive.
    weight: Mapped[str] = mapped_column(String(8), default="ordinary")
    # The channel's name for the bubble that carried it: a failure may be told afterwards, by that name.
    receipt: Mapped[str | None] = mapped_column(String(64), index=True)
    # Since when it waits for the customer, and how many characters of it went out before: a long one goes in parts.
    held_at: Mapped[datetime | None]
    said_up_to: Mapped[int] = mapped_column(default=0)

    message: Mapped[Message] = relationship(lazy="joined", innerjoin=True)


class Timer(Base):
    """Something due: a promise, a follow-up, a remedy to carry out, a clock. ``key`` lets each be set once."""

    __tablename__ = "timers"
    __table_args__ = (
        Index("ix_timers_open", "due_at", sqlite_where=text("state = 'open'"), postgresql_where=text("state = 'open'")),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(String(128), unique=True)
    kind: Mapped[str] = mapped_column(String(32))
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), index=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"))
    subject_id: Mapped[int | None] = mapped_column(BigId)  # the remedy or promise meant
    # The message whose turn set it: its sender may wait for what the timer does.
    inbox_id: Mapped[str | None] = mapped_column(ForeignKey("inbox.id"), index=True)
    due_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(9), default="open")  # open, fired, cancelled
    attempts: Mapped[int] = mapped_column(default=0)
    claimed_by: Mapped[str | None] = mapped_column(String(64))
    claimed_until: Mapped[datetime | None]
    fired_at: Mapped[datetime | None]
    # When people were told that it takes longer: the other system cannot be reached.
    told_at: Mapped[datetime | None]
