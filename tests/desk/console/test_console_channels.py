"""The page of channels: the address to paste, what works, what is wrong and who may do something about it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestServer

from actions.conversations import Address, open_conversation, say
from actions.firm import Firm
from desk.app import Parts, make_app
from desk.channels.accounts import Accounts
from desk.channels.tencent.account_state import lock, note_fault
from store.database import Database
from store.settings import Settings
from store.tables import OutboxRow, SyncCursor
from tests.conftest import Clock
from tests.desk.channels.tencent_server import TencentServer, make_accounts, tencent
from tests.desk.console.conftest import Open

PAGE = "/desk/settings/channels"


@pytest.fixture
async def there() -> AsyncIterator[TencentServer]:
    async with tencent() as server:
        yield server


@pytest.fixture
def accounts(tmp_path: Path, there: TencentServer) -> Accounts:
    return make_accounts(tmp_path / "firm", there.address)


@pytest.fixture
async def server(
    settings: Settings, sqlite_database: Database, firm: Firm, accounts: Accounts
) -> AsyncIterator[TestServer]:
    app = make_app(settings, Parts(database=sqlite_database, firm=firm, accounts=accounts, workers=False))
    async with TestServer(app) as server:
        yield server


async def test_it_gives_the_address_to_paste_and_says_what_was_never_heard_of(browser: Open) -> None:
    ada = await browser("ada")
    text = await ada.read(PAGE)
    assert "http://127.0.0.1:8080/channels/wechat/main" in text
    assert "http://127.0.0.1:8080/channels/wecom/service" in text
    assert "云杉商城" in text and "wx0123456789abcdef" in text and "kf2" in text
    assert text.count("not called yet") == 2 and "AMENDS_PUBLIC_URL" in text
    assert "main-app-secret" not in text and "maintoken" not in text
    assert PAGE in await ada.read("/desk/settings/")


async def test_it_shows_how_each_account_does(browser: Open, sqlite_database: Database, clock: Clock) -> None:
    with sqlite_database.begin() as work:
        row = lock(work, "wechat", "main")
        row.last_callback_at = work.now
        row.access_token, row.token_expires_at = "sealed", work.now.replace(hour=4)
        for number in range(2):
            conversation = open_conversation(work, Address("wecom", f"wm{number}", f"service/kf{number + 1}"))
            message = say(work, conversation, "您好")
            work.session.query(OutboxRow).filter_by(message_id=message.id).update({"state": "held"})
        work.session.add(
            SyncCursor(
                account="service", open_kfid="kf1", read_at=work.now, next_attempt_at=work.now, since=work.now,
                error="errcode 95017",
            )
        )  # fmt: skip
        note_fault(work, "wecom", "service", "/cgi-bin/kf/sync_msg", 95017)
        work.commit()
    text = await (await browser("ada")).read(PAGE)
    assert "in order" in text and "needs you" in text and "12:00" in text
    assert "The API of customer service is not switched on." in text and "error 95017 at /cgi-bin/kf/sync_msg" in text
    assert "2 messages: they go out" in text and "Reading fails at present." in text and "not yet" in text


async def test_the_notification_leads_to_it(browser: Open, sqlite_database: Database) -> None:
    ada = await browser("ada")
    with sqlite_database.begin() as work:
        note_fault(work, "wechat", "main", "token", 40125)
        work.commit()
    text = await ada.read("/desk/notifications")
    assert "A channel needs you" in text and f'href="{PAGE}"' in text


async def test_an_administrator_tries_again(browser: Open, sqlite_database: Database, there: TencentServer) -> None:
    with sqlite_database.begin() as work:
        note_fault(work, "wechat", "main", "/cgi-bin/message/custom/send", 45009)
        work.commit()
    ada = await browser("ada")
    assert "used up for today" in await ada.read(PAGE)
    there.answer("/cgi-bin/stable_token", {"errcode": 40164})
    failed = await ada.post(f"{PAGE}/try", channel="wechat", account="main")
    assert failed.status == 502 and "not on the IP list" in await failed.text()
    done = await ada.post(f"{PAGE}/try", channel="wechat", account="main")
    assert done.status == 200 and "There is a good access token" in await done.text()
    text = await ada.read(PAGE)
    assert "used up for today" not in text and "IP list" not in text and "good until" in text
    assert (await ada.post(f"{PAGE}/try", channel="wechat", account="nobody")).status == 404
    assert (await ada.post(f"{PAGE}/try", channel="wecom", account="main")).status == 404


@pytest.mark.parametrize("login", ["alice", "bob", "mei", "quinn"])
async def test_nobody_else_sees_it(browser: Open, login: str) -> None:
    person = await browser(login)
    await person.get("/desk/")
    assert (await person.get(PAGE)).status == 403
    assert (await person.post(f"{PAGE}/try", channel="wechat", account="main")).status == 403
    assert PAGE not in await person.read("/desk/settings/")


@pytest.mark.parametrize("accounts", [Accounts(unnamed=("wechat.old",))])
async def test_without_accounts_it_says_how_to_begin(browser: Open) -> None:
    text = await (await browser("ada")).read(PAGE)
    assert "No WeChat account is set up yet." in text and "channels.yml" in text and "wechat.old" in text
