"""What staff do with incidents and alarms: who may, and which incident it is."""

from sqlalchemy import select

from actions.conversations import lock_conversation
from actions.firm import Firm
from actions.incidents import drafting, running
from actions.incidents.affected import lock_rows
from actions.incidents.drafting import Draft, Drafted
from actions.incidents.lists import LineProblem
from actions.incidents.reaching import reach
from actions.incidents.telling import told_by_hand
from actions.staff.access import DeedRefused, audit
from recovery.control import Control
from recovery.incidents import RowState
from store.database import UnitOfWork
from store.tables import Conversation, IncidentOrder, Staff

# Who may write to many customers at once.
MAY_RUN = frozenset({"supervisor", "manager"})
# Who sees what is going on.
MAY_SEE = MAY_RUN | {"quality"}


def see_may_run(staff: Staff) -> None:
    """Check that this person may run incidents.

    Raises:
        DeedRefused: they may not.
    """
    if staff.role not in MAY_RUN or not staff.active:
        raise DeedRefused("not_your_role")


def draw_up(work: UnitOfWork, firm: Firm, staff: Staff, draft: Draft) -> Drafted:
    """:func:`actions.incidents.drafting.draw_up`, by a person who may."""
    see_may_run(staff)
    return drafting.draw_up(work, firm, draft, staff.login)


def redraw(work: UnitOfWork, firm: Firm, staff: Staff, public_id: str, draft: Draft) -> list[LineProblem]:
    """:func:`actions.incidents.drafting.redraw`, by a person who may."""
    see_may_run(staff)
    return drafting.redraw(work, firm, running.lock_incident(work, public_id), draft, staff.login)


def discard(work: UnitOfWork, staff: Staff, public_id: str) -> None:
    """:func:`actions.incidents.drafting.discard`, by a person who may."""
    see_may_run(staff)
    drafting.discard(work, running.lock_incident(work, public_id), staff.login)


def start(work: UnitOfWork, firm: Firm, staff: Staff, public_id: str, shown: str | None) -> None:
    """:func:`actions.incidents.running.start`, by a person who may."""
    see_may_run(staff)
    running.start(work, firm, running.lock_incident(work, public_id), shown, staff.login)


def pause(work: UnitOfWork, staff: Staff, public_id: str) -> None:
    see_may_run(staff)
    running.pause(work, running.lock_incident(work, public_id), staff.login)


def resume(work: UnitOfWork, staff: Staff, public_id: str) -> None:
    see_may_run(staff)
    running.resume(work, running.lock_incident(work, public_id), staff.login)


def stop(work: UnitOfWork, staff: Staff, public_id: str) -> None:
    see_may_run(staff)
    running.stop(work, running.lock_incident(work, public_id), staff.login)


def keep_promises(work: UnitOfWork, staff: Staff, public_id: str) -> int:
    """:func:`actions.incidents.running.keep_promises`, by a person who may; call it until nothing is left."""
    see_may_run(staff)
    incident = running.find_incident(work, public_id)
    if incident is None:
        raise DeedRefused("no_such_incident")
    return running.keep_promises(work, incident, staff.login)


def tell_by_hand(work: UnitOfWork, staff: Staff, public_id: str, order_number: str) -> None:
    """Note that a person told a customer, so that the bot does not.

    Whoever has the conversation may say so, and superiors.

    Raises:
        DeedRefused: there is no such row, the customer has heard of it already, or the conversation is a colleague's.
    """
    incident = running.find_incident(work, public_id)
    if incident is None:
        raise DeedRefused("no_such_incident")
    found = reach(work, [order_number]).get(order_number)
    conversation: Conversation | None = None
    if found is not None and found.conversation_id is not None:
        conversation = lock_conversation(work, found.conversation_id)
        rows = lock_rows(work, incident.id, conversation.identity.customer_id, also=[order_number])
        row = next((one for one in rows if one.order_number == order_number), None)
    else:
        rows, row = [], _row(work, incident.id, order_number)
    if row is None:
        raise DeedRefused("no_such_order")
    has_it = (
        conversation is not None
        and conversation.control == Control.STAFF
        and conversation.taken_by_id == staff.id
        and staff.role == "agent"
    )
    if not has_it:
        see_may_run(staff)
    if row.state not in (RowState.WAITING, RowState.UNREACHABLE):
        raise DeedRefused("heard_already")
    if conversation is not None:
        told_by_hand(work, conversation, incident, row, rows)
    else:
        row.state, row.told_at, row.waits_for, row.claimed_until = RowState.BY_HAND, work.now, "", None
    audit(work, staff, "tell_of_incident", incident.public_id)


def _row(work: UnitOfWork, incident_id: int, order_number: str) -> IncidentOrder | None:
    statement = select(IncidentOrder).where(
        IncidentOrder.incident_id == incident_id, IncidentOrder.order_number == order_number
    )
    return work.session.scalars(statement.with_for_update().execution_options(populate_existing=True)).first()
