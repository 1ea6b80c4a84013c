"""``python -m desk wechat-vectors PATH…``: hold our codec and readers against published examples, a line each.

A file is a JSON object; its rows stand under the names of the forms in :data:`FORMS`, other names are left alone.
Whatever a row holds, it ends in a line and not in a traceback: examples of what is malformed are malformed themselves.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from desk.channels.tencent.cipher import Cipher
from desk.channels.tencent.documents import read_document, read_xml, write_xml
from desk.channels.tencent.envelopes import EnvelopeRefused
from desk.channels.tencent.error_codes import Disposition, disposition
from desk.channels.tencent.safe_mode import required
from desk.channels.tencent.signatures import check, sign
from desk.channels.tencent.vector_cases import Differs, check_case, same_fields, value
from desk.channels.wechat.codec import Codec, Credentials
from desk.channels.wechat.messages import read_message
from desk.channels.wecom import codec as wecom
from store.settings import Settings

Row = Mapping[str, Any]


def add_command(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add it to the parser of ``python -m desk``."""
    add = commands.add_parser("wechat-vectors", help="hold the WeChat codec against files of examples")
    add.add_argument("paths", type=Path, nargs="+", metavar="PATH", help="a JSON file, or a folder of them")
    add.set_defaults(command=check_vectors)


def check_vectors(_: Settings, options: argparse.Namespace) -> int:
    """Check every row of every file: 0 if all hold; 1 if one does not, or a file cannot be read or holds none."""
    rows = differing = 0
    for path in options.paths:
        for name, line, holds in _lines_of(path):
            rows += 1
            differing += not holds
            print(_printable(f"{'ok' if holds else 'differs'} {name} {line}"))
    print(f"{rows} lines, {differing} differ" if differing else f"{rows} lines, all hold", file=sys.stderr)
    return 1 if differing or not rows else 0


def _lines_of(path: Path) -> Iterator[tuple[str, str, bool]]:
    """Name of the file, what is to be said, whether it holds; of each row, and of each file that has none."""
    try:
        files = sorted(found for found in path.rglob("*.json") if found.is_file()) if path.is_dir() else [path]
    except OSError as error:
        files = []
        yield str(path), f"cannot be read: {_words(error)}", False
    if not files:
        yield str(path), "holds no JSON file", False
    for file in files:
        name = str(file.relative_to(path)) if path.is_dir() else file.name
        try:
            document = json.loads(file.read_text("utf-8-sig"))
        except (OSError, ValueError, RecursionError) as error:
            yield name, f"cannot be read: {_words(error)}", False
            continue
        found = 0
        for form in FORMS if isinstance(document, dict) else ():
            listed = document.get(form, [])
            for number, row in enumerate(listed if isinstance(listed, list) else [listed], 1):
                found += 1
                yield name, *_line_of(form, number, row)
        if not found:
            yield name, f"holds none of: {', '.join(FORMS)}", False


def _line_of(form: str, number: int, row: Any) -> tuple[str, bool]:
    name = str(number)
    if isinstance(row, Mapping):
        name = next((str(row[key]) for key in ("id", "why", "code") if row.get(key)), name)
    title = f"{form} {' '.join(name.split())[:100]}"
    try:
        if not isinstance(row, Mapping):
            raise Differs("is no object")
        remark = FORMS[form](row)
    except Differs as differs:
        return f"{title}: {_words(differs)}", False
    except EnvelopeRefused as refused:
        return f"{title}: refused, {refused.why}", False
    except Exception as error:
        return f"{title}: raised {type(error).__name__}", False
    return f"{title}: {remark}" if remark else title, True


def _printable(line: str) -> str:
    """On one line, and with nothing that a terminal obeys or cannot write."""
    return "".join(character if character.isprintable() else "�" for character in line)


