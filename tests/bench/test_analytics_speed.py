"""Charts from the daily roll-up of ten million cases in five years, on SQLite and on PostgreSQL.

Prints medians; whether they are quick (50 ms to read is the aim) is for the reader of the figures, whether the numbers
are right for the test. The roll-up is loaded in bulk, as ten million cases would have left it. ``BENCH_CASES`` sets
another number of cases.
"""

import math
import os
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import insert, text

from analytics.drawing import Wish, draw_counts
from analytics.measured import measured_series
from analytics.periods import ALL_DAYS, Every, Period
from analytics.recovery_steps import RECOVERY, STEP_NAMES
from analytics.series import EVERYTHING, Slice, count_series
from analytics.service_steps import SERVICE
from analytics.sigma_summary import sigma_summary
from analytics.totals import add_up
from store.database import Database
from store.migrate import migrate
from store.tables.outcomes import DailyMeasure

CASES = int(os.environ.get("BENCH_CASES", "10000000"))
FIRST, DAYS = date(2021, 11, 1), 1826
RUNS = 5

STEPS = tuple(STEP_NAMES)
SERVICE_STEPS = ("ordering", "payment", "preparation", "delivery", "reception", "after_sales")
CATEGORIES = (
    "product_quality", "product_mismatch", "delivery", "service_attitude", "service_delay", "billing_price",
    "after_sales", "digital_app", "facility_environment", "safety", "privacy_security", "other",
)  # fmt: skip
# Each category has its department, and now and then another one.
DEPARTMENTS = ("its own", "another")
CHANNELS = ("web", "wechat", "wecom", "rest", "phone")
TIERS = ("regular", "small", "major", "vip")
LANGUAGES = ("zh", "en")
COLUMNS = ("day", "process", "step", "category", "department", "channel", "tier", "language")

Row = tuple[Any, ...]


