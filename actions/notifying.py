"""Tell staff what they should know: rows that their pages show, and that reach them outside the page.

Whoever has something to tell calls :func:`notify` within its own unit of work; what leaves the page is planned from the
event later, by a worker (``desk.workers.notifications``), so that nobody who acts waits for it or depends on it.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from sqlalchemy import select

from store.database import UnitOfWork
from store.tables import Case, Conversation, Notification, NotificationEvent


class NotificationKind(StrEnum):
    """What it is about; each has its words in the console's catalogue."""

    HANDED_OVER = "handed_over"
    HAND_OVER_UNREAD = "hand_over_unread"
    ASSIGNED = "assigned"
    CUSTOMER_WROTE = "customer_wrote"
    MENTIONED = "mentioned"
    CONSULTED = "consulted"
    CONSULTATION_ANSWERED = "consultation_answered"
    APPROVAL_WANTED = "approval_wanted"
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"
    TAKEN_BACK = "taken_back"
    ALARM = "alarm"
    INCIDENT_TOUCHES = "incident_touches"
    REMEDY_DELAYED = "remedy_delayed"
    REMEDY_FAILED = "remedy_failed"
    CHANNEL_FAULT = "channel_fault"


# Told once until it is read: what comes after it only counts.
_COLLAPSED = frozenset({NotificationKind.CUSTOMER_WROTE})


def notify(
    work: UnitOfWork,
    staff_ids: Iterable[int],
    kind: NotificationKind,
    conversation: Conversation | None = None,
    case: Case | None = None,
    details: dict[str, Any] | None = None,
) -> None:
    """Tell each of ``staff_ids``, once. Nobody at all is worth a call, too: robots and webhooks may listen.

    Args:
        case: the one in the conversation's focus where none is given.
        details: keys and ids that the words need; never what a customer said. ``reason`` (why it was handed over),
            ``clock`` and ``due`` (a moment as ISO 8601) are told outside the page, too.
    """
    told = list(dict.fromkeys(staff_ids))
    conversation_id = conversation.id if conversation else case.conversation_id if case else None
    case_id = case.id if case else conversation.focus_case_id if conversation else None
    if kind in _COLLAPSED and told:
        told = _not_yet_told(work, told, kind, conversation_id)
        if not told:
            return
    event = NotificationEvent(
        kind=kind, conversation_id=conversation_id, case_id=case_id, details=details or {}, at=work.now
    )
    work.session.add(event)
    work.session.flush()
    for staff_id in told:
        work.session.add(
            Notification(
                event_id=event.id,
                staff_id=staff_id,
                kind=kind,
                conversation_id=conversation_id,
                case_id=case_id,
                details=details or {},
                at=work.now,
            )
        )
    if conversation_id is not None:
        work.touched.add(conversation_id)
    work.session.flush()


def _not_yet_told(
    work: UnitOfWork, staff_ids: list[int], kind: NotificationKind, conversation_id: int | None
) -> list[int]:
    """Those without an unread word of this kind about the conversation; the others' counts one more."""
    unread = (
        select(Notification)
        .where(
            Notification.staff_id.in_(staff_ids),
            Notification.kind == kind,
            Notification.conversation_id == conversation_id,
            Notification.read_at.is_(None),
        )
        # Who reads it at this moment has not read what comes now.
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    known = set()
    for notification in work.session.scalars(unread):
        notification.count, notification.at = notification.count + 1, work.now
        known.add(notification.staff_id)
    return [staff_id for staff_id in staff_ids if staff_id not in known]
