"""A PDCA cycle from the problem to the standard; its gates look at data."""

import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import select

from analytics.improvement.loops import keeping
from analytics.improvement.loops.keeping import ImprovementRefused
from analytics.improvement.loops.reading import list_improvements, read_improvement
from analytics.improvement.policy import read_policy
from analytics.improvement.proof.evidence import left_out_days
from store.database import Database
from store.tables import CannedReply
from store.tables.improvement import ProcessSignal
from tests.analytics.improving import CAUSES, LATE, PARCELS, Works, codes
from tests.conftest import ROOT, Clock

# One in five late before, one in ten after: nobody needs a table to see that.
BEFORE = [(20, 100)] * 71
BETTER = [(10, 100)] * 28
AS_BEFORE = [(20, 100)] * 28


@pytest.fixture
def works(sqlite_database: Database, clock: Clock, tmp_path: Path) -> Works:
    found = Works(sqlite_database, clock, Path(shutil.copytree(ROOT / "data" / "firm", tmp_path / "firm")))
    found.fails(LATE, found.today - timedelta(days=78), BEFORE)
    return found


def test_a_round_that_works_ends_in_a_standard_and_the_rest_begins_the_next(works: Works) -> None:
    cycle = works.comes_to_check(works.opens())
    early = works.advances(cycle)
    assert not early.passed and codes(early.report) == ["data_complete"]
    checked = works.lets_the_test_run(cycle, BETTER)
    assert checked.passed and checked.improvement.phase == "act"
    result = checked.improvement.content["figures"]["result"]
    assert (result["before"], result["after"], result["reached"]) == (0.2, 0.1, True)
    # Six sigma is far away, so there is a rest, and nobody may forget it.
    standard = {"changes": [{"kind": "policy_file", "reference": "routing.yml"}]}
    works.writes(works.now(cycle), standard=standard)
    assert codes(works.advances(cycle).report) == ["standard_changed", "rest_written_where_left"]
    changes(works, "routing.yml", "the_late_ones: first")
    assert codes(works.advances(cycle).report) == ["rest_written_where_left"]
    works.writes(works.now(cycle), rest={"words": "one in ten is still late"})
    closed = works.advances(cycle)
    assert closed.passed and (closed.improvement.phase, closed.improvement.outcome) == ("closed", "standardised")
    assert closed.next_round is not None and closed.next_round.cause == cycle.cause
    with works.database.reading() as work:
        view = read_improvement(work, cycle.number)
        assert [line.number for line in view.following] == [closed.next_round.number]
        assert [move["to_phase"] for move in view.moves] == ["do", "check", "check", "act", "act", "act", "closed"]
        assert "standards" not in view.to_json()["figures"]
        assert "by_day" not in view.to_json()["figures"]["baseline"]
        assert [line.number for line in list_improvements(work, phase="open")] == [closed.next_round.number]


def test_a_useless_round_is_carried_on_and_its_causes_are_ranked(works: Works) -> None:
    cycle = works.comes_to_check(works.opens())
    checked = works.lets_the_test_run(cycle, AS_BEFORE)
    assert not checked.passed and codes(checked.report) == ["change_shown", "deviations_written"]
    with pytest.raises(ImprovementRefused, match="why the result is not the target"):
        works.does(keeping.carry_on, cycle.number, works.now(cycle).revision, "ada")
    deviations = {"causes": [{"cause": "rain", "weight": 1}, {"cause": "the driver left", "weight": 5}]}
    works.writes(works.now(cycle), deviations=deviations)
    following = works.does(keeping.carry_on, cycle.number, works.now(cycle).revision, "ada")
    first = works.now(cycle)
    assert [one["cause"] for one in first.content["deviations"]["causes"]] == ["the driver left", "rain"]
    assert (first.phase, first.outcome) == ("closed", "carried_on")
    assert (following.previous_id, following.origin, following.phase) == (first.id, "carried_on", "plan")


def test_a_cause_that_survives_two_cycles_opens_a_project(works: Works) -> None:
    cycle = works.opens()
    for _ in range(2):
        cycle = works.comes_to_check(cycle)
        works.lets_the_test_run(cycle, AS_BEFORE)
        works.writes(works.now(cycle), deviations={"causes": [{"cause": "rain", "weight": 1}]})
        policy = read_policy(works.around.folder)
        cycle = works.does(keeping.carry_on, cycle.number, works.now(cycle).revision, "ada", policy)
    with works.database.reading() as work:
        projects = list_improvements(work, kind="dmaic")
        assert [(one.origin, one.cause) for one in projects] == [("survived", cycle.cause)]
        assert read_improvement(work, cycle.number).project == projects[0]


def test_plan_says_what_is_missing(works: Works) -> None:
    cycle = works.opens()
    assert {"problem_written", "baseline_written", "causes_written", "main_cause_written", "measures_planned"} <= set(
        codes(works.sees(cycle))
    )