def rows() -> Iterator[Row]:
    """Daily counts in the order of their key: what most cases share makes most of them."""
    chance = np.random.default_rng(7)
    places = list(product(CATEGORIES, DEPARTMENTS, CHANNELS, TIERS, LANGUAGES))
    weights = np.array(
        [
            0.8 ** CATEGORIES.index(category)
            * (0.9, 0.1)[DEPARTMENTS.index(department)]
            * 0.5 ** CHANNELS.index(channel)
            * 0.5 ** TIERS.index(tier)
            * (0.8, 0.2)[LANGUAGES.index(language)]
            for category, department, channel, tier, language in places
        ]
    )
    weights /= weights.sum()
    for at in range(DAYS):
        day = FIRST + timedelta(days=at)
        cases = chance.multinomial(CASES // DAYS, weights)
        for step in STEPS:
            failed = chance.binomial(cases, 0.05)
            for place in np.flatnonzero(cases):
                yield (day, RECOVERY, step, *places[place], int(cases[place]), int(failed[place]))
        for place in np.flatnonzero(cases):
            category = places[place][0]
            step = SERVICE_STEPS[CATEGORIES.index(category) % len(SERVICE_STEPS)]
            yield (day, SERVICE, step, *places[place], int(cases[place]), int(cases[place]))


def volumes() -> Iterator[Row]:
    now = datetime.now(UTC)
    for at in range(DAYS):
        for step in SERVICE_STEPS:
            yield (FIRST + timedelta(days=at), SERVICE, step, "", "", 1_000_000, now)


def load(database: Database) -> int:
    """Fill the roll-up as fast as each database lets."""
    migrate(database)
    counts, posted = (*COLUMNS, "opportunities", "defects"), (*COLUMNS[:5], "opportunities", "updated_at")
    loaded = 0
    for table, columns, content in (("daily_counts", counts, rows()), ("volumes", posted, volumes())):
        connection = database.engine.raw_connection()
        try:
            cursor = connection.cursor()
            names = ", ".join(columns)
            if database.is_sqlite:
                cursor.execute("BEGIN")
                marks = ", ".join("?" for _ in columns)
                plain = (tuple(v.isoformat(" ") if isinstance(v, date) else v for v in _days(row)) for row in content)
                cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", plain)
                cursor.execute("COMMIT")
            else:
                with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                    for row in content:
                        copy.write_row(row)
                connection.commit()
            cursor.execute(f"SELECT count(*) FROM {table}")
            loaded += cursor.fetchone()[0]
        finally:
            connection.close()
    with database.begin() as work:
        add_up(work)
        work.commit()
    with database.begin() as work:
        work.session.execute(insert(DailyMeasure), list(measures()))
        work.session.execute(text("ANALYZE"))
        work.commit()
    return loaded


def measures() -> Iterator[dict[str, Any]]:
    """A rating of half of the cases and the time to resolve all of them, by category and in all."""
    for at, measure, category in product(range(DAYS), ("rating", "resolution"), ("", *CATEGORIES)):
        number = CASES // DAYS // (len(CATEGORIES) if category else 1) // (2 if measure == "rating" else 1)
        place = {"dimension": "category" if category else "", "key": category, "second": ""}
        each = 4 if measure == "rating" else 11_000
        yield {"measure": measure, "day": FIRST + timedelta(days=at), **place, "number": number, "total": each * number}


def _days(row: Row) -> Row:
    """SQLite keeps a day as text without a time."""
    return (row[0].isoformat(), *row[1:])


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    if request.param == "sqlite":
        folder: Path = tmp_path_factory.mktemp("roll-up")
        url = f"sqlite:///{folder / 'amends.db'}"
    else:
        url = request.getfixturevalue("postgresql_url")
    with Database(url) as database:
        begun = time.perf_counter()
        loaded = load(database)
        print(f"\n{request.param}: {loaded:,} rows for {CASES:,} cases in {time.perf_counter() - begun:.0f} s")
        yield database


LAST = FIRST + timedelta(days=DAYS - 1)
YEAR, QUARTER = Period(LAST - timedelta(days=364), LAST), Period(LAST - timedelta(days=89), LAST)
ASKED: tuple[tuple[str, Slice, Period, Every, str | None], ...] = (
    ("one step, 90 days", Slice(RECOVERY, "content"), QUARTER, "day", None),
    ("one step, a year", Slice(RECOVERY, "content"), YEAR, "day", None),
    ("one step, five years by week", Slice(RECOVERY, "content"), ALL_DAYS, "week", None),
    ("all steps, five years by month", Slice(RECOVERY), ALL_DAYS, "month", None),
    ("a category on a channel, a year", Slice(RECOVERY, None, "delivery", None, "web"), YEAR, "day", None),
    ("a category on a channel, five years", Slice(RECOVERY, "content", "delivery", None, "web"), ALL_DAYS, "day", None),
    ("split by category, a year", Slice(RECOVERY, "content"), YEAR, "week", "category"),
    ("all steps by category, five years", Slice(RECOVERY), ALL_DAYS, "month", "category"),
    ("a channel by category, a year", Slice(RECOVERY, "content", channel="web"), YEAR, "day", "category"),
    ("split by step, five years", Slice(RECOVERY), ALL_DAYS, "week", "step"),
    ("three dimensions, 90 days", Slice(RECOVERY, "content", "delivery", None, "web", "vip"), QUARTER, "day", None),
    ("three dimensions, a year", Slice(RECOVERY, "content", "delivery", None, "web", "vip"), YEAR, "day", None),
    ("service by volumes, a year", Slice(SERVICE), YEAR, "day", None),
    ("one service step, five years", Slice(SERVICE, "delivery"), ALL_DAYS, "week", None),
)


@pytest.mark.timeout(3600)
def test_a_chart_from_the_roll_up(database: Database) -> None:
    for name, part, period, every, split in ASKED:
        reading, drawing = [], []
        for _ in range(RUNS):
            with database.reading() as work:
                begun = time.perf_counter()
                series = count_series(work, part, period, every, split)
            reading.append(time.perf_counter() - begun)
            begun = time.perf_counter()
            for one in series:
                draw_counts(one, part.process, Wish())
            drawing.append(time.perf_counter() - begun)
        spent = [1000 * statistics.median(times) for times in (reading, drawing)]
        print(f"{name:<34}{spent[0]:>9.1f} ms to read{spent[1]:>9.1f} ms to draw")
        if part == Slice(RECOVERY, "content") and split is None:
            days = DAYS if period == ALL_DAYS else (LAST - (period.since or FIRST)).days + 1
            assert sum(series[0].opportunities or ()) == days * (CASES // DAYS)


@pytest.mark.timeout(3600)
def test_what_was_measured_from_the_roll_up(database: Database) -> None:
    for measure, split in (("rating", None), ("resolution", None), ("resolution", "category")):
        spent = []
        for _ in range(RUNS):
            with database.reading() as work:
                begun = time.perf_counter()
                series = measured_series(work, measure, EVERYTHING, every="week", split=split)
            spent.append(1000 * (time.perf_counter() - begun))
        print(f"{f'{measure}, five years, split by {split}':<50}{statistics.median(spent):>9.1f} ms to read")
        hours = math.expm1(11) / 3600
        assert series[0].values[0] == pytest.approx(4 if measure == "rating" else hours)


@pytest.mark.timeout(3600)
def test_sigma_from_the_roll_up(database: Database) -> None:
    for process, by in ((RECOVERY, "step"), (RECOVERY, "category"), (SERVICE, "step")):
        spent = []
        for _ in range(RUNS):
            with database.reading() as work:
                begun = time.perf_counter()
                found = sigma_summary(work, process, by=by)
            spent.append(1000 * (time.perf_counter() - begun))
        print(f"{f'sigma of {process} by {by}, five years':<50}{statistics.median(spent):>9.1f} ms to read")
        assert not found.empty
