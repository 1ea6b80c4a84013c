"""Volumes come in by the API and by CSV, and only for steps that the service has."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from actions.firm import Firm
from desk import tokens
from desk.__main__ import main
from desk.api.imports import ImportRefused, read_volumes_csv
from desk.app import Parts, make_app
from store.database import Database
from store.settings import Settings
from store.tables import Volume
from tests.conftest import ROOT

Client = TestClient  # type: ignore[type-arg]
HEADING = "day,step,category,opportunities\n"
GOOD = "2026-10-01,delivery,,90\n"


def kept(database: Database) -> list[tuple[date, str, str, str, int]]:
    columns = (Volume.day, Volume.process, Volume.step, Volume.category, Volume.opportunities)
    with database.reading() as work:
        return [tuple(row) for row in work.session.execute(select(*columns).order_by(Volume.day, Volume.step))]


@pytest.fixture
async def client(settings: Settings, sqlite_database: Database, firm: Firm) -> AsyncIterator[Client]:
    app = make_app(settings, Parts(database=sqlite_database, firm=firm, workers=False))
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_a_step_that_the_service_has_not_is_refused_with_all_that_came_with_it(
    client: Client, sqlite_database: Database, firm: Firm
) -> None:
    with sqlite_database.begin() as work:
        token = tokens.add_token(work, firm, "erp", ("volumes:write",), None, "ada")
        work.commit()
    headers = {"Authorization": f"Bearer {token}"}
    good = {"day": "2026-10-01", "process": "service", "step": "delivery", "opportunities": 90}
    async with client.post("/api/v1/volumes", json=[good, {**good, "step": "Delivery"}], headers=headers) as response:
        assert response.status == 422
        message = (await response.json())["error"]["message"]
    assert message.startswith("1.step: the service has no step 'Delivery'; it has ordering, payment,")
    assert kept(sqlite_database) == []
    # Of the whole service, without a step, it is one that there is.
    async with client.post("/api/v1/volumes", json=[good, {**good, "step": ""}], headers=headers) as response:
        assert response.status == 200
    assert [step for _, _, step, _, _ in kept(sqlite_database)] == ["", "delivery"]


def test_a_file_is_read_with_cells_that_are_not_told(tmp_path: Path, firm: Firm) -> None:
    path = tmp_path / "volumes.csv"
    path.write_text("\ufeff" + HEADING + "2026-10-01,delivery,,90\n2026-10-02,,delivery,7\n", encoding="utf-8")
    first, second = read_volumes_csv(path, firm)
    assert (first.day, first.process, first.step, first.opportunities) == (date(2026, 10, 1), "service", "delivery", 90)
    assert (second.step, second.category) == (None, "delivery")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("day,step,times\n", ":1: there is no column times"),
        (
            HEADING + "2026-10-01,delivery,,90\n2026-10-01,dispatch,,90\n",
            ":3: step: the service has no step 'dispatch'",
        ),
        (
            HEADING + "2026-10-01,delivery,,90\n2026-10-01,delivery,,91\n",
            ":3: has the day, process, step, category and",
        ),
        (HEADING + "yesterday,delivery,,90\n", ":2: day: Input should be a valid date"),
        (HEADING + "2026-10-01,delivery,,-1\n", ":2: opportunities: Input should be greater than or equal to 0"),
        (HEADING + "2026-10-01,delivery,,many\n", ":2: invalid literal for int()"),
        (HEADING + "2026-10-01,delivery\n", ":2: as many cells as columns are needed"),
        (HEADING + "2026-10-01,delivery,,\n", ":2: opportunities: Field required"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(tmp_path: Path, firm: Firm, content: str, complaint: str) -> None:
    path = tmp_path / "volumes.csv"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ImportRefused) as refused:
        list(read_volumes_csv(path, firm))
    assert f"{path}{complaint}" in str(refused.value)


def test_the_command_keeps_all_of_a_file_or_nothing(
    tmp_path: Path, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AMENDS_DATABASE_URL", sqlite_database.url)
    monkeypatch.setenv("AMENDS_FIRM", str(ROOT / "data" / "firm"))
    path = tmp_path / "volumes.csv"
    path.write_text(HEADING + "2026-10-01,delivery,,90\n2026-10-01,dispatch,,3\n", encoding="utf-8")
    assert main(["imports", "volumes", str(path)]) == 2
    assert "no step 'dispatch'" in capsys.readouterr().err and kept(sqlite_database) == []
    path.write_text(HEADING + "2026-10-01,delivery,,90\n", encoding="utf-8")
    assert main(["imports", "volumes", str(path)]) == main(["imports", "volumes", str(path)]) == 0
    assert kept(sqlite_database) == [(date(2026, 10, 1), "service", "delivery", "", 90)]
