"""Close what the firm opened itself and nobody ever answered, once the incident is long over."""

from sqlalchemy import select

from actions.cases import move_if_possible
from actions.conversations import await_nothing, lock_conversation
from actions.firm import Firm
from actions.offering import withdraw_open_offers
from recovery.case_states import CaseState, Transition
from recovery.control import Control
from recovery.incidents import UNDER_WAY, IncidentState
from store.database import UnitOfWork
from store.tables import Case, Conversation, Incident

_AT_ONCE = 50
_UNANSWERED = (CaseState.OPEN, CaseState.OFFERED)


def find_unanswered(work: UnitOfWork, firm: Firm) -> list[int]:
    """Ids of cases that the firm opened for an incident that ended ``joined_for`` ago, in which nobody complained and
    nobody took what was offered."""
    statement = (
        select(Case.id)
        .join(Incident, Incident.id == Case.incident_id)
        .join(Conversation, Conversation.id == Case.conversation_id)
        .where(
            Case.origin == "incident",
            Case.complained_at.is_(None),
            Case.state.in_(_UNANSWERED),
            Conversation.control == Control.BOT,
            Incident.state.not_in([*UNDER_WAY, IncidentState.DRAFT]),
            Incident.ended_at < work.now - firm.playbooks.joined_for,
        )
        .order_by(Case.id)
        .limit(_AT_ONCE)
    )
    return list(work.session.scalars(statement))


def close_unanswered(work: UnitOfWork, case_id: int) -> None:
    """Take back what was offered, and close the case; nothing is said, since nobody asked for anything."""
    found = work.session.get_one(Case, case_id)
    conversation = lock_conversation(work, found.conversation_id)
    case = work.session.get_one(Case, case_id, populate_existing=True)
    if case.state not in _UNANSWERED or case.complained_at is not None or conversation.control != Control.BOT:
        return
    withdraw_open_offers(work, case)
    awaits_choice = conversation.awaited is not None and conversation.awaited["kind"] == "offer"
    if conversation.focus_case_id == case.id and awaits_choice:
        await_nothing(conversation)
    move_if_possible(work, case, Transition.CLOSE, "timer")
