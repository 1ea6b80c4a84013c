"""By which days a chart is judged is a recorded decision: charts go by it, say so, and a later one takes its place."""

import shutil
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, select

from analytics.improvement.elastic.baselines import Decision, baseline_of, chart_key, decide_baseline, decisions
from analytics.improvement.loops.refusals import ImprovementRefused
from analytics.improvement.part import Part
from analytics.questions.chart import ChartAnswer, ChartQuestion
from analytics.questions.question import read_question
from analytics.roll_up import roll_up
from analytics.surroundings import Surroundings
from store.database import Database
from store.tables import ChartBaseline
from tests.analytics.imagined_history import BEGIN, Complaint, keep, place
from tests.conftest import ROOT, Clock

ZONE = ZoneInfo("Asia/Shanghai")
FIRST = BEGIN.astimezone(ZONE).date()
DELIVERY = Part("service", category="delivery")
# Complaints a day: four for three weeks, then two; without volumes they are counted and not divided.
LEVELS = [4] * 21 + [2] * 21


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


@pytest.fixture
def around() -> Surroundings:
    return Surroundings(ZONE, ROOT / "data" / "firm")


@pytest.fixture(scope="module")
def filled_file(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite_file: Path) -> Path:
    """A store with the complaints, to copy: counting them anew for each test would take most of the time."""
    path = tmp_path_factory.mktemp("decided") / "amends.db"
    shutil.copy(migrated_sqlite_file, path)
    days = [number for number, level in enumerate(LEVELS) for _ in range(level)]
    with Database(f"sqlite:///{path}") as database:
        keep(
            database,
            [
                Complaint(number, at, place("delivery"), hour=number % 7).resolved(3).rated(5, hours=4)
                for number, at in enumerate(days, 1)
            ],
        )
        roll_up(database, ZONE)
        with database.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture
def history(
    tmp_path: Path, filled_file: Path, clock: Clock, statements: Callable[[Engine], None]
) -> Iterator[Database]:
    clock.now = BEGIN + timedelta(days=len(LEVELS), hours=1)
    shutil.copy(filled_file, tmp_path / "amends.db")
    with Database(f"sqlite:///{tmp_path / 'amends.db'}", clock) as database:
        statements(database.engine)
        statements(database._read_engine)
        yield database


def decide(
    database: Database, around: Surroundings, first: int, last: int, begins: int | None = None, **changed: Any
) -> Decision:
    said = {"part": DELIVERY, "measure": "defects", "reason": "a second carrier", "by": "carol", **changed}
    with database.begin() as work:
        found = decide_baseline(
            work,
            around,
            said["part"],
            said["measure"],
            day(first),
            day(last),
            day(first if begins is None else begins),
            said["reason"],
            said["by"],
        )
        work.commit()
    return found


def charted(database: Database, around: Surroundings, **words: str) -> ChartAnswer:
    asked = {"process": "service", "category": "delivery", "kind": "c", **words}
    question = read_question(ChartQuestion, {name: [word] for name, word in asked.items()})
    with database.reading() as work:
        return question.answer(work, around)


def centres(answer: ChartAnswer) -> list[float]:
    (drawn,) = answer.drawn
    return [point.centre for point in drawn.charts[0].points]


def test_a_chart_goes_by_the_decision_and_says_so(history: Database, around: Surroundings) -> None:
    assert centres(charted(history, around)) == pytest.approx([3.0] * 42)
    decision = decide(history, around, 21, 41)
    assert decision.centre == pytest.approx(2.0)
    answer = charted(history, around)
    # What came before the decision is judged by itself.
    assert centres(answer) == pytest.approx([4.0] * 21 + [2.0] * 21)
    (told,) = answer.to_json()["charts"][0]["decisions"]
    assert (told["decided_by"], told["reason"], told["begins_on"]) == ("carol", "a second carrier", str(day(21)))
    assert "as carol decided: a second carrier" in answer.to_text()


def test_weeks_that_the_baseline_cuts_do_not_lower_it(history: Database, around: Surroundings) -> None:
    # From a Thursday to a Tuesday: one whole week of four complaints a day, and parts of two others.
    decide(history, around, 3, 15)
    assert set(centres(charted(history, around, every="week"))) == {28.0}


