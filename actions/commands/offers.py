"""Put remedies to the customer, and grant what they choose."""

from collections.abc import Sequence
from typing import Any

from actions.account import lock_order, ruling_on
from actions.cases import get_fact, move, set_fact
from actions.commands.hand_over import hand_over
from actions.notifying import NotificationKind, notify
from actions.offering import (
    decide_for,
    declined_last,
    items_of,
    make_offers,
    offer_words,
    open_offers,
    put_back,
    rounds_put,
)
from actions.outcomes import dimensions_of, record
from actions.promises import promise
from actions.remedies import describe_offer, grant
from actions.staff.approvers import approvers
from actions.turns import OpenTurn
from actions.wish_rulings import with_wish
from recovery.call_back import find_phone
from recovery.case_states import CaseState, Transition
from recovery.control import HandOverReason
from recovery.decision import Decision, NothingToOffer, RankedOffer
from recovery.events import OfferAnswered
from recovery.remedies import BY_PEOPLE, Authority, RemedyKind
from recovery.severity import Severity
from store.tables import Case, Offer

# Two rounds of offers, then a person.
ROUNDS = 2


def make_offer(turn: OpenTurn, case: Case) -> None:
    """Propose what fits; hand over where the firm has nothing the bot can offer."""
    if case.state == CaseState.OFFERED and open_offers(turn.work, case):
        restate_offers(turn, case)
        return
    decision = decide_for(turn.work, turn.firm, case, case.wished_remedy)
    if not decision.offers:
        hand_over(turn, case, _why_none(turn, case, decision))
        return
    offers = with_wish(turn.work, turn.firm, case, decision.offers)
    # What was put before the customer said more still stands; it is no news.
    _offer(turn, case, offers, "offer.again" if _is_offered_again(case, offers) else "offer.intro")


def _is_offered_again(case: Case, ranked: Sequence[RankedOffer]) -> bool:
    """Whether the same was put before, and taken back without the customer's having answered."""
    before = [offer for offer in case.offers if offer.round == case.offer_round]
    same = [offer.remedies for offer in before] == [items_of(one.remedies, one.cost.currency) for one in ranked]
    return same and all(offer.state == "superseded" for offer in before)


def _why_none(turn: OpenTurn, case: Case, decision: Decision) -> HandOverReason:
    if decision.nothing is NothingToOffer.BUDGET_SPENT:
        return HandOverReason.BUDGET_SPENT
    # All that the rules allow was put to the customer, and would not do.
    return HandOverReason.OFFERS_DECLINED if rounds_put(turn.work, case) else HandOverReason.NO_REMEDY


def _offer(turn: OpenTurn, case: Case, ranked: Sequence[RankedOffer], key: str) -> None:
    make_offers(turn.work, turn.firm, case, ranked, "bot")
    move(turn.work, case, Transition.OFFER, "bot")
    _put(turn, case, key)


def offer_wish(turn: OpenTurn, case: Case, key: str = "offer.intro") -> bool:
    """Put the choices anew, the wished remedy first, where the rules for one of the failures have it.

    What was on offer counts as declined.

    Args:
        key: of the words around the choices.

    Returns:
        False, and nothing is said, where the wish cannot be given or the rounds are used up.
    """
    wished = case.wished_remedy
    if rounds_put(turn.work, case) >= ROUNDS:
        return False
    offers = with_wish(turn.work, turn.firm, case, decide_for(turn.work, turn.firm, case, wished).offers)
    if not any(remedy.kind == wished for offer in offers for remedy in offer.remedies):
        return False
    _decline_open(turn, case, "superseded")
    _offer(turn, case, offers, key)
    return True


def restate_offers(turn: OpenTurn, case: Case, key: str = "offer.again", **values: Any) -> None:
    """Put the open choices once more.

    Args:
        key: of the words around them, and ``values`` what those name.
    """
    _put(turn, case, key, **values)


def take_up(turn: OpenTurn, case: Case, declined: Offer) -> None:
    """The customer comes back to an offer that they had declined."""
    (offer,) = put_back(turn.work, case, [declined])
    move(turn.work, case, Transition.OFFER, "bot")
    choose(turn, case, offer)


def put_back_declined(turn: OpenTurn, case: Case) -> bool:
    """Somebody who declined everything would take something of it after all; whether there is something to put back."""
    declined = declined_last(case)
    if not declined:
        return False
    put_back(turn.work, case, declined)
    move(turn.work, case, Transition.OFFER, "bot")
    _put(turn, case, "offer.which")
    return True


