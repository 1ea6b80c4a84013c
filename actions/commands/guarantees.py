"""Guarantees in a complaint dialogue: what is on file about the proved order pays before anything is offered."""

from typing import Any

from actions.cases import get_fact
from actions.guarantees.paying import Outcome, Settled, pay_in_case
from actions.guarantees.telling import name_of, untold_in, why
from actions.promises import promise
from actions.remedies import describe_offer
from actions.turns import OpenTurn
from recovery.case_states import UNSETTLED, CaseState
from recovery.severity import Severity
from store.tables import Case


def honour_guarantees(turn: OpenTurn, case: Case) -> bool:
    """Tell of what was paid before the customer wrote, and pay what is owed for the order they complain about.

    Returns:
        Whether the case waits for a person now, who must confirm a payment; the customer has been told.
    """
    for words in untold_in(turn.work, turn.firm, turn.conversation):
        turn.add(words)
    number = get_fact(case, "order_number")
    if number is None or not case.order_proved or case.state not in UNSETTLED:
        return False
    settled = pay_in_case(turn.work, turn.firm, turn.conversation, case, number, turn.inbox.id)
    for one in settled:
        if one.outcome is Outcome.PAID:
            _say(turn, one, "guarantee.paid")
        elif one.outcome is Outcome.WAITING:
            due = turn.firm.first_response_due(turn.work.now, Severity(case.severity))
            promise(turn.work, turn.conversation, case, "approval", turn.text("promise.approval"), due)
            _say(turn, one, "guarantee.awaits_approval", due=turn.local(due))
            turn.ask_nothing()
    return case.state == CaseState.AWAITING_APPROVAL and any(one.outcome is Outcome.WAITING for one in settled)


def _say(turn: OpenTurn, settled: Settled, key: str, **values: Any) -> None:
    assert settled.offer is not None
    turn.is_decisive()
    turn.say(
        key,
        why=why(turn.firm, settled.payment, turn.language),
        name=name_of(turn.firm, settled.payment, turn.language),
        what=describe_offer(turn.firm, turn.language, settled.offer),
        **values,
    )
