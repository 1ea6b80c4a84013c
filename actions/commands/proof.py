"""Whose order it is: listed with one of the customer's identities, or proved by the last digits of its phone number.

Nobody gets money on a guessed order number (domain.md section 5). Four digits are soon guessed by who may try often, so
wrong ones are counted by order, over all who ever try, and an anonymous chat proves so many orders and no more.
"""

import re

from sqlalchemy import func, select

from actions.cases import get_fact, set_fact, set_severity
from actions.commands.same_order import join_by_order
from actions.connectors.orders import OrderTwin
from actions.turns import OpenTurn
from store.tables import Case, Fact, OrderProofFailure

_GAPS = re.compile(r"[\s-]")
# So many wrong digits in one case, and a person looks into it.
PROOF_ATTEMPTS = 3


def prove_order(turn: OpenTurn, case: Case) -> bool:
    """See whether the order that the case names is the customer's.

    An order that does not exist and one that is somebody else's look the same from outside.

    Returns:
        Whether digits were given that do not prove it.
    """
    number = get_fact(case, "order_number")
    if number is None or case.order_proved:
        return False
    orders, digits = OrderTwin(turn.work), _digits_for(turn, number)
    names = [one.public for one in turn.conversation.identity.customer.identities]
    # Also as one word, where it was written in groups, such as 2026-1112-0007; tries at either count together.
    plain = _GAPS.sub("", number)
    written = (number, plain)
    spellings = dict.fromkeys([*(like for one in written for like in orders.numbers_like(one)), *written])
    theirs = next((one for one in spellings if orders.belongs_to_one(one, names)), None)
    if theirs is None and digits is not None and _is_believed(turn, case, plain):
        theirs = next((one for one in spellings if orders.is_proved_by(one, digits)), None)
    if theirs is not None:
        case.order_proved = True
        if theirs != number:
            set_fact(turn.work, case, "order_number", theirs)
    elif digits is not None:
        case.proof_attempts += 1
        turn.work.session.add(
            OrderProofFailure(order_number=plain, conversation_id=turn.conversation.id, at=turn.work.now)
        )
    if case.order_proved:
        set_severity(turn.work, turn.firm, case)
        join_by_order(turn, case)
    return digits is not None and not case.order_proved


def _digits_for(turn: OpenTurn, number: str) -> str | None:
    """Digits that answer our question, or that were told along with the order, before we asked."""
    said, earlier = turn.understanding.facts, (turn.awaited or {}).get("facts") or {}
    if said.phone_last4 is not None and (
        (turn.awaited is not None and turn.awaited["kind"] == "order_proof")
        or number in (said.order_number, earlier.get("order_number"))
    ):
        return said.phone_last4
    told: str | None = earlier.get("phone_last4") if earlier.get("order_number") == number else None
    return told


def _is_believed(turn: OpenTurn, case: Case, number: str) -> bool:
    """Whether digits are believed at all: not where too many wrong ones came, or too many orders were proved."""
    bounds, session = turn.firm.policy.bounds, turn.work.session
    since = turn.work.now - bounds.unlisted_window
    if bounds.proof_failures is not None:
        failures = select(func.count(OrderProofFailure.id)).where(
            OrderProofFailure.order_number == number, OrderProofFailure.at >= since
        )
        if (session.scalar(failures) or 0) >= bounds.proof_failures:
            return False
    if bounds.unlisted_orders is None:
        return True
    proved = (
        select(func.count(func.distinct(Fact.value)))
        .join(Case, Case.id == Fact.case_id)
        .where(
            Fact.key == "order_number",
            Fact.value != number,
            Case.customer_id == case.customer_id,
            Case.order_proved,
            Fact.at >= since,
        )
    )
    return (session.scalar(proved) or 0) < bounds.unlisted_orders
