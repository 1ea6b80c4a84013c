"""What customers were told ``success`` for and nobody has taken in yet: kept by the address, taken in by the worker.

Taking a message in costs many times what keeping it does, and nobody at the other end waits for it. Each row goes in
the unit of work that takes it in: a kill at any moment leaves it either waiting or done.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import ColumnElement, Select, and_, delete, exists, insert, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import aliased

from actions.conversations import storable
from actions.firm import Firm
from desk.channels.accounts import WECHAT, Accounts
from desk.channels.incoming import Incoming, Kind, from_json, to_json
from desk.channels.intake import ID_LENGTH, MESSAGES, take_in
from store.database import UnitOfWork
from store.tables import Conversation, HeardCallback, Identity

log = structlog.get_logger()

# Rows of one unit of work: on SQLite all other writers wait for them.
AT_ONCE = 10
# A row that failed so often is told apart: a person gets to see that something came.
TRIES = 5
# After the first, second … failed attempt.
BACK_OFF = (timedelta(seconds=1), timedelta(seconds=4), timedelta(seconds=10), timedelta(seconds=30))


@dataclass(frozen=True, slots=True)
class Told:
    """What a channel's server told.

    Attributes:
        account: key in ``channels.yml``.
    """

    channel: str
    account: str
    incoming: Incoming


def keep(work: UnitOfWork, heard: Sequence[Told]) -> None:
    """Keep what was told, in this order, until it is taken in; by one statement, however much it is."""
    rows = [
        {
            "channel": one.channel,
            "account": one.account,
            "external_id": external_id,
            "body": to_json(one.incoming),
            "received_at": work.now,
            "attempts": 0,
            "next_attempt_at": work.now,
        }
        for one in heard
        # Nobody is called nothing, or by a name that no channel gives: there is nobody to take it in for.
        if 0 < len(external_id := storable(one.incoming.external_id)) <= ID_LENGTH
    ]
    if rows:
        work.session.execute(insert(HeardCallback.__table__), rows)  # type: ignore[arg-type]


def is_any_due(work: UnitOfWork) -> bool:
    """Whether something is to be taken in; looked at often, so it must not stand in line with those who write."""
    return work.session.scalars(_due(work).with_only_columns(HeardCallback.id).limit(1)).first() is not None


def take_due(work: UnitOfWork, firm: Firm, accounts: Accounts, enough: Callable[[], bool]) -> int:
    """Take in the earliest row of some customers, all or none; how many.

    Args:
        enough: asked after each: whether it is time to come to an end.
    """
    return _take_all(work, firm, accounts, _hold(work), enough)


def due_ids(work: UnitOfWork) -> list[int]:
    """Which rows :func:`take_due` would take in."""
    return list(work.session.scalars(_due(work).with_only_columns(HeardCallback.id)))


def take_one(work: UnitOfWork, firm: Firm, accounts: Accounts, row_id: int) -> None:
    """Take in one of them by itself; nothing where somebody else has it by now."""
    _take_all(work, firm, accounts, _hold(work, HeardCallback.id == row_id), lambda: False)


def put_off(work: UnitOfWork, row_id: int) -> None:
    """It could not be taken in: again later; what else its customer says waits for it, all others go on."""
    row = work.session.get(HeardCallback, row_id, with_for_update=True)
    if row is not None:
        row.next_attempt_at = work.now + BACK_OFF[min(row.attempts, len(BACK_OFF) - 1)]
        row.attempts += 1


def _due(work: UnitOfWork) -> Select[HeardCallback]:
    earlier = aliased(HeardCallback)
    same_customer = (
        earlier.channel == HeardCallback.channel,
        earlier.account == HeardCallback.account,
        earlier.external_id == HeardCallback.external_id,
    )
    return (
        select(HeardCallback)
        .where(HeardCallback.next_attempt_at <= work.now)
        .where(~exists().where(*same_customer, earlier.id < HeardCallback.id))
        .order_by(HeardCallback.id)
        .limit(AT_ONCE)
    )


def _hold(work: UnitOfWork, *which: ColumnElement[bool]) -> list[HeardCallback]:
    """Rows that are due, locked, in the order of their conversations, as everybody locks several of these.

    Newcomers' conversations are made after all that are there.
    """
    at = and_(
        Identity.channel == HeardCallback.channel,
        Identity.account == HeardCallback.account,
        Identity.external_id == HeardCallback.external_id,
    )
    statement = (
        _due(work)
        .add_columns(Conversation.id)
        .outerjoin(Identity, at)
        .outerjoin(Conversation, Conversation.identity_id == Identity.id)
        .where(*which)
        .with_for_update(of=HeardCallback, skip_locked=True)
    )
    found = work.session.execute(statement).all()
    return [row for row, _ in sorted(found, key=lambda one: (one[1] is None, one[1] or 0, one[0].id))]


def _take_all(
    work: UnitOfWork, firm: Firm, accounts: Accounts, rows: Sequence[HeardCallback], enough: Callable[[], bool]
) -> int:
    taken = []
    for row in rows:
        _take(work, firm, accounts, row)
        taken.append(row.id)
        if enough():
            break
    gone = delete(HeardCallback).where(HeardCallback.id.in_(taken))
    work.session.execute(gone, execution_options={"synchronize_session": False})
    return len(taken)


def _take(work: UnitOfWork, firm: Firm, accounts: Accounts, row: HeardCallback) -> None:
    try:
        incoming = from_json(row.body)
    except (KeyError, TypeError, ValueError) as error:
        # Kept by another release: while processes of both run, one that knows it may still come by.
        if row.attempts < TRIES:
            raise
        log.error("what was heard cannot be read", account=row.account, why=type(error).__name__)
        return
    if row.attempts < TRIES:
        _take_in(work, firm, accounts, row, incoming)
        return
    bare = Incoming(incoming.external_id, incoming.key, Kind.UNREADABLE, incoming.at)
    # Of a deed there is nothing that a person could look at.
    for one in (incoming, bare) if incoming.kind in MESSAGES else (incoming,):
        try:
            with work.session.begin_nested():
                _take_in(work, firm, accounts, row, one)
            return
        except OperationalError:
            # The store's fault, which passes: nothing is given up for that.
            raise
        except Exception as error:
            # By its kind alone: its words may hold what the customer said.
            log.error("what was heard cannot be taken in", account=row.account, why=type(error).__name__)


def _take_in(work: UnitOfWork, firm: Firm, accounts: Accounts, row: HeardCallback, incoming: Incoming) -> None:
    account = accounts.wechat.get(row.account) if row.channel == WECHAT else None
    menu, greets = (account.file.menu, account.file.greets) if account else ({}, False)
    take_in(work, firm, row.channel, row.account, incoming, menu=menu, greets=greets)
