"""What goes out next on a channel that lets only so much through, as pure functions: messages joined into one bubble.

"发送客服消息" and "发送消息" take 2,048 bytes of UTF-8 in a text. Everything that waits is joined in its order; a
message is cut only where it is longer than a bubble by itself.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from desk.channels.quotas import WORD_ALLOWS
from desk.channels.windows import Waits, item_id

BETWEEN = "\n\n"
# Where a text that is too long is cut: the first that is found far enough on.
_BREAKS = (
    re.compile(r"\n\s*\n"),
    re.compile(r"\n"),
    re.compile(r"[。！？…；!?;][”’」』）)\"]*|\.\s"),
    re.compile(r"[，、,\s]"),
)
_JOINER = "\u200d"


@dataclass(frozen=True, slots=True)
class MenuShape:
    """What a channel takes as a menu of choices.

    Attributes:
        head_bytes: of the text above it.
        item_bytes: of each choice.
        items: how many choices.
    """

    head_bytes: int
    item_bytes: int
    items: int


@dataclass(frozen=True, slots=True)
class Shape:
    """What a bubble may be; ``menu`` is None where the account has no menus."""

    text_bytes: int
    menu: MenuShape | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message that waits to go out.

    Attributes:
        row: id of its outbox row.
        said_up_to: how many characters of it went out before.
        since: since when it waits, as its customer reads it; empty where that need not be said.
        spelled: what to add to its text where its choices cannot be tapped.
    """

    row: int
    number: int
    text: str
    buttons: Sequence[dict[str, Any]] = ()
    weight: str = "ordinary"
    said_up_to: int = 0
    since: str = ""
    spelled: str = ""


@dataclass(frozen=True, slots=True)
class Bubble:
    """One call to the channel.

    Attributes:
        said: the outbox rows that it carries, in order, each with how much of it is said then; None: all.
        items: choices to tap, id and words; none: plain text.
        number: of the last message in it.
    """

    text: str
    said: tuple[tuple[int, int | None], ...]
    number: int
    items: tuple[tuple[str, str], ...] = ()


def next_bubble(waiting: Sequence[Waiting], room: int, shape: Shape) -> Bubble | Waits:
    """The bubble that goes out next, or why none does.

    The last one that the channel would take is kept for what decides, and then takes along all that came before it.

    Args:
        waiting: in order; not empty.
        room: how many bubbles the channel would take.
    """
    if room <= 0:
        return Waits.WINDOW_CLOSED
    menu = _as_menu(waiting, shape)
    if menu is not None:
        bubble = menu
    else:
        said: list[tuple[int, int | None]] = []
        texts: list[str] = []
        left = shape.text_bytes
        for one in _spelled(waiting):
            text = (f"{one.since}\n" if one.since and not one.said_up_to else "") + one.text[one.said_up_to :].lstrip()
            if not text:
                said.append((one.row, None))
                continue
            room_here = left - (len(BETWEEN) if texts else 0)
            if _bytes(text) <= room_here:
                texts.append(text)
                said.append((one.row, None))
                left = room_here - _bytes(text)
                continue
            if not texts:
                taken = first_part(text, shape.text_bytes)
                texts.append(text[:taken].rstrip())
                said.append((one.row, len(one.text) - (len(text) - taken)))
            break
        number = next(one.number for one in waiting if one.row == said[-1][0])
        bubble = Bubble(BETWEEN.join(texts), tuple(said), number)
    return bubble if _may_go(waiting, bubble, room, shape) else Waits.KEPT_BACK


def first_part(text: str, limit: int) -> int:
    """How many characters of a text fit ``limit`` bytes; never cut inside a character.

    Cut where a paragraph, a line, a sentence or a clause ends, whichever of them does in the second half of what fits.
    """
    if _bytes(text) <= limit:
        return len(text)
    fits = len(text.encode("utf-8")[:limit].decode("utf-8", errors="ignore"))
    for pattern in _BREAKS:
        ends = [found.end() for found in pattern.finditer(text, 0, fits)]
        if ends and ends[-1] >= fits // 2:
            return ends[-1]
    whole = fits
    while whole > fits // 2 and _goes_on(text, whole):
        whole -= 1
    return max(1, whole if not _goes_on(text, whole) else fits)


