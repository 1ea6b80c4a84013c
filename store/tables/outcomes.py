"""Outcomes and their counts: what analytics reads and keeps."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from store.tables.base import Base, BigId


class OutcomeEventRow(Base):
    """An outcome event (``recovery.events``) as recorded, once for its key."""

    __tablename__ = "outcome_events"
    __table_args__ = (
        Index(
            "ix_outcome_events_uncounted", "id", sqlite_where=text("NOT counted"), postgresql_where=text("NOT counted")
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    key: Mapped[str] = mapped_column(String(160), unique=True)
    kind: Mapped[str] = mapped_column(String(32))
    case_number: Mapped[str] = mapped_column(String(16), index=True)
    at: Mapped[datetime]
    dimensions: Mapped[dict[str, Any]]
    details: Mapped[dict[str, Any]]
    # A flag and not a cursor: on PostgreSQL a smaller id may be committed after a larger one.
    counted: Mapped[bool] = mapped_column(default=False)


class CaseStepOutcome(Base):
    """What one case counts for at one step of a process, so that late events can adjust it."""

    __tablename__ = "case_step_outcomes"
    __table_args__ = (UniqueConstraint("case_number", "process", "step"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_number: Mapped[str] = mapped_column(String(16))
    process: Mapped[str] = mapped_column(String(16))
    step: Mapped[str] = mapped_column(String(64))
    day: Mapped[date]  # in the firm's zone
    category: Mapped[str] = mapped_column(String(64))
    department: Mapped[str] = mapped_column(String(64))
    channel: Mapped[str] = mapped_column(String(32))
    tier: Mapped[str] = mapped_column(String(16))
    language: Mapped[str] = mapped_column(String(8))
    defect: Mapped[bool]


class DailyCount(Base):
    """The daily roll-up: opportunities and defects by everything they are looked at by."""

    __tablename__ = "daily_counts"
    __table_args__ = (
        UniqueConstraint("day", "process", "step", "category", "department", "channel", "tier", "language"),
        CheckConstraint("opportunities >= 0 and defects >= 0 and defects <= opportunities", name="counts_make_sense"),
        Index("ix_daily_counts_process_day", "process", "day"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    day: Mapped[date]
    process: Mapped[str] = mapped_column(String(16))
    step: Mapped[str] = mapped_column(String(64))
    category: Mapped[str] = mapped_column(String(64))
    department: Mapped[str] = mapped_column(String(64))
    channel: Mapped[str] = mapped_column(String(32))
    tier: Mapped[str] = mapped_column(String(16))
    language: Mapped[str] = mapped_column(String(8))
    opportunities: Mapped[int] = mapped_column(default=0)
    defects: Mapped[int] = mapped_column(default=0)


class Volume(Base):
    """How often a service step was done in a day: the opportunities of the service process.

    Empty strings stand for "not told apart", so that the key is unique on every database.
    """

    __tablename__ = "volumes"
    __table_args__ = (
        UniqueConstraint("day", "process", "step", "category", "department"),
        CheckConstraint("opportunities >= 0", name="opportunities_not_negative"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    day: Mapped[date]
    process: Mapped[str] = mapped_column(String(64))
    step: Mapped[str] = mapped_column(String(64), default="")
    category: Mapped[str] = mapped_column(String(64), default="")
    department: Mapped[str] = mapped_column(String(64), default="")
    opportunities: Mapped[int]
    updated_at: Mapped[datetime]
