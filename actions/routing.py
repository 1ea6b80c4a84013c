"""Give a conversation that waits for a person to somebody, and see that it is not left lying.

The rules are in :mod:`recovery.routing`; here the staff are read, the choice is written down and told. Everything runs
in somebody's unit of work with the conversation locked. On PostgreSQL one lock makes all choices one after the other,
so that two hand-overs at once do not both take the last free place of the same person.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text, update

from actions.firm import Firm
from actions.notifying import NotificationKind, notify
from actions.staff.access import MAY_TAKE_FROM_OTHERS
from actions.staff.presence import HANDLING_ROLES, is_there
from actions.timers import TimerKind, set_timer
from recovery.control import FIRST_IN_LINE, FOR_SUPERIORS, Control, HandOverReason
from recovery.routing import Colleague, RoutingReason, Wanted, Way, route
from recovery.severity import Severity
from store.database import UnitOfWork
from store.tables import Case, Conversation, Staff, Timer

# Any number, as in store.audit, and taken before that one.
_ADVISORY_LOCK = 7_304_127


@dataclass(frozen=True, slots=True)
class Given:
    """Who has been given a conversation, if anybody.

    Attributes:
        staff: None where it waits in the department's line.
        reason: why, a key of :mod:`recovery.routing`.
        told: ids of those who were notified.
    """

    staff: Staff | None
    reason: RoutingReason
    told: tuple[int, ...]


def departments_of(firm: Firm, staff: Staff) -> frozenset[str]:
    """The departments that somebody works in; the front door's where none is named."""
    return frozenset(staff.departments or [firm.departments[0].key])


def present_staff(work: UnitOfWork, firm: Firm) -> list[Staff]:
    """Who is on duty and has been active of late, by id."""
    since = work.now - firm.routing.off_duty_after
    return list(work.session.scalars(select(Staff).where(is_there(since)).order_by(Staff.id)))


def loads(work: UnitOfWork, without: int | None = None) -> dict[int, int]:
    """Conversations in hand by staff id: those they have, and those given to them that they have not taken yet.

    Args:
        without: id of a conversation that does not count.
    """
    counts: dict[int, int] = {}
    for whose, control in (
        (Conversation.taken_by_id, Control.STAFF),
        (Conversation.assigned_to_id, Control.QUEUED),
    ):
        statement = select(whose, func.count(Conversation.id)).where(
            Conversation.control == control, whose.is_not(None)
        )
        if without is not None:
            statement = statement.where(Conversation.id != without)
        for staff_id, count in work.session.execute(statement.group_by(whose)):
            if staff_id is not None:
                counts[staff_id] = counts.get(staff_id, 0) + count
    return counts


def assign(
    work: UnitOfWork,
    firm: Firm,
    conversation: Conversation,
    case: Case | None,
    reason: HandOverReason | str,
    *,
    passed_over: frozenset[int] = frozenset(),
    way: Way | None = None,
    department: str | None = None,
) -> Given:
    """Put a queued conversation into its department's line, give it to whom the rules say, and notify.

    Where the recovery itself failed (:data:`recovery.control.FOR_SUPERIORS`) only superiors are given it, told of it
    and may take it: the department's supervisors, else the next of :data:`SUPERIORS` that there are.

    A hand-over always notifies somebody: whoever is given it; else the department's staff on duty, the front door's, or
    all supervisors (and where the firm has none, who else handles conversations).

    Args:
        reason: why a person is due; told with the notification.
        passed_over: ids of those who had it and did not take it, or passed it on.
        way: how to choose; by the customer's tier where none is given.
        department: whose line it is; the case's where none is given.
    """
    _lock_routing(work)
    release(work, conversation)
    conversation.department = department or (case.department if case else firm.departments[0].key)
    staff = _handling_staff(work)
    # Whom a person passed it on to is theirs to say.
    by_rule = reason in set(HandOverReason)
    if reason in FOR_SUPERIORS or (by_rule and case is not None and case.about_handling):
        conversation.for_superiors = True
    if conversation.for_superiors:
        staff = _superiors_among(staff, firm, conversation.department)
        # Where there are none at all somebody must take it all the same.
        conversation.for_superiors = bool(staff)
        staff = staff or _handling_staff(work)
    wanted = _wanted(firm, conversation, case, passed_over, way)
    routed = route(wanted, _colleagues(work, firm, conversation, staff))
    chosen = staff[routed.staff_id] if routed.staff_id is not None else None
    if chosen is None:
        told = tell_line(work, firm, conversation, case, reason)
        return Given(None, routed.reason, told)
    give(work, conversation, case, chosen, routed.reason, work.now + firm.routing.take_within, why=str(reason))
    told = (chosen.id,)
    if reason in FIRST_IN_LINE:
        # Danger: whoever of the department is nearest may take it first.
        told += tell_line(work, firm, conversation, case, reason, without=frozenset(told))
    return Given(chosen, routed.reason, told)


