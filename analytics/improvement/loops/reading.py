"""Improvements as pages, commands and the API show them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from analytics.improvement.ledger import entries_of
from analytics.improvement.loops.documents import FORMS
from analytics.improvement.loops.locking import readable
from analytics.improvement.loops.measures import measures_of
from analytics.improvement.loops.phases import CLOSED, SECTIONS, phases_of
from analytics.improvement.loops.refusals import ImprovementRefused
from analytics.improvement.part import Part
from store.database import UnitOfWork
from store.tables.improvement import Improvement, ImprovementMeasure, ImprovementMove, LedgerEntry, ProcessSignal

MOST = 500
OPEN = "open"


@dataclass(frozen=True, slots=True)
class Line:
    """One improvement in a list.

    Attributes:
        measures, measures_done: how many there are, and how many of them are done; ``owners``: who has them.
        shown: whether its test has shown a change for the better; None before it was run.
    """

    number: str
    kind: str
    phase: str
    outcome: str
    title: str
    origin: str
    cause: str
    part: Part
    revision: int
    opened_by: str
    opened_at: datetime
    due_on: date | None
    closed_at: datetime | None
    measures: int
    measures_done: int
    owners: tuple[str, ...]
    shown: bool | None

    def to_json(self) -> dict[str, Any]:
        told: dict[str, Any] = plain(asdict(self))
        return told


@dataclass(frozen=True, slots=True)
class View:
    """One improvement with all that belongs to it; each entry of the lists is ready for JSON.

    Attributes:
        documents: sections as written, by name; ``sections`` names those of each phase.
        figures: what the machine froze: baseline, pareto, plan, inputs, result.
        previous, following: rounds before and after; ``project`` the large wheel, ``cycles`` the small ones in it.
    """

    line: Line
    phases: tuple[str, ...]
    sections: dict[str, tuple[str, ...]]
    documents: dict[str, Any]
    written: dict[str, Any]
    figures: dict[str, Any]
    measures: list[dict[str, Any]]
    moves: list[dict[str, Any]]
    signals: list[dict[str, Any]]
    previous: Line | None
    following: list[Line]
    project: Line | None
    cycles: list[Line]
    entries: list[dict[str, Any]]

    def to_json(self) -> dict[str, Any]:
        return {
            **self.line.to_json(),
            "phases": list(self.phases),
            "sections": {phase: list(names) for phase, names in self.sections.items()},
            "documents": self.documents,
            "written": self.written,
            "figures": self.figures,
            "measures_planned": self.measures,
            "moves": self.moves,
            "signals": self.signals,
            "previous": self.previous.to_json() if self.previous else None,
            "following": [line.to_json() for line in self.following],
            "project": self.project.to_json() if self.project else None,
            "cycles": [line.to_json() for line in self.cycles],
            "entries": self.entries,
        }


def list_improvements(
    work: UnitOfWork,
    *,
    kind: str | None = None,
    phase: str | None = None,
    cause: str | None = None,
    most: int = MOST,
) -> list[Line]:
    """Improvements, the latest first.

    Args:
        phase: one of them, or ``open`` for all but the closed ones.
        most: how many at most.
    """
    asked = select(Improvement)
    if kind:
        asked = asked.where(Improvement.kind == kind)
    if phase == OPEN:
        asked = asked.where(Improvement.phase != CLOSED)
    elif phase:
        asked = asked.where(Improvement.phase == phase)
    if cause:
        asked = asked.where(Improvement.cause == cause)
    rows = work.session.scalars(asked.order_by(Improvement.opened_at.desc(), Improvement.id.desc()).limit(most)).all()
    return _lines(work, rows)


def read_improvement(work: UnitOfWork, number: str) -> View:
    """Everything that a page shows of one improvement.

    Raises:
        ImprovementRefused: not_found.
    """
    found = work.session.scalars(select(Improvement).where(Improvement.number == readable(number))).one_or_none()
    if found is None:
        raise ImprovementRefused("not_found", number=number[:16])
    content = found.content
    moves = work.session.scalars(
        select(ImprovementMove).where(ImprovementMove.improvement_id == found.id).order_by(ImprovementMove.id)
    )
    signals = work.session.scalars(
        select(ProcessSignal).where(ProcessSignal.improvement_id == found.id).order_by(ProcessSignal.id)
    )
    return View(
        line=_lines(work, [found])[0],
        phases=phases_of(found.kind),
        sections=dict(SECTIONS[found.kind]),
        documents={name: content[name] for name in FORMS if content.get(name) is not None},
        written=content.get("written", {}),
        figures=_without_days(content.get("figures", {})),
        measures=[measure_json(one) for one in measures_of(work, found)],
        moves=[_row(one, "at", "by", "from_phase", "to_phase", "evidence", "note") for one in moves],
        signals=[
            _row(one, "public_id", "kind", "direction", "since", "until", "details", "found_at", "state", "note")
            for one in signals
        ],
        previous=_one(work, found.previous_id),
        following=_linked(work, Improvement.previous_id == found.id),
        project=_one(work, found.project_id),
        cycles=_linked(work, Improvement.project_id == found.id),
        entries=[entry_json(one, entries) for entries in [entries_of(work, found)] for one in entries],
    )


def measure_json(measure: ImprovementMeasure) -> dict[str, Any]:
    return _row(
        measure, "public_id", "words", "owner", "department", "begins_on", "due_on", "resources", "target", "done_on",
        "result",
    )  # fmt: skip


def entry_json(entry: LedgerEntry, entries: Sequence[LedgerEntry]) -> dict[str, Any]:
    """An entry of the ledger, with what it takes back or is taken back by."""
    told = _row(entry, "public_id", "kind", "amount_minor", "currency", "day", "note", "by", "at")
    first = next((one.public_id for one in entries if one.id == entry.reverses_id), None)
    return {**told, "reverses": first, "reversed": any(one.reverses_id == entry.id for one in entries)}


def plain(value: Any) -> Any:
    """Days and moments as ISO text, the rest as it is."""
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    return value


def _row(row: Any, *names: str) -> dict[str, Any]:
    return {name: plain(getattr(row, name)) for name in names}


def _without_days(figures: dict[str, Any]) -> dict[str, Any]:
    """The frozen figures without what is long: a baseline's counts by day (see the chart), the standards' digests."""
    figures = {name: value for name, value in figures.items() if name != "standards"}
    baseline = {name: value for name, value in figures.get("baseline", {}).items() if name != "by_day"}
    return {**figures, "baseline": baseline} if baseline else figures


def _one(work: UnitOfWork, id: int | None) -> Line | None:
    found = None if id is None else work.session.get(Improvement, id)
    return _lines(work, [found])[0] if found else None


def _linked(work: UnitOfWork, condition: Any) -> list[Line]:
    return _lines(work, work.session.scalars(select(Improvement).where(condition).order_by(Improvement.id)).all())


def _lines(work: UnitOfWork, rows: Sequence[Improvement]) -> list[Line]:
    ids = [row.id for row in rows]
    measures: dict[int, list[tuple[str, bool]]] = {id: [] for id in ids}
    for id, owner, done_on in work.session.execute(
        select(ImprovementMeasure.improvement_id, ImprovementMeasure.owner, ImprovementMeasure.done_on)
        .where(ImprovementMeasure.improvement_id.in_(ids))
        .order_by(ImprovementMeasure.id)
    ):
        measures[id].append((owner, done_on is not None))
    return [
        Line(
            row.number, row.kind, row.phase, row.outcome, row.title, row.origin, row.cause, Part.of(row), row.revision,
            row.opened_by, row.opened_at, row.due_on, row.closed_at,
            len(measures[row.id]), sum(done for _, done in measures[row.id]),
            tuple(dict.fromkeys(owner for owner, _ in measures[row.id])),
            row.content.get("figures", {}).get("result", {}).get("shown"),
        )
        for row in rows
    ]  # fmt: skip
