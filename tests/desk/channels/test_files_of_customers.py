"""A customer's file is a file, whatever it says of itself."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from desk.channels.clients import Clients
from store.database import Database
from store.tables import ChannelAccount
from tests.desk.channels.tencent_server import TencentServer, clients_of, make_accounts, tencent


@pytest.fixture
async def there() -> AsyncIterator[TencentServer]:
    async with tencent() as server:
        yield server


@pytest.fixture
async def clients(tmp_path: Path, sqlite_database: Database, there: TencentServer) -> AsyncIterator[Clients]:
    async with clients_of(make_accounts(tmp_path / "firm", there.address), sqlite_database) as found:
        yield found


@pytest.mark.parametrize("media_type", ["application/json; encoding=utf-8", "text/plain"])
@pytest.mark.parametrize("name", ["order.json", ""])
@pytest.mark.parametrize("words", ['{"errcode": 45009}', '{"errcode": 40001}', '{"video_url": "%s/elsewhere"}'])
async def test_a_file_that_reads_like_an_answer_of_tencents_is_none(
    words: str, name: str, media_type: str, clients: Clients, there: TencentServer, sqlite_database: Database
) -> None:
    content = (words % there.address if "%s" in words else words).encode()

    async def give(_: web.Request) -> web.StreamResponse:
        headers = {"Content-Type": media_type, "Content-Disposition": f'attachment; filename="{name}"'}
        return web.Response(body=content, headers=headers)

    there.answer("/cgi-bin/media/get", give)
    came = await clients.wechat["main"].fetch_media("M1")
    assert (came.data, came.name) == (content, name)
    # Neither was the token replaced, nor the account stopped, nor another address called.
    assert [call.path for call in there.calls] == ["/cgi-bin/stable_token", "/cgi-bin/media/get"]
    with sqlite_database.reading() as work:
        known = work.session.get_one(ChannelAccount, ("wechat", "main"))
        assert (known.faults, known.blocked_until) == ({}, None)