@pytest.mark.parametrize(
    ("changed", "missing"),
    [
        ({"causes": {**CAUSES, "whys": [["late", "slow"]]}}, "five_whys"),
        ({"causes": {**CAUSES, "pareto": {"dimension": "channel", "key": "wechat"}}}, "pareto_slice"),
        ({"main_cause": {"cause": "the weather", "because": "it rained"}}, "main_cause_is_a_cause"),
        ({"baseline": {"since": "2026-11-01", "until": "2026-11-10"}}, "baseline_long_enough"),
        ({"baseline": {"since": "2026-10-01", "until": "2026-11-17"}}, "baseline_over"),
        ({"baseline": {"since": "2026-01-01", "until": "2026-03-01"}}, "baseline_has_data"),
    ],
)
def test_plan_does_not_pass_with(works: Works, changed: dict[str, Any], missing: str) -> None:
    cycle = works.plans(works.opens(), **changed)
    report = works.advances(cycle).report
    assert not report.passes and missing in codes(report)


@pytest.mark.parametrize(
    ("changed", "missing"),
    [
        ({"kind": "two_rates"}, "test_fits_process"),
        ({"intervention_date": "2026-11-18"}, "test_named_beforehand"),
        ({"intervention_date": "2027-06-01"}, "baseline_recent"),
        ({"target": {"kind": "absolute", "value": 0.3}}, "test_planned"),
        ({"target": {"kind": "relative", "value": 0.001}}, "baseline_large_enough"),
    ],
)
def test_plan_does_not_pass_with_the_test(works: Works, changed: dict[str, Any], missing: str) -> None:
    cycle = works.plans(works.opens(), test=works.test(**changed))
    report = works.advances(cycle).report
    assert not report.passes and missing in codes(report)


def test_a_measure_without_resources_or_of_no_department_keeps_plan_closed(works: Works) -> None:
    cycle = works.plans(works.opens())
    works.plans_a_measure(cycle, resources="", department="the moon")
    assert codes(works.advances(cycle).report) == ["measures_complete", "departments_known"]


def test_do_waits_for_all_measures(works: Works) -> None:
    cycle = works.plans(works.opens())
    assert works.advances(cycle).passed
    assert codes(works.advances(cycle).report) == ["measures_done", "intervention_reached"]


def test_the_days_that_raised_the_alarm_are_no_part_of_the_level_before(works: Works) -> None:
    until = works.today - timedelta(days=10)
    with works.database.begin() as work:
        signal = ProcessSignal(
            key="k", kind="chart", cause=LATE.cause(), process="recovery", since=until - timedelta(days=6),
            until=until, found_at=work.now,
        )  # fmt: skip
        work.session.add(signal)
        work.session.flush()
        cycle = keeping.open_improvement(
            work, keeping.Draft("pdca", LATE, "Late", "signal", signals=[signal.public_id]), "watch"
        )
        work.commit()
    works.plans(cycle)
    works.advances(cycle)
    baseline = works.now(cycle).content["figures"]["baseline"]
    assert len(baseline["left_out"]) == 7 and baseline["opportunities"] == (56 - 7) * 100


def test_the_alarm_of_a_cycle_and_its_project_is_left_out_of_both(works: Works) -> None:
    until = works.today - timedelta(days=10)
    with works.database.begin() as work:
        signal = ProcessSignal(
            key="k", kind="chart", cause=LATE.cause(), process="recovery", since=until, until=until, found_at=work.now
        )
        work.session.add(signal)
        work.session.flush()
        draft = keeping.Draft("pdca", LATE, "Late", "signal", signals=[signal.public_id])
        for one in keeping.start_both(work, draft, "watch"):
            assert left_out_days(work, one) == (until,)


@pytest.mark.parametrize(("days", "more", "compared"), [(56, {}, 56), (60, {}, 56), (60, {"days_before": 70}, 56)])
def test_whole_weeks_of_the_baseline_are_compared(works: Works, days: int, more: dict[str, Any], compared: int) -> None:
    cycle = works.plans(works.opens(), baseline=works.baseline(days), test=works.test(**more))
    assert works.advances(cycle).passed
    assert works.now(cycle).content["figures"]["plan"]["have"] == compared * 100


def test_the_time_after_goes_on_by_whole_weeks_until_the_planned_size_is_there(works: Works) -> None:
    cycle = works.comes_to_check(works.opens())
    begin = date.fromisoformat(works.now(cycle).content["test"]["intervention_date"])
    # So few cases that 28 days are not enough for a fall by 30 %.
    small = works.lets_the_test_run(cycle, [(0, 5), (1, 5)] * 14)
    assert codes(small.report) == ["data_complete"]
    missing = small.report.missing[0].figures
    assert missing["have"] < missing["needed"] and "p" not in missing
    works.fails(LATE, begin + timedelta(days=28), [(0, 5), (1, 5)] * 32)
    works.turns_to(begin + timedelta(days=28 + 64 + 8))
    done = works.advances(cycle)
    result = done.improvement.content["figures"]["result"]
    days = (date.fromisoformat(result["until"]) - begin).days + 1
    assert days % 7 == 0 and result["after_size"] == days * 5 >= missing["needed"] > (days - 7) * 5


