"""A customer proves an order about which they complained elsewhere already: they are one person, and are told so."""

from sqlalchemy import select

from actions.cases import get_fact
from actions.persons import lock_conversations_of, merge_customers
from actions.turns import OpenTurn
from recovery.case_states import UNSETTLED
from store.tables import Case, Fact


def join_by_order(turn: OpenTurn, case: Case) -> None:
    """Where another customer has proved the same order, join the two and name the case that is still open.

    Both showed that the order is theirs, so both are its buyer. The new case goes on; remedies are capped by the order,
    so nothing is paid twice.
    """
    number = get_fact(case, "order_number")
    of_order = select(Fact.case_id).where(Fact.key == "order_number", Fact.value == number)
    earlier = turn.work.session.scalars(
        select(Case)
        .where(Case.id.in_(of_order), Case.id != case.id, Case.order_proved, Case.erased_at.is_(None))
        .order_by(Case.id.desc())
    ).first()
    if earlier is None:
        return
    if earlier.customer_id != case.customer_id:
        lock_conversations_of(turn.work, {earlier.customer_id, case.customer_id})
        turn.work.session.refresh(earlier)
        merge_customers(turn.work, earlier.customer, case.customer, "order_and_digits", "bot")
    case.linked_case_id = case.linked_case_id or earlier.id
    if earlier.state in UNSETTLED and earlier.conversation_id != turn.conversation.id:
        turn.say("follow.same_order", number=earlier.number)
