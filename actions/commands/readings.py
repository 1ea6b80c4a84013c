"""Ask which of the two nearest readings was meant where a message is unclear, and go back to it with the answer."""

from typing import Any

from actions.cases import focus_case
from actions.turns import OpenTurn
from actions.understanding import EmotionReading, Facts, read_understanding
from store.tables import InboxRow

# What may be offered, and the action that answers it once it is chosen. The other intents answer a question or are said
# in passing; nobody would choose to "affirm".
ACTIONS = {
    "complain": "action_hear_complaint",
    "case_status": "action_case_status",
    "ask_policy": "action_answer_question",
    "request_person": "action_request_person",
    "wish_remedy": "action_record_wish",
    "inform": "action_record_fact",
    "withdraw": "action_withdraw",
    "rate": "action_record_rating",
    "praise": "action_answer_praise",
    "chitchat": "action_answer_chitchat",
}
# These speak of a case that there is.
_NEED_A_CASE = ("withdraw", "rate")
# A choice answers the question and is no fact of the message that it is about.
_NO_FACTS = {"choice"}


def ask_reading(turn: OpenTurn) -> bool:
    """Put the two nearest readings of an unclear message as a numbered choice, and keep the message with the question.

    Returns:
        False where there are no two that make sense to offer; then nothing is said.
    """
    understanding = turn.understanding
    if understanding.sure:
        return False
    has_case = focus_case(turn.work, turn.conversation) is not None
    nearest = [reading.intent for reading in understanding.readings[:2]]
    options = [intent for intent in nearest if intent in ACTIONS and (has_case or intent not in _NEED_A_CASE)]
    if len(options) < 2:
        return False
    turn.ask(
        "reading",
        options=options,
        # Whatever the customer says next, a fact told here is not asked for again.
        facts=_facts_told(turn),
        about={"inbox": turn.inbox.id, "understanding": understanding.model_dump(mode="json")},
    )
    _put(turn, options, "reading.which")
    return True


def is_reading_asked(turn: OpenTurn) -> bool:
    """Whether a choice of readings is the open question, even if this message was written too early to know of it."""
    awaited = turn.conversation.awaited
    return awaited is not None and awaited["kind"] == "reading"


def ask_reading_again(turn: OpenTurn) -> None:
    """Put the open choice of readings once more; it stays the same question, about the same message.

    Facts told meanwhile are kept with those of that message, and go wherever they go.
    """
    awaited = turn.conversation.awaited
    assert awaited is not None
    # A new value, not a changed one: only so is it stored.
    turn.conversation.awaited = {**awaited, "facts": awaited["facts"] | _facts_told(turn)}
    _put(turn, awaited["options"], "reading.again")


def take_reading(turn: OpenTurn) -> str | None:
    """Where the message picks an open reading, go back to the message that was unclear: the turn is about that one now.

    Facts told since are added. It was assessed as if it complained: any other reading drops that. The question is
    closed, so a second tap finds nothing to choose. The inbox row stays the present one: it is what gets answered, and
    clocks run from when it was said what was meant.

    Returns:
        The action that answers the reading; None where the message picks none.
    """
    awaited, choice = turn.awaited, turn.understanding.facts.choice
    if awaited is None or awaited["kind"] != "reading" or choice is None or choice > len(awaited["options"]):
        return None
    earlier = read_understanding(awaited["about"]["understanding"])
    intent = awaited["options"][choice - 1]
    facts = Facts.model_validate(awaited["facts"] | _facts_told(turn))
    assessment = {} if intent == "complain" else {"categories": [], "emotion": EmotionReading(), "risk": []}
    turn.understanding = earlier.model_copy(update={"sure": True, "facts": facts, **assessment})
    turn.words = turn.work.session.get_one(InboxRow, awaited["about"]["inbox"]).text
    turn.awaited = None
    turn.ask_nothing()
    return ACTIONS[intent]


def _facts_told(turn: OpenTurn) -> dict[str, Any]:
    return turn.understanding.facts.model_dump(exclude_none=True, exclude=_NO_FACTS)


def _put(turn: OpenTurn, options: list[str], key: str) -> None:
    texts = [turn.text(f"reading.{intent}") for intent in options]
    buttons = [{"title": text, "payload": str(number)} for number, text in enumerate(texts, 1)]
    buttons.append({"title": turn.text("button.neither"), "payload": turn.text("button.neither")})
    turn.say(key, buttons=buttons, readings=texts)
