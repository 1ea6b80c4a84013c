"""What improvement did in a month: open and closed work, gates, signals, the ledger, the table of problems."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select

from analytics.improvement.elastic.signals import SignalLine, signals
from analytics.improvement.ledger import Ledger, ledger
from analytics.improvement.loops.phases import CLOSED
from analytics.improvement.problem_table import Row, problem_table
from analytics.periods import Period
from analytics.reporting.month import Month
from analytics.surroundings import Surroundings
from store.database import UnitOfWork
from store.tables.improvement import Improvement, ImprovementMeasure, ImprovementMove, ProcessSignal

_MOST = 100


@dataclass(frozen=True, slots=True)
class WorkLine:
    """A cycle or project.

    Attributes:
        result: of the test that was named beforehand; None where it has not been run.
        missing: codes of what the gate asked for when it was tried last.
        overdue: how many measures are.
    """

    number: str
    kind: str
    title: str
    phase: str
    outcome: str
    result: Mapping[str, Any] | None
    missing: tuple[str, ...]
    overdue: int

    def to_json(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "kind": self.kind,
            "title": self.title,
            "phase": self.phase,
            "outcome": self.outcome,
            "result": dict(self.result) if self.result else None,
            "missing": list(self.missing),
            "overdue_measures": self.overdue,
        }


@dataclass(frozen=True, slots=True)
class MoveLine:
    """A gate that was tried; ``before`` and ``after`` are the same where it stayed closed."""

    day: date
    number: str
    kind: str
    before: str
    after: str
    missing: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "day": self.day.isoformat(),
            "number": self.number,
            "from_phase": self.before,
            "to_phase": self.after,
            "missing": list(self.missing),
        }


@dataclass(frozen=True, slots=True)
class Improving:
    """What improvement did in a month.

    Attributes:
        work: open at the end of the month, or closed within it.
        moves: gates passed in the month, and of those that stayed closed the last attempt.
        signals: those nobody has judged yet.
        found: how many signals were found in the month.
    """

    work: tuple[WorkLine, ...]
    moves: tuple[MoveLine, ...]
    signals: tuple[SignalLine, ...]
    found: int
    ledger: Ledger
    table: tuple[Row, ...]

    @property
    def open(self) -> tuple[WorkLine, ...]:
        return tuple(line for line in self.work if line.phase != CLOSED)

    def to_json(self) -> dict[str, Any]:
        return {
            "improvements": [line.to_json() for line in self.work],
            "gates": [line.to_json() for line in self.moves],
            "signals": {"found": self.found, "open": [line.to_json() for line in self.signals]},
            "ledger": self.ledger.to_json(),
            "problem_table": [row.to_json() for row in self.table],
        }


def improving(work: UnitOfWork, around: Surroundings, month: Month, period: Period) -> Improving:
    """What improvement did in the days of ``period``, of ``month``. Where things stand, they stand as of now."""
    begins, ends = (
        datetime.combine(day, time(), around.zone) for day in (month.since, month.until + timedelta(days=1))
    )
    rows = work.session.scalars(
        select(Improvement)
        .where(
            Improvement.opened_at < ends,
            or_(
                Improvement.phase != CLOSED,
                and_(Improvement.closed_at.is_not(None), Improvement.closed_at >= begins),
            ),
        )
        .order_by(Improvement.opened_at, Improvement.id)
        .limit(_MOST)
    ).all()
    # What was closed after the month was open at its end; it is told as it stands.
    moves = work.session.execute(
        select(ImprovementMove, Improvement.number, Improvement.kind)
        .join(Improvement, Improvement.id == ImprovementMove.improvement_id)
        .where(ImprovementMove.at >= begins, ImprovementMove.at < ends)
        .order_by(ImprovementMove.at, ImprovementMove.id)
    ).all()
    found = work.session.scalar(
        select(func.count()).select_from(ProcessSignal).where(
            ProcessSignal.found_at >= begins, ProcessSignal.found_at < ends
        )
    )  # fmt: skip
    today = min(work.now.astimezone(around.zone).date(), month.until + timedelta(days=1))
    return Improving(
        work=tuple(_line(work, row, today) for row in rows),
        moves=_moves(around, moves),
        signals=tuple(signals(work, "open")),
        found=int(found or 0),
        ledger=ledger(work, around),
        table=tuple(problem_table(work, around)),
    )


def _line(work: UnitOfWork, row: Improvement, today: date) -> WorkLine:
    last = work.session.scalars(
        select(ImprovementMove)
        .where(ImprovementMove.improvement_id == row.id)
        .order_by(ImprovementMove.at.desc(), ImprovementMove.id.desc())
        .limit(1)
    ).first()
    overdue = work.session.scalar(
        select(func.count()).select_from(ImprovementMeasure).where(
            ImprovementMeasure.improvement_id == row.id,
            ImprovementMeasure.done_on.is_(None),
            ImprovementMeasure.due_on < today,
        )
    )  # fmt: skip
    held = last is not None and last.from_phase == row.phase and last.to_phase == row.phase
    return WorkLine(
        row.number,
        row.kind,
        row.title,
        row.phase,
        row.outcome,
        row.content.get("figures", {}).get("result"),
        _missing(last) if last is not None and held else (),
        int(overdue or 0) if row.phase != CLOSED else 0,
    )


def _moves(around: Surroundings, rows: Any) -> tuple[MoveLine, ...]:
    told: dict[object, MoveLine] = {}
    for move, number, kind in rows:
        day = move.at.astimezone(around.zone).date()
        line = MoveLine(day, number, kind, move.from_phase, move.to_phase, _missing(move))
        held = move.from_phase == move.to_phase
        # Somebody who tries each day is told once.
        told[(number, move.from_phase) if held else (number, move.from_phase, move.to_phase, move.id)] = line
    return tuple(sorted(told.values(), key=lambda line: line.day))


def _missing(move: ImprovementMove) -> tuple[str, ...]:
    found = move.evidence.get("findings", ())
    return tuple(dict.fromkeys(one["code"] for one in found if one.get("met") is False))
