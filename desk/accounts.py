"""Accounts of staff: made, changed, closed; by an administrator at the desk, on the command line, or on first run.

Each function is a command within a unit of work: it checks, changes, and leaves its trace in the audit log.
"""

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError

from actions.staff.presence import let_go
from actions.words.catalogue import LANGUAGES
from store.audit import append
from store.database import UnitOfWork
from store.tables import Staff, StaffSession

ROLES = ("agent", "supervisor", "manager", "quality", "administrator")
PASSWORD_LENGTH = 10
NAME_LENGTH = 100
MOST_AT_ONCE = 99
# Whoever only refers to a person (a message, a notification) need not wait for this lock: on PostgreSQL the one who
# holds the audit log would wait for the one who waits for the audit log.
ROW_LOCK = {"key_share": True}

# It stands in addresses, on command lines, in the audit log and behind an @ in notes: no blanks, no slashes, and
# neither a lone dot nor a dash at its beginning.
_LOGIN = re.compile(r"\w[\w.+-]*(@[\w.-]+)?")
# What the audit log says where nobody acted, or where a name was erased.
_RESERVED = frozenset({"bot", "command", "erased", "timer", "unknown"})
_LAST = "the last active administrator stays one"
_hasher = PasswordHasher()
# Checked where there is no such account, so that both take as long. Nobody knows the password; to hash one anew would
# hold up every command by a fifth of a second.
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$JgWq4DiaEbY2vGcFb3gnUQ$5jmJoDteFizBCd/LIUeyFmfdx1tPpHO5YZ1eb9No0Q8"


