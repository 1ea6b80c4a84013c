"""Take a conversation back from a person who is silent while its customer waits for an answer (Chatwoot 13516), or who
works here no more."""

from datetime import datetime

from sqlalchemy import func, or_, select

from actions.cases import focus_case
from actions.conversations import SPOKEN, lock_conversation
from actions.escalating import superiors_of
from actions.firm import Firm
from actions.notifying import NotificationKind, notify
from actions.routing import assign, present_staff
from actions.staff.presence import HANDLING_ROLES
from recovery.clocks import EscalationReason
from recovery.control import Control
from store.audit import append
from store.database import UnitOfWork
from store.tables import Case, Consultation, Conversation, HandOver, Message, Note, Promise, Staff, Timer


def take_back_if_silent(work: UnitOfWork, firm: Firm, conversation: Conversation, timer: Timer) -> bool:
    """Put a conversation back into the queue, at its old place, whose holder has been silent for too long.

    The holder and the department's superiors are told; the customer is not: nothing changes for them but who answers.

    Returns:
        False where it is too early; ``timer`` is moved to when it is not.
    """
    limit = firm.service_levels.take_back_after
    if limit is None or conversation.control != Control.STAFF or conversation.taken_by_id is None:
        return True
    if conversation.identity.channel in SPOKEN:
        # What was answered there was said aloud.
        return True
    since = silent_since(work, conversation)
    if since is None:
        return True
    case = focus_case(work, conversation)
    department = case.department if case else conversation.department
    too_long = firm.due_for(department, since, limit)
    if work.now < too_long:
        timer.due_at, timer.claimed_by, timer.claimed_until = too_long, None, None
        return False
    _take_back(work, firm, conversation, case, conversation.taken_by_id, EscalationReason.OWNER_SILENT)
    return True


def find_left_behind(work: UnitOfWork) -> list[int]:
    """Ids of the conversations of people who cannot answer any more: the account is closed, or handles nothing."""
    gone = or_(Staff.active.is_(False), Staff.role.not_in(HANDLING_ROLES))
    statement = select(Conversation.id).join(Staff, Staff.id == Conversation.taken_by_id)
    return list(work.session.scalars(statement.where(Conversation.control == Control.STAFF, gone)))


def take_back_left_behind(work: UnitOfWork, firm: Firm, conversation_id: int) -> bool:
    """Put a conversation back into the queue, at its old place, whose holder works here no more.

    Returns:
        Whether it still was theirs.
    """
    conversation = lock_conversation(work, conversation_id)
    holder = work.session.get(Staff, conversation.taken_by_id) if conversation.taken_by_id else None
    if conversation.control != Control.STAFF or holder is None:
        return False
    work.session.refresh(holder)
    if holder.active and holder.role in HANDLING_ROLES:
        return False
    _take_back(work, firm, conversation, focus_case(work, conversation), holder.id, EscalationReason.OWNER_GONE)
    return True


def _take_back(
    work: UnitOfWork, firm: Firm, conversation: Conversation, case: Case | None, holder: int, reason: EscalationReason
) -> None:
    department = case.department if case else conversation.department
    _put_back(work, conversation, case, reason)
    told = [holder, *superiors_of(work, firm, department or firm.departments[0].key)]
    notify(work, told, NotificationKind.TAKEN_BACK, conversation, case, {"reason": str(reason)})
    if any(one.id != holder for one in present_staff(work, firm)):
        # Like anything that waits: given to the next, or told to the line.
        assign(work, firm, conversation, case, reason, passed_over=frozenset({holder}), department=department)
    append(work, "timer", "take_back", conversation.public_id)


def silent_since(work: UnitOfWork, conversation: Conversation) -> datetime | None:
    """Since when the person who has the conversation owes the customer a word; None where they owe none.

    An answer settles it, by whomever; so does the settling of the case for all that was said before. A note of the
    holder, a question of theirs to a department, a call made in time, or their having just taken it shows that they are
    at it: the time begins anew.
    """
    of_it = Message.conversation_id == conversation.id
    answered = select(func.max(Message.number)).where(of_it, Message.author == "staff")
    unanswered = select(func.min(Message.at)).where(
        of_it, Message.direction == "in", Message.number > func.coalesce(answered.scalar_subquery(), 0)
    )
    case = focus_case(work, conversation)
    if case is not None and (settled_at := case.closed_at or case.resolved_at) is not None:
        unanswered = unanswered.where(Message.at > settled_at)
    first = work.session.scalar(unanswered)
    if first is None:
        return None
    holder = conversation.taken_by_id
    signs = (
        select(func.max(Note.at)).where(Note.conversation_id == conversation.id, Note.staff_id == holder),
        select(func.max(Consultation.asked_at)).where(
            Consultation.conversation_id == conversation.id, Consultation.asked_by_id == holder
        ),
        select(func.max(Promise.settled_at)).where(
            Promise.conversation_id == conversation.id, Promise.kind == "call_back", Promise.state == "kept"
        ),
        select(func.max(HandOver.taken_at)).where(
            HandOver.conversation_id == conversation.id, HandOver.taken_by_id == holder
        ),
    )
    return max([first, *(at for sign in signs if (at := work.session.scalar(sign)) is not None)])


def _put_back(work: UnitOfWork, conversation: Conversation, case: Case | None, reason: EscalationReason) -> None:
    queued_at = _queued_at(work, conversation)
    current = select(HandOver).where(HandOver.conversation_id == conversation.id, HandOver.ended_at.is_(None))
    for hand_over in work.session.scalars(current):
        hand_over.ended_at = work.now
    conversation.control = Control.QUEUED
    conversation.queued_at = queued_at
    conversation.taken_by_id = None
    conversation.assigned_to_id = conversation.assigned_at = None
    # Whoever still writes as the holder finds the fence moved.
    conversation.fence += 1
    if case is not None:
        case.owner_id = None
        conversation.department = case.department
    # The trace that it was brought to superiors, and what waits to be taken.
    work.session.add(
        HandOver(
            conversation_id=conversation.id,
            case_id=case.id if case else None,
            reason=reason,
            by="timer",
            at=work.now,
        )
    )
    work.session.flush()


def _queued_at(work: UnitOfWork, conversation: Conversation) -> datetime:
    """When the customer began to wait for a person, however often the conversation was taken back since."""
    # Traces of missed clocks change no hands.
    handed_over = select(HandOver.at).where(
        HandOver.conversation_id == conversation.id, HandOver.reason.not_in(list(EscalationReason))
    )
    return work.session.scalars(handed_over.order_by(HandOver.id.desc()).limit(1)).first() or work.now
