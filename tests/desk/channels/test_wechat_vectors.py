"""``python -m desk wechat-vectors``: published examples hold, and what does not hold is told."""

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from desk.__main__ import main
from desk.channels.tencent.vectors import FORMS
from tests.conftest import reference_data
from tests.desk.channels.sealing import (
    KEY,
    NONCE,
    RECEIVER,
    TIMESTAMP,
    TOKEN,
    padded,
    plain_of,
    seal,
    seal_bytes,
    signature_of,
)

MESSAGE = b"<xml><FromUserName>alice</FromUserName><MsgType>text</MsgType><Content>hi</Content></xml>"

Check = Callable[..., tuple[int, list[str]]]


@pytest.fixture
def check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Check:
    """Run the command on a document, or on paths: exit status and lines."""
    # It needs no database: none is there.
    monkeypatch.setenv("AMENDS_VAR", str(tmp_path / "var"))

    def run(document: Any = None, *paths: Path) -> tuple[int, list[str]]:
        if document is not None:
            path = tmp_path / "rows.json"
            path.write_text(document if isinstance(document, str) else json.dumps(document))
            paths = (path,)
        status = main(["wechat-vectors", *map(str, paths)])
        return status, capsys.readouterr().out.splitlines()

    return run


def _envelope(encrypt: Any, **changes: Any) -> dict[str, Any]:
    """A row whose signature fits, as far as it can."""
    signed = encrypt if isinstance(encrypt, str) else ""
    row = {
        "token": TOKEN,
        "encoding_aes_key": KEY,
        "receive_id": RECEIVER,
        "timestamp": TIMESTAMP,
        "nonce": NONCE,
        "msg_signature": signature_of(TOKEN, TIMESTAMP, NONCE, signed.encode("utf-8", "replace").decode()),
        "encrypt": encrypt,
        "why": "a reason",
    }
    return {name: value for name, value in {**row, **changes}.items() if value is not ...}


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("signature_vectors.json", 11),
        ("crypt_vectors.json", 17),
        ("message_xml.json", 125),
        ("envelopes.json", 11),
        ("error_codes.json", 22),
    ],
)
def test_every_published_row_holds(name: str, rows: int, check: Check) -> None:
    status, lines = check(None, reference_data("wechat", name))
    assert [line for line in lines if not line.startswith("ok ")] == []
    assert (status, len(lines)) == (0, rows)


def test_folders_are_walked(check: Check, tmp_path: Path) -> None:
    folder = tmp_path / "of" / "rows"
    folder.mkdir(parents=True)
    (folder / "any name.json").write_text(json.dumps({"sha1_of_sorted_parts": [
        {"id": "FIPS", "parts": ["c", "b", "a"], "sha1": "a9993e364706816aba3e25717850c26c9cd0d89d"}
    ]}))  # fmt: skip
    (folder / "notes.md").write_text("not ours")
    assert check(None, tmp_path / "of") == (0, ["ok rows/any name.json sha1_of_sorted_parts FIPS"])


def test_a_sealed_message_holds_and_a_changed_one_differs(check: Check) -> None:
    row = _envelope(
        seal(MESSAGE), message=MESSAGE.decode(), random16="sixteen of bytes", full_len=20 + len(MESSAGE) + 18
    )
    assert check({"decrypt": [row]})[0] == 0
    for changes in (
        {"message": "other"},
        {"random16": "another sixteen!"},
        {"full_len": 1},
        {"msg_signature": "0" * 40},
        {"signature_ok": False},
        {"receive_id": "wx1"},
        {"encrypt": ...},
        {"message": ...},
        {"encoding_aes_key": "short"},
    ):
        changed = {name: value for name, value in {**row, **changes}.items() if value is not ...}
        status, lines = check({"decrypt": [row, changed]})
        assert (status, [line.split()[0] for line in lines]) == (1, ["ok", "differs"]), changes


def test_a_row_may_name_another_receiver_or_a_wrong_signature(check: Check) -> None:
    other = _envelope(seal(MESSAGE, "wx2"), message=MESSAGE.decode(), receive_id_in_message="wx2")
    wrong = _envelope(seal(MESSAGE), message=MESSAGE.decode(), signature_ok=False, msg_signature="0" * 40)
    assert check({"decrypt": [other, wrong]})[0] == 0


_GOOD = seal(MESSAGE)


