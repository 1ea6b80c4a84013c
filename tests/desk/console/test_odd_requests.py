"""What no browser sends: bytes that are no text, forms that are none, names that no store can look for."""

import asyncio

import pytest
from aiohttp.test_utils import TestServer

from desk.console.sessions import COOKIE
from desk.keys import SETTINGS
from store.database import Database
from tests.desk.console.conftest import Open

FORM = b"Content-Type: application/x-www-form-urlencoded"
PARTS = b"Content-Type: multipart/form-data; boundary=x"
PART = b'--x\r\nContent-Disposition: form-data; name="csrf"\r\n'


@pytest.fixture
def sqlite_database(postgresql_database: Database) -> Database:
    """PostgreSQL is the stricter one: it does not even look for the character NUL."""
    return postgresql_database


async def status_of(server: TestServer, first: bytes, *headers: bytes, body: bytes = b"") -> int:
    """What the service answers to these very bytes."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    length = b"Content-Length: %d" % len(body)
    lines = (first + b" HTTP/1.1", b"Host: desk", b"Connection: close", length, *headers)
    writer.write(b"\r\n".join(lines) + b"\r\n\r\n" + body)
    await writer.drain()
    status = int((await reader.readline()).split()[1])
    writer.close()
    return status


async def test_what_is_no_form_is_refused_not_stumbled_over(server: TestServer) -> None:
    for headers, body in (
        ((FORM,), b"\xff\xfe=\xff"),
        ((FORM + b"; charset=nothing",), b"a=b"),
        ((FORM, b"Content-Encoding: gzip"), b"not packed"),
        ((b"Content-Type: multipart/form-data",), b"a=b"),
        ((PARTS,), b"hello"),
        ((PARTS,), b"--x\r\nfoo"),
        ((PARTS,), b"--x\r\nContent-Disposition: form-data\r\n\r\nx\r\n--x--\r\n"),
        ((PARTS,), PART + b"\r\n\xff\r\n--x--\r\n"),
        ((PARTS,), PART + b"Content-Type: text/plain; charset=nothing\r\n\r\nx\r\n--x--\r\n"),
    ):
        assert await status_of(server, b"POST /desk/login", *headers, body=body) == 400, (headers, body)


async def test_a_form_is_read_once_our_own_script_is_known(server: TestServer, browser: Open) -> None:
    ada = await browser("ada")
    token = next(cookie.value for cookie in ada.client.session.cookie_jar if cookie.key == COOKIE)
    ours = (f"Cookie: {COOKIE}={token}".encode(), f"X-CSRF-Token: {ada.csrf}".encode(), FORM)
    assert await status_of(server, b"POST /desk/language", *ours, body=b"language=\xff") == 400
    assert await status_of(server, b"POST /desk/language", *ours, body=b"language=en") == 303


async def test_headers_may_hold_any_bytes(server: TestServer, browser: Open) -> None:
    await browser()
    assert await status_of(server, b"GET /desk/login", b"Cookie: amends_desk=\xff\xfe") == 200
    assert await status_of(server, b"POST /desk/login", b"X-CSRF-Token: \xff") == 403
    assert await status_of(server, b"GET /api/v1/cases", b"Authorization: Bearer \xff\xfe") == 401


@pytest.mark.parametrize(
    "path",
    ["settings/users/%00", "conversations/%00", "attachments/%00", "settings/firm/%00", "static/" + "a" * 300],
)
async def test_a_name_that_cannot_be_is_not_found(browser: Open, path: str) -> None:
    assert (await (await browser("ada")).get(f"/desk/{path}")).status == 404


async def test_the_api_refuses_what_the_store_cannot_keep(server: TestServer) -> None:
    secret = server.app[SETTINGS].secret("api_token")  # type: ignore[attr-defined]
    bearer = f"Authorization: Bearer {secret}".encode()
    order = b'"number":"1","total":1,"currency":"CNY"'
    for first, body, status in (
        (b"GET /api/v1/cases/%00", b"", 404),
        (b"GET /api/v1/conversations/rest:%00", b"", 404),
        (b"GET /api/v1/cases?identity=rest:%00", b"", 200),
        (b"POST /webhooks/rest/webhook", b'{"sender":"a\\u0000","message":"x"}', 422),
        (b"POST /api/v1/volumes", b'[{"day":"2026-01-01","process":"a\\u0000","opportunities":1}]', 422),
        (b"POST /api/v1/orders", b'[{%s,"placed_at":"0001-01-01T00:00:00+14:00","status":"x"}]' % order, 422),
        (b"POST /api/v1/orders", b'[{%s,"placed_at":"2026-01-01T00:00:00Z","status":"\\u0000"}]' % order, 422),
    ):
        assert await status_of(server, first, bearer, body=body) == status, first
