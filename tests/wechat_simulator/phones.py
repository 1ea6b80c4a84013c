"""The customers' phones: what each showed, in order."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from tests.wechat_simulator.quotas import Quota

_numbers = count(1)


@dataclass(frozen=True)
class Bubble:
    """What a phone shows.

    Attributes:
        mine: whether the customer said or did it.
        kind: ``text``, ``menu``, ``image``, ``voice``, ``video``, ``file``, ``location``, ``link``, ``template``,
            ``subscription``, or a kind of WeCom's.
        items: of a menu: id and words.
        tail: what a menu says below its items.
        by: who said it at WeCom: ``api`` or the user id of a servicer.
    """

    mine: bool
    kind: str
    text: str
    at: datetime
    items: tuple[tuple[str, str], ...] = ()
    tail: str = ""
    media_id: str = ""
    by: str = ""
    number: int = field(default_factory=lambda: next(_numbers))

    @property
    def words(self) -> str:
        """Everything there is to read."""
        return "\n".join(part for part in (self.text, *(words for _, words in self.items), self.tail) if part)


@dataclass
class Phone:
    """One customer's.

    Attributes:
        here: follows the official account, or has opened the chat of WeCom.
        refuses: wants no messages.
        agreed: template ids of subscription messages, and how many they agreed to.
    """

    name: str
    bubbles: list[Bubble] = field(default_factory=list)
    quota: Quota = field(default_factory=Quota)
    here: bool = True
    refuses: bool = False
    agreed: Counter[str] = field(default_factory=Counter)

    @property
    def received(self) -> list[Bubble]:
        return [bubble for bubble in self.bubbles if not bubble.mine]

    @property
    def text(self) -> str:
        """All that they were told, as one text."""
        return "\n".join(bubble.words for bubble in self.received)

    def since(self, number: int) -> list[Bubble]:
        """What they were told after the bubble of that number."""
        return [bubble for bubble in self.received if bubble.number > number]

    @property
    def last_number(self) -> int:
        return self.bubbles[-1].number if self.bubbles else 0

    def menu_item(self, chosen: str) -> tuple[str, str]:
        """Id and words of an item that can be tapped, by its id or by what its words hold; the newest menu first.

        Raises:
            LookupError: there is none.
        """
        for bubble in reversed(self.received):
            for identifier, words in bubble.items:
                if chosen == identifier or chosen in words:
                    return identifier, words
        raise LookupError(chosen)
