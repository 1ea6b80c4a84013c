"""Sessions of the web chat: who writes, without an account, a cookie or a row for those who only look.

A session is made with the first message. Its token lets the page write and read; a resume token, carried in a link,
makes a further session of the same conversation. Of both only SHA-256 digests are kept: the tokens are random, so a
slow hash would add nothing.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from actions.conversations import Address, open_conversation
from store.database import UnitOfWork
from store.tables import Conversation, Identity, WebSession

CHANNEL = "web"
LIFETIME = timedelta(days=30)
# A session in use is extended; no oftener than daily, so that reading writes next to nothing.
EXTEND_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session as its page gets it, the only time that its tokens are seen."""

    token: str
    resume: str
    identity: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Visit:
    """Who is behind a valid token.

    Attributes:
        due_for_extension: its end should be moved by :func:`extend`.
    """

    digest: str
    address: Address
    conversation_id: int
    due_for_extension: bool


def open_session(work: UnitOfWork, language: str | None) -> NewSession:
    """A session for somebody new.

    Args:
        language: of the page; spoken until the customer's own words tell.
    """
    address = Address(CHANNEL, secrets.token_urlsafe(16))
    conversation = open_conversation(work, address)
    conversation.language = language
    return _add_session(work, conversation.identity)


def resume_session(work: UnitOfWork, resume: str) -> NewSession | None:
    """A further session of the conversation that a resume token belongs to; None where it is unknown or expired."""
    statement = (
        select(Identity)
        .join(WebSession, WebSession.identity_id == Identity.id)
        .where(WebSession.resume_digest == _digest(resume), WebSession.expires_at > work.now)
    )
    identity = work.session.scalars(statement).first()
    return None if identity is None else _add_session(work, identity)


def find_visit(work: UnitOfWork, token: str) -> Visit | None:
    """Who is behind ``token``; None where it is unknown or expired."""
    digest = _digest(token)
    statement = (
        select(WebSession.expires_at, Identity, Conversation.id)
        .join(Identity, WebSession.identity_id == Identity.id)
        .join(Conversation, Conversation.identity_id == Identity.id)
        .where(WebSession.token_digest == digest, WebSession.expires_at > work.now)
    )
    found = work.session.execute(statement).first()
    if found is None:
        return None
    expires_at, identity, conversation_id = found
    address = Address(identity.channel, identity.external_id, identity.account)
    return Visit(digest, address, conversation_id, expires_at < work.now + LIFETIME - EXTEND_AFTER)


def extend(work: UnitOfWork, digest: str) -> None:
    """Let a session in use live on."""
    work.session.execute(
        update(WebSession).where(WebSession.token_digest == digest).values(expires_at=work.now + LIFETIME)
    )


def forget_expired(work: UnitOfWork) -> None:
    """Remove sessions that have ended; what was said stays with the conversation."""
    work.session.execute(delete(WebSession).where(WebSession.expires_at <= work.now))


def _add_session(work: UnitOfWork, identity: Identity) -> NewSession:
    new = NewSession(
        token=secrets.token_urlsafe(32),
        resume=secrets.token_urlsafe(32),
        identity=identity.public,
        expires_at=work.now + LIFETIME,
    )
    work.session.add(
        WebSession(
            token_digest=_digest(new.token),
            resume_digest=_digest(new.resume),
            identity_id=identity.id,
            created_at=work.now,
            expires_at=new.expires_at,
        )
    )
    work.session.flush()
    return new


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
