"""Totals and measures are the counts and cases added up, whatever is asked for; a repair makes them so again."""

import random
import shutil
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from math import exp, log
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, insert, select, update

from analytics.case_facts import case_facts
from analytics.case_history import CaseHistory
from analytics.measured import measured_series
from analytics.measures import MEASURED, Measured, case_measures, mean_of, value_of_time
from analytics.recount import recount
from analytics.repair import repair, repair_some
from analytics.roll_up import fill_measures, fill_some, roll_up
from analytics.series import EVERYTHING, Slice, counts_by_day
from analytics.sigma import WrongInput
from analytics.surroundings import Surroundings
from analytics.told_apart import DIMENSIONS, TOLD_APART, places_of, where
from analytics.totals import add_up
from recovery.events import CaseDimensions, OutcomeEvent, PersonAnswered
from store.database import Database
from store.tables.outcomes import (
    CaseMeasure,
    CaseStepOutcome,
    DailyCount,
    DailyMeasure,
    DailyTotal,
    OutcomeEventRow,
    RollUpTask,
)
from tests.analytics.conftest import ROOT
from tests.analytics.imagined_cases import NOON, SHANGHAI, ImaginedCase, record

TABLES = (OutcomeEventRow, CaseStepOutcome, CaseMeasure, DailyCount, DailyTotal, DailyMeasure, RollUpTask)
BOTH = pytest.mark.parametrize("name", ["database", "postgresql_database"])


def answered(case: ImaginedCase, minute: float) -> OutcomeEvent:
    at = NOON + timedelta(minutes=minute)
    return PersonAnswered(case_number=case.number, at=at, dimensions=case.dimensions)


def a_history(cases: int, seed: int = 7) -> list[OutcomeEvent]:
    """Cases of some days and kinds; most are settled, some reopened, unfounded or merged."""
    chance = random.Random(seed)
    events = []
    for number in range(cases):
        place = CaseDimensions(
            chance.choice(["delivery", "product_quality", ""]), chance.choice(["logistics", "sales"]),
            chance.choice(["web", "rest"]), chance.choice(["vip", "regular"]), chance.choice(["zh", "en"]),
        )  # fmt: skip
        case, begin = ImaginedCase(f"AM-{number:04d}", place), chance.randrange(6) * 1440
        events += [case.opened(begin, chance.choice(["delivery", "payment", ""])), case.acknowledged(begin + 0.2)]
        if chance.random() < 0.6:
            events.append(answered(case, begin + chance.randrange(1, 600)))
        if chance.random() < 0.8:
            end = begin + chance.randrange(1, 3000)
            events += [case.resolved(end, begin + 1440), case.rated(chance.randint(1, 5), end + 60)]
        if chance.random() < 0.1:
            events.append(case.merged(begin + 5))
        if chance.random() < 0.1:
            events.append(case.judged(False, begin + 700))
    return events


def kept(database: Database, events: list[OutcomeEvent]) -> None:
    with database.begin() as work:
        record(work, events)
        work.commit()


def rows(database: Database, *tables: type) -> list[str]:
    """All rows without ids, in one order."""
    found = []
    with database.reading() as work:
        for table in tables:
            columns = [column for column in table.__table__.columns if column.name != "id"]  # type: ignore[attr-defined]
            found += sorted(repr(tuple(row)) for row in work.session.execute(select(*columns)))
    return found


def differing(database: Database) -> dict[str, int]:
    with database.reading() as work:
        return recount(work, SHANGHAI).differing


@BOTH
def test_totals_are_the_counts_added_up_whatever_is_asked(name: str, request: pytest.FixtureRequest) -> None:
    database: Database = request.getfixturevalue(name)
    kept(database, a_history(20))
    roll_up(database, SHANGHAI)
    with database.reading() as work:
        counts = work.session.scalars(select(DailyCount)).all()
        for number in range(4):
            for chosen in combinations(("step", *DIMENSIONS), number):
                one = counts[number]
                part = Slice("recovery", **{name: getattr(one, name) for name in chosen})
                for split in (None, "step", *DIMENSIONS):
                    expected: dict[str, dict[date, tuple[int, int]]] = defaultdict(lambda: defaultdict(lambda: (0, 0)))
                    for count in counts:
                        if count.process != "recovery" or any(
                            getattr(count, name) != value for name, value in part.chosen.items()
                        ):
                            continue
                        days = expected[getattr(count, split) if split else ""]
                        before = days[count.day]
                        days[count.day] = (before[0] + count.opportunities, before[1] + count.defects)
                    assert counts_by_day(work, part, split=split) == expected


