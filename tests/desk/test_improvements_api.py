"""``GET /api/v1/analytics/improvements…`` and ``…/ledger``."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from actions.firm import Firm
from analytics.improvement.ledger import book
from analytics.improvement.loops.keeping import Draft, open_improvement
from analytics.improvement.part import Part
from analytics.questions.improvements import ImprovementsQuestion
from analytics.surroundings import Surroundings
from desk import tokens
from desk.app import Parts, make_app
from store.database import Database
from store.settings import Settings

Client = TestClient  # type: ignore[type-arg]


@pytest.fixture
async def client(settings: Settings, sqlite_database: Database, firm: Firm) -> AsyncIterator[Client]:
    app = make_app(settings, Parts(database=sqlite_database, firm=firm, workers=False))
    async with TestClient(TestServer(app)) as client:
        yield client


async def ask(client: Client, database: Database, firm: Firm, path: str, scope: str = "analytics:read") -> Any:
    with database.begin() as work:
        token = tokens.add_token(work, firm, f"for {path}"[:60], (scope,), None, "ada")
        work.commit()
    headers = {"Authorization": f"Bearer {token}"}
    async with client.get(f"/api/v1/analytics/{path}", headers=headers) as response:
        return response.status, await response.json()


@pytest.fixture
def number(sqlite_database: Database) -> str:
    with sqlite_database.begin() as work:
        found = open_improvement(work, Draft("pdca", Part("service", "delivery"), "包裹晚到"), "ada")
        book(work, found.number, 1, "investment", 500, "CNY", date(2026, 11, 1), "", "ada")
        work.commit()
        return found.number


async def test_they_are_listed_and_shown(client: Client, sqlite_database: Database, firm: Firm, number: str) -> None:
    status, answer = await ask(client, sqlite_database, firm, "improvements?kind=pdca&phase=open")
    assert status == 200 and [one["number"] for one in answer["improvements"]] == [number]
    status, answer = await ask(client, sqlite_database, firm, f"improvements/{number}")
    assert status == 200 and answer["title"] == "包裹晚到" and answer["gate"]["passes"] is False
    status, answer = await ask(client, sqlite_database, firm, "ledger")
    assert status == 200 and answer["sums"][0]["invested_minor"] == 500


async def test_a_list_says_where_it_stops(
    client: Client, sqlite_database: Database, firm: Firm, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analytics.questions.improvements.MOST", 1)
    _, answer = await ask(client, sqlite_database, firm, "improvements")
    assert [one["number"] for one in answer["improvements"]] == [number] and answer["more"] is False
    with sqlite_database.begin() as work:
        later = open_improvement(work, Draft("pdca", Part("service", "payment"), "重复扣款"), "ada").number
        work.commit()
    _, answer = await ask(client, sqlite_database, firm, "improvements?phase=open")
    assert [one["number"] for one in answer["improvements"]] == [later] and answer["more"] is True
    with sqlite_database.reading() as work:
        told = ImprovementsQuestion().answer(work, Surroundings(firm.zone, Path())).to_text()
    assert told.splitlines()[-1] == "There are more; only the 1 latest are listed."


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("improvements", 200),
        ("ledger", 200),
        ("improvements/PD-XXXX-XXXX", 404),
        ("improvements/" + "x" * 3_000, 404),
        ("improvements/%00", 404),
        ("improvements?phase=later", 422),
        ("improvements?colour=red", 422),
        ("ledger?number=PD-XXXX-XXXX", 422),
    ],
)
async def test_an_empty_store_and_what_is_wrong(
    client: Client, sqlite_database: Database, firm: Firm, path: str, status: int
) -> None:
    found, answer = await ask(client, sqlite_database, firm, path)
    assert found == status
    assert answer["empty"] is True if status == 200 else answer["error"]["message"]


async def test_another_scope_is_not_enough(client: Client, sqlite_database: Database, firm: Firm) -> None:
    for path in ("improvements", "improvements/PD-1", "ledger"):
        assert (await ask(client, sqlite_database, firm, path, "orders:write"))[0] == 403
