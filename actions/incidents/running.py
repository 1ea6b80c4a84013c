"""Start, pause, resume and stop an incident; and see to what it promised."""

from sqlalchemy import Select, func, select

from actions.conversations import lock_conversation
from actions.firm import Firm
from actions.incidents.drafting import resolve_rows, rows_of
from actions.incidents.preview import preview
from actions.incidents.words import PROMISE
from actions.promises import settle
from actions.staff.access import DeedRefused
from recovery.incidents import (
    IllegalDeed,
    IncidentDeed,
    IncidentState,
    RowState,
    follow_deed,
)
from store import audit
from store.database import UnitOfWork
from store.tables import Case, Incident, IncidentOrder, Promise

# Promises that are settled in one unit of work; nobody else waits long for it.
_PART = 50


def find_incident(work: UnitOfWork, public_id: str) -> Incident | None:
    return work.session.scalars(select(Incident).where(Incident.public_id == public_id)).first()


def lock_incident(work: UnitOfWork, public_id: str) -> Incident:
    """The incident, held until the unit of work ends.

    Raises:
        DeedRefused: there is none.
    """
    statement = select(Incident).where(Incident.public_id == public_id).with_for_update()
    found = work.session.scalars(statement.execution_options(populate_existing=True)).first()
    if found is None:
        raise DeedRefused("no_such_incident")
    return found


def start(work: UnitOfWork, firm: Firm, incident: Incident, shown: str | None, by: str) -> None:
    """Begin to tell those whom it touches; the incident is locked.

    Args:
        shown: the digest of the preview that whoever confirms has seen; None where they were shown it just now.
        by: login of the person who answers for it (GB/T 47746-2026: compensation needs a person's confirmation).

    Raises:
        DeedRefused: it was started before, what was shown has changed meanwhile, its playbook is gone, or nobody would
            be reached.
    """
    _follow(incident, IncidentDeed.START)
    if firm.playbooks.named(incident.playbook) is None:
        raise DeedRefused("unknown_playbook")
    rows = rows_of(work, incident)
    resolve_rows(work, rows)
    if shown is not None and shown != preview(work, firm, incident).digest:
        raise DeedRefused("incident_changed")
    if not any(row.state == RowState.WAITING for row in rows):
        raise DeedRefused("incident_reaches_nobody")
    incident.started_at, incident.started_by = work.now, by
    audit.append(work, by, "start_incident", incident.public_id, {"orders": len(rows)})


def pause(work: UnitOfWork, incident: Incident, by: str) -> None:
    """Tell nobody more for now; who is being told at this moment still is.

    Raises:
        DeedRefused: it is not running.
    """
    _follow(incident, IncidentDeed.PAUSE)
    audit.append(work, by, "pause_incident", incident.public_id)


def resume(work: UnitOfWork, incident: Incident, by: str) -> None:
    """Go on; who can be reached by now is.

    Raises:
        DeedRefused: it is not paused.
    """
    _follow(incident, IncidentDeed.RESUME)
    resolve_rows(work, [row for row in rows_of(work, incident) if row.state != RowState.WAITING])
    audit.append(work, by, "resume_incident", incident.public_id)


def stop(work: UnitOfWork, incident: Incident, by: str) -> None:
    """End it: nobody more is told, and it cannot go on. What was said and offered holds.

    Raises:
        DeedRefused: it is not under way.
    """
    _follow(incident, IncidentDeed.STOP)
    incident.ended_at = work.now
    audit.append(work, by, "stop_incident", incident.public_id)


def open_promises(work: UnitOfWork, incident: Incident) -> int:
    """How many promises that came with the news are still owed."""
    return work.session.scalar(select(func.count()).select_from(_owed(incident).subquery())) or 0


def keep_promises(work: UnitOfWork, incident: Incident, by: str) -> int:
    """What the news promised has happened: settle some of the promises as kept; call it until nothing is left.

    Returns:
        How many were settled.
    """
    found = work.session.execute(
        select(Promise.id, Promise.conversation_id)
        .where(Promise.id.in_(_owed(incident)))
        .order_by(Promise.conversation_id)
        .limit(_PART)
    ).all()
    for promise_id, conversation_id in found:
        lock_conversation(work, conversation_id)
        made = work.session.get_one(Promise, promise_id, populate_existing=True)
        settle(work, made, kept=made.due_at >= work.now)
    if found:
        audit.append(work, by, "keep_incident_promises", incident.public_id, {"promises": len(found)})
    return len(found)


def _owed(incident: Incident) -> Select[int]:
    """A case that was of another incident before stays of that one: what was promised in it since is owed by both."""
    cases = select(IncidentOrder.case_id).where(IncidentOrder.incident_id == incident.id)
    return (
        select(Promise.id)
        .join(Case, Case.id == Promise.case_id)
        .where(
            (Case.incident_id == incident.id) | Case.id.in_(cases),
            Promise.made_at >= (incident.started_at or incident.created_at),
            Promise.kind == PROMISE,
            Promise.state == "open",
        )
    )


def _follow(incident: Incident, deed: IncidentDeed) -> None:
    try:
        incident.state = follow_deed(IncidentState(incident.state), deed)
    except IllegalDeed:
        raise DeedRefused("incident_not_possible_now") from None


def counts(work: UnitOfWork, incident_ids: list[int]) -> dict[int, dict[str, int]]:
    """Of each incident, how many orders are in which state."""
    found: dict[int, dict[str, int]] = {incident_id: {} for incident_id in incident_ids}
    statement = (
        select(IncidentOrder.incident_id, IncidentOrder.state, func.count())
        .where(IncidentOrder.incident_id.in_(incident_ids))
        .group_by(IncidentOrder.incident_id, IncidentOrder.state)
    )
    for incident_id, state, count in work.session.execute(statement):
        found[incident_id][state] = count
    return found