def _words(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


def _check_signature(row: Row) -> None:
    """A signature over token, time and nonce that must, or must not, be accepted."""
    token, timestamp, nonce = value(row, "token"), value(row, "timestamp"), value(row, "nonce")
    valid = row.get("valid", True)
    try:
        check(value(row, "signature"), token, timestamp, nonce)
        if "echostr" in row and valid:
            query = {name: value(row, name) for name in ("signature", "timestamp", "nonce", "echostr")}
            if Codec(Credentials(token, "wx", "plain")).echo(query) != row["echostr"]:
                raise Differs("the echo is another")
    except EnvelopeRefused:
        if valid:
            raise
    else:
        if not valid:
            raise Differs("accepted")


def _check_parts(row: Row) -> None:
    """The digest of sorted, joined parts."""
    if (ours := sign(*row["parts"])) != row["sha1"]:
        raise Differs(f"ours is {ours}")


def _check_decrypt(row: Row) -> str:
    """An encrypted message with its signature."""
    token, key, encrypt = value(row, "token"), value(row, "encoding_aes_key"), value(row, "encrypt")
    query = {name: value(row, name) for name in ("timestamp", "nonce", "msg_signature")}
    try:
        check(query["msg_signature"], token, query["timestamp"], query["nonce"], encrypt)
    except EnvelopeRefused:
        if row.get("signature_ok", True):
            raise
        return "the signature is refused"
    if not row.get("signature_ok", True):
        raise Differs("the signature is accepted")
    receiver = row.get("receive_id_in_message", row["receive_id"])
    opened = Cipher(key, receiver).open(encrypt)
    message = opened.message.decode()
    if message != row["message"]:
        raise Differs("another message")
    if "random16" in row and opened.random.decode("utf-8", "replace") != row["random16"]:
        raise Differs("other random bytes")
    if "full_len" in row and opened.size != row["full_len"]:
        raise Differs(f"{opened.size} bytes in all")
    codec = wecom.Codec(wecom.Credentials(token, row["receive_id"], key))
    if receiver != row["receive_id"]:
        try:
            codec.echo({**query, "echostr": encrypt})
        except EnvelopeRefused as refused:
            return f"refused, {refused.why}"
        raise Differs("accepted for another receiver")
    if codec.echo({**query, "echostr": encrypt}) != message:
        raise Differs("the echo is another")
    if row.get("url_verify"):
        return ""
    try:
        expected = read_document(message.encode())
    except EnvelopeRefused as refused:
        return f"the message is no document: {refused.why}"
    body = write_xml({"ToUserName": "to", "Encrypt": encrypt}).encode()
    account = Codec(Credentials(token, row["receive_id"], "safe", key))
    if account.open(query, body).fields != expected or codec.open(query, body) != expected:
        raise Differs("other fields")
    return ""


def _check_encrypt(row: Row) -> None:
    """A message sealed with known random bytes."""
    cipher = Cipher(value(row, "encoding_aes_key"), value(row, "receive_id"))
    encrypt = cipher.encrypt(row["message"].encode(), row["random16"].encode())
    if encrypt != row["encrypt"]:
        raise Differs("another cipher text")
    if cipher.decrypt(encrypt).decode() != row["message"]:
        raise Differs("does not open again")
    if "msg_signature" in row:
        parts = (value(row, name) for name in ("token", "timestamp", "nonce"))
        check(value(row, "msg_signature"), *parts, encrypt)


def _check_message(row: Row) -> str:
    """The body of a message or event, with its fields."""
    fields = read_xml(row["xml"].encode())
    if "fields" in row:
        same_fields(row["fields"], fields)
    again = read_xml(write_xml(fields).encode())
    if again != fields:
        raise Differs("written and read again, it is another")
    incoming = read_message(fields)
    if incoming.external_id != fields["FromUserName"]:
        raise Differs("another sender")
    return f"read as {incoming.kind}"


# What a row advises, by its words: the first that is found counts.
_ADVICE: tuple[tuple[str, frozenset[Disposition]], ...] = (
    ("refresh", frozenset({Disposition.TOKEN})),
    ("split", frozenset({Disposition.TOO_LONG})),
    ("unreachable", frozenset({Disposition.UNREACHABLE})),
    ("next day", frozenset({Disposition.TOMORROW})),
    ("tomorrow", frozenset({Disposition.TOMORROW})),
    ("configuration", frozenset({Disposition.CONFIGURATION})),
    ("next user message", frozenset({Disposition.QUOTA_SPENT, Disposition.WINDOW_CLOSED})),
    ("do not retry", frozenset({Disposition.WINDOW_CLOSED, Disposition.QUOTA_SPENT, Disposition.OTHER})),
    ("never retr", frozenset({Disposition.WINDOW_CLOSED, Disposition.QUOTA_SPENT, Disposition.OTHER})),
    ("back off", frozenset({Disposition.PASSES})),
    ("back-off", frozenset({Disposition.PASSES})),
    ("backoff", frozenset({Disposition.PASSES})),
    ("retry", frozenset({Disposition.PASSES})),
    ("alarm", frozenset({Disposition.RESTRICTED, Disposition.CONFIGURATION, Disposition.TOMORROW})),
    ("ignore", frozenset({Disposition.OTHER})),
    ("give up", frozenset(Disposition) - {Disposition.PASSES, Disposition.TOKEN}),
    ("drop", frozenset(Disposition) - {Disposition.PASSES, Disposition.TOKEN}),
)


def _check_code(row: Row) -> str:
    """An error code, and what its row advises to do about it."""
    ours = disposition(value(row, "api"), int(row["code"]))
    advice = str(row.get("action", "")).lower()
    allowed = next((dispositions for words, dispositions in _ADVICE if words in advice), None)
    if allowed is None:
        # Words that we cannot read are no reason to call the code known.
        allowed = frozenset(Disposition) - {Disposition.OTHER}
    if ours not in allowed:
        raise Differs(f"ours is {ours}, its advice is: {advice}")
    return str(ours)


def _check_reject(row: Row) -> str:
    """An envelope that must be refused, in every form in which it may arrive, by both products."""
    query = {name: row[name] for name in ("timestamp", "nonce", "msg_signature", "encrypt_type") if name in row}
    try:
        key = row.get("encoding_aes_key")
        account = Codec(Credentials(row.get("token"), row.get("receive_id"), "safe", key))  # type: ignore[arg-type]
        corporation = wecom.Codec(wecom.Credentials(row.get("token"), row.get("receive_id"), key))  # type: ignore[arg-type]
    except ValueError as error:
        return f"refused by the settings, {error}"
    reasons = set()
    for body in _bodies_of(row):
        try:
            reasons.add(_refusal_of_message(account.open(query, body).fields))
        except EnvelopeRefused as refused:
            reasons.add(refused.why)
        try:
            # WeCom's callbacks name no sender: what names an event is one of them.
            required(corporation.open(query, body), "Event")
        except EnvelopeRefused as refused:
            reasons.add(refused.why)
        else:
            raise Differs("accepted by WeCom's codec")
    try:
        # The number that WeCom sends to check an address is no document, and answered all the same.
        if "body" not in row and corporation.echo({**query, "echostr": row.get("encrypt")}).isdecimal():
            raise Differs("accepted as an echo")
    except EnvelopeRefused as refused:
        reasons.add(refused.why)
    return f"refused, {', '.join(sorted(reasons))}"


def _refusal_of_message(fields: dict[str, Any]) -> str:
    try:
        read_message(fields)
    except EnvelopeRefused as refused:
        return refused.why
    raise Differs("accepted")


def _bodies_of(row: Row) -> list[bytes]:
    if isinstance(row.get("body"), str):
        return [row["body"].encode("utf-8", "surrogatepass")]
    fields = {"ToUserName": "to"} | ({"Encrypt": row["encrypt"]} if "encrypt" in row else {})
    # XML has one element for a text and for a list of one.
    bodies = [write_xml(fields).encode()] if isinstance(fields.get("Encrypt", ""), str) else []
    return [*bodies, json.dumps(fields).encode()]


FORMS: dict[str, Callable[[Row], str | None]] = {
    "signatures": _check_signature,
    "sha1_of_sorted_parts": _check_parts,
    "decrypt": _check_decrypt,
    "encrypt_with_fixed_random": _check_encrypt,
    "messages": _check_message,
    "cases": check_case,
    "codes": _check_code,
    "reject": _check_reject,
}
