"""Setting the second factor up, logging in by it, losing the phone; roles that must have one."""

import asyncio
import dataclasses
import re
from collections.abc import AsyncIterator

import pyotp
import pytest
from aiohttp.test_utils import TestServer
from sqlalchemy import select

from actions.firm import Firm
from desk import accounts
from desk.app import Parts, make_app
from store.database import Database
from store.settings import Settings
from store.tables import Staff, StaffSession
from tests.conftest import Clock
from tests.desk.console.conftest import PASSWORD, Browser, Open

PAGE = "/desk/account/second-factor"


async def set_up(person: Browser, clock: Clock, password: str = PASSWORD) -> tuple[pyotp.TOTP, list[str]]:
    """The person sets it up; gives what their app knows, and the recovery codes."""
    assert (await person.post(f"{PAGE}/begin", password=password)).headers["Location"] == PAGE
    found = re.search(r'id="secret">([A-Z2-7 ]+)<', await person.read(PAGE))
    assert found
    totp = pyotp.TOTP(found[1].replace(" ", ""))
    done = await person.post(f"{PAGE}/confirm", code=totp.at(int(clock.now.timestamp())))
    assert done.status == 200
    clock.advance(minutes=1)
    return totp, re.findall(r"<li><code>([A-Z0-9-]{19})</code>", await done.text())


def now(totp: pyotp.TOTP, clock: Clock) -> str:
    return totp.at(int(clock.now.timestamp()))


async def gives_code(person: Browser, code: str) -> int:
    await person.get("/desk/login/code")
    return (await person.post("/desk/login/code", code=code)).status


async def test_logging_in_takes_two_steps(browser: Open, clock: Clock) -> None:
    totp, _ = await set_up(await browser("alice"), clock)
    person = await browser()
    first = await person.log_in("alice", next="/desk/account")
    assert first.headers["Location"].startswith("/desk/login/code?")
    for path in ("/desk/", "/desk/account", PAGE, "/desk/password"):
        assert (await person.get(path)).headers["Location"].startswith("/desk/login?next=")
    assert (await person.get("/desk/events")).status == 401
    page = await person.read("/desk/login/code?next=/desk/account")
    assert 'value="/desk/account"' in page
    second = await person.post("/desk/login/code", code=now(totp, clock), next="/desk/account")
    assert second.headers["Location"] == "/desk/account"
    assert first.cookies["amends_desk"].value != second.cookies["amends_desk"].value
    assert "with second factor" in await person.read("/desk/account")


async def test_the_password_must_be_given_to_set_it_up(browser: Open, sqlite_database: Database) -> None:
    alice = await browser("alice")
    refused = await alice.post(f"{PAGE}/begin", password="wrong")
    assert refused.status == 422 and "The password is not right" in await refused.text()
    with sqlite_database.reading() as work:
        assert work.session.scalars(select(Staff).where(Staff.login == "alice")).one().totp_secret is None


async def test_setting_it_up_ends_sessions_that_gave_no_code(browser: Open, clock: Clock) -> None:
    here, elsewhere = await browser("alice"), await browser("alice")
    await set_up(here, clock)
    assert (await here.get("/desk/account")).status == 200
    assert (await elsewhere.get("/desk/account")).status == 303


async def test_a_wrong_code_counts_towards_the_lock_out(browser: Open, clock: Clock) -> None:
    totp, _ = await set_up(await browser("alice"), clock)
    person = await browser()
    await person.log_in("alice")
    for _ in range(4):
        assert await gives_code(person, "000000") == 401
    last = await person.post("/desk/login/code?language=en", code="000000")
    assert last.status == 401 and "Please log in again" in await last.text()
    # Locked: neither step goes on, with whatever is right.
    assert (await person.log_in("alice")).status == 401
    clock.advance(minutes=16)
    assert (await person.log_in("alice")).status == 303
    assert await gives_code(person, now(totp, clock)) == 303


async def test_giving_the_password_anew_forgives_no_wrong_code(browser: Open, clock: Clock) -> None:
    await set_up(await browser("alice"), clock)
    person = await browser()
    for _ in range(2):
        await person.log_in("alice")
        for _ in range(2):
            assert await gives_code(person, "000000") == 401
    await person.log_in("alice")
    assert await gives_code(person, "000000") == 401
    assert (await person.log_in("alice")).status == 401


async def test_the_code_must_come_in_time(browser: Open, clock: Clock) -> None:
    totp, _ = await set_up(await browser("alice"), clock)
    person = await browser()
    await person.log_in("alice")
    await person.read("/desk/login/code")
    clock.advance(minutes=11)
    assert (await person.get("/desk/login/code")).headers["Location"] == "/desk/login"
    late = await person.post("/desk/login/code", code=now(totp, clock))
    assert late.status == 401 and (await person.get("/desk/")).status == 303


async def test_a_code_without_a_password_opens_nothing(browser: Open, clock: Clock) -> None:
    totp, _ = await set_up(await browser("alice"), clock)
    stranger = await browser()
    await stranger.get("/desk/login")
    assert (await stranger.post("/desk/login/code", code=now(totp, clock))).status == 401


