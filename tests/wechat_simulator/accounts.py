"""What the official account and WeCom have in common on Tencent's side: access tokens, media, bad days."""

import asyncio
import secrets
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from aiohttp import web

from tests.wechat_simulator.callbacks import Callbacks
from tests.wechat_simulator.clock import MovableClock
from tests.wechat_simulator.sealing import Seal

TOKEN_LIVES = timedelta(seconds=7200)
# After a new token was given, the one before is good for a little longer (Tencent, getAccessToken).
OVERLAP = timedelta(minutes=5)
MEDIA_LIVES = timedelta(days=3)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Refusal(Exception):
    """An answer with an error code."""

    def __init__(self, code: int, message: str = "refused by the simulator") -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Mischief(StrEnum):
    """What may happen to a call instead of a good answer; the second word says whether it was carried out by then."""

    NONE = "none"
    BUSY_UNDONE = "busy_undone"  # -1
    OFTEN_UNDONE = "often_undone"  # 45011
    SLOW_DONE = "slow_done"
    CLOSES_UNDONE = "closes_undone"
    CLOSES_DONE = "closes_done"
    FAILS_UNDONE = "fails_undone"  # 502 with a page
    BABBLES_UNDONE = "babbles_undone"  # 200 and no JSON


@dataclass
class Media:
    data: bytes
    name: str
    media_type: str
    until: datetime


@dataclass
class Token:
    until: datetime
    current: bool = True


@dataclass
class Books:
    """What a test holds against the service.

    Attributes:
        calls: how often each path was called.
        codes: how often each error code was answered, by path and code; those that a test ordered do not count.
        mischief: how often each happened.
        breaches: sends that the windows or quotas did not allow: ``(external id, code)``.
        unsigned: calls with a token that was never given.
    """

    calls: Counter[str] = field(default_factory=Counter)
    codes: Counter[tuple[str, int]] = field(default_factory=Counter)
    mischief: Counter[Mischief] = field(default_factory=Counter)
    breaches: list[tuple[str, int]] = field(default_factory=list)
    unsigned: int = 0


class Account:
    """One account's servers.

    Attributes:
        ordered: error codes to answer next, by path.
        planned: mischief to make next, by path.
        slow_seconds: how long a slow answer takes.
    """

    def __init__(self, clock: MovableClock, secret: str, seal: Seal) -> None:
        self.clock = clock
        self.secret = secret
        self.seal = seal
        self.callbacks = Callbacks()
        self.tokens: dict[str, Token] = {}
        self.media: dict[str, Media] = {}
        self.books = Books()
        self.ordered: dict[str, deque[int]] = defaultdict(deque)
        self.planned: dict[str, deque[Mischief]] = defaultdict(deque)
        self.slow_seconds = 3.0

    def give_token(self, *, stable: bool) -> tuple[str, int]:
        """A token and the seconds it lives; a stable one is the same until it ends."""
        now = self.clock()
        if stable:
            for name, token in self.tokens.items():
                if token.current and token.until > now + OVERLAP:
                    return name, int((token.until - now).total_seconds())
        for token in self.tokens.values():
            token.current, token.until = False, min(token.until, now + OVERLAP)
        name = secrets.token_urlsafe(48)
        self.tokens[name] = Token(now + TOKEN_LIVES)
        return name, int(TOKEN_LIVES.total_seconds())

    def forget_tokens(self) -> None:
        """All tokens end at once, as after the secret was changed."""
        self.tokens.clear()

    def check_token(self, name: str) -> None:
        """As every call begins."""
        token = self.tokens.get(name)
        if not name:
            raise Refusal(41001, "access_token missing")
        if token is None:
            self.books.unsigned += 1
            raise Refusal(40001, "invalid credential, access_token is invalid or not latest")
        if self.clock() >= token.until:
            raise Refusal(42001, "access_token expired")

    def keep(self, data: bytes, name: str, media_type: str) -> str:
        """Keep a file for three days; its media id."""
        media_id = secrets.token_urlsafe(24)
        self.media[media_id] = Media(data, name, media_type, self.clock() + MEDIA_LIVES)
        return media_id

    async def answer(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer a call, with the mischief and the codes that a test planned for it."""
        path = request.path
        self.books.calls[path] += 1
        mischief = self.planned[path].popleft() if self.planned[path] else Mischief.NONE
        self.books.mischief[mischief] += 1
        if mischief is Mischief.CLOSES_UNDONE:
            return _hang_up(request)
        if mischief is Mischief.FAILS_UNDONE:
            return web.Response(status=502, text="<html>Bad Gateway</html>", content_type="text/html")
        if mischief is Mischief.BABBLES_UNDONE:
            return web.Response(text="<html>busy</html>", content_type="text/html")
        if mischief in (Mischief.BUSY_UNDONE, Mischief.OFTEN_UNDONE):
            code = -1 if mischief is Mischief.BUSY_UNDONE else 45011
            return web.json_response({"errcode": code, "errmsg": "system error"})
        if self.ordered[path]:
            return web.json_response({"errcode": self.ordered[path].popleft(), "errmsg": "ordered by a test"})
        try:
            response = await handler(request)
        except Refusal as refusal:
            self.books.codes[path, refusal.code] += 1
            response = web.json_response({"errcode": refusal.code, "errmsg": refusal.message})
        if mischief is Mischief.SLOW_DONE:
            await asyncio.sleep(self.slow_seconds)
        if mischief is Mischief.CLOSES_DONE:
            return _hang_up(request)
        return response

    async def media_get(self, request: web.Request) -> web.StreamResponse:
        self.check_token(request.query.get("access_token", ""))
        found = self.media.get(request.query.get("media_id", ""))
        if found is None or self.clock() >= found.until:
            raise Refusal(40007, "invalid media_id")
        return web.Response(
            body=found.data,
            content_type=found.media_type,
            headers={"Content-Disposition": f'attachment; filename="{found.name}"'},
        )


async def json_of(request: web.Request) -> dict[str, Any]:
    """The body of a call.

    Raises:
        Refusal: it is no JSON object.
    """
    try:
        body = await request.json()
    except ValueError:
        raise Refusal(47001, "data format error") from None
    if not isinstance(body, dict):
        raise Refusal(47001, "data format error")
    return body


def fine(more: dict[str, Any] | None = None) -> web.Response:
    return web.json_response({"errcode": 0, "errmsg": "ok", **(more or {})})


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()
