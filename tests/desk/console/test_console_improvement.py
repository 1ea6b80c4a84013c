"""The pages of improvement: who changes what, what forms refuse, and what is left behind."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import select

from analytics.improvement.loops import keeping, measures
from analytics.improvement.loops.keeping import Draft
from analytics.improvement.part import Part
from analytics.totals import add_up
from store.database import Database
from store.tables import (
    AuditEntry,
    DailyCount,
    Improvement,
    ImprovementMeasure,
    ImprovementMove,
    LedgerEntry,
    ProcessSignal,
    Staff,
)
from tests.conftest import Clock
from tests.desk.console.conftest import Browser, Open

pytestmark = pytest.mark.usefixtures("people")

BOARD = "/desk/improvement"
LATE = Part("recovery", "resolved_in_time")


def opened(database: Database, kind: str = "pdca", part: Part = LATE) -> str:
    with database.begin() as work:
        number = keeping.open_improvement(work, Draft(kind, part, "Too slow"), "quinn").number
        work.commit()
    return number


def row(database: Database, number: str) -> Improvement:
    with database.reading() as work:
        return work.session.scalars(select(Improvement).where(Improvement.number == number)).one()


def audited(database: Database) -> list[tuple[str, str, str]]:
    with database.reading() as work:
        entries = work.session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        return [(entry.actor, entry.action, entry.subject) for entry in entries]


def signalled(database: Database) -> str:
    with database.begin() as work:
        signal = ProcessSignal(
            key="late", kind="recurrence", cause="defects:service;category=safety", process="service",
            category="safety", since=date(2026, 11, 1), until=date(2026, 11, 17), found_at=work.now,
            details={"cases": 3, "threshold": 2, "days": 30},
        )  # fmt: skip
        work.session.add(signal)
        work.commit()
        return signal.public_id


async def writes(person: Browser, number: str, section: str, revision: int, **fields: Any) -> Any:
    return await person.post(f"{BOARD}/{number}/sections/{section}", revision=revision, **fields)


async def test_an_empty_board_says_how_work_comes_about(browser: Open) -> None:
    page = await (await browser("alice")).read(BOARD)
    assert "No improvement is open" in page and "looks at the charts every day" in page


async def test_quality_opens_both_wheels_and_the_small_one_turns_in_the_large_one(
    browser: Open, sqlite_database: Database
) -> None:
    quinn = await browser("quinn")
    fields: dict[str, Any] = {
        "kind": "both",
        "title": "包裹晚到",
        "process": "service",
        "step": "delivery",
        "category": "",
    }
    response = await quinn.post(f"{BOARD}/new", **fields)
    assert response.status == 303
    cycle = row(sqlite_database, response.headers["Location"].rpartition("/")[2])
    with sqlite_database.reading() as work:
        project = work.session.get_one(Improvement, cycle.project_id)
    assert (cycle.kind, project.kind, cycle.step) == ("pdca", "dmaic", "delivery")
    assert ("quinn", "open_improvement", cycle.number) in audited(sqlite_database)
    page = await quinn.read(BOARD)
    assert cycle.number in page and project.number in page
    # The same part again leads to what is open.
    again = await quinn.post(f"{BOARD}/new", **fields)
    assert again.headers["Location"].endswith(cycle.number)
    assert cycle.number not in await quinn.read(f"{BOARD}?kind=dmaic")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"title": ""}, "Please fill this in"),
        ({"process": "nothing"}, "Please choose one"),
        ({"step": "resolved_in_time"}, "Please choose one"),
        ({"due_on": "soon"}, "Please choose a day"),
    ],
)
async def test_what_cannot_be_opened_is_told_beside_its_field(
    browser: Open, sqlite_database: Database, wrong: dict[str, Any], told: str
) -> None:
    quinn = await browser("quinn")
    response = await quinn.post(f"{BOARD}/new", **({"kind": "pdca", "title": "T", "process": "service"} | wrong))
    assert response.status == 422
    assert told in await response.text()
    assert audited(sqlite_database) == []


async def test_the_problem_is_written_and_read_again(browser: Open, sqlite_database: Database) -> None:
    quinn, number = await browser("quinn"), opened(sqlite_database)
    response = await writes(quinn, number, "problem", 1, statement="每八张工单就有一张超时", why="")
    assert response.status == 303
    assert row(sqlite_database, number).content["problem"]["statement"] == "每八张工单就有一张超时"
    assert "每八张工单就有一张超时" in await quinn.read(f"{BOARD}/{number}")
    assert audited(sqlite_database)[-1] == ("quinn", "write_improvement", number)


async def test_fishbone_and_whys_need_no_script(browser: Open, sqlite_database: Database) -> None:
    quinn, number = await browser("quinn"), opened(sqlite_database)
    whys: dict[str, Any] = {f"whys.0.{place}": f"because {place}" for place in range(5)}
    bones: dict[str, Any] = {
        "fishbone.people": "no night shift\n\n new colleagues ",
        "fishbone.method": "one person answers",
    }
    pareto: dict[str, Any] = {"pareto.dimension": "category", "pareto.key": "delivery"}
    assert (await writes(quinn, number, "causes", 1, **whys, **bones, **pareto)).status == 303
    written = row(sqlite_database, number).content["causes"]
    assert written["fishbone"] == {"people": ["no night shift", "new colleagues"], "method": ["one person answers"]}
    assert written["whys"] == [[f"because {place}" for place in range(5)]]
    page = await quinn.read(f"{BOARD}/{number}")
    # The main cause is chosen from what is there, and another chain is offered.
    assert '<option value="one person answers"' in page and 'name="whys.1.0"' in page


async def test_a_refused_form_keeps_what_was_typed_and_says_what_is_wrong_where(
    browser: Open, sqlite_database: Database
) -> None:
    quinn, number = await browser("quinn"), opened(sqlite_database)
    fields: dict[str, Any] = {
        "kind": "two_proportions", "measure": "defects", "alternative": "less", "target.kind": "relative",
        "target.value": "30", "intervention_date": "2026-12-01", "days_after": "30", "alpha": "much", "power": "0.8",
    }  # fmt: skip
    response = await writes(quinn, number, "test", 1, **fields)
    page = await response.text()
    assert response.status == 422
    assert "0.3 means 30 %" in page and "Please write a number" in page
    assert 'value="much"' in page and 'value="2026-12-01"' in page
    assert row(sqlite_database, number).revision == 1
    response = await writes(quinn, number, "test", 1, **(fields | {"target.value": "0.3", "alpha": "0.05"}))
    assert "a multiple of 7" in await response.text()


async def test_two_people_do_not_overwrite_each_other(browser: Open, sqlite_database: Database) -> None:
    quinn, bob, number = await browser("quinn"), await browser("bob"), opened(sqlite_database)
    assert (await writes(quinn, number, "problem", 1, statement="first")).status == 303
    late = await writes(bob, number, "problem", 1, statement="second")
    page = await late.text()
    assert late.status == 409 and "A colleague changed it meanwhile" in page and "second" in page
    assert row(sqlite_database, number).content["problem"]["statement"] == "first"
    # The form has the new revision now: pressing again writes.
    assert 'name="revision" value="2"' in page


async def test_measures_are_planned_changed_and_removed(browser: Open, sqlite_database: Database) -> None:
    quinn, number = await browser("quinn"), opened(sqlite_database)
    fields: dict[str, Any] = {
        "words": "Name a deputy", "owner": "zhoumin", "department": "logistics", "begins_on": "2026-11-20",
        "due_on": "2026-11-10", "resources": "two people", "target": "4 hours",
    }  # fmt: skip
    refused = await quinn.post(f"{BOARD}/{number}/measures", revision=1, **fields)
    assert refused.status == 422 and "due before it begins" in await refused.text()
    fields["due_on"] = "2026-11-30"
    assert (await quinn.post(f"{BOARD}/{number}/measures", revision=1, **fields)).status == 303
    with sqlite_database.reading() as work:
        measure = work.session.scalars(select(ImprovementMeasure)).one()
    path = f"{BOARD}/{number}/measures/{measure.public_id}"
    assert (await quinn.post(path, revision=2, **(fields | {"owner": "amy"}))).status == 303
    assert "amy" in await quinn.read(f"{BOARD}/{number}")
    # Nothing is done before it is begun.
    refused = await quinn.post(f"{path}/done", revision=3, done_on="2026-11-18")
    assert refused.status == 422 and "done from Do on" in await refused.text()
    assert (await quinn.post(f"{path}/remove", revision=3)).status == 303
    assert [action for _, action, _ in audited(sqlite_database)] == ["plan_measure", "plan_measure", "remove_measure"]


async def test_a_gate_that_stays_closed_says_what_is_missing(browser: Open, sqlite_database: Database) -> None:
    quinn, number = await browser("quinn"), opened(sqlite_database)
    response = await quinn.post(f"{BOARD}/{number}/advance", revision=1)
    assert response.status == 303
    assert row(sqlite_database, number).phase == "plan"
    page = await quinn.read(f"{BOARD}/{number}")
    assert "Write down the problem" in page and "Choose a baseline" in page and "the gate stayed closed" in page
    assert audited(sqlite_database)[-1] == ("quinn", "advance_improvement", number)


async def test_dropping_needs_a_reason_and_ends_it(browser: Open, sqlite_database: Database) -> None:
    quinn, number = await browser("quinn"), opened(sqlite_database)
    refused = await quinn.post(f"{BOARD}/{number}/drop", revision=1, reason=" ")
    assert refused.status == 422 and "Please give a reason" in await refused.text()
    assert (await quinn.post(f"{BOARD}/{number}/drop", revision=1, reason="part of the project")).status == 303
    assert row(sqlite_database, number).outcome == "dropped"
    page = await quinn.read(f"{BOARD}/{number}")
    assert "part of the project" in page and f"{number}/advance" not in page
    assert number in await quinn.read(f"{BOARD}?state=closed")
    late = await writes(quinn, number, "problem", 2, statement="too late")
    assert late.status == 409


async def test_an_entry_is_booked_once_and_reversed_once(browser: Open, sqlite_database: Database) -> None:
    quinn, number = await browser("quinn"), opened(sqlite_database)
    path = f"{BOARD}/{number}/ledger"
    fields: dict[str, Any] = {"kind": "investment", "amount": "1,200.50", "day": "2026-11-02"}
    assert (await quinn.post(path, revision=1, **fields)).status == 303
    # A second click finds another revision.
    assert (await quinn.post(path, revision=1, **fields)).status == 409
    with sqlite_database.reading() as work:
        entry = work.session.scalars(select(LedgerEntry)).one()
    assert (entry.amount_minor, entry.currency) == (120050, "CNY")
    assert (await quinn.post(f"{path}/{entry.public_id}/reverse", revision=2, note="wrong")).status == 303
    again = await quinn.post(f"{path}/{entry.public_id}/reverse", revision=3, note="wrong")
    assert again.status == 409 and "reversed already" in await again.text()
    # A gain waits for its proof; an amount must be one.
    gain = await quinn.post(path, revision=3, **(fields | {"kind": "gain"}))
    assert gain.status == 422 and "once a test has shown it" in await gain.text()
    assert (await quinn.post(path, revision=3, **(fields | {"amount": "much"}))).status == 422


async def test_a_signal_is_worked_on_or_noise_with_a_note(browser: Open, sqlite_database: Database) -> None:
    bob, public_id = await browser("bob"), signalled(sqlite_database)
    page = await bob.read(f"{BOARD}/signals")
    assert "3 complaints within 30 days" in page and f"/desk/analytics/cases?signal={public_id}" in page
    path = f"{BOARD}/signals/{public_id}"
    refused = await bob.post(path, state="noise", note="")
    assert refused.status == 422 and "noise" in await refused.text()
    assert (await bob.post(path, state="noise", note="A test of ours")).headers["Location"] == f"{BOARD}/signals"
    assert (await bob.post(path, state="open")).status == 303
    worked = await bob.post(path, state="working", kinds="both")
    opened_one = row(sqlite_database, worked.headers["Location"].rpartition("/")[2])
    assert (opened_one.origin, opened_one.category) == ("recurrence", "safety")
    assert public_id in [subject for _, action, subject in audited(sqlite_database) if action == "judge_signal"]


async def test_controls_problems_ledger_and_baselines_open_on_an_empty_store(browser: Open) -> None:
    alice = await browser("alice")
    assert "Feed-forward" in await alice.read(f"{BOARD}/controls")
    table = await alice.read(f"{BOARD}/problems")
    # S4's four rows ship as starting values.
    assert table.count("<tr>") == 5
    assert "Nothing is booked" in await alice.read(f"{BOARD}/ledger")
    assert "No baseline was decided" in await alice.read(f"{BOARD}/baselines")


async def test_the_board_is_narrowed_to_a_step_and_to_who_has_a_measure(
    browser: Open, sqlite_database: Database
) -> None:
    late, lost = opened(sqlite_database), opened(sqlite_database, part=Part("service", "delivery"))
    with sqlite_database.begin() as work:
        document = {
            "words": "Name a deputy", "owner": "周敏", "department": "logistics", "begins_on": "2026-11-20",
            "due_on": "2026-11-30", "resources": "two people", "target": "4 hours",
        }  # fmt: skip
        measures.add_measure(work, late, 1, document, "quinn")
        work.commit()
    alice = await browser("alice")
    by_step = await alice.read(f"{BOARD}?step=service.delivery")
    assert lost in by_step and late not in by_step
    by_owner = await alice.read(f"{BOARD}?owner=周敏")
    assert late in by_owner and lost not in by_owner and "Owners: 周敏" in by_owner
    # What the board does not know it does not filter by; who has nothing has nothing.
    assert late in await alice.read(f"{BOARD}?step=recovery.delivery")
    assert late not in await alice.read(f"{BOARD}?owner=nobody")


async def test_a_card_has_the_day_of_the_firm(browser: Open, sqlite_database: Database, clock: Clock) -> None:
    clock.now = datetime(2026, 11, 17, 20, tzinfo=UTC)
    opened(sqlite_database)
    assert "18 Nov 2026" in await (await browser("alice")).read(BOARD)


async def test_a_gate_says_in_chinese_why_it_stays_closed(browser: Open, sqlite_database: Database) -> None:
    quinn, number = await browser("quinn"), opened(sqlite_database, part=Part("service", "delivery"))
    with sqlite_database.begin() as work:
        work.session.add(
            DailyCount(
                day=date(2026, 9, 1), process="service", step="delivery", category="delivery", department="logistics",
                channel="web", tier="regular", language="zh", opportunities=3, defects=3,
            )
        )  # fmt: skip
        work.session.flush()
        add_up(work)
        work.commit()
    await writes(quinn, number, "baseline", 1, since="2026-08-01", until="2026-10-31", every="day")
    page = await quinn.read(f"{BOARD}/{number}")
    assert "There is no denominator: no volumes" in page
    await quinn.post("/desk/language", language="zh")
    page = await quinn.read(f"{BOARD}/{number}")
    assert "没有分母：这一部分没有业务量" in page and "no volumes" not in page


async def test_a_result_is_told_in_per_cent_and_points(browser: Open, sqlite_database: Database) -> None:
    number = opened(sqlite_database)
    result: dict[str, Any] = {
        "kind": "two_proportions", "measure": "defects", "p": 0.003, "level": 0.05, "effect": -0.0603,
        "interval": {"low": -0.0708, "high": -0.0493}, "no_change": 0.0, "before": 0.11657, "after": 0.05626,
        "before_size": 7258, "after_size": 3377, "before_defects": 846, "after_defects": 190, "target": 0.0816,
        "reached": True, "shown": True, "tried_before": 0, "since": "2026-09-15", "until": "2026-10-12",
        "method": "score test of two shares (Pearson 1900)", "unit": "opportunities",
    }  # fmt: skip
    with sqlite_database.begin() as work:
        found = work.session.scalars(select(Improvement)).one()
        found.phase, found.outcome, found.open_key, found.closed_at = "closed", "standardised", None, work.now
        found.content = {**found.content, "figures": {"result": result}}
        old = {"code": "test_planned", "met": True, "figures": {"needed": 3}}
        told = {"code": "change_shown", "met": True, "figures": result}
        work.session.add(
            ImprovementMove(
                improvement_id=found.id, at=work.now, by="quinn", from_phase="check", to_phase="act", note="",
                evidence={"findings": [old, told]},
            )
        )  # fmt: skip
        work.commit()
    quinn = await browser("quinn")
    page = await quinn.read(f"{BOARD}/{number}")
    for words in ("11.7 %", "5.63 %", "8.16 %", "−6.03 percentage points", "−7.08 to −4.93", "From 11.7 % to 5.63 %"):
        assert words in page
    # What a former release wrote down otherwise breaks no page.
    assert "test_planned" in page
    await quinn.post("/desk/language", language="zh")
    page = await quinn.read(f"{BOARD}/{number}")
    assert "−6.03个百分点" in page and "两比例得分检验（Pearson 1900）" in page


async def test_a_baseline_is_refused_in_words(browser: Open, sqlite_database: Database) -> None:
    quinn = await browser("quinn")
    fields: dict[str, Any] = {
        "measure": "defects", "process": "service", "since": "2026-09-01", "until": "2026-09-30",
        "begins_on": "2026-10-01", "reason": "a second carrier",
    }  # fmt: skip
    few = await quinn.post(f"{BOARD}/baselines", **fields)
    assert few.status == 422 and "0 points; at least 8 are needed" in await few.text()
    turned = await quinn.post(f"{BOARD}/baselines", **(fields | {"until": "2026-08-01"}))
    assert "lies before the first" in await turned.text()
    assert (await quinn.post(f"{BOARD}/baselines", **(fields | {"since": "x"}))).status == 422
    long = await quinn.post(f"{BOARD}/baselines", **(fields | {"reason": "x" * 5000}))
    assert long.status == 422 and "At most" in await long.text()
    assert audited(sqlite_database) == []


async def test_customers_are_told_by_superiors_of_what_is_proven_only(browser: Open, sqlite_database: Database) -> None:
    number = opened(sqlite_database)
    quinn, bob = await browser("quinn"), await browser("bob")
    assert "once the improvement is proven" in await bob.read(f"{BOARD}/{number}/telling")
    words: dict[str, Any] = {"words_zh": "加了人手", "words_en": "more hands", "shown": "0-0"}
    assert (await quinn.post(f"{BOARD}/{number}/telling/begin", **words)).status == 403
    assert (await bob.post(f"{BOARD}/{number}/telling/begin", **words)).status == 409
    with sqlite_database.begin() as work:
        found = work.session.scalars(select(Improvement)).one()
        found.phase, found.outcome, found.open_key, found.closed_at = "closed", "standardised", None, work.now
        work.commit()
    page = await bob.read(f"{BOARD}/{number}/telling")
    assert "Nobody would be reached" in page


async def test_a_page_that_was_left_open_does_nothing_once_the_role_is_gone(
    browser: Open, sqlite_database: Database, people: dict[str, Staff]
) -> None:
    quinn, number = await browser("quinn"), opened(sqlite_database)
    with sqlite_database.begin() as work:
        work.session.get_one(Staff, people["quinn"].id).role = "agent"
        work.commit()
    assert (await writes(quinn, number, "problem", 1, statement="x")).status == 403
    assert row(sqlite_database, number).revision == 1


@pytest.mark.parametrize("path", ["", "/telling"])
async def test_what_is_not_there_is_not_found(browser: Open, path: str) -> None:
    assert (await (await browser("bob")).get(f"{BOARD}/PD-0000-0000{path}")).status == 404
