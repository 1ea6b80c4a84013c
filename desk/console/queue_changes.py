"""Whether anything in the lists changed, told from sums, counts and last ids: cheap however long the lists are."""

import hashlib
from typing import Any

from sqlalchemy import ScalarSelect, Select, func, select

from recovery.control import Control
from store.database import UnitOfWork
from store.tables import (
    Alarm,
    Assessment,
    AuditEntry,
    Case,
    CaseClock,
    CaseTransition,
    Consultation,
    Conversation,
    HandOver,
    Offer,
    Promise,
    Remedy,
)


def read_queue_version(work: UnitOfWork) -> str:
    """A digest that changes whenever the lists of the queue page do.

    Whoever takes, passes on or says something moves a counter of the conversation that only grows; ids are multiplied
    in, so that two exchanged values do not cancel out. What happens to a case leaves a row behind (a transition, an
    assessment, a hand-over, an entry of the audit log), and the last id tells. What the clock alone changes, such as
    a row that becomes overdue, pages find by looking again.
    """
    digest = hashlib.sha256()
    for statement in (_held(), *_waiting(), select(*_last_ids())):
        for row in work.session.execute(statement):
            digest.update(repr(tuple(row)).encode())
        digest.update(b";")
    return digest.hexdigest()[:16]


def _held() -> Select[*tuple[Any, ...]]:
    """By who has it and whose line it is in."""
    of, id = Conversation, Conversation.id
    return (
        select(
            of.control,
            of.department,
            func.count(),
            func.sum(id),
            func.sum(of.fence),
            func.sum(of.last_number),
            func.sum(id * func.coalesce(of.taken_by_id, 0)),
            func.sum(id * func.coalesce(of.assigned_to_id, 0)),
            func.sum(func.coalesce(of.focus_case_id, 0)),
            func.max(of.queued_at),
            func.max(of.assigned_at),
        )
        .where(of.control.in_((Control.QUEUED, Control.STAFF)))
        .group_by(of.control, of.department)
        .order_by(of.control, of.department)
    )


def _waiting() -> list[Select[*tuple[Any, ...]]]:
    """What waits for somebody, each found by an index of its own."""
    return [
        select(func.count(Offer.id), func.sum(Offer.id)).where(Offer.state == "awaiting_approval"),
        select(func.count(Promise.id), func.sum(Promise.id), func.max(Promise.due_at)).where(Promise.state == "open"),
        select(func.count(Remedy.id), func.sum(Remedy.id)).where(Remedy.state == "intended"),
        select(func.count(CaseClock.id), func.sum(CaseClock.id), func.max(CaseClock.due_at)).where(
            CaseClock.state == "running"
        ),
        select(func.count(Consultation.id), func.sum(Consultation.id)).where(Consultation.state == "open"),
    ]


def _last_ids() -> list[ScalarSelect[Any]]:
    tables = (Case, CaseTransition, Assessment, HandOver, AuditEntry, Alarm)
    return [select(func.max(table.id)).scalar_subquery() for table in tables]
