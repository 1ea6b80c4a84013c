"""Reads what customers send to an official account, and what they do there (接收普通消息, 接收事件推送)."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from desk.channels.incoming import Incoming, Kind, Media
from desk.channels.tencent.envelopes import EnvelopeRefused
from desk.channels.tencent.safe_mode import required

# An openid has 28 characters today.
_ID_AT_MOST = 128

# What Tencent passes on in place of a sticker, a video call and all else that it does not pass on.
UNSUPPORTED = "【收到不支持的消息类型，暂无法显示】"

_KINDS = {
    "text": Kind.TEXT,
    "image": Kind.IMAGE,
    "voice": Kind.VOICE,
    "video": Kind.VIDEO,
    "shortvideo": Kind.VIDEO,
    "file": Kind.FILE,
    "location": Kind.LOCATION,
    "link": Kind.LINK,
    "miniprogrampage": Kind.CARD,
    # What a thing at home reports, not its owner.
    "device_text": Kind.OTHER,
    "device_event": Kind.OTHER,
}

_EVENTS = {
    "subscribe": Kind.FOLLOWED,
    "unsubscribe": Kind.UNFOLLOWED,
    "scan": Kind.SCANNED,
    # Only these three entries of a menu open the minute in which three messages may be sent (客服消息). Of the others
    # the picture or the place that was chosen arrives as a message of its own.
    "click": Kind.TAPPED,
    "scancode_push": Kind.TAPPED,
    "scancode_waitmsg": Kind.TAPPED,
    "templatesendjobfinish": Kind.SENT_OR_NOT,
    "subscribe_msg_sent_event": Kind.SENT_OR_NOT,
    "subscribe_msg_popup_event": Kind.SUBSCRIBED,
    "subscribe_msg_change_event": Kind.SUBSCRIBED,
}

_LISTS = {
    "subscribe_msg_sent_event": "SubscribeMsgSentEvent",
    "subscribe_msg_popup_event": "SubscribeMsgPopupEvent",
    "subscribe_msg_change_event": "SubscribeMsgChangeEvent",
}

# Under which name people see what in a message without words.
_SHOWN = {
    Kind.LOCATION: {"address": "Label", "latitude": "Location_X", "longitude": "Location_Y"},
    Kind.LINK: {"title": "Title", "description": "Description", "url": "Url"},
    Kind.CARD: {"title": "Title", "page": "PagePath"},
    Kind.FILE: {"title": "Title"},
}


def read_message(fields: Mapping[str, Any], received_at: datetime | None = None) -> Incoming:
    """What a customer of an official account sent or did.

    Of a deed, ``details`` holds: for FOLLOWED and SCANNED ``scene``, the text of the code, if there was one; for TAPPED
    ``menu_key``, and ``scanned`` where the entry scans a code; for SENT_OR_NOT, by the id of each template or
    subscription message, ``success`` or why it failed; for SUBSCRIBED, by the id of each template, ``accept`` or
    ``reject``.

    Args:
        fields: of the opened callback.
        received_at: when it came in, for ``at`` where Tencent's own time cannot be read; now, if None.

    Raises:
        EnvelopeRefused: nobody is named who sent it, or it does not say what it is.
    """
    sender, message_type = required(fields, "FromUserName"), required(fields, "MsgType").lower()
    if len(sender) > _ID_AT_MOST:
        raise EnvelopeRefused("long_FromUserName")
    if message_type == "event":
        kind, details = _read_event(fields)
        return Incoming(sender, message_key(fields), kind, _time_of(fields, received_at), details=details)
    kind = _KINDS.get(message_type, Kind.UNREADABLE)
    words = {Kind.TEXT: _text(fields, "Content"), Kind.VOICE: _text(fields, "Recognition")}.get(kind, "")
    if kind is Kind.TEXT and words.strip() in ("", UNSUPPORTED):
        kind, words = Kind.UNREADABLE, ""
    media_id = _text(fields, "MediaId")
    shown = {name: _text(fields, element) for name, element in _SHOWN.get(kind, {}).items()}
    return Incoming(
        external_id=sender,
        key=message_key(fields),
        kind=kind,
        at=_time_of(fields, received_at),
        words=words,
        choice=_text(fields, "bizmsgmenuid") or None,
        shown={name: text for name, text in shown.items() if text},
        media=Media(media_id, _text(fields, "Title") if kind is Kind.FILE else "") if media_id else None,
    )


def message_key(fields: Mapping[str, Any]) -> str:
    """The same for each repetition of a callback, and no other of this sender's has it; at most 100 characters.

    A message's ``MsgId``; a deed's time and name (接收事件推送: FromUserName + CreateTime), with a digest of what it
    was about, for the same may happen to two things within a second.
    """
    message_type, message_id = _text(fields, "MsgType").lower(), _text(fields, "MsgId")
    if message_id and message_type != "event":
        return _short(f"message:{message_id}")
    kind, about = message_type, ["Content", "MediaId"]
    if message_type == "event":
        # ``MsgID`` is that of a message of ours which reached the customer, or did not.
        kind, about = _text(fields, "Event"), ["EventKey", "MsgID", "List", *_LISTS.values()]
    digest = hashlib.sha256(json.dumps([fields.get(name) for name in about]).encode()).hexdigest()[:16]
    return _short(f"event:{_text(fields, 'CreateTime')}:{kind}:{digest}")


def _short(key: str) -> str:
    return key if len(key) <= 100 else f"{key[:35]}:{hashlib.sha256(key.encode()).hexdigest()}"


def _read_event(fields: Mapping[str, Any]) -> tuple[Kind, dict[str, str]]:
    event, key = required(fields, "Event").lower(), _text(fields, "EventKey")
    kind = _EVENTS.get(event, Kind.OTHER)
    details: dict[str, str] = {}
    match kind:
        case Kind.FOLLOWED if key.startswith("qrscene_"):
            details["scene"] = key.removeprefix("qrscene_")
        case Kind.SCANNED:
            details["scene"] = key
        case Kind.TAPPED:
            details["menu_key"] = key
            if scanned := _text(_nested(fields, "ScanCodeInfo"), "ScanResult"):
                details["scanned"] = scanned
        case Kind.SENT_OR_NOT if event == "templatesendjobfinish":
            # Here with a capital D.
            details[_text(fields, "MsgID")] = _text(fields, "Status")
        case Kind.SENT_OR_NOT:
            for entry in _entries(fields, _LISTS[event]):
                sent = _text(entry, "ErrorCode") in ("", "0")
                details[_text(entry, "MsgID")] = "success" if sent else _text(entry, "ErrorStatus") or "failed"
        case Kind.SUBSCRIBED:
            for entry in _entries(fields, _LISTS[event]):
                details[_text(entry, "TemplateId")] = _text(entry, "SubscribeStatusString")
    details.pop("", None)
    return kind, details


def _entries(fields: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The entries of a list, which in XML stands within another element, and in JSON may stand alone."""
    found = _nested(fields, name).get("List", fields.get("List"))
    listed = found if isinstance(found, list) else [found]
    return [entry for entry in listed if isinstance(entry, Mapping)]


def _nested(fields: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = fields.get(name)
    return value if isinstance(value, Mapping) else {}


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _time_of(fields: Mapping[str, Any], received_at: datetime | None) -> datetime:
    try:
        seconds = int(_text(fields, "CreateTime"))
    except ValueError:
        seconds = -1
    # What is no time, or one of another century, is no reason to lose a customer's words.
    if not 0 <= seconds < 2**32:
        return received_at or datetime.now(UTC)
    return datetime.fromtimestamp(seconds, UTC)