def _other_texts() -> list[Any]:
    """In place of the base64 of an envelope."""
    return [
        *("", None, 7, True, [_GOOD], {"a": _GOOD}, "é" * 44, "\ud800", "]]>", "=" * 44, "A" * 70_000),
        *(_GOOD + " ", " " + _GOOD, _GOOD[:40] + "\n" + _GOOD[40:], "-" + _GOOD[1:], _GOOD[:-4], _GOOD + _GOOD),
        *(f"<![CDATA[{_GOOD}]]>", "&amp;" + _GOOD),
    ]


def _other_bytes() -> list[str]:
    """Envelopes that were sealed, and are broken within."""
    raw, whole = base64.b64decode(_GOOD), padded(plain_of(MESSAGE))
    cut = (raw[:-1], raw[:-16], raw[:32], raw + raw)
    mispadded = (
        whole[:-1] + b"\0",
        whole[:-1] + bytes([33]),
        whole[:-2] + b"\0" + whole[-1:],
        whole + bytes([33]) * 32,
        bytes(64),
    )
    lengths = (-1, 0, 5, len(MESSAGE) + 1, 2**31, 2**32 - 1)
    receivers = ("", RECEIVER[:-1], RECEIVER + "x", "x" + RECEIVER, RECEIVER.upper(), "wx2")
    return [
        *(base64.b64encode(data).decode() for data in cut),
        *(seal_bytes(data) for data in mispadded),
        *(seal_bytes(padded(plain_of(MESSAGE, length=length))) for length in lengths),
        *(seal(MESSAGE, receiver) for receiver in receivers),
    ]


# Well sealed, and no message.
_OTHER_MESSAGES = [
    *(b"", b"words", b"\xff", b"<xml>", b"<xml></xml>", b"<xml><A>b</A></xml>", b"{}", b"[]"),
    b'{"FromUserName": ["a"], "MsgType": "text"}',
    b"<xml><FromUserName>a</FromUserName></xml>",
    b"<xml><MsgType>text</MsgType></xml>",
    b"<xml><FromUserName>&a;</FromUserName><MsgType>text</MsgType></xml>",
    b"<!DOCTYPE xml><xml><FromUserName>a</FromUserName><MsgType>text</MsgType></xml>",
    b"<!DOCTYPE x [<!ENTITY a 'b'>]><xml><FromUserName>&a;</FromUserName><MsgType>text</MsgType></xml>",
    b"<xml>" + b"<a>" * 5000,
    b'{"a":' * 5000,
]
_OTHER_BODIES = [
    *("", "words", f"<xml><Encrypt>{_GOOD}</Encrypt>", f"<xml><A>{_GOOD}</A></xml>", json.dumps([_GOOD])),
    f"<xml><Encrypt>{_GOOD}</Encrypt></xml>\ud800",
    f"<!DOCTYPE xml><xml><Encrypt>{_GOOD}</Encrypt></xml>",
    f"<!DOCTYPE xml [<!ENTITY e '{_GOOD}'>]><xml><Encrypt>&e;</Encrypt></xml>",
]


def _other_fields() -> list[dict[str, Any]]:
    """Beside a whole envelope."""
    right = signature_of(TOKEN, TIMESTAMP, NONCE, _GOOD)
    signatures = ("", right.upper(), right[:-1], right + "0", " " + right, "é" * 40, [right], None, 0, {}, ...)
    names = ("nonce", "timestamp", "token", "receive_id", "encoding_aes_key")
    return [
        *({"msg_signature": signature} for signature in signatures),
        *({name: value} for name in names for value in ("", None, [], {}, ..., "\ud800", "x" * 100)),
        {"timestamp": TIMESTAMP + NONCE, "nonce": ""},
        {"timestamp": int(TIMESTAMP)},
        *({"body": body} for body in _OTHER_BODIES),
    ]


def _refusals() -> list[dict[str, Any]]:
    encrypts = [*_other_texts(), *_other_bytes(), *map(seal, _OTHER_MESSAGES)]
    rows = [_envelope(encrypt) for encrypt in encrypts] + [_envelope(_GOOD, **change) for change in _other_fields()]
    return [*rows, {"encrypt": _GOOD}, {}, {"why": "nothing else"}]


def test_malformed_envelopes_are_refused(check: Check) -> None:
    rows = _refusals()
    status, lines = check({"reject": rows})
    assert [(line, row) for line, row in zip(lines, rows, strict=True) if not line.startswith("ok ")] == []
    assert status == 0


@pytest.mark.parametrize("message", [MESSAGE, b'{"FromUserName": "alice", "MsgType": "text"}'])
def test_an_envelope_that_is_accepted_differs(message: bytes, check: Check) -> None:
    status, lines = check({"reject": [_envelope(seal(message), why="nothing is wrong with it")]})
    assert (status, lines) == (1, ["differs rows.json reject nothing is wrong with it: accepted"])


