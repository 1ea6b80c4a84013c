"""Signatures of Tencent's callbacks: SHA-1 over sorted, joined parts, one of them the account's token."""

import hashlib
import hmac

from desk.channels.tencent.envelopes import EnvelopeRefused


def sign(*parts: str) -> str:
    """The signature of these parts, 40 lower-case hexadecimal digits (消息加解密说明: sort, join, SHA-1).

    Raises:
        EnvelopeRefused: a part is no text that can be written as UTF-8.
    """
    try:
        joined = "".join(sorted(parts)).encode()
    except (UnicodeEncodeError, TypeError) as error:
        raise EnvelopeRefused("parts_not_text") from error
    # The documents ask for SHA-1. As there is a secret among the parts, collisions do not help a forger.
    return hashlib.sha1(joined, usedforsecurity=False).hexdigest()


def check(claimed: str, *parts: str) -> None:
    """Compare a claimed signature with that of these parts, in a time that does not tell where they differ.

    Raises:
        EnvelopeRefused: they differ; also in case, for Tencent writes lower-case digits only.
    """
    expected = sign(*parts)
    if not isinstance(claimed, str) or not hmac.compare_digest(
        claimed.encode("utf-8", "backslashreplace"), expected.encode()
    ):
        raise EnvelopeRefused("signature")
