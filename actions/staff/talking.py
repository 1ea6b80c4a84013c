"""Take a conversation, answer in it, give it back, close its case."""

from sqlalchemy import select, update

from actions import clocks
from actions.cases import focus_case, move
from actions.conversations import SPOKEN, await_nothing, lock_conversation, say
from actions.firm import Firm
from actions.offering import withdraw_open_offers
from actions.outcomes import dimensions_of, record
from actions.promises import keep_promises, release_open
from actions.remedies import plan_follow_up
from actions.routing import may_take_given, release
from actions.silence import watch_for_answer
from actions.staff.access import MAY_TAKE_FROM_OTHERS, DeedRefused, audit, mine
from actions.turns import finish
from recovery.case_states import CaseState, Transition, can_follow
from recovery.control import Control
from recovery.events import CaseJudged, HandedOver
from store.database import UnitOfWork
from store.tables import Case, Conversation, HandOver, InboxRow, Message, Staff


def take(work: UnitOfWork, firm: Firm, staff: Staff, conversation_id: int) -> Conversation:
    """Take the conversation, from the queue or from the bot; a turn under way finds the fence moved (line 7).

    Raises:
        DeedRefused: a colleague has it, it was given to one of another department, or it is for superiors.
    """
    conversation = lock_conversation(work, conversation_id)
    if conversation.control == Control.STAFF:
        if conversation.taken_by_id == staff.id:
            return conversation
        if staff.role not in MAY_TAKE_FROM_OTHERS:
            raise DeedRefused("taken_by_colleague")
    elif not may_take_given(firm, staff, conversation):
        raise DeedRefused("for_superiors" if conversation.for_superiors else "assigned_to_colleague")
    conversation.control = Control.STAFF
    conversation.taken_by_id = staff.id
    conversation.queued_at = None
    conversation.fence += 1
    release(work, conversation)
    await_nothing(conversation)
    for row in _open_rows(work, conversation):
        finish(work, row, "console")
    _current_hand_over(work, conversation, staff)
    case = focus_case(work, conversation)
    if case is not None:
        case.owner_id = staff.id
        if case.state in (CaseState.OPEN, CaseState.OFFERED):
            move(work, case, Transition.HAND_OVER, staff.login)
        clocks.taken(work, firm, case)
    watch_for_answer(work, conversation)
    say(
        work,
        conversation,
        firm.words.render(conversation.language or firm.file.language, "person.joined", name=staff.name),
        courtesy=True,
    )
    audit(work, staff, "take", conversation.public_id)
    return conversation


def answer(
    work: UnitOfWork, firm: Firm, staff: Staff, conversation_id: int, text: str, key: str | None = None
) -> Message:
    """Say something to the customer; the promise that a person answers is kept by it.

    Args:
        key: of the form it was written in; sent twice, by a double click or because the first acknowledgement was lost,
            it is said once.

    Raises:
        DeedRefused: the conversation is not this person's, or the text is empty.
    """
    conversation = mine(work, staff, conversation_id)
    if not text.strip():
        raise DeedRefused("empty_text")
    if key is not None:
        said = select(Message).where(Message.conversation_id == conversation.id, Message.form_key == key)
        if (earlier := work.session.scalars(said).first()) is not None:
            return earlier
    message = say(work, conversation, text.strip(), author="staff", staff_id=staff.id)
    message.form_key = key
    keep_promises(work, conversation, "person_answers")
    case = focus_case(work, conversation)
    if case is not None:
        clocks.staff_spoke(work, firm, case)
    return message


def give_back(work: UnitOfWork, firm: Firm, staff: Staff, conversation_id: int) -> None:
    """Give the conversation back to the bot.

    Raises:
        DeedRefused: the conversation is not this person's, or is one that no bot can talk in.
    """
    conversation = mine(work, staff, conversation_id)
    if conversation.identity.channel in SPOKEN:
        raise DeedRefused("no_bot_here")
    end_control(work, conversation)
    case = focus_case(work, conversation)
    if case is not None:
        # The question they answered is gone; the bot's next round numbers its choices anew.
        withdraw_open_offers(work, case)
    if case is not None and case.state == CaseState.WITH_STAFF:
        move(work, case, Transition.GIVE_BACK, staff.login)
    language = conversation.language or firm.file.language
    say(work, conversation, firm.words.render(language, "person.gave_back"), courtesy=True)
    audit(work, staff, "give_back", conversation.public_id)


