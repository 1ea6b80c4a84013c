"""Deeds on improvements: opened, written, moved through gates, carried on and closed; each fits one unit of work."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from analytics.improvement.gates.examining import examine
from analytics.improvement.gates.gate_report import GateReport
from analytics.improvement.loops.documents import Document, WrongForm, read_document
from analytics.improvement.loops.locking import change, is_final, locked, reason_given, record
from analytics.improvement.loops.measures import add_measure, change_measure, finish_measure, remove_measure
from analytics.improvement.loops.phases import (
    CLOSED,
    KINDS,
    LAST,
    PROVING,
    SECTIONS,
    phase_before,
    phase_of,
    phases_of,
)
from analytics.improvement.loops.refusals import ImprovementRefused
from analytics.improvement.part import Part
from analytics.improvement.policy import ImprovementPolicy
from analytics.sigma_summary import PROCESSES
from analytics.surroundings import Surroundings
from store.database import UnitOfWork
from store.tables.base import readable_number
from store.tables.improvement import Improvement, ProcessSignal

__all__ = [
    "Draft",
    "ImprovementRefused",
    "Moved",
    "add_measure",
    "advance",
    "carry_on",
    "change_measure",
    "cycles_survived",
    "drop",
    "finish_measure",
    "is_final",
    "locked",
    "open_for_survivor",
    "open_improvement",
    "remove_measure",
    "start_both",
    "step_back",
    "write_section",
]

ORIGINS = ("person", "signal", "recurrence", "standard", "carried_on", "survived")
_PREFIX = {"pdca": "PD", "dmaic": "DM"}
_LENGTHS = {"step": 64, "category": 64, "department": 64, "channel": 32}
# Kept of a test that was named again and again; each costs some of the level.
_MOST_TESTS = 50
# What the test's data are judged by: closed for good once its result is there.
_OF_THE_TEST = frozenset({"baseline", "test"})


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be opened.

    Attributes:
        cause: what it is about, the same each time; the part's defects without.
        signals: public ids of the signals that are its evidence.
        previous_id: of the improvement whose rest it carries on.
        project_id: of the project that a cycle turns in.
        sections: documents to begin with, by name.
    """

    kind: str
    part: Part
    title: str
    origin: str = "person"
    cause: str = ""
    signals: Sequence[str] = ()
    previous_id: int | None = None
    project_id: int | None = None
    due_on: date | None = None
    sections: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of an attempt to pass a gate.

    Attributes:
        next_round: opened for the rest, where there was one.
    """

    passed: bool
    report: GateReport
    improvement: Improvement
    next_round: Improvement | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "number": self.improvement.number,
            "revision": self.improvement.revision,
            "passed": self.passed,
            "phase": self.improvement.phase,
            "gate": self.report.to_json(),
            "next_round": self.next_round.number if self.next_round else None,
        }


def open_improvement(work: UnitOfWork, draft: Draft, by: str) -> Improvement:
    """Open a cycle or a project, or find the one that is open on the same cause; signals join it as evidence.

    Raises:
        ImprovementRefused: wrong_draft, wrong_form.
    """
    _check(draft)
    cause = draft.cause or draft.part.cause()
    key = f"{cause}|{draft.kind}"
    found = _open_on(work, key)
    if found is None:
        try:
            # Where two open it at once, the second finds the first one's.
            with work.session.begin_nested():
                found = _new(work, draft, cause, key, by)
        except IntegrityError:
            found = _open_on(work, key)
            if found is None:
                raise
    _join(work, found, draft.signals, by)
    return found


def start_both(work: UnitOfWork, draft: Draft, by: str) -> tuple[Improvement, Improvement]:
    """Open a cycle and a project on one cause together (S0: 同时启动); the small wheel turns in the large one.

    Returns:
        The cycle and the project.
    """
    project = open_improvement(work, _of_kind(draft, "dmaic", draft.project_id), by)
    cycle = open_improvement(work, _of_kind(draft, "pdca", project.id), by)
    if cycle.project_id is None:
        cycle.project_id = project.id
    return cycle, project


def write_section(
    work: UnitOfWork, number: str, revision: int, name: str, document: Document | Mapping[str, Any] | None, by: str
) -> Improvement:
    """Write one section; None takes it away. Writing what stands there already changes nothing.

    Raises:
        ImprovementRefused: not_found, changed_meanwhile, is_closed, no_such_section, section_not_now, wrong_form,
            result_is_final.
    """
    found = locked(work, number, revision)
    phase = phase_of(found.kind, name)
    if phase is None:
        raise ImprovementRefused("no_such_section", section=name)
    if phase != found.phase:
        raise ImprovementRefused("section_not_now", section=name, phase=found.phase, written_in=phase)
    if name in _OF_THE_TEST and is_final(found):
        raise ImprovementRefused("result_is_final")
    written = None if document is None else _read(name, document)
    if found.content.get(name) == written:
        return found
    content = {**found.content, name: written}
    content["written"] = {**content.get("written", {}), name: {"at": work.now.isoformat(), "by": by}}
    if name == "test" and written is not None:
        content["tests"] = [*content.get("tests", []), {"at": work.now.isoformat(), "test": written}][-_MOST_TESTS:]
    change(found, content)
    return found


def advance(work: UnitOfWork, around: Surroundings, number: str, revision: int, by: str) -> Moved:
    """Try to pass the gate of the present phase. What the gate saw is recorded whether it opens or not.

    The named test is run once, when all its data are there; its result stays.

    Raises:
        ImprovementRefused: not_found, changed_meanwhile, is_closed.
    """
    found = locked(work, number, revision)
    report = examine(work, around, found)
    content = {**found.content}
    if report.freezes:
        content["figures"] = {**content.get("figures", {}), **report.freezes}
    change(found, content)
    record(work, found, report.to_phase if report.passes else found.phase, by, report.to_json())
    if not report.passes:
        return Moved(False, report, found)
    found.phase = report.to_phase
    following = None
    if found.phase == CLOSED:
        _close(work, found, "standardised", by)
        if found.content.get("rest"):
            following = _next_round(work, found, by)
    return Moved(True, report, found, following)


def step_back(work: UnitOfWork, number: str, revision: int, by: str, reason: str) -> Improvement:
    """Go back to the phase before.

    Raises:
        ImprovementRefused: not_found, changed_meanwhile, is_closed, reason_missing, cannot_step_back; result_is_final:
            once the test was run nobody looks for another one that the same data would pass.
    """
    found = locked(work, number, revision)
    reason = reason_given(reason)
    if is_final(found):
        raise ImprovementRefused("result_is_final")
    before = phase_before(found.kind, found.phase)
    if before is None:
        raise ImprovementRefused("cannot_step_back")
    record(work, found, before, by, {}, reason)
    found.phase = before
    change(found)
    return found


def drop(work: UnitOfWork, number: str, revision: int, by: str, reason: str) -> Improvement:
    """Close it without a result.

    Raises:
        ImprovementRefused: not_found, changed_meanwhile, is_closed, reason_missing.
    """
    found = locked(work, number, revision)
    record(work, found, CLOSED, by, {}, reason_given(reason))
    found.phase = CLOSED
    change(found)
    _close(work, found, "dropped", by)
    return found


def carry_on(
    work: UnitOfWork, number: str, revision: int, by: str, policy: ImprovementPolicy | None = None
) -> Improvement:
    """Close what did not reach its aim, and open the next round on the same cause, linked to it.

    Args:
        policy: with it, a cause that has survived as many cycles as it says opens a project, too.

    Returns:
        The next round.

    Raises:
        ImprovementRefused: not_found, changed_meanwhile, is_closed, nothing_to_carry_on; deviations_missing after a
            test that did not show its aim; rest_missing in Act and Control.
    """
    found = locked(work, number, revision)
    if found.phase in LAST:
        if not found.content.get("rest"):
            raise ImprovementRefused("rest_missing")
    elif found.phase not in PROVING or not is_final(found):
        raise ImprovementRefused("nothing_to_carry_on", phase=found.phase)
    elif not found.content.get("deviations"):
        raise ImprovementRefused("deviations_missing")
    record(work, found, CLOSED, by, {"result": found.content.get("figures", {}).get("result")})
    found.phase = CLOSED
    change(found)
    _close(work, found, "carried_on", by)
    following = _next_round(work, found, by)
    if (
        policy is not None
        and found.kind == "pdca"
        and cycles_survived(work, found.cause) >= policy.survives_after_cycles
    ):
        project = open_for_survivor(work, found, by)
        following.project_id = following.project_id or project.id
    return following


def cycles_survived(work: UnitOfWork, cause: str) -> int:
    """How many cycles in a row carried this cause on, since the last one that ended it or was dropped."""
    outcomes = work.session.scalars(
        select(Improvement.outcome)
        .where(Improvement.cause == cause, Improvement.kind == "pdca", Improvement.phase == CLOSED)
        .order_by(Improvement.closed_at.desc(), Improvement.id.desc())
        .limit(100)
    )
    number = 0
    for outcome in outcomes:
        if outcome != "carried_on":
            break
        number += 1
    return number


def open_for_survivor(work: UnitOfWork, cycle: Improvement, by: str) -> Improvement:
    """The project on a cause that its cycles did not end; the one that is open already where there is one."""
    draft = Draft("dmaic", Part.of(cycle), cycle.title, "survived", cycle.cause, previous_id=cycle.id)
    return open_improvement(work, draft, by)


def _check(draft: Draft) -> None:
    part = draft.part
    wrong = None
    if draft.kind not in KINDS:
        wrong = "kind"
    elif draft.origin not in ORIGINS:
        wrong = "origin"
    elif part.process not in PROCESSES:
        wrong = "process"
    elif not 1 <= len(draft.title.strip()) <= 200 or "\0" in draft.title:
        wrong = "title"
    elif len(draft.cause) > 200:
        wrong = "cause"
    else:
        wrong = next((name for name, most in _LENGTHS.items() if len(getattr(part, name)) > most), None)
    if wrong:
        raise ImprovementRefused("wrong_draft", field=wrong)


def _of_kind(draft: Draft, kind: str, project_id: int | None) -> Draft:
    sections = {name: document for name, document in draft.sections.items() if phase_of(kind, name)}
    return Draft(
        kind, draft.part, draft.title, draft.origin, draft.cause, draft.signals, draft.previous_id, project_id,
        draft.due_on, sections,
    )  # fmt: skip


def _open_on(work: UnitOfWork, key: str) -> Improvement | None:
    asked = select(Improvement).where(Improvement.open_key == key).with_for_update()
    return work.session.scalars(asked.execution_options(populate_existing=True)).one_or_none()


def _new(work: UnitOfWork, draft: Draft, cause: str, key: str, by: str) -> Improvement:
    first = phases_of(draft.kind)[0]
    content: dict[str, Any] = {}
    for name, document in draft.sections.items():
        if name not in SECTIONS[draft.kind][first]:
            raise ImprovementRefused("section_not_now", section=name, phase=first)
        content[name] = _read(name, document)
        content.setdefault("written", {})[name] = {"at": work.now.isoformat(), "by": by}
        if name == "test":
            content["tests"] = [{"at": work.now.isoformat(), "test": content[name]}]
    part = draft.part
    found = Improvement(
        number=readable_number(_PREFIX[draft.kind], 2), kind=draft.kind, phase=first, title=draft.title.strip(),
        origin=draft.origin, cause=cause, open_key=key, process=part.process, step=part.step, category=part.category,
        department=part.department, channel=part.channel, previous_id=draft.previous_id, project_id=draft.project_id,
        content=content, opened_by=by, opened_at=work.now, due_on=draft.due_on,
    )  # fmt: skip
    work.session.add(found)
    work.session.flush()
    return found


def _join(work: UnitOfWork, improvement: Improvement, signals: Sequence[str], by: str) -> None:
    if signals:
        work.session.execute(
            update(ProcessSignal)
            .where(ProcessSignal.public_id.in_(signals), ProcessSignal.improvement_id.is_(None))
            .values(improvement_id=improvement.id, state="working", judged_by=by, judged_at=work.now)
        )


def _read(name: str, document: Document | Mapping[str, Any]) -> dict[str, Any]:
    try:
        return read_document(name, document).model_dump(mode="json")
    except WrongForm as error:
        raise ImprovementRefused("wrong_form", section=name, errors=[list(one) for one in error.errors]) from None


def _close(work: UnitOfWork, improvement: Improvement, outcome: str, by: str) -> None:
    improvement.outcome = outcome
    improvement.open_key = None
    improvement.closed_at = work.now
    work.session.execute(
        update(ProcessSignal)
        .where(ProcessSignal.improvement_id == improvement.id, ProcessSignal.state == "working")
        .values(state="closed", judged_by=by, judged_at=work.now)
    )
    # The next round on the same cause takes the key over.
    work.session.flush()


def _next_round(work: UnitOfWork, improvement: Improvement, by: str) -> Improvement:
    draft = Draft(
        improvement.kind, Part.of(improvement), improvement.title, "carried_on", improvement.cause,
        previous_id=improvement.id, project_id=improvement.project_id,
    )  # fmt: skip
    return open_improvement(work, draft, by)
