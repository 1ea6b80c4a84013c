"""A customer who opens the chat may be told one thing before they say a word (发送欢迎语等事件响应消息, path 95122).

The code for it holds for twenty seconds and works once. Words that waited for the customer go first; where none wait,
an account that greets says what can be done here. Sent first and noted then: a process that dies in between leaves out
of our records what the customer has read, and nothing is said twice.
"""

import secrets
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import select, update

from actions.conversations import find_conversation, lock_conversation, say
from actions.firm import Firm
from desk.channels.accounts import WeComAccount
from desk.channels.wecom.reading import Entered
from desk.channels.windows import state_of
from recovery.control import Control
from store.database import UnitOfWork
from store.tables import Message, OutboxRow

# By the documents twenty seconds; the call needs some of them.
WITHIN = timedelta(seconds=18)
# As any text of this channel, in UTF-8.
_BYTES = 2048
# While the welcome is under way, what it holds is nobody else's to send.
_CLAIM = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Welcome:
    """What to say.

    Attributes:
        rows: outbox rows that it brings; empty for a greeting.
        receipt: our name for it, by which a later failure is told.
    """

    conversation_id: int
    text: str
    rows: tuple[int, ...] = ()
    receipt: str = field(default_factory=lambda: secrets.token_hex(12))


def prepare(work: UnitOfWork, firm: Firm, account: WeComAccount, entered: Entered) -> Welcome | None:
    """What to say to somebody who has just opened the chat, or None.

    Rows that are to be brought are claimed: nobody else sends them meanwhile.
    """
    found = find_conversation(work, entered.address)
    if found is None or work.now - entered.at > WITHIN:
        return None
    conversation = lock_conversation(work, found.id)
    held = list(
        work.session.scalars(
            select(OutboxRow)
            .where(OutboxRow.conversation_id == conversation.id, OutboxRow.state == "held")
            .order_by(OutboxRow.id)
        )
    )
    if held:
        brought, text = _fitting(held)
        # The rest of a long message comes before all that was said after it.
        if held[0].said_up_to or not brought or any(row.message.buttons for row in brought):
            # A question belongs with its choices: it waits for the customer's word, as it would.
            return None
        for row in brought:
            row.state, row.claimed_by, row.claimed_until = "pending", "welcome", work.now + _CLAIM
        work.session.flush()
        return Welcome(conversation.id, text, tuple(row.id for row in brought))
    if not account.file.greets or conversation.control != Control.BOT:
        return None
    language = conversation.language or firm.file.language
    if conversation.introduced:
        return Welcome(conversation.id, firm.words.render(language, "enter.back"))
    lines = (firm.words.render(language, "enter.greeting"), firm.words.render(language, "machine.introduction"))
    return Welcome(conversation.id, "\n\n".join(lines))


def note_said(work: UnitOfWork, welcome: Welcome) -> None:
    """It was said: what it brought is sent, and a greeting is kept as said."""
    conversation = lock_conversation(work, welcome.conversation_id)
    if welcome.rows:
        work.session.execute(
            update(OutboxRow)
            .where(OutboxRow.id.in_(welcome.rows), OutboxRow.claimed_by == "welcome")
            .values(
                state="sent", sent_at=work.now, error=None, receipt=welcome.receipt, claimed_by=None, claimed_until=None
            )
        )
        return
    # Words may have come while it was said: then the record shows it after them, and the bot introduced itself anyway.
    message = say(work, conversation, welcome.text, courtesy=True)
    conversation.introduced = True
    work.session.execute(
        update(OutboxRow)
        .where(OutboxRow.message_id == message.id)
        .values(state="sent", sent_at=work.now, receipt=welcome.receipt)
    )


def note_unsaid(work: UnitOfWork, welcome: Welcome) -> None:
    """It was not taken: what it would have brought waits on, or goes out if the customer has written meanwhile."""
    conversation = lock_conversation(work, welcome.conversation_id)
    state = "pending" if state_of(work, conversation).room else "held"
    work.session.execute(
        update(OutboxRow)
        .where(OutboxRow.id.in_(welcome.rows), OutboxRow.claimed_by == "welcome")
        .values(state=state, claimed_by=None, claimed_until=None)
    )


def _fitting(held: list[OutboxRow]) -> tuple[list[OutboxRow], str]:
    """As many of the first as fit into one message."""
    brought: list[OutboxRow] = []
    text = ""
    for row in held:
        message: Message = row.message
        longer = f"{text}\n\n{message.text}" if text else message.text
        if len(longer.encode()) > _BYTES:
            break
        brought.append(row)
        text = longer
    return brought, text
