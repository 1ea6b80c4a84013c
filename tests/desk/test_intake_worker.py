"""What was acknowledged is taken in: in each customer's order, once, whatever ends in the middle or fails."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from actions.firm import Firm
from desk.channels import heard
from desk.channels.accounts import Accounts
from desk.channels.heard import AT_ONCE, TRIES, Told, keep
from desk.channels.incoming import Incoming, Kind, Media, from_json, to_json
from desk.channels.intake import Taken, take_in
from desk.hub import Bell
from desk.workers.intake import IntakeWorker
from store.database import Database, UnitOfWork
from store.tables import HeardCallback, Identity, InboxRow
from tests.conftest import Clock
from tests.desk.channels.draining import drain


def says(database: Database, who: str, *words: str, kind: Kind = Kind.TEXT) -> None:
    """A customer writes; what they write is its key, too."""
    with database.begin() as work:
        keep(
            work,
            [Told("wechat", "main", Incoming(who, f"{who} {one}", kind, work.now, words=one)) for one in words],
        )
        work.commit()


def waiting(database: Database) -> list[str]:
    with database.reading() as work:
        return [row.body["words"] for row in work.session.scalars(select(HeardCallback).order_by(HeardCallback.id))]


def taken(database: Database, who: str) -> list[str]:
    with database.reading() as work:
        rows = select(InboxRow.text).join(Identity, Identity.id == InboxRow.identity_id)
        return list(work.session.scalars(rows.where(Identity.external_id == who).order_by(InboxRow.number)))


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Makes taking in fail for words, with an error, until it is called without words."""
    fails: dict[str, Exception] = {}

    def take(work: UnitOfWork, firm: Firm, channel: str, account: str, incoming: Incoming, **rest: Any) -> Taken:
        found = take_in(work, firm, channel, account, incoming, **rest)
        if incoming.words in fails:
            raise fails[incoming.words]
        return found

    def break_for(*words: str, error: Exception | None = None) -> None:
        fails.clear()
        fails.update({one: error or ValueError(one) for one in words})

    monkeypatch.setattr(heard, "take_in", take)
    yield break_for


async def test_what_each_says_keeps_its_order(database: Database, firm: Firm) -> None:
    for number in range(4):
        for who in ("oAlice", "oBob", "oCarol"):
            says(database, who, f"{number}", f"{number}!")
    assert await drain(database, firm) == 24
    for who in ("oAlice", "oBob", "oCarol"):
        assert taken(database, who) == [f"{number}{mark}" for number in range(4) for mark in ("", "!")]
    assert waiting(database) == []


async def test_what_no_database_keeps_is_kept_replaced(database: Database, firm: Firm) -> None:
    says(database, "o\0Alice", "坏\0了\ud800")
    await drain(database, firm)
    assert taken(database, "o\ufffdAlice") == ["坏\ufffd了\ufffd"]


async def test_a_unit_of_work_takes_few_and_one_of_each_customer(database: Database, firm: Firm) -> None:
    says(database, "oAlice", "1", "2", "3")
    worker = IntakeWorker(database, firm, Accounts(), Bell())
    assert await worker.take_due() == 1
    for number in range(AT_ONCE + 3):
        says(database, f"o{number}", "您好")
    assert await worker.take_due() == AT_ONCE


async def test_what_is_told_again_meanwhile_is_taken_in_once(database: Database, firm: Firm) -> None:
    for _ in range(3):
        says(database, "oAlice", "您好")
    assert await drain(database, firm) == 3
    assert taken(database, "oAlice") == ["您好"]


async def test_who_has_no_name_that_a_channel_gives_is_not_kept(database: Database) -> None:
    for name in ("", "o" * 300):
        says(database, name, "您好")
    assert waiting(database) == []


@pytest.mark.parametrize("last", [0, 1, 2])
async def test_a_kill_after_any_row_leaves_all_as_it_was(
    database: Database, firm: Firm, monkeypatch: pytest.MonkeyPatch, last: int
) -> None:
    """The process ends after so many rows, or (2) before the commit; another takes them over at once."""

    class Killed(BaseException):
        pass

    for who in ("oAlice", "oBob"):
        says(database, who, "1", "2")
    rows = 0

    def take(*arguments: Any, **rest: Any) -> Taken:
        nonlocal rows
        if rows == last:
            raise Killed
        rows += 1
        return take_in(*arguments, **rest)

    with monkeypatch.context() as patched, pytest.raises(Killed), database.begin() as work:
        patched.setattr(heard, "take_in", take)
        heard.take_due(work, firm, Accounts(), lambda: False)
        raise Killed
    assert waiting(database) == ["1", "2", "1", "2"] and taken(database, "oAlice") == []
    await drain(database, firm)
    assert taken(database, "oAlice") == taken(database, "oBob") == ["1", "2"]


