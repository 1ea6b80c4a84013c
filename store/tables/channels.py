"""What is kept of channels that other firms run: their accounts' state, what may still be said to whom, what is to be
fetched from them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from store.tables.base import Base, BigId


class ChannelAccount(Base):
    """State of an account named in ``channels.yml``, shared by all processes.

    ``token_revision`` grows with each new access token: who failed with an older one need not ask for another.
    """

    __tablename__ = "channel_accounts"

    channel: Mapped[str] = mapped_column(String(16), primary_key=True)
    account: Mapped[str] = mapped_column(String(64), primary_key=True)  # its key in channels.yml
    access_token: Mapped[str | None] = mapped_column(Text)  # encrypted
    token_expires_at: Mapped[datetime | None]
    token_revision: Mapped[int] = mapped_column(default=0)
    # Who asks for a new token just now; the others wait for it.
    refreshing_by: Mapped[str | None] = mapped_column(String(64))
    refreshing_until: Mapped[datetime | None]
    blocked_until: Mapped[datetime | None]  # the day's calls are used up
    last_callback_at: Mapped[datetime | None]
    # What a person must put right, by the path that was called: ``{"code", "at"}``; gone once a call there went well.
    faults: Mapped[dict[str, Any]] = mapped_column(default=dict)


class ReplyWindow(Base):
    """How much may still be said in a conversation, by the channel's rules, before its customer speaks again."""

    __tablename__ = "reply_windows"
    __table_args__ = (
        Index(
            "ix_reply_windows_mirror_at",
            "mirror_at",
            sqlite_where=text("mirror_at IS NOT NULL"),
            postgresql_where=text("mirror_at IS NOT NULL"),
        ),
        Index(
            "ix_reply_windows_mirrored",
            "mirrored",
            sqlite_where=text("mirrored IS NOT NULL"),
            postgresql_where=text("mirrored IS NOT NULL"),
        ),
    )

    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), primary_key=True)
    # After a message of the customer, and after a tap on a menu, a follow, a scan (:mod:`desk.channels.quotas`).
    ends_at: Mapped[datetime | None]
    brief_ends_at: Mapped[datetime | None]
    # When the latest bubbles went out, the newest last: so many as both allow together.
    spent: Mapped[list[str]] = mapped_column(default=list)
    # When the channel itself said that nothing more goes through.
    shut_at: Mapped[datetime | None]
    # Why nothing can be sent until the customer comes back: ``unfollowed``, ``refuses``, ``unknown_there``.
    unreachable: Mapped[str | None] = mapped_column(String(16))
    unreachable_at: Mapped[datetime | None]
    # When a template or subscription message told that something waits here, since the customer was last heard; and
    # what became of it: ``sent``, ``arrived``, ``refused``.
    told_outside_at: Mapped[datetime | None]
    told_outside: Mapped[str | None] = mapped_column(String(8))
    notice_receipt: Mapped[str | None] = mapped_column(String(64), index=True)
    # Subscription messages that the customer agreed to and that are not used up, by template id.
    subscriptions: Mapped[dict[str, Any]] = mapped_column(default=dict)
    # WeCom: who serves the conversation there (0 new, 1 assistant, 2 waiting, 3 a person, 4 ended), as last known.
    service_state: Mapped[int | None]
    service_state_at: Mapped[datetime | None]
    servicer: Mapped[str | None] = mapped_column(String(64))
    # WeCom: who has the conversation with us (as ``conversations.control``) that the state over there was last brought
    # in line with, and when to see about it again; null: once that changes.
    mirrored: Mapped[str | None] = mapped_column(String(8))
    mirror_at: Mapped[datetime | None]
    mirror_attempts: Mapped[int] = mapped_column(default=0)


class SyncCursor(Base):
    """How far the messages of a WeCom customer service account were read.

    A callback raises ``wanted``; whoever has read everything sets ``done`` to what was wanted when it began.
    """

    __tablename__ = "sync_cursors"

    account: Mapped[str] = mapped_column(String(64), primary_key=True)  # its key in channels.yml
    open_kfid: Mapped[str] = mapped_column(String(64), primary_key=True)
    cursor: Mapped[str | None] = mapped_column(Text)
    # When we began to read it: what was said before was said to somebody else.
    since: Mapped[datetime]
    callback_token: Mapped[str | None] = mapped_column(Text)
    wanted: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime]
    claimed_by: Mapped[str | None] = mapped_column(String(64))
    claimed_until: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)


class HeardCallback(Base):
    """What a customer said or did, acknowledged to the channel and not taken in yet; gone once it is."""

    __tablename__ = "heard_callbacks"
    __table_args__ = (Index("ix_heard_callbacks_customer", "channel", "account", "external_id", "id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    channel: Mapped[str] = mapped_column(String(16))
    account: Mapped[str] = mapped_column(String(64))  # its key in channels.yml
    external_id: Mapped[str] = mapped_column(String(256))
    body: Mapped[dict[str, Any]]  # a :class:`desk.channels.incoming.Incoming`
    received_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)  # that failed
    next_attempt_at: Mapped[datetime]


class IncomingMedia(Base):
    """A file that a customer sent and the channel still has; fetched after the message was acknowledged."""

    __tablename__ = "incoming_media"
    __table_args__ = (
        Index(
            "ix_incoming_media_open",
            "next_attempt_at",
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
    )

    message_id: Mapped[int] = mapped_column(ForeignKey("messages.id"), primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversations.id"), index=True)
    channel: Mapped[str] = mapped_column(String(16))
    account: Mapped[str] = mapped_column(String(64))  # its key in channels.yml
    media_id: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(8))  # image, voice, video, file
    name: Mapped[str] = mapped_column(String(200), default="")
    state: Mapped[str] = mapped_column(String(8), default="open")  # open, fetched, failed
    attempts: Mapped[int] = mapped_column(default=0)
    next_attempt_at: Mapped[datetime]
    claimed_by: Mapped[str | None] = mapped_column(String(64))
    claimed_until: Mapped[datetime | None]
    error: Mapped[str | None] = mapped_column(Text)


class BindingLink(Base):
    """A link that binds whoever opens it first to a customer; only a digest of its token is kept."""

    __tablename__ = "binding_links"

    token_digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    # Whose identity it will be; null for an order whose customer nobody knows yet, until it is opened.
    customer_id: Mapped[int | None] = mapped_column(ForeignKey("customers.id"), index=True)
    order_number: Mapped[str | None] = mapped_column(String(64))
    channel: Mapped[str] = mapped_column(String(16))
    account: Mapped[str] = mapped_column(String(64))  # as identities have it
    made_by: Mapped[str] = mapped_column(String(64))
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
    identity_id: Mapped[int | None] = mapped_column(BigId)  # who opened it


class ReceivedDeed(Base):
    """That a deed of a customer (a follow, a tap, a scan) was taken in: the channel may tell of it three times."""

    __tablename__ = "received_deeds"

    identity_id: Mapped[int] = mapped_column(ForeignKey("identities.id"), primary_key=True)
    deed_key: Mapped[str] = mapped_column(String(128), primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
