"""Sections on improvement: cycles and projects with their gates, the ledger, S4's table."""

from collections.abc import Mapping
from typing import Any

from analytics.improvement.ledger import LedgerLine
from analytics.improvement.loops.phases import CLOSED
from analytics.improvement.problem_table import NOTHING_YET, Row
from analytics.reporting.blocks import Heading, Points, Section, Table, Words
from analytics.reporting.gathering import Gathered
from analytics.reporting.improving import MoveLine, WorkLine
from analytics.reporting.telling import Telling

_MOST_MOVES = 40
_TEXT = frozenset(range(1, 8))


def improvement_section(found: Gathered, tell: Telling) -> Section:
    """What is open and what was closed, the gates of the month, the signals."""
    words, did = tell.words, found.improving
    told = words.improvement
    section = Section("improvement", words.sections["improvement"])
    if did.work:
        cycles = sum(line.kind == "pdca" for line in did.open)
        section.blocks.append(
            Words(told.open.format(
                cycles=cycles, projects=len(did.open) - cycles, closed=len(did.work) - len(did.open)
            ))
        )  # fmt: skip
        rows = [_work(line, tell) for line in did.work]
        section.blocks.append(Table(tell.column("work", "what", "phase", "result"), rows, "", _TEXT))
    else:
        section.blocks.append(Words(told.none))
    section.blocks.append(Words(told.signals.format(open=len(did.signals), found=did.found)))
    if did.moves:
        section.blocks.append(Heading(told.moves))
        section.blocks.append(Points([move_words(line, tell) for line in did.moves[-_MOST_MOVES:]]))
    return section


def _work(line: WorkLine, tell: Telling) -> list[str]:
    told = tell.words.improvement
    phase = told.phases[line.phase]
    if line.phase == CLOSED:
        phase = told.outcomes.get(line.outcome, phase)
    return [f"{line.number} · {told.kinds[line.kind]}", line.title, phase, result_words(line.result, tell)]


def result_words(result: Mapping[str, Any] | None, tell: Telling) -> str:
    """What the test said."""
    told = tell.words.improvement
    if result is None:
        return told.waiting
    return (told.shown if result.get("shown") else told.not_shown).format(p=tell.p(result.get("p")))


def move_words(line: MoveLine, tell: Telling) -> str:
    """A gate that opened, or what it asked for."""
    told = tell.words.improvement
    day = tell.day(line.day)
    if line.before == line.after:
        missing = tell.listed([tell.words.gate(code) for code in line.missing])
        return told.held.format(day=day, number=line.number, phase=told.phases[line.before], missing=missing or "–")
    return told.passed.format(
        day=day, number=line.number, before=told.phases[line.before], after=told.phases[line.after]
    )  # fmt: skip


def ledger_section(found: Gathered, tell: Telling) -> Section:
    """Investment and gain, the gain only with its interval."""
    words, kept = tell.words, found.improving.ledger
    section = Section("ledger", words.sections["ledger"])
    if not kept.lines:
        section.blocks.append(Words(words.ledger["none"]))
        return section
    section.blocks.append(Words(words.ledger["intro"]))
    rows = [_ledger(line, tell) for line in kept.lines]
    for one in kept.sums:
        gain = (
            f"{tell.money(one.gain_minor, one.currency)} ({_between(one.gain_low, one.gain_high, one.currency, tell)})"
        )
        net = tell.money(one.gain_minor - one.invested_minor, one.currency)
        rows.append(["Σ", "", tell.money(one.invested_minor, one.currency), gain, net])
    head = [*tell.column("work", "what"), *(words.ledger[key] for key in ("investment", "gain", "net"))]
    section.blocks.append(Table(head, rows, "", frozenset({1, 3})))
    return section


def _ledger(line: LedgerLine, tell: Telling) -> list[str]:
    invested = [tell.money(minor, currency) for currency, minor in line.invested_minor.items()]
    gain, net = "–", "–"
    if line.gain is not None:
        between = _between(line.gain.low, line.gain.high, line.currency, tell)
        gain = f"{tell.money(line.gain.minor, line.currency)} ({between})"
        net = tell.money(line.net_minor or 0, line.currency)
    return [line.number, line.title, tell.listed(invested) or "–", gain, net]


def _between(low: float, high: float, currency: str, tell: Telling) -> str:
    return tell.words.between(tell.money(low, currency), tell.money(high, currency))


def table_section(found: Gathered, tell: Telling) -> Section:
    """S4's table: type, potential problem, suggested solution, expected benefit."""
    words = tell.words
    section = Section("table", words.sections["table"], [Words(words.table.intro)])
    rows = [_problem(row, tell) for row in found.improving.table if row.source != NOTHING_YET]
    head = tell.column("type", "problem", "suggestion", "benefit", "source")
    section.blocks.append(Table(head, rows, "", _TEXT) if rows else Words(words.nothing))
    return section


def _problem(row: Row, tell: Telling) -> list[str]:
    cells = [dict(cell).get(tell.language, "") for cell in (row.type, row.problem, row.suggestion, row.benefit)]
    return [*cells, tell.words.table.sources[row.source]]
