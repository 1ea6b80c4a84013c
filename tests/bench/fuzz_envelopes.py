"""Targets for atheris: whatever comes in as a callback, nothing but the codec's own error comes out.

``python -m tests.bench.fuzz_envelopes TARGET [libFuzzer's options]``; ends by itself only with ``-max_total_time``.
"""

import json
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import atheris

with atheris.instrument_imports(include=["desk.channels"], enable_loader_override=False):
    from desk.channels.tencent.cipher import Cipher
    from desk.channels.tencent.documents import read_document, read_xml, write_xml
    from desk.channels.tencent.envelopes import EnvelopeRefused
    from desk.channels.wechat.codec import Codec, Credentials
    from desk.channels.wechat.messages import read_message
    from desk.channels.wecom import codec as wecom
    from desk.channels.wecom.messages import read_entry

from tests.desk.channels.sealing import (
    KEY,
    OTHER_KEY,
    RECEIVER,
    TOKEN,
    body_of,
    padded,
    plain_of,
    query_for,
    seal_bytes,
)

_NOW = datetime(2026, 11, 18, tzinfo=UTC)
_ACCOUNTS = [
    Codec(Credentials(TOKEN, RECEIVER, "plain")),
    Codec(Credentials(TOKEN, RECEIVER, "compatible", KEY)),
    Codec(Credentials(TOKEN, RECEIVER, "safe", OTHER_KEY, KEY)),
]
_CORPORATION = wecom.Codec(wecom.Credentials(TOKEN, RECEIVER, KEY, OTHER_KEY))


def documents(data: bytes) -> None:
    """Bodies of any kind; what is read can be kept, written and read again."""
    for read in (read_document, read_xml):
        try:
            fields = read(data)
        except EnvelopeRefused:
            continue
        json.dumps(fields, ensure_ascii=False).encode()
        with suppress(EnvelopeRefused):
            read_message(fields, _NOW)


def replies(data: bytes) -> None:
    """A text in a reply stays that text."""
    text = atheris.FuzzedDataProvider(data).ConsumeUnicode(400)
    kept = (
        "".join(one for one in text if one in "\t\n\r" or " " <= one not in "\ufffe\uffff")
        .replace("\r\n", "\n")
        .replace("\r", "\n")
    )
    # Two halves of a character become that character, one alone the sign for what is unreadable.
    kept = kept.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if read_xml(write_xml({"A": text, "B": "b"}).encode()) != {"A": kept, "B": "b"}:
        raise AssertionError(f"broke out: {text!r}")


def ciphers(data: bytes) -> None:
    """Cipher texts of any kind, and plain texts of any kind well sealed."""
    cipher = Cipher(KEY, RECEIVER)
    for encrypt in (data.decode("latin-1"), seal_bytes(padded(data)), seal_bytes(data[: len(data) // 32 * 32])):
        try:
            message = cipher.decrypt(encrypt)
        except EnvelopeRefused:
            continue
        if plain_of(message)[16:] not in data:
            raise AssertionError("opened what was not sealed")


def callbacks(data: bytes) -> None:
    """Addresses and bodies of any kind, forged, or signed and well sealed round a message of any kind."""
    provider = atheris.FuzzedDataProvider(data)
    query: dict[str, Any] = {}
    if provider.ConsumeBool():
        for name in ("timestamp", "nonce", "signature", "msg_signature", "echostr"):
            query[name] = provider.ConsumeUnicode(provider.ConsumeIntInRange(0, 50))
        body = provider.ConsumeBytes(4000)
    else:
        whole = provider.ConsumeBool()
        message = provider.ConsumeBytes(4000)
        encrypt = seal_bytes(padded(plain_of(message) if whole else message))
        query, body = {**query_for(encrypt), "echostr": encrypt}, body_of(encrypt)
    attempts: list[Callable[[], Any]] = [lambda: _CORPORATION.open(query, body), lambda: _CORPORATION.echo(query)]
    for account in _ACCOUNTS:
        attempts += [
            lambda account=account: read_message(account.open(query, body).fields, _NOW),
            lambda account=account: account.echo(query),
        ]
    for attempt in attempts:
        with suppress(EnvelopeRefused):
            attempt()


def entries(data: bytes) -> None:
    """Entries of WeCom's list of any kind."""
    try:
        entry = json.loads(data)
    except (ValueError, RecursionError):
        return
    for one in entry if isinstance(entry, list) else [entry]:
        with suppress(EnvelopeRefused):
            read_entry(one, _NOW)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "documents": documents,
    "replies": replies,
    "ciphers": ciphers,
    "callbacks": callbacks,
    "entries": entries,
}

if __name__ == "__main__":
    target = TARGETS[sys.argv[1]]
    atheris.Setup([sys.argv[0], *sys.argv[2:]], target)
    atheris.Fuzz()
