"""Signatures and the cipher of the safe mode: what is sealed opens, and nothing else does."""

import base64
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk.channels.tencent.cipher import Cipher
from desk.channels.tencent.envelopes import EnvelopeRefused
from desk.channels.tencent.signatures import check, sign
from tests.desk.channels.sealing import KEY, OTHER_KEY, RANDOM, RECEIVER, padded, plain_of, seal, seal_bytes

MESSAGE = "<xml><Content>退款还没到</Content></xml>".encode()


def test_a_signature_is_the_digest_of_its_sorted_parts() -> None:
    # sha1("abc"), FIPS 180-4.
    assert sign("c", "a", "b") == "a9993e364706816aba3e25717850c26c9cd0d89d"


@pytest.mark.parametrize(
    "claimed", ["", "A9993E364706816ABA3E25717850C26C9CD0D89D", "a9993e36", "ä", "\ud800", None, 7, []]
)
def test_any_other_signature_is_refused(claimed: object) -> None:
    check("a9993e364706816aba3e25717850c26c9cd0d89d", "a", "b", "c")
    with pytest.raises(EnvelopeRefused):
        check(claimed, "a", "b", "c")  # type: ignore[arg-type]


@pytest.mark.parametrize("parts", [("a", None), ("a", "\ud800"), ("a", 1)])
def test_what_cannot_be_signed_is_refused(parts: tuple[object, ...]) -> None:
    with pytest.raises(EnvelopeRefused):
        check("", *parts)  # type: ignore[arg-type]


@given(st.binary(max_size=200), st.text(st.characters(codec="utf-8"), min_size=1, max_size=40))
def test_what_is_sealed_opens_again(message: bytes, receiver: str) -> None:
    cipher = Cipher(KEY, receiver)
    assert cipher.decrypt(cipher.encrypt(message)) == message


@given(st.integers(0, 70))
def test_ours_is_sealed_as_others_seal(size: int) -> None:
    """Whatever number of bytes the padding takes."""
    assert Cipher(KEY, RECEIVER).encrypt(b"m" * size, RANDOM) == seal(b"m" * size)


def test_the_random_bytes_are_fresh_each_time() -> None:
    cipher = Cipher(KEY, RECEIVER)
    assert cipher.encrypt(MESSAGE) != cipher.encrypt(MESSAGE)


def test_only_sixteen_random_bytes_are_taken() -> None:
    with pytest.raises(ValueError, match="16"):
        Cipher(KEY, RECEIVER).encrypt(MESSAGE, b"fifteen of them")


@pytest.mark.parametrize(
    "key", ["", KEY[:-1], KEY + "=", KEY[:-1] + "-", KEY[:-1] + "é", "\n" + KEY[1:], None, 43, [KEY]]
)
def test_a_bad_key_is_told_without_the_key(key: object) -> None:
    with pytest.raises(ValueError, match="43") as told:
        Cipher(key, RECEIVER)  # type: ignore[arg-type]
    assert KEY[1:-1] not in str(told.value)


@pytest.mark.parametrize("receiver", ["", None, 5])
def test_a_receiver_has_an_id(receiver: object) -> None:
    with pytest.raises(ValueError, match="receiver"):
        Cipher(KEY, receiver)  # type: ignore[arg-type]


