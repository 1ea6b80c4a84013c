"""Accounts of staff: made on the command line or on first run, with a password that is used once."""

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy import select

from store.audit import append
from store.database import UnitOfWork
from store.tables import Staff

ROLES = ("agent", "supervisor", "manager", "quality", "administrator")
PASSWORD_LENGTH = 10

_hasher = PasswordHasher()
# Checked where there is no such account, so that both take as long.
_NOBODY = _hasher.hash(secrets.token_hex(16))


class AccountRefused(Exception):
    """The account cannot be made or changed; the message says why."""


def add_account(work: UnitOfWork, login: str, name: str, role: str, language: str = "zh", by: str = "command") -> str:
    """Make an account; its one-time password must be changed at the first log-in.

    Returns:
        The password.

    Raises:
        AccountRefused: the login is taken or empty, or there is no such role.
    """
    login = login.strip()
    if not login or len(login) > 64:
        raise AccountRefused("a login has 1 to 64 characters")
    if role not in ROLES:
        raise AccountRefused(f"there is no role {role!r}; there are {', '.join(ROLES)}")
    if work.session.scalars(select(Staff.id).where(Staff.login == login)).first() is not None:
        raise AccountRefused(f"there is an account {login!r} already")
    password = secrets.token_urlsafe(12)
    work.session.add(
        Staff(
            login=login,
            name=name.strip() or login,
            role=role,
            password_digest=_hasher.hash(password),
            must_change_password=True,
            language=language,
            created_at=work.now,
        )
    )
    append(work, by, "add_account", login, {"role": role})
    return password


def reset_password(work: UnitOfWork, login: str, by: str = "command") -> str:
    """Give an account a new one-time password and unlock it.

    Raises:
        AccountRefused: there is no such account.
    """
    staff = find_account(work, login)
    if staff is None:
        raise AccountRefused(f"there is no account {login!r}")
    password = secrets.token_urlsafe(12)
    staff.password_digest = _hasher.hash(password)
    staff.must_change_password = True
    staff.failed_logins, staff.locked_until = 0, None
    append(work, by, "reset_password", login)
    return password


def change_password(work: UnitOfWork, staff_id: int, old: str, new: str) -> None:
    """Replace a password.

    Raises:
        AccountRefused: the old one is wrong, or the new one too short or the same.
    """
    staff = work.session.get_one(Staff, staff_id)
    if not is_password(staff, old):
        raise AccountRefused("wrong_password")
    if len(new) < PASSWORD_LENGTH or new == old:
        raise AccountRefused("weak_password")
    staff.password_digest = _hasher.hash(new)
    staff.must_change_password = False


def find_account(work: UnitOfWork, login: str) -> Staff | None:
    """The account with this login, or None."""
    return work.session.scalars(select(Staff).where(Staff.login == login)).first()


def is_password(staff: Staff | None, password: str) -> bool:
    """Whether the password is the account's; takes as long where there is no account."""
    try:
        return _hasher.verify(staff.password_digest if staff else _NOBODY, password) and staff is not None
    except (Argon2Error, InvalidHashError):
        return False


def has_accounts(work: UnitOfWork) -> bool:
    """Whether anybody can log in yet."""
    return work.session.scalars(select(Staff.id).limit(1)).first() is not None
