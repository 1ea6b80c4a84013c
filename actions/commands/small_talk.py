"""Everything that is no complaint and answers no question of ours: no case comes of it."""

from sqlalchemy import select

from actions.cases import focus_case
from actions.commands.complaint import hear_complaint, record_fact, restate
from actions.commands.following import bring_own_case
from actions.commands.hand_over import hand_over, reason_to_hand_over
from actions.commands.offers import offer_wish
from actions.commands.readings import ask_reading, ask_reading_again, is_reading_asked
from actions.commands.reminding import remind
from actions.commands.survey import invite_to_rate, record_rating
from actions.follow_up import SURVEY
from actions.offering import open_offers
from actions.turns import OpenTurn
from recovery.case_states import UNSETTLED, CaseState
from recovery.control import UNCLEAR_TURNS_BEFORE_HAND_OVER, HandOverReason
from recovery.failures import Category
from store.tables import Case, Turn

# Without these a case cannot go on, and thanks do not answer them; a choice stands just above, with its buttons.
_TO_CONTINUE = frozenset({"order_number", "order_proof", "happening", "wish", "confirm_hand_over"})
# What was agreed is being done, or decided on.
_UNDER_WAY = frozenset({CaseState.REMEDYING, CaseState.AWAITING_APPROVAL})
# Nothing is open, or an invitation that needs no answer: what was meant may be asked instead.
_MAY_BE_REPLACED = (None, *SURVEY)


def greet(turn: OpenTurn) -> None:
    turn.say("small_talk.greeting" if _unsettled_case(turn) is None else "small_talk.greeting_again")
    remind(turn)


def say_goodbye(turn: OpenTurn) -> None:
    turn.say("small_talk.goodbye")


def answer_thanks(turn: OpenTurn) -> None:
    if turn.understanding.facts.rating is not None:
        record_rating(turn)
        return
    turn.say("small_talk.welcome")
    if turn.awaited is not None and turn.awaited["kind"] in _TO_CONTINUE:
        remind(turn)


def answer_praise(turn: OpenTurn) -> None:
    """Praise is no score, but who says it of what was just settled may be glad to give one."""
    if turn.understanding.facts.rating is not None:
        record_rating(turn)
        return
    turn.say("small_talk.praise")
    case = focus_case(turn.work, turn.conversation)
    if turn.conversation.awaited is None and case is not None and case.state == CaseState.RESOLVED:
        invite_to_rate(turn, case)
    else:
        remind(turn)


def introduce(turn: OpenTurn) -> None:
    turn.conversation.introduced = True
    turn.say("machine.who")
    remind(turn)


def answer_question(turn: OpenTurn) -> None:
    """A question about terms or goods: we say honestly that it is not ours to answer, and who can.

    Who asks whether something else than what is on offer could be done is shown it, where the rules have it.
    """
    if _offer_asked_for(turn):
        return
    asked_before = turn.work.session.scalars(
        select(Turn.command).where(Turn.conversation_id == turn.conversation.id).order_by(Turn.at.desc()).offset(1)
    ).first()
    turn.say("small_talk.question_again" if asked_before == "action_answer_question" else "small_talk.question")
    case = focus_case(turn.work, turn.conversation)
    if turn.conversation.awaited is None and case is not None and case.state in _UNDER_WAY:
        # "When will it come?" asks about the case as likely as about terms.
        restate(turn, case)
    else:
        remind(turn)


def _offer_asked_for(turn: OpenTurn) -> bool:
    case, kind = focus_case(turn.work, turn.conversation), turn.understanding.facts.wished_remedy
    if case is None or kind is None or turn.awaited is None or turn.awaited["kind"] != "offer":
        return False
    if any(item["kind"] == kind for offer in open_offers(turn.work, case) for item in offer.remedies):
        return False
    wished_before, case.wished_remedy = case.wished_remedy, kind
    if offer_wish(turn, case, "offer.wished"):
        return True
    case.wished_remedy = wished_before
    return False


