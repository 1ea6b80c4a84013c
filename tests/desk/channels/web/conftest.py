"""A served chat, and a visitor who uses it the way the page does."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient
from sqlalchemy import func, select

from actions.firm import Firm
from desk.app import Parts, make_app
from store.database import Database
from store.settings import Settings

Client = TestClient[web.Request, web.Application]


class Visitor:
    """One browser."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.session: dict[str, Any] = {}

    @property
    def headers(self) -> dict[str, str]:
        return {"X-Amends-Session": self.session["session"]}

    @property
    def external_id(self) -> str:
        return str(self.session["identity"]).removeprefix("web:")

    async def begin(self, **asked: str) -> "Visitor":
        response = await self.client.post("/chat/sessions", json=asked)
        assert response.status == 201
        self.session = await response.json()
        return self

    async def write(self, text: Any, key: Any = "one") -> ClientResponse:
        return await self.client.post("/chat/messages", json={"id": key, "text": text}, headers=self.headers)

    @asynccontextmanager
    async def listening(self, after: int | str | None = None) -> AsyncIterator["Stream"]:
        headers = self.headers if after is None else {**self.headers, "Last-Event-ID": str(after)}
        async with self.client.get("/chat/events", headers=headers) as response:
            assert response.status == 200
            assert response.content_type == "text/event-stream"
            yield Stream(response)


class Stream:
    """Reads server-sent events (WHATWG HTML, section 9.2.6)."""

    def __init__(self, response: ClientResponse) -> None:
        self._response = response

    async def next(self) -> tuple[str, str | None, dict[str, Any]]:
        """The next event's name, id and data.

        Raises:
            EOFError: the service has ended the stream.
        """
        fields: dict[str, str] = {}
        async with asyncio.timeout(10):
            while True:
                raw = await self._response.content.readline()
                if not raw:
                    raise EOFError
                line = raw.decode().rstrip("\r\n")
                if not line:
                    if fields:
                        return fields["event"], fields.get("id"), json.loads(fields["data"])
                elif not line.startswith(":"):
                    name, _, value = line.partition(": ")
                    fields[name] = value

    async def until_caught_up(self) -> list[dict[str, Any]]:
        """All messages before the next ``state``."""
        messages = []
        while True:
            name, number, data = await self.next()
            if name == "state":
                return messages
            assert number == str(data["number"])
            messages.append(data)

    async def next_of(self, wanted: str) -> dict[str, Any]:
        while True:
            name, _, data = await self.next()
            if name == wanted:
                return data


async def error_of(response: ClientResponse) -> tuple[int, str]:
    """Status and code; that the body has the one form of errors is checked on the way."""
    body = await response.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message"}
    return response.status, body["error"]["code"]


@pytest.fixture
async def client(
    settings: Settings,
    firm: Firm,
    sqlite_database: Database,
    aiohttp_client: Callable[[web.Application], Awaitable[Client]],
) -> Client:
    allowed = settings.model_copy(update={"widget_sites": ("https://shop.example",)})
    return await aiohttp_client(make_app(allowed, Parts(database=sqlite_database, firm=firm, workers=False)))


@pytest.fixture
def alice(client: Client) -> Visitor:
    return Visitor(client)


@pytest.fixture
def carol(client: Client) -> Visitor:
    return Visitor(client)


@pytest.fixture
def error() -> Callable[[ClientResponse], Awaitable[tuple[int, str]]]:
    return error_of


@pytest.fixture
def count(sqlite_database: Database) -> Callable[..., int]:
    """How many rows of a table there are."""

    def counted(table: type) -> int:
        with sqlite_database.reading() as work:
            return work.session.scalar(select(func.count()).select_from(table)) or 0

    return counted
