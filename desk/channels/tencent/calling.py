"""The one place that calls Tencent: tokens, a second try with a new one, error codes, limits of time and size.

The token is a parameter of the address, as Tencent wants it, so no address is ever logged or told, only paths.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import structlog

from desk.channels.tencent.calls import Refused, TooLarge
from desk.channels.tencent.error_codes import NEEDS_A_PERSON, Disposition, disposition
from desk.channels.tencent.tokens import AccessToken, AccessTokens, Source

__all__ = ["Caller", "Downloaded", "Refused", "TooLarge", "Wire", "check"]

log = structlog.get_logger()

TIMEOUT_SECONDS = 10.0
# A file may take longer than words.
FILE_SECONDS = 60.0
# How errors name a call to an address that Tencent gave, which may hold a key of its own.
_AT_AN_ADDRESS = "file"
_TENCENTS = (".qq.com", ".qpic.cn", ".qlogo.cn")
# A page of a thousand messages fits.
_ANSWER_AT_MOST = 8 * 1024 * 1024
_PIECE = 64 * 1024
# "请求频率超限": counted by the minute.
_A_MINUTE = timedelta(minutes=1)
_TOO_OFTEN = {("mp", 45011), ("wecom", 45009), ("wecom", 45033), ("wecom-kf", 45009), ("wecom-kf", 45033)}


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A file, or the JSON that came instead of one.

    Attributes:
        is_json: Tencent's own words, and no file of a customer's.
    """

    data: bytes
    name: str
    media_type: str
    is_json: bool


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: bytes
    headers: Mapping[str, str]

    def json(self) -> dict[str, Any] | None:
        try:
            # A name that their customer's phone made may hold anything.
            found = json.loads(self.body.decode("utf-8", errors="replace"))
        except (ValueError, RecursionError):
            return None
        return found if isinstance(found, dict) else None


class Wire:
    """Sends a request and reads what comes back; knows nothing of tokens.

    Args:
        base: the address that paths are added to.
    """

    def __init__(self, session: aiohttp.ClientSession, base: str) -> None:
        self._session = session
        self._base = base

    async def send(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        *,
        body: Mapping[str, Any] | None = None,
        limit: int = _ANSWER_AT_MOST,
        seconds: float = TIMEOUT_SECONDS,
    ) -> _Answer:
        """One request: certificates verified, no redirect followed, nothing beyond ``limit`` bytes read.

        Raises:
            Refused: there was no answer, or not in time.
            TooLarge: the answer is longer.
        """
        data: bytes | None = None
        headers: dict[str, str] = {}
        if body is not None:
            # Not escaped: Tencent shows escapes as they stand, and counts them.
            data = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", errors="replace")
            headers["Content-Type"] = "application/json; charset=utf-8"
        return await self._send(method, self._base + path, path, dict(query), data, headers, limit, seconds)

    def may_fetch(self, address: str) -> bool:
        """Whether a file's address is one of Tencent's own, or of the server that we call."""
        try:
            parts, base = urlsplit(address), urlsplit(self._base)
            if (parts.scheme, parts.hostname, parts.port) == (base.scheme, base.hostname, base.port):
                return True
            usual = parts.scheme in ("http", "https") and parts.port in (None, 80, 443) and parts.username is None
        except ValueError:
            return False
        return usual and parts.hostname is not None and parts.hostname.endswith(_TENCENTS)

    async def fetch(self, address: str, limit: int) -> _Answer:
        """A file from an address that :meth:`may_fetch` allows.

        Raises:
            Refused: there was no answer, or not in time.
            TooLarge: the answer is longer.
        """
        return await self._send("GET", address, _AT_AN_ADDRESS, {}, None, {}, limit, FILE_SECONDS)

    async def _send(
        self,
        method: str,
        address: str,
        path: str,
        query: dict[str, str],
        data: bytes | None,
        headers: dict[str, str],
        limit: int,
        seconds: float,
    ) -> _Answer:
        try:
            async with self._session.request(
                method,
                address,
                params=query,
                data=data,
                headers={"User-Agent": "Amends", **headers},
                timeout=aiohttp.ClientTimeout(total=seconds, connect=TIMEOUT_SECONDS / 2),
                allow_redirects=False,
            ) as response:
                read = bytearray()
                while piece := await response.content.read(_PIECE):
                    read += piece
                    if len(read) > limit:
                        raise TooLarge(path)
                return _Answer(response.status, bytes(read), response.headers)
        except (aiohttp.ConnectionTimeoutError, aiohttp.ClientConnectorError) as error:
            # It was never sent.
            log.info("channel cannot be reached", path=path, error=type(error).__name__)
            raise Refused(None, Disposition.PASSES, path, not_taken=True) from None
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            # By its kind alone: its words may hold the address.
            log.info("channel did not answer", path=path, error=type(error).__name__)
            raise Refused(None, Disposition.PASSES, path, not_taken=False) from None


def check(answer: _Answer, path: str, api: str) -> dict[str, Any]:
    """The JSON of an answer.

    Raises:
        Refused: it is none, or holds an error code.
    """
    found = answer.json() if answer.status == 200 else None
    code = found.get("errcode", 0) if found is not None else None
    if found is None or not isinstance(code, int):
        # No answer of Tencent's; a proxy's passes, and what is refused before it came there was not taken.
        raise Refused(None, Disposition.PASSES, path, not_taken=400 <= answer.status < 500)
    if code != 0:
        wait = _A_MINUTE if (api, code) in _TOO_OFTEN else None
        # Busy: Tencent does not say how far it came.
        raise Refused(code, disposition(api, code), path, not_taken=code != -1, retry_after=wait)
    return found


