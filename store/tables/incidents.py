"""What the firm tells its customers before they complain, and what calls for everybody's attention."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from store.tables.base import Base, BigId, unguessable


class Incident(Base):
    """Something that went wrong for many at once; those it touches are told first."""

    __tablename__ = "incidents"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=unguessable)
    titles: Mapped[dict[str, Any]]  # by language, as customers read it
    playbook: Mapped[str] = mapped_column(String(64))  # of playbooks.yml
    category: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(8), default="draft")  # draft, running, paused, done, stopped
    per_minute: Mapped[int]  # how many are told a minute at most
    created_by: Mapped[str] = mapped_column(String(64))  # login, token or what acted by itself
    created_at: Mapped[datetime]
    creation_key: Mapped[str | None] = mapped_column(String(64), unique=True)  # of the form or call: sent twice, one
    started_by: Mapped[str | None] = mapped_column(String(64))  # login of who confirmed it
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class IncidentOrder(Base):
    """One order that an incident touches, and what became of telling its customer."""

    __tablename__ = "incident_orders"
    __table_args__ = (
        UniqueConstraint("incident_id", "order_number"),
        Index("ix_incident_orders_incident_id_state", "incident_id", "state"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    incident_id: Mapped[int] = mapped_column(ForeignKey("incidents.id"))
    order_number: Mapped[str] = mapped_column(String(64), index=True)
    # waiting, told, by_hand (a person told them), joined (they complained first), same_customer (told of another
    # order), unreachable, unknown
    state: Mapped[str] = mapped_column(String(16), default="waiting")
    # Why it waits still: person, question, busy; empty while nothing stands in the way.
    waits_for: Mapped[str] = mapped_column(String(10), default="")
    customer_id: Mapped[int | None] = mapped_column(BigId, index=True)
    case_id: Mapped[int | None] = mapped_column(BigId)
    told_at: Mapped[datetime | None]
    noted_at: Mapped[datetime | None]  # the person who had the conversation was told of it
    next_attempt_at: Mapped[datetime | None]
    claimed_until: Mapped[datetime | None]


class Alarm(Base):
    """Something that somebody must look at soon: a threat of exposure, many more complaints than usual, a cluster."""

    __tablename__ = "alarms"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=unguessable)
    key: Mapped[str] = mapped_column(String(160), unique=True)  # one cause raises one alarm
    kind: Mapped[str] = mapped_column(String(16))  # media, spike, cluster
    category: Mapped[str] = mapped_column(String(64), default="")
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)  # counts, what was expected, case numbers
    raised_at: Mapped[datetime] = mapped_column(index=True)
    taken_by: Mapped[str | None] = mapped_column(String(64))
    taken_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    note: Mapped[str | None] = mapped_column(Text)
    incident_id: Mapped[int | None] = mapped_column(BigId)
