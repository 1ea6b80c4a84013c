"""Logging in: the same answer and the same time whether login, password or lock stands in the way."""

import asyncio
from datetime import timedelta

from desk.accounts import find_account, is_password
from desk.console.sessions import new_token, sign_in
from store.audit import append
from store.database import Database, UnitOfWork
from store.tables import Staff

FAILURES_BEFORE_LOCK = 5
LOCKED_FOR = timedelta(minutes=15)

# Checking a password costs 64 MiB and a core for a moment: a flood of guesses must not take the machine.
_checking = asyncio.Semaphore(2)


async def log_in(database: Database, login: str, password: str) -> str | None:
    """Sign a person in.

    The password is checked outside any transaction: it takes far longer than the store may be held.

    Returns:
        The token of their new session; None where login or password is wrong, or the account locked or inactive.
    """
    staff = await database.read(find_account, login)
    async with _checking:
        right = await asyncio.to_thread(is_password, staff, password)
    return await database.run(_conclude, staff, right)


def _conclude(work: UnitOfWork, checked: Staff | None, right: bool) -> str | None:
    """Count or forgive failures, and sign in.

    A log-in without an account leaves an entry, too, so that it takes as long; the login itself is not kept: people
    type passwords there by mistake.
    """
    if checked is None:
        _audit(work, "", "log_in_failed")
        return None
    staff = work.session.get_one(Staff, checked.id, with_for_update=True)
    unchanged = staff.password_digest == checked.password_digest
    locked = staff.locked_until is not None and staff.locked_until > work.now
    if right and unchanged and staff.active and not locked:
        staff.failed_logins, staff.locked_until = 0, None
        token = new_token()
        sign_in(work, staff, token)
        _audit(work, staff.login, "log_in")
        return token
    if not locked and not right:
        staff.failed_logins += 1
        if staff.failed_logins >= FAILURES_BEFORE_LOCK:
            staff.failed_logins, staff.locked_until = 0, work.now + LOCKED_FOR
    _audit(work, staff.login, "log_in_failed")
    return None


def _audit(work: UnitOfWork, login: str, action: str) -> None:
    append(work, login or "unknown", action, login)
