"""Calls that no program of good will makes get an error of the right class and the one form, and leave nothing."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import func, select

from actions.firm import Firm
from desk import errors
from desk.app import Parts, make_app
from store.database import Database
from store.settings import Settings, load_settings
from store.tables import Customer, InboxRow, Order, Volume
from tests.conftest import ROOT

Client = TestClient  # type: ignore[type-arg]
TOKEN = "a-token-for-odd-calls"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
WEBHOOK = "/webhooks/rest/webhook"
ORDER = {"number": "A1", "placed_at": "2026-11-18T08:00:00Z", "total": 1, "currency": "CNY", "status": "delivered"}
VOLUME = {"day": "2026-11-18", "process": "recovery", "opportunities": 1}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return load_settings(
        {"AMENDS_VAR": str(settings.var), "AMENDS_FIRM": str(ROOT / "data" / "firm"), "AMENDS_API_TOKEN": TOKEN}
    )


@pytest.fixture
async def client(settings: Settings, sqlite_database: Database, firm: Firm) -> AsyncIterator[Client]:
    app = make_app(settings, Parts(database=sqlite_database, firm=firm, workers=False))
    async with TestClient(TestServer(app)) as client:
        yield client


def count(database: Database, table: type) -> int:
    with database.begin() as work:
        return work.session.scalar(select(func.count()).select_from(table)) or 0


async def refused(client: Client, path: str, body: bytes, status: int, **headers: str) -> str:
    """Post; the message of the error, which has the one form."""
    async with client.post(path, data=body, headers={**BEARER, **headers}) as response:
        answer = await response.json()
        assert response.status == status, answer
    assert set(answer) == {"error"} and set(answer["error"]) == {"code", "message"}
    return str(answer["error"]["message"])


async def exchange(client: Client, sent: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send bytes as they are; status, head and body of the answer, after which the connection is closed."""
    reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(sent)
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    first, *lines = head.decode().split("\r\n")
    return int(first.split()[1]), dict(line.lower().split(": ", 1) for line in lines), body


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + b"s3cret" * 2000 + b"\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer s3cret\x00\r\n\r\n",
        b"GET /" + b"s3cret" * 2000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"s3cret\r\n\r\n",
        b"POST /webhooks/rest/webhook HTTP/1.1\r\nHost: x\r\nContent-Length: s3cret\r\n\r\n",
        b"POST /webhooks/rest/webhook HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\ns3cret\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Encoding: br\r\nContent-Length: 6\r\n\r\ns3cret",
    ],
)
async def test_what_is_no_http_is_told_in_the_one_form_and_not_repeated(client: Client, sent: bytes) -> None:
    status, head, body = await exchange(client, sent)
    assert status == 400
    assert head["content-type"].startswith("application/json")
    assert json.loads(body)["error"]["code"] == "bad_request"
    assert b"s3cret" not in body


@pytest.mark.parametrize("path", [WEBHOOK, "/chat/sessions", "/api/v1/orders"])
async def test_a_body_that_is_not_encoded_as_it_says_is_refused(client: Client, path: str) -> None:
    assert "cannot be read" in await refused(client, path, b"no gzip at all", 400, **{"Content-Encoding": "gzip"})
    cut = gzip.compress(b'{"sender": "x", "message": "x"}')[:-12]
    await refused(client, path, cut, 400, **{"Content-Encoding": "gzip"})


async def test_a_body_that_does_not_come_lets_the_connection_go(
    settings: Settings, sqlite_database: Database, firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errors, "BODY_SECONDS", 0.01)
    server = TestServer(make_app(settings, Parts(database=sqlite_database, firm=firm, workers=False)))
    # After the answer aiohttp reads on for so long, ten seconds otherwise, in case the rest of the body comes.
    await server.start_server(lingering_time=0.1)
    sent = b"POST /chat/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\nConnection: close\r\n\r\n{"
    async with TestClient(server) as client:
        status, _, body = await exchange(client, sent)
    assert status == 408
    assert json.loads(body)["error"]["code"] == "too_slow"


async def test_a_call_without_a_token_is_told_which_kind_is_wanted(client: Client) -> None:
    """RFC 9110, section 11.6.1: a 401 has a WWW-Authenticate."""
    async with client.get("/api/v1/cases?identity=rest:x") as response:
        assert response.status == 401
        assert response.headers["WWW-Authenticate"] == "Bearer"


async def test_what_is_told_of_customers_is_kept_by_nobody_on_the_way(client: Client) -> None:
    async with client.get("/api/v1/cases?identity=rest:x", headers=BEARER) as response:
        assert response.status == 200
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert "aiohttp" not in response.headers["Server"]