async def test_what_fails_waits_with_all_that_its_customer_says_and_others_go_on(
    database: Database, firm: Firm, clock: Clock, broken: Callable[..., None]
) -> None:
    says(database, "oAlice", "坏", "后来")
    says(database, "oBob", "一", "二")
    broken("坏")
    await drain(database, firm)
    assert taken(database, "oBob") == ["一", "二"]
    assert waiting(database) == ["坏", "后来"]
    broken()
    await drain(database, firm)
    assert taken(database, "oAlice") == []
    clock.advance(seconds=1)
    await drain(database, firm)
    assert taken(database, "oAlice") == ["坏", "后来"]


async def test_what_always_fails_becomes_what_a_person_sees(
    database: Database, firm: Firm, clock: Clock, broken: Callable[..., None]
) -> None:
    says(database, "oAlice", "坏", "后来")
    broken("坏")
    for _ in range(TRIES):
        await drain(database, firm)
        assert taken(database, "oAlice") == []
        clock.advance(minutes=1)
    await drain(database, firm)
    unreadable = firm.words.render("zh", "shown.unreadable", what="")
    assert taken(database, "oAlice") == [unreadable, "后来"]
    assert waiting(database) == []


async def test_a_deed_that_always_fails_keeps_nothing_back_for_ever(
    database: Database, firm: Firm, clock: Clock, broken: Callable[..., None]
) -> None:
    says(database, "oAlice", "坏", kind=Kind.SCANNED)
    says(database, "oAlice", "后来")
    broken("坏")
    for _ in range(TRIES + 1):
        await drain(database, firm)
        clock.advance(minutes=1)
    assert taken(database, "oAlice") == ["后来"]


async def test_what_no_release_here_can_read_keeps_nobody_waiting_for_ever(
    sqlite_database: Database, firm: Firm, clock: Clock
) -> None:
    says(sqlite_database, "oAlice", "一", "二")
    with sqlite_database.begin() as work:
        first = work.session.scalars(select(HeardCallback).order_by(HeardCallback.id)).first()
        assert first is not None
        first.body = {**first.body, "kind": "telepathy"}
        work.commit()
    for _ in range(TRIES):
        await drain(sqlite_database, firm)
        assert taken(sqlite_database, "oAlice") == []
        clock.advance(minutes=1)
    await drain(sqlite_database, firm)
    assert taken(sqlite_database, "oAlice") == ["二"]


async def test_nothing_is_given_up_because_the_store_fails(
    database: Database, firm: Firm, clock: Clock, broken: Callable[..., None]
) -> None:
    says(database, "oAlice", "您好")
    broken("您好", error=OperationalError("", {}, Exception("disk full")))
    for _ in range(TRIES + 3):
        await drain(database, firm)
        clock.advance(minutes=1)
    assert waiting(database) == ["您好"]
    broken()
    await drain(database, firm)
    assert taken(database, "oAlice") == ["您好"]


async def test_two_processes_share_the_work_and_keep_the_order(
    postgresql_database: Database, firm: Firm, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one holds the earliest of a customer's rows, the other finds nothing of that customer."""
    database = postgresql_database  # SQLite has one writer
    says(database, "oAlice", "1", "2")
    holding, go_on = threading.Event(), threading.Event()

    def take(*arguments: Any, **rest: Any) -> Taken:
        if arguments[4].words == "1":
            holding.set()
            assert go_on.wait(20)
        return take_in(*arguments, **rest)

    monkeypatch.setattr(heard, "take_in", take)
    with Database(database.engine.url.render_as_string(hide_password=False), clock) as other:
        first = asyncio.create_task(drain(database, firm))
        assert await asyncio.to_thread(holding.wait, 20)
        says(database, "oBob", "1!")
        assert await drain(other, firm) == 1
        go_on.set()
        await first
        await drain(other, firm)
    assert taken(database, "oAlice") == ["1", "2"] and taken(database, "oBob") == ["1!"]


async def test_the_worker_is_rung_and_stops_when_it_is_told_to(sqlite_database: Database, firm: Firm) -> None:
    bell, done, loop = Bell(), asyncio.Event(), asyncio.get_running_loop()
    running = asyncio.create_task(IntakeWorker(sqlite_database, firm, Accounts(), bell).run())
    await asyncio.sleep(0)
    says(sqlite_database, "oAlice", "您好")

    def committed(_: set[int]) -> None:
        loop.call_soon_threadsafe(done.set)

    sqlite_database.on_commit(committed)
    bell.ring()
    async with asyncio.timeout(20):
        await done.wait()
    assert taken(sqlite_database, "oAlice") == ["您好"]
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert running.cancelled()


ANYTHING = st.text(st.characters(), max_size=20)
SHOWN = st.dictionaries(ANYTHING, ANYTHING, max_size=2)


@settings(max_examples=30, deadline=None)
@given(
    st.builds(
        Incoming,
        external_id=ANYTHING,
        key=ANYTHING,
        kind=st.sampled_from(list(Kind)),
        at=st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC)),
        words=ANYTHING,
        choice=st.none() | ANYTHING,
        shown=SHOWN,
        media=st.none() | st.builds(Media, ANYTHING, ANYTHING),
        details=SHOWN,
    )
)
def test_what_is_kept_is_what_was_told(incoming: Incoming) -> None:
    assert from_json(to_json(incoming)) == incoming
