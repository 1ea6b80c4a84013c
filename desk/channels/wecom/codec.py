"""Opens the callbacks of WeCom (企业微信 接收消息与事件, 加解密方案说明); they are always encrypted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from desk.channels.tencent.documents import read_document
from desk.channels.tencent.envelopes import EnvelopeRefused
from desk.channels.tencent.safe_mode import SafeMode, parameter, required


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a WeCom application and we have agreed on in its console.

    Attributes:
        previous_encoding_aes_key: still accepted after a change, for what was sealed before it.
    """

    token: str = field(repr=False)
    corp_id: str
    encoding_aes_key: str = field(repr=False)
    previous_encoding_aes_key: str | None = field(default=None, repr=False)


class Codec:
    """Opens what WeCom sends to one application.

    Raises:
        ValueError: the credentials cannot be: a key is no key, or something is missing.
    """

    def __init__(self, credentials: Credentials) -> None:
        keys = (credentials.encoding_aes_key, credentials.previous_encoding_aes_key)
        if credentials.encoding_aes_key is None:
            raise ValueError("the encoding_aes_key is missing")
        self._safe_mode = SafeMode.of(credentials.token, credentials.corp_id, *keys)

    def echo(self, query: Mapping[str, Any]) -> str:
        """What to answer when the address is checked: ``echostr`` decrypted, alone, without a line's end.

        Raises:
            EnvelopeRefused: the signature is wrong, a parameter is missing, or no key opens it.
        """
        message, _ = self._safe_mode.open(query, parameter(query, "echostr"))
        try:
            return message.decode()
        except UnicodeDecodeError as error:
            raise EnvelopeRefused("not_utf8") from error

    def open(self, query: Mapping[str, Any], body: bytes) -> dict[str, Any]:
        """Check and read a callback: its fields.

        Args:
            query: parameters of the address.

        Raises:
            EnvelopeRefused: it is not what it claims to be, or cannot be read.
        """
        message, _ = self._safe_mode.open(query, required(read_document(body), "Encrypt"))
        return read_document(message)
