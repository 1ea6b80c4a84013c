"""How far the messages of each WeCom customer service account were read, and who reads it just now."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.exc import IntegrityError

from desk.channels.accounts import WECOM
from desk.channels.callbacks import note_callback as note_heard_of
from store.database import UnitOfWork
from store.tables import SyncCursor

log = structlog.get_logger()

# How long a claim holds: a process that dies in between leaves the account to another.
CLAIM = timedelta(seconds=60)
# A callback may be lost: without one the account is read so often.
POLL_EVERY = timedelta(minutes=5)
_BACK_OFF_AT_MOST = timedelta(minutes=5)


class ClaimLost(Exception):
    """Another process reads this account by now; nothing of the page may remain."""


@dataclass(frozen=True, slots=True)
class Reading:
    """An account to read, as it was when it was claimed.

    Attributes:
        account: key in ``channels.yml``.
        wanted: how many callbacks had asked for it.
        attempts: that failed since the last good one.
    """

    account: str
    open_kfid: str
    owner: str
    cursor: str | None
    callback_token: str | None
    wanted: int
    attempts: int


def begin(work: UnitOfWork, pairs: Collection[tuple[str, str]]) -> None:
    """Note accounts that are not known yet; what their customers say is read from now on."""
    known = {(row.account, row.open_kfid) for row in work.session.scalars(select(SyncCursor))}
    for account, open_kfid in sorted(set(pairs) - known):
        try:
            with work.session.begin_nested():
                work.session.add(
                    SyncCursor(account=account, open_kfid=open_kfid, since=work.now, next_attempt_at=work.now)
                )
        except IntegrityError:
            continue  # another process has just begun


def free_all(work: UnitOfWork) -> None:
    """Void the claims of a process that died: at the start of the only one there is (SQLite)."""
    work.session.execute(update(SyncCursor).values(claimed_by=None, claimed_until=None))


def note_callback(work: UnitOfWork, account: str, open_kfids: Collection[str], token: str) -> None:
    """Have accounts read: WeCom says that there is something new.

    Args:
        token: lets it be read without a narrow limit for ten minutes.
    """
    mine = (SyncCursor.account == account) & SyncCursor.open_kfid.in_(open_kfids)
    work.session.execute(
        update(SyncCursor)
        .where(mine)
        # At once, whatever failed before: they are there again.
        .values(wanted=SyncCursor.wanted + 1, callback_token=token or None, next_attempt_at=work.now)
    )
    note_heard_of(work, WECOM, account)


def is_any_due(work: UnitOfWork, pairs: Collection[tuple[str, str]]) -> bool:
    """Whether something is to be read; looked at often, so it must not stand in line with those who write."""
    found = work.session.execute(select(SyncCursor.account, SyncCursor.open_kfid).where(*_due(work)))
    return any((account, open_kfid) in pairs for account, open_kfid in found)


def claim(work: UnitOfWork, owner: str, pairs: Collection[tuple[str, str]]) -> Reading | None:
    """Claim the account that has waited longest; None where none is due."""
    statement = select(SyncCursor).where(*_due(work)).order_by(SyncCursor.next_attempt_at)
    rows = work.session.scalars(statement.with_for_update(skip_locked=True))
    row = next((row for row in rows if (row.account, row.open_kfid) in pairs), None)
    if row is None:
        return None
    row.claimed_by, row.claimed_until = owner, work.now + CLAIM
    row.attempts += 1
    return Reading(row.account, row.open_kfid, owner, row.cursor, row.callback_token, row.wanted, row.attempts - 1)


def _due(work: UnitOfWork) -> tuple[ColumnElement[bool], ...]:
    return (
        or_(SyncCursor.claimed_until.is_(None), SyncCursor.claimed_until < work.now),
        SyncCursor.next_attempt_at <= work.now,
        or_(
            SyncCursor.wanted > SyncCursor.done,
            SyncCursor.read_at.is_(None),
            SyncCursor.read_at < work.now - POLL_EVERY,
        ),
    )


def put_off(work: UnitOfWork, reading: Reading, why: str, at_least: timedelta = timedelta(0)) -> None:
    """The reading failed: try again later, longer each time.

    Args:
        why: a code or a kind of error; never words of a customer.
    """
    try:
        row = held(work, reading)
    except ClaimLost:
        return
    row.claimed_by = row.claimed_until = None
    row.error = why[:200]
    wait = max(at_least, min(timedelta(seconds=2 ** min(row.attempts, 12)), _BACK_OFF_AT_MOST))
    row.next_attempt_at = work.now + wait


def drop_token(work: UnitOfWork, reading: Reading) -> None:
    """The callback's token is not accepted any more: read without one, at once."""
    row = held(work, reading)
    if row.callback_token == reading.callback_token:
        row.callback_token = None
    row.claimed_by = row.claimed_until = None
    row.next_attempt_at = work.now


def forget_cursor(work: UnitOfWork, reading: Reading) -> None:
    """The cursor is not accepted any more: read the last days again; what was taken in is known by its ids."""
    row = held(work, reading)
    log.error("cursor not accepted", account=reading.account)
    row.cursor, row.attempts = None, 0
    row.claimed_by = row.claimed_until = None
    row.next_attempt_at = work.now


def held(work: UnitOfWork, reading: Reading) -> SyncCursor:
    statement = (
        select(SyncCursor)
        .where(SyncCursor.account == reading.account, SyncCursor.open_kfid == reading.open_kfid)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    row = work.session.scalars(statement).one()
    if row.claimed_by != reading.owner or row.cursor != reading.cursor:
        raise ClaimLost
    return row
