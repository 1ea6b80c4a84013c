"""The customer names what they want: chosen where it is on offer, granted, brought to who may, or refused plainly."""

from actions.account import lock_order
from actions.cases import assess, focus_case, move, proved_order, set_fact
from actions.commands.complaint import facts_said, hear_complaint, record_fact, restate
from actions.commands.hand_over import hand_over
from actions.commands.offers import choose, find_choice, find_declined, offer_wish, restate_offers, take_up
from actions.commands.readings import ask_reading_again, is_reading_asked
from actions.offering import declined_of_kind, make_offers, open_offers, put_back, withdraw_open_offers
from actions.turns import OpenTurn
from actions.wish_rulings import as_offer, has_words, rule_on_wish
from recovery.authority import Bound
from recovery.case_states import CaseState, Transition
from recovery.control import HandOverReason
from recovery.money import Money
from recovery.remedies import RemedyKind
from recovery.wishes import WishOutcome, WishRuling
from store.tables import Case, Offer

# Said to "what would put this right?", these name a wish however else they could be read.
_WISHES = frozenset({"action_record_fact", "action_answer_question"})
# Something was chosen, and another wish comes too late to be chosen instead.
_CHOSEN = (CaseState.REMEDYING, CaseState.AWAITING_APPROVAL, CaseState.RESOLVED)


def record_wish(turn: OpenTurn) -> None:
    """The customer names the remedy they want."""
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
        if chosen is not None and not asks_for_more(turn, case, chosen):
            choose(turn, case, chosen)
        elif not _answer_wish(turn, case) and not (facts.wished_remedy and offer_wish(turn, case)):
            withdraw_open_offers(turn.work, case)
            _bring_to_a_person(turn, case)
    elif case.state == CaseState.OPEN and awaited == "wish":
        declined = find_declined(turn, case) if facts.wished_remedy or facts.choice else None
        if declined is not None and not asks_for_more(turn, case, declined):
            take_up(turn, case, declined)
        elif not _answer_wish(turn, case):
            _bring_to_a_person(turn, case)
    elif case.state == CaseState.OPEN:
        record_fact(turn)
    else:
        restate(turn, case)
        note_late_wish(turn, case)


def answers_wish(turn: OpenTurn, action: str) -> bool:
    """Take what is said to "what would put this right?" for a wish; whether the message is answered by that."""
    if turn.awaited is None or turn.awaited["kind"] != "wish" or action not in _WISHES:
        return False
    if turn.understanding.facts.order_number is not None or focus_case(turn.work, turn.conversation) is None:
        return False
    record_wish(turn)
    return True


def wishes_more(turn: OpenTurn, action: str) -> bool:
    """Hear a complaint about what is on offer as the wish for more that it names; whether it was one."""
    case, facts = focus_case(turn.work, turn.conversation), turn.understanding.facts
    if action != "action_hear_complaint" or case is None or case.state != CaseState.OFFERED:
        return False
    if turn.awaited is None or turn.awaited["kind"] != "offer" or facts.order_number is not None:
        return False
    if facts.wished_remedy is None or not any(asks_for_more(turn, case, one) for one in open_offers(turn.work, case)):
        return False
    record_wish(turn)
    # Only now: what is said against an offer licenses no more of it.
    assess(turn.work, turn.firm, case, turn.understanding)
    return True


def note_late_wish(turn: OpenTurn, case: Case) -> None:
    """Keep a wish for something else than what was chosen already, and say who can still see to it."""
    kind = turn.understanding.facts.wished_remedy
    chosen = {item["kind"] for offer in case.offers if offer.state != "superseded" for item in offer.remedies}
    if turn.late or kind is None or kind in chosen or case.state not in _CHOSEN:
        return
    set_fact(turn.work, case, "wish", turn.words[:1000])
    turn.say("wish.noted", number=case.number)


def _bring_to_a_person(turn: OpenTurn, case: Case) -> None:
    hand_over(turn, case, HandOverReason.ABOVE_AUTHORITY)


def _amount_named(turn: OpenTurn, case: Case) -> int | None:
    """The amount of this message, in minor units of the firm's currency; None where there is none."""
    if turn.understanding.facts.in_full:
        order = proved_order(turn.work, case)
        return order.total if order is not None and order.currency == turn.firm.policy.currency else None
    amount = turn.understanding.facts.amount
    return amount.minor if amount is not None and amount.currency == turn.firm.policy.currency else None


def asks_for_more(turn: OpenTurn, case: Case, offer: Offer) -> bool:
    """Whether the customer names the remedy of an offer, and more of it than is offered."""
    amount, kind = _amount_named(turn, case), turn.understanding.facts.wished_remedy
    offered = next((item["amount"] for item in offer.remedies if item["kind"] == kind), None)
    return amount is not None and offered is not None and amount > offered


def _answer_wish(turn: OpenTurn, case: Case) -> bool:
    """Grant what was named, have somebody decide on it, or say that nobody can; False where it does not say enough."""
    kind, amount = turn.understanding.facts.wished_remedy, _amount_named(turn, case)
    if kind not in set(RemedyKind):
        return False
    before = declined_of_kind(case, kind) if amount is None else None
    if before is not None:
        # Declined, and wanted after all: it is as good as it was.
        (offer,) = put_back(turn.work, case, [before])
        move(turn.work, case, Transition.OFFER, "bot")
        choose(turn, case, offer)
        return True
    lock_order(turn.work, turn.firm, case)
    order = proved_order(turn.work, case)
    paid = Money(order.total, order.currency) if order is not None else None
    ruling = rule_on_wish(turn.work, turn.firm, case, RemedyKind(kind), amount)
    if ruling.outcome is WishOutcome.INCOMPLETE or (ruling.remedy is not None and not has_words(turn.firm, kind)):
        return False
    if ruling.outcome is WishOutcome.BEYOND_EVERYONE:
        _refuse(turn, case, ruling, paid)
        return True
    (offer,) = make_offers(turn.work, turn.firm, case, [as_offer(turn.firm, ruling)], "bot")
    move(turn.work, case, Transition.OFFER, "bot")
    choose(turn, case, offer)
    return True


def _refuse(turn: OpenTurn, case: Case, ruling: WishRuling, paid: Money | None) -> None:
    """Nobody may grant it: said at once and in plain words, and what can be done stands."""
    turn.is_decisive()
    if ruling.bound is Bound.ORDER and paid is not None:
        turn.say("wish.more_than_paid", paid=paid)
    else:
        turn.say("wish.beyond_everyone")
    if case.state == CaseState.OFFERED:
        restate_offers(turn, case)
    else:
        hand_over(turn, case, HandOverReason.OFFERS_DECLINED)
