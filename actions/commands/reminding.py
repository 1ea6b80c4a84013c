"""Come back to the question that is still open."""

from actions.cases import focus_case
from actions.commands.offers import restate_offers
from actions.commands.readings import ask_reading_again
from actions.turns import OpenTurn
from recovery.case_states import CaseState


def remind(turn: OpenTurn) -> None:
    """Call the open question to mind, in few words; also after a message that was written before it was asked."""
    case = focus_case(turn.work, turn.conversation)
    awaited = turn.conversation.awaited["kind"] if turn.conversation.awaited else None
    if awaited == "reading":
        ask_reading_again(turn)
    elif awaited == "offer" and case is not None and case.state == CaseState.OFFERED:
        restate_offers(turn, case, "offer.waiting")
    elif awaited is not None and turn.firm.words.has(f"remind.{awaited}"):
        turn.say(f"remind.{awaited}")
