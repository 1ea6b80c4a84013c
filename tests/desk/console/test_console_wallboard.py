"""The wallboard counts what there is, for many screens at once."""

import asyncio
from typing import Any

import pytest
from aiohttp.test_utils import TestServer
from sqlalchemy import select

from actions.conversations import Address
from actions.firm import Firm
from desk.console.wallboard import Figures, read_board
from store.database import Database
from store.tables import Case, Rating, Staff
from tests.conftest import Clock
from tests.desk.console.conftest import Desk, Open


async def test_the_board_counts_what_there_is(
    browser: Open, desk: Desk, sqlite_database: Database, firm: Firm, clock: Clock
) -> None:
    desk.waits()
    clock.advance(minutes=12)
    desk.wants_refund(300, Address("rest", "li"))
    desk.waits("慢", Address("rest", "zhao"))
    alice = await browser("alice")
    await alice.post(f"/desk/conversations/{desk.conversation(Address('rest', 'zhao')).public_id}/take")
    await alice.post(f"/desk/conversations/{desk.conversation(Address('rest', 'zhao')).public_id}/answer", text="在")
    with sqlite_database.begin() as work:
        case = work.session.scalars(select(Case)).first()
        assert case is not None
        work.session.add_all([Rating(case_id=case.id, score=score, at=work.now) for score in (5, 5, 4, 2)])
        work.session.add(Rating(case_id=case.id, score=1, at=work.now.replace(day=1)))
        work.session.scalars(select(Staff).where(Staff.login == "alice")).one().on_duty = True
        work.commit()
    with sqlite_database.reading() as work:
        board = read_board(work, firm)
    assert (board.waiting, board.with_staff, board.on_duty) == (1, 1, 1)
    assert board.longest is not None and board.longest.total_seconds() == 12 * 60
    assert (board.ratings, board.fives, board.rating_average) == (4, 50, 4.0)
    assert (board.answered, board.in_time) == (1, 1)
    bot, agent, *_ = board.authority
    assert (bot.role, bot.cases, bot.used.minor, bot.room.minor) == ("bot", 1, 30000, 50000) and bot.share == 60
    assert (agent.role, agent.cases) == ("agent", 0)
    assert board.promises_due >= 1 and board.promises_broken == 0
    by_key = {line.key: line for line in board.departments}
    assert by_key["after_sales"].waiting + by_key["customer_service"].waiting == 1
    clock.advance(days=9)
    with sqlite_database.reading() as work:
        later = read_board(work, firm)
    assert sum(later.overdue.values()) > 0 and later.ratings == 0 and later.rating_average is None


async def test_an_empty_board_says_so_and_quality_sees_it_dark_or_light(browser: Open) -> None:
    quinn = await browser("quinn")
    assert "nobody waits" in await quinn.read("/desk/wallboard")
    assert "theme-dark" in await quinn.read("/desk/wallboard?theme=dark")
    assert "theme-auto" in await quinn.read("/desk/wallboard?theme=<script>")


async def test_many_screens_ask_the_store_once_a_second(
    server: TestServer, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    async def read(function: Any, *arguments: Any) -> Any:
        asked.append(function)
        with sqlite_database.reading() as work:
            return function(work, *arguments)

    monkeypatch.setattr(sqlite_database, "read", read)
    figures = Figures()
    await asyncio.gather(*(figures.read(server.app) for _ in range(50)))
    assert len(asked) == 1
