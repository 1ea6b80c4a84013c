"""Signals as people see them: listed, judged, and followed to the complaints behind them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from analytics.improvement.elastic.cases_behind import case_numbers
from analytics.improvement.loops.keeping import Draft, open_improvement
from analytics.improvement.loops.phases import CLOSED
from analytics.improvement.loops.refusals import ImprovementRefused
from analytics.improvement.part import Part
from store.database import UnitOfWork
from store.tables import Improvement, ProcessSignal

STATES = ("open", "working", "closed", "noise")
# Where the work that a finding opens comes from, by its kind.
ORIGIN_OF = {"chart": "signal", "recurrence": "recurrence", "standard": "standard"}
_LONGEST_NOTE = 2_000


@dataclass(frozen=True, slots=True)
class SignalLine:
    """One signal.

    Attributes:
        title: in the firm's language, as found.
        improvement: number of the work that it opened or joined.
    """

    id: str
    kind: str
    cause: str
    title: str
    part: Part
    direction: str
    since: date
    until: date
    details: Mapping[str, Any]
    found_at: datetime
    state: str
    judged_by: str | None
    judged_at: datetime | None
    note: str
    improvement: str | None

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "kind": self.kind,
            "cause": self.cause,
            "title": self.title,
            "part": self.part.to_json(),
            "direction": self.direction,
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "details": dict(self.details),
            "found_at": self.found_at.isoformat(),
            "state": self.state,
            "judged_by": self.judged_by,
            "judged_at": self.judged_at and self.judged_at.isoformat(),
            "note": self.note,
            "improvement": self.improvement,
        }


def signals(work: UnitOfWork, state: str | None = None, limit: int = 200) -> list[SignalLine]:
    """The signals of a state, or of all, the latest first; of open ones what got worse first.

    Raises:
        ImprovementRefused: ``wrong_judgement`` for a state that there is not.
    """
    if state is not None and state not in STATES:
        raise ImprovementRefused("wrong_judgement", state=state[:16])
    table = ProcessSignal
    asked = select(table, Improvement.number).outerjoin(Improvement, Improvement.id == table.improvement_id)
    if state is not None:
        asked = asked.where(table.state == state)
    rows = work.session.execute(asked.order_by(table.found_at.desc(), table.id.desc()).limit(limit))
    lines = [_line(signal, number) for signal, number in rows]
    return sorted(lines, key=lambda line: line.direction != "worse") if state == "open" else lines


def read_signal(work: UnitOfWork, public_id: str) -> SignalLine:
    """One signal.

    Raises:
        ImprovementRefused: ``no_such_signal``.
    """
    return _read(work, _find(work, public_id))


def judge_signal(
    work: UnitOfWork, public_id: str, state: str, by: str, note: str = "", kinds: Iterable[str] = ("pdca",)
) -> SignalLine:
    """Say what becomes of a signal. Said twice, nothing changes.

    Args:
        state: ``working`` opens the work, or joins what is open on the same cause; ``noise`` (with a note why) and
            ``closed`` end it: what is found later is a new signal; ``open`` takes a judgement back.
        by: login of who judges.
        kinds: of work, pdca, dmaic or both.

    Raises:
        ImprovementRefused: ``no_such_signal``, ``wrong_judgement``, ``note_missing``, or ``signal_is_worked_on`` where
            the work on it is open: it is judged by what comes of that.
    """
    note = note.strip().replace("\0", "")
    if state not in STATES or len(note) > _LONGEST_NOTE:
        raise ImprovementRefused("wrong_judgement", state=state[:16])
    if state == "noise" and not note:
        raise ImprovementRefused("note_missing")
    signal = _find(work, public_id, lock=True)
    if signal.state == state:
        return _read(work, signal)
    if signal.improvement_id is not None and _is_open(work, signal.improvement_id):
        raise ImprovementRefused("signal_is_worked_on")
    if state == "working":
        _work_on(work, signal, by, tuple(kinds))
    else:
        signal.state = state
        if state == "open":
            signal.improvement_id = None
    signal.judged_by, signal.judged_at = by, work.now
    signal.note = note or signal.note
    work.session.flush()
    return _read(work, signal)


def cases_behind(work: UnitOfWork, public_id: str, limit: int = 50, after: str | None = None) -> list[str]:
    """Numbers of the complaints behind a signal, the latest first.

    Args:
        after: the last number of the page before.

    Raises:
        ImprovementRefused: ``no_such_signal``.
    """
    signal = _find(work, public_id)
    # What became better is seen in what passed, too.
    only_defects = signal.direction != "better"
    return case_numbers(work, Part.of(signal), signal.since, signal.until, only_defects, limit, after)


def _work_on(work: UnitOfWork, signal: ProcessSignal, by: str, kinds: tuple[str, ...]) -> None:
    signal.improvement_id = None
    work.session.flush()
    title = str(signal.details.get("title") or signal.cause)[:200]
    project: Improvement | None = None
    # The project first: the cycle turns in it.
    for kind in sorted(set(kinds)):
        draft = Draft(
            kind,
            Part.of(signal),
            title,
            ORIGIN_OF[signal.kind],
            signal.cause,
            (signal.public_id,) if kind == "pdca" or len(set(kinds)) == 1 else (),
            project_id=project.id if project is not None else None,
        )
        found = open_improvement(work, draft, by)
        project = found if kind == "dmaic" else project
    work.session.refresh(signal)


def _is_open(work: UnitOfWork, improvement_id: int) -> bool:
    phase = work.session.scalar(select(Improvement.phase).where(Improvement.id == improvement_id))
    return phase is not None and phase != CLOSED


def _find(work: UnitOfWork, public_id: str, *, lock: bool = False) -> ProcessSignal:
    asked = select(ProcessSignal).where(ProcessSignal.public_id == public_id)
    if lock:
        asked = asked.with_for_update().execution_options(populate_existing=True)
    found = work.session.scalars(asked).first()
    if found is None:
        raise ImprovementRefused("no_such_signal")
    return found


def _read(work: UnitOfWork, signal: ProcessSignal) -> SignalLine:
    number = None
    if signal.improvement_id is not None:
        number = work.session.scalar(select(Improvement.number).where(Improvement.id == signal.improvement_id))
    return _line(signal, number)


def _line(signal: ProcessSignal, number: str | None) -> SignalLine:
    return SignalLine(
        signal.public_id,
        signal.kind,
        signal.cause,
        str(signal.details.get("title") or signal.cause),
        Part.of(signal),
        signal.direction,
        signal.since,
        signal.until,
        {name: value for name, value in signal.details.items() if name != "title"},
        signal.found_at,
        signal.state,
        signal.judged_by,
        signal.judged_at,
        signal.note,
        number,
    )
