"""Raise an alarm, once for a cause, and tell superiors of it."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite

from actions.notifying import NotificationKind, notify
from recovery.failures import Risk
from store.database import UnitOfWork
from store.tables import Alarm, Case, Conversation, Staff
from store.tables.base import unguessable

# Who is told of every alarm, whatever their department.
_TOLD = ("supervisor", "manager")
# Numbers that an alarm keeps; the cases themselves are all there.
CASES_KEPT = 200


class AlarmKind(StrEnum):
    MEDIA = "media"
    SPIKE = "spike"
    CLUSTER = "cluster"


def raise_alarm(
    work: UnitOfWork,
    kind: AlarmKind,
    topic: str,
    category: str,
    details: dict[str, Any],
    conversation: Conversation | None = None,
    case: Case | None = None,
) -> bool:
    """Raise an alarm; while one about the same is open, that one learns what is new instead, and nobody is told again.

    Args:
        topic: what it is about; after an alarm about it was closed, the next one is another.
        details: counts, keys and case numbers; never what a customer said. ``cases`` is gathered over time.

    Returns:
        Whether it was raised just now.
    """
    earlier = alarms_about(work, topic)
    for alarm in earlier:
        if alarm.closed_at is None:
            alarm.details = {**alarm.details, **details, "cases": _gathered(alarm.details, details)}
            work.session.flush()
            return False
    values = {
        "key": f"{topic}:{len(earlier) + 1}",
        "public_id": unguessable(),
        "kind": kind.value,
        "category": category,
        "details": {**details, "cases": _gathered({}, details)},
        "raised_at": work.now,
    }
    insert = sqlite.insert if work.session.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = insert(Alarm).values(**values).on_conflict_do_nothing(index_elements=["key"]).returning(Alarm.id)
    if work.session.scalars(statement).first() is None:
        # Another process saw the same at the same moment.
        return False
    people = select(Staff.id).where(Staff.role.in_(_TOLD), Staff.active.is_(True)).order_by(Staff.id)
    told = {"alarm": kind.value, "category": category}
    notify(work, work.session.scalars(people).all(), NotificationKind.ALARM, conversation, case, told)
    return True


def count_open(work: UnitOfWork) -> int:
    """How many alarms nobody has closed yet."""
    return work.session.scalar(select(func.count(Alarm.id)).where(Alarm.closed_at.is_(None))) or 0


def alarms_about(work: UnitOfWork, topic: str) -> list[Alarm]:
    """All alarms about a topic, the oldest first, as they are now."""
    statement = select(Alarm).where(Alarm.key.startswith(f"{topic}:", autoescape=True)).order_by(Alarm.id)
    return list(work.session.scalars(statement.execution_options(populate_existing=True)))


def raise_media(work: UnitOfWork, case: Case) -> None:
    """The customer speaks of going to the press or making it public: superiors hear of it at once, once a customer.

    While the alarm is open, further cases of the customer only join it; once it is closed, only a case that was not in
    it raises another. Call it in the unit of work that notes the risk.
    """
    topic = f"media:{case.customer_id}"
    if any(case.number in alarm.details.get("cases", []) for alarm in alarms_about(work, topic)):
        return
    risks = [risk for risk in (Risk.MEDIA, Risk.LEGAL) if risk in case.risks]
    category = case.categories[0] if case.categories else ""
    details = {"cases": [case.number], "risks": [str(risk) for risk in risks]}
    raise_alarm(work, AlarmKind.MEDIA, topic, category, details, case=case)


def _gathered(before: dict[str, Any], new: dict[str, Any]) -> list[str]:
    numbers: Iterable[str] = dict.fromkeys([*before.get("cases", []), *new.get("cases", [])])
    return list(numbers)[-CASES_KEPT:]
