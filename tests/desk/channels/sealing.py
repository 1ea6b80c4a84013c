"""Seals envelopes without any of our own code, whole or broken on purpose."""

import base64
import hashlib

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

TOKEN = "a-token-of-tests"
KEY = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
OTHER_KEY = "ZYXWVUTSRQPONMLKJIHGFEDCBA9876543210zyxwvut"
RECEIVER = "wx0000000000000001"
TIMESTAMP, NONCE = "1763431200", "845120331"
RANDOM = b"sixteen of bytes"


def seal_bytes(padded: bytes, key: str = KEY) -> str:
    """Base64 of what is padded already."""
    secret = base64.b64decode(key + "=")
    encryptor = Cipher(AES(secret), CBC(secret[:16])).encryptor()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


def plain_of(message: bytes, receiver: str = RECEIVER, length: int | None = None) -> bytes:
    """What is sealed, before padding."""
    size = len(message) if length is None else length % 2**32
    return RANDOM + size.to_bytes(4, "big") + message + receiver.encode()


def padded(plain: bytes) -> bytes:
    surplus = 32 - len(plain) % 32
    return plain + bytes([surplus]) * surplus


def seal(message: bytes, receiver: str = RECEIVER, key: str = KEY) -> str:
    return seal_bytes(padded(plain_of(message, receiver)), key)


def signature_of(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def query_for(encrypt: str, token: str = TOKEN) -> dict[str, str]:
    """The address's parameters for an envelope."""
    return {
        "timestamp": TIMESTAMP,
        "nonce": NONCE,
        "encrypt_type": "aes",
        "signature": signature_of(token, TIMESTAMP, NONCE),
        "msg_signature": signature_of(token, TIMESTAMP, NONCE, encrypt),
    }


def body_of(encrypt: str) -> bytes:
    return f"<xml><ToUserName>gh_1</ToUserName><Encrypt><![CDATA[{encrypt}]]></Encrypt></xml>".encode()
