"""Signed webhooks, after Standard Webhooks: HMAC-SHA256 over id, time and body.

Who receives them proves by the signature that they are ours, by the time that they are not replayed, and tells
repetitions by the id (docs/desk/notifications.md).
"""

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import aiohttp

from desk.channels.transport import TransportError
from desk.notifying.sending import Item, Letter, post_json
from store.addresses import read_secret
from store.database import Clock

_LONGEST_WAIT = timedelta(hours=1)


class WebhookSender:
    """Posts events to the firm's systems.

    Args:
        addresses: addresses by key, and secrets by ``key.secret``.
        desk: the public address of the desk, for links.
    """

    def __init__(self, session: aiohttp.ClientSession, addresses: dict[str, str], desk: str, clock: Clock) -> None:
        self._session = session
        self._addresses = addresses
        self._desk = desk
        self._clock = clock

    def reaches(self, target: str) -> bool:
        """Whether the settings hold both address and secret: nothing goes out unsigned."""
        return target in self._addresses and f"{target}.secret" in self._addresses

    async def send(self, letter: Letter) -> None:
        """As :class:`desk.notifying.sending.Sender`; a letter to a system holds one event."""
        if not self.reaches(letter.to):
            raise TransportError("its address or its secret is not set", permanent=True)
        (item,) = letter.items
        body, timestamp = as_json(item, self._desk), str(int(self._clock().timestamp()))
        headers = {
            "webhook-id": item.id,
            "webhook-timestamp": timestamp,
            "webhook-signature": sign(self._addresses[f"{letter.to}.secret"], item.id, timestamp, body),
            "Idempotency-Key": item.id,
        }
        status, _, retry_after = await post_json(self._session, self._addresses[letter.to], body, headers)
        if 200 <= status < 300:
            return
        passing = status >= 500 or status in (408, 425, 429)
        raise TransportError(f"HTTP {status}", permanent=not passing, retry_after=_wait(retry_after))


def as_json(item: Item, desk: str) -> bytes:
    """The body: what happened, in keys."""
    facts = item.facts
    link = f"{desk}/desk/conversations/{facts['conversation']}" if facts.get("conversation") else f"{desk}/desk/"
    told: dict[str, Any] = {"id": item.id, "kind": item.kind, "at": item.at.isoformat(), "link": link}
    told |= {key: facts.get(key) for key in ("case", "severity", "department", "reason", "clock", "due")}
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()


def sign(secret: str, message_id: str, timestamp: str, body: bytes) -> str:
    """The signature as its header has it: ``v1,`` and base64.

    Args:
        secret: ``whsec_`` and base64.
        timestamp: seconds since 1970.
    """
    signed = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(read_secret(secret), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def _wait(retry_after: str | None) -> timedelta | None:
    if retry_after is None or not retry_after.isascii() or not retry_after.isdigit() or len(retry_after) > 9:
        return None
    return min(timedelta(seconds=int(retry_after)), _LONGEST_WAIT)