@pytest.mark.parametrize(
    ("message", "how"),
    [
        (
            b"<xml><MsgType>event</MsgType><Event>kf_msg_or_event</Event><Token>t</Token><OpenKfId>wk</OpenKfId></xml>",
            "accepted by WeCom's codec",
        ),
        (b"1616140317555161061", "accepted as an echo"),
    ],
)
def test_an_envelope_that_wecom_alone_sends_differs_as_well(message: bytes, how: str, check: Check) -> None:
    status, lines = check({"reject": [_envelope(seal(message), why="of WeCom")]})
    assert (status, lines) == (1, [f"differs rows.json reject of WeCom: {how}"])


def test_an_envelope_in_a_list_is_none(check: Check) -> None:
    assert check({"reject": [{**_envelope(_GOOD), "encrypt": [_GOOD]}]})[0] == 0


@pytest.mark.parametrize(
    "document",
    ["", "no JSON", "[]", "{}", '"words"', "null", '{"rows": []}', '{"reject": []}', "[" * 100_000, "\udcff"],
    ids=lambda document: document[:12],
)
def test_a_file_without_rows_does_not_pass(document: str, check: Check, tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_bytes(document.encode("utf-8", "surrogateescape"))
    status, lines = check(None, path)
    assert status == 1 and len(lines) == 1 and lines[0].startswith("differs rows.json ")


def test_a_path_that_is_not_there_does_not_pass(check: Check, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    good = tmp_path / "good.json"
    good.write_text(json.dumps({"codes": [{"api": "mp", "code": -1, "action": "retry with back-off"}]}))
    assert check(None, good)[0] == 0
    assert check(None, good, tmp_path / "not there.json")[0] == 1
    assert check(None, good, tmp_path / "empty")[0] == 1


@pytest.mark.parametrize("form", FORMS)
def test_odd_rows_end_in_a_line_each(form: str, check: Check) -> None:
    objects = [{}, {"id": "\x1b[31m\n\ud800"}, {"xml": 1}, {"query": 1, "body": 2}, {"request": {}}, {"fail_type": []}]
    others = [None, 1, "words", [], [[]]]
    status, lines = check({form: [*objects, *others]})
    assert len(lines) == len(objects) + len(others) and "\x1b" not in "".join(lines)
    # Of nothing at all nothing is accepted: that holds.
    holding = len(objects) if form == "reject" else 0
    assert [line.split()[0] for line in lines] == ["ok"] * holding + ["differs"] * (len(lines) - holding)
    assert status == 1


@pytest.mark.parametrize(
    ("api", "code", "action", "holds"),
    [
        ("mp", 45015, "do not retry", True),
        ("mp", "45047", "Do NOT retry; wait for the next user message", True),
        ("mp", 45015, "retry with back-off", False),
        ("mp", 40001, "refresh once, retry once, then alarm", True),
        ("mp", 40001, "back off", False),
        ("mp", 45009, "stop until next day, alarm", True),
        ("wecom", 45009, "stop until next day", False),
        ("mp", 48001, "words that nobody foresaw", True),
        ("mp", 123456, "words that nobody foresaw", False),
        ("elsewhere", 40001, "refresh once", False),
        ("mp", "many", "back off", False),
    ],
)
def test_codes_are_held_against_the_advice(api: str, code: Any, action: str, holds: bool, check: Check) -> None:
    assert check({"codes": [{"api": api, "code": code, "action": action}]})[0] == (0 if holds else 1)


def test_messages_are_held_against_their_fields(check: Check) -> None:
    xml = (
        "<xml><FromUserName>a</FromUserName><MsgType>event</MsgType><Event>pic_weixin</Event>"
        "<I><L><i><M>1</M></i><i><M>2</M></i></L></I></xml>"
    )
    fields = {"FromUserName": "a", "MsgType": "event", "Event": "pic_weixin"}
    listed = {**fields, "I": [{"L": [{"i": [{"M": "1"}]}, {"i": [{"M": "2"}]}]}]}
    nested = {**fields, "I": {"L": {"i": [{"M": "1"}, {"M": 2}]}}}
    for right in (listed, nested):
        assert check({"messages": [{"xml": xml, "fields": right}]})[0] == 0
    for wrong in (
        fields,
        {**listed, "Extra": ""},
        {**fields, "I": [{"L": [{"i": [{"M": "1"}]}]}]},
        {**nested, "Event": "x"},
    ):
        assert check({"messages": [{"xml": xml, "fields": wrong}]})[0] == 1
