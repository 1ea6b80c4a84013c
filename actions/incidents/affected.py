"""The rows of one customer in an incident, held together: so each hears once, whoever tells them."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import select

from actions.incidents.reaching import family_of
from recovery.incidents import HEARD, IncidentState, RowState, joins
from store.database import UnitOfWork
from store.tables import Case, Conversation, Identity, Incident, IncidentOrder, OrderIdentity


def lock_rows(work: UnitOfWork, incident_id: int, customer_id: int, also: Iterable[str] = ()) -> list[IncidentOrder]:
    """All rows of a customer in an incident, held until the unit of work ends, in one order for everybody.

    Theirs are the orders listed with one of their identities, and those that were found to be theirs before. The
    conversation is locked already.

    Args:
        also: numbers of further orders that are theirs, such as one they proved.
    """
    family = family_of(work, customer_id)
    identities = work.session.scalars(select(Identity).where(Identity.customer_id.in_(family))).all()
    listed = select(OrderIdentity.order_number).where(
        OrderIdentity.identity.in_([identity.public for identity in identities])
    )
    statement = (
        select(IncidentOrder)
        .where(
            IncidentOrder.incident_id == incident_id,
            IncidentOrder.customer_id.in_(family)
            | IncidentOrder.order_number.in_(listed)
            | IncidentOrder.order_number.in_(list(also)),
        )
        .order_by(IncidentOrder.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(work.session.scalars(statement))


def settle_rows(
    work: UnitOfWork, rows: Iterable[IncidentOrder], first: IncidentOrder, state: RowState, case: Case | None
) -> None:
    """Note that a customer has heard of it: by ``first``, and so of their other orders, too."""
    for row in rows:
        if row.state in HEARD:
            continue
        row.state = state if row is first else RowState.SAME_CUSTOMER
        row.told_at = work.now if row is first else None
        row.case_id = case.id if case is not None else None
        row.customer_id = case.customer_id if case is not None else row.customer_id
        row.waits_for, row.next_attempt_at, row.claimed_until = "", None, None


def has_heard(rows: Iterable[IncidentOrder]) -> IncidentOrder | None:
    """The row by which the customer has heard of it, or None."""
    return next((row for row in rows if row.state in HEARD), None)


def is_joined_now(incident: Incident, now: datetime, joined_for: timedelta) -> bool:
    """Whether complaints join the incident (:func:`recovery.incidents.joins`)."""
    return joins(IncidentState(incident.state), incident.ended_at, now, joined_for)


def touched_by(work: UnitOfWork, conversation: Conversation) -> list[tuple[Incident, list[IncidentOrder]]]:
    """The incidents that touch whom a conversation is with, drafts aside, the latest first, with their orders."""
    family = family_of(work, conversation.identity.customer_id)
    names = [one.public for one in work.session.scalars(select(Identity).where(Identity.customer_id.in_(family)))]
    listed = select(OrderIdentity.order_number).where(OrderIdentity.identity.in_(names))
    statement = (
        select(Incident, IncidentOrder)
        .join(IncidentOrder, IncidentOrder.incident_id == Incident.id)
        .where(
            Incident.state != IncidentState.DRAFT,
            IncidentOrder.customer_id.in_(family) | IncidentOrder.order_number.in_(listed),
        )
        .order_by(Incident.id.desc(), IncidentOrder.id)
    )
    found: dict[int, tuple[Incident, list[IncidentOrder]]] = {}
    for incident, row in work.session.execute(statement):
        found.setdefault(incident.id, (incident, []))[1].append(row)
    return list(found.values())
