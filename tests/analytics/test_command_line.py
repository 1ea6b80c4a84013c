"""``python -m analytics`` as a person calls it, on a temporary database."""

import json
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from store.database import Database
from store.tables.outcomes import DailyCount, Volume
from tests.analytics.conftest import Command
from tests.analytics.imagined_cases import ImaginedCase, record

ROOT = Path(__file__).parents[2]


def happened(database: Database, case: ImaginedCase, score: int = 5) -> None:
    with database.begin() as work:
        record(work, case.made_whole(score))
        work.commit()


def test_an_empty_database_says_so_kindly(analytics: Command) -> None:
    for process in ("recovery", "service"):
        done = analytics("sigma", "--process", process)
        assert (done.returncode, done.stderr) == (0, "")
        assert "nothing is on record yet" in done.stdout
    found = json.loads(analytics("sigma", "--json").stdout)
    assert found["overall"]["no_denominator"] and found["overall"]["dpmo"] is None


def test_what_is_not_counted_yet_is_counted_first(analytics: Command, database: Database) -> None:
    happened(database, ImaginedCase("AM-1"))
    happened(database, ImaginedCase("AM-2"), score=2)
    found = json.loads(analytics("sigma", "--json").stdout)
    assert (found["overall"]["opportunities"], found["overall"]["defects"], found["zone"]) == (14, 1, "Asia/Shanghai")
    assert found["overall"]["rolled_yield"]["value"] == 0.5
    text = analytics("sigma").stdout
    assert "rolled yield 50.00 %" in text and "shift of 1.5" in text
    assert "shift of 0;" in analytics("sigma", "--shift", "0").stdout
    assert "category" in analytics("sigma", "--by", "category").stdout
    assert "nothing is on record" in analytics("sigma", "--since", "2026-10-03").stdout


def test_the_service_says_no_denominator_until_volumes_are_posted(analytics: Command, database: Database) -> None:
    happened(database, ImaginedCase())
    rows = analytics("sigma", "--process", "service").stdout.splitlines()
    for step in ("ordering", "payment", "preparation", "delivery", "reception", "after_sales", "overall"):
        assert "no denominator" in next(row for row in rows if row.startswith(step))
    with database.begin() as work:
        now = datetime(2026, 10, 2, tzinfo=UTC)
        work.session.add(
            Volume(day=date(2026, 10, 1), process="service", step="delivery", opportunities=200, updated_at=now)
        )
        work.commit()
    found = json.loads(analytics("sigma", "--process", "service", "--json").stdout)
    assert (found["overall"]["opportunities"], found["overall"]["defects"]) == (200, 1)
    assert found["overall"]["dpmo"] == 5000


def test_recount_agrees_until_somebody_changes_a_count(analytics: Command, database: Database) -> None:
    happened(database, ImaginedCase())
    done = analytics("recount")
    assert done.returncode == 0
    assert "7 events of 1 cases, 8 daily counts: all as the events say" in done.stdout
    with database.begin() as work:
        work.session.execute(update(DailyCount).where(DailyCount.step == "content").values(defects=1))
        work.commit()
    done = analytics("recount")
    assert done.returncode == 1
    assert "daily_counts 2026-10-01 recovery content delivery logistics web regular zh: " in done.stdout
    assert "should be opportunities 1, defects 0, is opportunities 1, defects 1" in done.stdout
    done = analytics("recount", "--json")
    assert done.returncode == 1
    assert [difference["step"] for difference in json.loads(done.stdout)["differences"]] == ["content"]
    done = analytics("recount", "--repair")
    assert done.returncode == 0
    assert "7 events of 1 cases, 8 daily counts: all as the events say" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["sigma", "--since", "yesterday"], "'yesterday' is no day such as 2026-10-01"),
        (["sigma", "--by", "moon"], "by: must be 'step', 'category'"),
        (["sigma", "--confidence", "2"], "confidence: must be less than 1"),
        (["sigma", "--shift", "nan"], "shift: must be a finite number"),
        (["sigma", "--since", "2026-10-02", "--until", "2026-10-01"], "ends on 2026-10-01 before it begins"),
    ],
)
def test_wrong_arguments_get_one_clear_line(analytics: Command, arguments: list[str], complaint: str) -> None:
    done = analytics(*arguments)
    assert done.returncode == 2
    assert complaint in done.stderr and "Traceback" not in done.stderr


def test_a_database_that_is_not_set_up_and_a_missing_firm_are_named(analytics: Command, tmp_path: Path) -> None:
    done = analytics("sigma", AMENDS_DATABASE_URL=f"sqlite:///{tmp_path / 'fresh' / 'new.db'}")
    assert done.returncode == 2 and "python -m store migrate" in done.stderr
    done = analytics("sigma", AMENDS_FIRM=str(tmp_path / "nowhere"))
    assert done.returncode == 2 and done.stderr.endswith("firm.yml:1: cannot be read: No such file or directory\n")
    done = analytics("sigma", AMENDS_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    assert done.returncode == 2 and done.stderr.startswith("the database does not answer")
    assert "Traceback" not in done.stderr


def test_it_runs_as_a_process_of_its_own(analytics: Command, database: Database) -> None:
    happened(database, ImaginedCase())
    done = subprocess.run(
        [sys.executable, "-m", "analytics", "recount", "--json"], cwd=ROOT, capture_output=True, timeout=60, check=True
    )
    assert json.loads(done.stdout)["events"] == 7