def close(work: UnitOfWork, firm: Firm, staff: Staff, conversation_id: int, *, valid: bool, service_step: str) -> None:
    """Settle the case as handled by a person, say whether the complaint stood, and give the conversation back.

    Args:
        valid: whether the complaint stands.
        service_step: the step of the service blueprint that failed; empty where none fits.

    Raises:
        DeedRefused: the conversation is not this person's, money is still on its way, or no such step.
    """
    conversation = mine(work, staff, conversation_id)
    case = focus_case(work, conversation)
    if service_step and service_step not in firm.blueprint.names:
        raise DeedRefused("unknown_step")
    if case is not None and _is_under_way(case):
        raise DeedRefused("remedy_under_way")
    settles = case is not None and can_follow(CaseState(case.state), Transition.RESOLVE)
    if case is not None and (settles or case.state == CaseState.RESOLVED):
        # A remedy may have settled the case by itself; whether it stood, only a person says.
        case.valid, case.service_step = valid, service_step
        record(
            work,
            CaseJudged(
                case_number=case.number,
                at=work.now,
                dimensions=dimensions_of(case),
                valid=valid,
                service_step=service_step,
            ),
        )
    if case is not None and settles:
        withdraw_open_offers(work, case)
        move(work, case, Transition.RESOLVE, staff.login)
        plan_follow_up(work, firm, conversation, case)
    end_control(work, conversation)
    language = conversation.language or firm.file.language
    say(work, conversation, firm.words.render(language, "person.gave_back"), courtesy=True)
    audit(work, staff, "close", case.number if case else conversation.public_id)


def end_control(work: UnitOfWork, conversation: Conversation) -> None:
    """Give control back to the bot; whoever still works for the person finds the fence moved."""
    conversation.control = Control.BOT
    conversation.taken_by_id = None
    # Whose line it was in, and how pressing, was of that hand-over alone.
    conversation.department, conversation.queue_rank, conversation.for_superiors = None, 1, False
    conversation.fence += 1
    # A person was there: what was promised of one is not waited for any more.
    release_open(work, conversation, "person_answers")
    case = focus_case(work, conversation)
    if case is not None:
        clocks.left_staff(work, case)
    work.session.execute(
        update(HandOver)
        .where(HandOver.conversation_id == conversation.id, HandOver.ended_at.is_(None))
        .values(ended_at=work.now)
    )


def _is_under_way(case: Case) -> bool:
    """Whether somebody must decide on an offer, or a granted remedy is not carried out yet; a failed one is over."""
    return case.state == CaseState.AWAITING_APPROVAL or any(remedy.state == "intended" for remedy in case.remedies)


def _current_hand_over(work: UnitOfWork, conversation: Conversation, staff: Staff) -> None:
    """Note who took the hand-over that waits; taking straight from the bot is one, too."""
    waiting = work.session.scalars(
        select(HandOver).where(HandOver.conversation_id == conversation.id, HandOver.ended_at.is_(None))
    ).first()
    if waiting is not None and waiting.taken_by_id not in (None, staff.id):
        # From a colleague: who had it until now stays on record.
        waiting.ended_at = work.now
        case_id, reason = waiting.case_id, waiting.reason
        waiting = HandOver(conversation_id=conversation.id, case_id=case_id, reason=reason, by=staff.login, at=work.now)
        work.session.add(waiting)
    if waiting is None:
        waiting = HandOver(
            conversation_id=conversation.id,
            case_id=conversation.focus_case_id,
            reason="taken",
            by=staff.login,
            at=work.now,
        )
        work.session.add(waiting)
        case = focus_case(work, conversation)
        if case is not None:
            at, dimensions = work.now, dimensions_of(case)
            record(work, HandedOver(case_number=case.number, at=at, dimensions=dimensions, reason="taken"))
    waiting.taken_by_id, waiting.taken_at = staff.id, work.now


def _open_rows(work: UnitOfWork, conversation: Conversation) -> list[InboxRow]:
    statement = select(InboxRow).where(InboxRow.conversation_id == conversation.id, InboxRow.state == "open")
    return list(work.session.scalars(statement))
