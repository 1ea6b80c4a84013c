"""What people do with what they are told: read it, put it back, and say how they want to be reached."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update

from actions.firm.notifications import QuietHours, read_time
from actions.staff.access import DeedRefused, audit
from store.database import UnitOfWork
from store.tables import Conversation, Notification, NotificationDelivery, Staff

# Ways that a person can choose; the page is always one.
PERSONAL_WAYS = ("email",)
# So many unread ones are shown at once; longer lists are worked off from their top.
UNREAD_AT_MOST = 200
DIGESTS = (0, 15, 30, 60, 240)  # minutes; 0: each by itself
_ADDRESS_LENGTH = 254
# Plain ASCII, no quoting, no routes: what every mail server takes, and nothing that could be read as a header.
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class Reach:
    """How a person wants to be reached outside the page; read from ``Staff.notify``, whatever stands there.

    Attributes:
        email: empty where none is known.
        ways: of :data:`PERSONAL_WAYS`.
        quiet: their own quiet hours; None: the firm's.
        digest: minutes over which messages are gathered; 0: each by itself.
    """

    email: str
    ways: tuple[str, ...]
    quiet: QuietHours | None
    digest: int

    @property
    def by_mail(self) -> bool:
        return bool(self.email) and "email" in self.ways


def reach_of(staff: Staff) -> Reach:
    """How ``staff`` wants to be reached."""
    kept = staff.notify or {}
    email, digest = str(kept.get("email") or ""), kept.get("digest")
    return Reach(
        email=email if is_address(email) else "",
        ways=tuple(way for way in PERSONAL_WAYS if way in kept.get("ways", PERSONAL_WAYS)),
        quiet=_quiet(kept.get("quiet")),
        digest=digest if digest in DIGESTS else 0,
    )


def set_reach(work: UnitOfWork, staff_id: int, email: str, ways: Iterable[str], quiet: list[str], digest: str) -> None:
    """Keep how a person wants to be reached.

    Args:
        quiet: ``["22:00", "07:00"]``; empty texts: the firm's hours.

    Raises:
        DeedRefused: the address, the hours or the span make no sense, or e-mail is wished without an address.
    """
    staff, email = work.session.get_one(Staff, staff_id), email.strip()
    chosen = [way for way in PERSONAL_WAYS if way in set(ways)]
    if email and not is_address(email):
        raise DeedRefused("no_mail_address")
    if "email" in chosen and not email:
        raise DeedRefused("mail_address_missing")
    hours = [part.strip() for part in quiet]
    if any(hours) and _quiet(hours) is None:
        raise DeedRefused("no_quiet_hours")
    if digest not in {str(minutes) for minutes in DIGESTS}:
        raise DeedRefused("no_digest_span")
    kept: dict[str, Any] = {**(staff.notify or {}), "email": email, "ways": chosen, "digest": int(digest)}
    kept.pop("quiet", None)
    if any(hours):
        kept["quiet"] = hours
    staff.notify = kept
    audit(work, staff, "set_notifications", staff.login)


def mark_read(work: UnitOfWork, staff_id: int, public_id: str, read: bool = True) -> bool:
    """Mark one of a person's own notifications as read, or as unread again.

    Returns:
        Whether there is such a one.
    """
    statement = select(Notification).where(Notification.public_id == public_id, Notification.staff_id == staff_id)
    found = work.session.scalars(statement).first()
    if found is not None and (found.read_at is not None) != read:
        found.read_at = work.now if read else None
    return found is not None


def mark_all_read(work: UnitOfWork, staff_id: int, up_to: int) -> None:
    """Mark all as read that a person has seen.

    Args:
        up_to: id of the latest one that was shown; what came after it was not seen, nor what was too old to be shown.
    """
    shown = (
        select(Notification.id)
        .where(Notification.staff_id == staff_id, Notification.id <= up_to, Notification.read_at.is_(None))
        .order_by(Notification.at.desc(), Notification.id.desc())
        .limit(UNREAD_AT_MOST)
    )
    statement = update(Notification).where(Notification.id.in_(shown), Notification.read_at.is_(None))
    # What is held in the session is nothing of these.
    work.session.execute(statement.values(read_at=work.now), execution_options={"synchronize_session": False})


def mark_conversation_read(work: UnitOfWork, staff_id: int, conversation_id: int) -> None:
    """Whoever reads a conversation has read what was told about it."""
    statement = update(Notification).where(
        Notification.staff_id == staff_id,
        Notification.conversation_id == conversation_id,
        Notification.read_at.is_(None),
    )
    work.session.execute(statement.values(read_at=work.now))


def has_unread(work: UnitOfWork, staff_id: int, public_id: str) -> int | None:
    """The conversation's id, where a person has something unread about it."""
    statement = (
        select(Notification.conversation_id)
        .join(Conversation, Conversation.id == Notification.conversation_id)
        .where(Notification.staff_id == staff_id, Notification.read_at.is_(None), Conversation.public_id == public_id)
    )
    return work.session.scalars(statement.limit(1)).first()


def send_again(work: UnitOfWork, staff_id: int, way: str, target: str) -> None:
    """Have what failed for good on its way to a target tried once more, from the beginning.

    Raises:
        DeedRefused: nothing has failed there, or somebody else was faster.
    """
    for found in _failed(work, way, target):
        found.state, found.error, found.attempts, found.next_attempt_at = "pending", None, 0, work.now
        # The time it is given to arrive begins anew, too.
        found.created_at = work.now
    audit(work, work.session.get_one(Staff, staff_id), "send_notifications_again", f"{way}:{target}")


def let_go(work: UnitOfWork, staff_id: int, way: str, target: str) -> None:
    """Take what failed for good on its way to a target off the list; it is not sent any more.

    Raises:
        DeedRefused: nothing has failed there, or somebody else was faster.
    """
    for found in _failed(work, way, target):
        found.state = "dropped"
    audit(work, work.session.get_one(Staff, staff_id), "let_notifications_go", f"{way}:{target}")


def is_address(text: str) -> bool:
    """Whether ``text`` can be written to."""
    return len(text) <= _ADDRESS_LENGTH and _ADDRESS.fullmatch(text) is not None and ".." not in text


def _failed(work: UnitOfWork, way: str, target: str) -> list[NotificationDelivery]:
    statement = select(NotificationDelivery).where(
        NotificationDelivery.state == "failed", NotificationDelivery.way == way, NotificationDelivery.target == target
    )
    found = list(work.session.scalars(statement.with_for_update()))
    if not found:
        raise DeedRefused("nothing_failed")
    return found


def _quiet(hours: Any) -> QuietHours | None:
    if not isinstance(hours, (list, tuple)) or len(hours) != 2:
        return None
    begin, end = read_time(hours[0]), read_time(hours[1])
    return QuietHours(begin=begin, end=end) if begin and end and begin != end else None
