"""The monthly report: its month, its words, its figures, and its PDF."""

import ast
import json
import re
import stat
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml
from plotly.graph_objects import Figure, Scatter

from analytics.reporting import printing
from analytics.reporting.blocks import Picture, Points, Section, Table, Words
from analytics.reporting.month import Month, month_of, read_month
from analytics.reporting.page import as_html
from analytics.reporting.printing import CannotPrint, as_pdf, find_browser
from analytics.reporting.report import MonthlyReport, monthly_report
from analytics.reporting.words import LANGUAGES, report_words
from analytics.roll_up import roll_up
from analytics.sigma import WrongInput
from analytics.surroundings import Surroundings
from store.database import Database
from store.tables.improvement import ProcessSignal
from tests.analytics.conftest import Command
from tests.analytics.imagined_history import BEGIN, Complaint, keep
from tests.conftest import ROOT

FIRM = ROOT / "data" / "firm"
ZONE = ZoneInfo("Asia/Shanghai")


def test_a_month_is_read_and_cut() -> None:
    month = read_month("2026-02")
    assert (month.since, month.until) == (date(2026, 2, 1), date(2026, 2, 28))
    assert (str(month.before), str(month.after)) == ("2026-01", "2026-03")
    assert (str(Month(2026, 1).before), str(Month(2026, 12).after)) == ("2025-12", "2027-01")
    assert month_of(date(2028, 2, 29)).until == date(2028, 2, 29)
    assert month.is_over(date(2026, 3, 1)) and not month.is_over(date(2026, 2, 28))
    assert month.reported(date(2026, 2, 10)).until == date(2026, 2, 9)
    for wrong in ("2026-13", "2026-00", "26-10", "2026-1", "2026-10-01", "", "１２３４-05", "0000-01"):
        with pytest.raises(WrongInput, match="month"):
            read_month(wrong)


def leaves(words: Any, place: str = "") -> dict[str, set[str]]:
    """What each sentence leaves open, by its place."""
    if isinstance(words, dict):
        return {name: value for key, part in words.items() for name, value in leaves(part, f"{place}.{key}").items()}
    if isinstance(words, list):
        return {f"{place}[{len(words)}]": set()}
    return {place: set(re.findall(r"\{(\w+)\}", words))}


def test_both_languages_say_the_same_with_the_same_figures() -> None:
    folder = ROOT / "analytics" / "reporting" / "words"
    chinese, english = (leaves(yaml.safe_load((folder / f"{name}.yml").read_text("utf-8"))) for name in ("zh", "en"))
    assert chinese == english


def heard(number: int, at: datetime) -> Complaint:
    return Complaint(number, 0, hour=(at - BEGIN) / timedelta(hours=1))


@pytest.fixture
def october(database: Database) -> Callable[[datetime], MonthlyReport]:
    """Reports October at a moment; one was heard in its first hour in Shanghai, in UTC's September."""
    first = datetime(2026, 9, 30, 16, 30, tzinfo=UTC)
    keep(database, [heard(1, first).resolved(2).rated(5), heard(2, first - timedelta(hours=1)).resolved(2).rated(2)])
    roll_up(database, ZONE)

    def made(now: datetime) -> MonthlyReport:
        database.clock = lambda: now
        with database.reading() as work:
            return monthly_report(work, Surroundings(ZONE, FIRM), Month(2026, 10))

    return made


def test_each_gate_has_its_words() -> None:
    found = set()
    for path in (ROOT / "analytics" / "improvement").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            told = [one.value for one in node.args if isinstance(one, ast.Constant)]
            if isinstance(node.func, ast.Name) and node.func.id == "Finding" and isinstance(node.args[0], ast.Constant):
                found.add(told[0])
            elif isinstance(node.func, ast.Attribute) and node.func.attr == "has":
                found |= {f"{section}_written" for section in told}
    for language in LANGUAGES:
        assert set(report_words(language).gates) == found


def test_the_month_is_that_of_the_firm(october: Callable[[datetime], MonthlyReport]) -> None:
    report = october(datetime(2026, 11, 18, tzinfo=UTC))
    recoveries = report.to_json()["recovery"]
    assert (recoveries["month"]["cases"], recoveries["month_before"]["cases"]) == (1, 1)
    assert report.to_json()["over"] and report.gathered.over


def test_a_month_that_is_not_over_says_so_and_one_to_come_is_refused(
    october: Callable[[datetime], MonthlyReport],
) -> None:
    report = october(datetime(2026, 10, 20, tzinfo=UTC))
    assert "not over" in report.to_html("en") and "19 Oct" in report.to_html("en")
    assert "尚未结束" in report.to_html("zh")
    assert report.to_json()["reported_until"] == "2026-10-19"
    with pytest.raises(WrongInput, match="nothing of 2026-10 is over"):
        october(datetime(2026, 9, 30, 17, tzinfo=UTC))


