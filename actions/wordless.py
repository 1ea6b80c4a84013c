"""What a customer sends without words that the bot could read: a picture, a voice message, a place, a link …

Nothing of it is left lying. Of a picture the customer is asked once for words, as everywhere; where none come a person
looks at it. What words would not explain, a place, a link, a voice message that nobody wrote down, goes to a person at
once. Both happen by a timer, which waits until the bot has answered what was said before.
"""

from datetime import datetime, timedelta

from sqlalchemy import select

from actions.attachments import ask_for_words
from actions.cases import focus_case
from actions.commands.hand_over import hand_over_outside_turn
from actions.conversations import Received
from actions.firm import Firm
from actions.timers import TimerKind, set_timer
from actions.turns import finish
from recovery.case_states import UNSETTLED
from recovery.control import Control, HandOverReason
from store.database import UnitOfWork
from store.tables import Conversation, HandOver, InboxRow, Message

# A few words explain them.
EXPLAINED = frozenset({"image", "video", "file"})
# How long the words for a picture may take before a person looks at it.
PATIENCE = timedelta(minutes=10)
# What was said so shortly before belongs to the picture.
SAME_BREATH = timedelta(minutes=1)
# How the inbox notes a message that was no text; no bot reads it.
FILE, SHOWN = "file", "shown"
# How it notes one that its customer took back, of whatever kind.
TAKEN_BACK = "taken_back"
_LINE_LENGTH = 1000


def line_of(firm: Firm, language: str | None, kind: str, shown: dict[str, str]) -> str:
    """How the people who read the conversation see a message without words: ``〔位置〕北京路1号``.

    Args:
        kind: ``image``, ``voice``, ``video``, ``file``, ``location``, ``link``, ``card``, ``unreadable``.
        shown: what the channel tells of it; what is told twice is shown once.
    """
    told = dict.fromkeys(" ".join(value.split()) for value in shown.values())
    what = " · ".join(value for value in told if value)[:_LINE_LENGTH]
    return firm.words.render(language or firm.file.language, f"shown.{kind}", what=what)


def take_wordless(work: UnitOfWork, firm: Firm, conversation: Conversation, received: Received, kind: str) -> None:
    """Keep a message that was just received, and has no words, from the bot, and see that somebody looks at it.

    Whoever has the conversation already sees it like any other.

    Args:
        conversation: locked.
    """
    row = work.session.get_one(InboxRow, received.inbox_id)
    if row.state != "open":
        return
    finish(work, row, FILE if kind in EXPLAINED else SHOWN)
    due = work.now
    if kind in EXPLAINED:
        due += PATIENCE
        statement = select(Message).where(Message.conversation_id == conversation.id, Message.number == received.number)
        ask_for_words(work, firm, conversation, work.session.scalars(statement).one())
    set_timer(work, TimerKind.WORDLESS, f"wordless:{row.id}", due, conversation, inbox_id=row.id)


def look_after_wordless(work: UnitOfWork, firm: Firm, conversation: Conversation, row: InboxRow) -> None:
    """Hand over a locked conversation whose bot was sent something that it cannot read, and no words for it."""
    kind = row.caller_metadata.get("kind", "unreadable")
    if conversation.control != Control.BOT or row.disposition == TAKEN_BACK or _was_seen(work, row):
        return
    if kind in EXPLAINED and _has_words(work, row):
        return
    case = focus_case(work, conversation)
    if case is not None and case.state not in UNSETTLED:
        case = None
    before = firm.words.render(conversation.language or firm.file.language, f"received.{kind}")
    hand_over_outside_turn(
        work, firm, conversation, case, HandOverReason.UNREADABLE, by="timer", inbox_id=row.id, before=before
    )


def _was_seen(work: UnitOfWork, row: InboxRow) -> bool:
    """Whether a person has had the conversation since, and given it back."""
    seen = select(HandOver.id).where(
        HandOver.conversation_id == row.conversation_id, HandOver.taken_at >= row.received_at
    )
    return work.session.scalars(seen.limit(1)).first() is not None


def _has_words(work: UnitOfWork, row: InboxRow) -> bool:
    since: datetime = row.received_at - SAME_BREATH
    worded = select(InboxRow.id).where(
        InboxRow.conversation_id == row.conversation_id,
        InboxRow.received_at >= since,
        InboxRow.disposition.not_in((FILE, SHOWN, TAKEN_BACK)) | InboxRow.disposition.is_(None),
    )
    return work.session.scalars(worded.limit(1)).first() is not None
