"""A word to colleagues on how a customer behaved, such as repeated abuse (问题顾客, domain.md section 5).

Set by a person with a reason, shown on the customer's card until it runs out, never told to the customer; whoever
handles them next is warned, and stays polite. The machine sets none.
"""

from datetime import timedelta

from sqlalchemy import select

from actions.conversations import lock_conversation
from actions.staff.access import DeedRefused
from store.audit import append
from store.database import UnitOfWork
from store.tables import Conversation, Customer, Staff

REASON_LENGTH = 300
# Nobody is marked for good.
SPANS_DAYS = (30, 90, 180)


def note_conduct(work: UnitOfWork, staff: Staff, conversation_id: int, reason: str, days: int) -> None:
    """Leave a word on the customer behind a conversation; it replaces an earlier one.

    Args:
        days: how long it is shown, one of :data:`SPANS_DAYS`.

    Raises:
        DeedRefused: there is no reason, it is too long, or no such span; or the customer was erased.
    """
    customer = _locked(work, conversation_id)
    reason = " ".join(reason.split())
    if not reason:
        raise DeedRefused("conduct_reason_missing")
    if len(reason) > REASON_LENGTH:
        raise DeedRefused("conduct_reason_too_long")
    if days not in SPANS_DAYS:
        raise DeedRefused("conduct_span_wrong")
    customer.conduct_note, customer.conduct_noted_by = reason, staff.login
    customer.conduct_until = work.now + timedelta(days=days)
    append(work, staff.login, "note_conduct", customer.public_id, {"days": days})


def lift_conduct(work: UnitOfWork, staff: Staff, conversation_id: int) -> None:
    """Take the word down before its time; where there is none nothing is done.

    Raises:
        DeedRefused: the customer was erased.
    """
    customer = _locked(work, conversation_id)
    if customer.conduct_note is None:
        return
    customer.conduct_note = customer.conduct_noted_by = customer.conduct_until = None
    append(work, staff.login, "lift_conduct", customer.public_id)


def _locked(work: UnitOfWork, conversation_id: int) -> Customer:
    lock_conversation(work, conversation_id)
    customer_id = work.session.get_one(Conversation, conversation_id).identity.customer_id
    statement = select(Customer).where(Customer.id == customer_id).with_for_update(of=Customer)
    customer = work.session.scalars(statement.execution_options(populate_existing=True)).one()
    if customer.erased_at is not None:
        raise DeedRefused("customer_erased")
    return customer
