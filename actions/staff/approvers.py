"""Who is told that an approval is wanted: those who may give it, nearest first."""

from sqlalchemy import select

from actions.staff.access import AUTHORITY_OF_ROLE, covers
from recovery.remedies import Authority
from store.database import UnitOfWork
from store.tables import Case, Staff


def approvers(work: UnitOfWork, case: Case, needed: Authority) -> list[int]:
    """Ids of the people to ask.

    The case's owner alone, where they may approve it; else those of the lowest role that may: who is on duty in the
    case's department, or of that department, or on duty at all, or everybody, whichever is found first.
    """
    statement = select(Staff).where(Staff.active, Staff.role.in_(AUTHORITY_OF_ROLE)).order_by(Staff.id)
    able = [staff for staff in work.session.scalars(statement) if covers(staff, needed)]
    if any(staff.id == case.owner_id for staff in able):
        return [case.owner_id] if case.owner_id is not None else []
    for role in AUTHORITY_OF_ROLE:  # rising
        people = [staff for staff in able if staff.role == role]
        theirs = [staff for staff in people if case.department in staff.departments]
        for nearest in (
            [staff for staff in theirs if staff.on_duty],
            theirs,
            [staff for staff in people if staff.on_duty],
            people,
        ):
            if nearest:
                return [staff.id for staff in nearest]
    return []
