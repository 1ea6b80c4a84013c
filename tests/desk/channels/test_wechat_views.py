"""The address of an official account: what Tencent sends is kept, then acknowledged; all else is refused alike."""

import asyncio
import base64
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from sqlalchemy import select

from actions.firm import Firm
from desk.app import Parts, make_app
from desk.channels.accounts import Accounts, OfficialAccount, WeChatAccount
from desk.channels.batching import Batching
from desk.channels.tencent.cipher import Cipher
from desk.channels.wechat.codec import Credentials
from store.database import Database, UnitOfWork
from store.settings import Settings
from store.tables import ChannelAccount, HeardCallback, Identity, InboxRow
from tests.desk.channels.draining import drain

Client = TestClient[web.Request, web.Application]

TOKEN, APP_ID = "sometoken", "wx0123456789abcdef"
KEY = base64.b64encode(bytes(range(32))).decode().rstrip("=")


def account(key: str, mode: Any) -> WeChatAccount:
    file = OfficialAccount(key=key, app_id=APP_ID, mode=mode, menu={"PERSON": "转人工"})
    return WeChatAccount(file, Credentials(TOKEN, APP_ID, mode, KEY), "secret")


ACCOUNTS = Accounts(wechat={"plain": account("plain", "plain"), "safe": account("safe", "safe")})


@pytest.fixture
async def client(
    aiohttp_client: Callable[[web.Application], Awaitable[Client]],
    settings: Settings,
    sqlite_database: Database,
    firm: Firm,
) -> Client:
    parts = Parts(database=sqlite_database, firm=firm, accounts=ACCOUNTS, workers=False)
    return await aiohttp_client(make_app(settings, parts))


def signed(*more: str, token: str = TOKEN) -> str:
    return hashlib.sha1("".join(sorted([token, "1409735669", "nonce", *more])).encode()).hexdigest()


def query(**rest: str) -> dict[str, str]:
    return {"signature": signed(), "timestamp": "1409735669", "nonce": "nonce", **rest}


def text(words: str, message: str = "1", sender: str = "oAlice") -> str:
    return (
        f"<xml><ToUserName>gh</ToUserName><FromUserName>{sender}</FromUserName><CreateTime>1763430000</CreateTime>"
        f"<MsgType>text</MsgType><Content><![CDATA[{words}]]></Content><MsgId>{message}</MsgId></xml>"
    )


def sealed(body: str, receive_id: str = APP_ID) -> tuple[dict[str, str], str]:
    """Query and body as in safe mode."""
    encrypted = Cipher(KEY, receive_id).encrypt(body.encode())
    return (
        query(msg_signature=signed(encrypted), encrypt_type="aes"),
        f"<xml><ToUserName>gh</ToUserName><Encrypt>{encrypted}</Encrypt></xml>",
    )


def inbox(database: Database) -> list[str]:
    with database.reading() as work:
        return list(work.session.scalars(select(InboxRow.text).order_by(InboxRow.received_at, InboxRow.number)))


async def test_the_address_echoes_what_tencent_asks_for(client: Client) -> None:
    for key in ("plain", "safe"):
        response = await client.get(f"/channels/wechat/{key}", params=query(echostr="5837397576"))
        assert (response.status, await response.text()) == (200, "5837397576")


async def test_what_is_said_is_kept_and_acknowledged_with_a_word(
    client: Client, sqlite_database: Database, firm: Firm
) -> None:
    for _ in range(3):
        response = await client.post("/channels/wechat/plain", params=query(), data=text("包裹没到"))
        assert (response.status, await response.text()) == (200, "success")
    parameters, body = sealed(text("包裹没到", sender="oBob"))
    response = await client.post("/channels/wechat/safe", params=parameters, data=body)
    assert (response.status, await response.text()) == (200, "success")
    assert inbox(sqlite_database) == []
    await drain(sqlite_database, firm, ACCOUNTS)
    assert inbox(sqlite_database) == ["包裹没到", "包裹没到"]
    with sqlite_database.reading() as work:
        heard = work.session.scalars(select(ChannelAccount).order_by(ChannelAccount.account)).all()
        assert [(one.account, one.last_callback_at) for one in heard] == [("plain", work.now), ("safe", work.now)]


async def test_an_entry_of_the_menu_says_what_the_accounts_file_gives_it(
    client: Client, sqlite_database: Database, firm: Firm
) -> None:
    body = (
        "<xml><ToUserName>gh</ToUserName><FromUserName>oAlice</FromUserName><CreateTime>1763430000</CreateTime>"
        "<MsgType>event</MsgType><Event>CLICK</Event><EventKey>PERSON</EventKey></xml>"
    )
    assert (await client.post("/channels/wechat/plain", params=query(), data=body)).status == 200
    await drain(sqlite_database, firm, ACCOUNTS)
    assert inbox(sqlite_database) == ["转人工"]


