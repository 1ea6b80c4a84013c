"""Tell staff what they should know: rows that their pages show, and that reach them outside the page."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from store.database import UnitOfWork
from store.tables import Case, Conversation, Notification


class NotificationKind(StrEnum):
    """What it is about; each has its words in the console's catalogue."""

    HANDED_OVER = "handed_over"
    ASSIGNED = "assigned"
    CUSTOMER_WROTE = "customer_wrote"
    MENTIONED = "mentioned"
    CONSULTED = "consulted"
    CONSULTATION_ANSWERED = "consultation_answered"
    APPROVAL_WANTED = "approval_wanted"
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"
    TAKEN_BACK = "taken_back"


def notify(
    work: UnitOfWork,
    staff_ids: Iterable[int],
    kind: NotificationKind,
    conversation: Conversation | None = None,
    case: Case | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Tell each of ``staff_ids``, once.

    Args:
        details: keys and ids that the words need; never what a customer said.
    """
    for staff_id in dict.fromkeys(staff_ids):
        work.session.add(
            Notification(
                staff_id=staff_id,
                kind=kind,
                conversation_id=conversation.id if conversation else None,
                case_id=case.id if case else None,
                details=details or {},
                at=work.now,
            )
        )
    work.session.flush()