def test_a_chart_of_two_dimensions_reads_no_more_than_its_own_rows() -> None:
    place = CaseDimensions("delivery", "logistics", "web", "vip", "zh")
    kept_at = {(one.dimension, one.key, one.second) for one in places_of(place)}
    assert len(kept_at) == len(TOLD_APART) == 16
    asked = where({"step": "content", "channel": "web"}, "category")
    assert asked == ("category+channel", {"second": "web"}, "key")
    assert ("category+channel", "delivery", "web") in kept_at
    assert where({"channel": "web", "tier": "vip"}, "category") is None
    assert where({}, None) == ("", {}, None) and ("", "", "") in kept_at


@BOTH
def test_totals_made_in_bulk_are_those_made_bit_by_bit(name: str, request: pytest.FixtureRequest) -> None:
    database: Database = request.getfixturevalue(name)
    kept(database, a_history(20))
    roll_up(database, SHANGHAI, chunk=9)
    bit_by_bit = rows(database, DailyTotal)
    with database.begin() as work:
        add_up(work)
        work.commit()
    assert rows(database, DailyTotal) == bit_by_bit


def test_measures_are_those_of_the_cases(database: Database) -> None:
    kept(database, a_history(60))
    roll_up(database, SHANGHAI)
    around = Surroundings(SHANGHAI, ROOT / "data" / "firm")
    with database.reading() as work:
        cases = list(case_facts(work, around))
        for part in (EVERYTHING, Slice(category="delivery"), Slice(channel="web", tier="vip", language="zh")):
            belong = [case for case in cases if all(getattr(case.dimensions, k) == v for k, v in part.chosen.items())]
            scores = [case.rating for case in belong if case.rating is not None]
            hours = [
                (case.first_response_at - case.heard_at) / timedelta(hours=1)
                for case in belong
                if case.first_response_at
            ]
            (ratings,) = measured_series(work, "rating", part, every="month")
            (answers,) = measured_series(work, "first_response", part, every="month")
            assert ratings.values == (pytest.approx(sum(scores) / len(scores)),)
            # One second is added, so that what took none has a logarithm; rounding costs a thousandth at most.
            seconds = exp(sum(log(3600 * value + 1) for value in hours) / len(hours)) - 1
            assert answers.sizes == (len(hours),) and answers.values == (pytest.approx(seconds / 3600, rel=2e-3),)
        by_channel = measured_series(work, "resolution", EVERYTHING, every="month", split="channel")
        in_all = measured_series(work, "resolution", EVERYTHING, every="month")[0]
        assert {series.key for series in by_channel} == {"web", "rest"}
        assert sum(series.sizes[0] for series in by_channel) == in_all.sizes[0]


@pytest.mark.parametrize(
    ("seconds", "hours"), [(0, 0), (1, 1 / 3600), (60, 1 / 60), (3600, 1), (86_400, 24), (2_592_000, 720)]
)
def test_a_single_time_is_its_own_geometric_mean(seconds: int, hours: float) -> None:
    begin = datetime(2026, 10, 1, tzinfo=UTC)
    value = value_of_time(begin, begin + timedelta(seconds=seconds))
    assert mean_of("resolution", value, 1) == pytest.approx(hours, rel=1.1e-3)
    assert value_of_time(begin, begin - timedelta(seconds=5)) == 0


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=20), st.randoms(use_true_random=False))
def test_the_order_and_the_parts_of_a_sum_do_not_matter(times: list[int], mixing: random.Random) -> None:
    begin = datetime(2026, 10, 1, tzinfo=UTC)
    values = [value_of_time(begin, begin + timedelta(seconds=time)) for time in times]
    mixed = mixing.sample(values, len(values))
    at = mixing.randrange(len(values) + 1)
    assert sum(mixed[:at]) + sum(mixed[at:]) == sum(values)
    low, high = mean_of("resolution", min(values), 1), mean_of("resolution", max(values), 1)
    assert low - 1e-9 <= mean_of("resolution", sum(values), len(values)) <= high + 1e-9


def test_a_complaint_that_went_into_another_is_measured_with_that_one() -> None:
    case = ImaginedCase()
    assert {
        one.measure for one in case_measures(CaseHistory([*case.made_whole(), answered(case, 9)], SHANGHAI))
    } == set(MEASURED)
    assert case_measures(CaseHistory([*case.made_whole(), case.merged()], SHANGHAI)) == []
    assert case_measures(CaseHistory([case.acknowledged()], SHANGHAI)) == []