def leave_to_line(
    work: UnitOfWork, firm: Firm, conversation: Conversation, case: Case | None, reason: HandOverReason | str
) -> Given:
    """Have a queued conversation wait for whoever of its department takes it, and notify them."""
    release(work, conversation)
    front_door = firm.departments[0].key
    reach = {conversation.department or front_door, front_door}
    there = any(departments_of(firm, one) & reach for one in present_staff(work, firm))
    told = tell_line(work, firm, conversation, case, reason)
    return Given(None, RoutingReason.BUSY if there else RoutingReason.NOBODY, told)


def give(
    work: UnitOfWork,
    conversation: Conversation,
    case: Case | None,
    staff: Staff,
    reason: RoutingReason,
    take_by: datetime,
    why: str,
) -> None:
    """Give a queued conversation to somebody and tell them; it goes on if they have not taken it by ``take_by``."""
    release(work, conversation)
    conversation.assigned_to_id, conversation.assigned_at = staff.id, work.now
    conversation.assigned_reason = reason
    work.session.execute(update(Staff).where(Staff.id == staff.id).values(last_given_at=work.now))
    key = f"pass_on:{conversation.id}:{staff.id}:{work.now.isoformat()}"
    set_timer(work, TimerKind.PASS_ON, key, take_by, conversation, case, subject_id=staff.id)
    notify(work, [staff.id], NotificationKind.ASSIGNED, conversation, case, {"reason": why, "because": str(reason)})


def release(work: UnitOfWork, conversation: Conversation) -> None:
    """Take a conversation back from whom it was given to; nothing is to be passed on any more."""
    conversation.assigned_to_id = conversation.assigned_at = conversation.assigned_reason = None
    work.session.execute(
        update(Timer)
        .where(Timer.conversation_id == conversation.id, Timer.kind == TimerKind.PASS_ON, Timer.state == "open")
        .values(state="cancelled")
    )


def may_take_given(firm: Firm, staff: Staff, conversation: Conversation) -> bool:
    """Whether somebody may take a conversation out of the line; what was given to a colleague, only from their own
    department, at the front door, or of the team around key customers; what is for superiors, only one of them."""
    if conversation.for_superiors:
        return staff.role in SUPERIORS or conversation.assigned_to_id == staff.id
    if conversation.assigned_to_id in (None, staff.id) or staff.role in MAY_TAKE_FROM_OTHERS:
        return True
    front_door = firm.departments[0].key
    reach = {conversation.department or front_door, front_door}
    return bool(departments_of(firm, staff) & reach) or staff.login in firm.routing.team


def passed_over(work: UnitOfWork, conversation: Conversation) -> frozenset[int]:
    """Who was given the conversation since it was queued and did not take it."""
    statement = select(Timer.subject_id).where(
        Timer.conversation_id == conversation.id,
        Timer.kind == TimerKind.PASS_ON,
        Timer.state == "fired",
        Timer.fired_at >= conversation.queued_at,
    )
    return frozenset(staff_id for staff_id in work.session.scalars(statement) if staff_id is not None)


