"""Access tokens: one refresh at a time however many processes need one, kept sealed, faults told to a person once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from desk.channels.accounts import Accounts
from desk.channels.tencent import tokens as tokens_module
from desk.channels.tencent.account_state import lock, unblock
from desk.channels.tencent.calling import Refused
from desk.channels.tencent.error_codes import Disposition
from desk.channels.tencent.safe_mode import SafeMode
from desk.channels.tencent.tokens import AccessToken, FetchedToken
from store.database import Database
from store.tables import ChannelAccount, Notification, Staff
from tests.conftest import Clock
from tests.desk.channels.tencent_server import TencentServer, clients_of, make_accounts, tencent

SEND, TOKEN = "/cgi-bin/message/custom/send", "/cgi-bin/stable_token"


@pytest.fixture
async def there() -> AsyncIterator[TencentServer]:
    async with tencent() as server:
        yield server


@pytest.fixture
def accounts(tmp_path: Path, there: TencentServer) -> Accounts:
    return make_accounts(tmp_path / "firm", there.address)


@pytest.fixture
def ada(database: Database) -> int:
    with database.begin() as work:
        people = [
            Staff(login=login, name=login, role=role, active=active, password_digest="-", created_at=work.now)
            for login, role, active in (
                ("ada", "administrator", True),
                ("alice", "agent", True),
                ("arno", "administrator", False),
            )
        ]
        work.session.add_all(people)
        work.commit()
        return people[0].id


def state(database: Database) -> ChannelAccount:
    with database.reading() as work:
        return work.session.scalars(select(ChannelAccount)).one()


def told(database: Database) -> list[tuple[int, str, object]]:
    with database.reading() as work:
        rows = work.session.scalars(select(Notification).order_by(Notification.id))
        return [(row.staff_id, row.kind, row.details.get("code")) for row in rows]


async def test_many_callers_in_two_processes_ask_for_one_token(
    database: Database, clock: Clock, there: TencentServer, accounts: Accounts
) -> None:
    there.hold = asyncio.Event()
    with Database(database.url, clock) as other:
        async with clients_of(accounts, database) as here, clients_of(accounts, other) as elsewhere:
            sending = [
                asyncio.create_task(clients.wechat["main"].send_text(f"openid-{number}", "hello"))
                for number in range(10)
                for clients in (here, elsewhere)
            ]
            await there.asked.wait()
            there.hold.set()
            await asyncio.gather(*sending)
    assert there.made == 1 and len(there.to(SEND)) == 20
    assert {call.token for call in there.to(SEND)} == {"token-1"}


async def test_it_is_kept_sealed_and_asked_for_anew_before_its_end(
    database: Database, clock: Clock, there: TencentServer, accounts: Accounts
) -> None:
    async with clients_of(accounts, database) as clients:
        await clients.wechat["main"].send_text("openid", "one")
        kept = state(database)
        assert kept.access_token and "token-1" not in kept.access_token and kept.token_revision == 1
        assert kept.token_expires_at == clock.now + timedelta(seconds=7200 - 60)
        clock.advance(seconds=7200 - 61)
        await clients.wechat["main"].send_text("openid", "two")
        clock.advance(seconds=1)
        await clients.wechat["main"].send_text("openid", "three")
    assert [call.token for call in there.to(SEND)] == ["token-1", "token-1", "token-2"]
    assert there.to(TOKEN)[0].body == {
        "grant_type": "client_credential",
        "appid": "wx0123456789abcdef",
        "secret": "main-app-secret",
        "force_refresh": False,
    }


@pytest.mark.parametrize("code", [40001, 40014, 42001])
async def test_a_refused_token_is_replaced_once_and_the_call_tried_again(
    database: Database, there: TencentServer, accounts: Accounts, code: int
) -> None:
    there.answer(SEND, {"errcode": 0}, {"errcode": code, "errmsg": "no"})
    async with clients_of(accounts, database) as clients:
        await clients.wechat["main"].send_text("openid", "one")
        await clients.wechat["main"].send_text("openid", "two")
    assert [call.token for call in there.to(SEND)] == ["token-1", "token-1", "token-2"]
    assert there.force == [False, False]


async def test_callers_who_were_refused_with_the_same_token_get_one_new_one(
    database: Database, there: TencentServer, accounts: Accounts
) -> None:
    async with clients_of(accounts, database) as clients:
        await clients.wechat["main"].send_text("openid", "one")
        there.good = "somebody else's"
        await asyncio.gather(*(clients.wechat["main"].send_text("openid", str(n)) for n in range(8)))
    assert there.made == 2


async def test_a_token_that_tencent_holds_good_and_refuses_is_forced(
    database: Database, there: TencentServer, accounts: Accounts
) -> None:
    there.answer(TOKEN, *({"access_token": "same", "expires_in": 7200} for _ in range(2)))
    there.answer(SEND, {"errcode": 40001})
    async with clients_of(accounts, database) as clients:
        await clients.wechat["main"].send_text("openid", "one")
    assert [call.body["force_refresh"] for call in there.to(TOKEN)] == [False, False, True]


async def test_what_is_refused_with_a_new_token_is_a_fault_told_once(
    database: Database, clock: Clock, there: TencentServer, accounts: Accounts, ada: int
) -> None:
    there.answer(SEND, *({"errcode": 40001} for _ in range(4)), {"errcode": 0}, {"errcode": 40001}, {"errcode": 40001})
    async with clients_of(accounts, database) as clients:
        main = clients.wechat["main"]
        for _ in range(2):
            with pytest.raises(Refused) as caught:
                await main.send_text("openid", "one")
            assert caught.value.disposition is Disposition.TOKEN and caught.value.not_taken
        assert told(database) == [(ada, "channel_fault", 40001)]
        assert state(database).faults[SEND]["code"] == 40001
        await main.send_text("openid", "two")
        assert state(database).faults == {}
        with pytest.raises(Refused):
            await main.send_text("openid", "three")
    # It had been right in between.
    assert told(database) == [(ada, "channel_fault", 40001)] * 2


async def test_a_wrong_secret_is_told_once_and_not_tried_with_every_message(
    database: Database, clock: Clock, there: TencentServer, accounts: Accounts, ada: int
) -> None:
    there.answer(TOKEN, *({"errcode": 40125, "errmsg": "invalid appsecret"} for _ in range(2)))
    async with clients_of(accounts, database) as clients:
        main = clients.wechat["main"]
        for _ in range(5):
            with pytest.raises(Refused) as caught:
                await main.send_text("openid", "one")
            assert caught.value.disposition is Disposition.CONFIGURATION and caught.value.not_taken
        assert len(there.to(TOKEN)) == 1 and there.to(SEND) == []
        clock.advance(minutes=1)
        with pytest.raises(Refused):
            await main.send_text("openid", "one")
        assert len(there.to(TOKEN)) == 2 and told(database) == [(ada, "channel_fault", 40125)]
        # A person put it right, and says so.
        await main.try_token()
        await main.send_text("openid", "one")
    assert state(database).faults == {} and len(there.to(SEND)) == 1


async def test_two_faults_at_once_do_not_tell_in_turn(
    database: Database, there: TencentServer, accounts: Accounts, ada: int
) -> None:
    template = "/cgi-bin/message/template/send"
    there.answer(SEND, *({"errcode": 48001} for _ in range(3)))
    there.answer(template, *({"errcode": 40037} for _ in range(3)))
    async with clients_of(accounts, database) as clients:
        main = clients.wechat["main"]
        for _ in range(3):
            with pytest.raises(Refused):
                await main.send_text("openid", "one")
            with pytest.raises(Refused):
                await main.send_template("openid", "t", {})
    assert [code for _, _, code in told(database)] == [48001, 40037]


async def test_the_days_calls_used_up_stop_the_account_until_tencents_next_day(
    database: Database, clock: Clock, there: TencentServer, accounts: Accounts, ada: int
) -> None:
    clock.now = datetime(2026, 11, 18, 17, 30, tzinfo=UTC)  # half past one in the night, in China
    there.answer(SEND, {"errcode": 45009})
    async with clients_of(accounts, database) as clients:
        main = clients.wechat["main"]
        with pytest.raises(Refused):
            await main.send_text("openid", "one")
        assert state(database).blocked_until == datetime(2026, 11, 19, 16, 0, tzinfo=UTC)
        with pytest.raises(Refused) as caught:
            await main.send_text("openid", "one")
        assert caught.value.disposition is Disposition.TOMORROW and caught.value.not_taken
        assert caught.value.retry_after == timedelta(hours=22, minutes=30)
        assert len(there.to(SEND)) == 1 and told(database) == [(ada, "channel_fault", 45009)]
        clock.now = datetime(2026, 11, 19, 16, 0, tzinfo=UTC)
        await main.send_text("openid", "one")
    assert len(there.to(SEND)) == 2


async def test_a_person_may_go_on_at_once(database: Database, there: TencentServer, accounts: Accounts) -> None:
    there.answer(SEND, {"errcode": 45009})
    async with clients_of(accounts, database) as clients:
        with pytest.raises(Refused):
            await clients.wechat["main"].send_text("openid", "one")
        await database.run(unblock, "wechat", "main")
        await clients.wechat["main"].send_text("openid", "one")
    assert state(database).faults == {}


async def test_who_tries_asks_tencent_also_where_a_token_is_kept(
    database: Database, there: TencentServer, accounts: Accounts
) -> None:
    async with clients_of(accounts, database) as clients:
        main = clients.wechat["main"]
        await main.send_text("o1", "hi")
        await main.try_token()
        # It was asked for, not replaced by force: of that there are twenty a day.
        assert (there.made, there.force) == (2, [False, False])
        there.answer("/cgi-bin/stable_token", {"errcode": 40125})
        with pytest.raises(Refused) as caught:
            await main.try_token()
        assert caught.value.code == 40125
        await main.try_token()
        assert there.made == 3


async def test_too_many_calls_to_wecom_only_wait(
    database: Database, there: TencentServer, accounts: Accounts, ada: int
) -> None:
    there.answer("/cgi-bin/kf/send_msg", {"errcode": 45009})
    async with clients_of(accounts, database) as clients:
        with pytest.raises(Refused) as caught:
            await clients.wecom["service"].send_text("wm1", "kf1", "one", "m1")
        assert caught.value.disposition is Disposition.PASSES and caught.value.retry_after == timedelta(minutes=1)
        await clients.wecom["service"].send_text("wm1", "kf1", "one", "m1")
    assert told(database) == []


async def test_who_was_killed_while_asking_is_not_waited_for_long(
    database: Database, clock: Clock, there: TencentServer, accounts: Accounts
) -> None:
    with database.begin() as work:
        row = lock(work, "wechat", "main")
        row.refreshing_by, row.refreshing_until = "gone", work.now + tokens_module.CLAIM
        work.commit()
    async with clients_of(accounts, database) as clients:
        sending = asyncio.create_task(clients.wechat["main"].send_text("openid", "one"))
        await asyncio.sleep(0.15)
        assert not sending.done() and there.made == 0
        clock.advance(seconds=tokens_module.CLAIM.total_seconds())
        await sending
    assert there.made == 1 and state(database).refreshing_by is None


async def test_a_token_sealed_under_another_key_is_replaced(
    database: Database, there: TencentServer, accounts: Accounts
) -> None:
    async with clients_of(accounts, database) as clients:
        await clients.wechat["main"].send_text("openid", "one")
    with database.begin() as work:
        lock(work, "wechat", "main").access_token = "gAAAAA-nothing-of-ours"
        work.commit()
    async with clients_of(accounts, database) as clients:
        await clients.wechat["main"].send_text("openid", "two")
    assert [call.token for call in there.to(SEND)] == ["token-1", "token-2"]


async def test_no_token_and_no_secret_reaches_the_log_or_an_error(
    database: Database, there: TencentServer, accounts: Accounts
) -> None:
    there.answer(SEND, {"errcode": 48001, "errmsg": "hush openid-of-somebody"})
    with capture_logs() as logs:
        async with clients_of(accounts, database) as clients:
            with pytest.raises(Refused) as caught:
                await clients.wechat["main"].send_text("openid-of-somebody", "what they said")
            there.answer(TOKEN, {"errcode": 40164, "errmsg": "invalid ip main-app-secret"})
            await database.run(lambda work: setattr(lock(work, "wechat", "main"), "access_token", None))
            with pytest.raises(Refused) as again:
                await clients.wechat["main"].send_text("openid-of-somebody", "what they said")
    said = f"{logs} {caught.value} {again.value!r}"
    for secret in ("token-1", "main-app-secret", "somebody", "what they said", "hush"):
        assert secret not in said
    assert "/cgi-bin/message/custom/send: errcode 48001" in str(caught.value)


def test_tokens_are_not_shown_where_what_holds_them_is() -> None:
    held = (
        FetchedToken("token-1", timedelta(hours=2)),
        AccessToken("token-1", 1, frozenset()),
        SafeMode("token-1", ()),
    )
    assert "token-1" not in repr(held)
