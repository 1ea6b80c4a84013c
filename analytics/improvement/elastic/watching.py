"""Elastic: what harms quality opens work by itself (S0: 弹性; when it appears, PDCA and DMAIC start together).

Each finding is recorded in a unit of work of its own, once: a signal that is open is extended by what joins it, and one
that somebody has judged is left alone. Done twice, by several processes, or stopped anywhere, it comes to the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from analytics.improvement.elastic.looking import CHART, STANDARD, Found, judged_days, look
from analytics.improvement.elastic.signals import ORIGIN_OF, SignalLine, cases_behind, judge_signal, signals
from analytics.improvement.loops.keeping import Draft, open_improvement, start_both
from analytics.improvement.loops.phases import CLOSED
from analytics.improvement.naming import Names
from analytics.improvement.policy import ImprovementPolicy
from analytics.surroundings import Surroundings
from store import audit
from store.database import Database, UnitOfWork
from store.tables import Improvement, ProcessSignal

__all__ = ["SignalLine", "Watched", "cases_behind", "judge_signal", "record", "signals", "watch", "watch_in_parts"]

# What acts by itself.
BY = "timer"
_ENDED = ("standardised", "carried_on")
# Points of a chart that are kept as evidence.
_POINTS = 20


@dataclass(frozen=True, slots=True)
class Watched:
    """What a look came to.

    Attributes:
        found: findings there are now, new ones and those that are known and open.
        new: public ids of the signals that nobody knew of.
        opened: numbers of the improvements that were opened.
    """

    found: int = 0
    new: tuple[str, ...] = ()
    opened: tuple[str, ...] = ()

    def plus(self, other: "Watched") -> "Watched":
        return Watched(self.found + other.found, self.new + other.new, self.opened + other.opened)

    def to_json(self) -> dict[str, Any]:
        return {"found": self.found, "new": list(self.new), "opened": list(self.opened)}


def watch(work: UnitOfWork, around: Surroundings, policy: ImprovementPolicy) -> Watched:
    """Look at everything, record what is found and open work, all in this unit of work.

    Args:
        work: may write; what is not rolled up yet does not count. For much data take :func:`watch_in_parts`.
    """
    return _recorded(work, around, policy, list(look(work, around, policy)))


def watch_in_parts(database: Database, around: Surroundings, policy: ImprovementPolicy) -> Watched:
    """As :func:`watch`: looks without keeping anybody from writing, and records each finding by itself."""
    with database.reading() as work:
        found = list(look(work, around, policy))
    watched = Watched()
    for one in found:
        around.go_on()
        with database.begin() as work:
            watched = watched.plus(record(work, around, policy, one))
            work.commit()
    return watched


def _recorded(work: UnitOfWork, around: Surroundings, policy: ImprovementPolicy, found: Iterable[Found]) -> Watched:
    watched = Watched()
    for one in found:
        watched = watched.plus(record(work, around, policy, one))
    return watched


def record(work: UnitOfWork, around: Surroundings, policy: ImprovementPolicy, found: Found) -> Watched:
    """Keep one finding, and open the work that it asks for."""
    names = Names(around)
    signal, is_new = _kept(work, names, found)
    if signal is None:
        return Watched()
    opened: list[str] = []
    if found.opens and signal.improvement_id is None and _may_open(work, policy, found):
        opened = _open(work, policy, names, found, signal)
    return Watched(1, (signal.public_id,) if is_new else (), tuple(opened))


def _kept(work: UnitOfWork, names: Names, found: Found) -> tuple[ProcessSignal | None, bool]:
    """The signal of a finding, locked, and whether it is new; None where it was judged meanwhile."""
    known = _known(work, found)
    if known is not None:
        _extend(known, found)
        return known, False
    judged = judged_days(work, names.around, found.cause).get((found.kind, found.direction, found.cause))
    if judged is not None and found.until <= judged:
        return None, False
    told = found.kind if found.direction == "worse" else f"{found.kind}_{found.direction}"
    title = names.title(told, found.part, found.details)
    part = found.part
    signal = ProcessSignal(
        key=found.key,
        kind=found.kind,
        cause=found.cause,
        process=part.process,
        step=part.step,
        category=part.category,
        department=part.department,
        channel=part.channel,
        direction=found.direction,
        since=found.since,
        until=found.until,
        details={**found.details, "title": title},
        found_at=work.now,
    )
    try:
        # Where two processes look at once, the second finds the first one's.
        with work.session.begin_nested():
            work.session.add(signal)
            work.session.flush()
    except IntegrityError:
        return _known(work, found), False
    return signal, True


def _known(work: UnitOfWork, found: Found) -> ProcessSignal | None:
    table = ProcessSignal
    asked = select(table).where(
        table.cause == found.cause,
        table.kind == found.kind,
        table.direction == found.direction,
        table.state.in_(("open", "working")),
    )
    asked = asked.order_by(table.id.desc()).limit(1).with_for_update().execution_options(populate_existing=True)
    return work.session.scalars(asked).first()


def _extend(signal: ProcessSignal, found: Found) -> None:
    """What is known goes on: its days and figures are those of now, and what was seen before stays evidence."""
    if found.until <= signal.until:
        return
    details = {**signal.details, **found.details}
    if found.kind == CHART:
        before = {(one["chart"], one["label"]): one for one in signal.details.get("points", ())}
        after = {(one["chart"], one["label"]): one for one in found.details["points"]}
        details["points"] = sorted((before | after).values(), key=lambda one: str(one["label"]))[-_POINTS:]
        details["rules"] = sorted({*signal.details.get("rules", ()), *found.details["rules"]})
    signal.details = details
    signal.until = found.until


def _may_open(work: UnitOfWork, policy: ImprovementPolicy, found: Found) -> bool:
    """Of what lies below the standard only so much is begun at once; what is begun already takes further evidence."""
    if found.kind != STANDARD:
        return True
    begun = select(Improvement.kind).where(Improvement.cause == found.cause, Improvement.phase != CLOSED)
    if set(found.opens) <= set(work.session.scalars(begun)):
        return True
    under_way = select(func.count()).select_from(Improvement).where(
        Improvement.origin == STANDARD, Improvement.phase != CLOSED
    )  # fmt: skip
    return (work.session.scalar(under_way) or 0) < policy.standard.most_at_once


def _open(work: UnitOfWork, policy: ImprovementPolicy, names: Names, found: Found, signal: ProcessSignal) -> list[str]:
    """Open what the finding asks for; a cause that its cycles did not end calls for a project, too."""
    opens = set(found.opens)
    escalated = "dmaic" not in opens and _has_survived(work, policy, found.cause)
    title = str(signal.details["title"])
    if escalated:
        opens.add("dmaic")
    draft = Draft(
        kind="pdca",
        part=found.part,
        title=title,
        origin=ORIGIN_OF[found.kind],
        cause=found.cause,
        signals=(signal.public_id,),
    )
    before = set(_open_numbers(work, found.cause))
    if opens == {"pdca", "dmaic"}:
        cycle, project = start_both(work, draft, BY)
        made = [cycle, project]
        if escalated and project.number not in before:
            project.origin, project.title = "survived", names.title("survived", found.part, {})
        # Both answer for it; the cycle, which is the faster, carries the evidence.
        signal.improvement_id = cycle.id
    else:
        made = [open_improvement(work, _of_kind(draft, kind), BY) for kind in sorted(opens)]
    fresh = [one.number for one in made if one.number not in before]
    for number in fresh:
        audit.append(work, BY, "open_improvement", number, {"signal": signal.public_id})
    work.session.flush()
    work.session.refresh(signal)
    return fresh


def _of_kind(draft: Draft, kind: str) -> Draft:
    return Draft(kind, draft.part, draft.title, draft.origin, draft.cause, draft.signals)


def _open_numbers(work: UnitOfWork, cause: str) -> list[str]:
    asked = select(Improvement.number).where(Improvement.cause == cause, Improvement.phase != CLOSED)
    return list(work.session.scalars(asked))


def _has_survived(work: UnitOfWork, policy: ImprovementPolicy, cause: str) -> bool:
    """Whether so many cycles since the last project went to their end, and here it is again."""
    table = Improvement
    last_project = select(func.max(table.closed_at)).where(
        table.cause == cause, table.kind == "dmaic", table.outcome.in_(_ENDED)
    )
    ended = select(func.count()).select_from(table).where(
        table.cause == cause, table.kind == "pdca", table.outcome.in_(_ENDED)
    )  # fmt: skip
    since = work.session.scalar(last_project)
    if since is not None:
        ended = ended.where(table.closed_at > since)
    return (work.session.scalar(ended) or 0) >= policy.survives_after_cycles
