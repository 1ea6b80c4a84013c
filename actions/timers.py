"""Things that are due: rows that fire once (design.md section 2, line 9)."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import select

from store.database import UnitOfWork
from store.tables import Case, Conversation, Timer


class TimerKind(StrEnum):
    EXECUTE_REMEDY = "execute_remedy"
    PROMISE_DUE = "promise_due"
    FOLLOW_UP = "follow_up"
    CLOSE_CASE = "close_case"
    CONSULTATION = "consultation"
    PASS_ON = "pass_on"
    CALL_BACK_WANTED = "call_back_wanted"
    CLOCK_WARNS = "clock_warns"
    CLOCK_MISSED = "clock_missed"
    RESUME_CLOCKS = "resume_clocks"
    TAKE_BACK = "take_back"


def set_timer(
    work: UnitOfWork,
    kind: TimerKind,
    key: str,
    due_at: datetime,
    conversation: Conversation,
    case: Case | None = None,
    subject_id: int | None = None,
    inbox_id: str | None = None,
) -> None:
    """Have something done at ``due_at``; the same key is set once.

    Args:
        subject_id: of the remedy or promise meant.
        inbox_id: of the message whose sender may wait for what the timer does.
    """
    if work.session.scalars(select(Timer.id).where(Timer.key == key)).first() is not None:
        return
    work.session.add(
        Timer(
            key=key,
            kind=kind,
            conversation_id=conversation.id,
            case_id=case.id if case else None,
            subject_id=subject_id,
            inbox_id=inbox_id,
            due_at=due_at,
        )
    )
    work.session.flush()