def bubbles_for(text: str, limit: int) -> int:
    """How many bubbles a text takes by itself."""
    count = 0
    while text:
        text = text[first_part(text, limit) :].lstrip()
        count += 1
    return max(1, count)


def without_choices(text: str, titles: Sequence[str]) -> str:
    """A text without the lines that number its choices, which stand below it to be tapped."""
    listed = {f"{number}. {title}" for number, title in enumerate(titles, 1)}
    return "\n".join(line for line in text.split("\n") if line.strip() not in listed)


def _as_menu(waiting: Sequence[Waiting], shape: Shape) -> Bubble | None:
    """All that waits as one bubble with choices to tap; None where the channel has none, or not so much fits."""
    last = waiting[-1]
    if shape.menu is None or not last.buttons or any(one.said_up_to for one in waiting):
        return None
    titles = [str(button["title"]) for button in last.buttons]
    items = tuple(
        # The number, too: whoever types it is understood as well.
        (item_id(last.number, place), f"{button['payload']}. {title}" if _is_number(button, title) else title)
        for place, (button, title) in enumerate(zip(last.buttons, titles, strict=True))
    )
    texts = [one.text for one in waiting[:-1]] + [without_choices(last.text, titles)]
    texts = [f"{one.since}\n{text}" if one.since else text for one, text in zip(waiting, texts, strict=True)]
    head = BETWEEN.join(texts)
    whole = _bytes(head) + sum(_bytes(words) for _, words in items)
    if (
        len(items) > shape.menu.items
        or any(_bytes(words) > shape.menu.item_bytes for _, words in items)
        or _bytes(head) > shape.menu.head_bytes
        or whole > shape.text_bytes
    ):
        return None
    return Bubble(head, tuple((one.row, None) for one in waiting), last.number, items)


def _is_number(button: dict[str, Any], title: str) -> bool:
    payload = str(button["payload"])
    return payload.isascii() and payload.isdigit() and payload != title


def _spelled(waiting: Sequence[Waiting]) -> list[Waiting]:
    """The messages as text alone: only the newest choices can still be answered, so only they are spelled out."""
    newest = max((place for place, one in enumerate(waiting) if one.buttons), default=-1)
    return [
        Waiting(
            row=one.row,
            number=one.number,
            text=one.text + (f"\n{one.spelled}" if place == newest and one.spelled else ""),
            weight=one.weight,
            said_up_to=one.said_up_to,
            since=one.since,
        )
        for place, one in enumerate(waiting)
    ]


def _may_go(waiting: Sequence[Waiting], bubble: Bubble, room: int, shape: Shape) -> bool:
    """Whether the room is enough for what the bubble begins, and for what must still be possible afterwards."""
    begun = waiting[0]
    rows = {row for row, _ in bubble.said}
    # What has begun is brought to its end, whatever it weighs.
    matters = any(one.row in rows and (one.weight == "decisive" or one.said_up_to) for one in waiting)
    mine, most = (room, WORD_ALLOWS) if matters else (room - 1, WORD_ALLOWS - 1)
    if mine <= 0:
        return False
    if bubble.said[-1][1] is None or begun.said_up_to:
        return True
    text = _spelled(waiting)[0].text
    # What takes more than a word ever allows begins with all of that, or nothing behind it would ever go.
    return mine >= min(bubbles_for(text, shape.text_bytes), most)


def _goes_on(text: str, place: int) -> bool:
    """Whether a cut at ``place`` would part what is seen as one character."""
    if place <= 0 or place >= len(text):
        return False
    before, after = text[place - 1], text[place]
    return (
        unicodedata.combining(after) != 0
        or after == _JOINER
        or before == _JOINER
        or "\ufe00" <= after <= "\ufe0f"
        or "\U0001f3fb" <= after <= "\U0001f3ff"
        or ("\U0001f1e6" <= before <= "\U0001f1ff" and "\U0001f1e6" <= after <= "\U0001f1ff")
    )


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", errors="replace"))
