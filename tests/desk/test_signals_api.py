"""Signals, controls and the table of problems over the API: what the command line prints, of the present."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from actions.firm import Firm
from analytics.__main__ import main
from desk import tokens
from desk.app import Parts, make_app
from store.database import Database
from store.settings import Settings
from tests.analytics.imagined_history import BEGIN, Complaint, keep, place
from tests.conftest import ROOT, Clock

Client = TestClient  # type: ignore[type-arg]


@pytest.fixture
async def client(settings: Settings, sqlite_database: Database, firm: Firm, clock: Clock) -> AsyncIterator[Client]:
    clock.now = BEGIN + timedelta(days=30)
    keep(sqlite_database, [Complaint(number, 20 + number, place("safety")) for number in (1, 2)])
    app = make_app(settings, Parts(database=sqlite_database, firm=firm, workers=False))
    with sqlite_database.begin() as work:
        token = tokens.add_token(work, firm, "dashboards", ("analytics:read",), None, "ada")
        work.commit()
    async with TestClient(TestServer(app), headers={"Authorization": f"Bearer {token}"}) as client:
        yield client


async def ask(client: Client, name: str, **query: str) -> tuple[int, Any]:
    async with client.get(f"/api/v1/analytics/{name}", params=query) as response:
        return response.status, await response.json()


async def test_a_signal_leads_to_the_cases_behind_it(
    client: Client, sqlite_database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("AMENDS_DATABASE_URL", sqlite_database.url)
    monkeypatch.setenv("AMENDS_FIRM", str(ROOT / "data" / "firm"))
    monkeypatch.setattr("analytics.__main__.Database", lambda url: Database(url, clock))
    assert main(["watch", "--json"]) == 0
    watched = json.loads(capsys.readouterr().out)
    assert (watched["found"], len(watched["opened"])) == (1, 2)
    status, answer = await ask(client, "signals", state="working")
    (signal,) = answer["signals"]
    assert status == 200 and signal["improvement"] in watched["opened"]
    status, one = await ask(client, "signals", id=signal["id"])
    assert (status, one["cases"]) == (200, ["AM-0002", "AM-0001"])
    assert main(["signals", "--id", signal["id"], "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == one
    assert main(["signals"]) == 0
    assert signal["title"] in capsys.readouterr().out
    status, refused = await ask(client, "signals", id="0" * 32)
    assert status == 422 and "there is no such signal" in refused["error"]["message"]


async def test_controls_and_problems_speak_of_today(client: Client) -> None:
    status, seen = await ask(client, "controls")
    assert status == 200 and list(seen)[:3] == ["feed_forward", "concurrent", "feedback"]
    status, table = await ask(client, "problems")
    assert status == 200 and table["empty"] is False
    assert table["rows"][0]["key"] == "safety" and table["rows"][0]["figures"]["complaints"] == 2
