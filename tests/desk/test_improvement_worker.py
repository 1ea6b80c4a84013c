"""The worker that looks daily at what the firm watches: once a day, whichever process comes first."""

import asyncio
import shutil
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from analytics.improvement.elastic.watching import Watched
from analytics.improvement.policy import ImprovementPolicy, read_policy
from analytics.improvement.problem_table import read_starting_values
from analytics.surroundings import Surroundings
from desk.workers.improvement import ImprovementWorker, claim
from store.database import Database
from store.firm_files import FirmDataError
from store.tables import Improvement, ProcessWatch
from tests.analytics.imagined_history import BEGIN, Complaint, keep, place
from tests.conftest import ROOT, Clock

ZONE = ZoneInfo("Asia/Shanghai")
FOLDER = ROOT / "data" / "firm"


def happened(database: Database, clock: Clock) -> Database:
    """Two safety complaints within a month: by the firm's rules that opens a cycle and a project."""
    clock.now = BEGIN + timedelta(days=30)
    keep(database, [Complaint(number, 20 + number, place("safety")) for number in (1, 2)])
    return database


def opened(database: Database) -> list[str]:
    with database.reading() as work:
        return sorted(work.session.scalars(select(Improvement.kind)))


async def test_two_processes_look_once_a_day(database: Database, clock: Clock) -> None:
    watched = happened(database, clock)
    with Database(watched.url, clock) as elsewhere:
        workers = [ImprovementWorker(one, ZONE, FOLDER) for one in (watched, elsewhere)]
        with capture_logs() as logged:
            found = await asyncio.gather(*(worker.once() for worker in workers))
        assert sum(one is not None for one in found) == 1
        assert [entry["opened"] for entry in logged] == [2]
        assert await workers[1].once() is None
        clock.advance(days=1)
        tomorrow = await workers[1].once()
    assert tomorrow is not None and tomorrow.opened == ()
    assert opened(watched) == ["dmaic", "pdca"]


async def test_a_look_that_died_is_taken_over_after_an_hour(sqlite_database: Database, clock: Clock) -> None:
    watched = happened(sqlite_database, clock)
    # A process claims the day and is killed.
    assert await watched.run(claim, ZONE) is not None
    worker = ImprovementWorker(watched, ZONE, FOLDER)
    assert await worker.once() is None
    clock.advance(minutes=61)
    assert await worker.once() is not None
    with watched.reading() as work:
        assert work.session.scalars(select(ProcessWatch)).one().opened == 2


async def test_a_look_ends_with_the_worker(
    sqlite_database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    began, ended = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def looks(database: Database, around: Surroundings, policy: ImprovementPolicy) -> Watched:
        loop.call_soon_threadsafe(began.set)
        assert around.stopped.wait(10)
        loop.call_soon_threadsafe(ended.set)
        return Watched()

    monkeypatch.setattr("desk.workers.improvement.watch_in_parts", looks)
    task = asyncio.create_task(ImprovementWorker(happened(sqlite_database, clock), ZONE, FOLDER).once())
    await began.wait()
    task.cancel()
    await asyncio.wait_for(ended.wait(), 5)


async def test_a_mistake_in_the_firms_file_is_told_and_ends_nothing(sqlite_database: Database, tmp_path: Path) -> None:
    folder = tmp_path / "firm"
    shutil.copytree(FOLDER, folder)
    (folder / "improvement.yml").write_text("points_in_control: many\n", encoding="utf-8")
    with capture_logs() as logged:
        assert await ImprovementWorker(sqlite_database, ZONE, folder).once() is None
    assert "improvement.yml:1" in logged[0]["error"]
    with sqlite_database.reading() as work:
        assert work.session.scalars(select(ProcessWatch)).all() == []


@pytest.mark.parametrize(
    ("file", "right", "wrong"),
    [
        ("improvement.yml", "category: safety", "category: safty"),
        ("improvement.yml", "  safety: {amount", "  safty: {amount"),
        ("problem_table.yml", "[digital_app]", "[digital_ap]"),
    ],
)
def test_a_category_that_there_is_not_is_told_with_its_line(tmp_path: Path, file: str, right: str, wrong: str) -> None:
    folder = tmp_path / "firm"
    shutil.copytree(FOLDER, folder)
    text = (folder / file).read_text(encoding="utf-8")
    assert right in text
    (folder / file).write_text(text.replace(right, wrong), encoding="utf-8")
    line = text[: text.index(right)].count("\n") + 1
    with pytest.raises(FirmDataError, match=rf"{file}:{line}: .*there is no category"):
        read_policy(folder)
        read_starting_values(folder)
