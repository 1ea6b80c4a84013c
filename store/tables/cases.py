"""A complaint and all that belongs to it: the tables behind the contract's case view."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy import inspect as sqlalchemy_inspect
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from store.tables.base import Base, BigId, case_number, unguessable
from store.tables.conversations import Conversation, Customer


class Case(Base):
    """One complaint."""

    __tablename__ = "cases"
    __table_args__ = (
        Index("ix_cases_customer_id_opened_at", "customer_id", "opened_at"),
        Index("ix_cases_department_state", "department", "state"),
        Index("ix_cases_state_resolution_due", "state", "resolution_due"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    number: Mapped[str] = mapped_column(String(16), unique=True, default=case_number)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), index=True)
    linked_case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"))
    state: Mapped[str] = mapped_column(String(20), default="open")
    language: Mapped[str] = mapped_column(String(8))
    channel: Mapped[str] = mapped_column(String(32))
    tier: Mapped[str] = mapped_column(String(16))
    categories: Mapped[list[str]] = mapped_column(default=list)
    failure_type: Mapped[str] = mapped_column(String(40))
    dimension: Mapped[str] = mapped_column(String(8))
    severity: Mapped[str] = mapped_column(String(8))
    emotion: Mapped[int]
    risks: Mapped[list[str]] = mapped_column(default=list)
    wished_remedy: Mapped[str | None] = mapped_column(String(200))
    department: Mapped[str] = mapped_column(String(64))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)
    service_step: Mapped[str] = mapped_column(String(64), default="")  # of the blueprint; empty where none fits
    valid: Mapped[bool | None]  # whether the complaint stands; null until judged
    order_proved: Mapped[bool] = mapped_column(default=False)
    order_unknown: Mapped[bool] = mapped_column(default=False)
    proof_attempts: Mapped[int] = mapped_column(default=0)
    happening_asked: Mapped[bool] = mapped_column(default=False)
    person_declined: Mapped[bool] = mapped_column(default=False)
    offer_round: Mapped[int] = mapped_column(default=0)
    opened_at: Mapped[datetime] = mapped_column(index=True)
    acknowledged_at: Mapped[datetime | None]
    first_response_due: Mapped[datetime]
    first_response_at: Mapped[datetime | None] = mapped_column(index=True)
    resolution_due: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    next_update_due: Mapped[datetime | None]
    # No foreign keys on these two: SQLite cannot add one without building the table anew.
    resolved_by_id: Mapped[int | None] = mapped_column(BigId)  # of the staff who handled the resolution; null: the bot
    opened_by_id: Mapped[int | None] = mapped_column(BigId)  # of the staff who recorded it; null: the bot
    recording_key: Mapped[str | None] = mapped_column(
        String(32), index=True, unique=True
    )  # of the form: sent twice, one case
    # Failed proofs by people who named this case's number on another channel; bounded over all of them.
    follow_attempts: Mapped[int] = mapped_column(default=0)
    merged_into_id: Mapped[int | None] = mapped_column(BigId)
    # Who spoke first: complaint (the customer), guarantee or incident (the firm); the latter become complaints as soon
    # as the customer complains, and count from then on.
    origin: Mapped[str] = mapped_column(String(12), default="complaint")
    complained_at: Mapped[datetime | None]  # when the customer complained in a case that the firm had opened itself
    incident_id: Mapped[int | None] = mapped_column(BigId, index=True)
    about_handling: Mapped[bool] = mapped_column(default=False)  # of the linked case: its recovery failed, too
    follow_up_asked_at: Mapped[datetime | None]
    follow_up_refused_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]

    customer: Mapped[Customer] = relationship(lazy="joined", innerjoin=True)
    conversation: Mapped[Conversation] = relationship(foreign_keys=[conversation_id])
    facts: Mapped[list["Fact"]] = relationship(order_by="Fact.id")
    offers: Mapped[list["Offer"]] = relationship(order_by="Offer.round, Offer.position")
    remedies: Mapped[list["Remedy"]] = relationship(order_by="Remedy.id")
    promises: Mapped[list["Promise"]] = relationship(order_by="Promise.id")
    ratings: Mapped[list["Rating"]] = relationship(order_by="Rating.id")
    hand_overs: Mapped[list["HandOver"]] = relationship(order_by="HandOver.id")

    @validates("state")
    def _moved_by_transitions_alone(self, _: str, value: str) -> str:
        """Only :func:`actions.cases.move` changes the state of a kept case, past this; so that none goes unguarded."""
        if sqlalchemy_inspect(self).persistent:
            raise AttributeError("the state of a case is changed by actions.cases.move alone")
        return value


class CaseTransition(Base):
    """One step of a case's history."""

    __tablename__ = "case_transitions"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    transition: Mapped[str] = mapped_column(String(20))
    from_state: Mapped[str] = mapped_column(String(20))
    to_state: Mapped[str] = mapped_column(String(20))
    by: Mapped[str] = mapped_column(String(64))  # bot, timer, or a staff login
    at: Mapped[datetime]
    # Why, where there is more to say than the transition's name: a key such as that of a hand-over, or a case number.
    reason: Mapped[str | None] = mapped_column(String(64))


class SeverityChange(Base):
    """How severe a case was judged to be from a moment on, and which rules of the firm's table said so."""

    __tablename__ = "severity_changes"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    severity: Mapped[str] = mapped_column(String(8))
    rules: Mapped[list[str]] = mapped_column(default=list)  # keys of severity.yml that gave this severity
    at: Mapped[datetime]


