"""Signed and encrypted callbacks, opened with the account's current key or, after a change, with the one before."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from desk.channels.tencent.cipher import Cipher
from desk.channels.tencent.envelopes import EnvelopeRefused
from desk.channels.tencent.signatures import check, sign

# The signature joins its parts without a mark between them, so digits could be moved from one part to its neighbour.
# Moving whole blocks of the cipher text needs at least 64 characters of base64: no nonce may be that long.
_LONGEST = {"timestamp": 20, "nonce": 63, "signature": 40, "msg_signature": 40}


def parameter(query: Mapping[str, Any], name: str) -> str:
    """A parameter of a callback's address.

    Raises:
        EnvelopeRefused: it is missing, empty, too long, or no text.
    """
    value = query.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST.get(name, 64 * 1024):
        raise EnvelopeRefused(name)
    return value


def required(fields: Mapping[str, Any], name: str) -> str:
    """A field that must be there, a text.

    Raises:
        EnvelopeRefused: it is missing, empty, or holds others.
    """
    value = fields.get(name)
    if not isinstance(value, str) or not value:
        raise EnvelopeRefused(f"no_{name}")
    return value


@dataclass(frozen=True, slots=True)
class SafeMode:
    """Token and keys of one account.

    Attributes:
        ciphers: in the order in which they are tried.
    """

    token: str = field(repr=False)
    ciphers: tuple[Cipher, ...]

    @classmethod
    def of(cls, token: str, receive_id: str, *keys: str | None) -> "SafeMode":
        """Of the keys that are there.

        Raises:
            ValueError: the token is missing, or a key is none.
        """
        if not isinstance(token, str) or not token:
            raise ValueError("the token is missing")
        return cls(token, tuple(Cipher(key, receive_id) for key in keys if key is not None))

    def open(self, query: Mapping[str, Any], encrypt: str) -> tuple[bytes, Cipher]:
        """Check the signature, then decrypt: the message, and the cipher that could.

        Nothing is decrypted before its signature was found right, so what goes wrong afterwards tells a forger nothing.

        Raises:
            EnvelopeRefused: a parameter is missing, the signature is wrong, or no key opens the envelope.
        """
        claimed = parameter(query, "msg_signature")
        check(claimed, self.token, parameter(query, "timestamp"), parameter(query, "nonce"), encrypt)
        refused = EnvelopeRefused("no_key")
        for cipher in self.ciphers:
            try:
                return cipher.decrypt(encrypt), cipher
            except EnvelopeRefused as error:
                refused = error
        raise refused

    def seal(self, reply: str, timestamp: str, nonce: str, cipher: Cipher) -> dict[str, str]:
        """The fields of an encrypted answer: ``Encrypt``, ``MsgSignature``, ``TimeStamp``, ``Nonce``."""
        encrypt = cipher.encrypt(reply.encode())
        signature = sign(self.token, timestamp, nonce, encrypt)
        return {"Encrypt": encrypt, "MsgSignature": signature, "TimeStamp": timestamp, "Nonce": nonce}
