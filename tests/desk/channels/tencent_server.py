"""A small server that answers like Tencent's where our clients call it: tokens that end, errors on demand."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from desk.channels.accounts import Accounts, read_accounts
from desk.channels.clients import Clients, make_clients
from store.database import Database
from store.settings import load_settings

AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
SECRETS = {
    "wechat.main.token": "maintoken",
    "wechat.main.app_secret": "main-app-secret",
    "wechat.main.encoding_aes_key": AES_KEY,
    "wecom.service.token": "servicetoken",
    "wecom.service.secret": "service-secret",
    "wecom.service.encoding_aes_key": AES_KEY,
}
SESSION_KEY = "a session key of the tests"
Answer = dict[str, Any] | Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Call:
    """What came in; the token stands apart."""

    path: str
    query: dict[str, str]
    body: Any
    token: str | None


@dataclass
class TencentServer:
    """Answers ``errcode`` 0 where nothing else was told.

    Attributes:
        answers: by path, used up one after the other.
        good: the token that is accepted; ``""`` accepts none.
        expires_in: seconds that a new token is said to last.
        hold: where set, calls for a token wait for it.
        asked: somebody has asked for a token.
    """

    answers: dict[str, deque[Answer]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    good: str | None = None
    made: int = 0
    expires_in: int = 7200
    hold: asyncio.Event | None = None
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    force: list[bool] = field(default_factory=list)
    address: str = ""

    def answer(self, path: str, *answers: Answer) -> None:
        self.answers.setdefault(path, deque()).extend(answers)

    def to(self, path: str) -> list[Call]:
        return [call for call in self.calls if call.path == path]

    async def handle(self, request: web.Request) -> web.StreamResponse:
        query = dict(request.query)
        token = query.pop("access_token", None)
        raw = await request.read()
        body = json.loads(raw) if request.content_type == "application/json" else raw
        self.calls.append(Call(request.path, query, body, token))
        if self.answers.get(request.path):
            answer = self.answers[request.path].popleft()
            return web.json_response(answer) if isinstance(answer, dict) else await answer(request)
        if request.path in ("/cgi-bin/stable_token", "/cgi-bin/gettoken"):
            return await self._token(body if isinstance(body, dict) else {})
        if self.good is not None and token != self.good:
            return web.json_response({"errcode": 42001, "errmsg": "access_token expired"})
        return web.json_response({"errcode": 0, "errmsg": "ok"})

    async def _token(self, body: dict[str, Any]) -> web.StreamResponse:
        self.asked.set()
        if self.hold is not None:
            await self.hold.wait()
        self.force.append(bool(body.get("force_refresh")))
        self.made += 1
        self.good = f"token-{self.made}"
        return web.json_response({"access_token": self.good, "expires_in": self.expires_in})


@asynccontextmanager
async def tencent() -> AsyncIterator[TencentServer]:
    """The server, running."""
    found = TencentServer()
    app = web.Application(client_max_size=32 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", found.handle)
    async with TestServer(app) as server:
        found.address = str(server.make_url("")).rstrip("/")
        yield found


def write_channels(folder: Path, address: str) -> None:
    """A file with one account on each channel, at ``address``."""
    folder.mkdir(exist_ok=True)
    (folder / "channels.yml").write_text(
        f"""
wechat:
  - key: main
    name: 云杉商城
    app_id: wx0123456789abcdef
    api: {address}
    authorize: {address}
    menus: true
wecom:
  - key: service
    corp_id: ww0123456789abcdef
    api: {address}
    open_kfids: [kf1, kf2]
""",
        encoding="utf-8",
    )


def secrets_setting(**changed: str | None) -> str:
    """The setting that holds the accounts' secrets; ``None`` leaves one out (``.`` as ``__``)."""
    found = {**SECRETS, **{name.replace("__", "."): value for name, value in changed.items()}}
    return "\n".join(f"{name}={value}" for name, value in found.items() if value is not None)


def make_accounts(folder: Path, address: str) -> Accounts:
    """One account on each channel, at ``address``."""
    write_channels(folder, address)
    settings = load_settings({"AMENDS_FIRM": str(folder), "AMENDS_CHANNEL_SECRETS": secrets_setting()})
    return read_accounts(settings)


@asynccontextmanager
async def clients_of(accounts: Accounts, database: Database) -> AsyncIterator[Clients]:
    """Clients as one process has them."""
    async with aiohttp.ClientSession() as session:
        yield make_clients(accounts, session, database, SESSION_KEY)
