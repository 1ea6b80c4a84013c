"""Put remedies to the customer, and grant what they choose."""

from sqlalchemy import select

from actions.cases import move, proved_order
from actions.commands.hand_over import hand_over
from actions.notifying import NotificationKind, notify
from actions.outcomes import dimensions_of, record
from actions.promises import promise
from actions.remedies import authority_needed, describe_offer, grant, granted_minor, lock_order
from actions.staff.approvers import approvers
from actions.turns import OpenTurn
from recovery.case_states import CaseState, Transition
from recovery.control import HandOverReason
from recovery.events import OfferAnswered
from recovery.money import Money
from recovery.remedies import Authority, ProposedOffer, propose
from recovery.severity import Severity
from store.database import UnitOfWork
from store.tables import Case, Offer

# Two rounds of offers, then a person.
ROUNDS = 2


def make_offer(turn: OpenTurn, case: Case) -> None:
    """Propose what fits; hand over where the firm has nothing the bot can offer."""
    if case.state == CaseState.OFFERED and open_offers(turn.work, case):
        restate_offers(turn, case)
        return
    proposals = _proposals(turn, case)
    if not proposals:
        hand_over(turn, case, HandOverReason.NO_REMEDY)
        return
    case.offer_round += 1
    for position, proposal in enumerate(proposals, 1):
        case.offers.append(_offer(turn, case, position, proposal))
    turn.work.session.flush()
    move(turn.work, case, Transition.OFFER, "bot")
    _put(turn, case, "offer.intro_single" if len(proposals) == 1 else "offer.intro")


def offer_wish(turn: OpenTurn, case: Case) -> bool:
    """Put the choices anew, the wished remedy first, where the rules for one of the failures have it.

    What was on offer counts as declined.

    Returns:
        False, and nothing is said, where the wish cannot be given or the rounds are used up.
    """
    wished = case.wished_remedy
    if case.offer_round >= ROUNDS or not any(
        remedy.kind == wished for proposal in _proposals(turn, case) for remedy in proposal.remedies
    ):
        return False
    _decline_open(turn, case)
    make_offer(turn, case)
    return True


def _proposals(turn: OpenTurn, case: Case) -> tuple[ProposedOffer, ...]:
    order = proved_order(turn.work, case)
    return propose(
        turn.firm.policy,
        case.categories,
        Severity(case.severity),
        Money(order.total, order.currency) if order else None,
        granted_minor(turn.work, case),
        case.wished_remedy,
    )


def restate_offers(turn: OpenTurn, case: Case) -> None:
    """Put the open choices once more."""
    _put(turn, case, "offer.again")


def open_offers(work: UnitOfWork, case: Case) -> list[Offer]:
    """The choices the customer has now, as shown."""
    statement = select(Offer).where(Offer.case_id == case.id, Offer.state == "open").order_by(Offer.position)
    return list(work.session.scalars(statement))


def withdraw_open_offers(work: UnitOfWork, case: Case) -> None:
    """Take back what is on offer, without the customer's having answered."""
    for offer in open_offers(work, case):
        offer.state, offer.answered_at = "superseded", work.now


def choose(turn: OpenTurn, case: Case, chosen: Offer) -> None:
    """The customer takes ``chosen``: within the bot's authority it is granted, above it a person is asked."""
    for offer in open_offers(turn.work, case):
        if offer.id != chosen.id:
            offer.state, offer.answered_at = "superseded", turn.work.now
    turn.ask_nothing()
    _record_answer(turn, case, accepted=True)
    what = describe_offer(turn.firm, turn.language, chosen)
    lock_order(turn.work, case)
    needed = authority_needed(turn.work, turn.firm, case, chosen)
    chosen.authority = needed
    if needed is Authority.BOT:
        grant(turn.work, turn.firm, turn.conversation, case, chosen, turn.inbox.id, "bot")
        kinds = {remedy["kind"] for remedy in chosen.remedies}
        key = "offer.call_back_accepted" if "call_back" in kinds else "offer.accepted"
        turn.say(key, what=what, due=turn.local(turn.firm.due(turn.work.now, turn.firm.file.call_back_within)))
        return
    if needed is Authority.NOBODY:
        # The order has received all that anyone may grant.
        chosen.state, chosen.answered_at = "refused", turn.work.now
        hand_over(turn, case, HandOverReason.ABOVE_AUTHORITY)
        return
    chosen.state, chosen.answered_at = "awaiting_approval", turn.work.now
    move(turn.work, case, Transition.AWAIT_APPROVAL, "bot")
    due = turn.firm.first_response_due(turn.work.now, Severity(case.severity))
    promise(turn.work, turn.conversation, case, "approval", turn.text("promise.approval"), due)
    notify(turn.work, approvers(turn.work, case, needed), NotificationKind.APPROVAL_WANTED, turn.conversation, case)
    turn.say("offer.awaits_approval", what=what, due=turn.local(due))


def decline(turn: OpenTurn, case: Case) -> None:
    """None of the choices will do: ask what would, and after the second round bring a person."""
    _decline_open(turn, case)
    if case.offer_round >= ROUNDS:
        hand_over(turn, case, HandOverReason.OFFERS_DECLINED)
        return
    turn.say("ask.wish")
    turn.ask("wish")


def _decline_open(turn: OpenTurn, case: Case) -> None:
    for offer in open_offers(turn.work, case):
        offer.state, offer.answered_at = "declined", turn.work.now
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
    offers = open_offers(turn.work, case)
    facts = turn.understanding.facts
    if facts.choice is not None:
        return next((offer for offer in offers if offer.position == facts.choice), None)
    if facts.wished_remedy is not None:
        return next((o for o in offers if facts.wished_remedy in {r["kind"] for r in o.remedies}), None)
    return offers[0] if len(offers) == 1 else None


def _offer(turn: OpenTurn, case: Case, position: int, proposal: ProposedOffer) -> Offer:
    currency = proposal.cost.currency
    return Offer(
        case_id=case.id,
        round=case.offer_round,
        position=position,
        remedies=[
            {"kind": r.kind.value, "amount": r.amount.minor if r.amount else None, "currency": currency}
            for r in proposal.remedies
        ],
        cost=proposal.cost.minor,
        currency=currency,
        authority=proposal.authority,
        rule=proposal.rule,
        approved_by=proposal.approved_by,
        reason=turn.text("offer.reason", failure=turn.firm.category_name(case.categories[0], turn.language)),
        made_at=turn.work.now,
    )


def _put(turn: OpenTurn, case: Case, key: str) -> None:
    offers = open_offers(turn.work, case)
    texts = [describe_offer(turn.firm, turn.language, offer) for offer in offers]
    buttons = [
        {"title": text, "payload": str(number)}
        if len(texts) > 1
        else {"title": turn.text("button.accept"), "payload": turn.text("button.accept")}
        for number, text in enumerate(texts, 1)
    ]
    buttons.append({"title": turn.text("button.decline"), "payload": turn.text("button.decline")})
    turn.say(key, buttons=buttons, offers=texts)
    turn.ask("offer", options=[offer.remedies[0]["kind"] for offer in offers])
