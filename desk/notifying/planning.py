"""From an event to what leaves the page: who gets it over which way. Runs in a worker, in one unit of work."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import and_, func, select

from actions.escalating import superiors_of
from actions.firm import Firm
from actions.notifying import NotificationKind, notify
from actions.staff.notifications import reach_of
from desk.notifying.ways import Ways
from recovery.control import FIRST_IN_LINE, Control
from recovery.failures import Category, Risk
from store.database import UnitOfWork
from store.tables import (
    Case,
    Conversation,
    HandOver,
    Notification,
    NotificationDelivery,
    NotificationEvent,
    Promise,
    Staff,
)

log = structlog.get_logger()

_BATCH = 50
_DANGEROUS_FAILURES = {Category.SAFETY, Category.PRIVACY_SECURITY}
_DANGEROUS_RISKS = {Risk.SAFETY, Risk.PRIVACY}
# What a hand-over is told by: to whoever is there, or to the one it was given to (``actions.routing``).
_OF_A_HAND_OVER = (NotificationKind.HANDED_OVER, NotificationKind.ASSIGNED)
# Who is written to where nobody who was told can be, superiors first.
_WRITTEN_TO = ("supervisor", "manager", "administrator", "agent")


@dataclass(frozen=True, slots=True)
class _Subject:
    """What an event is about."""

    event: NotificationEvent
    conversation: Conversation | None
    case: Case | None

    @property
    def is_hand_over(self) -> bool:
        """Whether a customer waits for a person, and this tells one."""
        waits = self.conversation is not None and self.conversation.control == Control.QUEUED
        return self.event.kind == NotificationKind.HANDED_OVER or (waits and self.event.kind in _OF_A_HAND_OVER)

    @property
    def department(self) -> str | None:
        """Whom it concerns: the department that is asked something, else the case's."""
        asked = self.event.details.get("department")
        if isinstance(asked, str):
            return asked
        if self.case is not None:
            return self.case.department
        return self.conversation.department if self.conversation else None


def has_unplanned(work: UnitOfWork) -> bool:
    """Whether there is an event to plan for."""
    statement = select(NotificationEvent.id).where(NotificationEvent.planned_at.is_(None)).limit(1)
    return work.session.scalars(statement).first() is not None


def plan(work: UnitOfWork, ways: Ways) -> int:
    """Plan deliveries for events that have none yet; each event is planned for once.

    Returns:
        How many events were planned for.
    """
    statement = (
        select(NotificationEvent)
        .where(NotificationEvent.planned_at.is_(None))
        .order_by(NotificationEvent.id)
        .limit(_BATCH)
        .with_for_update(skip_locked=True)
    )
    events = list(work.session.scalars(statement))
    for event in events:
        event.planned_at = work.now
        _plan_one(work, ways, _subject(work, event))
    return len(events)


def _plan_one(work: UnitOfWork, ways: Ways, subject: _Subject) -> None:
    event, file = subject.event, ways.firm.notifications
    told = _told(work, event)
    rows = [
        _delivery(work, ways, subject, way, target.key)
        for way, targets in (("robot", file.robots), ("webhook", file.webhooks))
        for target in targets
        if target.wants(event.kind, subject.department) and ways.reaches(way, target.key)
    ]
    if ways.mail and event.kind in file.mail_kinds:
        rows += _letters(work, ways, subject, told)
    if subject.is_hand_over:
        if all(row.way == "webhook" for row in rows):
            # A system is nobody yet.
            rows += _at_any_rate(work, ways, subject, told, rows)
        if not told:
            # Nobody was there to be told: superiors are, at once.
            pass_on(work, ways.firm, event)
    work.session.add_all(rows)


def _letters(
    work: UnitOfWork, ways: Ways, subject: _Subject, told: Iterable[tuple[Notification, Staff]]
) -> list[NotificationDelivery]:
    rows = []
    for notification, staff in told:
        reach = reach_of(staff)
        if not reach.by_mail or not staff.active:
            continue
        row = _delivery(work, ways, subject, "email", staff.login)
        row.notification_id = notification.id
        if not row.urgent:
            row.digest = reach.digest > 0
            wait = max(timedelta(minutes=reach.digest), ways.firm.notifications.mail_after)
            row.next_attempt_at = subject.event.at + wait
        rows.append(row)
    return rows


def _at_any_rate(
    work: UnitOfWork,
    ways: Ways,
    subject: _Subject,
    told: Iterable[tuple[Notification, Staff]],
    systems: list[NotificationDelivery],
) -> list[NotificationDelivery]:
    """A hand-over that no rule sends to people: whoever can be reached is, whatever they listen to (Chatwoot 5077).

    Args:
        systems: that hear of it already.
    """
    file = ways.firm.notifications
    for robot in file.robots:
        if ways.reaches("robot", robot.key):
            return [_delivery(work, ways, subject, "robot", robot.key)]
    if ways.mail:
        if rows := _letters(work, ways, subject, told):
            return rows
        for role in _WRITTEN_TO:
            people = [staff for staff in _active(work, role) if reach_of(staff).by_mail]
            if people:
                return [_delivery(work, ways, subject, "email", staff.login) for staff in people]
    for webhook in file.webhooks if not systems else ():
        if ways.reaches("webhook", webhook.key):
            return [_delivery(work, ways, subject, "webhook", webhook.key)]
    if ways.mail:
        log.warning("a hand-over reaches nobody outside the page: nobody has given an e-mail address")
    return []


