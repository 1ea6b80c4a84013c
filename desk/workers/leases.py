"""The right to answer a conversation, for a while; each function runs in a unit of work.

Design.md section 2, line 2.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import aliased

from actions.conversations import lock_conversation
from actions.turns import finish
from recovery.control import Control
from store.database import UnitOfWork
from store.tables import Conversation, InboxRow, IncomingMedia, OutboxRow, Timer

LEASE = timedelta(seconds=30)
RENEW_EVERY_SECONDS = 10.0
# A message is given up after so many attempts, or so long after the first
# (docs/decisions/0029-attempts-that-count.md).
ATTEMPTS = 5
GIVE_UP_AFTER = timedelta(minutes=3)
# How long to wait after the first, second … failed attempt: long enough together for a process to be restarted.
BACK_OFF = (timedelta(seconds=1), timedelta(seconds=4), timedelta(seconds=10), timedelta(seconds=30))
# While the bot cannot be reached it is tried again after a quarter of the time it has been away, within these bounds:
# soon after a restart, and without a storm of those who wait.
_LOOK_AGAIN = (timedelta(seconds=1), timedelta(seconds=10))


@dataclass(frozen=True, slots=True)
class Lease:
    """A conversation to answer, with its oldest open message as it was when the lease was taken.

    Attributes:
        attempt: 1 for the first.
        awaited: what the last question waits for, if this message was written late enough to answer it.
    """

    conversation_id: int
    owner: str
    fence: int
    inbox_id: str
    attempt: int
    first_attempt_at: datetime
    text: str
    language: str | None
    awaited: dict[str, Any] | None
    for_person: bool


def claim(work: UnitOfWork, owner: str) -> Lease | None:
    """Lease the conversation whose oldest open message has waited longest; None where nothing waits.

    A new lease moves the fence: whoever held the conversation before can no longer commit.
    """
    earlier = aliased(InboxRow)
    statement = (
        select(InboxRow, Conversation)
        .join(Conversation, InboxRow.conversation_id == Conversation.id)
        .where(
            InboxRow.state == "open",
            InboxRow.next_attempt_at <= work.now,
            (Conversation.lease_expires_at.is_(None)) | (Conversation.lease_expires_at < work.now),
            ~select(earlier.id)
            .where(
                earlier.conversation_id == InboxRow.conversation_id,
                earlier.state == "open",
                earlier.number < InboxRow.number,
            )
            .exists(),
        )
        .order_by(InboxRow.received_at)
        .limit(1)
        .with_for_update(of=Conversation, skip_locked=True)
    )
    found = work.session.execute(statement).first()
    if found is None:
        return None
    row, conversation = found
    work.session.refresh(row)
    if row.state != "open" or row.next_attempt_at > work.now:
        return None  # somebody had its turn while this one came to the lock
    conversation.fence += 1
    conversation.lease_owner = owner
    conversation.lease_expires_at = work.now + LEASE
    row.attempts += 1
    row.first_attempt_at = row.first_attempt_at or work.now
    in_time = row.seen_revision >= conversation.awaited_revision
    awaited = conversation.awaited if in_time and conversation.awaited else None
    return Lease(
        conversation_id=conversation.id,
        owner=owner,
        fence=conversation.fence,
        inbox_id=row.id,
        attempt=row.attempts,
        first_attempt_at=row.first_attempt_at,
        text=row.text,
        language=conversation.language,
        awaited={key: awaited[key] for key in ("kind", "revision", "options")} if awaited else None,
        for_person=conversation.control != Control.BOT,
    )


def renew(work: UnitOfWork, lease: Lease) -> bool:
    """Hold the lease longer, under the same fence; False where somebody else has the conversation by now."""
    statement = (
        update(Conversation)
        .where(
            Conversation.id == lease.conversation_id,
            Conversation.fence == lease.fence,
            Conversation.lease_owner == lease.owner,
        )
        .values(lease_expires_at=work.now + LEASE)
        .returning(Conversation.id)
    )
    return work.session.scalars(statement).first() is not None


def leave_to_person(work: UnitOfWork, lease: Lease) -> None:
    """A person has the conversation: its message is theirs."""
    lock_conversation(work, lease.conversation_id)
    row = work.session.get_one(InboxRow, lease.inbox_id)
    if row.state == "open":
        finish(work, row, "console")
    _release(work, lease)


def settle(work: UnitOfWork, lease: Lease, reached: bool = True) -> str:
    """After an attempt, see by the row alone what came of it, and let go of the conversation.

    Args:
        reached: whether the bot heard of the message; where it did not, that was no attempt, and only the time counts.

    Returns:
        ``done``; ``again`` where it is to be tried later; ``give_up`` where the bot has had its chances.
    """
    conversation = lock_conversation(work, lease.conversation_id)
    row = work.session.get_one(InboxRow, lease.inbox_id)
    work.session.refresh(row)
    _release(work, lease)
    if row.state == "done":
        return "done"
    if conversation.fence != lease.fence:
        return "again"  # somebody else holds the conversation, and the message with it
    waited = work.now - lease.first_attempt_at
    if not reached:
        row.attempts -= 1
    if row.attempts >= ATTEMPTS or waited >= GIVE_UP_AFTER:
        return "give_up"
    soonest, latest = _LOOK_AGAIN
    pause = BACK_OFF[min(row.attempts, len(BACK_OFF)) - 1] if reached else min(max(waited / 4, soonest), latest)
    row.next_attempt_at = work.now + pause
    return "again"


def void_all(work: UnitOfWork) -> None:
    """Let go of every lease and claim: at the start of the only process there is (SQLite), nobody holds one."""
    work.session.execute(
        update(Conversation)
        .where(Conversation.lease_owner.is_not(None))
        .values(lease_owner=None, lease_expires_at=None, fence=Conversation.fence + 1)
    )
    # Likewise what the dead process was about to send or to do; what waits to be tried again goes on waiting.
    for table in (Timer, OutboxRow, IncomingMedia):
        work.session.execute(
            update(table).where(table.claimed_by.is_not(None)).values(claimed_by=None, claimed_until=None)
        )


def waiting_untold(work: UnitOfWork, since: datetime) -> list[str]:
    """Ids of open messages that arrived before ``since`` in conversations that were not told to wait."""
    statement = (
        select(InboxRow.id)
        .join(Conversation, InboxRow.conversation_id == Conversation.id)
        .where(
            InboxRow.state == "open",
            InboxRow.received_at < since,
            Conversation.control == Control.BOT,
            (Conversation.held_at.is_(None)) | (Conversation.held_at < InboxRow.received_at),
        )
        .limit(100)
    )
    return list(work.session.scalars(statement))


def _release(work: UnitOfWork, lease: Lease) -> None:
    work.session.execute(
        update(Conversation)
        .where(Conversation.id == lease.conversation_id, Conversation.lease_owner == lease.owner)
        .where(Conversation.fence == lease.fence)
        .values(lease_owner=None, lease_expires_at=None)
    )