def test_open_signals_are_named_in_the_readers_language(
    october: Callable[[datetime], MonthlyReport], database: Database
) -> None:
    day = datetime(2026, 10, 15, tzinfo=UTC)
    with database.begin() as work:
        work.session.add(
            ProcessSignal(
                key="again", kind="recurrence", cause="again", process="service", category="safety", direction="worse",
                since=day.date(), until=day.date(), found_at=day,
                details={"title": "服务 · 安全：30 天内 2 起投诉", "cases": 2, "days": 30, "threshold": 2},
            )
        )  # fmt: skip
        work.commit()
    report = october(datetime(2026, 11, 18, tzinfo=UTC))
    assert "2 complaints in 30 days" in report.to_html("en") and "起投诉" not in report.to_html("en")
    assert "30 天内 2 起投诉" in report.to_html("zh")


def test_the_page_asks_nobody_for_anything(october: Callable[[datetime], MonthlyReport]) -> None:
    for language in ("zh", "en"):
        page = october(datetime(2026, 11, 18, tzinfo=UTC)).to_html(language)
        assert "default-src 'none'" in page
        # The drawing script names addresses for maps, which its policy keeps it from; the page itself has none.
        own = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
        assert not re.search(r"""(?:src|href)\s*=\s*["'](?!#)|url\(|@import|https?://""", own)
        assert own.count("<h2") == 9


def test_an_empty_month_has_a_sentence_instead(database: Database) -> None:
    with database.reading() as work:
        page = monthly_report(work, Surroundings(ZONE, FIRM), Month(2026, 10)).to_html("en")
    assert "Nothing is on record" in page and "<h2" not in page and len(page) < 10_000


def test_no_word_can_break_out_of_the_page() -> None:
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
    figure = Figure(Scatter(x=[evil], y=[1], text=evil))
    blocks = [Words(evil), Points([evil]), Table([evil], [[evil]], evil), Picture(figure, evil)]
    page = as_html(evil, [Section("a", evil, blocks)], language="en", firm=evil, made=evil, contents=evil)  # type: ignore[arg-type]
    assert (
        evil not in page and "<script>alert" not in page and "<img" not in re.sub(r"<script>.*", "", page, flags=re.S)
    )
    found = re.search(r'id="figures">(.*?)</script>', page, re.DOTALL)
    assert found and json.loads(found[1])[0]["data"][0]["text"] == evil


def browser(tmp_path: Path, script: str) -> str:
    path = tmp_path / "browser"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IEXEC)
    return str(path)


_PRINTS = 'for one in "$@"; do case "$one" in --print-to-pdf=*) echo %PDF > "${one#*=}";; esac; done'


def test_a_browser_prints_without_the_services_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMENDS_API_TOKEN", "secret")
    told = tmp_path / "environment"
    assert as_pdf("<p>", browser(tmp_path, f"env > {told}\n{_PRINTS}")) == b"%PDF\n"
    assert "secret" not in told.read_text()


@pytest.mark.parametrize(
    ("script", "why"),
    [("exit 3", "status 3"), ("exit 0", "made no PDF"), ("sleep 30", "longer than 0.3 seconds")],
)
def test_a_browser_that_fails_is_told_in_one_line(tmp_path: Path, script: str, why: str) -> None:
    with pytest.raises(CannotPrint, match=why) as caught:
        as_pdf("<p>", browser(tmp_path, script), seconds=0.3)
    assert "\n" not in str(caught.value)


def test_a_browser_that_is_named_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CannotPrint, match="AMENDS_BROWSER"):
        find_browser("/no/such/browser")
    monkeypatch.setattr(printing, "NAMES", ("no-such-browser",))
    assert find_browser() is None


def test_the_command_writes_both_files_and_says_where(
    analytics: Command, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(database, [heard(1, datetime(2026, 10, 5, tzinfo=UTC)).resolved(2).rated(5)])
    firm, out = {"AMENDS_FIRM": str(FIRM)}, tmp_path / "reports"
    asked = ("report", "--month", "2026-10", "--out", str(out))
    done = analytics(*asked, **firm, AMENDS_BROWSER=browser(tmp_path, _PRINTS))
    names = [out / f"amends-2026-10-zh.{kind}" for kind in ("html", "pdf")]
    assert (done.returncode, done.stdout.split()) == (0, [str(name) for name in names])
    assert all(name.stat().st_size for name in names)
    # Without a browser the HTML is written, and one line says what is missing.
    monkeypatch.setattr(printing, "NAMES", ())
    done = analytics(*asked, "--language", "en", **firm)
    assert (done.returncode, done.stdout.split()) == (0, [str(out / "amends-2026-10-en.html")])
    assert done.stderr.startswith("no PDF: ") and done.stderr.count("\n") == 1
    assert analytics(*asked, **firm, AMENDS_BROWSER=browser(tmp_path, "exit 1")).returncode == 1
    found = json.loads(analytics("report", "--month", "2026-10", "--json", **firm).stdout)
    assert found["month"] == "2026-10" and found["sigma"].keys() == {"recovery", "service"}
    assert analytics("report", "--month", "2026-1", **firm).returncode == 2
