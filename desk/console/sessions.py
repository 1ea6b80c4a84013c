"""Who is signed in: rows that can be revoked, found by the digest of a cookie's token."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete

from store.database import UnitOfWork
from store.tables import Staff, StaffSession

COOKIE = "amends_desk"
IDLE = timedelta(hours=12)
# A session's row is written at most this often.
_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person at a browser.

    Attributes:
        digest: of the session's token; the session's key in the store.
        worth_noting: whether their last sign of life is old enough to be written anew.
    """

    staff: Staff
    digest: str
    worth_noting: bool


def new_token() -> str:
    """An unguessable token of 256 bits."""
    return secrets.token_urlsafe(32)


def digest_of(token: str) -> str:
    """SHA-256 of a token, in hexadecimal: all that the store keeps of it."""
    return hashlib.sha256(token.encode()).hexdigest()


def csrf_token(key: bytes, token: str) -> str:
    """What the forms of the browser with this token must carry; other sites can neither read nor make it."""
    return hmac.new(key, b"csrf:" + token.encode(), hashlib.sha256).hexdigest()


def sign_in(work: UnitOfWork, staff: Staff, token: str) -> None:
    """Open a session; those that ran out are swept up by the way."""
    work.session.execute(delete(StaffSession).where(StaffSession.expires_at <= work.now))
    work.session.add(
        StaffSession(
            token_digest=digest_of(token),
            staff_id=staff.id,
            created_at=work.now,
            last_seen_at=work.now,
            expires_at=work.now + IDLE,
        )
    )


def find(work: UnitOfWork, digest: str) -> SignedIn | None:
    """The session with this digest, unless it ran out, was ended, or the account is no longer active."""
    session = work.session.get(StaffSession, digest)
    if session is None or session.expires_at <= work.now or not session.staff.active:
        return None
    return SignedIn(session.staff, digest, work.now - session.last_seen_at >= _NOTED_EVERY)


def note_seen(work: UnitOfWork, digest: str) -> None:
    """Begin the idle time anew."""
    session = work.session.get(StaffSession, digest)
    if session is not None and session.expires_at > work.now:
        session.last_seen_at, session.expires_at = work.now, work.now + IDLE


def sign_out(work: UnitOfWork, digest: str) -> None:
    """End a session."""
    work.session.execute(delete(StaffSession).where(StaffSession.token_digest == digest))


def sign_out_elsewhere(work: UnitOfWork, staff_id: int, digest: str) -> None:
    """End all of a person's sessions but one."""
    work.session.execute(
        delete(StaffSession).where(StaffSession.staff_id == staff_id, StaffSession.token_digest != digest)
    )
