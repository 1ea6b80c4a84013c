"""Who answers for a case, and bringing it to superiors (升级上报)."""

from sqlalchemy import select

from actions.firm import Firm
from actions.routing import departments_of, present_staff
from recovery.clocks import EscalationReason
from recovery.control import Control
from store.database import UnitOfWork
from store.tables import Case, Conversation, HandOver, Staff

# Whom a case is brought to where the department has no supervisor of its own, the nearest first.
_SUPERIORS = ("supervisor", "manager", "administrator")


def responsible_for(work: UnitOfWork, conversation: Conversation) -> list[int]:
    """The id of the person who has a conversation, or was given it; none while it waits for anybody or is the bot's,
    nor where they work here no more."""
    if conversation.control == Control.STAFF:
        found = conversation.taken_by_id
    else:
        found = conversation.assigned_to_id if conversation.control == Control.QUEUED else None
    holder = work.session.get(Staff, found) if found is not None else None
    return [holder.id] if holder is not None and holder.active else []


def on_duty_in(work: UnitOfWork, firm: Firm, department: str) -> list[int]:
    """Ids of the department's staff on duty."""
    return [one.id for one in present_staff(work, firm) if department in departments_of(firm, one)]


def superiors_of(work: UnitOfWork, firm: Firm, department: str) -> list[int]:
    """Ids of the department's supervisors; where it has none, of all supervisors, else of managers, administrators."""
    statement = select(Staff).where(Staff.active.is_(True), Staff.role.in_(_SUPERIORS)).order_by(Staff.id)
    staff = list(work.session.scalars(statement))
    own = [one.id for one in staff if one.role == "supervisor" and department in departments_of(firm, one)]
    groups = [own, *([one.id for one in staff if one.role == role] for role in _SUPERIORS)]
    return next((group for group in groups if group), [])


def escalate(work: UnitOfWork, conversation: Conversation, case: Case, reason: EscalationReason) -> None:
    """Leave the trace that a case was brought to superiors; it changes no hands by that, and nobody need take it."""
    work.session.add(
        HandOver(
            conversation_id=conversation.id, case_id=case.id, reason=reason, by="timer", at=work.now, ended_at=work.now
        )
    )
    work.session.flush()
