"""Answer what a customer says to a question of ours: choose, agree, decline, wish, rate, withdraw."""

from actions.cases import focus_case, move_if_possible, reopen, set_fact
from actions.commands.complaint import facts_said, go_on, hear_complaint, record_fact, restate
from actions.commands.hand_over import hand_over
from actions.commands.offers import (
    choose,
    decline,
    find_choice,
    offer_wish,
    open_offers,
    restate_offers,
    withdraw_open_offers,
)
from actions.commands.readings import ask_reading_again, is_reading_asked
from actions.commands.small_talk import catch_all, not_meant
from actions.outcomes import dimensions_of, record
from actions.promises import open_promise, release
from actions.resolving import handled_by
from actions.turns import OpenTurn
from recovery.case_states import CaseState, Transition, can_follow
from recovery.control import HandOverReason
from recovery.events import CaseRated
from store.tables import Case, Rating

# A rating this low reopens the case to a person; this high counts as content.
REOPENING_RATING = 2
CONTENT_RATING = 4


def accept_offer(turn: OpenTurn) -> None:
    """The customer takes an offer, by number, by name, or the only one."""
    case = focus_case(turn.work, turn.conversation)
    if is_reading_asked(turn):
        # Which one was not said, or it was said before the question was put.
        ask_reading_again(turn)
        return
    if case is None and turn.late:
        # Of two taps the first was answered; there is no case to tell the second about.
        turn.say("choice.answered")
        return
    if case is None:
        catch_all(turn)
        return
    if case.state != CaseState.OFFERED or turn.awaited is None or turn.awaited["kind"] != "offer":
        # Nothing is on offer to this message: it was chosen already, or the choice was put after it was written.
        score = _volunteered_score(turn, case)
        if score is None:
            restate(turn, case)
        else:
            _rate(turn, case, score)
        return
    chosen = find_choice(turn, case)
    if chosen is None:
        restate_offers(turn, case)
        return
    choose(turn, case, chosen)


def affirm(turn: OpenTurn) -> None:
    """Yes, to whatever was asked."""
    case = focus_case(turn.work, turn.conversation)
    awaited = turn.awaited["kind"] if turn.awaited else None
    if awaited == "confirm_hand_over":
        hand_over(turn, case, HandOverReason.STRONG_FEELING)
    elif awaited == "reading":
        catch_all(turn)
    elif awaited == "offer" and case is not None and case.state == CaseState.OFFERED:
        accept_offer(turn)
    elif case is not None and turn.late:
        restate(turn, case)
    elif awaited in ("order_number", "order_proof"):
        record_fact(turn)
    elif awaited == "rating":
        turn.say("rating.how")
        turn.ask("rating")
    else:
        turn.say("small_talk.go_ahead")


def deny(turn: OpenTurn) -> None:
    """No, or none of it, to whatever was asked."""
    case = focus_case(turn.work, turn.conversation)
    awaited = turn.awaited["kind"] if turn.awaited else None
    if awaited == "reading":
        not_meant(turn)
        return
    if case is None:
        turn.say("small_talk.fine")
        return
    if awaited == "confirm_hand_over":
        case.person_declined = True
        turn.ask_nothing()
        turn.say("person.declined")
        go_on(turn, case)
    elif awaited == "offer" and open_offers(turn.work, case):
        decline(turn, case)
    elif awaited in ("order_number", "order_proof"):
        case.order_unknown = True
        turn.ask_nothing()
        turn.say("fact.order_unknown")
        go_on(turn, case)
    elif awaited == "rating":
        turn.ask_nothing()
        turn.say("rating.refused")
    elif awaited in ("wish", "happening"):
        hand_over(turn, case, HandOverReason.OFFERS_DECLINED)
    elif turn.late:
        restate(turn, case)
    else:
        turn.say("small_talk.fine")


