"""Which customers of a running incident are told next: at most so many a minute, whoever works on it."""

from datetime import datetime, timedelta

from sqlalchemy import func, select

from actions.firm import Firm
from actions.incidents.preview import quiet_until
from recovery.incidents import IncidentDeed, IncidentState, RowState, follow_deed, may_tell
from store import audit
from store.database import UnitOfWork
from store.tables import Incident, IncidentOrder

# A process that dies in between leaves its customers to another after so long.
CLAIM = timedelta(seconds=60)
# So many at a time, however fast the incident may go: a pause takes effect soon.
_BATCH = 20
_MINUTE = timedelta(minutes=1)
_SPOKEN_TO = (RowState.TOLD, RowState.JOINED)


def claim(work: UnitOfWork, firm: Firm) -> list[int]:
    """Claim rows whose customers are to be told now; an incident in which nobody waits any more is done.

    Each incident is held for the moment of claiming, so that several workers together keep to its speed.

    Returns:
        Ids of :class:`IncidentOrder`, each to be told in a unit of work of its own.
    """
    if quiet_until(firm, work.now) is not None:
        return []
    running = (
        select(Incident)
        .where(Incident.state == IncidentState.RUNNING)
        .order_by(Incident.id)
        .with_for_update(skip_locked=True)
    )
    return [row_id for incident in work.session.scalars(running).all() for row_id in _claim_of(work, incident)]


def has_running(work: UnitOfWork) -> bool:
    """Whether there is anything to do at all; looking costs no writer's turn."""
    statement = select(Incident.id).where(Incident.state == IncidentState.RUNNING).limit(1)
    return work.session.scalars(statement).first() is not None


def _claim_of(work: UnitOfWork, incident: Incident) -> list[int]:
    of_it = IncidentOrder.incident_id == incident.id
    waiting = of_it & (IncidentOrder.state == RowState.WAITING)
    if work.session.scalars(select(IncidentOrder.id).where(waiting).limit(1)).first() is None:
        incident.state = follow_deed(IncidentState(incident.state), IncidentDeed.FINISH)
        incident.ended_at = work.now
        audit.append(work, "timer", "finish_incident", incident.public_id)
        return []
    told = work.session.scalars(
        select(IncidentOrder.told_at).where(
            of_it, IncidentOrder.state.in_(_SPOKEN_TO), IncidentOrder.told_at > work.now - _MINUTE
        )
    )
    under_way = work.session.scalar(
        select(func.count(IncidentOrder.id)).where(waiting, IncidentOrder.claimed_until > work.now)
    )
    room = may_tell([at for at in told if at is not None], under_way or 0, incident.per_minute, work.now)
    if not room:
        return []
    rows = work.session.scalars(
        select(IncidentOrder)
        .where(
            waiting,
            IncidentOrder.claimed_until.is_(None) | (IncidentOrder.claimed_until <= work.now),
            IncidentOrder.next_attempt_at.is_(None) | (IncidentOrder.next_attempt_at <= work.now),
        )
        .order_by(IncidentOrder.id)
        .limit(min(room, _BATCH))
        .with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        row.claimed_until = work.now + CLAIM
    return [row.id for row in rows]


def put_off(row: IncidentOrder, why: str, until: datetime) -> None:
    """Let the row wait: somebody, or something, comes first."""
    row.waits_for, row.next_attempt_at, row.claimed_until = why, until, None
