"""Callbacks of the official account and of WeCom: the three modes, two keys, and one error for all that is wrong."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.channels.tencent.documents import read_xml
from desk.channels.tencent.envelopes import EnvelopeRefused
from desk.channels.wechat.codec import Codec, Credentials, Mode
from desk.channels.wecom import codec as wecom
from tests.desk.channels.sealing import (
    KEY,
    NONCE,
    OTHER_KEY,
    RECEIVER,
    TIMESTAMP,
    TOKEN,
    body_of,
    padded,
    plain_of,
    query_for,
    seal,
    seal_bytes,
    signature_of,
)

XML = "<xml><FromUserName>alice</FromUserName><Content><![CDATA[包裹没到]]></Content></xml>".encode()
FIELDS = {"FromUserName": "alice", "Content": "包裹没到"}


def _codec(mode: Mode = "safe", key: str | None = KEY, previous: str | None = None) -> Codec:
    return Codec(Credentials(TOKEN, RECEIVER, mode, key, previous))


def _wecom(previous: str | None = None) -> wecom.Codec:
    return wecom.Codec(wecom.Credentials(TOKEN, RECEIVER, KEY, previous))


@pytest.mark.parametrize("mode", ["plain", "compatible", "safe"])
def test_the_address_is_confirmed_by_the_echo_unchanged(mode: Mode) -> None:
    query = {**query_for(""), "echostr": "4375120948345356249"}
    assert _codec(mode).echo(query) == "4375120948345356249"


@pytest.mark.parametrize("missing", ["signature", "timestamp", "nonce", "echostr"])
def test_the_address_is_not_confirmed_without(missing: str) -> None:
    query = {**query_for(""), "echostr": "1"}
    for broken in ({name: value for name, value in query.items() if name != missing}, {**query, missing: ""}):
        with pytest.raises(EnvelopeRefused):
            _codec().echo(broken)


def test_wecom_s_echo_is_decrypted() -> None:
    encrypt = seal(b"1616140317555161061")
    assert _wecom().echo({**query_for(encrypt), "echostr": encrypt}) == "1616140317555161061"


def test_wecom_s_echo_is_refused_without_its_signature() -> None:
    encrypt = seal(b"1616140317555161061")
    for query in ({**query_for(seal(b"2")), "echostr": encrypt}, {**query_for(encrypt)}):
        with pytest.raises(EnvelopeRefused):
            _wecom().echo(query)


def test_wecom_s_echo_must_be_text() -> None:
    encrypt = seal(b"\xff\xfe")
    with pytest.raises(EnvelopeRefused):
        _wecom().echo({**query_for(encrypt), "echostr": encrypt})


def test_plain_mode_reads_what_the_token_signed() -> None:
    opened = _codec("plain", None).open(query_for(""), XML)
    assert (opened.fields, opened.cipher) == (FIELDS, None)
    assert opened.seal("<xml/>", TIMESTAMP, NONCE) == "<xml/>"


def test_plain_mode_leaves_an_encrypted_part_alone() -> None:
    """So that an account can go over to safe mode by way of the compatible one without losing a message."""
    opened = _codec("plain", None).open(query_for(""), XML.replace(b"</xml>", b"<Encrypt>x</Encrypt></xml>"))
    assert opened.fields["Content"] == "包裹没到"


@pytest.mark.parametrize("mode", ["compatible", "safe"])
@pytest.mark.parametrize(
    "form", [body_of, lambda encrypt: json.dumps({"ToUserName": "gh_1", "Encrypt": encrypt}).encode()]
)
def test_an_envelope_is_opened(mode: Mode, form: Callable[[str], bytes]) -> None:
    encrypt = seal(XML)
    assert _codec(mode).open(query_for(encrypt), form(encrypt)).fields == FIELDS
    assert _wecom().open(query_for(encrypt), form(encrypt)) == FIELDS


def test_compatible_mode_believes_the_encrypted_part_alone() -> None:
    encrypt = seal(XML)
    body = body_of(encrypt).replace(b"<Encrypt>", b"<Content>forged</Content><Encrypt>")
    assert _codec("compatible").open(query_for(encrypt), body).fields == FIELDS


@pytest.mark.parametrize("mode", ["compatible", "safe"])
def test_a_plain_body_does_not_pass_where_a_key_was_agreed(mode: Mode) -> None:
    """Its signature would not cover what it says."""
    with pytest.raises(EnvelopeRefused):
        _codec(mode).open(query_for(""), XML)


def test_the_plain_signature_does_not_stand_for_that_of_the_message() -> None:
    encrypt = seal(XML)
    query = query_for(encrypt)
    with pytest.raises(EnvelopeRefused):
        _codec().open({**query, "msg_signature": query["signature"]}, body_of(encrypt))


def test_after_a_change_the_key_before_opens_and_answers() -> None:
    encrypt = seal(XML, key=OTHER_KEY)
    with pytest.raises(EnvelopeRefused):
        _codec().open(query_for(encrypt), body_of(encrypt))
    opened = _codec(previous=OTHER_KEY).open(query_for(encrypt), body_of(encrypt))
    assert opened.fields == FIELDS
    assert _wecom(OTHER_KEY).open(query_for(encrypt), body_of(encrypt)) == FIELDS

    sealed = opened.seal("<xml><Content>好</Content></xml>", TIMESTAMP, NONCE)
    answer = read_xml(sealed.encode())
    assert answer["MsgSignature"] == signature_of(TOKEN, TIMESTAMP, NONCE, answer["Encrypt"])
    assert (answer["TimeStamp"], answer["Nonce"]) == (TIMESTAMP, NONCE)
    query = {**query_for(""), "msg_signature": answer["MsgSignature"]}
    assert _codec(key=OTHER_KEY).open(query, sealed.encode()).fields == {"Content": "好"}
    with pytest.raises(EnvelopeRefused):
        _codec().open(query, sealed.encode())


def test_a_message_for_another_account_is_refused() -> None:
    encrypt = seal(XML, "wx0000000000000002")
    with pytest.raises(EnvelopeRefused):
        _codec().open(query_for(encrypt), body_of(encrypt))


_GOOD = seal(XML)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("msg_signature", ""),
        ("msg_signature", query_for(_GOOD)["msg_signature"].upper()),
        ("msg_signature", query_for(_GOOD)["msg_signature"][:-1]),
        ("msg_signature", query_for(_GOOD)["msg_signature"] + "0"),
        ("msg_signature", [query_for(_GOOD)["msg_signature"]]),
        ("msg_signature", None),
        ("timestamp", "1763431201"),
        ("timestamp", ""),
        ("timestamp", int(TIMESTAMP)),
        ("nonce", NONCE + "0"),
        ("nonce", ""),
        ("nonce", "n" * 64),
    ],
)
def test_every_parameter_counts(name: str, value: object) -> None:
    query: dict[str, Any] = {**query_for(_GOOD), name: value}
    with pytest.raises(EnvelopeRefused):
        _codec().open(query, body_of(_GOOD))
    del query[name]
    with pytest.raises(EnvelopeRefused):
        _codec().open(query, body_of(_GOOD))


def test_digits_cannot_be_moved_between_signed_parts() -> None:
    """The signature joins its parts without a mark: an empty nonce, or one with blocks of the cipher text, fits it."""
    joined = {**query_for(_GOOD), "timestamp": TIMESTAMP + NONCE, "nonce": ""}
    moved = {**query_for(_GOOD), "nonce": NONCE + _GOOD[:128]}
    for query, encrypt in ((joined, _GOOD), (moved, _GOOD[128:])):
        with pytest.raises(EnvelopeRefused):
            _codec().open(query, body_of(encrypt))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<xml><ToUserName>gh_1</ToUserName></xml>",
        b"<xml><Encrypt></Encrypt></xml>",
        f"<xml><Encrypt>{_GOOD}</Encrypt><Encrypt>{_GOOD}</Encrypt></xml>".encode(),
        f"<xml><Encrypt><A>{_GOOD}</A></Encrypt></xml>".encode(),
        f"<!DOCTYPE xml [<!ENTITY e '{_GOOD}'>]><xml><Encrypt>&e;</Encrypt></xml>".encode(),
        json.dumps({"Encrypt": [_GOOD]}).encode(),
        json.dumps({"Encrypt": None}).encode(),
        json.dumps([_GOOD]).encode(),
        body_of(_GOOD).replace(b"</xml>", b"<!--" + b"x" * 70_000 + b"--></xml>"),
    ],
    ids=lambda body: str(body[:40]),
)
def test_every_other_body_is_refused(body: bytes) -> None:
    for opens in (_codec().open, _wecom().open):
        with pytest.raises(EnvelopeRefused):
            opens(query_for(_GOOD), body)


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\xff\xfe",
        b"words",
        b"<xml>",
        b"<!DOCTYPE xml [<!ENTITY a 'b'>]><xml><A>&a;</A></xml>",
        b"[1]",
        b"{" * 9000,
    ],
)
def test_what_is_well_sealed_must_be_readable_too(message: bytes) -> None:
    encrypt = seal(message)
    for opens in (_codec().open, _wecom().open):
        with pytest.raises(EnvelopeRefused):
            opens(query_for(encrypt), body_of(encrypt))


@pytest.mark.parametrize(
    "credentials",
    [
        Credentials(TOKEN, RECEIVER, "safe"),
        Credentials(TOKEN, RECEIVER, "compatible"),
        Credentials(TOKEN, RECEIVER, "safe", "short"),
        Credentials(TOKEN, RECEIVER, "safe", KEY, "short"),
        Credentials("", RECEIVER, "plain"),
        Credentials(TOKEN, RECEIVER, "other"),  # type: ignore[arg-type]
    ],
)
def test_credentials_that_cannot_be_are_told_at_once(credentials: Credentials) -> None:
    with pytest.raises(ValueError, match=r".") as told:
        Codec(credentials)
    assert not isinstance(told.value, EnvelopeRefused)


def test_secrets_do_not_show() -> None:
    shown = [Credentials(TOKEN, RECEIVER, "safe", KEY, OTHER_KEY), wecom.Credentials(TOKEN, RECEIVER, KEY, OTHER_KEY)]
    shown += [_codec().open(query_for(_GOOD), body_of(_GOOD))]  # type: ignore[list-item]
    for secret in (TOKEN, KEY, OTHER_KEY):
        assert not any(secret in repr(one) for one in shown)


_VALUES = st.none() | st.text(max_size=60) | st.integers() | st.lists(st.text(max_size=3), max_size=2)
_QUERIES = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("timestamp", "nonce", "signature", "msg_signature", "echostr"), _VALUES)
)
_BODIES = st.binary(max_size=80) | st.binary(max_size=160).map(lambda data: body_of(base64.b64encode(data).decode()))


@given(_QUERIES, _BODIES)
def test_nothing_but_a_refusal_comes_out_of_what_is_not_signed(query: dict[str, Any], body: bytes) -> None:
    for mode in ("plain", "compatible", "safe"):
        codec = _codec(mode)  # type: ignore[arg-type]
        for attempt in (lambda codec=codec: codec.echo(query), lambda codec=codec: codec.open(query, body)):
            with pytest.raises(EnvelopeRefused):
                attempt()
    for attempt in (lambda: _wecom().echo(query), lambda: _wecom().open(query, body)):
        with pytest.raises(EnvelopeRefused):
            attempt()


@given(st.binary(max_size=120), st.booleans())
def test_nothing_but_a_refusal_or_fields_comes_out_of_what_is_signed(data: bytes, whole: bool) -> None:
    encrypt = seal_bytes(padded(plain_of(data) if whole else data))
    for opens in (_codec().open, _wecom().open):
        try:
            assert opens(query_for(encrypt), body_of(encrypt))
        except EnvelopeRefused:
            continue
