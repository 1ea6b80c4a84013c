"""A DMAIC project: led from the top, driven by data, closed once it holds."""

from datetime import date, timedelta
from typing import Any

import pytest

from analytics.improvement.loops import keeping
from analytics.improvement.part import Part
from analytics.roll_up import Count, CountKey, adjust_counts
from store.database import Database
from store.tables.improvement import Improvement
from tests.analytics.improving import LATE, Works, codes
from tests.conftest import Clock

SPONSOR = {
    "who": "wang",
    "aim": "half as many late parcels",
    "resources": "two people",
    "begins": "2026-11-18",
    "ends": "2027-11-18",
}
DEFINE = {"need": "the parcel on the day that was named", "scope": "parcels of our own carriers"}
MEASURE = {
    "target": "at most one in ten late",
    "indicators": ["share of late parcels"],
    "outputs": [{"name": "late", "definition": "resolved after its limit", "source": "defects"}],
    "inputs": [
        {"name": "where it came from", "definition": "channel of the case", "source": "channel"},
        {"name": "the day", "definition": "day of the week", "source": "weekday"},
    ],
}
ANALYSE = {"inputs": ["channel"], "words": "WeChat orders are three times as late"}
IMPROVE = {"options": [{"words": "a second carrier"}, {"words": "a driver"}], "chosen": 2, "because": "it costs less"}
CONTROL = {"plan": "the p chart each morning", "owner": "li", "reaction": "call the depot", "points": 20}


def fails_by_channel(works: Works, since: date, days: int, web: int, wechat: int) -> None:
    """So many of a hundred each, every day."""
    with works.database.begin() as work:
        for channel, defects in (("web", web), ("wechat", wechat)):
            keys = [
                CountKey(
                    since + timedelta(days=at), "recovery", LATE.step, "delivery", "logistics", channel, "regular", "zh"
                )
                for at in range(days)
            ]
            adjust_counts(work, dict.fromkeys(keys, Count(100, defects)))
        work.commit()


@pytest.fixture
def works(sqlite_database: Database, clock: Clock) -> Works:
    found = Works(sqlite_database, clock)
    fails_by_channel(found, found.today - timedelta(days=78), 71, 10, 30)
    return found


def comes_to_improve(works: Works, **changed: Any) -> Improvement:
    project = works.opens("dmaic")
    works.writes(project, sponsor=SPONSOR, define=DEFINE)
    assert works.advances(project).passed
    works.writes(works.now(project), measure=MEASURE, baseline=works.baseline())
    assert works.advances(project).passed
    works.writes(works.now(project), analyse=changed.get("analyse", ANALYSE))
    assert works.advances(project).passed, works.sees(project).missing
    return works.now(project)


def comes_to_control(works: Works, after: int = 28) -> Improvement:
    project = comes_to_improve(works)
    works.writes(project, improve=IMPROVE, test=works.test())
    works.plans_a_measure(project)
    works.turns_to(works.today + timedelta(days=1))
    works.finishes_all(project)
    fails_by_channel(works, works.today, after, 8, 10)
    works.turns_to(works.today + timedelta(days=after + 8))
    assert works.advances(project).passed, works.sees(project).missing
    return works.now(project)


def test_a_project_is_closed_once_it_holds(works: Works) -> None:
    project = comes_to_control(works)
    assert project.phase == "control"
    works.writes(
        project,
        control=CONTROL,
        standard={"changes": [{"kind": "procedure", "reference": "the depot's handbook"}]},
        rest={"words": "8 % are still late"},
    )
    assert codes(works.advances(project).report) == ["points_in_control"]
    fails_by_channel(works, works.today - timedelta(days=8), 20, 8, 10)
    works.turns_to(works.today + timedelta(days=20))
    closed = works.advances(project)
    assert closed.passed and closed.improvement.outcome == "standardised"
    assert closed.next_round is not None and closed.next_round.kind == "dmaic"


