"""Logging in and out, lock-out, one-time passwords, sessions that end."""

import re
from collections.abc import Callable
from http.cookies import SimpleCookie

import pytest
from aiohttp.test_utils import TestServer
from sqlalchemy import select

from desk import accounts
from desk.console import log_in as log_in_module
from desk.console.keys import GUESSES
from desk.console.sessions import COOKIE, digest_of
from desk.limits import RateLimit
from store.database import Database
from store.tables import AuditEntry, Staff, StaffSession
from tests.conftest import Clock
from tests.desk.console.conftest import PASSWORD, Open


def _token(response: object) -> str:
    cookies: SimpleCookie = response.cookies  # type: ignore[attr-defined]
    return cookies[COOKIE].value


async def test_alice_logs_in_and_sees_the_queue(browser: Open) -> None:
    alice = await browser()
    response = await alice.log_in("alice")
    assert (response.status, response.headers["Location"]) == (303, "/desk/")
    assert "Waiting for a person" in await alice.read("/desk/")


async def test_the_cookie_is_out_of_reach_and_the_store_keeps_only_its_digest(
    browser: Open, sqlite_database: Database
) -> None:
    response = await (await browser()).log_in("alice")
    cookie = response.cookies[COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/desk")
    with sqlite_database.reading() as work:
        session = work.session.scalars(select(StaffSession)).one()
    assert session.token_digest == digest_of(cookie.value) != cookie.value


async def test_logging_in_gives_a_new_token(browser: Open) -> None:
    alice = await browser()
    planted = _token(await alice.get("/desk/login"))
    assert _token(await alice.log_in("alice")) != planted


async def test_unknown_login_wrong_password_and_no_access_look_the_same(browser: Open) -> None:
    answers = set()
    for login, password in (("nobody", PASSWORD), ("alice", "wrong"), ("carol", PASSWORD)):
        response = await (await browser()).log_in(login, password)
        assert response.status == 401
        text = (await response.text()).replace(f'value="{login}"', "")
        answers.add(re.sub(r'name="csrf" value="\w+"', "", text))
    assert len(answers) == 1


async def test_a_password_is_checked_also_where_there_is_no_account(
    browser: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[Staff | None] = []

    def check(staff: Staff | None, password: str) -> bool:
        checked.append(staff)
        return accounts.is_password(staff, password)

    monkeypatch.setattr(log_in_module, "is_password", check)
    await (await browser()).log_in("nobody")
    assert checked == [None]


async def test_five_failures_lock_the_account_for_a_quarter_of_an_hour(browser: Open, clock: Clock) -> None:
    guesser = await browser()
    for n in range(5):
        assert (await guesser.log_in("alice", f"guess {n}")).status == 401
    assert (await guesser.log_in("alice")).status == 401
    clock.advance(minutes=14)
    assert (await guesser.log_in("alice")).status == 401
    clock.advance(minutes=2)
    assert (await guesser.log_in("alice")).status == 303


async def test_one_address_cannot_guess_on_and_on(
    browser: Open, server: TestServer, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(server.app[GUESSES], "__dict__", vars(RateLimit(3, seconds=60, clock=lambda: now[0])))
    stranger = await browser()
    assert [(await stranger.log_in(f"guess-{number}", "wrong")).status for number in range(4)] == [401, 401, 401, 429]
    response = await stranger.log_in("alice")
    assert (response.status, response.headers["Retry-After"]) == (429, "20")
    assert "Too many failed log-ins" in await response.text()
    with sqlite_database.reading() as work:
        failures = select(AuditEntry).where(AuditEntry.action == "log_in_failed")
        assert len(work.session.scalars(failures).all()) == 3, "what is not tried is not written down"
    now[0] += 20
    assert (await stranger.log_in("alice")).status == 303


async def test_a_success_forgives_earlier_failures(browser: Open) -> None:
    alice = await browser()
    for _ in range(2):
        for n in range(4):
            assert (await alice.log_in("alice", f"slip {n}")).status == 401
        assert (await alice.log_in("alice")).status == 303
        await alice.get("/desk/")
        await alice.post("/desk/logout")


async def test_a_one_time_password_opens_nothing_but_the_change(browser: Open, sqlite_database: Database) -> None:
    with sqlite_database.begin() as work:
        once = accounts.add_account(work, "dan", "Dan", "agent", "en")
        work.commit()
    dan = await browser()
    assert (await dan.log_in("dan", once)).status == 303
    for path in ("/desk/", "/desk/conversations", "/desk/events"):
        response = await dan.get(path)
        assert (response.status, response.headers["Location"]) == (303, "/desk/password")
    assert "The one-time password, once more" in await dan.read("/desk/password")
    too_short = await dan.post("/desk/password", old=once, new="123456789", again="123456789")
    assert too_short.status == 422 and "at least 10 characters" in await too_short.text()
    assert (await dan.post("/desk/password", old="wrong", new=PASSWORD, again=PASSWORD)).status == 422
    assert (await dan.post("/desk/password", old=once, new=PASSWORD, again=PASSWORD + "!")).status == 422
    assert (await dan.post("/desk/password", old=once, new=PASSWORD, again=PASSWORD)).status == 303
    assert "Waiting for a person" in await dan.read("/desk/")


async def test_changing_the_password_ends_other_sessions(browser: Open) -> None:
    here, elsewhere = await browser("alice"), await browser("alice")
    new = "another long password"
    assert "Current password" in await here.read("/desk/password")
    assert (await here.post("/desk/password", old=PASSWORD, new=new, again=new)).status == 303
    assert (await here.get("/desk/")).status == 200
    assert (await elsewhere.get("/desk/")).status == 303


async def test_a_password_is_checked_and_hashed_while_the_store_is_free(
    browser: Open, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[bool] = []

    def watched(function: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object) -> object:
            assert sqlite_database._file_lock is not None
            held.append(sqlite_database._file_lock._taken)
            return function(*arguments)

        return call

    monkeypatch.setattr(accounts, "hash_password", watched(accounts.hash_password))
    monkeypatch.setattr(log_in_module, "is_password", watched(accounts.is_password))
    monkeypatch.setattr(accounts, "is_password", watched(accounts.is_password))
    alice, ada = await browser("alice"), await browser("ada")
    new = "another long password"
    assert (await alice.post("/desk/password", old=PASSWORD, new=new, again=new)).status == 303
    assert (await ada.post("/desk/settings/users/amy/password")).status == 200
    dan = {"login": "dan", "name": "Dan", "role": "agent", "capacity": "5"}
    assert (await ada.post("/desk/settings/new-user", **dan)).status == 200
    assert held == [False] * 4


async def test_logging_out_ends_the_session_not_only_the_cookie(browser: Open, sqlite_database: Database) -> None:
    alice = await browser("alice")
    response = await alice.post("/desk/logout")
    assert response.headers["Location"] == "/desk/login"
    with sqlite_database.reading() as work:
        assert work.session.scalars(select(StaffSession)).all() == []


async def test_twelve_idle_hours_end_a_session_and_work_keeps_it(browser: Open, clock: Clock) -> None:
    alice = await browser("alice")
    for _ in range(3):
        clock.advance(hours=11)
        assert (await alice.get("/desk/")).status == 200
    clock.advance(hours=11)
    # A page that looks again by itself is no sign of life.
    assert (await alice.get("/desk/", headers={"X-Amends-Background": "1"})).status == 200
    clock.advance(hours=2)
    response = await alice.get("/desk/")
    assert (response.status, response.headers["Location"]) == (303, "/desk/login?next=/desk/")


async def test_a_closed_account_is_out_at_once(browser: Open, sqlite_database: Database) -> None:
    alice = await browser("alice")
    with sqlite_database.begin() as work:
        work.session.scalars(select(Staff).where(Staff.login == "alice")).one().active = False
        work.commit()
    assert (await alice.get("/desk/")).status == 303


@pytest.mark.parametrize(
    ("wanted", "given"),
    [
        ("/desk/conversations?q=x", "/desk/conversations?q=x"),
        ("https://evil.example/", "/desk/"),
        ("//evil.example/", "/desk/"),
        ("/desk/\r\nSet-Cookie: a=b", "/desk/"),
        ("/desk/login", "/desk/"),
        ("", "/desk/"),
    ],
)
async def test_after_logging_in_one_stays_at_the_desk(browser: Open, wanted: str, given: str) -> None:
    response = await (await browser()).log_in("alice", next=wanted)
    assert response.headers["Location"] == given
