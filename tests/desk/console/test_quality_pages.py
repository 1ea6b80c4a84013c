"""The pages of quality: figures and tables, permalinks, cases behind a point, and words for what is not there."""

import csv
import io
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from markupsafe import Markup
from multidict import MultiDict

from analytics.improvement.elastic.decided import chart_key
from analytics.improvement.part import Part
from analytics.surroundings import TookTooLong
from desk.console.quality import asking
from desk.console.quality.asking import clean
from store.database import Database
from store.tables import Conversation, Customer, Staff
from store.tables.improvement import ChartBaseline, Improvement, ProcessSignal
from store.tables.outcomes import Volume
from tests.analytics.imagined_history import BEGIN, Complaint, bought, keep, keep_case, place
from tests.desk.console.conftest import Open

PAGES = ("", "/chart", "/pareto", "/times", "/recovery", "/cases")
DAYS = "since=2026-03-02&until=2026-03-31"


@pytest.fixture
def history(sqlite_database: Database) -> list[Complaint]:
    """30 days of 12 complaints of which 3 a day are late; from the 21st day on 9 are, and more are about attitude."""
    found = []
    for day in range(30):
        for nth in range(12):
            late = nth < (9 if day >= 20 else 3)
            category = "service_attitude" if nth < 2 + 4 * (day >= 20) else "delivery"
            where = place(category, "web" if nth % 2 else "wechat")
            number = 12 * day + nth
            found.append(Complaint(number, day, where).resolved(30 if late else 5).rated(5 if nth % 3 else 2))
    keep(sqlite_database, found)
    return found


def figure_of(page: str, key: str) -> Any:
    found = re.search(rf'<script type="application/json" id="{key}">(.+?)</script>', page, re.DOTALL)
    assert found, key
    return json.loads(found[1])


async def test_an_empty_desk_says_so_in_both_languages(
    browser: Open, sqlite_database: Database, people: dict[str, Staff]
) -> None:
    quinn = await browser("quinn")
    for page in PAGES:
        shown = await quinn.read(f"/desk/analytics{page}")
        assert "No cases" in shown or "Nothing in this period" in shown, page
        assert "<figure" not in shown
    with sqlite_database.begin() as work:
        work.session.get_one(Staff, people["quinn"].id).language = "zh"
        work.commit()
    for page in PAGES:
        shown = await quinn.read(f"/desk/analytics{page}")
        assert "没有工单" in shown or "这段时间没有数据" in shown, page


async def test_only_who_is_signed_in_sees_them(browser: Open) -> None:
    nobody = await browser()
    for page in (*PAGES, ".csv", "/chart.csv", "/plotly.js"):
        assert (await nobody.get(f"/desk/analytics{page}")).status == 303


async def test_the_overview_tells_both_levels_and_what_is_missing(browser: Open, history: list[Complaint]) -> None:
    shown = await (await browser("quinn")).read(f"/desk/analytics?{DAYS}")
    assert "95 % interval" in shown
    # Nobody posted volumes: there is no share of the service, and none is made up.
    assert "No denominator" in shown and "No volumes. So there is no share" in shown
    assert "What to look at first" in shown and "resolved in time" in shown
    assert figure_of(shown, "trend")["data"]


async def test_service_has_a_level_once_volumes_are_there(
    browser: Open, history: list[Complaint], sqlite_database: Database
) -> None:
    with sqlite_database.begin() as work:
        work.session.add_all(
            Volume(day=(BEGIN + timedelta(days=day)).date(), process="service", step="delivery", opportunities=12_000,
                   updated_at=BEGIN)
            for day in range(30)
        )  # fmt: skip
        work.commit()
    shown = await (await browser("quinn")).read(f"/desk/analytics?{DAYS}")
    # 360 complaints on 360,000 are 1,000 in a million: 4.59 sigma.
    assert "4.59<span" in shown and "1,000" in shown


async def test_a_chart_marks_signals_and_leads_to_their_cases(browser: Open, history: list[Complaint]) -> None:
    quinn = await browser("quinn")
    shown = await quinn.read(
        f"/desk/analytics/chart?step=resolved_in_time&kind=p&baseline=2026-03-02:2026-03-20&{DAYS}"
    )
    figure = figure_of(shown, "chart-0")
    worse = next(trace for trace in figure["data"] if trace.get("name") == "worse")
    # The rule is explained in words under the mouse.
    assert "Nine points in a row lie on the same" in worse["hovertext"][-1].replace("<br>", " ")
    assert "has become worse" in shown and "What the rules say" in shown
    link = re.search(r'href="(/desk/analytics/cases\?[^"]*since=2026-03-31[^"]*)"', shown)
    assert link
    cases = await quinn.read(link[1].replace("&amp;", "&"))
    # 9 of those heard on the day before were resolved late that day.
    assert len(re.findall(r">AM-\d+<", cases)) == 9


