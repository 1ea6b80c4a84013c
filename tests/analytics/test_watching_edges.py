"""Where watching meets what people do at the same moment, and decisions that do not hold yet."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from analytics.improvement.elastic.looking import look as look_at
from analytics.improvement.elastic.watching import record
from analytics.improvement.loops.keeping import Draft, open_improvement
from analytics.improvement.part import Part
from analytics.surroundings import Surroundings
from store.database import Database
from store.tables import ChartBaseline
from tests.analytics.imagined_history import BEGIN, Complaint
from tests.analytics.test_watching import (
    CHARTS,
    PRESENT,
    around,
    firm_folder,
    happened,
    history,
    judge_signal,
    listed,
    look,
    on_days,
    opened,
    policy,
)
from tests.conftest import Clock

__all__ = ["around", "firm_folder", "history"]

TOLD_ONLY = policy(recurrence=[{"category": "delivery", "cases": 5, "days": 7, "open": []}])


def test_what_is_judged_while_somebody_looks_is_not_found_once_more(
    history: Database, around: Surroundings, clock: Clock
) -> None:
    happened(history, on_days({54: 3, 58: 3}))
    look(history, around, TOLD_ONLY)
    happened(history, on_days({61: 2}, first=100))
    clock.advance(days=1)
    with history.reading() as work:
        (found,) = look_at(work, around, TOLD_ONLY)
    # The window has moved on: this finding begins on another day than the signal did.
    (line,) = listed(history)
    assert found.since != line.since
    with history.begin() as work:
        judge_signal(work, line.id, "noise", "bob", "a public holiday")
        work.commit()
    with history.begin() as work:
        assert record(work, around, TOLD_ONLY, found).new == ()
        work.commit()
    assert [line.state for line in listed(history)] == ["noise"]


def test_evidence_joins_open_work_also_where_no_more_may_be_begun(history: Database, around: Surroundings) -> None:
    rules = policy(standard={"window_days": 60, "least_opportunities": 100, "most_at_once": 1, "open": ["pdca"]})
    with history.begin() as work:
        open_improvement(work, Draft("pdca", Part("recovery", "resolved_in_time"), "late"), "bob")
        work.commit()
    happened(
        history,
        [
            Complaint(number, number % 50 + 5).resolved(30.0 if number % 2 else 2.0).rated(2 if number % 4 else 5)
            for number in range(1, 121)
        ],
    )
    look(history, around, rules)
    lines = {line.part.step: line for line in listed(history)}
    assert lines["content"].state == "working"
    assert lines["resolved_in_time"].state == "working"
    assert len(opened(history)) == 2


def test_a_decision_for_later_days_hides_no_shift_now(history: Database, around: Surroundings) -> None:
    usual = {day: 2 + day % 3 for day in range(53)}
    happened(history, on_days({**usual, **dict.fromkeys(range(53, 60), 10)}))
    first = BEGIN.astimezone(ZoneInfo("Asia/Shanghai")).date()
    with history.begin() as work:
        work.session.add(
            ChartBaseline(
                part="defects:service;category=delivery", since=first, until=first + timedelta(days=40),
                begins_on=first + timedelta(days=PRESENT + 30), centre=3.0, reason="a carrier to come",
                decided_by="carol", decided_at=work.now,
            )
        )  # fmt: skip
        work.commit()
    look(history, around, CHARTS)
    (line,) = listed(history)
    assert len(line.details["points"]) == 7
