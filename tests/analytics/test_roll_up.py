"""The daily roll-up is always what the raw events say, whatever order, chunks, repetitions or processes."""

import random
import shutil
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, func, select, update

from analytics.case_history import UnreadableEvent
from analytics.recount import recount
from analytics.roll_up import roll_up, roll_up_chunk
from recovery.events import OutcomeEvent
from store.database import Database
from store.tables.outcomes import (
    CaseMeasure,
    CaseStepOutcome,
    DailyCount,
    DailyMeasure,
    DailyTotal,
    OutcomeEventRow,
)
from tests.analytics.imagined_cases import DELIVERY, QUALITY, SHANGHAI, ImaginedCase, record

NUMBERS = ["AM-2222-2222", "AM-3333-3333", "AM-4444-4444"]


def record_all(database: Database, *events: OutcomeEvent) -> None:
    with database.begin() as work:
        record(work, events)
        work.commit()


def counts(database: Database) -> dict[tuple[str, str], tuple[int, int]]:
    """(process, step) → (opportunities, defects)."""
    table = DailyCount
    with database.reading() as work:
        rows = work.session.execute(
            select(table.process, table.step, func.sum(table.opportunities), func.sum(table.defects)).group_by(
                table.process, table.step
            )
        )
        return {(process, step): (opportunities, defects) for process, step, opportunities, defects in rows}


def differences(database: Database) -> int:
    with database.reading() as work:
        return len(recount(work, SHANGHAI).differences)


def everything(database: Database) -> list[tuple[object, ...]]:
    """The roll-up row by row, without ids."""
    columns = [column for column in DailyCount.__table__.columns if column.name != "id"]
    with database.reading() as work:
        return sorted((tuple(row) for row in work.session.execute(select(*columns))), key=repr)


def test_a_case_counts_once_at_each_step(database: Database) -> None:
    case = ImaginedCase()
    record_all(database, *case.made_whole(score=3))
    assert roll_up(database, SHANGHAI) == 7
    found = counts(database)
    assert found["recovery", "content"] == (1, 1)
    assert found["service", "delivery"] == (1, 1)
    assert sum(opportunities for opportunities, _ in found.values()) == 8
    with database.reading() as work:
        assert set(work.session.scalars(select(DailyCount.day))) == {date(2026, 10, 1)}


def test_rolling_up_again_changes_nothing(database: Database) -> None:
    record_all(database, *ImaginedCase().made_whole())
    roll_up(database, SHANGHAI)
    before = everything(database)
    assert roll_up(database, SHANGHAI) == 0
    with database.begin() as work:
        work.session.execute(update(OutcomeEventRow).values(counted=False))
        work.commit()
    assert roll_up(database, SHANGHAI) == 7
    assert everything(database) == before


def test_a_late_event_adjusts_what_was_counted(database: Database) -> None:
    case = ImaginedCase()
    record_all(database, *case.made_whole())
    roll_up(database, SHANGHAI)
    assert counts(database)["recovery", "not_reopened"] == (1, 0)
    record_all(database, case.reopened(3 * 1440), case.corrected(20))
    roll_up(database, SHANGHAI)
    assert counts(database)["recovery", "not_reopened"] == (1, 1)
    assert counts(database)["recovery", "understood_right"] == (1, 1)


def test_a_judgement_takes_counts_away_and_gives_them_back(database: Database) -> None:
    case = ImaginedCase()
    record_all(database, case.opened(), case.rated(1))
    roll_up(database, SHANGHAI)
    before = everything(database)
    record_all(database, case.judged(False, minute=200))
    roll_up(database, SHANGHAI)
    assert set(counts(database)) == {("recovery", "understood_right")}
    record_all(database, case.judged(True, minute=300))
    roll_up(database, SHANGHAI)
    assert everything(database) == before


def test_a_case_seen_otherwise_moves_to_its_new_dimensions(database: Database) -> None:
    record_all(database, ImaginedCase(dimensions=DELIVERY).opened())
    roll_up(database, SHANGHAI)
    record_all(database, ImaginedCase(dimensions=QUALITY).judged(True, step="preparation"))
    roll_up(database, SHANGHAI)
    with database.reading() as work:
        service = work.session.scalars(select(DailyCount).where(DailyCount.process == "service")).one()
    assert (service.step, service.category, service.tier, service.defects) == (
        "preparation",
        "product_quality",
        "vip",
        1,
    )


