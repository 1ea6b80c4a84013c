"""How open pages learn that something changed in what colleagues do together on a case."""

from typing import Any

from sqlalchemy import Select, func, or_, select

from store.tables import Case, CaseLink, Consultation, Conversation, Customer, Fact, Identity, Note


def case_work_changes(conversation_id: int) -> list[Select[*tuple[Any, ...]]]:
    """What changes whenever the page of a conversation should be read anew on account of any of this."""
    customer = (
        select(Identity.customer_id)
        .join(Conversation, Conversation.identity_id == Identity.id)
        .where(Conversation.id == conversation_id)
        .scalar_subquery()
    )
    theirs = select(Case.id).where(Case.customer_id == customer)
    return [
        select(func.max(Note.id)).where(Note.conversation_id == conversation_id),
        select(
            Consultation.id, Consultation.state, Consultation.department, Consultation.due_at, Consultation.missed_at
        )
        .where(Consultation.case_id.in_(theirs))
        .order_by(Consultation.id),
        select(
            Customer.name,
            Customer.phone,
            Customer.tier,
            Customer.tier_reason,
            Customer.preferences,
            Customer.named_staff_id,
            Customer.conduct_note,
            Customer.conduct_until,
        ).where(Customer.id == customer),
        select(func.count(), func.max(Identity.id)).where(Identity.customer_id == customer),
        select(Case.id, Case.state, Case.merged_into_id, Case.linked_case_id)
        .where(Case.customer_id == customer)
        .order_by(Case.id),
        select(CaseLink.id)
        .where(or_(CaseLink.case_id.in_(theirs), CaseLink.other_id.in_(theirs)))
        .order_by(CaseLink.id),
        select(func.max(Fact.at), func.count()).where(Fact.case_id.in_(theirs)),
    ]
