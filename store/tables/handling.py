"""What staff do on a case beside talking: notes, questions to departments, clocks, attachments, corrections, links."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from store.tables.base import Base, BigId, unguessable


class Note(Base):
    """A word among staff; no customer ever sees it."""

    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=unguessable)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), index=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"), index=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    text: Mapped[str] = mapped_column(Text)
    mentions: Mapped[list[Any]] = mapped_column(default=list)  # ids of staff
    at: Mapped[datetime]


class Consultation(Base):
    """A question to a department, on a clock of its own; customer service keeps the case and the voice (S0)."""

    __tablename__ = "consultations"
    __table_args__ = (Index("ix_consultations_department_state", "department", "state"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=unguessable)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), index=True)
    department: Mapped[str] = mapped_column(String(64))
    question: Mapped[str] = mapped_column(Text)
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    asked_at: Mapped[datetime]
    due_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(10), default="open")  # open, answered, returned, withdrawn
    # Since when the department has it: as asked, or as handed on; its clock runs from there.
    since: Mapped[datetime]
    # What happened on the way: [{"at", "by": login, "from": department, "to": department or null, "reason"}]
    trail: Mapped[list[Any]] = mapped_column(default=list)
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    answer: Mapped[str | None] = mapped_column(Text)  # of a question sent back: why
    answered_at: Mapped[datetime | None]  # or sent back, or withdrawn
    warned_at: Mapped[datetime | None]
    missed_at: Mapped[datetime | None]


class CaseClock(Base):
    """One clock of a case: what runs, when it is due, when it was stopped; a new round for each new start.

    ``measure`` is the time it passes in (``recovery.service_levels.Measure``), ``allotted_seconds`` what it was given
    of it in all; ``remaining_seconds`` is what was left of it when it was paused. ``pauses`` are ``[from, to]`` in
    ISO 8601.
    """

    __tablename__ = "case_clocks"
    __table_args__ = (
        UniqueConstraint("case_id", "kind", "round"),
        Index(
            "ix_case_clocks_running",
            "due_at",
            sqlite_where=text("state = 'running'"),
            postgresql_where=text("state = 'running'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    kind: Mapped[str] = mapped_column(String(16))  # first_response, next_update, resolution
    round: Mapped[int] = mapped_column(default=1)
    department: Mapped[str] = mapped_column(String(64))
    started_at: Mapped[datetime]
    due_at: Mapped[datetime]
    measure: Mapped[str] = mapped_column(String(8), default="clock")  # clock, hours, days
    allotted_seconds: Mapped[int]
    pauses: Mapped[list[Any]] = mapped_column(default=list)
    state: Mapped[str] = mapped_column(String(8), default="running")  # running, paused, stopped
    paused_at: Mapped[datetime | None]
    remaining_seconds: Mapped[int | None]
    warned_at: Mapped[datetime | None]
    missed_at: Mapped[datetime | None]
    stopped_at: Mapped[datetime | None]


class Correction(Base):
    """An assessment that a person corrected, kept as training data without personal data."""

    __tablename__ = "corrections"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    # Null once the case was erased: the text names nobody.
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"), index=True)
    text: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(8))
    categories: Mapped[list[str]]
    emotion: Mapped[int]
    risks: Mapped[list[str]]
    by: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    # The assessment that it made, and the one before, to which it can be undone.
    assessment_id: Mapped[int | None] = mapped_column(BigId)
    previous_id: Mapped[int | None] = mapped_column(BigId)
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)  # department, step and clocks before it


class Attachment(Base):
    """A file that a customer or a member of staff sent; its bytes lie in the state folder under ``public_id``."""

    __tablename__ = "attachments"
    __table_args__ = (CheckConstraint("size > 0", name="size_positive"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=unguessable)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), index=True)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("messages.id"), index=True)
    note_id: Mapped[int | None] = mapped_column(ForeignKey("notes.id"))
    author: Mapped[str] = mapped_column(String(8))  # customer, staff
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    name: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(64))
    size: Mapped[int]  # bytes
    digest: Mapped[str] = mapped_column(String(64))  # SHA-256
    at: Mapped[datetime]
    deleted_at: Mapped[datetime | None]


class CaseLink(Base):
    """Two cases that belong together."""

    __tablename__ = "case_links"
    __table_args__ = (UniqueConstraint("case_id", "other_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id"))
    other_id: Mapped[int] = mapped_column(ForeignKey("cases.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))  # related, merged (case_id went into other_id)
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)  # of a merger: what undoing it restores
    by: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]


class CannedReply(Base):
    """A reply written once and used often; variables are filled in when it is chosen."""

    __tablename__ = "canned_replies"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=unguessable)
    shortcut: Mapped[str] = mapped_column(String(32), unique=True)
    department: Mapped[str | None] = mapped_column(String(64))  # null: everybody's
    texts: Mapped[dict[str, Any]]  # by language; one may be missing
    active: Mapped[bool] = mapped_column(default=True)
    changed_by: Mapped[str] = mapped_column(String(64))
    changed_at: Mapped[datetime]


class Macro(Base):
    """Several deeds at once: a reply, a remedy, a state."""

    __tablename__ = "macros"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=unguessable)
    names: Mapped[dict[str, Any]]  # by language
    department: Mapped[str | None] = mapped_column(String(64))
    steps: Mapped[list[Any]]  # [{"reply": shortcut} | {"remedy": {kind, amount}} | {"state": "close" | "give_back"}]
    active: Mapped[bool] = mapped_column(default=True)
    changed_by: Mapped[str] = mapped_column(String(64))
    changed_at: Mapped[datetime]


class CustomerMerge(Base):
    """That two customers were found to be one person; ``identities`` are those that moved, so that it can be undone."""

    __tablename__ = "customer_merges"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=unguessable)
    kept_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    merged_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    identity_ids: Mapped[list[Any]]
    case_ids: Mapped[list[Any]]
    filled: Mapped[list[str]] = mapped_column(default=list)  # what the kept customer took over: name, phone
    proof: Mapped[str] = mapped_column(String(24))  # order_and_digits, said_on_phone, same_account, case_and_digits
    by: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    undone_at: Mapped[datetime | None]