def test_a_signal_for_the_worse_keeps_control_closed_until_enough_points_follow_it(works: Works) -> None:
    project = comes_to_control(works)
    works.writes(
        project,
        control=CONTROL,
        standard={"changes": [{"kind": "procedure", "reference": "the handbook"}]},
        rest={"words": "more"},
    )
    begin = works.today - timedelta(days=8)
    fails_by_channel(works, begin, 15, 8, 10)
    fails_by_channel(works, begin + timedelta(days=15), 1, 40, 40)
    fails_by_channel(works, begin + timedelta(days=16), 19, 8, 10)
    works.turns_to(works.today + timedelta(days=35))
    report = works.advances(project).report
    assert codes(report) == ["points_in_control"]
    figures = report.missing[0].figures
    assert figures["points"] == 19 and figures["adverse"] == [(begin + timedelta(days=15)).isoformat()]
    fails_by_channel(works, begin + timedelta(days=35), 1, 8, 10)
    works.turns_to(works.today + timedelta(days=1))
    assert works.advances(project).passed


def test_what_falls_back_excludes_no_change_no_more(works: Works) -> None:
    project = comes_to_control(works)
    works.writes(project, control=CONTROL)
    fails_by_channel(works, works.today - timedelta(days=8), 120, 14, 30)
    works.turns_to(works.today + timedelta(days=120))
    assert {"points_in_control", "excludes_no_change"} <= set(codes(works.advances(project).report))


def test_an_input_that_drives_nothing_is_not_taken_for_one(works: Works) -> None:
    project = works.opens("dmaic")
    works.writes(project, sponsor=SPONSOR, define=DEFINE)
    works.advances(project)
    works.writes(works.now(project), measure=MEASURE, baseline=works.baseline())
    works.advances(project)
    works.writes(works.now(project), analyse={**ANALYSE, "inputs": ["weekday"]})
    report = works.advances(project).report
    assert codes(report) == ["input_drives_output"]
    assert report.missing[0].figures["p"] > 0.5


def test_what_cannot_be_measured_keeps_measure_closed(works: Works) -> None:
    project = works.opens("dmaic")
    works.writes(project, sponsor=SPONSOR, define=DEFINE)
    works.advances(project)
    inputs = [{"name": "tier", "definition": "of the customer", "source": "tier"}]
    outputs = [*MEASURE["outputs"], {"name": "content", "definition": "rating", "source": "rating"}]
    works.writes(
        works.now(project), measure={**MEASURE, "inputs": inputs, "outputs": outputs}, baseline=works.baseline()
    )
    assert codes(works.advances(project).report) == ["output_measurable", "input_measurable"]


def test_improve_asks_for_everything_before_it_looks_at_any_result(works: Works) -> None:
    project = comes_to_improve(works)
    assert codes(works.advances(project).report) == [
        "improve_written", "measures_planned", "test_written",
    ]  # fmt: skip


def test_the_one_test_is_not_spent_before_the_measures_are_done(works: Works) -> None:
    project = comes_to_improve(works)
    works.writes(project, improve=IMPROVE, test=works.test())
    works.plans_a_measure(project)
    works.turns_to(works.today + timedelta(days=1))
    fails_by_channel(works, works.today, 28, 8, 10)
    works.turns_to(works.today + timedelta(days=36))
    assert codes(works.advances(project).report) == ["measures_done"]
    assert "result" not in works.now(project).content["figures"]


def test_both_together_turn_in_each_other(works: Works) -> None:
    part = Part("service", category="safety")
    draft = keeping.Draft("pdca", part, "Burns", "recurrence", part.cause())
    cycle, project = works.does(keeping.start_both, draft, "watch")
    assert (cycle.kind, project.kind, cycle.project_id) == ("pdca", "dmaic", project.id)
    again = works.does(keeping.start_both, draft, "watch")
    assert [one.number for one in again] == [cycle.number, project.number]