class Assessment(Base):
    """What machine or person judged the failure to be; the latest holds, earlier ones stay."""

    __tablename__ = "assessments"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    by: Mapped[str] = mapped_column(String(64))  # bot, or a staff login
    categories: Mapped[list[str]]
    emotion: Mapped[int]
    risks: Mapped[list[str]]
    words: Mapped[dict[str, Any]]  # what spoke for each label
    at: Mapped[datetime]


class Fact(Base):
    """Something the customer said that the case needs: an order number, a date, a loss."""

    __tablename__ = "facts"
    __table_args__ = (
        UniqueConstraint("case_id", "key"),
        # By these two cases of one customer find each other; the other facts may be long.
        Index(
            "ix_facts_key_value",
            "key",
            "value",
            sqlite_where=text("key IN ('order_number', 'phone')"),
            postgresql_where=text("key IN ('order_number', 'phone')"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    key: Mapped[str] = mapped_column(String(32))
    value: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime]
    by: Mapped[str | None] = mapped_column(String(64))  # login of who corrected it; null: as the customer said it


class Offer(Base):
    """One choice put to the customer. The choices of one round stand side by side; at most one is accepted."""

    __tablename__ = "offers"
    __table_args__ = (
        UniqueConstraint("case_id", "round", "position"),
        Index(
            "ix_offers_awaiting_approval",
            "answered_at",
            sqlite_where=text("state = 'awaiting_approval'"),
            postgresql_where=text("state = 'awaiting_approval'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    round: Mapped[int]
    position: Mapped[int]  # 1-based, as shown
    remedies: Mapped[list[Any]]  # [{kind, amount, currency}], amount in minor units or null
    cost: Mapped[int]  # minor units
    currency: Mapped[str] = mapped_column(String(3))
    authority: Mapped[str] = mapped_column(String(16))
    # open, accepted, awaiting_approval, declined, superseded, refused
    state: Mapped[str] = mapped_column(String(20), default="open")
    rule: Mapped[str] = mapped_column(String(64))  # id of the policy rule that licenses it
    approved_by: Mapped[str] = mapped_column(String(64))  # who approved that rule, or this offer
    reason: Mapped[str] = mapped_column(Text)  # in the customer's language
    reasons: Mapped[dict[str, Any]] = mapped_column(default=dict)  # by language, for those who look at it
    decision: Mapped[dict[str, Any]] = mapped_column(default=dict)  # what was expected of it (recovery.decision)
    public_id: Mapped[str] = mapped_column(String(32), index=True, unique=True, default=unguessable)
    made_at: Mapped[datetime]
    answered_at: Mapped[datetime | None] = mapped_column(index=True)


class Remedy(Base):
    """A remedy that was granted: intended first, executed once its connector said so."""

    __tablename__ = "remedies"
    __table_args__ = (
        # An offer executes once: no two remedies of one kind from one offer.
        UniqueConstraint("offer_id", "kind"),
        CheckConstraint("amount >= 0", name="amount_not_negative"),
        Index(
            "ix_remedies_intended",
            "kind",
            "case_id",
            sqlite_where=text("state = 'intended'"),
            postgresql_where=text("state = 'intended'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    offer_id: Mapped[int] = mapped_column(ForeignKey("offers.id"))
    kind: Mapped[str] = mapped_column(String(16))
    amount: Mapped[int] = mapped_column(default=0)  # minor units
    currency: Mapped[str] = mapped_column(String(3))
    order_number: Mapped[str | None] = mapped_column(String(64), index=True)
    state: Mapped[str] = mapped_column(String(8), default="intended")  # intended, executed, failed, reversed
    idempotency_key: Mapped[str] = mapped_column(String(32), unique=True, default=unguessable)
    reference: Mapped[str | None] = mapped_column(String(64))
    error: Mapped[str | None] = mapped_column(Text)
    intended_at: Mapped[datetime]
    executed_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    valid_until: Mapped[datetime | None]  # of a voucher, as who issued it says
    reversed_at: Mapped[datetime | None]  # a later one of the same offer failed for good; this one was taken back


class Promise(Base):
    """Something owed by a time; ``made_good_at``: when a call that was not made in time was made after all."""

    __tablename__ = "promises"
    __table_args__ = (
        Index(
            "ix_promises_open",
            "due_at",
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=unguessable)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), index=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"), index=True)
    kind: Mapped[str] = mapped_column(String(32))
    text: Mapped[str] = mapped_column(Text)
    due_at: Mapped[datetime] = mapped_column(index=True)
    state: Mapped[str] = mapped_column(String(8), default="open")  # open, kept, broken, released, moved
    made_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    made_good_at: Mapped[datetime | None]
    made_by: Mapped[str] = mapped_column(String(64), default="bot")  # bot, timer, or a staff login
    reminded_at: Mapped[datetime | None]
    # No foreign key: SQLite cannot add one. The promise in whose place this one came: it was moved, or broken.
    follows_id: Mapped[int | None] = mapped_column(BigId)


class Rating(Base):
    """How content the customer is, 1–5; the three fairness answers where given (S0, S2)."""

    __tablename__ = "ratings"
    __table_args__ = (CheckConstraint("score between 1 and 5", name="score_1_to_5"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    score: Mapped[int]
    outcome: Mapped[int | None]
    procedure: Mapped[int | None]
    interaction: Mapped[int | None]
    handled_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))  # who handled it then; null: the bot
    asked: Mapped[bool] = mapped_column(default=False)  # else the customer said it of their own accord
    at: Mapped[datetime] = mapped_column(index=True)


class HandOver(Base):
    """A conversation passed from bot to staff, with what the person needs to know."""

    __tablename__ = "hand_overs"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), index=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"), index=True)
    reason: Mapped[str] = mapped_column(String(32))
    by: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    taken_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    taken_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
