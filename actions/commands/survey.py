"""The rating and the questions after it, within a turn: whatever is said of them, asked for or not.

Two and less brings the case back to a superior; three is asked what was missing; four and five, and who answered that,
are asked about fairness, one question at a time, each of which may be left out (S0, S2). A "no" ends it for good.
"""

from sqlalchemy import select

from actions.cases import focus_case, get_fact, reopen, set_fact
from actions.commands.following import case_named
from actions.commands.hand_over import hand_over
from actions.commands.offers import restate_offers
from actions.follow_up import (
    FAIRNESS,
    MISSING,
    RATING,
    SURVEY,
    case_to_rate,
    keep_fairness,
    keep_rating,
    rating_of,
    score_buttons,
    was_asked,
)
from actions.offering import open_offers, withdraw_open_offers
from actions.turns import OpenTurn
from recovery.case_states import UNSETTLED, CaseState, Transition, can_follow
from recovery.control import HandOverReason
from recovery.follow_up import (
    BEST_RATING,
    CONTENT_RATING,
    REOPENING_RATING,
    AfterRating,
    Fairness,
    after_rating,
    next_question,
)
from store.tables import Case

# Said to "what was missing?", these are an answer however else they could be read.
_IN_WORDS = frozenset(
    {
        "action_catch_all",
        "action_record_fact",
        "action_record_wish",
        "action_answer_chitchat",
        "action_answer_praise",
        "action_hear_complaint",
    }
)
# And these may bring a number.
_NUMBERS = frozenset({"action_record_rating", "action_accept_offer", "action_catch_all"})
# A complaint this strong is one of its own, whatever was asked.
_STRONG_FEELING = 2
_COMMENT_LENGTH = 1000


def answer_survey(turn: OpenTurn, action: str) -> bool:
    """See whether the message answers a question of the survey, and go on with the next; whether it was answered.

    A complaint, a wish for a person and all else is left to whoever answers it otherwise: it is heard first.
    """
    if turn.awaited is None or turn.awaited["kind"] not in SURVEY:
        return _tapped_twice(turn)
    kind, case = turn.awaited["kind"], _asked_about(turn)
    if case is None:
        return False
    if action == "action_deny":
        if turn.understanding.facts.skips and kind in FAIRNESS:
            _go_on(turn, case, FAIRNESS[kind])
        elif turn.understanding.facts.skips and kind == MISSING:
            _after_comment(turn, case)
        else:
            _refuse(turn, case)
        return True
    if kind == MISSING:
        return _what_was_missing(turn, case, action)
    if action == "action_affirm":
        turn.say("rating.how")
        return True
    score = turn.understanding.facts.rating or _bare_number(turn)
    if score is None or action not in _NUMBERS:
        return False
    if kind == RATING:
        rate(turn, case, score)
        return True
    rating = rating_of(case)
    if rating is None:
        return False
    keep_fairness(turn.work, case, rating, FAIRNESS[kind], score)
    _go_on(turn, case, FAIRNESS[kind])
    return True


def record_rating(turn: OpenTurn) -> None:
    """A rating that was volunteered, at any time: it counts for the case it is about."""
    score = turn.understanding.facts.rating
    case = _case_of(turn)
    if case is None:
        if score is not None and score <= REOPENING_RATING:
            turn.say("rating.low_without_case")
            turn.say("ask.happening")
            turn.ask("happening")
        else:
            turn.say("rating.thanks_without_case")
        return
    if score is None:
        turn.say("rating.how")
        turn.ask(RATING, about={"case": case.id})
        return
    rate(turn, case, score)


def invite_to_rate(turn: OpenTurn, case: Case) -> None:
    """Ask for a score of a settled case in passing, unless there is one, or it was asked for or refused before.

    It is no follow-up: who leaves it unanswered is asked in due time.
    """
    if rating_of(case) is None and not was_asked(case) and case.follow_up_refused_at is None:
        turn.say("remind.rating", buttons=score_buttons(turn.firm, turn.language, "button.no_rating"))
        turn.ask(RATING, about={"case": case.id})


def rate(turn: OpenTurn, case: Case, score: int) -> None:
    """Keep a rating of 1 to 5, and do what it leads to."""
    earlier = rating_of(case)
    if turn.late and earlier is not None and earlier.score == score:
        turn.say("choice.answered")
        return
    keep_rating(turn.work, case, score)
    unsettled = case.state in UNSETTLED
    if not unsettled:
        turn.conversation.focus_case_id = case.id
    leads_to = after_rating(score)
    if leads_to is AfterRating.REOPEN:
        _bring_to_superior(turn, case)
    elif unsettled:
        # It is being worked on: nothing pushes its own question aside.
        turn.say("rating.noted", number=case.number)
        if turn.awaited is not None and turn.awaited["kind"] == "offer" and open_offers(turn.work, case):
            # Not we are to move, but they.
            restate_offers(turn, case, "offer.waiting")
    elif leads_to is AfterRating.ASK_WHAT_WAS_MISSING:
        _ask_what_was_missing(turn, case, "rating.middling")
    else:
        turn.say("rating.good" if score == CONTENT_RATING else "rating.best")
        _go_on(turn, case, None)


def volunteered_score(turn: OpenTurn, case: Case) -> int | None:
    """A bare number after the case was settled: a rating, where the customer was asked for one, or no choice had it."""
    number = _bare_number(turn)
    if number is None or turn.late or case.state not in (CaseState.RESOLVED, CaseState.CLOSED):
        return None
    if was_asked(case) and rating_of(case) is None and case.follow_up_refused_at is None:
        return number
    shown = max((offer.position for offer in case.offers if offer.round == case.offer_round), default=0)
    return number if shown < number else None


