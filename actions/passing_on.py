"""Pass on what was given to somebody who has not taken it: to the next, and at last back to the department's line."""

from sqlalchemy import select

from actions.cases import focus_case
from actions.conversations import say
from actions.firm import Firm
from actions.routing import Given, assign, leave_to_line, passed_over
from actions.waiting import answer_due, await_number, measure_wait, wait_words
from recovery.control import Control
from recovery.routing import RoutingReason
from store.database import UnitOfWork
from store.tables import Case, Conversation, HandOver


def pass_on(work: UnitOfWork, firm: Firm, conversation: Conversation, staff_id: int) -> None:
    """Give a conversation that ``staff_id`` has not taken in time to the next.

    It goes on as often as ``routing.yml`` says; then it waits for the whole department. The customer is told who comes
    now; by when stays what it was.

    Nothing is done where it was taken, or given to somebody else, meanwhile.
    """
    if conversation.control != Control.QUEUED or conversation.assigned_to_id != staff_id:
        return
    case = focus_case(work, conversation)
    reason = _why_due(work, conversation)
    had_it = passed_over(work, conversation) | {staff_id}
    if len(had_it) > firm.routing.pass_on_at_most:
        given = leave_to_line(work, firm, conversation, case, reason)
    else:
        given = assign(work, firm, conversation, case, reason, passed_over=had_it)
    _tell(work, firm, conversation, case, given)


def follow_department(work: UnitOfWork, firm: Firm, case: Case) -> None:
    """Have a waiting case that was judged to be another department's wait in that line; its conversation is locked.

    What a person gave to a colleague stays theirs.
    """
    conversation = work.session.get_one(Conversation, case.conversation_id)
    waits = conversation.control == Control.QUEUED and conversation.focus_case_id == case.id
    if not waits or conversation.department == case.department:
        return
    if conversation.assigned_reason == RoutingReason.GIVEN:
        conversation.department = case.department
        return
    before = conversation.assigned_to_id
    given = assign(work, firm, conversation, case, _why_due(work, conversation))
    if (given.staff.id if given.staff is not None else None) != before:
        # Another name than the customer was told, or none any more.
        _tell(work, firm, conversation, case, given)


def _tell(work: UnitOfWork, firm: Firm, conversation: Conversation, case: Case | None, given: Given) -> None:
    due = answer_due(work, conversation)
    if due is None:
        # The time has passed, and the customer was told so: another name makes nothing better.
        return
    language = conversation.language or firm.file.language
    if given.staff is not None:
        words = firm.words.render(language, "waiting.passed_on", name=given.staff.name, due=firm.local(due))
    else:
        wait = measure_wait(work, firm, conversation, case, given, due)
        words = wait_words(firm, language, wait)
        await_number(conversation, wait)
    say(work, conversation, words, case_id=case.id if case else None, courtesy=True)


def _why_due(work: UnitOfWork, conversation: Conversation) -> str:
    """Why a person is due: as it was handed over."""
    statement = select(HandOver.reason).where(HandOver.conversation_id == conversation.id, HandOver.ended_at.is_(None))
    return work.session.scalars(statement.order_by(HandOver.id.desc())).first() or "asked"
