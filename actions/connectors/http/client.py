"""One small client for all of the firm's systems: signed, bounded in time and size, never redirected.

Synchronous: connectors are called from worker threads, outside any transaction (actions/carrying_out.py).
"""

import json
import re
import ssl
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, TypeVar

import urllib3
from pydantic import BaseModel, ValidationError

from actions.connectors.errors import ConnectorError, refusal
from actions.connectors.http.signing import KEY_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, sign
from store.database import Clock, utc_now

Answer = TypeVar("Answer", bound=BaseModel)

# An order with hundreds of items fits; what is longer is not read.
_MOST_BYTES = 256 * 1024
_PIECE = 16 * 1024
_LONGEST_WAIT = timedelta(hours=1)
_CONNECT_SECONDS = 5.0
_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")


@cache
def _trusting_the_machine() -> ssl.SSLContext:
    """Checks certificates against those that the machine trusts; reading them takes a while, so once a process."""
    return ssl.create_default_context()


class SystemClient:
    """Calls one of the firm's systems.

    Args:
        system: how errors name it.
        base: its address, such as ``https://pay.example/amends``.
        secret: ``whsec_`` and base64.
        time_limit: for a whole call, its answer read.
    """

    def __init__(self, system: str, base: str, secret: str, time_limit: timedelta, clock: Clock = utc_now) -> None:
        self._system = system
        self._base = base
        self._secret = secret
        self._seconds = time_limit.total_seconds()
        self._clock = clock
        self._tls = _trusting_the_machine()

    def post(self, path: str, key: str, body: Mapping[str, Any], answer: type[Answer]) -> Answer:
        """Have something done, once for ``key``.

        Raises:
            ConnectorError: it was refused, or it is not known whether it was done.
        """
        content = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        status, said, retry_after = self._call("POST", path, key, content)
        if not 200 <= status < 300:
            raise refusal(self._system, status, _code(said), retry_after)
        return self._read(answer, said)

    def get(self, path: str, answer: type[Answer]) -> Answer | None:
        """Ask for something; None where there is none.

        Raises:
            ConnectorError: the system could not be asked.
        """
        status, said, retry_after = self._call("GET", path, "", b"")
        if status == 404:
            return None
        if status != 200:
            raise refusal(self._system, status, _code(said), retry_after)
        return self._read(answer, said)

    def _call(self, method: str, path: str, key: str, body: bytes) -> tuple[int, bytes, timedelta | None]:
        timestamp = str(int(self._clock().timestamp()))
        # As it is sent: dots and escapes in the address are made uniform on the way.
        target = urllib3.util.parse_url(self._base + path)
        headers = {
            TIMESTAMP_HEADER: timestamp,
            SIGNATURE_HEADER: sign(self._secret, method, target.request_uri, timestamp, key, body),
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Connection": "close",
            "User-Agent": "Amends",
        }
        if key:
            headers |= {KEY_HEADER: key, "Content-Type": "application/json"}
        deadline = time.monotonic() + self._seconds
        limit = urllib3.Timeout(connect=min(_CONNECT_SECONDS, self._seconds), read=self._seconds)
        try:
            # A connection serves one call: what a server sends twice would be taken for the answer to the next one.
            # Nothing is tried again here, since who calls decides that; no proxy is taken from the environment.
            with urllib3.PoolManager(retries=False, ssl_context=self._tls) as pool:
                response = pool.request(
                    method,
                    target.url,
                    body=body or None,
                    headers=headers,
                    timeout=limit,
                    redirect=False,
                    preload_content=False,
                    decode_content=False,
                )
                try:
                    said = self._read_all(response, deadline)
                finally:
                    response.close()
        except (urllib3.exceptions.HTTPError, OSError) as error:
            # By its kind alone: its words may hold the address.
            raise ConnectorError(f"{self._system}: {type(error).__name__}", permanent=False) from error
        return response.status, said, self._wait(response.headers.get("Retry-After"))

    def _read_all(self, response: urllib3.BaseHTTPResponse, deadline: float) -> bytes:
        said = bytearray()
        while piece := response.read1(_PIECE):
            said += piece
            if len(said) > _MOST_BYTES:
                raise ConnectorError(f"{self._system}: the answer is too long", permanent=False)
            if time.monotonic() > deadline:
                raise ConnectorError(f"{self._system}: the answer takes too long", permanent=False)
        return bytes(said)

    def _read(self, answer: type[Answer], said: bytes) -> Answer:
        try:
            return answer.model_validate_json(said)
        except ValidationError as error:
            # It may well have been done: asked again, the system may say so in a way that can be read.
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            place = ".".join(str(part) for part in first["loc"]) or "the answer"
            raise ConnectorError(f"{self._system}: {place}: {first['msg']}", permanent=False) from None

    def _wait(self, retry_after: str | None) -> timedelta | None:
        """``Retry-After`` in seconds or as a date (RFC 9110, 10.2.3); at most an hour."""
        if retry_after is None:
            return None
        if retry_after.isascii() and retry_after.isdigit():
            return min(timedelta(seconds=int(retry_after[:9])), _LONGEST_WAIT)
        try:
            moment = parsedate_to_datetime(retry_after)
        except (ValueError, OverflowError):
            return None
        return min(max(_aware(moment) - self._clock(), timedelta(0)), _LONGEST_WAIT)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _code(said: bytes) -> str | None:
    """``{"error": {"code": …}}``; a key only, since other words of theirs may tell of a customer."""
    try:
        code = json.loads(said)["error"]["code"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    return code if isinstance(code, str) and _CODE.fullmatch(code) else None
