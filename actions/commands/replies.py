"""Answer what a customer says to a question of ours: choose, agree, decline, withdraw."""

from actions.cases import focus_case, get_fact, move_if_possible
from actions.commands.complaint import go_on, go_on_button, record_fact, restate
from actions.commands.hand_over import hand_over
from actions.commands.offers import (
    choose,
    decline,
    find_choice,
    find_declined,
    put_back_declined,
    restate_offers,
    take_up,
)
from actions.commands.readings import ask_reading_again, is_reading_asked
from actions.commands.small_talk import catch_all, not_meant
from actions.commands.survey import rate, volunteered_score
from actions.commands.wishes import asks_for_more, note_late_wish, record_wish
from actions.follow_up import rating_of
from actions.guarantees.confirming import withdrawn
from actions.offering import open_offers, withdraw_open_offers
from actions.promises import open_promise, release
from actions.turns import OpenTurn
from recovery.case_states import CaseState, Transition, can_follow
from recovery.control import HandOverReason
from recovery.follow_up import BEST_RATING
from store.tables import Case


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
    if case.state == CaseState.OPEN and turn.awaited is not None and turn.awaited["kind"] == "wish":
        # Asked what else would do, they come back to what they had declined.
        record_wish(turn)
        return
    if case.state != CaseState.OFFERED or turn.awaited is None or turn.awaited["kind"] != "offer":
        # Nothing is on offer to this message: it was chosen already, or the choice was put after it was written.
        score = volunteered_score(turn, case)
        if score is not None:
            rate(turn, case, score)
        elif turn.awaited is None or turn.awaited["kind"] != "wish" or not put_back_declined(turn, case):
            restate(turn, case)
            note_late_wish(turn, case)
            _say_how_to_rate(turn, case)
        return
    chosen = find_choice(turn, case)
    if chosen is None:
        facts = turn.understanding.facts
        which = "offer.no_such" if facts.choice is not None or facts.wished_remedy is not None else "offer.which"
        restate_offers(turn, case, which)
        return
    if asks_for_more(turn, case, chosen):
        # "A refund of 500" takes no refund of 60, however much it names the same thing.
        record_wish(turn)
        return
    choose(turn, case, chosen)


def _say_how_to_rate(turn: OpenTurn, case: Case) -> None:
    """A bare number that was not late, after all was settled, may be a choice tapped again or a score: say how a score
    is told from it."""
    number = turn.understanding.facts.choice
    settled = case.state in (CaseState.RESOLVED, CaseState.CLOSED) and rating_of(case) is None
    if settled and not turn.late and number is not None and number <= BEST_RATING:
        turn.say("rating.as_number", score=number)


def affirm(turn: OpenTurn) -> None:
    """Yes, to whatever was asked."""
    case = focus_case(turn.work, turn.conversation)
    awaited = turn.awaited["kind"] if turn.awaited else None
    declined = find_declined(turn, case) if case is not None and awaited == "wish" else None
    if case is not None and declined is not None:
        take_up(turn, case, declined)
    elif awaited == "confirm_hand_over":
        hand_over(turn, case, HandOverReason.STRONG_FEELING)
    elif awaited == "reading":
        catch_all(turn)
    elif awaited == "offer" and case is not None and case.state == CaseState.OFFERED:
        accept_offer(turn)
    elif case is not None and turn.late:
        restate(turn, case)
    elif awaited in ("order_number", "order_proof"):
        record_fact(turn)
    elif case is not None and awaited is None:
        # "OK" to what was just told asks for nothing.
        turn.say("small_talk.fine")
    elif case is None or awaited != "wish" or not put_back_declined(turn, case):
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
    if turn.understanding.facts.later and awaited is not None:
        # The question stands; who needs time to think declines nothing.
        turn.say("small_talk.no_rush")
        return
    facts = turn.understanding.facts
    if facts.order_number not in (None, get_fact(case, "order_number")) or (
        awaited == "order_proof" and facts.phone_last4 is not None
    ):
        # "No, the number is …" tells it, and declines nothing.
        record_fact(turn)
    elif awaited == "confirm_hand_over":
        case.person_declined = True
        turn.ask_nothing()
        turn.say("person.declined")
        go_on(turn, case)
    elif awaited == "offer" and open_offers(turn.work, case):
        decline(turn, case)
    elif awaited in ("order_number", "order_proof"):
        case.order_unknown = True
        turn.ask_nothing()
        turn.say("fact.order_unknown" if awaited == "order_number" else "fact.proof_unknown")
        go_on(turn, case)
    elif awaited in ("wish", "happening"):
        hand_over(turn, case, HandOverReason.OFFERS_DECLINED)
    elif turn.late:
        restate(turn, case)
    else:
        turn.say("small_talk.fine")


def withdraw(turn: OpenTurn) -> None:
    """The customer takes the complaint back; for a while telling us is enough to open it again."""
    case = focus_case(turn.work, turn.conversation)
    under_way = case is not None and any(remedy.state == "intended" for remedy in case.remedies)
    if case is None or under_way or not can_follow(CaseState(case.state), Transition.WITHDRAW):
        if case is None:
            turn.say("small_talk.fine")
        elif under_way and case.state == CaseState.OPEN:
            # Nothing more is offered to who wants nothing more.
            turn.say("status.remedying", number=case.number)
        else:
            restate(turn, case)
        return
    withdraw_open_offers(turn.work, case)
    _stop_approval(turn, case)
    turn.ask_nothing()
    move_if_possible(turn.work, case, Transition.WITHDRAW, "bot")
    turn.say("withdrawn.done", buttons=go_on_button(turn), number=case.number, days=turn.firm.file.reopen_window.days)


def _stop_approval(turn: OpenTurn, case: Case) -> None:
    """Nobody has to decide any more on what the customer has taken back."""
    for offer in case.offers:
        if offer.state == "awaiting_approval":
            offer.state, offer.answered_at = "superseded", turn.work.now
            withdrawn(turn.work, offer)
    promised = open_promise(turn.work, case, "approval")
    if promised is not None:
        release(turn.work, promised)