def _malformed() -> Iterator[tuple[str, object]]:
    plain, good = plain_of(MESSAGE), seal(MESSAGE)
    whole, raw = padded(plain), base64.b64decode(good)

    def spelled(sealed: bytes) -> str:
        return base64.b64encode(sealed).decode()

    yield "empty", ""
    yield "a list", ["a"]
    yield "nothing", None
    yield "not base64", "$" + good[1:]
    yield "not ASCII", "é" + good[1:]
    yield "half a character", "\ud83d" + good[1:]
    yield "a blank within", good[:20] + " " + good[20:]
    yield "a line's end", good + "\n"
    yield "the alphabet of addresses", "-_" * 22
    yield "base64 without its padding", seal(b"m").rstrip("=")
    yield "stray bits in base64", _with_stray_bits(seal(b"m"))
    yield "truncated by a character", good[:-1]
    yield "truncated by a block of AES", spelled(raw[:-16])
    yield "truncated by a block", spelled(raw[:-32])
    yield "without its first block", spelled(raw[32:])
    yield "a byte more", spelled(raw + b"\0")
    yield "a block more", spelled(raw + bytes(32))
    yield "a flipped bit", spelled(bytes([raw[0] ^ 1]) + raw[1:])
    yield "under another key", seal(MESSAGE, key=OTHER_KEY)
    yield "a whole block of zeros for padding", seal_bytes(plain_of(b"m" * 26) + bytes(32))
    yield "padding byte 0", seal_bytes(whole[:-1] + b"\0")
    yield "padding byte 33", seal_bytes(whole[:-1] + bytes([33]))
    yield "padding byte 255", seal_bytes(whole[:-1] + b"\xff")
    yield "padding of 33 bytes", seal_bytes(plain_of(b"m" * 25) + bytes([33]) * 33)
    yield "padding of 48 bytes", seal_bytes(plain_of(b"m" * 10) + bytes([48]) * 48)
    yield "padding that differs within", seal_bytes(plain_of(b"m" * 20) + bytes([6, 6, 6, 5, 6, 6]))
    yield "padded to blocks of 16", seal_bytes(plain_of(b"m" * 2) + bytes([8]) * 8)
    yield "only padding", seal_bytes(bytes([32]) * 32)
    yield "only random bytes", seal_bytes(padded(RANDOM))
    yield "nothing after the length", seal_bytes(padded(RANDOM + bytes(4)))
    for length in (-1, -(2**31), 0, len(MESSAGE) - 1, len(MESSAGE) + 1, len(plain), 2**31 - 1, 2**32 - 1):
        yield f"length {length}", seal_bytes(padded(plain_of(MESSAGE, length=length)))
    for receiver in ("", RECEIVER[:-1], RECEIVER[1:], RECEIVER + "0", "0" + RECEIVER, RECEIVER.upper(), RECEIVER * 2):
        yield f"receiver {receiver!r}", seal(MESSAGE, receiver)
    yield "receiver within the message", seal_bytes(padded(plain_of(MESSAGE + RECEIVER.encode(), "", len(MESSAGE) - 1)))
    yield "receiver that is no text", seal_bytes(padded(plain_of(MESSAGE, "") + b"\xff" * len(RECEIVER)))
    backwards = len(MESSAGE).to_bytes(4, "little")
    yield "little-endian length", seal_bytes(padded(RANDOM + backwards + MESSAGE + RECEIVER.encode()))


def _with_stray_bits(encrypt: str) -> str:
    """The same bytes in another spelling: the last character before ``=`` has bits that mean nothing."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    bare = encrypt.rstrip("=")
    assert bare != encrypt
    other = bare[:-1] + alphabet[alphabet.index(bare[-1]) + 1] + "=" * (len(encrypt) - len(bare))
    assert base64.b64decode(other) == base64.b64decode(encrypt)
    return other


@pytest.mark.parametrize("encrypt", [pytest.param(encrypt, id=what) for what, encrypt in _malformed()])
def test_whatever_is_malformed_is_refused(encrypt: str) -> None:
    with pytest.raises(EnvelopeRefused):
        Cipher(KEY, RECEIVER).decrypt(encrypt)


@given(st.binary(max_size=160).map(lambda data: base64.b64encode(data).decode()) | st.text(max_size=80))
def test_nothing_but_a_refusal_comes_out(encrypt: str) -> None:
    with pytest.raises(EnvelopeRefused):
        Cipher(KEY, RECEIVER).decrypt(encrypt)


@given(st.binary(max_size=96).filter(lambda data: not data.endswith(RECEIVER.encode())))
def test_nothing_but_a_refusal_comes_out_of_what_is_padded_well(plain: bytes) -> None:
    with pytest.raises(EnvelopeRefused):
        Cipher(KEY, RECEIVER).decrypt(seal_bytes(padded(plain)))
