"""Whatever is said to happen later is a row with a due time, kept or broken."""

from datetime import datetime

from sqlalchemy import ColumnElement, exists, or_, select

from actions.guarantees.noticing import facts_changed
from actions.outcomes import dimensions_of, record
from actions.timers import TimerKind, set_timer
from recovery.case_states import UNSETTLED
from recovery.control import Control
from recovery.events import PromiseSettled
from recovery.remedies import BY_PEOPLE
from store.database import UnitOfWork
from store.tables import Case, Conversation, Promise

# What a person said would happen, in their own words.
SAID = "said"
# What is owed beyond its time, until it is done after all.
_MADE_GOOD = BY_PEOPLE | {SAID}
# That the case is settled by then: kept by settling it.
SETTLED = "settled"
# Kept by the deed itself, never by saying so: an answer, a decision on an offer, what another system carries out.
KEPT_BY_DOING = frozenset({"person_answers", "approval", "remedy", SETTLED})


def promise(
    work: UnitOfWork,
    conversation: Conversation,
    case: Case | None,
    kind: str,
    text: str,
    due_at: datetime,
    by: str = "bot",
) -> Promise:
    """Note a promise just made to the customer, and have it looked at before it is due, and when it is.

    Args:
        text: what was promised, in the customer's language.
        by: who made it: ``bot``, ``timer`` or a staff login.
    """
    made = Promise(
        conversation_id=conversation.id,
        case_id=case.id if case else None,
        kind=kind,
        text=text,
        due_at=due_at,
        made_at=work.now,
        made_by=by,
    )
    work.session.add(made)
    work.session.flush()
    set_timer(work, TimerKind.PROMISE_DUE, f"promise:{made.id}", due_at, conversation, case=case, subject_id=made.id)
    # Due now: only the timer has the calendar by which it knows when to remind.
    key = f"promise_reminds:{made.id}"
    set_timer(work, TimerKind.PROMISE_REMINDS, key, work.now, conversation, case=case, subject_id=made.id)
    return made


def promised_by_people(work: UnitOfWork, case: Case) -> Promise | None:
    """What people have promised to do for the customer of a case, the last of it; None where nothing of that is open,
    or its time has passed: nobody names it any more."""
    statement = select(Promise).where(
        Promise.case_id == case.id, Promise.state == "open", Promise.kind.in_(BY_PEOPLE), Promise.due_at > work.now
    )
    return work.session.scalars(statement.order_by(Promise.due_at.desc())).first()


def open_promise(work: UnitOfWork, case: Case, kind: str) -> Promise | None:
    """The promise of a kind that is still owed in a case, or None."""
    statement = select(Promise).where(Promise.case_id == case.id, Promise.kind == kind, Promise.state == "open")
    return work.session.scalars(statement.order_by(Promise.id.desc())).first()


def owed_answer(work: UnitOfWork, conversation: Conversation) -> Promise | None:
    """The answer of a person that was promised last and is still owed, or None."""
    return next(iter(reversed(_open(work, conversation, "person_answers"))), None)


def is_owed_by_hand(made: Promise, case: Case | None, conversation: Conversation) -> bool:
    """Whether somebody must still do what was promised, and say so.

    A call that was not made in time is owed until it is made, or until nobody waits for it: the case is settled, or,
    where there is none, the conversation is with the bot again.
    """
    if made.kind in KEPT_BY_DOING or made.made_good_at is not None:
        return False
    waited_for = case.state in UNSETTLED if case is not None else conversation.control != Control.BOT
    return made.state == "open" or (made.state == "broken" and made.kind in _MADE_GOOD and waited_for)


def owed_by_hand() -> ColumnElement[bool]:
    """:func:`is_owed_by_hand`, for a statement that has promises."""
    unsettled = exists().where(Case.id == Promise.case_id, Case.state.in_(UNSETTLED))
    with_people = exists().where(Conversation.id == Promise.conversation_id, Conversation.control != Control.BOT)
    waited_for = unsettled.correlate(Promise) | (Promise.case_id.is_(None) & with_people.correlate(Promise))
    late = (Promise.state == "broken") & Promise.kind.in_(_MADE_GOOD) & waited_for
    return Promise.kind.not_in(KEPT_BY_DOING) & Promise.made_good_at.is_(None) & or_(Promise.state == "open", late)


def release(work: UnitOfWork, made: Promise) -> None:
    """Note that nobody waits for what was promised any more: neither kept nor broken, so nobody counts it."""
    if made.state == "open":
        made.state, made.settled_at = "released", work.now


def release_open(work: UnitOfWork, conversation: Conversation, kind: str) -> None:
    """Release the open promises of a kind in a conversation."""
    for made in _open(work, conversation, kind):
        release(work, made)


def follow_case(work: UnitOfWork, case: Case, resolved: bool) -> None:
    """A case was settled: what was promised of that is kept. Where the customer took it
    back, nobody waits any more for anything that was promised in it."""
    statement = select(Promise).where(Promise.case_id == case.id, Promise.state == "open").order_by(Promise.id)
    for made in work.session.scalars(statement):
        if not resolved:
            release(work, made)
        elif made.kind == SETTLED:
            settle(work, made, kept=made.due_at >= work.now)


def settle(work: UnitOfWork, made: Promise, kept: bool) -> None:
    """Note that a promise was kept or broken; a promise settles once."""
    if made.state != "open":
        return
    made.state, made.settled_at = ("kept" if kept else "broken"), work.now
    if made.case_id is not None:
        case = work.session.get_one(Case, made.case_id)
        if not kept:
            facts_changed(work, case)
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


def keep_promises_in(work: UnitOfWork, case: Case, kind: str) -> None:
    """As :func:`keep_promises`, for one case: another one in the same conversation may still wait for the same."""
    statement = select(Promise).where(Promise.case_id == case.id, Promise.kind == kind, Promise.state == "open")
    for made in work.session.scalars(statement.order_by(Promise.id)).all():
        settle(work, made, kept=made.due_at >= work.now)


def _open(work: UnitOfWork, conversation: Conversation, kind: str) -> list[Promise]:
    statement = select(Promise).where(
        Promise.conversation_id == conversation.id, Promise.kind == kind, Promise.state == "open"
    )
    return list(work.session.scalars(statement.order_by(Promise.id)))