def test_work_that_is_not_committed_leaves_no_trace(database: Database) -> None:
    record_all(database, *ImaginedCase().made_whole())
    with pytest.raises(KeyboardInterrupt), database.begin() as work:
        assert roll_up_chunk(work, SHANGHAI) == 7
        raise KeyboardInterrupt
    assert everything(database) == []
    assert roll_up(database, SHANGHAI) == 7
    assert differences(database) == 0


def test_recount_shows_what_is_wrong(database: Database) -> None:
    record_all(database, *ImaginedCase().made_whole())
    roll_up(database, SHANGHAI)
    with database.begin() as work:
        work.session.execute(update(DailyCount).where(DailyCount.step == "content").values(opportunities=2, defects=1))
        work.session.execute(delete(CaseStepOutcome).where(CaseStepOutcome.step == "not_reopened"))
        work.commit()
    with database.reading() as work:
        found = recount(work, SHANGHAI)
    seen = [
        (difference.table, difference.key["step"], difference.expected, difference.kept)
        for difference in found.differences
        if difference.table != "daily_totals"
    ]
    was = {"day": "2026-10-01", "defect": False, **asdict(DELIVERY)}
    one, two = {"opportunities": 1, "defects": 0}, {"opportunities": 2, "defects": 1}
    assert seen == [
        ("case_step_outcomes", "not_reopened", was, None),
        ("daily_counts", "content", one, two),
        ("daily_counts", "not_reopened", None, one),
    ]
    # Totals are compared with the cases, too: what one of them lacks, all sixteen of its step and of all steps have.
    assert found.differing == {"case_step_outcomes": 1, "daily_counts": 2, "daily_totals": 32}


def test_events_not_rolled_up_yet_are_told_and_do_not_count_as_differences(database: Database) -> None:
    case = ImaginedCase()
    record_all(database, *case.made_whole())
    roll_up(database, SHANGHAI)
    record_all(database, case.reopened())
    with database.reading() as work:
        found = recount(work, SHANGHAI)
    assert (found.cases, found.events, found.uncounted, found.differences) == (1, 7, 1, ())


def test_an_unknown_kind_counts_for_nothing_and_a_broken_record_is_named(database: Database) -> None:
    record_all(database, ImaginedCase().opened())
    with database.begin() as work:
        work.session.execute(update(OutcomeEventRow).values(kind="case_teleported"))
        work.commit()
    assert roll_up(database, SHANGHAI) == 1
    assert everything(database) == []
    assert differences(database) == 0
    with database.begin() as work:
        work.session.execute(update(OutcomeEventRow).values(kind="case_rated", counted=False))
        work.commit()
    with pytest.raises(UnreadableEvent, match=r"case_rated of case AM-2222-2222 .*'score' is missing"):
        roll_up(database, SHANGHAI)


@st.composite
def happenings(draw: st.DrawFn) -> OutcomeEvent:
    """Any event of one of three cases, at any of some days, sensible or not."""
    case = ImaginedCase(draw(st.sampled_from(NUMBERS)), draw(st.sampled_from([DELIVERY, QUALITY])))
    minute = draw(st.integers(0, 8)) * 400
    match draw(st.integers(0, 13)):
        case 0:
            return case.opened(minute, draw(st.sampled_from(["delivery", "payment", ""])))
        case 1:
            return case.acknowledged(minute, due=draw(st.sampled_from([0, 4000])))
        case 2:
            return case.judged(draw(st.booleans()), minute, draw(st.sampled_from(["delivery", ""])))
        case 3:
            return case.corrected(minute)
        case 4:
            return case.answered(draw(st.booleans()), minute, draw(st.integers(1, 3)))
        case 5:
            return case.promise(draw(st.booleans()), minute, draw(st.sampled_from("abc")))
        case 6:
            return case.resolved(minute, due=draw(st.sampled_from([0, 4000])))
        case 7:
            return case.reopened(minute)
        case 8:
            return case.rated(draw(st.integers(1, 5)), minute)
        case 9:
            return case.withdrawn(minute)
        case 10:
            return case.merged(minute)
        case 11:
            return case.unmerged(minute)
        case 12:
            return case.undone(minute)
        case _:
            return case.closed(minute)