@pytest.mark.parametrize("name", ["nothing.js", "..%2fviews.py", "%00"])
async def test_a_part_of_the_page_that_is_not_there_is_told_like_any_other(client: Client, name: str) -> None:
    async with client.get(f"/chat/static/{name}") as response:
        assert response.status == 404
        assert (await response.json())["error"]["code"] == "not_found"


UNSEEN = ["\u200b", "\u200b\u2060\ufeff", " \u200d\n", "\u00ad", "\u3164", "\u2800", "\ufe0f", "\0", "\x07"]


@pytest.mark.parametrize("text", UNSEEN)
async def test_a_text_in_which_nothing_can_be_seen_is_empty(
    client: Client, sqlite_database: Database, text: str
) -> None:
    for body in ({"sender": "li", "message": text}, {"sender": text, "message": "late"}):
        assert "must not" in await refused(client, WEBHOOK, json.dumps(body).encode(), 422)
    async with client.post("/chat/sessions", json={}) as response:
        session = (await response.json())["session"]
    body = {"id": "one", "text": text}
    assert "empty" in await refused(
        client, "/chat/messages", json.dumps(body).encode(), 422, **{"X-Amends-Session": session}
    )
    assert count(sqlite_database, InboxRow) == 0


@pytest.mark.parametrize("text", ["👨\u200d👩\u200d👧", "❤\ufe0f", "\u202e迟到\u202c", "。", "\ud800"])
async def test_a_text_in_which_something_can_be_seen_is_taken(
    client: Client, sqlite_database: Database, text: str
) -> None:
    async with client.post("/chat/sessions", json={}) as response:
        session = (await response.json())["session"]
    async with client.post(
        "/chat/messages", json={"id": "one", "text": text}, headers={"X-Amends-Session": session}
    ) as response:
        assert response.status == 202
    assert count(sqlite_database, InboxRow) == 1


async def test_a_number_without_end_is_refused(client: Client, sqlite_database: Database) -> None:
    """PostgreSQL keeps no infinity in JSON."""
    body = b'{"sender": "li", "message": "late", "metadata": {"weight": 1e999}}'
    await refused(client, WEBHOOK, body, 400)
    assert count(sqlite_database, Customer) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"placed_at": 0},
        {"placed_at": "1700000000"},
        {"delivered_at": 5.5},
        # Customers say their digits as 1234, whichever way they type them.
        {"phone_last4": "１２３４"},
    ],
)
async def test_an_order_that_would_be_misread_is_refused(
    client: Client, sqlite_database: Database, wrong: dict[str, Any]
) -> None:
    body = json.dumps([ORDER, {**ORDER, "number": "A2", **wrong}]).encode()
    assert f"1.{next(iter(wrong))}" in await refused(client, "/api/v1/orders", body, 422)
    assert count(sqlite_database, Order) == 0


@pytest.mark.parametrize("day", [0, "0", "1700000000", 20261118])
async def test_a_day_that_is_a_number_is_refused(client: Client, sqlite_database: Database, day: Any) -> None:
    body = json.dumps([{**VOLUME, "day": day}]).encode()
    assert "0.day" in await refused(client, "/api/v1/volumes", body, 422)
    assert count(sqlite_database, Volume) == 0


async def test_moments_and_days_are_read_as_they_are_written(client: Client, sqlite_database: Database) -> None:
    for path, body in (("orders", ORDER), ("volumes", VOLUME)):
        async with client.post(f"/api/v1/{path}", json=[body], headers=BEARER) as response:
            assert (response.status, await response.json()) == (200, {"kept": 1})
    with sqlite_database.begin() as work:
        order = work.session.scalars(select(Order)).one()
        assert order.placed_at == datetime(2026, 11, 18, 8, tzinfo=UTC)
        assert work.session.scalars(select(Volume.day)).one().isoformat() == "2026-11-18"


async def test_a_caller_who_waits_when_the_service_is_stopped_is_told_that_the_answer_comes_later(
    settings: Settings, sqlite_database: Database, firm: Firm
) -> None:
    patient = settings.model_copy(update={"answer_within_seconds": 120})
    app = make_app(patient, Parts(database=sqlite_database, firm=firm, workers=False))
    async with TestClient(TestServer(app)) as client:
        body = {"sender": "li", "message": "the parcel is late"}
        call = asyncio.create_task(client.post(WEBHOOK, json=body, headers=BEARER))
        while not count(sqlite_database, InboxRow):  # noqa: ASYNC110 - a row tells nobody that it is there
            await asyncio.sleep(0.01)
        await app.shutdown()
        async with asyncio.timeout(60):
            response = await call
        assert (response.status, await response.json()) == (202, [])
