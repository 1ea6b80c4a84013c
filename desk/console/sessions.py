"""Who is signed in: rows that can be revoked, found by the digest of a cookie's token.

A person with a second factor has a session that awaits their code between password and code: it lives for some minutes
and opens nothing.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from sqlalchemy import ColumnElement, delete, or_, select

from actions.firm.security import SecurityFile
from actions.staff.presence import leave_if_signed_out
from store.database import UnitOfWork
from store.tables import Staff, StaffSession

COOKIE = "amends_desk"
# Where the firm says nothing else (data/firm/security.yml).
IDLE = timedelta(hours=12)
# From the password to the code.
AWAITED_FOR = timedelta(minutes=10)
# A session's row is written at most this often.
_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Browser:
    """From where somebody signs in: what the browser calls itself, and its network address."""

    name: str = ""
    address: str = ""


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
    return hashlib.sha256(_as_bytes(token)).hexdigest()


def csrf_token(key: bytes, token: str) -> str:
    """What the forms of the browser with this token must carry; other sites can neither read nor make it."""
    return hmac.new(key, b"csrf:" + _as_bytes(token), hashlib.sha256).hexdigest()


def sign_in(
    work: UnitOfWork,
    staff: Staff,
    token: str,
    browser: Browser | None = None,
    idle: timedelta = IDLE,
    with_code: bool = False,
) -> None:
    """Open a session; those that ran out are swept up by the way.

    Args:
        browser: where they sign in, as far as it is known.
        idle: how long it lives without a sign of life; for one that awaits a code, how long the code may take.
        with_code: whether the second factor was given.
    """
    work.session.execute(delete(StaffSession).where(StaffSession.expires_at <= work.now))
    work.session.add(
        StaffSession(
            token_digest=digest_of(token),
            staff_id=staff.id,
            created_at=work.now,
            last_seen_at=work.now,
            expires_at=work.now + idle,
            browser=browser.name[:200] if browser else "",
            address=browser.address[:64] if browser else "",
            second_factor_at=work.now if with_code else None,
        )
    )


def find(work: UnitOfWork, digest: str) -> SignedIn | None:
    """The session with this digest, unless it ran out, was ended, awaits a code, or the account is no longer active."""
    session = work.session.get(StaffSession, digest)
    if session is None or session.expires_at <= work.now or not session.staff.active or awaits_code(session):
        return None
    return SignedIn(session.staff, digest, work.now - session.last_seen_at >= _NOTED_EVERY)


def find_awaiting(work: UnitOfWork, digest: str) -> StaffSession | None:
    """The session with this digest if all it needs is the code."""
    session = work.session.get(StaffSession, digest)
    if session is None or session.expires_at <= work.now or not session.staff.active or not awaits_code(session):
        return None
    return session


def awaits_code(session: StaffSession) -> bool:
    """Whether the person has a second factor and has not given it here."""
    return session.staff.totp_confirmed_at is not None and session.second_factor_at is None


def holding(work: UnitOfWork, digests: Iterable[str]) -> set[str]:
    """Those of ``digests`` whose sessions still hold."""
    found: set[str] = set()
    wanted = sorted(digests)
    for start in range(0, len(wanted), 500):
        statement = (
            select(StaffSession.token_digest)
            .join(Staff, Staff.id == StaffSession.staff_id)
            .where(StaffSession.token_digest.in_(wanted[start : start + 500]), Staff.active, *live(work))
        )
        found.update(work.session.scalars(statement))
    return found


def sessions_of(work: UnitOfWork, staff_id: int) -> list[StaffSession]:
    """A person's sessions, the one seen last first; none that awaits a code."""
    statement = (
        select(StaffSession)
        .join(Staff, Staff.id == StaffSession.staff_id)
        .where(StaffSession.staff_id == staff_id, *live(work))
        .order_by(StaffSession.last_seen_at.desc(), StaffSession.created_at.desc())
    )
    return list(work.session.scalars(statement))


def held_back(security: SecurityFile, staff: Staff) -> Literal["password", "second_factor"] | None:
    """What somebody who is signed in must see to before anything else."""
    if staff.must_change_password:
        return "password"
    if security.needs_second_factor(staff.role) and staff.totp_confirmed_at is None:
        return "second_factor"
    return None


def note_seen(work: UnitOfWork, digest: str, idle: timedelta = IDLE) -> None:
    """Begin the idle time anew."""
    session = work.session.get(StaffSession, digest)
    if session is not None and session.expires_at > work.now:
        session.last_seen_at, session.expires_at = work.now, work.now + idle
        session.staff.last_active_at = work.now


def note_code(work: UnitOfWork, digest: str) -> None:
    """The person of this session has just proved to have the second factor."""
    session = work.session.get(StaffSession, digest)
    if session is not None:
        session.second_factor_at = work.now


def sign_out(work: UnitOfWork, digest: str) -> None:
    """End a session; whoever has none left is off duty."""
    session = work.session.get(StaffSession, digest)
    work.session.execute(delete(StaffSession).where(StaffSession.token_digest == digest))
    if session is not None:
        leave_if_signed_out(work, session.staff)


def sign_out_one(work: UnitOfWork, staff_id: int, public_id: str) -> bool:
    """End one of a person's own sessions by its public id; False where they have none by it."""
    owned = (StaffSession.staff_id == staff_id) & (StaffSession.public_id == public_id)
    result = work.session.execute(delete(StaffSession).where(owned))
    return bool(result.rowcount)  # type: ignore[attr-defined]


def sign_out_elsewhere(work: UnitOfWork, staff_id: int, digest: str) -> None:
    """End all of a person's sessions but one."""
    work.session.execute(
        delete(StaffSession).where(StaffSession.staff_id == staff_id, StaffSession.token_digest != digest)
    )


def _as_bytes(token: str) -> bytes:
    # A cookie may hold bytes that are no text; no token of ours does.
    return token.encode(errors="replace")


def live(work: UnitOfWork) -> tuple[ColumnElement[bool], ...]:
    """Of sessions joined with their staff: neither run out nor awaiting a code."""
    return (
        StaffSession.expires_at > work.now,
        or_(Staff.totp_confirmed_at.is_(None), StaffSession.second_factor_at.is_not(None)),
    )