async def test_two_browsers_with_one_code_at_once_let_in_one(browser: Open, clock: Clock) -> None:
    totp, _ = await set_up(await browser("alice"), clock)
    one, other = await browser(), await browser()
    for person in (one, other):
        await person.log_in("alice")
        await person.get("/desk/login/code")
    code = now(totp, clock)
    answers = await asyncio.gather(*(person.post("/desk/login/code", code=code) for person in (one, other)))
    assert sorted(answer.status for answer in answers) == [303, 401]


async def test_a_recovery_code_lets_in_once(browser: Open, clock: Clock) -> None:
    _, codes = await set_up(await browser("alice"), clock)
    assert len(codes) == 10
    for expected in (303, 401):
        person = await browser()
        await person.log_in("alice")
        assert await gives_code(person, codes[0].lower()) == expected


async def test_it_is_removed_with_the_password_and_ends_what_awaits_a_code(browser: Open, clock: Clock) -> None:
    alice = await browser("alice")
    await set_up(alice, clock)
    thief = await browser()
    await thief.log_in("alice")
    assert (await alice.post(f"{PAGE}/remove", password="wrong")).status == 422
    assert (await alice.post(f"{PAGE}/remove", password=PASSWORD)).status == 303
    # Whoever had got as far as the code is not let in because there is none to give any more.
    assert (await thief.get("/desk/")).status == 303
    assert (await (await browser()).log_in("alice")).headers["Location"] == "/desk/"


async def test_an_administrator_resets_it(browser: Open, clock: Clock, sqlite_database: Database) -> None:
    alice, ada = await browser("alice"), await browser("ada")
    await set_up(alice, clock)
    path = "/desk/settings/users/alice/second-factor"
    assert (await ada.post(path)).status == 303
    assert (await alice.get("/desk/")).status == 303
    assert (await (await browser()).log_in("alice")).headers["Location"] == "/desk/"
    assert (await ada.post(path)).status == 422


async def test_new_recovery_codes_void_the_old_ones(browser: Open, clock: Clock) -> None:
    alice = await browser("alice")
    _, old = await set_up(alice, clock)
    answer = await alice.post(f"{PAGE}/recovery-codes", password=PASSWORD)
    new = re.findall(r"<li><code>([A-Z0-9-]{19})</code>", await answer.text())
    assert len(new) == 10 and not set(new) & set(old)
    person = await browser()
    await person.log_in("alice")
    assert await gives_code(person, old[0]) == 401
    assert await gives_code(person, new[0]) == 303


class TestWhereARoleMustHaveOne:
    @pytest.fixture
    async def server(self, settings: Settings, sqlite_database: Database, firm: Firm) -> AsyncIterator[TestServer]:
        security = firm.security.model_copy(update={"second_factor": ["administrator"]})
        strict = dataclasses.replace(firm, security=security)
        app = make_app(settings, Parts(database=sqlite_database, firm=strict, workers=False))
        async with TestServer(app) as server:
            yield server

    async def test_they_are_led_to_it_before_anything_else(self, browser: Open, clock: Clock) -> None:
        ada, alice = await browser("ada"), await browser("alice")
        assert (await alice.get("/desk/account")).status == 200
        for path in ("/desk/", "/desk/settings/users", "/desk/account", "/desk/events"):
            assert (await ada.get(path)).headers["Location"] == PAGE
        assert (await ada.post("/desk/settings/users/alice/deactivate")).headers["Location"] == PAGE
        assert "As administrator you need a second factor" in await ada.read(PAGE)
        await set_up(ada, clock)
        assert (await ada.get("/desk/settings/users")).status == 200

    async def test_the_one_time_password_comes_first(self, browser: Open, sqlite_database: Database) -> None:
        with sqlite_database.begin() as work:
            once = accounts.add_account(work, "dan", "Dan", "administrator", "en")
            work.commit()
        dan = await browser()
        await dan.log_in("dan", once)
        assert (await dan.get(PAGE)).headers["Location"] == "/desk/password"
        await dan.read("/desk/password")
        await dan.post("/desk/password", old=once, new=PASSWORD, again=PASSWORD)
        assert (await dan.get("/desk/")).headers["Location"] == PAGE

    async def test_moving_to_another_phone_leads_back_to_setting_it_up(self, browser: Open, clock: Clock) -> None:
        ada = await browser("ada")
        await set_up(ada, clock)
        assert (await ada.post(f"{PAGE}/remove", password=PASSWORD)).headers["Location"] == PAGE
        assert (await ada.get("/desk/")).headers["Location"] == PAGE


async def test_the_store_keeps_no_session_that_gave_up(browser: Open, clock: Clock, sqlite_database: Database) -> None:
    await set_up(await browser("alice"), clock)
    await (await browser()).log_in("alice")
    clock.advance(minutes=11)
    await (await browser()).log_in("bob")
    with sqlite_database.reading() as work:
        awaiting = [one for one in work.session.scalars(select(StaffSession)) if one.second_factor_at is None]
    assert [one.staff.login for one in awaiting] == ["bob"]
