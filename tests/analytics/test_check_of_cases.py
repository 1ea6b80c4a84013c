"""Check where ratings and times are compared, case by case."""

from datetime import date, timedelta

import pytest

from analytics.improvement.gates.holding import holds
from analytics.improvement.gates.look import Look
from analytics.improvement.loops.documents import Control
from analytics.improvement.part import Part
from analytics.roll_up import roll_up
from store.database import Database
from tests.analytics.imagined_history import BEGIN, Complaint, keep
from tests.analytics.improving import ZONE, Works, codes
from tests.conftest import Clock

EVERYTHING = Part("recovery")
FIRST = BEGIN.astimezone(ZONE).date()


def heard(first: int, days: int, scores: tuple[int, ...], hours: tuple[float, ...]) -> list[Complaint]:
    """A few complaints a day, with scores and times in turn."""
    return [
        Complaint(100 * day + at, day).resolved(hours[at]).rated(scores[at], hours=60)
        for day in range(first, first + days)
        for at in range(len(scores))
    ]


@pytest.fixture
def works(sqlite_database: Database, clock: Clock) -> Works:
    found = Works(sqlite_database, clock)
    found.turns_to(FIRST + timedelta(days=64))
    keep(sqlite_database, heard(0, 57, (1, 3, 4), (10, 30, 50)))
    roll_up(sqlite_database, ZONE)
    return found


@pytest.mark.parametrize(
    ("kind", "measure", "alternative", "value", "before"),
    [("mann_whitney", "rating", "greater", 4.0, 8 / 3), ("log_rank", "resolution", "less", 20.0, 30.0)],
)
def test_what_helps_is_shown_and_holds(
    works: Works, kind: str, measure: str, alternative: str, value: float, before: float
) -> None:
    target = {"kind": "absolute", "value": value}
    test = works.test(kind=kind, measure=measure, alternative=alternative, target=target)
    cycle = works.comes_to_check(works.opens(part=EVERYTHING), test=test)
    begin = (date.fromisoformat(test["intervention_date"]) - FIRST).days
    assert codes(works.advances(cycle).report) == ["data_complete"]
    keep(works.database, heard(begin, 60, (3, 5, 5), (5, 8, 12)))
    roll_up(works.database, ZONE)
    works.turns_to(FIRST + timedelta(days=begin + 28 + 8))
    done = works.advances(cycle)
    assert done.passed, done.report.missing
    result = done.improvement.content["figures"]["result"]
    assert result["before"] == pytest.approx(before) and result["reached"] is True
    assert result["before_size"] == 56 * 3 and result["after_size"] == 28 * 3
    # As many points as were agreed, all after the test.
    works.turns_to(FIRST + timedelta(days=begin + 60 + 8))
    with works.database.reading() as work:
        look = Look(work, works.around, work.session.merge(done.improvement, load=False))
        control = Control(plan="watch", owner="li", reaction="ask", points=20)
        assert [finding.met for finding in holds(look, control)] == [True, True]


def test_what_only_worsens_is_never_shown(works: Works) -> None:
    test = works.test(
        kind="mann_whitney", measure="rating", alternative="two-sided", target={"kind": "absolute", "value": 4}
    )
    cycle = works.comes_to_check(works.opens(part=EVERYTHING), test=test)
    begin = (date.fromisoformat(test["intervention_date"]) - FIRST).days
    keep(works.database, heard(begin, 28, (1, 1, 2), (10, 30, 50)))
    works.turns_to(FIRST + timedelta(days=begin + 28 + 8))
    report = works.advances(cycle).report
    assert "change_shown" in codes(report)
    result = works.now(cycle).content["figures"]["result"]
    assert result["p"] < 0.001 and result["shown"] is False
