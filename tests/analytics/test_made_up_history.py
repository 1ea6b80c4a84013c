"""A made-up history: the same for the same seed, only in an empty store, and as the service would have left it."""

import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from analytics.firm_zone import firm_zone
from analytics.recount import recount
from analytics.sigma import WrongInput
from analytics.simulating import plan as plans
from analytics.simulating.firm import read_simulated_firm
from analytics.simulating.history import Simulated, simulate
from analytics.simulating.plan import SHARES, Plan
from analytics.simulating.seasons import busyness
from analytics.simulating.words import texts
from recovery.failures import Category
from store.calendar import read_calendar
from store.database import Database
from store.tables import Case, Conversation, Customer, Message, Order, Volume
from store.tables.outcomes import OutcomeEventRow
from tests.conftest import ROOT

FIRM = ROOT / "data" / "firm"
UNTIL = date(2026, 10, 31)
END = datetime(2026, 10, 31, 16, tzinfo=UTC)  # midnight in Shanghai


def later() -> datetime:
    return datetime(2026, 11, 18, tzinfo=UTC)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Plan]:
    """Plans too short to show anything, which is quick."""
    monkeypatch.setattr(plans, "FEWEST_DAYS", 30)
    monkeypatch.setattr(plans, "FEWEST_CASES", 100)
    return lambda seed: Plan(seed, 35, 100, UNTIL)


def written(path: Path, empty: Path, plan: Plan) -> tuple[Simulated, list[Any]]:
    """What a history of this plan comes to, and every row that tells of it."""
    shutil.copy(empty, path)
    with Database(f"sqlite:///{path}", later) as database:
        made = simulate(database, FIRM, plan)
        with database.reading() as work:
            rows: list[Any] = []
            for table in (Case, Customer, Conversation, Message, Order, Volume, OutcomeEventRow):
                columns = table.__table__.columns
                rows += [tuple(map(str, row)) for row in work.session.execute(select(*columns).order_by(columns[0]))]
        return made, rows


def test_the_same_seed_makes_the_same_history_and_another_one_another(
    tmp_path: Path, migrated_sqlite_file: Path, short: Callable[[int], Plan]
) -> None:
    first = written(tmp_path / "first.db", migrated_sqlite_file, short(7))
    assert first == written(tmp_path / "second.db", migrated_sqlite_file, short(7))
    assert first[1] != written(tmp_path / "third.db", migrated_sqlite_file, short(8))[1]


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_it_is_counted_and_lies_in_the_past(
    engine: str, request: pytest.FixtureRequest, short: Callable[[int], Plan]
) -> None:
    database: Database = request.getfixturevalue(f"{engine}_database")
    before = database.clock
    made = simulate(database, FIRM, short(7))
    assert database.clock is before
    with database.reading() as work:
        assert not recount(work, firm_zone(FIRM)).differences
        assert work.session.scalar(select(func.count()).select_from(Case)) == made.cases
        for moment in (Case.opened_at, Case.closed_at, Case.first_response_at, Message.at, OutcomeEventRow.at):
            last = work.session.scalar(select(func.max(moment)))
            assert last is not None and last < END
        counts = select(func.count()).select_from(OutcomeEventRow)
        assert work.session.scalar(counts.where(OutcomeEventRow.counted.is_(False))) == 0
        numbers = select(Message.conversation_id, func.count(), func.max(Message.number)).group_by(
            Message.conversation_id
        )
        assert all(count == last for _, count, last in work.session.execute(numbers))
        # What goes on from here gets ids of its own.
    with database.begin() as work:
        work.session.add(Customer(created_at=later()))
        work.session.flush()
        work.commit()


def test_a_store_that_holds_anything_is_left_alone(sqlite_database: Database, short: Callable[[int], Plan]) -> None:
    with sqlite_database.begin() as work:
        work.session.add(Customer(created_at=later()))
        work.commit()
    with pytest.raises(WrongInput, match=r"not empty .*customers"):
        simulate(sqlite_database, FIRM, short(7))


def test_a_history_must_be_over_and_long_enough(sqlite_database: Database, short: Callable[[int], Plan]) -> None:
    with pytest.raises(WrongInput, match="not over yet"):
        # The test's clock stands on 18 November.
        simulate(sqlite_database, FIRM, Plan(1, 45, 180, date(2026, 11, 18)))
    for days, cases in ((29, 180), (45, 99), (2_000, 180), (45, 10**9)):
        with pytest.raises(WrongInput, match="must lie between"):
            Plan(1, days, cases, UNTIL)


def test_what_is_planted_is_what_the_plan_says() -> None:
    plan = Plan(1, 420, 8_000, UNTIL)
    truths = plan.truths
    before, after = truths.shift_on - timedelta(days=1), truths.fixed_on
    assert truths.times_usual("delivery", before) == 1.0
    assert truths.times_usual("delivery", truths.shift_on) == 1.8
    assert truths.times_usual("delivery", after) == 0.9
    # Training changed nothing.
    assert {truths.times_usual("service_attitude", day) for day in (before, *truths.useless_on, UNTIL)} == {1.0}
    assert plan.since < truths.shift_on < truths.fixed_on < truths.new_shift_on <= UNTIL
    assert sum(SHARES.values()) == pytest.approx(1)


def test_business_has_weekdays_holidays_and_seasons() -> None:
    plan = Plan(1, 420, 8_000, UNTIL)
    busy = busyness(plan, read_calendar(FIRM))
    assert sum(busy.values()) / len(busy) == pytest.approx(1)
    # 11 November is the busiest day of the year, and National Day a quiet one.
    assert max(busy, key=lambda day: busy[day]) in {date(2025, 11, day) for day in (10, 11, 12, 13)}
    assert busy[date(2026, 10, 1)] < busy[date(2026, 9, 24)]


def test_every_category_has_words_in_both_languages_and_a_department() -> None:
    firm = read_simulated_firm(FIRM)
    for category in Category:
        assert texts("zh").complaints[category] and texts("en").complaints[category]
        assert firm.department_of(category) in {*firm.departments.values(), firm.front_door}
    assert texts("zh").complaints.keys() == texts("en").complaints.keys()
    assert texts("zh").remedies.keys() == texts("en").remedies.keys()
