"""What ``sync_msg`` of WeCom customer service tells of, read into :class:`desk.channels.incoming.Incoming`.

Source: WeCom's developer documents, 微信客服, 接收消息和事件 (path 94670 and 94699).
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any

from actions.conversations import storable
from desk.channels.incoming import Incoming, Kind, Media
from desk.channels.tencent.envelopes import EnvelopeRefused

# What the customer's phone sent and the interface does not pass on comes as these words instead.
_NOT_PASSED_ON = frozenset({"【收到不支持的消息类型，暂无法显示】", "[收到不支持的消息类型，暂无法显示]"})
# Identifiers are at most 64 bytes by the documents; ours may hold 128.
_ID_AT_MOST = 128
# A forwarded chat may be long: people read its beginning.
_LINES_OF_A_CHAT = 30
_TEXT_AT_MOST = 20_000


class Origin(IntEnum):
    """Who a message came from."""

    CUSTOMER = 3
    SYSTEM = 4
    SERVICER = 5  # one of the firm's people, in WeCom itself


class Change(IntEnum):
    """What ``session_status_change`` tells."""

    TAKEN = 1  # from the pool
    PASSED_ON = 2
    ENDED = 3
    TAKEN_AGAIN = 4  # after it had ended, or been passed on


@dataclass(frozen=True, slots=True)
class Synced:
    """One entry of the list.

    Attributes:
        origin: as the channel says it; a number that we do not know is kept.
        open_kfid: of the customer service account; empty where the entry concerns none.
        event: its name where it is one; else empty.
        servicer: WeCom user id of the person who wrote it or whom it is about; else empty.
        incoming: what it is. ``external_id`` is empty where it concerns no customer.
    """

    origin: int
    open_kfid: str
    event: str
    servicer: str
    incoming: Incoming


def read_entry(entry: Any, now: datetime) -> Synced:
    """Read one entry of ``msg_list``.

    A kind that nobody has told us of is ``UNREADABLE``, so that it reaches a person; an event that nobody has told us
    of is ``OTHER``.

    Args:
        now: its time where the channel gives none.

    Raises:
        EnvelopeRefused: it has no id, or is no entry at all.
    """
    if not isinstance(entry, Mapping):
        raise EnvelopeRefused("entry is no object")
    key, kind = _text(entry, "msgid"), _text(entry, "msgtype")
    if not key or len(key) > _ID_AT_MOST:
        raise EnvelopeRefused("entry without a usable msgid")
    at = _moment(entry.get("send_time"), now)
    body = entry.get(kind) if kind else None
    body = body if isinstance(body, Mapping) else {}
    origin = _number(entry.get("origin"))
    if kind == "event":
        return _read_event(body, entry, key, at, origin)
    external_id = _text(entry, "external_userid")
    if not external_id or len(external_id) > _ID_AT_MOST:
        raise EnvelopeRefused("message without a usable external_userid")
    read = _READERS.get(kind, _read_unknown)
    return Synced(
        origin=origin,
        open_kfid=_text(entry, "open_kfid"),
        event="",
        servicer=_text(entry, "servicer_userid"),
        incoming=read(_Head(external_id, key, at, kind), body),
    )


@dataclass(frozen=True, slots=True)
class _Head:
    external_id: str
    key: str
    at: datetime
    kind: str

    def of(self, kind: Kind, **rest: Any) -> Incoming:
        return Incoming(self.external_id, self.key, kind, self.at, **rest)


def _read_text(head: _Head, body: Mapping[str, Any]) -> Incoming:
    words = _text(body, "content")
    if not words.strip() or words.strip() in _NOT_PASSED_ON:
        return head.of(Kind.UNREADABLE)
    return head.of(Kind.TEXT, words=words, choice=_text(body, "menu_id") or None)


def _read_media(kind: Kind) -> Callable[[_Head, Mapping[str, Any]], Incoming]:
    def read(head: _Head, body: Mapping[str, Any]) -> Incoming:
        media_id = _text(body, "media_id")
        if not media_id:
            return head.of(Kind.UNREADABLE)
        # The documents give a file no name; some accounts send one.
        return head.of(kind, media=Media(media_id, _text(body, "filename") or _text(body, "file_name")))

    return read


def _read_location(head: _Head, body: Mapping[str, Any]) -> Incoming:
    return head.of(Kind.LOCATION, shown=_shown(body, title="name", address="address", x="latitude", y="longitude"))


def _read_link(head: _Head, body: Mapping[str, Any]) -> Incoming:
    return head.of(Kind.LINK, shown=_shown(body, title="title", description="desc", url="url"))


def _read_business_card(head: _Head, body: Mapping[str, Any]) -> Incoming:
    return head.of(Kind.CARD, shown=_shown(body, title="userid"))


def _read_mini_program(head: _Head, body: Mapping[str, Any]) -> Incoming:
    return head.of(Kind.CARD, shown=_shown(body, title="title", page="pagepath", app="appid"))


def _read_menu(head: _Head, body: Mapping[str, Any]) -> Incoming:
    """A menu, as people in WeCom may send one; read as the lines it shows."""
    lines = [_text(body, "head_content")]
    entries = body.get("list")
    for entry in entries if isinstance(entries, list) else []:
        found = entry.get(_text(entry, "type")) if isinstance(entry, Mapping) else None
        if isinstance(found, Mapping):
            lines.append(_text(found, "content"))
        elif isinstance(found, str):
            lines.append(found)
    lines.append(_text(body, "tail_content"))
    words = "\n".join(line for line in lines if line.strip())
    return head.of(Kind.TEXT, words=words) if words else head.of(Kind.UNREADABLE)


def _read_product(head: _Head, body: Mapping[str, Any]) -> Incoming:
    shown = _shown(body, title="title", shop="shop_nickname", product="product_id")
    price = _number(body.get("sales_price"))
    if price > 0:
        # In hundredths of a yuan, by the documents.
        shown["price"] = f"¥{price // 100}.{price % 100:02}"
    return head.of(Kind.CARD, shown=shown)


def _read_order(head: _Head, body: Mapping[str, Any]) -> Incoming:
    """An order of a channels shop: who sends it answers which order is meant, so it is also words."""
    number = _text(body, "order_id")
    shown = _shown(
        body, title="product_titles", order="order_id", price="price_wording", status="state", shop="shop_nickname"
    )
    if not number:
        return head.of(Kind.CARD, shown=shown)
    words = "\n".join(line for line in (f"订单号：{number}", shown.get("title", "")) if line)
    return head.of(Kind.TEXT, words=words, shown=shown)


def _read_chat(head: _Head, body: Mapping[str, Any]) -> Incoming:
    """A forwarded chat: who said what, a line each, for the people who read it."""
    lines = []
    entries = body.get("item")
    for entry in (entries if isinstance(entries, list) else [])[:_LINES_OF_A_CHAT]:
        if isinstance(entry, Mapping):
            sender, said = _text(entry, "sender_name"), _said(entry.get("msg_content"))
            lines.append(f"{sender}: {said}" if sender else said)
    shown = _shown(body, title="title")
    if lines:
        shown["description"] = "\n".join(lines)
    return head.of(Kind.CARD, shown=shown)


def _read_channels(head: _Head, body: Mapping[str, Any]) -> Incoming:
    return head.of(Kind.CARD, shown=_shown(body, title="title", shop="nickname"))


def _read_unknown(head: _Head, body: Mapping[str, Any]) -> Incoming:
    """Such as a note, a meeting, an appointment: what it holds is not passed on."""
    return head.of(Kind.UNREADABLE, shown=_shown(body, title="title"), details={"msgtype": head.kind[:_ID_AT_MOST]})


_READERS: dict[str, Callable[[_Head, Mapping[str, Any]], Incoming]] = {
    "text": _read_text,
    "image": _read_media(Kind.IMAGE),
    "voice": _read_media(Kind.VOICE),
    "video": _read_media(Kind.VIDEO),
    "file": _read_media(Kind.FILE),
    "location": _read_location,
    "link": _read_link,
    "business_card": _read_business_card,
    "miniprogram": _read_mini_program,
    "msgmenu": _read_menu,
    "channels_shop_product": _read_product,
    "channels_shop_order": _read_order,
    "merged_msg": _read_chat,
    "channels": _read_channels,
}

# Of each event: what it is to us, and the fields that tell of it.
_EVENTS: dict[str, tuple[Kind, dict[str, str]]] = {
    "enter_session": (
        Kind.ENTERED,
        {"scene": "scene", "scene_param": "scene_param", "welcome_code": "welcome_code"},
    ),
    "msg_send_fail": (Kind.SENT_OR_NOT, {"receipt": "fail_msgid", "fail_type": "fail_type"}),
    "servicer_status_change": (Kind.OTHER, {"status": "status", "stop_type": "stop_type"}),
    "session_status_change": (
        Kind.OTHER,
        {
            "change_type": "change_type",
            "old_servicer": "old_servicer_userid",
            "new_servicer": "new_servicer_userid",
            "msg_code": "msg_code",
        },
    ),
    "user_recall_msg": (Kind.RECALLED, {"recalled": "recall_msgid"}),
    "servicer_recall_msg": (Kind.OTHER, {"recalled": "recall_msgid"}),
    "reject_customer_msg_switch_change": (Kind.OTHER, {"reject_switch": "reject_switch"}),
}


def _read_event(body: Mapping[str, Any], entry: Mapping[str, Any], key: str, at: datetime, origin: int) -> Synced:
    event = _text(body, "event_type")
    kind, names = _EVENTS.get(event, (Kind.OTHER, {}))
    external_id = _text(body, "external_userid") or _text(entry, "external_userid")
    if len(external_id) > _ID_AT_MOST:
        raise EnvelopeRefused("event with an unusable external_userid")
    details = {ours: value for ours, theirs in names.items() if (value := _text(body, theirs))}
    return Synced(
        origin=origin,
        open_kfid=_text(body, "open_kfid") or _text(entry, "open_kfid"),
        event=event,
        servicer=_text(body, "servicer_userid"),
        incoming=Incoming(external_id, key, kind, at, details=details),
    )


def _shown(body: Mapping[str, Any], **names: str) -> dict[str, str]:
    return {ours: value for ours, theirs in names.items() if (value := _text(body, theirs).strip())}


def _said(content: Any) -> str:
    """The words of a line in a forwarded chat, whose content is JSON in a string; its kind where it has none."""
    try:
        found = json.loads(content) if isinstance(content, str) else content
    except (ValueError, RecursionError):
        return str(content)[:_TEXT_AT_MOST]
    if not isinstance(found, Mapping):
        return str(found)[:_TEXT_AT_MOST]
    kind = _text(found, "msgtype")
    body = found.get(kind)
    if isinstance(body, Mapping):
        return _text(body, "content") or _text(body, "title") or f"[{kind}]"
    return f"[{kind}]" if kind else ""


def _text(fields: Mapping[str, Any], name: str) -> str:
    """A field as text that every database keeps; numbers, too, which some versions send where others send text. Empty
    where it is neither."""
    value = fields.get(name)
    if isinstance(value, str):
        return storable(value[:_TEXT_AT_MOST])
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    try:
        return str(value)[:_TEXT_AT_MOST]
    except ValueError:
        return ""  # of thousands of digits


def _number(value: Any) -> int:
    """A whole number; 0 where it is none."""
    if isinstance(value, bool):
        return 0
    if isinstance(value, int):
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 19:
        return int(value)
    return 0


def _moment(value: Any, now: datetime) -> datetime:
    """A time in seconds since 1970; ``now`` where it is none."""
    seconds = _number(value)
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else now
    except (ValueError, OverflowError, OSError):
        return now
