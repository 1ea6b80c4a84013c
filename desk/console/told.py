"""What a person was told: the rows of their notifications page, and the latest for the bell."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import lazyload

from actions.firm import Firm
from actions.notifying import NotificationKind
from actions.staff.notifications import UNREAD_AT_MOST
from store.database import UnitOfWork
from store.tables import Case, Conversation, Notification, Staff

READ_AT_MOST = 100
CRISIS = "/desk/crisis"
CHANNELS = "/desk/settings/channels"
# What is about no conversation has a page of its own.
_PAGES: dict[str, str] = {NotificationKind.ALARM: CRISIS, NotificationKind.CHANNEL_FAULT: CHANNELS}


@dataclass(frozen=True, slots=True)
class ToldRow:
    """A notification as it is shown.

    Attributes:
        href: the page it is about; None where there is none any more.
        by: name of the colleague who caused it.
        due: when it is due, where that was told.
    """

    notification: Notification
    case: Case | None
    href: str | None
    by: str | None
    due: datetime | None

    @property
    def unread(self) -> bool:
        return self.notification.read_at is None


@dataclass(frozen=True, slots=True)
class ToldPage:
    """The page: today's and earlier ones, what is unread first in each.

    Attributes:
        unread: how many of those shown are unread.
        latest: id of the latest one shown; marking all as read goes no further.
        older: where older ones that were read begin; None where all are shown.
    """

    today: list[ToldRow]
    earlier: list[ToldRow]
    unread: int
    latest: int
    older: str | None


def read_told(work: UnitOfWork, firm: Firm, staff_id: int, before: str | None) -> ToldPage:
    """The notifications of a person.

    Args:
        before: public id of one that was read: show what was read before it, and nothing else.
    """
    mine = _mine(staff_id)
    start = None
    if before is not None:
        found = select(Notification).where(Notification.public_id == before, Notification.staff_id == staff_id)
        start = work.session.scalars(found).first()
    read = mine.where(Notification.read_at.is_not(None))
    if start is not None:
        read = read.where((Notification.at < start.at) | ((Notification.at == start.at) & (Notification.id < start.id)))
    rows = [] if start is not None else _rows(work, mine.where(Notification.read_at.is_(None)), UNREAD_AT_MOST)
    unread = len(rows)
    already = _rows(work, read, READ_AT_MOST + 1)
    rows += already[:READ_AT_MOST]
    day = firm.local(work.now).date()
    today = [row for row in rows if firm.local(row.notification.at).date() == day]
    return ToldPage(
        today=today,
        earlier=[row for row in rows if firm.local(row.notification.at).date() != day],
        unread=unread,
        latest=max((row.notification.id for row in rows), default=0),
        older=already[READ_AT_MOST - 1].notification.public_id if len(already) > READ_AT_MOST else None,
    )


def read_latest(work: UnitOfWork, staff_id: int, since: datetime, at_most: int = 5) -> list[ToldRow]:
    """What a person was told after ``since`` and has not read, newest first."""
    return _rows(work, _mine(staff_id).where(Notification.read_at.is_(None), Notification.at > since), at_most)


def _mine(staff_id: int) -> Select[Notification, Case, str]:
    return (
        select(Notification, Case, Conversation.public_id)
        .outerjoin(Case, Case.id == Notification.case_id)
        .outerjoin(Conversation, Conversation.id == Notification.conversation_id)
        .where(Notification.staff_id == staff_id)
        # Its inner join would leave out what is about no case.
        .options(lazyload(Case.customer))
        .order_by(Notification.at.desc(), Notification.id.desc())
    )


def _rows(work: UnitOfWork, statement: Select[Notification, Case, str], at_most: int) -> list[ToldRow]:
    found = list(work.session.execute(statement.limit(at_most)))
    logins = {by for notification, _, _ in found if isinstance(by := notification.details.get("by"), str)}
    people = work.session.execute(select(Staff.login, Staff.name).where(Staff.login.in_(logins)))
    names = dict(people.all())
    return [
        ToldRow(
            notification=notification,
            case=case,
            href=_PAGES.get(notification.kind) or _href(conversation, case),
            by=names.get(str(notification.details.get("by"))),
            due=_moment(notification.details.get("due")),
        )
        for notification, case, conversation in found
    ]


def _href(conversation: str | None, case: Case | None) -> str | None:
    if conversation is None:
        return None
    return f"/desk/conversations/{conversation}" + (f"?case={case.number}" if case else "")


def _moment(written: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(written) if isinstance(written, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None
