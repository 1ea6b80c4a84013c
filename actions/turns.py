"""The turn protocol's inner half: one message, one key, one transaction (design.md section 2, lines 3 to 6)."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from actions.asking import customer_answered, customer_asked
from actions.conversations import await_answer, await_nothing, lock_conversation, say
from actions.firm import Firm
from actions.order_spelling import spell_order
from actions.understanding import Understanding
from actions.words.catalogue import LANGUAGES
from recovery.control import Control
from store.database import UnitOfWork
from store.tables import Case, Conversation, InboxRow, Turn


class StaleTurn(Exception):
    """The right to answer has passed to somebody else; nothing of the turn may remain."""


@dataclass(frozen=True, slots=True)
class TurnKey:
    """What a turn must show: the message it answers, and the fence of the lease it runs under."""

    inbox_id: str
    fence: int


@dataclass
class OpenTurn:
    """A turn under way: the locked conversation, the message, what was understood of it.

    Attributes:
        words: of the customer, as typed: the message, or the earlier one that the customer has just made clear.
        awaited: what the last question waits for, if this message can answer it; else None.
        late: a question was open, or has been answered, that this message was written too early to know of.
    """

    work: UnitOfWork
    firm: Firm
    conversation: Conversation
    inbox: InboxRow
    understanding: Understanding
    words: str
    language: str
    awaited: dict[str, Any] | None
    late: bool
    _bubbles: list[tuple[str, list[dict[str, str]]]] = field(default_factory=list)
    _decisive: bool = False
    _asked: bool = False
    _shows_way_to_person: bool = False

    def text(self, key: str, **values: Any) -> str:
        """A reply from the catalogue in the language of the conversation."""
        return self.firm.words.render(self.language, key, **values)

    def say(self, key: str, buttons: list[dict[str, str]] | None = None, **values: Any) -> None:
        """Add a reply to what this turn answers; a turn's replies go out as one message, in their order."""
        self._bubbles.append((self.text(key, **values), buttons or []))

    def add(self, text: str, buttons: list[dict[str, str]] | None = None) -> None:
        """Add words that were rendered already."""
        self._bubbles.append((text, buttons or []))

    def local(self, moment: datetime) -> datetime:
        """A moment as the firm's clock shows it."""
        return self.firm.local(moment)

    def ask(
        self,
        kind: str,
        options: list[str] | None = None,
        facts: dict[str, Any] | None = None,
        about: dict[str, Any] | None = None,
    ) -> None:
        """Note what the question just put waits for."""
        await_answer(self.conversation, kind, options, facts, about)
        self._asked = True

    def is_asked(self, kind: str) -> bool:
        """Whether this message answers a question of that kind."""
        return self.awaited is not None and self.awaited["kind"] == kind

    def ask_nothing(self) -> None:
        await_nothing(self.conversation)

    def show_way_to_person(self) -> None:
        """Say in this turn how to get a person, whether or not that was said before."""
        self._shows_way_to_person = True

    def is_decisive(self) -> None:
        """What this turn says, the customer must know (:func:`actions.conversations.say`)."""
        self._decisive = True

    def send(self, case: Case | None = None) -> None:
        """Put what was said into the outbox."""
        if not self._bubbles:
            return
        if self.conversation.control == Control.BOT:
            if not self.conversation.introduced:
                # Said once: that a machine answers and that a person can be had.
                self.conversation.introduced = True
                self._bubbles.append((self.text("machine.introduction"), []))
            elif self._shows_way_to_person:
                self._bubbles.append((self.text("machine.way_to_person"), []))
        message = say(
            self.work,
            self.conversation,
            "\n\n".join(text for text, _ in self._bubbles),
            buttons=[button for _, buttons in self._bubbles for button in buttons],
            inbox_id=self.inbox.id,
            case_id=case.id if case else None,
            decisive=self._decisive,
        )
        if self._asked and self.conversation.awaited is not None:
            # A new value, since only so is it stored.
            self.conversation.awaited = {**self.conversation.awaited, "number": message.number}
        self._bubbles.clear()


# The number of a case, in which there need be no digit; or a word in Latin letters that has one, with what hyphens join
# to it.
_NUMBERED = re.compile(r"(?i)\bAM-\w{4}-\w{4}\b|[A-Z-]*\d[A-Z0-9-]*")

Command = Callable[[OpenTurn], None]


def take_turn(
    work: UnitOfWork, firm: Firm, key: TurnKey, name: str, understanding: Understanding, command: Command
) -> bool:
    """Answer a message, once.

    Args:
        name: of the command, for the record.

    Returns:
        False where the message was answered before; then nothing is done.

    Raises:
        StaleTurn: there is no such message, it was taken back, a person has the conversation, or the fence has moved
            on. The caller's unit of work must roll back.
    """
    inbox = work.session.get(InboxRow, key.inbox_id)
    if inbox is None:
        raise StaleTurn("no such message")
    conversation = lock_conversation(work, inbox.conversation_id)
    if work.session.get(Turn, key.inbox_id) is not None:
        return False
    if conversation.fence != key.fence or conversation.control != Control.BOT:
        raise StaleTurn("the conversation has passed to somebody else")
    work.session.refresh(inbox)
    if inbox.state != "open":
        raise StaleTurn("its customer took it back")
    work.session.add(
        Turn(
            inbox_id=inbox.id,
            conversation_id=conversation.id,
            command=name,
            understanding=understanding.model_dump(mode="json"),
            at=work.now,
        )
    )
    work.session.flush()
    if conversation.language is None or _says_words(inbox.text):
        if understanding.language in LANGUAGES:
            conversation.language = understanding.language
        elif conversation.language is None and understanding.script == "latin":
            conversation.language = "en"  # a first "hi" tells no more than its letters
    language = conversation.language or firm.file.language
    awaited = conversation.awaited
    in_time = inbox.seen_revision >= conversation.awaited_revision
    turn = OpenTurn(
        work=work,
        firm=firm,
        conversation=conversation,
        inbox=inbox,
        understanding=spell_order(work, conversation.identity.customer, understanding),
        words=inbox.text,
        language=language,
        awaited=awaited if in_time else None,
        late=not in_time,
    )
    customer_answered(work, firm, conversation, inbox.received_at)
    command(turn)
    turn.send()
    customer_asked(work, firm, conversation)
    finish(work, inbox, "bot")
    return True


def _says_words(text: str) -> bool:
    """Whether there are letters beside numbers such as that of a case, AM-2222-3333."""
    return any(character.isalpha() for character in _NUMBERED.sub("", text))


def finish(work: UnitOfWork, inbox: InboxRow, disposition: str) -> None:
    """Mark a message as handled."""
    inbox.state, inbox.disposition, inbox.done_at = "done", disposition, work.now