def test_the_days_of_the_baseline_need_not_be_shown(history: Database, around: Surroundings) -> None:
    decide(history, around, 0, 20, begins=21)
    shown = charted(history, around, since=str(day(30)))
    assert centres(shown) == pytest.approx([4.0] * 12)


def test_whoever_names_a_baseline_or_a_phase_is_not_held_to_it(history: Database, around: Surroundings) -> None:
    decide(history, around, 0, 20)
    named = charted(history, around, baseline=f"{day(21)}:{day(41)}")
    assert centres(named) == pytest.approx([2.0] * 42)
    assert named.to_json()["charts"][0]["decisions"] == []
    assert centres(charted(history, around, phase=str(day(30)))) == pytest.approx(
        [(21 * 4 + 9 * 2) / 30] * 30 + [2.0] * 12
    )


def test_other_parts_and_splits_have_their_own(history: Database, around: Surroundings) -> None:
    decide(history, around, 21, 41)
    with history.reading() as work:
        whole = ChartQuestion(process="service", kind="c").answer(work, around)
        split = ChartQuestion(process="service", kind="c", split="category").answer(work, around)
    assert centres(whole) == pytest.approx([3.0] * 42)
    assert centres(split) == pytest.approx([4.0] * 21 + [2.0] * 21)


def test_a_later_decision_takes_the_place_of_an_earlier_one(
    history: Database, around: Surroundings, clock: Clock
) -> None:
    decide(history, around, 0, 20)
    clock.advance(minutes=1)
    decide(history, around, 21, 41)
    assert centres(charted(history, around)) == pytest.approx([4.0] * 21 + [2.0] * 21)
    clock.advance(minutes=1)
    latest = decide(history, around, 10, 31)
    # It begins before the second one's day, which therefore holds no more.
    half = (11 * 4 + 11 * 2) / 22
    assert centres(charted(history, around)) == pytest.approx([4.0] * 10 + [half] * 32)
    with history.reading() as work:
        assert baseline_of(work, chart_key("defects", DELIVERY)) == latest
        assert len(decisions(work)) == 3


def test_said_twice_it_is_one_decision(history: Database, around: Surroundings) -> None:
    assert decide(history, around, 0, 20) == decide(history, around, 0, 20)
    with history.reading() as work:
        assert len(work.session.scalars(select(ChartBaseline)).all()) == 1


def test_a_sum_of_deviations_begins_anew_with_the_decision(history: Database, around: Surroundings) -> None:
    decide(history, around, 0, 20, begins=21)
    (drawn,) = charted(history, around, kind="cusum").drawn
    lower = drawn.charts[1]
    # Two a day lie two below the four of the baseline, which never varied: no slack is allowed for, each day adds two.
    assert [point.phase for point in lower.points] == [1] * 21 + [2] * 21
    assert abs(lower.point(lower.first + 21).value) == pytest.approx(2.0)
    assert abs(lower.point(lower.first + 30).value) == pytest.approx(20.0)


def test_a_rating_has_decisions_of_its_own(history: Database, around: Surroundings) -> None:
    part = Part("recovery", category="delivery")
    decision = decide(history, around, 0, 20, part=part, measure="rating")
    assert decision.centre == pytest.approx(5.0)
    with history.reading() as work:
        answer = ChartQuestion(category="delivery", measure="rating").answer(work, around)
    assert [one["part"] for one in answer.to_json()["charts"][0]["decisions"]] == [decision.part]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"first": 20, "last": 10}, "baseline_backwards"),
        ({"first": 0, "last": 42}, "baseline_not_over"),
        ({"first": 10, "last": 30, "begins": 9}, "begins_before_baseline"),
        ({"first": 0, "last": 6}, "baseline_too_short"),
        ({"first": 0, "last": 20, "reason": "  "}, "reason_missing"),
        ({"first": 0, "last": 20, "measure": "happiness"}, "unknown_measure"),
        ({"first": 0, "last": 20, "part": Part("service", "flying")}, "unknown_step"),
        ({"first": -1_200, "last": 20}, "baseline_too_long"),
    ],
)
def test_what_makes_no_sense_is_refused(
    history: Database, around: Surroundings, changed: dict[str, Any], code: str
) -> None:
    with pytest.raises(ImprovementRefused) as refused:
        decide(history, around, **changed)
    assert refused.value.code == code
    with history.reading() as work:
        assert work.session.scalars(select(ChartBaseline)).all() == []