def _delivery(work: UnitOfWork, ways: Ways, subject: _Subject, way: str, target: str) -> NotificationDelivery:
    event = subject.event
    return NotificationDelivery(
        event_id=event.id,
        way=way,
        target=target,
        kind=event.kind,
        payload=_facts(work, subject),
        urgent=is_danger(ways.firm, subject.event, subject.conversation, subject.case),
        next_attempt_at=work.now,
        created_at=work.now,
    )


def is_danger(firm: Firm, event: NotificationEvent, conversation: Conversation | None, case: Case | None) -> bool:
    """Whether people, accounts or data are in danger: such a thing is told at any hour."""
    if event.details.get("reason") in set(FIRST_IN_LINE):
        return True
    if conversation is not None and conversation.control == Control.QUEUED and conversation.queue_rank == 0:
        return True
    if case is None:
        return False
    return bool(_DANGEROUS_RISKS & set(case.risks) or _DANGEROUS_FAILURES & firm.fixed_categories(case.categories))


def _facts(work: UnitOfWork, subject: _Subject) -> dict[str, Any]:
    """All that is told outside: numbers and keys of ours."""
    event, case, conversation = subject.event, subject.case, subject.conversation
    facts = {
        "case": case.number if case else None,
        "severity": case.severity if case else None,
        "department": subject.department,
        "conversation": conversation.public_id if conversation else None,
        "due": _due(work, subject),
        **{key: event.details[key] for key in ("reason", "clock") if isinstance(event.details.get(key), str)},
    }
    return {key: value for key, value in facts.items() if value is not None}


def _due(work: UnitOfWork, subject: _Subject) -> str | None:
    given = subject.event.details.get("due")
    if isinstance(given, str):
        return given
    if subject.conversation is None:
        return None
    owed = select(Promise.due_at).where(
        Promise.conversation_id == subject.conversation.id,
        Promise.state == "open",
        Promise.kind.in_(("person_answers", "approval")),
    )
    due = work.session.scalars(owed.order_by(Promise.due_at).limit(1)).first()
    return due.isoformat() if due else None


# --- hand-overs that nobody reads -------------------------------------------------------------------------------------


def unread_hand_overs(work: UnitOfWork, firm: Firm) -> list[int]:
    """The first events of hand-overs of which nobody has read anything for too long, while the customer still waits."""
    # What was taken back from somebody silent has its old place in the queue, and waits anew.
    hand_over = select(func.max(HandOver.at)).where(
        HandOver.conversation_id == Conversation.id, HandOver.ended_at.is_(None)
    )
    since = func.coalesce(hand_over.scalar_subquery(), Conversation.queued_at)
    of_this_wait = (
        NotificationEvent.conversation_id == Conversation.id,
        NotificationEvent.at >= since,
        NotificationEvent.kind.in_(_OF_A_HAND_OVER),
    )
    read = (
        select(Notification.id)
        .where(
            Notification.conversation_id == Conversation.id,
            Notification.at >= since,
            Notification.kind.in_(_OF_A_HAND_OVER),
            Notification.read_at.is_not(None),
        )
        .exists()
    )
    statement = (
        select(func.min(NotificationEvent.id))
        .select_from(Conversation)
        .join(NotificationEvent, and_(*of_this_wait))
        .where(Conversation.control == Control.QUEUED, ~read)
        .group_by(Conversation.id)
        .having(
            func.min(NotificationEvent.at) <= work.now - firm.notifications.unread_hand_over_after,
            func.count(NotificationEvent.passed_on_at) == 0,
        )
    )
    return list(work.session.scalars(statement.limit(_BATCH)))


def pass_on_unread(work: UnitOfWork, firm: Firm, event_ids: list[int]) -> int:
    """Tell superiors of these hand-overs, each once."""
    statement = (
        select(NotificationEvent)
        .where(NotificationEvent.id.in_(event_ids), NotificationEvent.passed_on_at.is_(None))
        .with_for_update(skip_locked=True)
    )
    events = list(work.session.scalars(statement))
    for event in events:
        pass_on(work, firm, event)
    return len(events)


def pass_on(work: UnitOfWork, firm: Firm, event: NotificationEvent) -> None:
    """Tell the superiors of its department of a hand-over, once."""
    if event.passed_on_at is not None:
        return
    event.passed_on_at = work.now
    subject = _subject(work, event)
    superiors = superiors_of(work, firm, subject.department or firm.departments[0].key)
    kind = NotificationKind.HAND_OVER_UNREAD
    notify(work, superiors, kind, subject.conversation, subject.case, dict(event.details))


def _subject(work: UnitOfWork, event: NotificationEvent) -> _Subject:
    conversation = work.session.get(Conversation, event.conversation_id) if event.conversation_id else None
    case = work.session.get(Case, event.case_id) if event.case_id else None
    return _Subject(event, conversation, case)


def _told(work: UnitOfWork, event: NotificationEvent) -> list[tuple[Notification, Staff]]:
    statement = (
        select(Notification, Staff)
        .join(Staff, Staff.id == Notification.staff_id)
        .where(Notification.event_id == event.id)
        .order_by(Notification.id)
    )
    return [(notification, staff) for notification, staff in work.session.execute(statement)]


def _active(work: UnitOfWork, role: str) -> list[Staff]:
    statement = select(Staff).where(Staff.role == role, Staff.active).order_by(Staff.id)
    return list(work.session.scalars(statement))
