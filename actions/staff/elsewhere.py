"""The firm's people may answer in another program, WeCom: what they take, say and end there is so here, too.

Each runs in somebody's unit of work, with the conversation locked; done twice, it is done once. Who it was over there
is no account of ours, so the conversation is a person's whose name we do not keep: ``taken_by_id`` stays null.
"""

from hashlib import sha256

from sqlalchemy import select

from actions import clocks
from actions.cases import focus_case, move, move_if_possible
from actions.conversations import await_nothing, note_said
from actions.firm import Firm
from actions.offering import withdraw_open_offers
from actions.outcomes import dimensions_of, record
from actions.promises import keep_promises
from actions.routing import release
from actions.staff.talking import end_control
from actions.turns import finish
from recovery.case_states import CaseState, Transition
from recovery.control import Control
from recovery.events import HandedOver
from store.audit import append
from store.database import UnitOfWork
from store.tables import Conversation, HandOver, InboxRow, Message

# Who did it, for the record.
ELSEWHERE = "wecom"
_FORM_KEY_LENGTH = 64


def taken_elsewhere(work: UnitOfWork, firm: Firm, conversation: Conversation) -> bool:
    """A person has the conversation in the other program: the bot is silent, and the queue is rid of it.

    Returns:
        False where a person has it already, here or there.
    """
    if conversation.control == Control.STAFF:
        return False
    conversation.control, conversation.taken_by_id, conversation.queued_at = Control.STAFF, None, None
    conversation.fence += 1
    release(work, conversation)
    await_nothing(conversation)
    open_rows = select(InboxRow).where(InboxRow.conversation_id == conversation.id, InboxRow.state == "open")
    for row in work.session.scalars(open_rows).all():
        finish(work, row, "console")
    case = focus_case(work, conversation)
    hand_over = _waiting(work, conversation)
    if hand_over is None:
        case_id = case.id if case else None
        hand_over = HandOver(
            conversation_id=conversation.id, case_id=case_id, reason="taken", by=ELSEWHERE, at=work.now
        )
        work.session.add(hand_over)
        if case is not None:
            dimensions = dimensions_of(case)
            record(work, HandedOver(case_number=case.number, at=work.now, dimensions=dimensions, reason="taken"))
    hand_over.taken_at = work.now
    if case is not None:
        move_if_possible(work, case, Transition.HAND_OVER, ELSEWHERE)
        clocks.taken(work, firm, case)
    append(work, ELSEWHERE, "take", conversation.public_id)
    work.session.flush()
    return True


def said_elsewhere(work: UnitOfWork, firm: Firm, conversation: Conversation, text: str, key: str) -> Message | None:
    """Keep what a person said to the customer in the other program; the customer has it already.

    Args:
        key: the same however often it is told.

    Returns:
        None where it was kept before.
    """
    form_key = _form_key(key)
    said = select(Message.id).where(Message.conversation_id == conversation.id, Message.form_key == form_key)
    if work.session.scalars(said).first() is not None:
        return None
    message = note_said(work, conversation, text)
    message.form_key = form_key
    keep_promises(work, conversation, "person_answers")
    case = focus_case(work, conversation)
    if case is not None:
        clocks.staff_spoke(work, firm, case)
    return message


def taken_back_elsewhere(work: UnitOfWork, firm: Firm, conversation: Conversation, key: str) -> bool:
    """A person took back what they had said in the other program; it stays on record, marked.

    Args:
        key: of the words, as :func:`said_elsewhere` had it.

    Returns:
        False where no such words are known.
    """
    said = select(Message).where(Message.conversation_id == conversation.id, Message.form_key == _form_key(key))
    message = work.session.scalars(said).first()
    if message is None:
        return False
    language = conversation.language or firm.file.language
    message.text = firm.words.render(language, "shown.taken_back", what=message.text)
    return True


def ended_elsewhere(work: UnitOfWork, conversation: Conversation) -> bool:
    """The person over there has ended it: whatever the customer says next is the bot's to answer.

    Nothing is said: the other program takes no word of ours after its end.

    Returns:
        False where nobody over there had it: a colleague at our desk, the queue or the bot goes on having it.
    """
    if conversation.control != Control.STAFF or conversation.taken_by_id is not None:
        return False
    end_control(work, conversation)
    case = focus_case(work, conversation)
    if case is not None:
        # The question they answered is gone; the bot's next round numbers its choices anew.
        withdraw_open_offers(work, case)
        if case.state == CaseState.WITH_STAFF:
            move(work, case, Transition.GIVE_BACK, ELSEWHERE)
    append(work, ELSEWHERE, "give_back", conversation.public_id)
    return True


def _waiting(work: UnitOfWork, conversation: Conversation) -> HandOver | None:
    statement = select(HandOver).where(HandOver.conversation_id == conversation.id, HandOver.ended_at.is_(None))
    return work.session.scalars(statement.order_by(HandOver.id.desc())).first()


def _form_key(key: str) -> str:
    whole = f"{ELSEWHERE}:{key}"
    return whole if len(whole) <= _FORM_KEY_LENGTH else sha256(whole.encode()).hexdigest()
