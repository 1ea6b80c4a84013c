"""A word after a case was closed because nothing came from the customer: it goes on, as they were told."""

from sqlalchemy import select

from actions.cases import focus_case, reopen
from actions.commands.complaint import go_on
from actions.turns import OpenTurn
from actions.unanswered import UNANSWERED
from recovery.case_states import CaseState
from store.tables import Case, CaseTransition

# These say no more than that the customer is there again: what comes next in the case is the answer.
_HERE_AGAIN = frozenset(
    {
        "action_accept_offer",
        "action_affirm",
        "action_case_status",
        "action_catch_all",
        "action_greet",
        "action_answer_chitchat",
    }
)
# These say something that is answered as in any open case.
_GO_ON_WITH = frozenset({"action_record_fact", "action_record_wish", "action_request_person"})


# What may stand around the words of a button where they are typed.
_AROUND = " \t\n.!。！“”\"'"


def go_on_after_silence(turn: OpenTurn, action: str) -> bool:
    """Open the case again that was closed unanswered, where the message goes on with it; a complaint has rules of its
    own (:mod:`recovery.joining`).

    Returns:
        Whether the message is answered by that.
    """
    case = focus_case(turn.work, turn.conversation)
    if case is None or action not in _HERE_AGAIN | _GO_ON_WITH or not _was_closed_unanswered(turn, case):
        return False
    reopen(turn.work, turn.firm, case, "bot")
    turn.say("unanswered.reopened", number=case.number)
    if action in _GO_ON_WITH:
        return False
    go_on(turn, case)
    return True


def go_on_after_withdrawal(turn: OpenTurn) -> bool:
    """Open the case again that its customer had taken back, where they say so within the window in the words that they
    were told; a mere "all right" may as well agree to its end.

    Returns:
        Whether the message is answered by that.
    """
    case = focus_case(turn.work, turn.conversation)
    if case is None or case.state != CaseState.WITHDRAWN or case.closed_at is None:
        return False
    if turn.inbox.text.strip(_AROUND).casefold() != turn.text("button.go_on").casefold():
        return False
    if turn.work.now - case.closed_at > turn.firm.file.reopen_window:
        return False
    reopen(turn.work, turn.firm, case, "bot")
    turn.say("withdrawn.reopened", number=case.number)
    go_on(turn, case)
    return True


def _was_closed_unanswered(turn: OpenTurn, case: Case) -> bool:
    if case.state != CaseState.CLOSED or case.closed_at is None:
        return False
    if turn.work.now - case.closed_at > turn.firm.file.reopen_window:
        return False
    latest = select(CaseTransition.reason).where(CaseTransition.case_id == case.id).order_by(CaseTransition.id.desc())
    return turn.work.session.scalars(latest.limit(1)).first() == UNANSWERED
