"""On duty or not: who can be given conversations, and told of those that wait."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, update

from actions.staff.access import DeedRefused
from actions.timers import TimerKind
from store.audit import append
from store.database import UnitOfWork
from store.tables import Staff, StaffSession, Timer

# Who handles conversations; quality only reads.
HANDLING_ROLES = ("agent", "supervisor", "manager", "administrator")


def go_on_duty(work: UnitOfWork, staff: Staff) -> None:
    """Be there for customers from now on.

    Raises:
        DeedRefused: this role handles no conversations.
    """
    if staff.role not in HANDLING_ROLES:
        raise DeedRefused("handles_nothing")
    staff.last_active_at = work.now
    if not staff.on_duty:
        staff.on_duty = True
        append(work, staff.login, "go_on_duty", staff.login)


def go_off_duty(work: UnitOfWork, staff: Staff, by: str | None = None) -> None:
    """Be no longer there, and let go of what was given and waits.

    Args:
        by: who or what did it, where not the person: ``timer``.
    """
    if not staff.on_duty:
        return
    staff.on_duty = False
    let_go(work, staff)
    append(work, by or staff.login, "go_off_duty", staff.login)


def let_go(work: UnitOfWork, staff: Staff) -> None:
    """What was given to this person and waits untaken goes on to the next at once."""
    work.session.execute(
        update(Timer)
        .where(
            Timer.kind == TimerKind.PASS_ON,
            Timer.subject_id == staff.id,
            Timer.state == "open",
            Timer.due_at > work.now,
        )
        .values(due_at=work.now)
    )


def leave_if_signed_out(work: UnitOfWork, staff: Staff) -> None:
    """Off duty for who has just ended their last session."""
    still = select(StaffSession.staff_id).where(StaffSession.staff_id == staff.id, StaffSession.expires_at > work.now)
    if work.session.scalars(still).first() is None:
        go_off_duty(work, staff)


def is_there(since: datetime) -> ColumnElement[bool]:
    """Who is on duty and has been active since ``since``."""
    return (
        Staff.active.is_(True)
        & Staff.on_duty.is_(True)
        & Staff.role.in_(HANDLING_ROLES)
        & or_(Staff.last_active_at.is_(None), Staff.last_active_at >= since)
    )


def is_gone(work: UnitOfWork, idle: timedelta) -> ColumnElement[bool]:
    """Who is on duty by name only: idle for so long, signed in nowhere any more, of another role now, or no
    longer of the house."""
    signed_in = (
        select(StaffSession.staff_id)
        .where(StaffSession.staff_id == Staff.id, StaffSession.expires_at > work.now)
        .exists()
    )
    return Staff.on_duty.is_(True) & or_(
        Staff.active.is_(False),
        Staff.role.not_in(HANDLING_ROLES),
        Staff.last_active_at.is_(None),
        Staff.last_active_at < work.now - idle,
        ~signed_in,
    )


def find_gone(work: UnitOfWork, idle: timedelta) -> list[int]:
    """Ids of those who are on duty by name only."""
    return list(work.session.scalars(select(Staff.id).where(is_gone(work, idle)).order_by(Staff.id)))


def take_off_duty(work: UnitOfWork, staff_id: int, idle: timedelta) -> bool:
    """Take somebody off duty who is gone; False where they came back meanwhile."""
    statement = select(Staff).where(Staff.id == staff_id, is_gone(work, idle)).with_for_update(of=Staff, key_share=True)
    staff = work.session.scalars(statement.execution_options(populate_existing=True)).first()
    if staff is None:
        return False
    go_off_duty(work, staff, by="timer")
    return True