async def test_whatever_is_refused_gets_one_answer_and_leaves_nothing(
    client: Client, sqlite_database: Database
) -> None:
    good, body = sealed(text("您好"))
    other, foreign = sealed(text("您好"), "wx0000000000000000")
    attempts: list[tuple[str, dict[str, str], Any]] = [
        ("plain", {**query(), "signature": signed(token="guess")}, text("您好")),
        ("plain", {}, text("您好")),
        ("plain", query(), "no document"),
        ("plain", query(), "<xml/>"),
        ("plain", query(), text("您好", sender="")),
        ("plain", query(), '<!DOCTYPE a [<!ENTITY b "c">]>' + text("您好")),
        ("plain", query(), b"\xff\xfe\x00"),
        ("plain", query(), text("长" * 40_000)),
        ("safe", query(), text("您好")),
        ("safe", {**good, "msg_signature": "0" * 40}, body),
        ("safe", good, body.replace("<Encrypt>", "<Encrypt>AAAA")),
        ("safe", other, foreign),
        ("nobody", query(), text("您好")),
        ("%00", query(), text("您好")),
    ]
    answers = set()
    for key, parameters, sent in attempts:
        response = await client.post(f"/channels/wechat/{key}", params=parameters, data=sent)
        answers.add((response.status, response.content_type, await response.text()))
    response = await client.post(
        "/channels/wechat/plain?signature=a&signature=b&timestamp=1409735669&nonce=nonce", data=text("您好")
    )
    answers.add((response.status, response.content_type, await response.text()))
    for key, parameters in (("plain", {}), ("nobody", query(echostr="1")), ("plain", query())):
        response = await client.get(f"/channels/wechat/{key}", params=parameters)
        answers.add((response.status, response.content_type, await response.text()))
    assert answers == {(403, "text/plain", "refused")}
    with sqlite_database.reading() as work:
        assert work.session.scalars(select(HeardCallback)).all() == []


async def test_a_body_that_cannot_be_unpacked_is_refused_like_any_other(client: Client) -> None:
    headers = {"Content-Encoding": "gzip", "Connection": "close"}
    response = await client.post("/channels/wechat/plain", params=query(), data=b"no gzip", headers=headers)
    assert (response.status, await response.text()) == (403, "refused")


async def test_what_is_refused_is_logged_by_its_reason_alone(
    client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    await client.post("/channels/wechat/oSecret", params={**query(), "nonce": "nSecret"}, data=text("秘密"))
    told = "".join(capsys.readouterr())
    assert "callback refused" in told
    assert "Secret" not in told and "秘密" not in told and TOKEN not in told


async def test_callbacks_at_once_are_kept_together_and_taken_in_in_their_order(
    client: Client, sqlite_database: Database, firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    commits = 0
    commit = UnitOfWork.commit

    def counted(work: UnitOfWork) -> None:
        nonlocal commits
        commits += 1
        commit(work)

    monkeypatch.setattr(UnitOfWork, "commit", counted)

    async def call(number: int) -> None:
        body = text(str(number), message=str(number), sender=f"o{number % 5}")
        assert (await client.post("/channels/wechat/plain", params=query(), data=body)).status == 200

    await asyncio.gather(*(call(number) for number in range(60)))
    assert commits < 30
    with sqlite_database.reading() as work:
        kept = [(row.external_id, row.body["words"]) for row in work.session.scalars(select(HeardCallback))]
    assert len(kept) == 60
    await drain(sqlite_database, firm, ACCOUNTS)
    with sqlite_database.reading() as work:
        rows = work.session.execute(
            select(Identity.external_id, InboxRow.text)
            .join(InboxRow, InboxRow.identity_id == Identity.id)
            .order_by(InboxRow.number)
        ).all()
    for who in range(5):
        assert [words for one, words in rows if one == f"o{who}"] == [words for one, words in kept if one == f"o{who}"]


async def test_what_cannot_be_kept_is_not_acknowledged(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(work: UnitOfWork) -> None:
        raise OSError("no room")

    with monkeypatch.context() as broken:
        broken.setattr(UnitOfWork, "commit", fail)
        response = await client.post("/channels/wechat/plain", params=query(), data=text("您好"))
    assert response.status == 500
    response = await client.post("/channels/wechat/plain", params=query(), data=text("您好"))
    assert (response.status, await response.text()) == (200, "success")


async def test_what_waits_is_kept_in_one_unit_of_work_and_fails_in_one(database: Database) -> None:
    kept: list[list[int]] = []

    def keep(work: UnitOfWork, items: Sequence[int]) -> None:
        kept.append(list(items))
        if 3 in items:
            raise ValueError("three")

    batching = Batching(database, keep)
    assert await asyncio.gather(*(batching.take(number) for number in (1, 2))) == [None, None]
    failed = await asyncio.gather(*(batching.take(number) for number in (3, 4)), return_exceptions=True)
    assert [str(one) for one in failed] == ["three", "three"]
    await batching.take(5)
    assert kept == [[1, 2], [3, 4], [5]]
