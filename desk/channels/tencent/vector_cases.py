"""Cases of whole bodies, replies and lists of :mod:`desk.channels.tencent.vectors`, known by the names they hold."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, cast

from desk.channels import callbacks, windows
from desk.channels.tencent.calling import Caller
from desk.channels.tencent.documents import read_document, read_xml, write_xml
from desk.channels.tencent.envelopes import EnvelopeRefused
from desk.channels.wechat.codec import Codec, Credentials
from desk.channels.wechat.messages import message_key
from desk.channels.wecom.client import SyncPage, WeComClient
from desk.channels.wecom.messages import read_entry

Row = Mapping[str, Any]


class Differs(Exception):
    """A row does not hold; the words say how."""


def value(row: Row, name: str) -> str:
    """What a row says, as text: some write a number bare.

    Raises:
        Differs: it says nothing.
    """
    found = row.get(name)
    if isinstance(found, bool) or not isinstance(found, str | int):
        raise Differs(f"{name} is missing")
    return str(found)


def same_fields(expected: Mapping[str, Any], ours: Mapping[str, Any]) -> None:
    """Compare fields as a row writes them: elements within an element as an object, or as a list of objects.

    Raises:
        Differs: they are others.
    """
    names = [name for name in {**expected, **ours} if not _same(expected.get(name), ours.get(name))]
    if names:
        raise Differs(f"other fields: {', '.join(map(str, names))}")


def _same(expected: Any, ours: Any) -> bool:
    if isinstance(expected, list) and isinstance(ours, Mapping):
        together: dict[str, Any] = {}
        for one in expected:
            for name, inner in one.items() if isinstance(one, Mapping) else ():
                together[name] = [*together[name], inner] if name in together else [inner]
        expected = {name: inner[0] if len(inner) == 1 else inner for name, inner in together.items()}
    match expected, ours:
        case Mapping(), Mapping():
            return expected.keys() == ours.keys() and all(_same(one, ours[name]) for name, one in expected.items())
        case list(), list():
            return len(expected) == len(ours) and all(map(_same, expected, ours))
        case (str() | int() | float(), str() | int() | float()):
            # Blanks around a text are those of how the file is laid out.
            return str(expected).strip() == str(ours).strip()
    return bool(expected == ours)


def check_case(row: Row) -> str | None:
    """Check a case by what it holds.

    Raises:
        Differs: it does not hold, or is of no form that is known.
    """
    for name, check in _CASES.items():
        if name in row:
            return check(row)
    raise Differs("no form that is known")


def _check_body(row: Row) -> str:
    body = row["body"].encode()
    if "encoding_aes_key" not in row:
        fields = read_document(body)
        if fields.get("Event") == "kf_msg_or_event" and not (fields.get("Token") and fields.get("OpenKfId")):
            raise Differs("no Token or no OpenKfId")
        return "read"
    token, receiver, key = value(row, "token"), value(row, "receive_id"), value(row, "encoding_aes_key")
    query = {name: str(one) for name, one in row["query"].items()}
    opened = Codec(Credentials(token, receiver, "compatible", key)).open(query, body)
    outside = read_document(body)
    for name in outside.keys() & opened.fields.keys():
        if outside[name] != opened.fields[name]:
            raise Differs(f"{name} is another in the encrypted part")
    # An answer goes back under the key that opened the callback.
    sealed = read_xml(opened.seal("<xml><A>b</A></xml>", query["timestamp"], query["nonce"]).encode())
    answer = Codec(Credentials(token, receiver, "safe", key))
    again = answer.open({**query, "msg_signature": sealed["MsgSignature"]}, write_xml(sealed).encode())
    if again.fields != {"A": "b"}:
        raise Differs("the sealed answer is another")
    return "opened, and answered"


def _check_reply(row: Row) -> str:
    if row["reply"] == "success":
        if row["reply"] != callbacks.SUCCESS:
            raise Differs("we acknowledge by another word")
        return "our acknowledgement"
    fields = read_xml(row["reply"].encode())
    if read_xml(write_xml(fields).encode()) != fields:
        raise Differs("written and read again, it is another")
    return "written alike"


def _check_requests(row: Row) -> str:
    if len({(one["FromUserName"], message_key(one)) for one in row["requests"]}) != 1:
        raise Differs("they have different keys")
    return "one key"


class _Recorder:
    """In place of the caller: keeps what was asked, answers what it was given."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer
        self.asked: dict[str, Any] = {}

    async def post(self, _: str, body: dict[str, Any], **__: Any) -> dict[str, Any]:
        self.asked = body
        return self.answer


def _sync(answer: dict[str, Any], **asked: Any) -> tuple[dict[str, Any], SyncPage]:
    caller = _Recorder(answer)
    client = WeComClient(cast(Any, None), cast(Caller, caller))
    page = asyncio.run(
        client.sync(asked["open_kfid"], asked.get("cursor"), asked.get("token"), asked.get("limit", 1000))
    )
    return caller.asked, page


def _check_request(row: Row) -> str:
    asked, _ = _sync({"next_cursor": "", "has_more": 0, "msg_list": []}, **row["request"])
    same_fields(row["request"], asked)
    return "asked alike"


def _check_response(row: Row) -> str:
    response = row["response"]
    _, page = _sync(response, open_kfid="wk", limit=1000)
    if page.next_cursor != response["next_cursor"] or page.has_more != (response["has_more"] == 1):
        raise Differs("another cursor, or another end")
    if len(page.messages) != len(response["msg_list"]):
        raise Differs("another number of messages")
    kinds = []
    for entry in page.messages:
        try:
            kinds.append(str(read_entry(entry, datetime.now(UTC)).incoming.kind))
        except EnvelopeRefused as refused:
            # The documents leave out of their examples what every real one has.
            if "msgid" in entry:
                raise
            kinds.append(refused.why)
    return f"read as {', '.join(kinds)}"


def _check_states(row: Row) -> str:
    if not {int(number) for number in row["state"]} <= set(range(5)):
        raise Differs("a state that we do not know")
    return "known"


def _check_fail_types(row: Row) -> str:
    """Over 48 hours, ended, over five, refused: these wait for the customer; of the rest no waiting helps."""
    for number, meaning in row["fail_type"].items():
        waits = any(words in meaning for words in ("48 hours", "session closed", "over 5", "refused by user"))
        if waits != (int(number) in windows.WAITS_AFTER):
            raise Differs(f"fail_type {number} ({meaning}) is taken otherwise")
    return "known"


_CASES: dict[str, Callable[[Row], str]] = {
    "body": _check_body,
    "reply": _check_reply,
    "requests": _check_requests,
    "request": _check_request,
    "response": _check_response,
    "fail_type": _check_fail_types,
    "state": _check_states,
}
