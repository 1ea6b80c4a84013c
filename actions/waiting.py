"""What a customer who waits for a person is told: who comes, how many are before them, by when, and why.

A wait feels shorter when it is of known length and explained (S1). Where nobody is on duty that is said, and a call
back is offered: a phone number left then becomes a promise, without the bot's taking the conversation back.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, or_, select

from actions.cases import focus_case, get_fact, set_fact
from actions.conversations import CALL_BACK, SPOKEN, await_answer, leaves_number, say
from actions.firm import Firm
from actions.promises import promise
from actions.routing import Given
from recovery.call_back import find_phone
from recovery.case_states import UNSETTLED
from recovery.control import Control
from recovery.routing import RoutingReason
from recovery.severity import Severity
from recovery.working_time import NeverOpen
from store.database import UnitOfWork
from store.tables import Case, Conversation, InboxRow, Order, Promise

_WISH_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Wait:
    """How long a customer waits.

    Attributes:
        ahead: how many are before them: with the person who takes it, or else in the department's line.
        due: by when a person answers.
        opens: when somebody is there again, where nobody is now and all is closed; else None.
        call_back_due: by when they can be called, where a call back is offered; else None.
    """

    given: Given
    ahead: int
    due: datetime
    opens: datetime | None
    call_back_due: datetime | None


def measure_wait(
    work: UnitOfWork,
    firm: Firm,
    conversation: Conversation,
    case: Case | None,
    given: Given,
    due: datetime | None = None,
) -> Wait:
    """The wait of a queued conversation.

    Args:
        due: by when an answer was promised already; by the department's clock from now on where nothing was.
    """
    nobody = given.reason is RoutingReason.NOBODY
    opens = _opens_at(work, firm, conversation) if nobody else None
    if due is None:
        severity = Severity(case.severity) if case else Severity.LOW
        department = firm.departments[0].key if given.reason is RoutingReason.FRONT_DOOR else conversation.department
        due = firm.first_response_due(work.now, severity, department)
        if opens is not None and due < opens:
            # Nobody can answer before somebody is there.
            due = firm.first_response_due(opens, severity, department)
    return Wait(
        given=given,
        ahead=_ahead(work, firm, conversation),
        due=due,
        opens=opens,
        # Behind a spoken door nobody can leave a number by writing it.
        call_back_due=(
            _call_back_due(work, firm, conversation) if nobody and conversation.identity.channel not in SPOKEN else None
        ),
    )


def by_clock(wait: Wait, case: Case, now: datetime) -> Wait:
    """The wait with the due time that the case's own clock shows, where it runs: one time is told, and counted."""
    runs = case.state in UNSETTLED and case.first_response_due > now
    return replace(wait, due=case.first_response_due) if runs else wait


def wait_words(firm: Firm, language: str, wait: Wait) -> str:
    """What the customer is told of their wait."""
    words, due = firm.words, firm.local(wait.due)
    if wait.given.staff is not None:
        return words.render(language, "waiting.assigned", name=wait.given.staff.name, ahead=wait.ahead, due=due)
    told = words.render(language, "hand_over.wait", place=wait.ahead + 1, due=due)
    if wait.given.reason is RoutingReason.NOBODY:
        opens = firm.local(wait.opens) if wait.opens else None
        told = words.render(language, "waiting.nobody", opens=opens, wait=told)
    elif wait.given.reason is RoutingReason.LANGUAGE:
        told = words.render(language, "waiting.language", wait=told)
    else:
        told = words.render(language, "waiting.busy", wait=told)
    if wait.call_back_due is not None:
        offer = words.render(language, "waiting.call_back", due=firm.local(wait.call_back_due))
        told = f"{told}\n\n{offer}"
    return told


def await_number(conversation: Conversation, wait: Wait) -> None:
    """Note that a phone number left from now on asks for a call back, where one was offered."""
    if wait.call_back_due is not None:
        await_answer(conversation, CALL_BACK)


