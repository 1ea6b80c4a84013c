"""A channel that lets only so much through, played in memory: it keeps its own books, in both ways they may be kept."""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from actions.conversations import Address, Received, open_conversation, receive, say
from actions.firm import Firm
from desk.channels import windows
from desk.channels.bubbles import Shape
from desk.channels.transport import Held, Notice, Outgoing, TransportError
from desk.channels.windows import Waits
from desk.hub import Hub
from desk.workers.leases import void_all
from desk.workers.outbox import OutboxWorker
from store.database import Database
from store.tables import Conversation, Message, OutboxRow
from tests.conftest import Clock

LI = Address("wechat", "oLi", "main")


@dataclass
class Book:
    """What one reading of the channel's rules has left; a bubble is taken from the first allowance that has any."""

    first: str
    long: tuple[int, datetime | None] = (0, None)
    brief: tuple[int, datetime | None] = (0, None)

    def takes(self, now: datetime) -> bool:
        for name in (self.first, "brief" if self.first == "long" else "long"):
            left, until = getattr(self, name)
            if left and until is not None and now < until:
                setattr(self, name, (left - 1, until))
                return True
        return False


@dataclass
class Channel:
    """What happens to the next bubbles is listed in ``fates``, the rest arrive."""

    clock: Clock
    bubble_bytes: int = 2048
    books: tuple[Book, Book] = field(default_factory=lambda: (Book("long"), Book("brief")))
    fates: list[str] = field(default_factory=list)
    seen: list[Outgoing] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    breaches: int = 0
    # How many bubbles may stand on the phone twice, since nobody could know that they had arrived.
    may_repeat: int = 0
    has_notices: bool = False

    def customer_writes(self) -> None:
        for book in self.books:
            book.long = (5, self.clock.now + timedelta(hours=48))

    def customer_taps(self) -> None:
        for book in self.books:
            book.brief = (3, self.clock.now + timedelta(minutes=1))

    def shape(self, account: str) -> Shape:
        return Shape(self.bubble_bytes)

    async def deliver(self, message: Outgoing) -> None:
        fate = self.fates.pop(0) if self.fates else "arrives"
        if fate == "killed_before":
            raise asyncio.CancelledError
        if fate == "not_sent":
            raise TransportError("no connection", permanent=False, not_taken=True)
        # Each is asked.
        if False in [book.takes(self.clock.now) for book in self.books]:
            self.breaches += 1
            raise Held(Waits.QUOTA_SPENT)
        assert len(message.text.encode()) <= self.bubble_bytes
        self.seen.append(message)
        if fate == "killed_after":
            self.may_repeat += 1
            raise asyncio.CancelledError
        if fate == "no_answer":
            self.may_repeat += 1
            raise TransportError("no answer", permanent=False)

    def notice(
        self, account: str, external_id: str, tells: str, facts: Mapping[str, str], agreed: Mapping[str, Any]
    ) -> Notice | None:
        if not self.has_notices:
            return None
        return Notice("wechat", account, external_id, "template", tells, {"at": facts["at"]})

    async def tell_outside(self, notice: Notice) -> str:
        fate = self.fates.pop(0) if self.fates else "arrives"
        if fate == "not_sent":
            raise TransportError("no connection", permanent=False, not_taken=True)
        if fate == "refused":
            raise TransportError("no such template", permanent=True)
        self.notices.append(notice)
        return f"notice {len(self.notices)}"

    @property
    def texts(self) -> list[str]:
        return [message.text for message in self.seen]


class Line:
    """The service, a customer and the channel between them."""

    def __init__(self, database: Database, firm: Firm, clock: Clock, **channel: Any) -> None:
        self.database, self.firm, self.clock = database, firm, clock
        self.channel = Channel(clock, **channel)
        self._heard = 0
        self.worker: OutboxWorker
        self.starts()

    def does(self, deed: Callable[..., Any], *args: Any, **more: Any) -> Any:
        with self.database.begin() as work:
            result = deed(work, *args, **more)
            work.commit()
            return result

    def on(self, deed: Callable[..., Any], *args: Any, **more: Any) -> Any:
        """A deed that takes the conversation, which is locked."""
        return self.does(lambda work: deed(work, open_conversation(work, LI), *args, **more))

    def hears(self, text: str = "在吗", at: datetime | None = None, choice: str | None = None) -> Received:
        """What the customer wrote is taken in, as any channel does."""
        self._heard += 1
        key = f"key {self._heard}"

        def take(work: Any) -> Received:
            conversation = open_conversation(work, LI)
            seen = windows.seen_revision(work, conversation, choice)
            words = windows.words_of(work, conversation, choice) if choice else None
            received = receive(work, LI, words or text, key, seen_revision=seen)
            taken = windows.customer_tapped if choice else windows.customer_wrote
            taken(work, conversation, at or self.clock.now)
            return received

        received: Received = self.does(take)
        return received

    def writes(self, text: str = "在吗") -> Received:
        self.channel.customer_writes()
        return self.hears(text)

    def taps(self) -> None:
        self.channel.customer_taps()
        self.on(windows.customer_tapped, self.clock.now)

    def says(self, text: str, **more: Any) -> Message:
        message: Message = self.on(say, text, **more)
        return message

    def starts(self) -> None:
        """A process starts, the only one there is."""
        self.does(void_all)
        self.worker = OutboxWorker(self.database, self.firm, Hub.__new__(Hub), {"wechat": self.channel})

    def delivers(self) -> None:
        """All that can go out now does; a process that is killed is started anew."""
        for _ in range(50):
            try:
                if not asyncio.run(self.worker.deliver_waiting()):
                    return
            except asyncio.CancelledError:
                self.starts()
        raise AssertionError("it never ends")

    @property
    def states(self) -> list[str]:
        with self.database.reading() as work:
            rows = work.session.query(OutboxRow).order_by(OutboxRow.id)
            return [row.state for row in rows]

    @property
    def state(self) -> windows.WindowState:
        with self.database.reading() as work:
            conversation = work.session.query(Conversation).one()
            return windows.state_of(work, conversation)

    @property
    def told(self) -> list[str]:
        """The names ``〔1〕`` of messages in the order in which they stand on the phone."""
        return re.findall(r"〔\d+〕", "".join(self.channel.texts))