@pytest.fixture(scope="module")
def kept_database(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite_file: Path) -> Iterator[Database]:
    """One database for all examples, emptied before each: migrating anew would take most of the time."""
    path = shutil.copy(migrated_sqlite_file, tmp_path_factory.mktemp("roll-up"))
    with Database(f"sqlite:///{path}") as database:
        yield database


def empty(database: Database) -> None:
    with database.begin() as work:
        for table in (OutcomeEventRow, CaseStepOutcome, CaseMeasure, DailyCount, DailyTotal, DailyMeasure):
            work.session.execute(delete(table))
        work.commit()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(happenings(), max_size=40), st.integers(1, 9), st.integers(1, 12), st.randoms(use_true_random=False))
def test_any_order_and_any_chunks_give_the_same_counts(
    kept_database: Database, events: list[OutcomeEvent], chunk: int, at_once: int, mixing: random.Random
) -> None:
    events = list({event.key: event for event in events}.values())
    empty(kept_database)
    record_all(kept_database, *events)
    roll_up(kept_database, SHANGHAI)
    in_one_go = everything(kept_database)
    empty(kept_database)
    mixed = [*events, *mixing.sample(events, len(events) // 3)]
    mixing.shuffle(mixed)
    for start in range(0, len(mixed), at_once):
        record_all(kept_database, *mixed[start : start + at_once])
        roll_up(kept_database, SHANGHAI, chunk)
        assert differences(kept_database) == 0
    assert everything(kept_database) == in_one_go
    # Counted here without the product's fold: each case that was opened was understood once, rightly or not.
    opened = {event.case_number for event in events if event.kind == "case_opened"}
    corrected_or_not = Counter(event.case_number for event in events if event.kind == "assessment_corrected")
    corrected_or_not.subtract(event.case_number for event in events if event.kind == "correction_undone")
    corrected = {number for number, times in corrected_or_not.items() if times > 0}
    expected = (len(opened), len(opened & corrected))
    assert counts(kept_database).get(("recovery", "understood_right"), (0, 0)) == expected


def many_cases(number: int) -> list[OutcomeEvent]:
    chance = random.Random(11)
    events: list[OutcomeEvent] = []
    for index in range(number):
        case = ImaginedCase(f"AM-{index:04}-2222", chance.choice([DELIVERY, QUALITY]))
        events += case.made_whole(score=chance.randint(1, 5))
    chance.shuffle(events)
    return events


def two_at_once(url: str, events: list[OutcomeEvent]) -> None:
    """Two processes' databases count the same events, in chunks that cut through cases."""
    with Database(url) as first, Database(url) as second:
        record_all(first, *events)
        with ThreadPoolExecutor(2) as pool:
            counted = list(pool.map(lambda database: roll_up(database, SHANGHAI, 3), [first, second]))
        assert sum(counted) == len(events)
        ratings = Counter(event.details()["score"] < 4 for event in events if event.kind == "case_rated")
        assert counts(first)["recovery", "content"] == (ratings.total(), ratings[True])
        assert differences(first) == 0


def test_two_processes_at_once_count_each_event_once_on_sqlite(tmp_path: Path, migrated_sqlite_file: Path) -> None:
    path = shutil.copy(migrated_sqlite_file, tmp_path)
    two_at_once(f"sqlite:///{path}", many_cases(40))


def test_two_processes_at_once_count_each_event_once_on_postgresql(
    postgresql_database: Database, postgresql_url: str
) -> None:
    assert counts(postgresql_database) == {}
    two_at_once(postgresql_url, many_cases(150))
    with Database(postgresql_url) as database:
        case = ImaginedCase("AM-0000-2222")
        record_all(database, case.judged(False, minute=500))
        roll_up(database, SHANGHAI)
        assert counts(database)["recovery", "content"][0] == 149
        assert differences(database) == 0
