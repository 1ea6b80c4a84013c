"""One person under several identities: join and part customers, and have a case go on where its customer is."""

from collections.abc import Iterable

from sqlalchemy import select, update

from actions.conversations import await_nothing, lock_conversation
from recovery.control import Control
from store.database import UnitOfWork
from store.tables import (
    Case,
    Consultation,
    Conversation,
    Customer,
    CustomerMerge,
    HandOver,
    Identity,
    Message,
    Promise,
    Timer,
)

_MAY_BE_FILLED = ("name", "phone", "named_staff_id", "conduct_note", "conduct_noted_by", "conduct_until")
_TIER, _PREFERENCES = "tier", "preferences"
_USUAL_TIER = "regular"


def lock_conversations_of(work: UnitOfWork, customer_ids: Iterable[int]) -> list[Conversation]:
    """All conversations of these customers, locked in one order, so that two who do so never wait in a circle."""
    ids = (
        select(Conversation.id)
        .join(Identity, Identity.id == Conversation.identity_id)
        .where(Identity.customer_id.in_(set(customer_ids)))
        .order_by(Conversation.id)
    )
    return [lock_conversation(work, conversation_id) for conversation_id in work.session.scalars(ids).all()]


def merge_customers(work: UnitOfWork, kept: Customer, merged: Customer, proof: str, by: str) -> CustomerMerge:
    """Let ``kept`` have all identities and cases of ``merged``; what moved is noted, so that it can be undone.

    The conversations of both must be locked.

    Args:
        proof: why they are one person, for the record.
        by: a login, or ``bot``.
    """
    identities = list(work.session.scalars(select(Identity).where(Identity.customer_id == merged.id)))
    cases = list(work.session.scalars(select(Case).where(Case.customer_id == merged.id)))
    filled = [name for name in _MAY_BE_FILLED if getattr(kept, name) is None and getattr(merged, name) is not None]
    for name in filled:
        setattr(kept, name, getattr(merged, name))
    if kept.tier == _USUAL_TIER != merged.tier and kept.tier_set_by is None:
        kept.tier, kept.tier_set_by, kept.tier_reason = merged.tier, merged.tier_set_by, merged.tier_reason
        filled.append(_TIER)
    if more := [one for one in merged.preferences if one not in kept.preferences]:
        kept.preferences = [*kept.preferences, *more]
        filled.append(_PREFERENCES)
    for identity in identities:
        identity.customer = kept
    for case in cases:
        case.customer = kept
    merged.merged_into_id = kept.id
    row = CustomerMerge(
        kept_id=kept.id,
        merged_id=merged.id,
        identity_ids=[identity.id for identity in identities],
        case_ids=[case.id for case in cases],
        filled=filled,
        proof=proof,
        by=by,
        at=work.now,
    )
    work.session.add(row)
    work.session.flush()
    return row


def undo_merge(work: UnitOfWork, row: CustomerMerge) -> None:
    """Part two customers again; what came in on the moved identities meanwhile goes with them.

    The conversations of the kept one must be locked.
    """
    kept, merged = work.session.get_one(Customer, row.kept_id), work.session.get_one(Customer, row.merged_id)
    moved = set(row.identity_ids)
    of_them = select(Conversation.id).where(Conversation.identity_id.in_(moved))
    for identity in work.session.scalars(
        select(Identity).where(Identity.id.in_(moved), Identity.customer_id == kept.id)
    ):
        identity.customer = merged
    theirs = Case.id.in_(row.case_ids) | (Case.conversation_id.in_(of_them) & (Case.opened_at >= row.at))
    for case in work.session.scalars(select(Case).where(theirs, Case.customer_id == kept.id)):
        case.customer = merged
    _bring_back(work, kept, merged)
    for name in _MAY_BE_FILLED:
        if name in row.filled and getattr(kept, name) == getattr(merged, name):
            setattr(kept, name, None)
    if _TIER in row.filled and kept.tier == merged.tier:
        kept.tier, kept.tier_set_by, kept.tier_reason = _USUAL_TIER, None, None
    if _PREFERENCES in row.filled:
        kept.preferences = [one for one in kept.preferences if one not in merged.preferences]
    merged.merged_into_id = None
    row.undone_at = work.now
    work.session.flush()


def _bring_back(work: UnitOfWork, *customers: Customer) -> None:
    """Have each case that went to a conversation of the other go on where its own customer spoke of it last.

    One of which its customer never spoke elsewhere is whose conversation it is in.
    """
    work.session.flush()
    ids = [customer.id for customer in customers]
    astray = (
        select(Case)
        .join(Conversation, Conversation.id == Case.conversation_id)
        .join(Identity, Identity.id == Conversation.identity_id)
        .where(Case.customer_id.in_(ids), Identity.customer_id.in_(ids), Identity.customer_id != Case.customer_id)
    )
    for case in work.session.scalars(astray).all():
        spoken = (
            select(Message.conversation_id)
            .join(Conversation, Conversation.id == Message.conversation_id)
            .join(Identity, Identity.id == Conversation.identity_id)
            .where(Message.case_id == case.id, Identity.customer_id == case.customer_id)
            .order_by(Message.id.desc())
        )
        home = work.session.scalars(spoken.limit(1)).first()
        if home is None:
            case.customer = case.conversation.identity.customer
        else:
            bring_case(work, case, lock_conversation(work, home))


def bring_case(work: UnitOfWork, case: Case, conversation: Conversation) -> None:
    """Have ``case`` go on in ``conversation``, which is locked; both are the same customer's.

    A case is in one conversation at a time, so that whatever is done on it stands behind one lock. What is due in it,
    and the person who has it, come along; where a person has the new conversation already, they keep it.
    """
    if case.conversation_id == conversation.id:
        conversation.focus_case_id = case.id
        return
    before = lock_conversation(work, case.conversation_id)
    case.conversation_id, case.conversation = conversation.id, conversation
    for table, still in ((Timer, "open"), (Promise, "open"), (Consultation, "open")):
        work.session.execute(
            update(table).where(table.case_id == case.id, table.state == still).values(conversation_id=conversation.id)
        )
    if before.focus_case_id == case.id:
        before.focus_case_id = None
        # Whatever was asked there is asked here, or not at all.
        await_nothing(before)
        if before.control != Control.BOT:
            _pass_on(work, before, conversation)
    conversation.focus_case_id = case.id
    await_nothing(conversation)
    work.touched.add(before.id)


def _pass_on(work: UnitOfWork, before: Conversation, conversation: Conversation) -> None:
    """Whoever has the one conversation, or will take it from the queue, has the other now."""
    if conversation.control == Control.BOT:
        for name in (
            "control",
            "taken_by_id",
            "queued_at",
            "queue_rank",
            "department",
            "assigned_to_id",
            "assigned_at",
            "assigned_reason",
        ):
            setattr(conversation, name, getattr(before, name))
        conversation.fence += 1
        running = (HandOver.conversation_id == before.id) & HandOver.ended_at.is_(None)
        work.session.execute(update(HandOver).where(running).values(conversation_id=conversation.id))
    else:
        running = (HandOver.conversation_id == before.id) & HandOver.ended_at.is_(None)
        work.session.execute(update(HandOver).where(running).values(ended_at=work.now))
    before.control, before.taken_by_id, before.queued_at = Control.BOT, None, None
    before.assigned_to_id = before.assigned_at = before.assigned_reason = before.department = None
    before.queue_rank = 1
    before.fence += 1
