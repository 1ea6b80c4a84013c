"""S4's table, from starting values and then from the data; and what the three kinds of control see."""

import shutil
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from analytics.improvement.controls.three_views import Controls, controls
from analytics.improvement.problem_table import Row, problem_table
from analytics.questions.controls import ControlsQuestion
from analytics.questions.problems import ProblemsQuestion
from analytics.roll_up import roll_up
from analytics.surroundings import Surroundings
from store.database import Database
from store.firm_files import FirmDataError
from store.tables import Alarm, Case, CaseClock, FixTold, Improvement, ImprovementMeasure, Promise
from tests.analytics.imagined_history import BEGIN, Complaint, keep, keep_case, place
from tests.conftest import ROOT, Clock

ZONE = ZoneInfo("Asia/Shanghai")
PRESENT = 60


@pytest.fixture
def around() -> Surroundings:
    return Surroundings(ZONE, ROOT / "data" / "firm")


@pytest.fixture
def history(sqlite_database: Database, clock: Clock) -> Database:
    clock.now = BEGIN + timedelta(days=PRESENT, hours=1)
    return sqlite_database


def happened(database: Database, complaints: Iterable[Complaint]) -> None:
    keep(database, complaints)
    roll_up(database, ZONE)


def rows(database: Database, around: Surroundings) -> list[Row]:
    with database.reading() as work:
        return list(problem_table(work, around))


def improved(database: Database, shown: bool, category: str = "delivery", **content: Any) -> None:
    """A cycle with a main cause, a measure that was done, and the result of its test."""
    with database.begin() as work:
        found = Improvement(
            number=f"PD-{category}", kind="pdca", phase="closed", outcome="standardised" if shown else "carried_on",
            title="-", origin="person", cause=f"defects:service;category={category}", process="service",
            category=category, opened_by="carol", opened_at=BEGIN, closed_at=work.now,
            content={
                "main_cause": {"cause": "two carriers mix up their bags", "because": "-"},
                "standard": {"changes": [{"kind": "policy_file", "reference": "routing.yml"}]},
                "figures": {"result": {"shown": shown, "before": 0.04, "after": 0.03, "measure": "defects"}},
                **content,
            },
        )  # fmt: skip
        work.session.add(found)
        work.session.flush()
        for words, done in (("colour the bags", date(2026, 4, 1)), ("buy a scanner", None)):
            work.session.add(
                ImprovementMeasure(
                    improvement_id=found.id, words=words, owner="li", department="logistics",
                    begins_on=date(2026, 3, 1), due_on=date(2026, 4, 1), done_on=done,
                )
            )  # fmt: skip
        work.commit()


def test_the_four_rows_of_s4_ship_as_starting_values(history: Database, around: Surroundings) -> None:
    found = rows(history, around)
    assert [row.key for row in found] == ["product_quality", "delivery", "service_attitude", "digital_app"]
    assert {row.source for row in found} == {"starting value"}
    assert found[1].suggestion == {"zh": "优化物流伙伴，改善包装", "en": "Better carriers, better packing"}


def test_what_happens_most_stands_first_and_new_types_get_a_row(history: Database, around: Surroundings) -> None:
    kinds = ["billing_price"] * 3 + ["delivery"] * 6 + ["product_quality"]
    happened(history, [Complaint(number, 40 + number, place(kind)) for number, kind in enumerate(kinds)])
    found = rows(history, around)
    assert [row.key for row in found[:3]] == ["delivery", "billing_price", "product_quality"]
    assert [row.figures["share"] for row in found[:3]] == pytest.approx([0.6, 0.3, 0.1])
    assert [row.figures["cumulative_share"] for row in found[:3]] == pytest.approx([0.6, 0.9, 1.0])
    assert (found[1].source, found[1].type["zh"]) == ("nothing yet", "价格与收费")


def test_a_cell_comes_from_the_data_once_they_show_it(history: Database, around: Surroundings) -> None:
    improved(history, shown=True)
    row = next(row for row in rows(history, around) if row.key == "delivery")
    assert row.source == "data" and set(row.sources.values()) == {"data"}
    assert row.problem["en"] == "two carriers mix up their bags"
    # Only what was done has proved.
    assert row.suggestion["en"] == "colour the bags"
    assert row.benefit == {"zh": "已证实：投诉下降 25%", "en": "shown by the data: complaints down 25%"}
    assert row.figures["improvements"] == ["PD-delivery"]


