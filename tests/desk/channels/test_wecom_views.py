"""What WeCom is answered at ``/channels/wecom/{account}``."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from actions.firm import Firm
from desk.app import Parts, make_app
from desk.channels.tencent.cipher import Cipher
from desk.channels.tencent.signatures import sign
from desk.channels.wecom import cursors
from store.database import Database
from store.settings import Settings
from store.tables import ChannelAccount, SyncCursor
from tests.conftest import Clock
from tests.desk.channels.wecom_server import CORP, DESK, ENCODING_AES_KEY, KEY, SHOP, TOKEN, accounts

Client = TestClient[web.Request, web.Application]
ADDRESS = f"/channels/wecom/{KEY}"
CIPHER = Cipher(ENCODING_AES_KEY, CORP)


@pytest.fixture
async def client(settings: Settings, sqlite_database: Database, firm: Firm) -> AsyncIterator[Client]:
    app = make_app(settings, Parts(database=sqlite_database, firm=firm, accounts=accounts(), workers=False))
    await sqlite_database.run(cursors.begin, frozenset({(KEY, DESK), (KEY, SHOP)}))
    async with TestClient(TestServer(app)) as client:
        yield client


def signed(encrypt: str) -> dict[str, str]:
    parts = {"timestamp": "1763431200", "nonce": "n-1"}
    return {**parts, "msg_signature": sign(TOKEN, parts["timestamp"], parts["nonce"], encrypt)}


async def call(client: Client, message: str, **changed: str) -> tuple[int, str]:
    encrypt = CIPHER.encrypt(message.encode())
    body = f"<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><Encrypt><![CDATA[{encrypt}]]></Encrypt></xml>"
    response = await client.post(ADDRESS, params={**signed(encrypt), **changed}, data=body.encode())
    return response.status, await response.text()


def told(open_kfid: str = DESK, event: str = "kf_msg_or_event") -> str:
    named = f"<OpenKfId><![CDATA[{open_kfid}]]></OpenKfId>" if open_kfid else ""
    return (
        f"<xml><ToUserName><![CDATA[{CORP}]]></ToUserName><CreateTime>1763431200</CreateTime>"
        f"<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[{event}]]></Event>"
        f"<Token><![CDATA[ENC1]]></Token>{named}</xml>"
    )


def rows(database: Database, table: type[Any]) -> list[Any]:
    with database.reading() as work:
        return list(work.session.scalars(select(table)).all())


def wanted(database: Database) -> dict[str, int]:
    return {row.open_kfid: row.wanted for row in rows(database, SyncCursor)}


async def test_the_echo_is_answered_in_plain_text_alone(client: Client) -> None:
    encrypt = CIPHER.encrypt(b"1616140317555161061")
    response = await client.get(ADDRESS, params={**signed(encrypt), "echostr": encrypt})
    assert (response.status, await response.text()) == (200, "1616140317555161061")


async def test_a_callback_is_acknowledged_once_it_is_kept(
    client: Client, sqlite_database: Database, clock: Clock
) -> None:
    assert await call(client, told()) == (200, "success")
    assert wanted(sqlite_database) == {DESK: 1, SHOP: 0}
    (kept,) = [row for row in rows(sqlite_database, SyncCursor) if row.open_kfid == DESK]
    assert kept.callback_token == "ENC1"
    (account,) = rows(sqlite_database, ChannelAccount)
    assert account.last_callback_at == clock.now


async def test_a_callback_that_names_no_account_has_all_read(client: Client, sqlite_database: Database) -> None:
    await call(client, told(open_kfid=""))
    assert wanted(sqlite_database) == {DESK: 1, SHOP: 1}


async def test_what_does_not_concern_us_is_acknowledged_and_left(client: Client, sqlite_database: Database) -> None:
    assert await call(client, told(open_kfid="wkOther")) == (200, "success")
    assert await call(client, told(event="change_contact")) == (200, "success")
    assert wanted(sqlite_database) == {DESK: 0, SHOP: 0}


async def test_whatever_is_refused_gets_the_same_answer(client: Client, sqlite_database: Database) -> None:
    encrypt = CIPHER.encrypt(told().encode())
    elsewhere = Cipher(ENCODING_AES_KEY, "wwsomebody").encrypt(told().encode())
    body = "<xml><Encrypt>{}</Encrypt></xml>"
    asked: list[tuple[str, str, dict[str, str], bytes]] = [
        ("POST", ADDRESS, {}, body.format(encrypt).encode()),
        ("POST", ADDRESS, signed(encrypt) | {"msg_signature": "0" * 40}, body.format(encrypt).encode()),
        ("POST", ADDRESS, signed(encrypt) | {"nonce": ""}, body.format(encrypt).encode()),
        ("POST", ADDRESS, signed(elsewhere), body.format(elsewhere).encode()),
        ("POST", ADDRESS, signed(encrypt), b""),
        ("POST", ADDRESS, signed(encrypt), b"<!DOCTYPE x [<!ENTITY e 'x'>]><xml><Encrypt>&e;</Encrypt></xml>"),
        ("POST", ADDRESS, signed(encrypt), b"x" * 70_000),
        ("POST", "/channels/wecom/nobody", signed(encrypt), body.format(encrypt).encode()),
        ("GET", ADDRESS, signed(encrypt), b""),
        ("GET", ADDRESS, {**signed(encrypt), "echostr": "AAAA"}, b""),
        ("GET", "/channels/wecom/nobody", {**signed(encrypt), "echostr": encrypt}, b""),
    ]
    answers = set()
    for method, address, query, data in asked:
        response = await client.request(method, address, params=query, data=data)
        answers.add((response.status, await response.text(), response.content_type))
    assert answers == {(403, "refused", "text/plain")}
    assert wanted(sqlite_database) == {DESK: 0, SHOP: 0}


async def test_many_callbacks_at_once_are_all_kept(client: Client, sqlite_database: Database) -> None:
    assert set(await asyncio.gather(*(call(client, told()) for _ in range(30)))) == {(200, "success")}
    assert wanted(sqlite_database)[DESK] == 30
