"""Reads what the service wants shown on a phone, as strictly as Tencent's documents are written."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.wechat_simulator.accounts import Refusal
from tests.wechat_simulator.phones import Bubble

MENU_ITEMS_AT_MOST = 10


@dataclass(frozen=True)
class Limits:
    """In bytes of UTF-8; None where the documents name none."""

    text: int
    head: int | None = None
    item: int | None = None


def read_bubble(body: dict[str, Any], limits: Limits, now: datetime) -> Bubble:
    """What a message of a send call would show.

    Raises:
        Refusal: it would not be taken.
    """
    kind = body.get("msgtype")
    content = body.get(str(kind))
    if kind not in ("text", "msgmenu") or not isinstance(content, dict):
        raise Refusal(40008, "invalid message type")
    if kind == "text":
        words = _words(content.get("content"), limits.text)
        return Bubble(False, "text", words, now, by="api")
    head, tail = content.get("head_content", ""), content.get("tail_content", "")
    for words in (head, tail):
        _check_length(words, limits.head or limits.text)
    items = tuple(_item(item, limits.item or limits.text) for item in content.get("list", []))
    if not items or len(items) > MENU_ITEMS_AT_MOST:
        raise Refusal(95008, "no menu items or too many")
    bubble = Bubble(False, "menu", head, now, items, tail, by="api")
    _check_length(bubble.words, limits.text)
    return bubble


def _item(item: dict[str, Any], most: int) -> tuple[str, str]:
    """Id and words; WeCom wraps them by the kind of item."""
    wrapped = item.get(str(item.get("type")), item)
    if not wrapped.get("id"):
        raise Refusal(40063, "some parameters are empty")
    return str(wrapped["id"]), _words(wrapped.get("content"), most)


def _words(value: Any, most: int) -> str:
    if not isinstance(value, str) or not value.strip():
        raise Refusal(44004, "empty content")
    _check_length(value, most)
    return value


def _check_length(words: Any, most: int) -> None:
    if not isinstance(words, str) or len(words.encode()) > most:
        raise Refusal(45002, "content size out of limit")
