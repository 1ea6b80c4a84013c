"""What staff do with alarms: take them on, close them with a word on what came of it, make an incident of them."""

from sqlalchemy import select

from actions.firm import Firm
from actions.incidents.drafting import Draft, draw_up
from actions.incidents.lists import ListRead, NumberRead
from actions.staff.access import DeedRefused, audit
from actions.staff.incidents import see_may_run
from store.database import UnitOfWork
from store.tables import Alarm, Case, Fact, Incident, Order, Staff

NOTE_LENGTH = 2000


def take(work: UnitOfWork, staff: Staff, public_id: str) -> None:
    """Take an alarm on; from a colleague, too, so that nobody waits for who has gone home.

    Raises:
        DeedRefused: the role may not, there is none, or it is closed.
    """
    alarm = _locked(work, staff, public_id)
    if alarm.taken_by != staff.login:
        alarm.taken_by, alarm.taken_at = staff.login, work.now
        audit(work, staff, "take_alarm", alarm.public_id)


def close(work: UnitOfWork, staff: Staff, public_id: str, note: str) -> None:
    """Close an alarm with a word on what came of it. A closed one stays closed: what comes later raises another.

    Raises:
        DeedRefused: the role may not, there is none, it is closed already, or the word is missing or too long.
    """
    alarm = _locked(work, staff, public_id)
    note = note.strip()
    if not note:
        raise DeedRefused("alarm_note_missing")
    if len(note) > NOTE_LENGTH:
        raise DeedRefused("alarm_note_too_long")
    if alarm.taken_by is None:
        alarm.taken_by, alarm.taken_at = staff.login, work.now
    alarm.closed_at, alarm.note = work.now, note
    audit(work, staff, "close_alarm", alarm.public_id)


def prepare_incident(work: UnitOfWork, firm: Firm, staff: Staff, public_id: str) -> Incident:
    """Draw up an incident from an alarm: with the orders of its cases and the playbook of its category; once.

    Raises:
        DeedRefused: the role may not, there is no such alarm, it is closed, no playbook is for the category, or none of
            the cases names an order.
    """
    alarm = _locked(work, staff, public_id)
    if alarm.incident_id is not None:
        earlier = work.session.get(Incident, alarm.incident_id)
        if earlier is not None:
            return earlier
    playbook = firm.playbooks.for_category(alarm.category)
    if playbook is None:
        raise DeedRefused("no_playbook")
    numbers = orders_of(work, alarm)
    if not numbers:
        raise DeedRefused("alarm_names_no_order")
    draft = Draft(
        playbook=playbook.key,
        titles={"zh": playbook.name.zh, "en": playbook.name.en},
        category=alarm.category,
        orders=ListRead(tuple(NumberRead(line, number) for line, number in enumerate(numbers, 1)), ()),
    )
    incident = draw_up(work, firm, draft, staff.login).incident
    alarm.incident_id = incident.id
    if alarm.taken_by is None:
        alarm.taken_by, alarm.taken_at = staff.login, work.now
    return incident


def orders_of(work: UnitOfWork, alarm: Alarm) -> list[str]:
    """The orders that the cases of an alarm are about, as far as they are on file."""
    statement = (
        select(Fact.value)
        .join(Case, Case.id == Fact.case_id)
        .join(Order, Order.number == Fact.value)
        .where(Fact.key == "order_number", Case.number.in_(alarm.details.get("cases", [])))
        .order_by(Fact.id)
    )
    return list(dict.fromkeys(work.session.scalars(statement)))


def _locked(work: UnitOfWork, staff: Staff, public_id: str) -> Alarm:
    see_may_run(staff)
    statement = select(Alarm).where(Alarm.public_id == public_id).with_for_update()
    alarm = work.session.scalars(statement.execution_options(populate_existing=True)).first()
    if alarm is None:
        raise DeedRefused("no_such_alarm")
    if alarm.closed_at is not None:
        raise DeedRefused("alarm_closed")
    return alarm