def tell_line(
    work: UnitOfWork,
    firm: Firm,
    conversation: Conversation,
    case: Case | None,
    reason: HandOverReason | str,
    without: frozenset[int] = frozenset(),
) -> tuple[int, ...]:
    """Notify those who may take what waits in a department's line: the first of these groups that has anybody.

    On duty in the department; on duty at the front door; all supervisors; managers; administrators; agents.
    """
    present = present_staff(work, firm)
    front_door = firm.departments[0].key
    if conversation.for_superiors:
        superiors = _superiors_among(_handling_staff(work), firm, conversation.department)
        there = [one for one in present if one.id in superiors]
        ids = tuple(one.id for one in there or superiors.values() if one.id not in without)
        if ids or not without:
            notify(work, ids, NotificationKind.HANDED_OVER, conversation, case, {"reason": str(reason)})
        return ids
    groups = [
        [one for one in present if conversation.department in departments_of(firm, one)],
        [one for one in present if front_door in departments_of(firm, one)],
    ]
    handling = list(_handling_staff(work).values())
    groups += [[one for one in handling if one.role == role] for role in _CALLED_LAST]
    told = next((group for group in groups if group), [])
    ids = tuple(one.id for one in told if one.id not in without)
    if ids or not without:
        notify(work, ids, NotificationKind.HANDED_OVER, conversation, case, {"reason": str(reason)})
    return ids


# Whose matter it is where the recovery failed, the nearest first.
SUPERIORS = ("supervisor", "manager", "administrator")


def _superiors_among(staff: dict[int, Staff], firm: Firm, department: str | None) -> dict[int, Staff]:
    """The department's supervisors; where it has none all supervisors, else managers, else administrators."""
    of_role = [[one for one in staff.values() if one.role == role] for role in SUPERIORS]
    own = [one for one in of_role[0] if department in departments_of(firm, one)]
    return {one.id: one for one in next((group for group in (own, *of_role) if group), [])}


# Who is told where nobody is on duty: who answers for the desk first.
_CALLED_LAST = ("supervisor", "manager", "administrator", "agent")


def _handling_staff(work: UnitOfWork) -> dict[int, Staff]:
    statement = select(Staff).where(Staff.active.is_(True), Staff.role.in_(HANDLING_ROLES)).order_by(Staff.id)
    return {staff.id: staff for staff in work.session.scalars(statement)}


def _colleagues(work: UnitOfWork, firm: Firm, conversation: Conversation, staff: dict[int, Staff]) -> list[Colleague]:
    there = {one.id for one in present_staff(work, firm)}
    in_hand, team = loads(work, without=conversation.id), set(firm.routing.team)
    return [
        Colleague(
            id=one.id,
            # A superior answers for the department that it happened in, whichever is their own.
            departments=departments_of(firm, one)
            | ({conversation.department or ""} if conversation.for_superiors else frozenset()),
            skills=frozenset(one.skills),
            languages=frozenset(one.languages),
            capacity=one.capacity,
            load=in_hand.get(one.id, 0),
            on_duty=one.id in there,
            in_team=one.login in team,
            last_given_at=one.last_given_at,
        )
        for one in staff.values()
    ]


def _wanted(
    firm: Firm, conversation: Conversation, case: Case | None, passed_over: frozenset[int], way: Way | None
) -> Wanted:
    customer = conversation.identity.customer
    return Wanted(
        department=conversation.department or firm.departments[0].key,
        front_door=firm.departments[0].key,
        categories=tuple(case.categories) if case else (),
        severity=Severity(case.severity) if case else Severity.LOW,
        language=conversation.language or firm.file.language,
        way=way or firm.routing.way_for(customer.tier),
        named_id=customer.named_staff_id,
        passed_over=passed_over,
    )


def _lock_routing(work: UnitOfWork) -> None:
    if work.session.get_bind().dialect.name == "postgresql":
        work.session.execute(text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"))
