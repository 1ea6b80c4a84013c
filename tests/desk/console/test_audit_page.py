"""The settings page of the audit log: searched, paged, exported, and proved."""

import ast
import csv
import io
import json

import pytest
from sqlalchemy import update

from desk import audit_log
from desk.console import audit_pages
from desk.console.pages import read_words
from store.audit import append
from store.database import Database
from store.tables import AuditEntry
from tests.conftest import ROOT, Clock
from tests.desk.console.conftest import Open

PAGE = "/desk/settings/audit"


def write(database: Database, *entries: tuple[str, str, str], details: dict[str, object] | None = None) -> None:
    with database.begin() as work:
        for actor, action, subject in entries:
            append(work, actor, action, subject, details)
        work.commit()


async def test_ada_and_quinn_read_it_and_others_do_not(browser: Open, sqlite_database: Database) -> None:
    write(sqlite_database, ("alice", "take", "AM-7K3Q-9F2D"))
    for login in ("ada", "quinn"):
        page = await (await browser(login)).read(PAGE)
        assert "took a conversation" in page and "AM-7K3Q-9F2D" in page
        assert "The chain holds: 1 entry" in page
    for login in ("alice", "bob", "mei"):
        assert (await (await browser(login)).get(PAGE)).status == 403
        assert (await (await browser(login)).get(f"{PAGE}.csv")).status == 403


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("actor=alice", {"AM-1", "AM-2"}),
        ("action=close", {"AM-2"}),
        ("subject=AM-", {"AM-1", "AM-2", "AM-3"}),
        ("subject=%25", set()),
        ("actor=alice&action=take", {"AM-1"}),
        ("since=2026-11-19", {"AM-3", "tom"}),
        ("until=2026-11-18", {"AM-1", "AM-2"}),
        ("since=2026-11-18&until=2026-11-18&actor=bob", set()),
    ],
)
async def test_it_is_searched_by_actor_action_subject_and_day(
    browser: Open, sqlite_database: Database, clock: Clock, query: str, found: set[str]
) -> None:
    write(sqlite_database, ("alice", "take", "AM-1"), ("alice", "close", "AM-2"))
    clock.advance(hours=14)  # midnight in Shanghai
    write(sqlite_database, ("bob", "take", "AM-3"), ("ada", "add_account", "tom"))
    page = await (await browser("ada")).read(f"{PAGE}?{query}")
    shown = {subject for subject in ("AM-1", "AM-2", "AM-3", "tom") if f'<td class="breaks">{subject}</td>' in page}
    assert shown == found
    assert found or "Nothing found" in page


@pytest.mark.parametrize("query", ["since=yesterday", "until=2026-13-40", "since=0001-01-01", "before=x", "after=-1"])
async def test_what_makes_no_sense_is_told_or_passed_over(browser: Open, query: str) -> None:
    page = await (await browser("ada")).read(f"{PAGE}?{query}")
    assert ("Please give days" in page) == query.startswith(("since", "until"))


async def test_it_is_paged_without_gaps_while_it_grows(
    browser: Open, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_pages, "PAGE_LENGTH", 10)
    write(sqlite_database, *(("alice", "take", f"AM-{number:02}") for number in range(25)))
    ada = await browser("ada")
    first = await ada.read(f"{PAGE}?actor=alice")
    assert "AM-24" in first and "AM-14" not in first and "Newer" not in first
    write(sqlite_database, ("alice", "take", "AM-99"))
    second = await ada.read(f"{PAGE}?actor=alice&before=16")
    assert "AM-14" in second and "AM-05" in second and "AM-15" not in second and "AM-04" not in second
    assert f"{PAGE}?actor=alice&amp;before=6" in second and f"{PAGE}?actor=alice&amp;after=15" in second
    back = await ada.read(f"{PAGE}?actor=alice&after=15")
    assert "AM-15" in back and "AM-24" in back and "AM-99" not in back


async def test_a_broken_chain_is_told_with_its_place(browser: Open, sqlite_database: Database) -> None:
    write(sqlite_database, *(("alice", "take", f"AM-{number}") for number in range(5)))
    with sqlite_database.begin() as work:
        work.session.execute(update(AuditEntry).where(AuditEntry.id == 2).values(actor="bob"))
        work.session.delete(work.session.get_one(AuditEntry, 4))
        work.commit()
    page = await (await browser("ada")).read(PAGE)
    assert "broken in 2 places" in page
    assert "No. 2: its words were changed" in page and "No. 5: it was slipped in" in page


async def test_it_is_checked_again_when_asked(browser: Open, sqlite_database: Database) -> None:
    write(sqlite_database, ("alice", "take", "AM-1"))
    ada = await browser("ada")
    assert "1 entry, checked" in await ada.read(PAGE)
    write(sqlite_database, ("alice", "take", "AM-2"))
    assert "1 entry, checked" in await ada.read(PAGE)
    assert "2 entries, checked" in await ada.read(f"{PAGE}?check=again")


async def test_the_export_holds_what_was_found_no_formula_and_leaves_a_trace(
    browser: Open, sqlite_database: Database
) -> None:
    write(sqlite_database, ("alice", "take", "AM-1"), ("bob", "take", "AM-2"))
    write(sqlite_database, ("alice", "note", "=HYPERLINK(1)"), details={"小": '"x",\ny'})
    ada = await browser("ada")
    answer = await ada.get(f"{PAGE}.csv?actor=alice")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="audit-2026-11-18.csv"'
    text = (await answer.read()).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["subject"] for row in rows] == ["AM-1", "'=HYPERLINK(1)"]
    assert json.loads(rows[1]["details"]) == {"小": '"x",\ny'}
    assert rows[0]["at"] == "2026-11-18T02:00:00Z"
    assert "exported the audit log" in await ada.read(PAGE)


async def test_an_export_goes_over_many_chunks(
    browser: Open, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("desk.audit_log._CHUNK", 7)
    write(sqlite_database, *(("alice", "take", f"AM-{number}") for number in range(30)))
    text = (await (await (await browser("ada")).get(f"{PAGE}.csv")).read()).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [int(row["number"]) for row in rows] == list(range(1, 32))
    assert rows[-1]["action"] == "export_audit"


def _written_actions() -> set[str]:
    """Every action that the code writes by its name."""
    found = set()
    for house in ("actions", "desk", "store"):
        for path in (ROOT / house).rglob("*.py"):
            for call in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)):
                name = getattr(call.func, "id", getattr(call.func, "attr", ""))
                if name in ("append", "audit", "_audit") and len(call.args) >= 3:
                    action = call.args[2]
                    either = [action.body, action.orelse] if isinstance(action, ast.IfExp) else [action]
                    found |= {one.value for one in either if isinstance(one, ast.Constant)}
    return found


def test_every_action_has_words_by_which_it_is_found() -> None:
    words, written = read_words(), _written_actions()
    assert {"take", "log_in_failed", "retire_macro"} <= written
    assert [action for action in sorted(written) if not words.has(f"act.{action}")] == []


async def test_a_long_log_is_not_counted_to_its_end(
    browser: Open, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(sqlite_database, *(("alice", "take", f"AM-{number}") for number in range(5)))
    ada = await browser("ada")
    monkeypatch.setattr(audit_log, "COUNTED", 5)
    assert "5 entries</p>" in await ada.read(PAGE)
    monkeypatch.setattr(audit_log, "COUNTED", 4)
    assert "more than 4 entries" in await ada.read(PAGE)
