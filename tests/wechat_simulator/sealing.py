"""Signs and encrypts as WeChat's servers do; apart from the service's own codec, so that each can prove the other.

Source: Tencent, message encryption and decryption (消息加解密说明): AES-256-CBC, key = base64(EncodingAESKey + "="), IV
= key[:16], PKCS#7 to 32 bytes, plain = 16 random + 4-byte big-endian length + message + receiver's id.
"""

import base64
import hashlib
import os
import secrets
import string
import struct
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_BLOCK = 32


def signature(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def new_encoding_aes_key() -> str:
    """43 letters and digits, as Tencent's console makes them; the bits that are left over at the end are not zero."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(43))


class Seal:
    """What an account's owner typed into Tencent's console.

    Args:
        receive_id: app id or corp id.
    """

    def __init__(self, token: str, encoding_aes_key: str, receive_id: str) -> None:
        self.token = token
        self.encoding_aes_key = encoding_aes_key
        self.receive_id = receive_id

    def encrypt(self, message: str) -> str:
        key = base64.b64decode(self.encoding_aes_key + "=")
        body = message.encode()
        plain = os.urandom(16) + struct.pack(">I", len(body)) + body + self.receive_id.encode()
        padding = _BLOCK - len(plain) % _BLOCK
        encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
        return base64.b64encode(encryptor.update(plain + bytes([padding]) * padding) + encryptor.finalize()).decode()

    def query(self, timestamp: str, encrypted: str | None, *, plain: bool) -> dict[str, str]:
        """What stands behind the question mark of a callback.

        Args:
            plain: whether to sign without what is encrypted, as only the official account does.
        """
        nonce = str(secrets.randbelow(10**10))
        query = {"timestamp": timestamp, "nonce": nonce}
        if plain:
            query["signature"] = signature(self.token, timestamp, nonce)
        if encrypted is not None:
            query["msg_signature"] = signature(self.token, timestamp, nonce, encrypted)
            if plain:
                query["encrypt_type"] = "aes"
        return query


def xml(fields: Mapping[str, Any]) -> str:
    """An XML body as Tencent writes it: words in CDATA, numbers bare, nested elements by nested mappings."""
    return f"<xml>{_elements(fields)}</xml>"


def _elements(fields: Mapping[str, Any]) -> str:
    return "".join(f"<{name}>{_content(value)}</{name}>" for name, value in fields.items())


def _content(value: Any) -> str:
    if isinstance(value, Mapping):
        return _elements(value)
    if isinstance(value, int | float):
        return str(value)
    return "<![CDATA[" + str(value).replace("]]>", "]]]]><![CDATA[>") + "]]>"