def answer_chitchat(turn: OpenTurn) -> None:
    """Small talk; where something was asked, it stays beside that, and what we are for is known."""
    turn.say("small_talk.aside" if turn.awaited is not None else "small_talk.chitchat")
    remind(turn)


def ignore_spam(turn: OpenTurn) -> None:
    turn.say("small_talk.spam")


def answer_abuse(turn: OpenTurn) -> None:
    """Insults: polite, one warning, then a person (domain.md section 5)."""
    if turn.conversation.abuse_warned:
        hand_over(turn, _unsettled_case(turn), HandOverReason.ABUSE)
        return
    turn.conversation.abuse_warned = True
    turn.say("abuse.warning")


def case_status(turn: OpenTurn) -> None:
    """Where is my complaint?"""
    case = focus_case(turn.work, turn.conversation) or bring_own_case(turn)
    if case is None:
        turn.say("status.no_case")
        turn.ask("happening")
        return
    restate(turn, case)


def request_person(turn: OpenTurn) -> None:
    """The customer wants a person, or no machine; what failed, if they said it, becomes a case on the way."""
    reason = reason_to_hand_over(turn, None) or HandOverReason.ASKED
    if set(turn.understanding.category_keys) - {Category.OTHER}:
        hear_complaint(turn, person_due=reason)
        return
    hand_over(turn, _unsettled_case(turn), reason)


def catch_all(turn: OpenTurn) -> None:
    """The message could not be read. Answering "what happened?" needs no more than the customer's own words."""
    case = focus_case(turn.work, turn.conversation)
    awaited = turn.awaited["kind"] if turn.awaited else None
    if awaited in ("happening", "wish") and len(turn.understanding.text.strip()) > 1:
        if awaited == "wish" and case is not None:
            case.wished_remedy = turn.understanding.text[:200]
            hand_over(turn, case, HandOverReason.ABOVE_AUTHORITY)
            return
        if case is not None and set(case.categories) <= {Category.OTHER}:
            # Said in their own words, and still not ours to sort: a person reads it.
            hear_complaint(turn)
            return
    facts = turn.understanding.facts
    if case is not None and case.state in UNSETTLED and (facts.order_number or facts.phone_last4 or facts.phone):
        # However odd the rest is, a number was given.
        record_fact(turn)
        return
    if _count_unclear(turn):
        return
    if is_reading_asked(turn):
        # The words before are still to be cleared up; with a new choice they would be lost.
        ask_reading_again(turn)
        return
    # While a case waits for a fact, a choice or a yes, what is unclear is likeliest an answer to that. A question about
    # its meaning would push aside the one that the case cannot go on without.
    open_question = turn.conversation.awaited["kind"] if turn.conversation.awaited else None
    if open_question in _MAY_BE_REPLACED and ask_reading(turn):
        return
    if not any(character.isalnum() for character in turn.understanding.text):
        # "?" or "……": somebody waits for a sign.
        turn.say("small_talk.listening")
    else:
        turn.say("unclear.sorry" if turn.conversation.unclear_turns == 1 else "unclear.again")
    remind(turn)


def not_meant(turn: OpenTurn) -> None:
    """None of the readings that were put: that message remains unclear, and counts so."""
    turn.ask_nothing()
    if not _count_unclear(turn):
        turn.say("unclear.sorry")


def _count_unclear(turn: OpenTurn) -> bool:
    """Count an unclear turn; True where it was one too many, and a person has it now."""
    turn.conversation.unclear_turns += 1
    if turn.conversation.unclear_turns < UNCLEAR_TURNS_BEFORE_HAND_OVER:
        return False
    hand_over(turn, _unsettled_case(turn), HandOverReason.NOT_UNDERSTOOD)
    return True


def _unsettled_case(turn: OpenTurn) -> Case | None:
    """The case in focus, unless it is settled: a hand-over alone opens no settled case again."""
    case = focus_case(turn.work, turn.conversation)
    return case if case is not None and case.state in UNSETTLED else None
