"""Deliveries on their way: which are due, which wait, which go out together; and what came of them.

All policy is here, at the moment of sending: quiet hours hold back, floods are gathered, what was read meanwhile is
dropped, as are hand-overs that somebody has taken, and a target that does not answer is left alone for a while without
anybody else waiting for it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select, update

from actions.firm import Firm
from actions.firm.notifications import QuietHours
from actions.notifying import NotificationKind
from actions.staff.notifications import reach_of
from desk.channels.transport import TransportError
from desk.notifying.sending import Item
from recovery.control import Control
from store.database import UnitOfWork
from store.tables import Conversation, Notification, NotificationDelivery, NotificationEvent, Staff
from store.tables.base import unguessable

# How long a claim holds: a process that dies in between leaves the deliveries to another.
CLAIM = timedelta(seconds=120)
# Claimed for one target at once; a digest takes along what else is there.
PER_TARGET = 100
TAKEN_ALONG = 5_000
TARGETS = 16
# After this what could not be handed in is given up, and shown as failed.
GIVE_UP_AFTER = timedelta(hours=24)
LONGEST_BACK_OFF = timedelta(minutes=30)
# What they say is true only while the customer waits.
_WHILE_WAITING = (NotificationKind.HANDED_OVER, NotificationKind.HAND_OVER_UNREAD)


@dataclass(frozen=True, slots=True)
class Parcel:
    """What goes to one target in one message.

    Attributes:
        id: of the message.
        to: the address, for e-mail; else the target's key.
        language: that the receiver reads.
        deliveries: ids of the rows it carries.
    """

    id: str
    way: str
    target: str
    to: str
    language: str
    items: tuple[Item, ...]
    deliveries: tuple[int, ...]
    attempts: int


def claim(work: UnitOfWork, firm: Firm, owner: str) -> list[Parcel]:
    """Claim what is due, put together by target. What must wait is put off, what need not go any more is dropped."""
    parcels = []
    for way, target in _targets(work):
        parcels += _claim_target(work, firm, owner, way, target)
    return parcels


def anything_due(work: UnitOfWork) -> bool:
    """Whether :func:`claim` would find something."""
    return bool(_targets(work))


def _targets(work: UnitOfWork) -> list[tuple[str, str]]:
    """Those for whom something is due and who can be sent to: danger first, then whoever waits longest."""
    urgent, first = func.max(case((NotificationDelivery.urgent, 1), else_=0)), func.min(NotificationDelivery.id)
    due = _by_target(urgent, first).where(NotificationDelivery.next_attempt_at <= work.now)
    found = [((way, target), bool(danger), id_) for way, target, danger, id_ in work.session.execute(due)]
    if not found:
        return []
    sending = NotificationDelivery.claimed_until > work.now
    backing_off = and_(NotificationDelivery.attempts > 0, NotificationDelivery.next_attempt_at > work.now)
    held = _by_target(func.max(case((sending, 1), else_=0))).where(or_(sending, backing_off))
    busy = {(way, target): bool(is_sending) for way, target, is_sending in work.session.execute(held)}
    # What did not answer is left alone for a while; danger is tried all the same.
    free = [one for one in found if one[0] not in busy or (one[1] and not busy[one[0]])]
    return [target for target, danger, id_ in sorted(free, key=lambda one: (not one[1], one[2]))][:TARGETS]


def _by_target(*figures: ColumnElement[int]) -> Select[*tuple[Any, ...]]:
    """Figures of what waits, by target. Grouped in one pass: thousands may wait after an outage or a night."""
    targets = (NotificationDelivery.way, NotificationDelivery.target)
    return select(*targets, *figures).where(NotificationDelivery.state == "pending").group_by(*targets)


def _claim_target(work: UnitOfWork, firm: Firm, owner: str, way: str, target: str) -> list[Parcel]:
    rows = _lock(work, _of_target(way, target).where(NotificationDelivery.next_attempt_at <= work.now))
    person = _person(work, target) if way == "email" else None
    rows = _still_wanted(work, way, person, rows)
    urgent, others = [row for row in rows if row.urgent], [row for row in rows if not row.urgent]
    if way == "webhook":
        groups = [[row] for row in rows]
    else:
        groups = _in_groups(urgent, firm.notifications.flood.more_than)
        groups += _without_danger(work, firm, way, target, person, others, len(groups))
    reader = person.language if person is not None else _language(firm, target)
    to = reach_of(person).email if person is not None else target
    parcels = []
    for group in groups:
        # A single one keeps its id at every attempt, so that whoever gets it twice can tell.
        message = group[0].public_id if len(group) == 1 else unguessable()
        for row in group:
            row.claimed_by, row.claimed_until, row.sent_with = owner, work.now + CLAIM, message
            row.attempts += 1
        parcels.append(
            Parcel(
                id=message,
                way=way,
                target=target,
                to=to,
                language=reader,
                items=_items(work, group),
                deliveries=tuple(row.id for row in group),
                attempts=max(row.attempts for row in group),
            )
        )
    return parcels


def _without_danger(
    work: UnitOfWork,
    firm: Firm,
    way: str,
    target: str,
    person: Staff | None,
    rows: list[NotificationDelivery],
    sent_now: int,
) -> list[list[NotificationDelivery]]:
    """What goes out of ``rows`` now, in groups of one message each; the rest is put off."""
    if not rows:
        return []
    quiet, flood = _quiet_hours(firm, person), firm.notifications.flood
    if quiet is not None and (end := quiet.ends(firm.local(work.now))) is not None:
        _put_off(rows, end)
        return []
    if any(row.digest for row in rows):
        return [_take_along(work, way, target, rows)]
    waiting = _first_waiting(work, way, target)
    if waiting is not None:
        _put_off(rows, waiting)  # a digest is being gathered: they join it
        return []
    sent = _sent_lately(work, way, target, work.now - flood.within) + sent_now
    if sent >= flood.more_than:
        _put_off(rows, work.now + flood.within)
        return []
    return _in_groups(rows, flood.more_than - sent)


def _in_groups(rows: list[NotificationDelivery], at_most: int) -> list[list[NotificationDelivery]]:
    """Each by itself; where that would be more messages than ``at_most``, all in one."""
    return [[row] for row in rows] if len(rows) <= at_most else [rows]


def _put_off(rows: list[NotificationDelivery], until: datetime) -> None:
    for row in rows:
        row.digest, row.next_attempt_at = True, until


def _take_along(
    work: UnitOfWork, way: str, target: str, rows: list[NotificationDelivery]
) -> list[NotificationDelivery]:
    """``rows`` and whatever else is gathered for the target, though its own time has not come."""
    known = [row.id for row in rows]
    later = _of_target(way, target).where(
        NotificationDelivery.id.not_in(known), NotificationDelivery.digest, ~NotificationDelivery.urgent
    )
    person = _person(work, target) if way == "email" else None
    return rows + _still_wanted(work, way, person, _lock(work, later, TAKEN_ALONG))


def _first_waiting(work: UnitOfWork, way: str, target: str) -> datetime | None:
    statement = select(func.min(NotificationDelivery.next_attempt_at)).where(
        NotificationDelivery.way == way,
        NotificationDelivery.target == target,
        NotificationDelivery.state == "pending",
        NotificationDelivery.digest,
        NotificationDelivery.next_attempt_at > work.now,
    )
    return work.session.scalar(statement)


def _sent_lately(work: UnitOfWork, way: str, target: str, since: datetime) -> int:
    statement = select(func.count(func.distinct(NotificationDelivery.sent_with))).where(
        NotificationDelivery.way == way,
        NotificationDelivery.target == target,
        NotificationDelivery.sent_at > since,
    )
    return work.session.scalar(statement) or 0


def _still_wanted(
    work: UnitOfWork, way: str, person: Staff | None, rows: list[NotificationDelivery]
) -> list[NotificationDelivery]:
    """Without hand-overs that somebody has taken, and without what the person has read meanwhile; without all of it
    where they cannot be written to any more. Systems get everything: what they make of it is theirs."""
    if way == "webhook":
        return rows
    gone = way == "email" and (person is None or not person.active or not reach_of(person).by_mail)
    ids = [row.notification_id for row in rows if row.notification_id is not None]
    read = set(
        work.session.scalars(select(Notification.id).where(Notification.id.in_(ids), Notification.read_at.is_not(None)))
    )
    taken = _taken(work, rows)
    wanted = []
    for row in rows:
        if gone or row.notification_id in read or row.event_id in taken:
            row.state = "dropped"
        else:
            wanted.append(row)
    return wanted


def _taken(work: UnitOfWork, rows: list[NotificationDelivery]) -> set[int]:
    """Ids of the events whose customer does not wait for a person any more."""
    events = [row.event_id for row in rows if row.kind in _WHILE_WAITING]
    statement = (
        select(NotificationEvent.id)
        .join(Conversation, Conversation.id == NotificationEvent.conversation_id)
        .where(NotificationEvent.id.in_(events), Conversation.control != Control.QUEUED)
    )
    return set(work.session.scalars(statement))


def _quiet_hours(firm: Firm, person: Staff | None) -> QuietHours | None:
    own = reach_of(person).quiet if person is not None else None
    return own or firm.notifications.quiet_hours


def _language(firm: Firm, key: str) -> str:
    robot = next((robot for robot in firm.notifications.robots if robot.key == key), None)
    return robot.language if robot is not None else firm.file.language


def _person(work: UnitOfWork, login: str) -> Staff | None:
    return work.session.scalars(select(Staff).where(Staff.login == login)).first()


def _of_target(way: str, target: str) -> Select[NotificationDelivery]:
    return select(NotificationDelivery).where(
        NotificationDelivery.way == way, NotificationDelivery.target == target, NotificationDelivery.state == "pending"
    )


def _lock(
    work: UnitOfWork, statement: Select[NotificationDelivery], at_most: int = PER_TARGET
) -> list[NotificationDelivery]:
    free = or_(NotificationDelivery.claimed_until.is_(None), NotificationDelivery.claimed_until < work.now)
    locked = statement.where(free).order_by(NotificationDelivery.id).limit(at_most)
    return list(
        work.session.scalars(
            locked.with_for_update(of=NotificationDelivery, skip_locked=True).execution_options(populate_existing=True)
        )
    )


def _items(work: UnitOfWork, rows: list[NotificationDelivery]) -> tuple[Item, ...]:
    ids = [row.event_id for row in rows]
    events = select(NotificationEvent.id, NotificationEvent.at).where(NotificationEvent.id.in_(ids))
    at = dict(work.session.execute(events).all())
    return tuple(Item(row.public_id, row.kind, at[row.event_id], row.payload) for row in rows)


# --- what came of it --------------------------------------------------------------------------------------------------


def settle(work: UnitOfWork, parcel: Parcel, owner: str, error: TransportError | None) -> str:
    """Note what came of a parcel.

    Returns:
        ``sent``; ``pending`` where it is tried again; ``failed`` for good, all of it or what is too old by now.
    """
    # Whoever lost the claim meanwhile has nothing to say any more.
    mine = (
        update(NotificationDelivery)
        .where(
            NotificationDelivery.id.in_(parcel.deliveries),
            NotificationDelivery.claimed_by == owner,
            NotificationDelivery.state == "pending",
        )
        .values(claimed_by=None, claimed_until=None, error=str(error) if error else None)
    )
    if error is None:
        work.session.execute(mine.values(state="sent", sent_at=work.now))
        return "sent"
    if error.permanent:
        work.session.execute(mine.values(state="failed"))
        return "failed"
    # Each by its own age: what has just joined an old one is not given up with it.
    too_old = mine.where(NotificationDelivery.created_at <= work.now - GIVE_UP_AFTER).values(state="failed")
    given_up = list(work.session.scalars(too_old.returning(NotificationDelivery.id)))
    back_off = min(timedelta(seconds=5 * 2 ** min(parcel.attempts, 16)), LONGEST_BACK_OFF)
    work.session.execute(mine.values(next_attempt_at=work.now + (error.retry_after or back_off)))
    return "failed" if given_up else "pending"


def release(work: UnitOfWork, parcels: list[Parcel], owner: str) -> None:
    """Let go of parcels that were claimed and not tried: the one before them could not be handed in, or took long."""
    ids = [delivery for parcel in parcels for delivery in parcel.deliveries]
    mine = update(NotificationDelivery).where(
        NotificationDelivery.id.in_(ids), NotificationDelivery.claimed_by == owner
    )
    work.session.execute(mine.values(claimed_by=None, claimed_until=None, attempts=NotificationDelivery.attempts - 1))
