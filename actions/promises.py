"""Whatever is said to happen later is a row with a due time, kept or broken."""

from datetime import datetime

from sqlalchemy import ColumnElement, exists, or_, select

from actions.outcomes import dimensions_of, record
from actions.timers import TimerKind, set_timer
from recovery.case_states import UNSETTLED
from recovery.control import Control
from recovery.events import PromiseSettled
from recovery.remedies import RemedyKind
from store.database import UnitOfWork
from store.tables import Case, Conversation, Promise

# Kept by the deed itself, never by saying so: an answer, a decision on an offer.
KEPT_BY_DOING = frozenset({"person_answers", "approval"})


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


def is_owed_by_hand(made: Promise, case: Case | None, conversation: Conversation) -> bool:
    """Whether somebody must still do what was promised, and say so.

    A call that was not made in time is owed until it is made, or until nobody waits for it: the case is settled, or,
    where there is none, the conversation is with the bot again.
    """
    if made.kind in KEPT_BY_DOING or made.made_good_at is not None:
        return False
    waited_for = case.state in UNSETTLED if case is not None else conversation.control != Control.BOT
    return made.state == "open" or (made.state == "broken" and made.kind == RemedyKind.CALL_BACK and waited_for)


def owed_by_hand() -> ColumnElement[bool]:
    """:func:`is_owed_by_hand`, for a statement that has promises."""
    unsettled = exists().where(Case.id == Promise.case_id, Case.state.in_(UNSETTLED))
    with_people = exists().where(Conversation.id == Promise.conversation_id, Conversation.control != Control.BOT)
    waited_for = unsettled.correlate(Promise) | (Promise.case_id.is_(None) & with_people.correlate(Promise))
    late = (Promise.state == "broken") & (Promise.kind == RemedyKind.CALL_BACK) & waited_for
    return Promise.kind.not_in(KEPT_BY_DOING) & Promise.made_good_at.is_(None) & or_(Promise.state == "open", late)


def release(work: UnitOfWork, made: Promise) -> None:
    """Note that nobody waits for what was promised any more: neither kept nor broken, so nobody counts it."""
    if made.state == "open":
        made.state, made.settled_at = "released", work.now


def release_open(work: UnitOfWork, conversation: Conversation, kind: str) -> None:
    """Release the open promises of a kind in a conversation."""
    for made in _open(work, conversation, kind):
        release(work, made)


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
    for made in _open(work, conversation, kind):
        settle(work, made, kept=made.due_at >= work.now)


def _open(work: UnitOfWork, conversation: Conversation, kind: str) -> list[Promise]:
    statement = select(Promise).where(
        Promise.conversation_id == conversation.id, Promise.kind == kind, Promise.state == "open"
    )
    return list(work.session.scalars(statement))
