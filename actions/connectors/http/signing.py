"""The signature of a call: who receives it proves that it is ours, unchanged, fresh, and under which key.

HMAC-SHA256 over method, path, time, idempotency key and a digest of the body. Standard Webhooks, by which notifications
are signed, covers id, time and body: enough for what is told, but a call that moves money must not be sent on to
another path or under another method. docs/connectors.md has a worked example.
"""

import base64
import hashlib
import hmac

from store.addresses import read_secret

KEY_HEADER = "Idempotency-Key"
TIMESTAMP_HEADER = "Amends-Timestamp"
SIGNATURE_HEADER = "Amends-Signature"


def sign(secret: str, method: str, path: str, timestamp: str, key: str, body: bytes) -> str:
    """The signature as its header has it: ``v1,`` and base64.

    Args:
        secret: ``whsec_`` and base64.
        method: in capitals.
        path: as in the request's first line, with the system's own path before ours.
        timestamp: seconds since 1970.
        key: the idempotency key; empty where the call has none.
    """
    signed = "\n".join((method, path, timestamp, key, hashlib.sha256(body).hexdigest()))
    digest = hmac.new(read_secret(secret), signed.encode(), hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"
