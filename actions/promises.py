"""Whatever is said to happen later is a row with a due time, kept or broken."""

from datetime import datetime

from sqlalchemy import select

from actions.outcomes import dimensions_of, record
from actions.timers import TimerKind, set_timer
from recovery.events import PromiseSettled
from store.database import UnitOfWork
from store.tables import Case, Conversation, Promise


def promise(
    work: UnitOfWork, conversation: Conversation, case: Case | None, kind: str, text: str, due_at: datetime
) -> Promise:
    """Note a promise just made to the customer, and have it looked at when it is due.

    Args:
        text: what was promised, in the customer's language.
    """
    made = Promise(
        conversation_id=conversation.id,
        case_id=case.id if case else None,
        kind=kind,
        text=text,
        due_at=due_at,
        made_at=work.now,
    )
    work.session.add(made)
    work.session.flush()
    set_timer(work, TimerKind.PROMISE_DUE, f"promise:{made.id}", due_at, conversation, case=case, subject_id=made.id)
    return made


def open_promise(work: UnitOfWork, case: Case, kind: str) -> Promise | None:
    """The promise of a kind that is still owed in a case, or None."""
    statement = select(Promise).where(Promise.case_id == case.id, Promise.kind == kind, Promise.state == "open")
    return work.session.scalars(statement.order_by(Promise.id.desc())).first()


def release(work: UnitOfWork, made: Promise) -> None:
    """Note that nobody waits for what was promised any more: neither kept nor broken, so nobody counts it."""
    if made.state == "open":
        made.state, made.settled_at = "released", work.now


def settle(work: UnitOfWork, made: Promise, kept: bool) -> None:
    """Note that a promise was kept or broken; a promise settles once."""
    if made.state != "open":
        return
    made.state, made.settled_at = ("kept" if kept else "broken"), work.now
    if made.case_id is not None:
        case = work.session.get_one(Case, made.case_id)
        record(
            work,
            PromiseSettled(
                case_number=case.number,
                at=work.now,
                dimensions=dimensions_of(case),
                promise=made.public_id,
                kept=kept,
            ),
        )


def keep_promises(work: UnitOfWork, conversation: Conversation, kind: str) -> None:
    """Settle the open promises of a kind as kept: what they promised has just happened."""
    statement = select(Promise).where(
        Promise.conversation_id == conversation.id, Promise.kind == kind, Promise.state == "open"
    )
    for made in work.session.scalars(statement):
        settle(work, made, kept=made.due_at >= work.now)
