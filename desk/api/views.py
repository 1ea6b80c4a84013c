"""What is known of conversations and cases, as the public contract shows it."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from actions.conversations import Address
from store.database import UnitOfWork
from store.tables import Case, Conversation, Identity, Message, Staff


def parse_identity(identity: str) -> Address | None:
    """``channel:id`` as an address, or None where it is no identity."""
    channel, separator, external_id = identity.partition(":")
    return Address(channel, external_id) if separator and channel and external_id else None


def moment(value: datetime | None) -> str | None:
    """A moment in RFC 3339, in UTC."""
    return value.isoformat().replace("+00:00", "Z") if value else None


def conversation_view(work: UnitOfWork, address: Address) -> dict[str, Any] | None:
    """``{identity, channel, language, control, case_numbers[]}``, or None where nobody has written."""
    conversation = _conversation(work, address)
    if conversation is None:
        return None
    numbers = select(Case.number).where(Case.conversation_id == conversation.id).order_by(Case.id.desc())
    return {
        "identity": address.public,
        "channel": conversation.channel_label,
        "language": conversation.language,
        "control": conversation.control,
        "case_numbers": list(work.session.scalars(numbers)),
    }


def messages_view(work: UnitOfWork, address: Address, after: int, limit: int) -> dict[str, Any] | None:
    """All messages both ways after number ``after``; None where nobody has written."""
    conversation = _conversation(work, address)
    if conversation is None:
        return None
    statement = (
        select(Message)
        .where(Message.conversation_id == conversation.id, Message.number > after)
        .order_by(Message.number)
        .limit(limit + 1)
    )
    found = list(work.session.scalars(statement))
    return {
        "identity": address.public,
        "messages": [message_view(message) for message in found[:limit]],
        "more": len(found) > limit,
    }


def message_view(message: Message) -> dict[str, Any]:
    """One message of a conversation."""
    return {
        "number": message.number,
        "direction": message.direction,
        "author": message.author,
        "text": message.text,
        "buttons": message.buttons,
        "at": moment(message.at),
    }


def cases_view(work: UnitOfWork, address: Address, limit: int) -> list[dict[str, Any]]:
    """The cases of the customer behind an identity, newest first."""
    customer = select(Identity.customer_id).where(
        Identity.channel == address.channel, Identity.external_id == address.external_id
    )
    statement = (
        select(Case)
        .where(Case.customer_id.in_(customer))
        .options(*_LOADED)
        .order_by(Case.opened_at.desc(), Case.id.desc())
        .limit(limit)
    )
    return [case_view(work, case) for case in work.session.scalars(statement)]


def one_case_view(work: UnitOfWork, number: str) -> dict[str, Any] | None:
    """One case by its public number, or None."""
    case = work.session.scalars(select(Case).where(Case.number == number).options(*_LOADED)).first()
    return case_view(work, case) if case else None


_LOADED = [
    selectinload(relation)
    for relation in (
        Case.conversation,
        Case.facts,
        Case.offers,
        Case.remedies,
        Case.promises,
        Case.ratings,
        Case.hand_overs,
    )
]


def case_view(work: UnitOfWork, case: Case) -> dict[str, Any]:
    """A case as the contract shows it."""
    owner = work.session.get(Staff, case.owner_id) if case.owner_id else None
    kept = work.session.get(Case, case.merged_into_id) if case.merged_into_id else None
    return {
        "number": case.number,
        "state": case.state,
        # Of a complaint told twice: the number that goes on for both.
        "merged_into": kept.number if kept else None,
        "language": case.language,
        "channel": case.channel,
        "tier": case.tier,
        "categories": case.categories,
        "failure_type": case.failure_type,
        "dimension": case.dimension,
        "severity": case.severity,
        "emotion": case.emotion,
        "risk": case.risks,
        "facts": {fact.key: fact.value for fact in case.facts},
        "wished_remedy": case.wished_remedy,
        "department": case.department,
        "owner": owner.login if owner else None,
        "control": case.conversation.control,
        "opened_at": moment(case.opened_at),
        "acknowledged_at": moment(case.acknowledged_at),
        "first_response_due": moment(case.first_response_due),
        "first_response_at": moment(case.first_response_at),
        "resolution_due": moment(case.resolution_due),
        "resolved_at": moment(case.resolved_at),
        "closed_at": moment(case.closed_at),
        "offers": [
            {
                "remedies": offer.remedies,
                "cost": offer.cost,
                "currency": offer.currency,
                "authority": offer.authority,
                "state": offer.state,
                "reason": offer.reason,
            }
            for offer in case.offers
        ],
        "remedies": [
            {
                "kind": remedy.kind,
                "amount": remedy.amount,
                "currency": remedy.currency,
                "state": remedy.state,
                "reference": remedy.reference,
                "executed_at": moment(remedy.executed_at),
            }
            for remedy in case.remedies
        ],
        "promises": [{"text": made.text, "due_at": moment(made.due_at), "state": made.state} for made in case.promises],
        "ratings": [
            {
                "score": rating.score,
                "outcome": rating.outcome,
                "procedure": rating.procedure,
                "interaction": rating.interaction,
            }
            for rating in case.ratings
        ],
        "escalations": [
            {"reason": passed.reason, "at": moment(passed.at), "by": passed.by} for passed in case.hand_overs
        ],
    }


def _conversation(work: UnitOfWork, address: Address) -> Conversation | None:
    statement = (
        select(Conversation)
        .join(Identity, Conversation.identity_id == Identity.id)
        .where(Identity.channel == address.channel, Identity.external_id == address.external_id)
        .order_by(Conversation.id.desc())
    )
    return work.session.scalars(statement).first()