def test_once_the_test_was_run_nobody_names_another(works: Works) -> None:
    cycle = works.comes_to_check(works.opens())
    works.lets_the_test_run(cycle, AS_BEFORE)
    with pytest.raises(ImprovementRefused) as refused:
        works.does(keeping.step_back, cycle.number, works.now(cycle).revision, "ada", "try again")
    assert refused.value.code == "result_is_final"
    # Nor does it come out otherwise once better days have followed.
    works.fails(LATE, works.today, [(0, 500)] * 28)
    works.turns_to(works.today + timedelta(days=60))
    assert not works.advances(cycle).passed


def test_a_test_given_up_after_it_had_begun_costs_half_of_the_level(works: Works) -> None:
    cycle = works.comes_to_check(works.opens())
    works.turns_to(works.today + timedelta(days=5))
    for _ in range(2):
        works.does(keeping.step_back, cycle.number, works.now(cycle).revision, "ada", "another test")
    # Taken away first, it has been given up all the same.
    works.writes(works.now(cycle), test=None)
    works.writes(works.now(cycle), test=works.test())
    assert works.advances(cycle).passed
    works.turns_to(works.today + timedelta(days=1))
    assert works.advances(cycle).passed
    done = works.lets_the_test_run(cycle, BETTER)
    assert done.improvement.content["figures"]["result"]["level"] == 0.025


def test_the_service_is_compared_by_volume_and_not_without(sqlite_database: Database, clock: Clock) -> None:
    works = Works(sqlite_database, clock)
    works.fails(PARCELS, works.today - timedelta(days=78), [(30, 1000)] * 71)
    cycle = works.comes_to_check(works.opens(part=PARCELS), test=works.test(kind="two_rates"))
    done = works.lets_the_test_run(cycle, [(15, 1000)] * 28)
    assert done.passed and done.improvement.content["figures"]["result"]["effect"] == pytest.approx(0.5)


def test_without_volumes_there_is_no_proof(sqlite_database: Database, clock: Clock) -> None:
    works = Works(sqlite_database, clock)
    works.fails(PARCELS, works.today - timedelta(days=78), [(30, 0)] * 71)
    cycle = works.plans(works.opens(part=PARCELS), test=works.test(kind="two_rates"))
    assert {"denominator", "test_planned"} <= set(codes(works.advances(cycle).report))


@pytest.mark.parametrize(
    ("reference", "kind", "there"),
    [
        ("routing.yml", "policy_file", True),
        ("replies/zh.yml", "policy_file", True),
        ("../../pyproject.toml", "policy_file", False),
        ("nowhere.yml", "policy_file", False),
        ("长" * 190 + ".yml", "policy_file", False),
        ("on_time_delivery", "guarantee", True),
        ("full_moon", "guarantee", False),
        ("no-such-reply", "canned_reply", False),
        ("handbook, page 7", "procedure", True),
    ],
)
def test_a_standard_is_looked_up(works: Works, reference: str, kind: str, there: bool) -> None:
    cycle = works.comes_to_check(works.opens())
    works.lets_the_test_run(cycle, BETTER)
    changes = [{"kind": kind, "reference": reference}]
    works.writes(works.now(cycle), standard={"changes": changes}, rest={"words": "more"})
    assert ("standard_exists" not in codes(works.sees(cycle))) is there


def changes(works: Works, name: str, line: str) -> None:
    """Somebody writes another line into a file of the firm's."""
    with (works.around.folder / name).open("a", encoding="utf-8") as file:
        file.write(f"\n{line}\n")


def test_what_says_the_same_as_before_is_no_new_standard(works: Works) -> None:
    cycle = works.comes_to_check(works.opens())
    works.lets_the_test_run(cycle, BETTER)
    named = [
        {"kind": "policy_file", "reference": "routing.yml"},
        {"kind": "guarantee", "reference": "on_time_delivery"},
        {"kind": "canned_reply", "reference": "late"},
    ]
    with works.database.begin() as work:
        long_ago = work.now - timedelta(days=300)
        texts = {"en": "We are late, and sorry."}
        work.session.add(CannedReply(shortcut="late", texts=texts, changed_by="mei", changed_at=long_ago))
        work.commit()
    works.writes(works.now(cycle), standard={"changes": named}, rest={"words": "more"})
    assert codes(works.sees(cycle)) == ["standard_changed"] * 3
    changes(works, "routing.yml", "# a comment changes nothing")
    assert codes(works.sees(cycle)) == ["standard_changed"] * 3
    changes(works, "routing.yml", "the_late_ones: first")
    guarantees = works.around.folder / "guarantees.yml"
    told = yaml.safe_load(guarantees.read_text(encoding="utf-8"))
    next(one for one in told["guarantees"] if one["key"] == "on_time_delivery")["sooner"] = True
    guarantees.write_text(yaml.safe_dump(told), encoding="utf-8")
    with works.database.begin() as work:
        reply = work.session.scalars(select(CannedReply)).one()
        reply.texts, reply.changed_at = {"en": "It comes today."}, work.now
        work.commit()
    assert codes(works.sees(cycle)) == []
