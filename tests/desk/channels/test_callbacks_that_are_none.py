"""Calls that are hardly HTTP: nobody learns from them which accounts there are, and the log keeps nothing of them."""

import asyncio
import io
import logging
from collections.abc import AsyncIterator, Iterator

import pytest
from aiohttp.test_utils import TestServer

from actions.firm import Firm
from desk.app import Parts, make_app
from desk.channels import callbacks
from desk.channels.accounts import Accounts, OfficialAccount, WeChatAccount
from desk.channels.wechat.codec import Credentials
from store.database import Database
from store.logging import WithoutWhatTheySent
from store.settings import Settings


@pytest.fixture
async def server(settings: Settings, sqlite_database: Database, firm: Firm) -> AsyncIterator[TestServer]:
    file = OfficialAccount(key="main", app_id="wx0123456789abcdef", mode="plain")
    account = WeChatAccount(file, Credentials("token", file.app_id, "plain"), "secret")
    parts = Parts(database=sqlite_database, firm=firm, accounts=Accounts(wechat={"main": account}), workers=False)
    async with TestServer(make_app(settings, parts)) as running:
        yield running


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    told = io.StringIO()
    handler = logging.StreamHandler(told)
    handler.addFilter(WithoutWhatTheySent())
    logging.getLogger("aiohttp.server").addHandler(handler)
    yield told
    logging.getLogger("aiohttp.server").removeHandler(handler)


async def call(server: TestServer, request: bytes) -> bytes:
    """What comes back, without the time of day; the server would read on, the rest of a body may come yet."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    [length] = [line.split(b": ")[1] for line in head.split(b"\r\n") if line.startswith(b"Content-Length")]
    answer = head + await reader.readexactly(int(length))
    writer.close()
    return b"\r\n".join(line for line in answer.split(b"\r\n") if not line.startswith(b"Date:"))


async def test_accounts_cannot_be_told_apart_by_how_long_a_body_is_waited_for(
    server: TestServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(callbacks, "_READ_SECONDS", 0.05)
    answers = set()
    for path in ("wechat/main", "wechat/nobody", "wecom/nobody"):
        head = f"POST /channels/{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 100\r\n\r\n"
        answers.add(await call(server, head.encode() + b"<xml>"))
    assert len(answers) == 1 and answers.pop().startswith(b"HTTP/1.1 403")
    # All were waited for.
    assert capsys.readouterr().out.count("too_slow") == 3


@pytest.mark.parametrize(
    "request_line",
    [
        b"POST /channels/wechat/main?signature=hush HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\n"
        b"Content-Length: 4\r\n\r\nhush",
        b"POST /channels/wechat/main?a=\x00hush HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /channels/wechat/main HTTP/1.1\r\nHost: x\r\nhush\x01: \xff\r\n\r\n",
    ],
)
async def test_what_is_no_request_leaves_neither_traceback_nor_words_in_the_log(
    request_line: bytes, server: TestServer, log: io.StringIO
) -> None:
    answer = await call(server, request_line)
    assert answer.startswith((b"HTTP/1.1 403", b"HTTP/1.0 400"))
    # It is told after the answer, before the server has stopped.
    await server.close()
    told = log.getvalue()
    assert told.startswith("request cannot be read: ")
    assert "Traceback" not in told and "hush" not in told and "127.0.0.1" not in told
