"""The cipher of the safe mode, the same for the official account and for WeCom.

AES-256-CBC; the key is base64(EncodingAESKey + "="), the initialisation vector its first 16 bytes; PKCS#7 to blocks of
32 bytes; the plain text is 16 random bytes, the message's length as 4 bytes big-endian, the message, and the id of the
one it is for (消息加解密说明).
"""

import base64
import binascii
import hmac
import re
import secrets
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher as BlockCipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC

from desk.channels.tencent.envelopes import EnvelopeRefused

_BLOCK = 32
_RANDOM = 16
_LENGTH = 4
_KEY = re.compile(r"[A-Za-z0-9+/]{43}")


@dataclass(frozen=True, slots=True)
class Opened:
    """What an envelope held.

    Attributes:
        random: the 16 bytes in front, without meaning.
        size: of the whole plain text before padding, in bytes.
    """

    random: bytes
    message: bytes
    size: int


class Cipher:
    """Opens and seals with one key, for one receiver.

    Raises:
        ValueError: the key is not 43 characters of base64, or the receiver has no id.
    """

    def __init__(self, encoding_aes_key: str, receive_id: str) -> None:
        """
        Args:
            receive_id: AppID of the official account, CorpID at WeCom.
        """
        # No word of the key in the error: it ends up in logs.
        if not isinstance(encoding_aes_key, str) or not _KEY.fullmatch(encoding_aes_key):
            raise ValueError("an EncodingAESKey has 43 characters: letters and digits")
        if not isinstance(receive_id, str) or not receive_id:
            raise ValueError("the id of the receiver is missing")
        key = base64.b64decode(encoding_aes_key + "=")
        self._receiver = receive_id.encode()
        self._cipher = BlockCipher(AES256(key), CBC(key[:16]))

    def decrypt(self, encrypt: str) -> bytes:
        """The message in an envelope.

        Args:
            encrypt: the text of ``Encrypt``.

        Raises:
            EnvelopeRefused: it is not sealed with this key for this receiver.
        """
        return self.open(encrypt).message

    def open(self, encrypt: str) -> Opened:
        """As :meth:`decrypt`, with what surrounds the message."""
        decryptor = self._cipher.decryptor()
        plain = _unpadded(decryptor.update(_bytes_of(encrypt)) + decryptor.finalize())
        head = _RANDOM + _LENGTH
        if len(plain) < head + len(self._receiver):
            raise EnvelopeRefused("too_short")
        # The length must leave exactly the receiver's id: a shorter or longer one would let part of the message pass
        # for the id, or the other way round.
        end = head + int.from_bytes(plain[_RANDOM:head], "big")
        if end != len(plain) - len(self._receiver):
            raise EnvelopeRefused("length")
        if not hmac.compare_digest(plain[end:], self._receiver):
            raise EnvelopeRefused("receiver")
        return Opened(random=plain[:_RANDOM], message=plain[head:end], size=len(plain))

    def encrypt(self, message: bytes, random: bytes | None = None) -> str:
        """Seal a message.

        Args:
            random: 16 bytes instead of fresh ones; for test vectors only.
        """
        random = secrets.token_bytes(_RANDOM) if random is None else random
        if len(random) != _RANDOM:
            raise ValueError("16 random bytes are wanted")
        plain = random + len(message).to_bytes(_LENGTH, "big") + message + self._receiver
        surplus = _BLOCK - len(plain) % _BLOCK
        encryptor = self._cipher.encryptor()
        sealed = encryptor.update(plain + bytes([surplus]) * surplus) + encryptor.finalize()
        return base64.b64encode(sealed).decode()


def _bytes_of(encrypt: str) -> bytes:
    """Whole blocks from their one base64 form: no blanks, no other alphabet, no stray bits at the end."""
    try:
        sealed = base64.b64decode(encrypt.encode("ascii"), validate=True)
    except (AttributeError, UnicodeEncodeError, binascii.Error) as error:
        raise EnvelopeRefused("base64") from error
    if base64.b64encode(sealed).decode() != encrypt:
        raise EnvelopeRefused("base64")
    if not sealed or len(sealed) % _BLOCK:
        raise EnvelopeRefused("blocks")
    return sealed


def _unpadded(plain: bytes) -> bytes:
    surplus = plain[-1]
    if not 1 <= surplus <= _BLOCK or plain[-surplus:] != bytes([surplus]) * surplus:
        raise EnvelopeRefused("padding")
    return plain[:-surplus]
