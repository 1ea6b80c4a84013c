"""Who is told what, and over which way it reached them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from store.tables.base import Base, BigId, unguessable


class NotificationEvent(Base):
    """Something that happened of which people are told; from it a worker plans what leaves the page."""

    __tablename__ = "notification_events"
    __table_args__ = (
        Index(
            "ix_notification_events_unplanned",
            "id",
            sqlite_where=text("planned_at IS NULL"),
            postgresql_where=text("planned_at IS NULL"),
        ),
        Index("ix_notification_events_kind_at", "kind", "at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=unguessable)
    kind: Mapped[str] = mapped_column(String(32))
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversations.id"), index=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"))
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    at: Mapped[datetime] = mapped_column(index=True)
    planned_at: Mapped[datetime | None]
    passed_on_at: Mapped[datetime | None]  # a hand-over that nobody read: when superiors were told


class Notification(Base):
    """Something a member of staff should know: ids and keys; the words come from the catalogue when it is shown."""

    __tablename__ = "notifications"
    __table_args__ = (
        Index(
            "ix_notifications_unread",
            "staff_id",
            "id",
            sqlite_where=text("read_at IS NULL"),
            postgresql_where=text("read_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=unguessable)
    event_id: Mapped[int] = mapped_column(ForeignKey("notification_events.id"), index=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    kind: Mapped[str] = mapped_column(String(32))
    conversation_id: Mapped[int | None] = mapped_column(ForeignKey("conversations.id"), index=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("cases.id"))
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    count: Mapped[int] = mapped_column(default=1)  # how often it happened until it was read
    at: Mapped[datetime] = mapped_column(index=True)
    read_at: Mapped[datetime | None]


class NotificationDelivery(Base):
    """An event on its way outside the page, to one target.

    A target is a way and a name: a login for e-mail, the key of a robot or webhook in ``notifications.yml``. Addresses
    are looked up when it is sent, so that none is kept here.
    """

    __tablename__ = "notification_deliveries"
    __table_args__ = (
        UniqueConstraint("event_id", "way", "target"),
        Index(
            "ix_notification_deliveries_pending",
            "next_attempt_at",
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
        Index("ix_notification_deliveries_sent", "way", "target", "sent_at"),
        Index("ix_notification_deliveries_state", "state", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    # What a receiver tells repetitions by.
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=unguessable)
    event_id: Mapped[int] = mapped_column(ForeignKey("notification_events.id"), index=True)
    # Of the person, for e-mail: once it is read, nothing is sent any more.
    notification_id: Mapped[int | None] = mapped_column(ForeignKey("notifications.id"), index=True)
    way: Mapped[str] = mapped_column(String(16))  # email, robot, webhook
    target: Mapped[str] = mapped_column(String(64))
    kind: Mapped[str] = mapped_column(String(32))
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)
    urgent: Mapped[bool] = mapped_column(default=False)  # danger: held back by nothing
    digest: Mapped[bool] = mapped_column(default=False)  # held back, to go out together with others
    state: Mapped[str] = mapped_column(String(8), default="pending")  # pending, sent, failed, dropped
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime]
    claimed_by: Mapped[str | None] = mapped_column(String(64))
    claimed_until: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(index=True)
    sent_at: Mapped[datetime | None]
    sent_with: Mapped[str | None] = mapped_column(String(32))  # of the message that carried it