async def test_a_case_on_record_is_linked_and_one_that_is_gone_is_named(
    browser: Open, history: list[Complaint], sqlite_database: Database
) -> None:
    keep_case(sqlite_database, history[-1], "wang")
    shown = await (await browser("quinn")).read(f"/desk/analytics/cases?process=service&{DAYS}")
    assert re.search(rf'href="/desk/conversations/[^"]+\?case={history[-1].number}"', shown)
    assert "only its number is left" in shown
    # A page has 50; the next one goes on behind them.
    following = re.search(r'href="([^"]+)" rel="next"', shown)
    assert following
    more = await (await browser("quinn")).read(following[1].replace("&amp;", "&"))
    assert not set(re.findall(r">(AM-\d+)<", shown)) & set(re.findall(r">(AM-\d+)<", more))


async def test_a_pareto_leads_deeper_and_tests_the_mix(browser: Open, history: list[Complaint]) -> None:
    quinn = await browser("quinn")
    shown = await quinn.read("/desk/analytics/pareto?since=2026-03-22&until=2026-03-31&against=2026-03-02:2026-03-21")
    assert "The mix has changed" in shown and "Staff attitude" in shown
    assert "by=step" in shown and "category=service_attitude" in shown
    bars = figure_of(shown, "pareto")["data"][0]
    assert set(bars["customdata"]) == {"delivery", "service_attitude"} and sorted(bars["x"]) == [60, 60]


async def test_times_and_recovery_say_what_there_is_and_why_there_is_no_more(
    browser: Open, history: list[Complaint]
) -> None:
    quinn = await browser("quinn")
    times = await quinn.read(f"/desk/analytics/times?split=channel&{DAYS}")
    assert "Log-rank test" in times and figure_of(times, "times")["data"]
    recovery = await quinn.read(f"/desk/analytics/recovery?{DAYS}")
    # Two of three gave a 5.
    assert "66.7% of 360 ratings are a 5." in recovery
    assert "enter above how customers who were never failed rate you" in recovery


async def test_a_customer_who_drifts_away_can_be_looked_up(browser: Open, sqlite_database: Database) -> None:
    complaints = [Complaint(1, 0).resolved(1), Complaint(2, 1).resolved(1)]
    keep(sqlite_database, complaints)
    for complaint, customer in zip(complaints, ("ann", "bea"), strict=True):
        keep_case(sqlite_database, complaint, customer)
        bought(sqlite_database, customer, *range(-40, 0, 8))
    with sqlite_database.begin() as work:
        work.session.query(Customer).filter_by(public_id="public-bea").one().name = "Beatrice Vega"
        conversations = {one.identity.external_id: one.public_id for one in work.session.query(Conversation)}
        work.commit()
    shown = await (await browser("quinn")).read(f"/desk/analytics/recovery?{DAYS}")
    links = dict(re.findall(r'<a href="/desk/conversations/(\w+)">(.+?)</a>', shown, re.DOTALL))
    assert set(links) == set(conversations.values())
    assert links[conversations["bea"]] == "Beatrice Vega" and ">ann<" in links[conversations["ann"]]
    assert "public-" not in shown


async def test_a_form_becomes_a_permalink(browser: Open) -> None:
    asked = await (await browser("quinn")).get(
        "/desk/analytics/chart?process=recovery&step=&kind=auto&baseline_since=2026-03-02&baseline_until=2026-03-20"
    )
    assert asked.status == 303
    assert asked.headers["Location"] == (
        "/desk/analytics/chart?process=recovery&kind=auto&baseline=2026-03-02:2026-03-20"
    )


def test_cleaning_a_query_twice_changes_nothing() -> None:
    query = MultiDict(
        [("step", ""), ("rules", "nelson_1"), ("rules", " limits "), ("against_until", "2026-03-01"),
         ("never_failed_1", "3"), ("never_failed_5", "300")]
    )  # fmt: skip
    once = clean(query)
    assert once == {"rules": ["nelson_1", "limits"], "against": [":2026-03-01"], "never_failed": ["3,0,0,0,300"]}
    assert clean(MultiDict((name, value) for name, values in once.items() for value in values)) == once


SENSELESS = {
    "/chart?since=2026-03-31&until=2026-03-02": "ends on 2026-03-02 before it begins",
    "/chart?kind=pie": "kind: must be",
    "/chart?colour=red": "there is no such parameter",
    "/pareto?by=colour": "by: must be",
    "/times?target=soon": "target: must be",
    "/recovery?window=none": "window: must be",
    "/cases?measure=luck": "measure:",
    "?since=1990-01-01": "at most ten years",
}


async def test_a_question_that_makes_no_sense_is_answered_so(browser: Open) -> None:
    quinn = await browser("quinn")
    for address, words in SENSELESS.items():
        answer = await quinn.get(f"/desk/analytics{address}")
        assert answer.status == 422 and words in await answer.text(), address
    assert (await quinn.get("/desk/analytics/chart?step=%00x")).status == 400