def test_what_was_not_shown_is_a_cause_and_no_suggestion(history: Database, around: Surroundings) -> None:
    improved(history, shown=False)
    row = next(row for row in rows(history, around) if row.key == "delivery")
    assert row.sources == {"problem": "data", "suggestion": "starting value", "benefit": "starting value"}


def test_a_firm_without_the_file_has_no_starting_values_and_a_wrong_one_is_told(
    history: Database, around: Surroundings, tmp_path: Path
) -> None:
    folder = tmp_path / "firm"
    shutil.copytree(ROOT / "data" / "firm", folder)
    file = folder / "problem_table.yml"
    file.write_text(file.read_text(encoding="utf-8").replace("[digital_app]", "[delivery]"), encoding="utf-8")
    with pytest.raises(FirmDataError, match="delivery stands here twice"):
        rows(history, Surroundings(ZONE, folder))
    file.unlink()
    assert rows(history, Surroundings(ZONE, folder)) == []


def test_the_table_is_told_as_text_and_csv(history: Database, around: Surroundings) -> None:
    with history.reading() as work:
        answer = ProblemsQuestion().answer(work, around)
    assert "Better carriers, better packing  [starting value]" in answer.to_text()
    assert len(list(answer.to_csv())) == 1 + 4 * 2


# --- the three kinds of control ---------------------------------------------------------------------------------------


def seen(database: Database, around: Surroundings) -> Controls:
    with database.reading() as work:
        found = controls(work, around)
        assert ControlsQuestion().answer(work, around).to_text()
    return found


def item(found: Controls, key: str) -> tuple[int, bool]:
    (one,) = [item for view in found.views for item in view.items if item.key == key]
    return one.number, one.attention


def test_an_empty_store_calls_for_nothing(history: Database, around: Surroundings) -> None:
    found = seen(history, around)
    assert [view.attention for view in found.views] == [0, 0, 0]
    assert [tuple(view.phases) for view in found.views] == [
        ("plan", "define"), ("do", "check", "measure", "analyse"), ("act", "improve", "control"),
    ]  # fmt: skip


def test_each_control_sees_what_is_its_own(history: Database, around: Surroundings, clock: Clock) -> None:
    late = Complaint(1, PRESENT - 1)
    keep_case(history, late, "wang")
    happened(history, [late])
    improved(history, shown=True)
    improved(history, shown=False, category="billing_price")
    now = clock.now
    with history.begin() as work:
        case = work.session.query(Case).one()
        for kind, hours in (("resolution", -2), ("first_response", 3)):
            work.session.add(
                CaseClock(
                    case_id=case.id, kind=kind, department="logistics", started_at=case.opened_at,
                    due_at=now + timedelta(hours=hours), allotted_seconds=3600, pauses=[],
                )
            )  # fmt: skip
        work.session.add(
            Promise(
                conversation_id=case.conversation_id, case_id=case.id, kind="call_back", text="-",
                due_at=now - timedelta(hours=1), made_at=case.opened_at,
            )
        )  # fmt: skip
        work.session.add(Alarm(key="a", kind="spike", category="delivery", raised_at=now))
        work.session.add(
            Improvement(
                number="DM-1", kind="dmaic", phase="analyse", title="-", origin="person", cause="c", open_key="c|dmaic",
                process="service", opened_by="carol", opened_at=now,
            )
        )  # fmt: skip
        work.commit()
    found = seen(history, around)
    assert found.concurrent.phases["analyse"] == 1
    assert item(found, "alarms") == (1, True)
    assert item(found, "open_cases") == (1, True)
    assert item(found, "first_answers") == (0, False)
    assert item(found, "promises") == (1, True)
    assert item(found, "standards") == (1, False)
    assert item(found, "carried_on") == (1, False)
    # A proven fix that nobody was told of.
    assert item(found, "customers_told") == (0, True)


def test_customers_told_long_ago_are_no_feedback_of_the_last_half_year(
    history: Database, around: Surroundings, clock: Clock
) -> None:
    improved(history, shown=True)
    with history.begin() as work:
        one = work.session.query(Improvement).one()
        one.closed_at = work.now - timedelta(days=210)
        for customer, days in ((1, 200), (2, 3)):
            told_at = work.now - timedelta(days=days)
            work.session.add(
                FixTold(improvement_id=one.id, customer_id=customer, case_id=customer, state="told", told_at=told_at)
            )
        work.commit()
    assert item(seen(history, around), "customers_told") == (1, False)
