"""The recount of many cases: how fast, and in how much memory, on SQLite.

``RECOUNT_CASES`` sets their number; two sizes, one ten times the other, show that memory does not grow with it. Prints
figures; whether the roll-up is right is for the test.
"""

import json
import os
import resource
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import text

from analytics.roll_up import roll_up
from store.database import Database
from store.migrate import migrate
from tests.analytics.imagined_cases import SHANGHAI, ImaginedCase

CASES = int(os.environ.get("RECOUNT_CASES", "20000"))
DAYS = 365
ROOT = Path(__file__).parents[2]

# Of each number of cases in a process of its own, which tells the most memory it ever had.
_ALONE = "import sys; from tests.bench.test_recount import alone; alone(sys.argv[1])"


def load(database: Database, cases: int) -> None:
    """Events of cases in the order of time, written as fast as SQLite takes them."""
    migrate(database)
    chance = Random(7)
    columns = "key, kind, case_number, at, dimensions, details, counted"
    connection = database.engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute("BEGIN")
        for number in range(cases):
            case = ImaginedCase(f"AM-{chance.randrange(10**8):08d}-{number % 1000:03d}"[:16])
            shift = timedelta(days=number * DAYS // cases)
            dimensions = {
                "category": f"category_{chance.randrange(12)}", "department": f"department_{chance.randrange(5)}",
                "channel": chance.choice(["web", "rest", "wechat"]), "tier": chance.choice(["vip", "regular"]),
                "language": chance.choice(["zh", "en"]),
            }  # fmt: skip
            rows = [
                (
                    f"{event.key}:{number}", event.kind, case.number,
                    (event.at + shift).replace(tzinfo=None).isoformat(" ", "microseconds"),
                    json.dumps(dimensions), json.dumps(event.details()), 0,
                )
                for event in case.made_whole(chance.randint(1, 5))
            ]  # fmt: skip
            cursor.executemany(f"INSERT INTO outcome_events ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        cursor.execute("COMMIT")
    finally:
        connection.close()


def alone(url: str) -> None:
    """Recount, and print what it found and the most memory that the process ever had, in MB."""
    from analytics.recount import recount

    with Database(url) as database, database.reading() as work:
        work.session.execute(text("SELECT 1"))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found = recount(work, SHANGHAI)
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({"before": before / 1024, "after": after / 1024, **found.to_json()}))


@pytest.mark.timeout(0)
@pytest.mark.parametrize("cases", [CASES // 10, CASES])
def test_a_recount_takes_no_more_memory_for_more_cases(cases: int, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'amends.db'}"
    with Database(url) as database:
        begun = time.perf_counter()
        load(database, cases)
        loaded = time.perf_counter()
        # Nobody else waits for the writer here.
        roll_up(database, SHANGHAI, chunk=20_000)
        rolled_up = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", _ALONE, url], cwd=ROOT, capture_output=True, text=True, check=True)
    counted = time.perf_counter()
    found = json.loads(done.stdout)
    print(
        f"\n{cases:,} cases: loaded in {loaded - begun:.0f} s, rolled up in {rolled_up - loaded:.0f} s, recounted in "
        f"{counted - rolled_up:.0f} s; {found['before']:.0f} MB before, at most {found['after']:.0f} MB"
    )
    assert found["differing"] == {} and found["uncounted"] == 0