def _bare_number(turn: OpenTurn) -> int | None:
    number = turn.understanding.facts.choice
    return number if number is not None and 1 <= number <= BEST_RATING else None


def _tapped_twice(turn: OpenTurn) -> bool:
    """Of two taps on a score the first was answered, and the second was written before the next question was put."""
    case = focus_case(turn.work, turn.conversation)
    score = _bare_number(turn) or turn.understanding.facts.rating
    if not turn.late or score is None or case is None or rating_of(case) is None or case.state in UNSETTLED:
        return False
    open_question = turn.conversation.awaited["kind"] if turn.conversation.awaited else None
    if open_question is not None and open_question not in SURVEY:
        return False
    turn.say("choice.answered")
    return True


def _asked_about(turn: OpenTurn) -> Case | None:
    """The case that the open question of the survey is about."""
    assert turn.awaited is not None
    about = turn.awaited.get("about") or {}
    case = turn.work.session.get(Case, about["case"]) if "case" in about else None
    while case is not None and case.merged_into_id is not None:
        case = turn.work.session.get(Case, case.merged_into_id)
    return case or focus_case(turn.work, turn.conversation)


def _case_of(turn: OpenTurn) -> Case | None:
    """The case that a volunteered rating is about: the one it names, or the one that is meant."""
    number = case_named(turn.words)
    if number is not None:
        theirs = Case.customer_id == turn.conversation.identity.customer_id
        named = turn.work.session.scalars(select(Case).where(Case.number == number, theirs)).first()
        if named is not None and named.state not in (CaseState.MERGED, CaseState.WITHDRAWN):
            return named
    return case_to_rate(turn.work, turn.conversation)


def _bring_to_superior(turn: OpenTurn, case: Case) -> None:
    turn.ask_nothing()
    if can_follow(CaseState(case.state), Transition.REOPEN):
        reopen(turn.work, turn.firm, case, "bot")
        turn.say("rating.low", number=case.number)
    else:
        turn.say("rating.low_unsettled", number=case.number)
    withdraw_open_offers(turn.work, case)
    turn.conversation.focus_case_id = case.id
    hand_over(turn, case, HandOverReason.LOW_RATING)


def _ask_what_was_missing(turn: OpenTurn, case: Case, key: str) -> None:
    turn.say(key, number=case.number)
    if case.follow_up_refused_at is None and not _has_said(case):
        turn.ask(MISSING, about={"case": case.id})


def _has_said(case: Case) -> bool:
    """Whether the customer has said what was missing in the latest resolution."""
    since = case.resolved_at or case.opened_at
    return any(fact.key == MISSING and fact.at >= since for fact in case.facts)


def _what_was_missing(turn: OpenTurn, case: Case, action: str) -> bool:
    """Keep in words what was missing, for people to read; the case stays settled."""
    if action == "action_affirm":
        turn.say("remind.missing")
        return True
    if action not in _IN_WORDS or turn.understanding.facts.rating is not None or _is_complaint_of_its_own(turn, case):
        return False
    set_fact(turn.work, case, MISSING, turn.words.strip()[:_COMMENT_LENGTH])
    rating = rating_of(case)
    if rating is None or rating.score < CONTENT_RATING:
        turn.say("rating.comment_noted")
    _after_comment(turn, case)
    return True


def _is_complaint_of_its_own(turn: OpenTurn, case: Case) -> bool:
    """Whether what was said to "what was missing?" must be heard: it is about another order, or in strong words."""
    said = turn.understanding
    order = said.facts.order_number
    other_order = order is not None and order != get_fact(case, "order_number")
    return (
        other_order
        or said.hand_over is not None
        or bool(said.risk)
        or (bool(said.categories) and said.emotion.level >= _STRONG_FEELING)
        or said.about_handling is not None
    )


def _after_comment(turn: OpenTurn, case: Case) -> None:
    """The questions about fairness that are still to come; who answered them before the words is only thanked."""
    rating = rating_of(case)
    asked_before = rating is not None and rating.score >= CONTENT_RATING
    if asked_before:
        turn.ask_nothing()
        turn.say("rating.all_answered")
    else:
        _go_on(turn, case, None)


def _go_on(turn: OpenTurn, case: Case, asked: Fairness | None) -> None:
    """Put the next question about fairness, or thank where none is left."""
    rating = rating_of(case)
    answered = rating is not None and any(getattr(rating, one) is not None for one in Fairness)
    if asked is None and (case.follow_up_refused_at is not None or answered):
        # They did not want it, or a later word only corrects the score.
        turn.ask_nothing()
        return
    question = next_question(asked)
    if question is not None:
        buttons = score_buttons(turn.firm, turn.language, "button.skip")
        turn.say(f"fairness.{question}", buttons=buttons)
        turn.ask(f"fairness_{question}", about={"case": case.id})
        return
    turn.ask_nothing()
    if rating is not None and rating.score == CONTENT_RATING and not _has_said(case):
        # 4 is not 5: who says what was missing shows the way there (S3).
        _ask_what_was_missing(turn, case, "rating.missing_for_best")
    else:
        turn.say("rating.all_answered")


def _refuse(turn: OpenTurn, case: Case) -> None:
    """Respected at once, and never asked again for this case (GB/T 47746-2026)."""
    case.follow_up_refused_at = turn.work.now
    turn.ask_nothing()
    turn.say("rating.refused")