@BOTH
def test_a_repair_makes_everything_as_it_was(name: str, request: pytest.FixtureRequest) -> None:
    database: Database = request.getfixturevalue(name)
    kept(database, a_history(60))
    roll_up(database, SHANGHAI)
    assert differing(database) == {}
    tables = TABLES[1:]
    before = rows(database, *tables)
    with database.begin() as work:
        session = work.session
        session.execute(update(DailyCount).where(DailyCount.step == "content").values(opportunities=9, defects=3))
        session.execute(delete(DailyTotal).where(DailyTotal.dimension == "category"))
        session.execute(update(DailyMeasure).where(DailyMeasure.key == "web").values(number=1, total=1))
        session.execute(delete(CaseMeasure).where(CaseMeasure.measure == "rating"))
        session.execute(update(CaseStepOutcome).where(CaseStepOutcome.case_number < "AM-0030").values(defect=True))
        gone = {"case_number": "AM-GONE", "process": "recovery", "step": "content", "day": date(2020, 1, 1)}
        place = dict.fromkeys(DIMENSIONS, "x")
        session.execute(insert(CaseStepOutcome).values(**gone, **place, defect=False))
        work.commit()
    assert set(differing(database)) == {table.__tablename__ for table in tables[:-1]}
    repair(database, SHANGHAI)
    assert differing(database) == {}
    assert rows(database, *tables) == before


def test_a_repair_goes_on_where_it_was_stopped(database: Database) -> None:
    kept(database, a_history(105))
    roll_up(database, SHANGHAI)
    before = rows(database, *TABLES[1:])
    with database.begin() as work:
        work.session.execute(delete(DailyTotal))
        work.session.execute(delete(CaseMeasure))
        work.commit()
    reached: list[str] = []

    def stop_after_four(words: str) -> None:
        reached.append(words)
        if len(reached) == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        repair(database, SHANGHAI, stop_after_four)
    with pytest.raises(KeyboardInterrupt), database.begin() as work:
        assert repair_some(work, SHANGHAI) is not None
        raise KeyboardInterrupt  # before the commit: that day is done again
    repair(database, SHANGHAI, reached.append)
    assert len(reached) == len(set(reached)) and reached[-1].startswith("case AM-")
    assert rows(database, *TABLES[1:]) == before


def test_an_event_that_comes_in_during_a_repair_counts_once(database: Database) -> None:
    kept(database, a_history(30))
    roll_up(database, SHANGHAI)
    case = ImaginedCase("AM-0003")
    kept(database, [case.reopened(9000), case.rated(1, 9001)])
    repair(database, SHANGHAI)
    assert differing(database) == {}
    assert roll_up(database, SHANGHAI) == 2
    assert differing(database) == {}


@BOTH
def test_measures_of_an_earlier_release_are_filled_in_pieces(name: str, request: pytest.FixtureRequest) -> None:
    database: Database = request.getfixturevalue(name)
    kept(database, a_history(110 if name == "database" else 20))
    roll_up(database, SHANGHAI)
    before = rows(database, *TABLES[1:])
    with database.begin() as work:
        work.session.execute(delete(CaseMeasure))
        work.session.execute(delete(DailyMeasure))
        work.session.add(RollUpTask(name="filling", reached=""))
        work.commit()
    with database.begin() as work:
        assert fill_some(work, SHANGHAI, cases=7) == "AM-0006"
        work.commit()
    with database.reading() as work, pytest.raises(WrongInput, match="still being added up, case AM-0006 was reached"):
        measured_series(work, "rating", EVERYTHING)
    assert fill_measures(database, SHANGHAI, most=0) is False
    # A question fills some beside the events that are new.
    roll_up(database, SHANGHAI)
    assert rows(database, *TABLES[1:]) == before
    assert fill_measures(database, SHANGHAI) is True


@pytest.fixture(scope="module")
def module_database(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite_file: Path) -> Iterator[Database]:
    path = shutil.copy(migrated_sqlite_file, tmp_path_factory.mktemp("totals"))
    with Database(f"sqlite:///{path}") as database:
        yield database


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 10**6), st.randoms(use_true_random=False))
def test_late_events_and_damage_always_come_right(module_database: Database, seed: int, mixing: random.Random) -> None:
    """Whatever order events came in, and whatever was damaged: a repair and a roll-up lead to the same rows."""
    with module_database.begin() as work:
        for table in TABLES:
            work.session.execute(delete(table))
        work.commit()
    events = a_history(12, seed)
    mixed = mixing.sample(events, len(events))
    at = mixing.randrange(len(mixed) + 1)
    kept(module_database, mixed[:at])
    roll_up(module_database, SHANGHAI, chunk=mixing.randint(1, 20))
    with module_database.begin() as work:
        damaged = mixing.choice([DailyCount, DailyTotal, DailyMeasure, CaseMeasure, CaseStepOutcome])
        day = work.session.scalar(select(func.min(damaged.day)))
        work.session.execute(delete(damaged).where(damaged.day == day))
        work.commit()
    repair(module_database, SHANGHAI)
    kept(module_database, mixed[at:])
    roll_up(module_database, SHANGHAI)
    assert differing(module_database) == {}


def test_each_measure_has_a_question(database: Database) -> None:
    kept(database, a_history(20))
    roll_up(database, SHANGHAI)
    measures: list[Measured] = ["rating", "acknowledgement", "first_response", "resolution"]
    assert tuple(measures) == MEASURED
    with database.reading() as work:
        assert all(measured_series(work, measure, EVERYTHING) for measure in measures)