async def test_an_answer_that_takes_too_long_is_given_up(browser: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    async def late(app: object, job: object) -> None:
        raise TookTooLong("late")

    monkeypatch.setattr(asking, "reckon", late)
    answer = await (await browser("quinn")).get("/desk/analytics/times")
    assert answer.status == 503 and "shorter period" in await answer.text()


async def test_the_download_has_what_the_page_shows(browser: Open, history: list[Complaint]) -> None:
    quinn = await browser("quinn")
    for name in ("", "/chart", "/pareto", "/times", "/recovery"):
        answer = await quinn.get(f"/desk/analytics{name}.csv?{DAYS}")
        assert answer.status == 200 and answer.content_type == "text/csv", name
        rows = list(csv.reader(io.StringIO((await answer.text()).removeprefix("\ufeff"))))
        assert len(rows) > 1 and len({len(row) for row in rows}) == 1, name


async def test_no_cell_is_a_formula(browser: Open, sqlite_database: Database) -> None:
    keep(sqlite_database, [Complaint(number, 0, place("=cmd()")) for number in range(3)])
    answer = await (await browser("quinn")).get(f"/desk/analytics/pareto.csv?{DAYS}")
    assert "'=cmd()" in await answer.text()


async def test_names_end_no_script(browser: Open, sqlite_database: Database) -> None:
    keep(sqlite_database, [Complaint(number, 0, place("</script><b>")) for number in range(3)])
    shown = await (await browser("quinn")).read(f"/desk/analytics/pareto?{DAYS}")
    assert Markup("</script><b>") not in shown
    assert figure_of(shown, "pareto")["data"][0]["customdata"] == ["</script><b>"]


async def test_a_signal_leads_to_its_cases(browser: Open, history: list[Complaint], sqlite_database: Database) -> None:
    with sqlite_database.begin() as work:
        first = (BEGIN + timedelta(days=28)).date()
        cycle = Improvement(
            number="PD-LATE-0001", kind="pdca", phase="plan", title="Late", origin="signal", cause="late",
            process="recovery", opened_by="signals", opened_at=work.now,
        )  # fmt: skip
        work.session.add(cycle)
        work.session.flush()
        signal = ProcessSignal(
            key="late", kind="chart", cause="late", process="recovery", step="resolved_in_time", since=first,
            until=first, details={"rules": ["nelson_2"]}, found_at=work.now, improvement_id=cycle.id,
        )  # fmt: skip
        work.session.add(signal)
        work.commit()
        name = signal.public_id
    quinn = await browser("quinn")
    shown = await quinn.read(f"/desk/analytics?{DAYS}")
    assert f"signal={name}" in shown and "PD-LATE-0001" in shown
    assert len(re.findall(r">AM-\d+<", await quinn.read(f"/desk/analytics/cases?signal={name}"))) == 9
    assert (await quinn.get("/desk/analytics/cases?signal=nobody")).status == 404


async def test_a_decided_baseline_is_told_and_a_new_one_is_near(
    browser: Open, history: list[Complaint], sqlite_database: Database
) -> None:
    first = BEGIN.date()
    with sqlite_database.begin() as work:
        work.session.add(
            ChartBaseline(
                part=chart_key("defects", Part("recovery", "resolved_in_time")),
                since=first,
                until=first + timedelta(days=18),
                begins_on=first + timedelta(days=20),
                centre=0.25,
                reason="calm weeks",
                decided_by="bob",
                decided_at=BEGIN,
            )
        )
        work.commit()
    address = f"/desk/analytics/chart?step=resolved_in_time&{DAYS}"
    shown = await (await browser("bob")).read(address)
    assert "From 22 Mar 2026 on judged by the baseline 2 Mar 2026 to 20 Mar 2026, decided by bob: calm weeks" in shown
    assert "/desk/improvement/baselines?measure=defects" in shown
    assert "/desk/improvement/baselines" not in await (await browser("alice")).read(address)


async def test_plotly_is_kept_for_good_and_nothing_else_is(browser: Open) -> None:
    quinn = await browser("quinn")
    shown = await quinn.read("/desk/analytics")
    script = re.search(r'<script src="(/desk/analytics/plotly\.js\?v=[\d.]+)" defer>', shown)
    assert script
    answer = await quinn.get(script[1])
    assert answer.status == 200 and "immutable" in answer.headers["Cache-Control"]
    assert answer.content_type == "text/javascript" and len(await answer.read()) > 1_000_000
    for page in ("/desk/analytics", "/desk/analytics/plotly.js"):
        assert "no-store" in (await quinn.get(page)).headers["Cache-Control"]
    # Nothing that runs stands in the page itself.
    scripts = re.findall(r"<script([^>]*)>([^<]*)", shown)
    assert all("src=" in attributes or "application/json" in attributes for attributes, _ in scripts)