class Caller:
    """Calls Tencent for one account, with its token; asks for another token once where it is refused.

    Args:
        api: which table of error codes holds (:func:`desk.channels.tencent.error_codes.disposition`).
    """

    def __init__(self, wire: Wire, tokens: AccessTokens, source: Source, api: str) -> None:
        self._wire = wire
        self._tokens = tokens
        self._source = source
        self._api = api

    async def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Post JSON.

        Raises:
            Refused: it was not taken, or nobody knows.
        """
        return await self._with_token(path, lambda query: self._wire.send("POST", path, query, body=body))

    async def try_token(self) -> None:
        """See that a token can be had, whatever is kept, and whatever was wrong a moment ago.

        Raises:
            Refused: there is none to be had.
        """
        await self._tokens.ask(self._source)

    async def ask(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        """Get JSON without a token, from an address that takes the account's secret instead.

        Raises:
            Refused: there is none.
        """
        try:
            return check(await self._wire.send("GET", path, query), path, self._api)
        except Refused as error:
            await self._note(path, error)
            raise

    async def download(self, path: str, parameters: Mapping[str, str], limit: int) -> Downloaded:
        """Get a file of at most ``limit`` bytes.

        Raises:
            TooLarge: it is larger.
            Refused: there is none, or it could not be had.
        """
        came: list[_Answer] = []

        async def fetch(query: Mapping[str, str]) -> _Answer:
            answer = await self._wire.send("GET", path, {**parameters, **query}, limit=limit, seconds=FILE_SECONDS)
            came.append(answer)
            if answer.status == 200 and not _is_json(answer):
                # A file is taken as it is; only JSON can hold an error.
                return _Answer(200, b"{}", answer.headers)
            return answer

        await self._with_token(path, fetch)
        answer = came[-1]
        return _downloaded(answer)

    def may_fetch(self, address: str) -> bool:
        """Whether a file's address is one of Tencent's own, or of the server that named it."""
        return self._wire.may_fetch(address)

    async def fetch_address(self, address: str, limit: int) -> Downloaded:
        """Get a file from an address that Tencent gave; no token goes there.

        Raises:
            TooLarge: it is larger than ``limit`` bytes.
            Refused: it could not be had.
        """
        answer = await self._wire.fetch(address, limit)
        if answer.status != 200:
            raise Refused(None, Disposition.PASSES if answer.status >= 500 else Disposition.OTHER, _AT_AN_ADDRESS)
        return _downloaded(answer)

    async def _with_token(self, path: str, send: Callable[[Mapping[str, str]], Awaitable[_Answer]]) -> dict[str, Any]:
        token = await self._tokens.current(self._source)
        try:
            found = await self._try(path, send, token)
        except Refused as error:
            if error.disposition != Disposition.TOKEN:
                raise
            token = await self._tokens.current(self._source, refused=token)
            found = await self._try(path, send, token, last=True)
        if path in token.faulty:
            await self._tokens.note_well(self._source, path)
        return found

    async def _try(
        self,
        path: str,
        send: Callable[[Mapping[str, str]], Awaitable[_Answer]],
        token: AccessToken,
        last: bool = False,
    ) -> dict[str, Any]:
        try:
            return check(await send({"access_token": token.value}), path, self._api)
        except Refused as error:
            # Refused for its token once, it is tried again.
            if last or error.disposition != Disposition.TOKEN:
                await self._note(path, error)
            raise

    async def _note(self, path: str, error: Refused) -> None:
        """Note what was refused; the log has its path and code, and nothing of what was said."""
        log.info(
            "channel refused",
            channel=self._source.channel,
            account=self._source.account,
            path=path,
            errcode=error.code,
            disposition=error.disposition,
        )
        if error.disposition in NEEDS_A_PERSON and error.code is not None:
            await self._tokens.note_fault(self._source, path, error.code)


def _downloaded(answer: _Answer) -> Downloaded:
    return Downloaded(answer.body, _file_name(answer.headers), _media_type(answer.headers), _is_json(answer))


def _is_json(answer: _Answer) -> bool:
    # Errors come as text, too. What comes as a file is a customer's, and may hold what looks like an error: it must
    # neither cost the account its token nor stop it for the day.
    kind = _media_type(answer.headers)
    return kind in ("application/json", "text/plain") and "Content-Disposition" not in answer.headers


def _media_type(headers: Mapping[str, str]) -> str:
    return headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _file_name(headers: Mapping[str, str]) -> str:
    """The name in ``Content-Disposition`` (RFC 6266); empty where there is none."""
    message = EmailMessage()
    try:
        # Names in Chinese come as bytes of UTF-8, which headers show as the surrogates of aiohttp's reading.
        raw = headers.get("Content-Disposition", "").encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        message["Content-Disposition"] = raw.replace("\r", " ").replace("\n", " ")
        return message.get_filename("") or ""
    except (ValueError, LookupError, UnicodeError):
        return ""
