"""Whose a conversation is to be, to whom it can be passed, and how busy they are."""

from dataclasses import dataclass

from sqlalchemy import select

from actions.firm import Firm
from actions.routing import departments_of, loads, may_take_given, present_staff
from actions.staff.presence import HANDLING_ROLES
from actions.staff.transferring import may_pass_on
from recovery.control import Control
from store.database import UnitOfWork
from store.tables import Case, Conversation, Staff


@dataclass(frozen=True, slots=True)
class ColleagueChoice:
    """Somebody it can be passed to, with what they have in hand."""

    login: str
    name: str
    departments: list[str]
    load: int
    capacity: int
    speaks: bool


@dataclass(frozen=True, slots=True)
class DepartmentChoice:
    """A department it can be passed to, with how many of its people are on duty."""

    key: str
    on_duty: int


@dataclass(frozen=True, slots=True)
class HandlingPanel:
    """Whose a conversation is to be, and whom it can be passed to.

    Attributes:
        given_to: who was given it and has not taken it; None where nobody was.
        because: why they were, a key of :mod:`recovery.routing`.
        department: whose line it waits in; None unless it waits.
        may_take: whether the reader may take it out of the line.
        may_pass_on: whether the reader may pass it on; else the lists are empty.
    """

    given_to: Staff | None
    because: str | None
    department: str | None
    may_take: bool
    may_pass_on: bool
    on_duty: list[ColleagueChoice]
    off_duty: list[ColleagueChoice]
    departments: list[DepartmentChoice]


def read_handling(work: UnitOfWork, firm: Firm, me: Staff, conversation: Conversation) -> HandlingPanel:
    """What the page shows of it.

    Who is on duty is as of the page's last look, at most half a minute ago; the deed looks again.
    """
    queued = conversation.control == Control.QUEUED
    given = conversation.assigned_to_id if queued else None
    passing = me.role in HANDLING_ROLES and may_pass_on(me, conversation)
    there = present_staff(work, firm) if passing else []
    colleagues = _colleagues(work, firm, conversation) if passing else []
    present = {one.login for one in there}
    return HandlingPanel(
        given_to=work.session.get(Staff, given) if given is not None else None,
        because=conversation.assigned_reason if given is not None else None,
        department=conversation.department if queued else None,
        may_take=may_take_given(firm, me, conversation),
        may_pass_on=passing,
        on_duty=[one for one in colleagues if one.login in present],
        off_duty=[one for one in colleagues if one.login not in present],
        departments=_departments(work, firm, conversation, there) if passing else [],
    )


def _colleagues(work: UnitOfWork, firm: Firm, conversation: Conversation) -> list[ColleagueChoice]:
    """Who handles conversations and does not have this one, the least busy first."""
    has_it = conversation.taken_by_id if conversation.control == Control.STAFF else conversation.assigned_to_id
    statement = select(Staff).where(Staff.active.is_(True), Staff.role.in_(HANDLING_ROLES)).order_by(Staff.name)
    in_hand = loads(work)
    choices = [
        ColleagueChoice(
            login=one.login,
            name=one.name,
            departments=[found.key for found in firm.departments if found.key in departments_of(firm, one)],
            load=in_hand.get(one.id, 0),
            capacity=one.capacity,
            speaks=not one.languages or (conversation.language or firm.file.language) in one.languages,
        )
        for one in work.session.scalars(statement)
        if one.id != has_it
    ]
    return sorted(choices, key=lambda one: (not one.speaks, one.load - one.capacity >= 0, one.load, one.name))


def _departments(
    work: UnitOfWork, firm: Firm, conversation: Conversation, there: list[Staff]
) -> list[DepartmentChoice]:
    """All departments but the one in whose line it waits already."""
    case = work.session.get(Case, conversation.focus_case_id) if conversation.focus_case_id else None
    here = conversation.department or (case.department if case else firm.departments[0].key)
    return [
        DepartmentChoice(found.key, sum(found.key in departments_of(firm, one) for one in there))
        for found in firm.departments
        if conversation.control != Control.QUEUED or found.key != here
    ]
