"""Who works at the desk, who is signed in, who did what."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from store.tables.base import Base, BigId, unguessable


class Staff(Base):
    """A person who works at the desk."""

    __tablename__ = "staff"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    login: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    role: Mapped[str] = mapped_column(String(16))  # agent, supervisor, manager, quality, administrator
    password_digest: Mapped[str] = mapped_column(String(200))
    must_change_password: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)
    language: Mapped[str] = mapped_column(String(8), default="zh")
    failed_logins: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    # Second factor (RFC 6238): the secret is encrypted; a step is used once; recovery codes are digests.
    totp_secret: Mapped[str | None] = mapped_column(String(200))
    totp_confirmed_at: Mapped[datetime | None]
    totp_last_step: Mapped[int] = mapped_column(BigId, default=0)
    recovery_digests: Mapped[list[str]] = mapped_column(default=list)
    # What routing goes by.
    departments: Mapped[list[str]] = mapped_column(default=list)  # empty: the front door
    skills: Mapped[list[str]] = mapped_column(default=list)  # keys of categories
    languages: Mapped[list[str]] = mapped_column(default=list)  # spoken with customers; empty: all
    capacity: Mapped[int] = mapped_column(default=10)  # conversations at once
    on_duty: Mapped[bool] = mapped_column(default=False)
    last_active_at: Mapped[datetime | None]
    last_given_at: Mapped[datetime | None]  # a conversation, by routing: takes turns among equals
    # How to be told: {"email": address, "ways": [...], "quiet": ["22:00", "07:00"], "digest": minutes}
    notify: Mapped[dict[str, Any]] = mapped_column(default=dict)


class StaffSession(Base):
    """A signed-in browser; only a digest of its token is kept."""

    __tablename__ = "staff_sessions"

    token_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    public_id: Mapped[str] = mapped_column(String(32), index=True, unique=True, default=unguessable)
    browser: Mapped[str] = mapped_column(String(200), default="")  # as it names itself
    address: Mapped[str] = mapped_column(String(64), default="")
    second_factor_at: Mapped[datetime | None]

    staff: Mapped[Staff] = relationship(lazy="joined", innerjoin=True)


class ApiToken(Base):
    """A token of the API for one purpose; only its digest is kept."""

    __tablename__ = "api_tokens"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=unguessable)
    name: Mapped[str] = mapped_column(String(100))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]]
    created_by: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class SavedView(Base):
    """A list with its filters, under a name of the person's own."""

    __tablename__ = "saved_views"
    __table_args__ = (UniqueConstraint("staff_id", "name"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=unguessable)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    name: Mapped[str] = mapped_column(String(60))
    filters: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class WebSession(Base):
    """A web-chat visitor's session; only digests of its token and resume token are kept."""

    __tablename__ = "web_sessions"

    token_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    resume_digest: Mapped[str] = mapped_column(String(64), unique=True)
    identity_id: Mapped[int] = mapped_column(ForeignKey("identities.id"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class AuditEntry(Base):
    """Who did what to what, and when. Holds ids, never what was said."""

    __tablename__ = "audit_entries"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(100))
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    content_digest: Mapped[str] = mapped_column(String(64))
    digest: Mapped[str] = mapped_column(String(64))  # of the entry before and this one's content
    erased: Mapped[bool] = mapped_column(default=False)
