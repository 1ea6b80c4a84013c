"""Wait for the customer: what is ours to do stands still until they answer, or until we go on without them."""

from sqlalchemy import select

from actions.cases import focus_case
from actions.clocks import is_waiting, pause_clocks, resume_clocks, resume_if_answered
from actions.firm import Firm
from actions.staff.access import DeedRefused, audit, mine
from recovery.case_states import UNSETTLED
from store.database import UnitOfWork
from store.tables import Case, Conversation, Message, Staff


def wait_for_customer(work: UnitOfWork, firm: Firm, staff: Staff, conversation_id: int) -> None:
    """Note that the customer was asked something and is waited for; their next message ends it.

    Raises:
        DeedRefused: the conversation is not this person's, has no open case, is waiting already, or the customer spoke
            last: then it is we who are waited for.
    """
    conversation, case = _case_of_mine(work, staff, conversation_id)
    resume_if_answered(work, firm, case)
    if is_waiting(work, case):
        raise DeedRefused("waiting_already")
    if not was_answered(work, conversation):
        raise DeedRefused("customer_spoke_last")
    pause_clocks(work, firm, case)
    audit(work, staff, "wait_for_customer", case.number)


def stop_waiting(work: UnitOfWork, firm: Firm, staff: Staff, conversation_id: int) -> None:
    """Go on without the customer's answer.

    Raises:
        DeedRefused: the conversation is not this person's, has no open case, or nobody is waited for.
    """
    _, case = _case_of_mine(work, staff, conversation_id)
    if not is_waiting(work, case):
        raise DeedRefused("waits_for_nobody")
    resume_clocks(work, firm, case, work.now)
    audit(work, staff, "stop_waiting", case.number)


def was_answered(work: UnitOfWork, conversation: Conversation) -> bool:
    """Whether staff spoke after the customer."""
    said = select(Message.author).where(Message.conversation_id == conversation.id, Message.author != "bot")
    return work.session.scalars(said.order_by(Message.number.desc()).limit(1)).first() == "staff"


def _case_of_mine(work: UnitOfWork, staff: Staff, conversation_id: int) -> tuple[Conversation, Case]:
    conversation = mine(work, staff, conversation_id)
    case = focus_case(work, conversation)
    if case is None or case.state not in UNSETTLED:
        raise DeedRefused("no_open_case")
    return conversation, case