def choose(turn: OpenTurn, case: Case, chosen: Offer) -> None:
    """The customer takes ``chosen``: within the bot's authority it is granted, above it a person is asked."""
    for offer in open_offers(turn.work, case):
        if offer.id != chosen.id:
            offer.state, offer.answered_at = "superseded", turn.work.now
    turn.ask_nothing()
    turn.is_decisive()
    _record_answer(turn, case, accepted=True)
    what = describe_offer(turn.firm, turn.language, chosen)
    lock_order(turn.work, turn.firm, case)
    ruling = ruling_on(turn.work, turn.firm, case, chosen)
    needed = max(ruling.authority, Authority(chosen.authority), key=list(Authority).index)
    chosen.authority = needed
    if needed is Authority.BOT:
        grant(turn.work, turn.firm, turn.conversation, case, chosen, turn.inbox.id, "bot")
        kinds = {remedy["kind"] for remedy in chosen.remedies}
        owed = [turn.firm.done_by(kind, turn.work.now) for kind in BY_PEOPLE & kinds]
        key = "offer.by_hand_accepted" if owed else "offer.accepted"
        if kinds & BY_PEOPLE == {RemedyKind.CALL_BACK}:
            key = "offer.call_back_accepted"
        turn.say(key, what=what, due=turn.local(max(owed, default=turn.work.now)))
        if RemedyKind.CALL_BACK in kinds and not _knows_number(turn, case):
            turn.say("ask.number")
        return
    if needed is Authority.NOBODY:
        # The order, or the customer, has received all that anyone may grant: said in so many words.
        chosen.state, chosen.answered_at = "refused", turn.work.now
        turn.say("offer.no_longer", what=what)
        hand_over(turn, case, HandOverReason.ABOVE_AUTHORITY)
        return
    chosen.state, chosen.answered_at = "awaiting_approval", turn.work.now
    move(turn.work, case, Transition.AWAIT_APPROVAL, "bot")
    due = turn.firm.first_response_due(turn.work.now, Severity(case.severity))
    promise(turn.work, turn.conversation, case, "approval", turn.text("promise.approval"), due)
    notify(turn.work, approvers(turn.work, case, needed), NotificationKind.APPROVAL_WANTED, turn.conversation, case)
    turn.say("offer.awaits_approval", what=what, due=turn.local(due))


def _knows_number(turn: OpenTurn, case: Case) -> bool:
    """Whether there is a number to call; one that stands in this message is kept."""
    said = turn.understanding.facts.phone or find_phone(turn.words)
    if said is not None:
        set_fact(turn.work, case, "phone", said)
    return said is not None or get_fact(case, "phone") is not None or case.customer.phone is not None


def decline(turn: OpenTurn, case: Case) -> None:
    """None of the choices will do: go as far as the rules leave room, else ask what would; then bring a person."""
    _decline_open(turn, case)
    if rounds_put(turn.work, case) >= ROUNDS:
        hand_over(turn, case, HandOverReason.OFFERS_DECLINED)
        return
    decision = decide_for(turn.work, turn.firm, case)
    if decision.offers:
        _offer(turn, case, decision.offers, "offer.second")
        return
    turn.say("ask.wish")
    turn.ask("wish")


def _decline_open(turn: OpenTurn, case: Case, state: str = "declined") -> None:
    for offer in open_offers(turn.work, case):
        offer.state, offer.answered_at = state, turn.work.now
    _record_answer(turn, case, accepted=False)
    move(turn.work, case, Transition.DECLINE, "bot")


def _record_answer(turn: OpenTurn, case: Case, accepted: bool) -> None:
    record(
        turn.work,
        OfferAnswered(
            case_number=case.number,
            at=turn.work.now,
            dimensions=dimensions_of(case),
            accepted=accepted,
            round=case.offer_round,
        ),
    )


def find_choice(turn: OpenTurn, case: Case) -> Offer | None:
    """The open offer that the message means: by number, by the remedy's name, or the only one there is."""
    return _named(turn, open_offers(turn.work, case))


def find_declined(turn: OpenTurn, case: Case) -> Offer | None:
    """The same among what was declined last."""
    return _named(turn, declined_last(case))


def _named(turn: OpenTurn, offers: list[Offer]) -> Offer | None:
    facts = turn.understanding.facts
    if facts.choice is not None:
        return next((offer for offer in offers if offer.position == facts.choice), None)
    if facts.wished_remedy is not None:
        return next((o for o in offers if facts.wished_remedy in {r["kind"] for r in o.remedies}), None)
    return offers[0] if len(offers) == 1 else None


def _put(turn: OpenTurn, case: Case, key: str, **values: Any) -> None:
    offers = open_offers(turn.work, case)
    text, buttons = offer_words(turn.firm, turn.language, offers, key, **values)
    turn.add(text, buttons)
    turn.is_decisive()
    turn.ask("offer", options=[offer.remedies[0]["kind"] for offer in offers])
