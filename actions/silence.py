"""A customer speaks while a person has the conversation: what stood still runs again, and an answer is watched for.

Nothing here needs the firm's data: messages come in where it is not at hand. The timers do the rest at once
(:mod:`actions.clock_timers`).
"""

from sqlalchemy import select

from actions.cases import focus_case
from actions.clocks import resume_soon
from actions.timers import TimerKind, set_timer
from recovery.control import Control
from store.database import UnitOfWork
from store.tables import Conversation, Timer


def customer_spoke(work: UnitOfWork, conversation: Conversation) -> None:
    """Note that the customer of a locked conversation said something just now."""
    if conversation.control == Control.BOT:
        return
    case = focus_case(work, conversation)
    if case is not None:
        resume_soon(work, case)
    watch_for_answer(work, conversation)


def watch_for_answer(work: UnitOfWork, conversation: Conversation) -> None:
    """See after a while whether the person who has the conversation says anything; one watch at a time is enough."""
    if conversation.control != Control.STAFF:
        return
    watched = select(Timer.id).where(
        Timer.conversation_id == conversation.id, Timer.kind == TimerKind.TAKE_BACK, Timer.state == "open"
    )
    if work.session.scalars(watched).first() is not None:
        return
    # Due now: the timer itself knows how long a silence is too long.
    key = f"take_back:{conversation.id}:{conversation.fence}:{conversation.last_number}"
    set_timer(work, TimerKind.TAKE_BACK, key, work.now, conversation)
