"""A timer as it fires: locked with its conversation, and done in the transaction of its effects."""

from datetime import datetime

from actions.conversations import lock_conversation
from store.database import UnitOfWork
from store.tables import Timer


def lock_timer(work: UnitOfWork, timer_id: int) -> Timer:
    """The timer as it stands, behind the lock of its conversation."""
    timer = work.session.get_one(Timer, timer_id)
    lock_conversation(work, timer.conversation_id)
    work.session.refresh(timer)
    return timer


def look_again(timer: Timer, at: datetime) -> None:
    """Have the timer looked at again later, by whoever comes first."""
    timer.due_at, timer.claimed_by, timer.claimed_until = at, None, None


def mark_fired(work: UnitOfWork, timer: Timer) -> None:
    """Note that what the timer was for is done."""
    timer.state, timer.fired_at = "fired", work.now
