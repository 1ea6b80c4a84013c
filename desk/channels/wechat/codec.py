"""Opens the callbacks of an official account (消息推送: 验证消息的确来自微信服务器, 消息加解密说明)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from desk.channels.tencent.cipher import Cipher
from desk.channels.tencent.documents import read_document, write_xml
from desk.channels.tencent.safe_mode import SafeMode, parameter, required
from desk.channels.tencent.signatures import check

Mode = Literal["plain", "compatible", "safe"]


@dataclass(frozen=True, slots=True)
class Credentials:
    """What an official account and we have agreed on in its console.

    Attributes:
        mode: ``plain`` 明文模式, ``compatible`` 兼容模式, ``safe`` 安全模式.
        encoding_aes_key: needed unless the mode is plain.
        previous_encoding_aes_key: still accepted after a change, for what was sealed before it.
    """

    token: str = field(repr=False)
    app_id: str
    mode: Mode
    encoding_aes_key: str | None = field(default=None, repr=False)
    previous_encoding_aes_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Opened:
    """A callback's fields, and how to answer it.

    Attributes:
        cipher: which opened it; None where it was not encrypted.
    """

    fields: dict[str, Any]
    cipher: Cipher | None = field(repr=False)
    _safe_mode: SafeMode = field(repr=False)

    def seal(self, reply: str, timestamp: str, nonce: str) -> str:
        """The body of an answer, sealed with the key that opened the callback, else as it is.

        Args:
            reply: XML as :func:`~desk.channels.tencent.documents.write_xml` makes it. ``success`` is never sealed.
        """
        if self.cipher is None:
            return reply
        sealed = self._safe_mode.seal(reply, timestamp, nonce, self.cipher)
        return write_xml({**sealed, "TimeStamp": int(timestamp) if timestamp.isdecimal() else timestamp})


class Codec:
    """Opens what Tencent sends to one official account.

    Raises:
        ValueError: the credentials cannot be: a key is no key, or the mode needs one.
    """

    def __init__(self, credentials: Credentials) -> None:
        keys = (credentials.encoding_aes_key, credentials.previous_encoding_aes_key)
        if credentials.mode not in ("plain", "compatible", "safe"):
            raise ValueError("the mode is plain, compatible or safe")
        if credentials.mode != "plain" and credentials.encoding_aes_key is None:
            raise ValueError("the encoding_aes_key is missing")
        self._mode = credentials.mode
        self._safe_mode = SafeMode.of(credentials.token, credentials.app_id, *keys)

    def echo(self, query: Mapping[str, Any]) -> str:
        """What to answer when the address is checked: ``echostr`` unchanged, in every mode.

        Raises:
            EnvelopeRefused: the signature is wrong, or a parameter is missing.
        """
        self._check_signature(query)
        return parameter(query, "echostr")

    def open(self, query: Mapping[str, Any], body: bytes) -> Opened:
        """Check and read a callback.

        In compatible mode the fields come from the encrypted part. A body without one is refused there as in safe mode:
        the plain signature does not cover the body, so whoever saw one address could write messages of their own.

        Args:
            query: parameters of the address.

        Raises:
            EnvelopeRefused: it is not what it claims to be, or cannot be read.
        """
        if self._mode == "plain":
            self._check_signature(query)
            return Opened(read_document(body), None, self._safe_mode)
        message, cipher = self._safe_mode.open(query, required(read_document(body), "Encrypt"))
        return Opened(read_document(message), cipher, self._safe_mode)

    def _check_signature(self, query: Mapping[str, Any]) -> None:
        claimed = parameter(query, "signature")
        check(claimed, self._safe_mode.token, parameter(query, "timestamp"), parameter(query, "nonce"))
