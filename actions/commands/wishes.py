"""The customer names what they want: chosen where it is on offer, granted, brought to who may, or refused plainly."""

from actions.account import account_of, lock_order
from actions.cases import focus_case, move, proved_order, set_fact
from actions.commands.complaint import facts_said, hear_complaint, record_fact, restate
from actions.commands.hand_over import hand_over
from actions.commands.offers import choose, find_choice, find_declined, offer_wish, restate_offers, take_up
from actions.commands.readings import ask_reading_again, is_reading_asked
from actions.offering import make_offers, withdraw_open_offers
from actions.turns import OpenTurn
from recovery.authority import Bound
from recovery.case_states import CaseState, Transition
from recovery.control import HandOverReason
from recovery.decision import RankedOffer, Reason, ReasonKey, timing_of
from recovery.money import Money
from recovery.remedies import OUTCOME_REMEDIES, WITH_AMOUNT, RemedyKind
from recovery.severity import Severity
from recovery.wishes import WishOutcome, WishRuling, judge_wish
from store.tables import Case, Offer

# What licenses an offer that a person must decide on, since no rule does.
NO_RULE = "wish"


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
    lock_order(turn.work, turn.firm, case)
    order = proved_order(turn.work, case)
    paid = Money(order.total, order.currency) if order is not None else None
    ruling = judge_wish(
        turn.firm.policy,
        case.categories,
        Severity(case.severity),
        paid,
        account_of(turn.work, turn.firm, case),
        RemedyKind(kind),
        amount if kind in WITH_AMOUNT else None,
    )
    if ruling.outcome is WishOutcome.INCOMPLETE or (ruling.remedy is not None and not _has_words(turn, kind)):
        return False
    if ruling.outcome is WishOutcome.BEYOND_EVERYONE:
        _refuse(turn, case, ruling, paid)
        return True
    (offer,) = make_offers(turn.work, turn.firm, case, [_as_offer(turn, ruling)], "bot")
    move(turn.work, case, Transition.OFFER, "bot")
    choose(turn, case, offer)
    return True


def _has_words(turn: OpenTurn, kind: str) -> bool:
    return turn.firm.words.has(f"remedy.{kind}")


def _as_offer(turn: OpenTurn, ruling: WishRuling) -> RankedOffer:
    assert ruling.remedy is not None
    remedy, rule = ruling.remedy, ruling.rule
    return RankedOffer(
        (remedy,),
        Money(remedy.counts_minor, turn.firm.policy.currency),
        ruling.authority,
        rule.id if rule else NO_RULE,
        rule.approved_by if rule else "",
        remedy.counts_minor if remedy.kind in OUTCOME_REMEDIES else 0,
        timing_of([remedy]),
        Reason(ReasonKey.BY_WISH if rule else ReasonKey.WISH_FOR_PERSON),
        ruling.bound,
    )


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
