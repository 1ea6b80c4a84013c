"""``python -m analytics improvement``: all that is done at the desk, from the command line."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from analytics.improvement.loops.documents import FORMS, MeasureDone, MeasureForm
from store.database import Database
from store.tables import AuditEntry
from tests.analytics.conftest import Command
from tests.conftest import ROOT


@pytest.fixture
def improve(analytics: Command, tmp_path: Path) -> Any:
    """Runs it, and reads its JSON where it succeeded."""
    for name in ("improvement", "departments"):
        shutil.copy(ROOT / "data" / "firm" / f"{name}.yml", tmp_path / "firm")

    def run(*words: str, code: int = 0) -> Any:
        done = analytics("improvement", *words, "--json")
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout) if code < 2 else done.stderr

    return run


def test_a_cycle_from_the_command_line(improve: Any, database: Database, tmp_path: Path) -> None:
    opened = improve("open", "pdca", "service", "Late parcels", "--step", "delivery")
    number = opened["number"]
    document = tmp_path / "problem.json"
    document.write_text('{"statement": "包裹总是晚到"}', encoding="utf-8")
    written = improve("write", number, "1", "problem", f"@{document}")
    assert written == {"number": number, "phase": "plan", "revision": 2}
    measure = {
        "words": "hire", "owner": "li", "department": "logistics", "begins_on": "2026-11-01", "due_on": "2026-11-02",
    }  # fmt: skip
    added = improve("measure", number, "2", "add", json.dumps(measure))
    assert added["revision"] == 3
    improve("measure", number, "3", "remove", added["id"])
    moved = improve("advance", number, "4", code=1)
    assert moved["passed"] is False and moved["phase"] == "plan"
    entry = improve("book", number, "5", "investment", "1000", "CNY", "--day", "2026-11-01")
    improve("reverse", number, "6", entry["id"])
    shown = improve("show", number)
    assert shown["documents"] == {"problem": {"statement": "包裹总是晚到", "why": ""}}
    assert shown["gate"]["passes"] is False and [one["amount_minor"] for one in shown["entries"]] == [1000, -1000]
    assert improve("ledger", number)["lines"][0]["invested_minor"] == {"CNY": 0}
    dropped = improve("drop", number, "7", "--reason", "a trial")
    assert dropped["phase"] == "closed"
    assert [one["outcome"] for one in improve("list")["improvements"]] == ["dropped"]
    assert improve("list", "--phase", "open")["empty"] is True
    with database.reading() as work:
        actions = [entry.action for entry in work.session.query(AuditEntry).order_by(AuditEntry.id)]
    assert actions[:4] == ["open_improvement", "write_improvement", "plan_measure", "remove_measure"]
    assert len(actions) == 8


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("advance", "PD-XXXX-XXXX", "1"), "there is no such improvement"),
        (("show", "PD-XXXX-XXXX"), "there is no such improvement"),
        (("write", "{}", "7", "problem", "{}"), "changed meanwhile"),
        (("write", "{}", "1", "problem", "no json"), "is no JSON"),
        (("write", "{}", "1", "problem", "@/nowhere"), "cannot be read"),
        (("write", "{}", "1", "problem", "[1]"), "does not fit"),
        (("write", "{}", "1", "baseline", "{}"), "does not fit: since: Field required; until: Field required"),
        (("open", "pdca", "service", "Late", "--step", "deliverry"), "there is no 'deliverry'; there are ordering,"),
        (("open", "pdca", "service", "Late", "--department", "nobody"), "there is no 'nobody'; there are"),
        (("write", "{}", "1", "standard", "null"), "not written in this phase"),
        (("write", "{}", "1", "sponsor", "{}"), "no such section"),
        (("carry-on", "{}", "1"), "only what was checked"),
        (("back", "{}", "1", "--reason", "x"), "no phase before"),
        (("drop", "{}", "1", "--reason", " "), "a reason is needed"),
        (("measure", "{}", "1", "finish", "{}"), "which measure"),
        (("book", "{}", "1", "gain", "5", "CNY", "--day", "2026-11-01"), "once a test has shown it"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(improve: Any, words: tuple[str, ...], message: str) -> None:
    number = improve("open", "pdca", "recovery", "Late")["number"]
    told = improve(*(word.replace("{}", number) if at == 1 else word for at, word in enumerate(words)), code=2)
    assert message in told and len(told.strip().splitlines()) == 1


def test_people_read_it_too(improve: Any, analytics: Command) -> None:
    number = improve("open", "both", "recovery", "Late answers")["number"]
    for words, part in (
        (("list",), "Late answers"),
        (("show", number), "PLAN"),
        (("ledger",), "Nothing was booked"),
        (("ledger", number), "not checked yet"),
    ):
        done = analytics("improvement", *words)
        assert done.returncode == 0 and part in done.stdout


def test_the_docs_name_every_field_that_can_be_written() -> None:
    page = (ROOT / "docs" / "analytics" / "improvement.md").read_text(encoding="utf-8")
    rows = dict(line.strip("| ").split(" | ", 1) for line in page.splitlines() if line.count(" | ") == 1)
    forms = {f"`{name}`": form for name, form in FORMS.items()}
    for name, form in {**forms, "a measure": MeasureForm, "a measure done": MeasureDone}.items():
        told = set(re.findall(r"`(\w+)`", rows[name]))
        assert told >= set(form.model_fields), name