def record_wish(turn: OpenTurn) -> None:
    """The customer names the remedy they want: on offer it is chosen, else it is noted or goes to a person."""
    case = focus_case(turn.work, turn.conversation)
    facts = turn.understanding.facts
    if case is None or CaseState(case.state) in (CaseState.CLOSED, CaseState.WITHDRAWN):
        if turn.understanding.categories:
            hear_complaint(turn)
            return
        if is_reading_asked(turn):
            # As with a fact: the message before is cleared up first, and the wish goes along.
            ask_reading_again(turn)
            return
        turn.say("ask.happening_after_fact")
        turn.ask("happening", facts=facts_said(turn))
        return
    case.wished_remedy = (facts.wished_remedy or turn.understanding.text)[:200]
    set_fact(turn.work, case, "wish", turn.words[:1000])
    awaited = turn.awaited["kind"] if turn.awaited else None
    if case.state == CaseState.OFFERED and awaited == "offer":
        chosen = find_choice(turn, case) if facts.wished_remedy or facts.choice else None
        if chosen is not None:
            choose(turn, case, chosen)
            return
        if facts.wished_remedy and offer_wish(turn, case):
            return
        withdraw_open_offers(turn.work, case)
        turn.say("wish.passed_on")
        hand_over(turn, case, HandOverReason.ABOVE_AUTHORITY)
    elif case.state == CaseState.OPEN and awaited == "wish":
        turn.say("wish.passed_on")
        hand_over(turn, case, HandOverReason.ABOVE_AUTHORITY)
    elif case.state == CaseState.OPEN:
        record_fact(turn)
    else:
        restate(turn, case)


def record_rating(turn: OpenTurn) -> None:
    """A rating, asked for or volunteered: 2 and less brings a person."""
    score = turn.understanding.facts.rating
    case = focus_case(turn.work, turn.conversation)
    if case is None:
        turn.say("rating.thanks_without_case")
        return
    if score is None:
        turn.say("rating.how")
        turn.ask("rating")
        return
    _rate(turn, case, score)


def _rate(turn: OpenTurn, case: Case, score: int) -> None:
    _keep_rating(turn, case, score)
    if turn.awaited and turn.awaited["kind"] == "rating":
        turn.ask_nothing()
    if score <= REOPENING_RATING:
        if can_follow(CaseState(case.state), Transition.REOPEN):
            reopen(turn.work, turn.firm, case, "bot")
        withdraw_open_offers(turn.work, case)
        turn.say("rating.low", number=case.number)
        hand_over(turn, case, HandOverReason.LOW_RATING)
    elif score < CONTENT_RATING:
        turn.say("rating.middling", number=case.number)
    else:
        turn.say("rating.good" if score == CONTENT_RATING else "rating.best")


def _volunteered_score(turn: OpenTurn, case: Case) -> int | None:
    """A bare number that no choice had, after the case was settled: a rating that nobody asked for."""
    number = turn.understanding.facts.choice
    if number is None or turn.late or case.state not in (CaseState.RESOLVED, CaseState.CLOSED):
        return None
    shown = max((offer.position for offer in case.offers if offer.round == case.offer_round), default=0)
    return number if shown < number <= 5 else None


def withdraw(turn: OpenTurn) -> None:
    """The customer takes the complaint back; for a while telling us is enough to open it again."""
    case = focus_case(turn.work, turn.conversation)
    if case is None or not can_follow(CaseState(case.state), Transition.WITHDRAW):
        if case is None:
            turn.say("small_talk.fine")
        else:
            restate(turn, case)
        return
    withdraw_open_offers(turn.work, case)
    _stop_approval(turn, case)
    turn.ask_nothing()
    move_if_possible(turn.work, case, Transition.WITHDRAW, "bot")
    turn.say("withdrawn.done", number=case.number, days=turn.firm.file.reopen_window.days)


def _stop_approval(turn: OpenTurn, case: Case) -> None:
    """Nobody has to decide any more on what the customer has taken back."""
    for offer in case.offers:
        if offer.state == "awaiting_approval":
            offer.state, offer.answered_at = "superseded", turn.work.now
    promised = open_promise(turn.work, case, "approval")
    if promised is not None:
        release(turn.work, promised)


def _keep_rating(turn: OpenTurn, case: Case, score: int) -> None:
    """One rating for a resolution: a second word on it corrects the first."""
    since = case.resolved_at or case.opened_at
    earlier = next((r for r in case.ratings if r.at >= since), None)
    if earlier is not None:
        earlier.score, earlier.at = score, turn.work.now
    else:
        case.ratings.append(Rating(score=score, handled_by_id=handled_by(turn.work, case), at=turn.work.now))
    record(
        turn.work,
        CaseRated(case_number=case.number, at=turn.work.now, dimensions=dimensions_of(case), score=score),
    )
