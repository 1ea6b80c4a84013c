"""The bell in the head of every page: how much is unread, and whether that has changed."""

from dataclasses import dataclass

from sqlalchemy import func, select

from store.database import UnitOfWork
from store.tables import Notification

_NOTHING = "0"


@dataclass(frozen=True, slots=True)
class Bell:
    """What the bell shows, and the version that changes with it."""

    unread: int
    version: str


def read_bell(work: UnitOfWork, staff_id: int) -> Bell:
    """The bell of one person."""
    return read_bells(work, {staff_id})[staff_id]


def read_bells(work: UnitOfWork, staff_ids: set[int]) -> dict[int, Bell]:
    """The bells of these people, by one look at what is unread."""
    statement = (
        select(Notification.staff_id, func.count(), func.max(Notification.id), func.max(Notification.at))
        .where(Notification.staff_id.in_(staff_ids), Notification.read_at.is_(None))
        .group_by(Notification.staff_id)
    )
    found = {
        staff_id: Bell(unread, f"{unread}-{latest}-{at.timestamp():.6f}")
        for staff_id, unread, latest, at in work.session.execute(statement)
    }
    return {staff_id: found.get(staff_id, Bell(0, _NOTHING)) for staff_id in staff_ids}
