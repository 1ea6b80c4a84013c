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
        Index("ix_outcome_events_kind_at", "kind", "at"),
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
    __table_args__ = (
        UniqueConstraint("case_number", "process", "step"),
        # By these the cases behind a point of a chart are found.
        Index("ix_case_step_outcomes_process_day", "process", "day"),
    )

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


class DailyTotal(Base):
    """Daily counts added up by at most two dimensions: a chart reads one row a day however many cases there were.

    Each change of a daily count changes its totals in the same unit of work. A total of all steps has the step ``*``;
    what is not told apart by a second dimension, or by any, has empty keys. Rows lie in the order of their key, by
    which charts read them.
    """

    __tablename__ = "daily_totals"
    __table_args__ = (
        CheckConstraint("opportunities >= 0 and defects >= 0 and defects <= opportunities", name="totals_make_sense"),
        Index("ix_daily_totals_day", "day"),
        {"sqlite_with_rowid": False},
    )

    process: Mapped[str] = mapped_column(String(16), primary_key=True)
    dimension: Mapped[str] = mapped_column(String(24), primary_key=True)  # "", "category", "category+channel", …
    step: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    second: Mapped[str] = mapped_column(String(64), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    opportunities: Mapped[int] = mapped_column(default=0)
    defects: Mapped[int] = mapped_column(default=0)


class CaseMeasure(Base):
    """What was measured of one case, so that late events can adjust the daily measures."""

    __tablename__ = "case_measures"
    __table_args__ = (
        UniqueConstraint("case_number", "measure"),
        Index("ix_case_measures_day_measure", "day", "measure"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    case_number: Mapped[str] = mapped_column(String(16))
    measure: Mapped[str] = mapped_column(String(24))  # rating, acknowledgement, first_response, resolution
    day: Mapped[date]  # in the firm's zone
    category: Mapped[str] = mapped_column(String(64))
    department: Mapped[str] = mapped_column(String(64))
    channel: Mapped[str] = mapped_column(String(32))
    tier: Mapped[str] = mapped_column(String(16))
    language: Mapped[str] = mapped_column(String(8))
    value: Mapped[int]  # the score; of a time 1000 · ln(1 + seconds), which adds up without a remainder


class DailyMeasure(Base):
    """The daily roll-up of what was measured, by at most two dimensions: how many, and their sum."""

    __tablename__ = "daily_measures"
    __table_args__ = (
        CheckConstraint("number >= 0 and total >= 0", name="measures_make_sense"),
        Index("ix_daily_measures_day", "day"),
        {"sqlite_with_rowid": False},
    )

    measure: Mapped[str] = mapped_column(String(24), primary_key=True)
    dimension: Mapped[str] = mapped_column(String(24), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    second: Mapped[str] = mapped_column(String(64), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(BigId, default=0)


class RollUpTask(Base):
    """Work on the roll-up that goes on after a stop: ``filling`` measures of cases counted before there were any, up to
    which case; ``repair``, by whom."""

    __tablename__ = "roll_up_tasks"

    name: Mapped[str] = mapped_column(String(16), primary_key=True)
    reached: Mapped[str] = mapped_column(String(32), default="")


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
