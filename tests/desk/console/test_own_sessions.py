"""One's own sessions: seen, ended one by one or all others; live streams end with them."""

import asyncio
import re

import pytest
from aiohttp import ClientTimeout
from sqlalchemy import select, update

from desk.console.browsers import describe_browser
from desk.console.sessions import find, new_token, sign_in
from store.database import Database
from store.tables import AuditEntry, Staff, StaffSession
from tests.conftest import Clock
from tests.desk.console.conftest import Open

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


async def test_each_session_is_told_with_browser_and_address_and_this_one_is_marked(browser: Open) -> None:
    alice = await browser()
    await alice.get("/desk/login?language=en")
    headers = {"User-Agent": FIREFOX, "X-Forwarded-For": "10.1.1.1, 203.0.113.9"}
    await alice.post("/desk/login", headers=headers, login="alice", password="a long enough password")
    await browser("alice")
    page = await alice.read("/desk/account")
    assert "Firefox, Windows" in page and "203.0.113.9" in page
    assert page.count("this browser") == 1
    assert len(re.findall(r"/desk/account/sessions/[0-9a-f]{32}/end", page)) == 1


async def test_one_session_is_ended(browser: Open) -> None:
    here, there = await browser("alice"), await browser("alice")
    path = re.findall(r"/desk/account/sessions/[0-9a-f]{32}/end", await here.read("/desk/account"))[0]
    assert (await here.post(path)).status == 303
    assert (await there.get("/desk/account")).status == 303
    assert (await here.get("/desk/account")).status == 200
    assert (await here.post(path)).status == 404


async def test_nobody_ends_a_colleagues_session(browser: Open, sqlite_database: Database) -> None:
    await browser("alice")
    with sqlite_database.reading() as work:
        public_id = work.session.scalars(select(StaffSession.public_id)).one()
    bob = await browser("bob")
    assert (await bob.post(f"/desk/account/sessions/{public_id}/end")).status == 404


async def test_all_others_are_ended_at_once(browser: Open, sqlite_database: Database) -> None:
    here, *others = [await browser("alice") for _ in range(3)]
    bob = await browser("bob")
    assert (await here.post("/desk/account/sessions/end-others")).status == 303
    assert [(await other.get("/desk/account")).status for other in others] == [303, 303]
    assert [(await one.get("/desk/account")).status for one in (here, bob)] == [200, 200]
    with sqlite_database.reading() as work:
        last = work.session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert last is not None and (last.actor, last.action, last.subject) == ("alice", "end_other_sessions", "alice")


@pytest.mark.parametrize("end", ["revoked", "deactivated"])
async def test_a_live_stream_ends_with_its_session(browser: Open, sqlite_database: Database, end: str) -> None:
    alice = await browser("alice")
    async with alice.client.get("/desk/events", timeout=ClientTimeout(total=None, sock_read=20)) as response:
        await response.content.readline()
        with sqlite_database.begin() as work:
            if end == "revoked":
                for session in work.session.scalars(select(StaffSession)):
                    work.session.delete(session)
            else:
                work.session.execute(update(Staff).where(Staff.login == "alice").values(active=False))
            work.commit()
        assert await asyncio.wait_for(response.content.read(), 15) is not None  # its end


def test_a_session_that_awaits_a_code_is_none(sqlite_database: Database, people: dict[str, Staff]) -> None:
    token = new_token()
    with sqlite_database.begin() as work:
        staff = work.session.scalars(select(Staff).where(Staff.login == "alice")).one()
        sign_in(work, staff, token)
        staff.totp_confirmed_at = work.now
        work.commit()
        digest = work.session.scalars(select(StaffSession.token_digest)).one()
        assert find(work, digest) is None


async def test_the_idle_time_is_the_firms(browser: Open, clock: Clock, sqlite_database: Database) -> None:
    alice = await browser()
    await alice.log_in("alice")
    with sqlite_database.reading() as work:
        session = work.session.scalars(select(StaffSession)).one()
    assert (session.expires_at - clock.now).total_seconds() == 12 * 3600


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        (FIREFOX, "Firefox, Windows"),
        (
            "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/130.0 Mobile MicroMessenger/8.0",
            "WeChat, Android",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/141.0 Safari/537.36 Edg/141.0", "Edge, Windows"),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", ""),
    ],
)
def test_a_browser_is_called_by_the_name_people_know(agent: str, said: str) -> None:
    assert describe_browser(agent) == said
