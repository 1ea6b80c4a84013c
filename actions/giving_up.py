"""When the bot does not answer: a holding line for who merely waits, a person for who was let down.

Design.md section 2, line 6.
"""

import re

from sqlalchemy import select

from actions.asking import customer_answered
from actions.cases import focus_case
from actions.commands.hand_over import hand_over_outside_turn
from actions.conversations import lock_conversation, say
from actions.firm import Firm
from actions.turns import finish
from recovery.case_states import UNSETTLED
from recovery.control import Control, HandOverReason
from store.database import UnitOfWork
from store.tables import Conversation, InboxRow, Turn

_LATIN = re.compile(r"[A-Za-z]")
_CHINESE = re.compile(r"[\u3400-\u9fff]")


def give_up(work: UnitOfWork, firm: Firm, inbox_id: str) -> bool:
    """Take the turn of a message that the bot could not answer, and hand over; a late action finds it taken.

    Returns:
        False where the message was answered, or a person came, meanwhile; then nothing is done.
    """
    inbox = work.session.get_one(InboxRow, inbox_id)
    conversation = lock_conversation(work, inbox.conversation_id)
    work.session.refresh(inbox)
    if inbox.state != "open" or work.session.get(Turn, inbox_id) is not None:
        return False
    if conversation.control != Control.BOT:
        finish(work, inbox, "console")
        return False
    work.session.add(Turn(inbox_id=inbox_id, conversation_id=conversation.id, command="give_up", at=work.now))
    case = focus_case(work, conversation)
    if case is not None and case.state not in UNSETTLED:
        case = None
    customer_answered(work, firm, conversation, inbox.received_at)
    _speak_as_written(conversation, inbox)
    hand_over_outside_turn(work, firm, conversation, case, HandOverReason.BOT_SILENT, by="desk", inbox_id=inbox_id)
    finish(work, inbox, "gave_up")
    # What else waited is the person's to read, too.
    waiting = select(InboxRow).where(InboxRow.conversation_id == conversation.id, InboxRow.state == "open")
    for row in work.session.scalars(waiting):
        finish(work, row, "console")
    return True


def hold(work: UnitOfWork, firm: Firm, inbox_id: str) -> bool:
    """Tell a customer whose message merely waits that it has arrived, once until it is answered."""
    inbox = work.session.get_one(InboxRow, inbox_id)
    conversation = lock_conversation(work, inbox.conversation_id)
    work.session.refresh(inbox)
    if inbox.state != "open" or conversation.control != Control.BOT:
        return False
    if conversation.held_at is not None and conversation.held_at >= inbox.received_at:
        return False
    conversation.held_at = work.now
    _speak_as_written(conversation, inbox)
    words = firm.words.render(conversation.language or firm.file.language, "holding.line")
    say(work, conversation, words, courtesy=True)
    return True


def _speak_as_written(conversation: Conversation, inbox: InboxRow) -> None:
    """Nobody has read the message yet: where it is the first, its letters are all that tells the language."""
    if conversation.language is None and _LATIN.search(inbox.text) and not _CHINESE.search(inbox.text):
        conversation.language = "en"