def take_call_back(work: UnitOfWork, firm: Firm, conversation: Conversation, message: InboxRow) -> None:
    """Promise to call the number that a waiting customer has left; the conversation stays in the queue.

    A second number replaces the first, under the same promise. Nothing is said where a person has come meanwhile: they
    see the number, and talk.
    """
    phone = find_phone(message.text)
    if phone is None or not leaves_number(conversation, message.text) or _is_order(work, conversation, phone):
        return
    case = focus_case(work, conversation)
    customer = conversation.identity.customer
    # Such as a good time to call.
    more = any(character.isalpha() for character in message.text)
    known = get_fact(case, "phone") if case else customer.phone
    if case is not None:
        set_fact(work, case, "phone", phone)
        if more:
            set_fact(work, case, "call_back", message.text.strip()[:_WISH_LENGTH])
    if case is None or customer.phone is None:
        customer.phone = phone[:32]
    language = conversation.language or firm.file.language
    owed = _owed(work, conversation)
    if owed is not None and known == phone:
        return
    if owed is not None:
        words = firm.words.render(language, "waiting.number_changed", phone=phone, due=firm.local(owed.due_at))
    else:
        due = _call_back_due(work, firm, conversation)
        promise(work, conversation, case, "call_back", firm.words.render(language, "promise.colleague_calls"), due)
        words = firm.words.render(language, "waiting.number_noted", phone=phone, due=firm.local(due), more=more)
    # Not an answer to the message: whoever sent it over an interface that waits has been told nothing, as agreed.
    say(work, conversation, words, case_id=case.id if case else None, decisive=True)


def answer_due(work: UnitOfWork, conversation: Conversation) -> datetime | None:
    """By when the customer was promised an answer that is still owed in time; None where none is."""
    statement = select(Promise.due_at).where(
        Promise.conversation_id == conversation.id, Promise.kind == "person_answers", Promise.state == "open"
    )
    return work.session.scalars(statement.order_by(Promise.id.desc())).first()


def _ahead(work: UnitOfWork, firm: Firm, conversation: Conversation) -> int:
    front_door = firm.departments[0].key
    same_line = (
        Conversation.assigned_to_id == conversation.assigned_to_id
        if conversation.assigned_to_id is not None
        else func.coalesce(Conversation.department, front_door) == (conversation.department or front_door)
    )
    statement = select(func.count(Conversation.id)).where(
        Conversation.control == Control.QUEUED,
        Conversation.id != conversation.id,
        same_line,
        or_(
            Conversation.queue_rank < conversation.queue_rank,
            (Conversation.queue_rank == conversation.queue_rank) & (Conversation.queued_at <= conversation.queued_at),
        ),
    )
    return work.session.scalar(statement) or 0


def _opens_at(work: UnitOfWork, firm: Firm, conversation: Conversation) -> datetime | None:
    """When the department or the front door opens next; None where one of them should be there now."""
    openings = []
    for department in {conversation.department, firm.departments[0].key}:
        hours = firm.working_time(department)
        if hours.is_open(work.now):
            return None
        try:
            openings.append(hours.next_opening(work.now))
        except NeverOpen:
            continue
    return min(openings, default=None)


def _call_back_due(work: UnitOfWork, firm: Firm, conversation: Conversation) -> datetime:
    return firm.due_for(conversation.department, work.now, firm.file.call_back_within)


def _owed(work: UnitOfWork, conversation: Conversation) -> Promise | None:
    """The call back that was promised since the conversation was queued, and has not been settled."""
    statement = select(Promise).where(
        Promise.conversation_id == conversation.id,
        Promise.kind == "call_back",
        Promise.state == "open",
        Promise.made_at >= conversation.queued_at,
    )
    return work.session.scalars(statement.order_by(Promise.id.desc())).first()


def _is_order(work: UnitOfWork, conversation: Conversation, number: str) -> bool:
    """Order numbers may look like phone numbers."""
    case = focus_case(work, conversation)
    said = {get_fact(case, "order_number"), get_fact(case, "other_order_number")} if case else set()
    return number in said or work.session.get(Order, number) is not None
