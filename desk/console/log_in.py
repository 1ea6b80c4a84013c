"""Logging in: the same answer and the same time whether login, password or lock stands in the way.

Who has a second factor gives its code in a second step. Failures are forgiven only when both were right: otherwise
whoever knows the password could try codes for ever, giving the password anew after each four of them.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from cryptography.fernet import Fernet
from sqlalchemy import select

from actions.firm.security import SecurityFile
from desk import second_factor
from desk.accounts import ROW_LOCK, AccountRefused, find_account, is_password
from desk.console.sessions import AWAITED_FOR, Browser, find_awaiting, new_token, sign_in, sign_out
from store.audit import append
from store.database import Database, UnitOfWork
from store.tables import Staff, StaffSession

R = TypeVar("R")

# Checking a password costs 64 MiB and a core for a moment: a flood of guesses must not take the machine.
_checking = asyncio.Semaphore(2)


@dataclass(frozen=True, slots=True)
class Entered:
    """A step into the desk.

    Attributes:
        token: of the browser's new session.
        needs_code: whether the session opens nothing before the code of the second factor.
    """

    token: str
    needs_code: bool


async def log_in(
    database: Database, security: SecurityFile, login: str, password: str, browser: Browser
) -> Entered | None:
    """The first step.

    The password is checked outside any transaction: it takes far longer than the store may be held.

    Returns:
        None where login or password is wrong, or the account locked or inactive.
    """
    staff = await database.read(find_account, login)
    right = await _is_right(staff, password)
    return await database.run(_conclude, security, staff, right, browser)


async def give_code(
    database: Database, security: SecurityFile, seal: Fernet, digest: str, code: str, browser: Browser
) -> str | Literal["wrong", "ended"]:
    """The second step, in the session with this digest.

    Returns:
        The token of the session that takes its place; ``wrong`` where the code is; ``ended`` where the session awaits
        no code, or the account is locked by now.
    """
    token = new_token()
    outcome = await database.run(_conclude_code, security, seal, digest, code, browser, token)
    return token if outcome == "in" else outcome


async def check_own_password(database: Database, security: SecurityFile, staff_id: int, password: str) -> str:
    """Have somebody who is signed in prove that it is still them.

    Returns:
        The digest that it was checked against.

    Raises:
        AccountRefused: the password is wrong, or was wrong too often; it counts towards the lock-out.
    """
    staff = await database.read(_reload, staff_id)
    right = await _is_right(staff, password)
    code = await database.run(_conclude_proof, security, staff, right)
    if code is not None:
        raise AccountRefused(code)
    return staff.password_digest


async def aside(function: Callable[..., R], *arguments: Any) -> R:
    """Have a password checked or hashed off the event loop, not too many at once."""
    async with _checking:
        return await asyncio.to_thread(function, *arguments)


async def _is_right(staff: Staff | None, password: str) -> bool:
    return await aside(is_password, staff, password)


def _conclude(
    work: UnitOfWork, security: SecurityFile, checked: Staff | None, right: bool, browser: Browser
) -> Entered | None:
    """Count or forgive failures, and sign in.

    A log-in without an account leaves an entry, too, so that it takes as long; the login itself is not kept: people
    type passwords there by mistake.
    """
    if checked is None:
        _audit(work, "", "log_in_failed")
        return None
    staff = work.session.get_one(Staff, checked.id, with_for_update=ROW_LOCK)
    unchanged = staff.password_digest == checked.password_digest
    locked = _is_locked(work, staff)
    if right and unchanged and staff.active and not locked:
        token = new_token()
        if staff.totp_confirmed_at is not None:
            sign_in(work, staff, token, browser, AWAITED_FOR)
            _audit(work, staff.login, "password_given")
            return Entered(token, needs_code=True)
        staff.failed_logins, staff.locked_until = 0, None
        sign_in(work, staff, token, browser, security.session_idle)
        _audit(work, staff.login, "log_in")
        return Entered(token, needs_code=False)
    if not locked and not right:
        _count_failure(work, security, staff)
    _audit(work, staff.login, "log_in_failed")
    return None


def _conclude_code(
    work: UnitOfWork, security: SecurityFile, seal: Fernet, digest: str, code: str, browser: Browser, token: str
) -> Literal["in", "wrong", "ended"]:
    session = find_awaiting(work, digest)
    if session is None:
        return "ended"
    staff = work.session.get_one(Staff, session.staff_id, with_for_update=ROW_LOCK, populate_existing=True)
    # A double click: the first has gone in while this one waited for the lock.
    still_there = work.session.scalar(select(StaffSession.public_id).where(StaffSession.token_digest == digest))
    if still_there is None:
        return "ended"
    if _is_locked(work, staff) or not staff.active or staff.totp_confirmed_at is None:
        sign_out(work, digest)
        return "ended"
    used = second_factor.use(work, seal, staff, code)
    if used is not None:
        staff.failed_logins, staff.locked_until = 0, None
        sign_out(work, digest)
        sign_in(work, staff, token, browser, security.session_idle, with_code=True)
        _audit(work, staff.login, "log_in", {"with": used})
        return "in"
    _count_failure(work, security, staff)
    _audit(work, staff.login, "code_failed")
    if not _is_locked(work, staff):
        return "wrong"
    sign_out(work, digest)
    return "ended"


def _conclude_proof(work: UnitOfWork, security: SecurityFile, checked: Staff, right: bool) -> str | None:
    staff = work.session.get_one(Staff, checked.id, with_for_update=ROW_LOCK)
    if _is_locked(work, staff):
        return "locked_for_now"
    if right and staff.password_digest == checked.password_digest:
        return None
    _count_failure(work, security, staff)
    _audit(work, staff.login, "password_failed")
    return "wrong_password"


def _is_locked(work: UnitOfWork, staff: Staff) -> bool:
    return staff.locked_until is not None and staff.locked_until > work.now


def _count_failure(work: UnitOfWork, security: SecurityFile, staff: Staff) -> None:
    staff.failed_logins += 1
    if staff.failed_logins >= security.failures_before_lock:
        staff.failed_logins, staff.locked_until = 0, work.now + security.locked_for


def _reload(work: UnitOfWork, staff_id: int) -> Staff:
    return work.session.get_one(Staff, staff_id)


def _audit(work: UnitOfWork, login: str, action: str, details: dict[str, str] | None = None) -> None:
    append(work, login or "unknown", action, login, details)