class AccountRefused(Exception):
    """The account cannot be made or changed.

    Attributes:
        code: names the desk's text; the exception's own words are for the command line.
    """

    def __init__(self, code: str, sentence: str = "") -> None:
        super().__init__(sentence or code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Details:
    """What an administrator decides about a person.

    Attributes:
        departments: keys; none is the front door.
        skills: keys of categories.
        languages: spoken with customers; none is all.
        capacity: conversations at once.
    """

    name: str
    role: str
    departments: Sequence[str] = ()
    skills: Sequence[str] = ()
    languages: Sequence[str] = ()
    capacity: int = 10


@dataclass(frozen=True, slots=True)
class OneTimePassword:
    """A password that must be changed at the first log-in, and its digest."""

    password: str
    digest: str


def make_one_time_password() -> OneTimePassword:
    """A new one; its digest takes a moment on purpose, in which the store need not be held."""
    password = secrets.token_urlsafe(12)
    return OneTimePassword(password, hash_password(password))


def add_account(
    work: UnitOfWork,
    login: str,
    name: str,
    role: str,
    language: str = "zh",
    by: str = "command",
    details: Details | None = None,
    once: OneTimePassword | None = None,
) -> str:
    """Make an account; its one-time password must be changed at the first log-in.

    Args:
        details: instead of ``name`` and ``role``, with what routing goes by.
        once: made before, so that the store is not held meanwhile; without it one is made here.

    Returns:
        The password.

    Raises:
        AccountRefused: the login is taken, reserved, empty or unreadable, or the details are wrong.
    """
    login = login.strip()
    if not login or len(login) > 64:
        raise AccountRefused("login_length", "a login has 1 to 64 characters")
    if not _LOGIN.fullmatch(login):
        raise AccountRefused(
            "login_characters", "a login has letters, digits and . _ + - @ and nothing else, a letter or digit first"
        )
    if login.lower() in _RESERVED:
        raise AccountRefused("login_reserved", f"{login!r} stands in the audit log for what nobody did")
    taken = select(Staff.login).where(func.lower(Staff.login) == login.lower())
    if (found := work.session.scalars(taken).first()) is not None:
        raise AccountRefused("login_taken", f"there is an account {found!r} already")
    details = details or Details(name.strip() or login, role)
    _check(details)
    once = once or make_one_time_password()
    staff = Staff(
        login=login,
        password_digest=once.digest,
        must_change_password=True,
        language=language if language in LANGUAGES else "zh",
        created_at=work.now,
    )
    _fill(staff, details)
    work.session.add(staff)
    try:
        work.session.flush()
    except IntegrityError:
        # Somebody else made it at the same moment.
        raise AccountRefused("login_taken", f"there is an account {login!r} already") from None
    append(work, by, "add_account", login, {"role": details.role})
    return once.password


def change_account(work: UnitOfWork, login: str, details: Details, by: str, version: str | None = None) -> None:
    """Give a person another name, role, department, or whatever else is decided for them.

    Args:
        version: of the account as it was shown (``version_of``); None where nothing was shown.

    Raises:
        AccountRefused: there is no such account, the details are wrong, somebody else changed it in the meantime, or
            nobody could run the desk any more.
    """
    _check(details)
    staff, others_run_it = _locked_with_administrators(work, login)
    if version is not None and version != version_of(staff):
        raise AccountRefused("changed_meanwhile")
    before = staff.role
    if before == "administrator" and details.role != "administrator" and staff.active and not others_run_it:
        raise AccountRefused("last_administrator", _LAST)
    _fill(staff, details)
    append(work, by, "change_account", login, {} if before == staff.role else {"role": staff.role, "before": before})


def deactivate(work: UnitOfWork, login: str, by: str = "command") -> None:
    """Close an account and end its sessions; what the person did stays.

    Raises:
        AccountRefused: there is no such account, it is one's own, or nobody could run the desk any more.
    """
    staff, others_run_it = _locked_with_administrators(work, login)
    if login == by:
        raise AccountRefused("own_account", "nobody closes their own account")
    if not staff.active:
        return
    if staff.role == "administrator" and not others_run_it:
        raise AccountRefused("last_administrator", _LAST)
    staff.active, staff.on_duty = False, False
    let_go(work, staff)
    _end_sessions(work, staff)
    append(work, by, "deactivate_account", login)


def reactivate(work: UnitOfWork, login: str, by: str = "command") -> None:
    """Open an account again, unlocked, with the password it had.

    Raises:
        AccountRefused: there is no such account.
    """
    staff = _locked(work, login)
    if staff.active:
        return
    staff.active, staff.failed_logins, staff.locked_until = True, 0, None
    append(work, by, "reactivate_account", login)


def reset_password(work: UnitOfWork, login: str, by: str = "command", once: OneTimePassword | None = None) -> str:
    """Give an account a new one-time password, unlock it, and end its sessions: whoever has them may know the old one.

    Args:
        once: made before, so that the store is not held meanwhile; without it one is made here.

    Returns:
        The password.

    Raises:
        AccountRefused: there is no such account.
    """
    once = once or make_one_time_password()
    staff = _locked(work, login)
    staff.password_digest = once.digest
    staff.must_change_password = True
    staff.failed_logins, staff.locked_until = 0, None
    _end_sessions(work, staff)
    append(work, by, "reset_password", login)
    return once.password


def reset_second_factor(work: UnitOfWork, login: str, by: str = "command") -> None:
    """Take the second factor of somebody who lost it, and end their sessions.

    Raises:
        AccountRefused: there is no such account, or it has none.
    """
    staff = _locked(work, login)
    if staff.totp_secret is None:
        raise AccountRefused("no_second_factor", f"{login} has no second factor")
    staff.totp_secret, staff.totp_confirmed_at, staff.recovery_digests = None, None, []
    staff.failed_logins, staff.locked_until = 0, None
    _end_sessions(work, staff)
    append(work, by, "reset_second_factor", login)


def end_sessions(work: UnitOfWork, login: str, by: str = "command") -> None:
    """Sign a person out everywhere.

    Raises:
        AccountRefused: there is no such account.
    """
    _end_sessions(work, _locked(work, login))
    append(work, by, "end_sessions", login)


def check_new_password(old: str, new: str) -> None:
    """See that a password may take the place of another.

    Raises:
        AccountRefused: it is too short or the same.
    """
    if len(new) < PASSWORD_LENGTH or new == old:
        raise AccountRefused("weak_password")


def change_password(work: UnitOfWork, staff_id: int, old_digest: str, new_digest: str) -> None:
    """Replace a password; checking the old and hashing the new one is done before, outside the transaction.

    Raises:
        AccountRefused: the old one was replaced meanwhile.
    """
    staff = work.session.get_one(Staff, staff_id, with_for_update=ROW_LOCK)
    if staff.password_digest != old_digest:
        raise AccountRefused("wrong_password")
    staff.password_digest = new_digest
    staff.must_change_password = False
    append(work, staff.login, "change_password", staff.login)


def version_of(staff: Staff) -> str:
    """A digest of what is decided about a person, so that two who change it at once do not undo each other."""
    decided = (staff.name, staff.role, staff.departments, staff.skills, staff.languages, staff.capacity)
    return hashlib.sha256(repr(decided).encode()).hexdigest()[:16]


def find_account(work: UnitOfWork, login: str) -> Staff | None:
    """The account with this login, or None."""
    return work.session.scalars(select(Staff).where(Staff.login == login)).first()


def hash_password(password: str) -> str:
    """Its argon2 digest; takes a moment on purpose."""
    return _hasher.hash(password)


def is_password(staff: Staff | None, password: str) -> bool:
    """Whether the password is the account's; takes as long where there is no account."""
    try:
        return _hasher.verify(staff.password_digest if staff else _NOBODY, password) and staff is not None
    except (Argon2Error, InvalidHashError):
        return False


def has_accounts(work: UnitOfWork) -> bool:
    """Whether anybody can log in yet."""
    return work.session.scalars(select(Staff.id).limit(1)).first() is not None


def _check(details: Details) -> None:
    if details.role not in ROLES:
        raise AccountRefused("unknown_role", f"there is no role {details.role!r}; there are {', '.join(ROLES)}")
    if not details.name.strip() or len(details.name.strip()) > NAME_LENGTH:
        raise AccountRefused("name_length", f"a name has 1 to {NAME_LENGTH} characters")
    if not 0 <= details.capacity <= MOST_AT_ONCE:
        raise AccountRefused("capacity_range", f"somebody handles 0 to {MOST_AT_ONCE} conversations at once")


def _fill(staff: Staff, details: Details) -> None:
    staff.name, staff.role, staff.capacity = details.name.strip(), details.role, details.capacity
    staff.departments, staff.skills = list(details.departments), list(details.skills)
    staff.languages = list(details.languages)


def _locked(work: UnitOfWork, login: str) -> Staff:
    statement = select(Staff).where(Staff.login == login).with_for_update(key_share=True)
    staff = work.session.scalars(statement).first()
    if staff is None:
        raise AccountRefused("unknown_account", f"there is no account {login!r}")
    return staff


def _locked_with_administrators(work: UnitOfWork, login: str) -> tuple[Staff, bool]:
    """The account, and whether another active administrator is there.

    All are locked at once and in one order, so that two administrators who close each other's account at the same
    moment neither both succeed nor wait for each other.
    """
    runs = (Staff.role == "administrator") & Staff.active
    statement = select(Staff).where((Staff.login == login) | runs).order_by(Staff.id).with_for_update(key_share=True)
    found = list(work.session.scalars(statement))
    staff = next((one for one in found if one.login == login), None)
    if staff is None:
        raise AccountRefused("unknown_account", f"there is no account {login!r}")
    return staff, any(one is not staff and one.active and one.role == "administrator" for one in found)


def _end_sessions(work: UnitOfWork, staff: Staff) -> None:
    work.session.execute(delete(StaffSession).where(StaffSession.staff_id == staff.id))
