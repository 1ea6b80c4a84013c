"""Things that are due: rows that fire once (design.md section 2, line 9)."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import select

from store.database import UnitOfWork
from store.tables import Case, Conversation, Timer


class TimerKind(StrEnum):
    EXECUTE_REMEDY = "execute_remedy"
    REVERSE_REMEDY = "reverse_remedy"
    PROMISE_REMINDS = "promise_reminds"
    PROMISE_DUE = "promise_due"
    FOLLOW_UP = "follow_up"
    UNANSWERED = "unanswered"
    CLOSE_CASE = "close_case"
    CONSULTATION = "consultation"
    PASS_ON = "pass_on"
    CALL_BACK_WANTED = "call_back_wanted"
    CLOCK_WARNS = "clock_warns"
    CLOCK_MISSED = "clock_missed"
    RESUME_CLOCKS = "resume_clocks"
    TAKE_BACK = "take_back"
    GUARANTEE_TELLS = "guarantee_tells"
    WORDLESS = "wordless"
    BOUND = "bound"


# Done at other systems: outside any transaction, and waiting for no message.
AT_OTHER_SYSTEMS = frozenset({TimerKind.EXECUTE_REMEDY, TimerKind.REVERSE_REMEDY})
IN_OUR_STORE = frozenset(TimerKind) - AT_OTHER_SYSTEMS


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
        subject_id: of the remedy or promise meant; of a question, its revision.
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
