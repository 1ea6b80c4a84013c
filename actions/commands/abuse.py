"""Insults: polite, one warning in a conversation, then a person (domain.md section 5).

What is complained of is heard all the same.
"""

from actions.turns import OpenTurn
from recovery.control import HandOverReason
from recovery.failures import Risk


def insulted_again(turn: OpenTurn) -> HandOverReason | None:
    """Why a person takes over where a complaint insults somebody after the customer was warned; else None."""
    if turn.conversation.abuse_warned and _insults(turn):
        return HandOverReason.ABUSE
    return None


def warn_in_passing(turn: OpenTurn) -> None:
    """Where a complaint insults somebody, say so once, after what matters was said."""
    if _insults(turn) and not turn.conversation.abuse_warned:
        turn.conversation.abuse_warned = True
        turn.say("abuse.in_passing")


def _insults(turn: OpenTurn) -> bool:
    return Risk.ABUSE in turn.understanding.risk_keys
