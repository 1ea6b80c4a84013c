"""Grant remedies, and settle the case once all of them were carried out (actions/carrying_out.py does that)."""

from functools import reduce

from actions.account import NOT_GIVEN, counts_minor
from actions.budgets import charge
from actions.case_facts import granted_last
from actions.cases import get_fact, move
from actions.firm import Firm
from actions.outcomes import dimensions_of, record
from actions.promises import promise
from actions.timers import TimerKind, set_timer
from recovery.case_states import CaseState, Transition
from recovery.events import RemedyExecuted
from recovery.failures import leading_category
from recovery.money import Money
from recovery.remedies import BY_PEOPLE, NEEDS_ORDER, RemedyKind
from store.database import UnitOfWork
from store.tables import Case, Conversation, Offer, Remedy
from store.tables.base import readable_number

# Remedies that another system carries out; they never run inside a turn. Of one offer in this order: first a voucher,
# whose code nobody knows until all is done, then goods, which can be kept back until they leave, and last money, which
# cannot be taken back.
ORDER_OF_REMOTE = (RemedyKind.VOUCHER, RemedyKind.REPLACEMENT, RemedyKind.REFUND)
REMOTE = frozenset(ORDER_OF_REMOTE)


def describe_offer(firm: Firm, language: str, offer: Offer) -> str:
    """The remedies of an offer in a line, as the customer reads them."""
    parts = []
    for remedy in offer.remedies:
        amount = Money(remedy["amount"], remedy["currency"]) if remedy["amount"] is not None else None
        parts.append(firm.words.render(language, f"remedy.{remedy['kind']}", amount=amount))
    return reduce(lambda one, other: firm.words.render(language, "offer.both", one=one, other=other), parts)


def confirmation(firm: Firm, language: str, remedy: Remedy) -> str:
    """A remedy that was carried out, as the customer is told of it."""
    return firm.words.render(
        language,
        f"done.{remedy.kind}",
        amount=Money(remedy.amount, remedy.currency),
        reference=remedy.reference,
        order=remedy.order_number,
        until=firm.local(remedy.valid_until or (remedy.intended_at + firm.file.voucher_valid)),
    )


def grant(
    work: UnitOfWork, firm: Firm, conversation: Conversation, case: Case, offer: Offer, inbox_id: str | None, by: str
) -> None:
    """Grant an accepted offer: what costs nothing happens now, the rest is intended and carried out by a timer.

    An offer is granted once: the store refuses a second remedy of one kind from it.
    """
    offer.state, offer.answered_at = "accepted", work.now
    move(work, case, Transition.ACCEPT, by)
    hand_out(work, firm, conversation, case, offer, inbox_id, by)
    resolve_if_done(work, firm, conversation, case, by)


def hand_out(
    work: UnitOfWork,
    firm: Firm,
    conversation: Conversation,
    case: Case,
    offer: Offer,
    inbox_id: str | None,
    by: str = "timer",
) -> None:
    """As :func:`grant`, beside whatever else goes on in the case: its state stays (a guarantee pays in a complaint)."""
    offer.state, offer.answered_at = "accepted", work.now
    category = leading_category(case.categories, firm.like)
    day = charge(work, firm, category, offer.cost)
    if day is not None:
        offer.decision = {**offer.decision, "charged": {"day": day.isoformat(), "category": category}}
    language = case.language
    for item in offer.remedies:
        kind = RemedyKind(item["kind"])
        remedy = Remedy(
            case_id=case.id,
            offer_id=offer.id,
            kind=kind,
            amount=counts_minor(item),
            currency=item["currency"],
            order_number=get_fact(case, "order_number") if kind in NEEDS_ORDER else None,
            intended_at=work.now,
        )
        case.remedies.append(remedy)
        work.session.flush()
        if kind in BY_PEOPLE:
            # Executed when somebody has done it and says so: until then it is owed.
            promised = firm.words.render(language, f"promise.{kind}")
            promise(work, conversation, case, kind, promised, firm.done_by(kind, work.now), by=by)
        elif kind not in REMOTE:
            executed(work, case, remedy, readable_number("RM", 2))
    _begin(work, conversation, case, offer, inbox_id)


def _begin(work: UnitOfWork, conversation: Conversation, case: Case, offer: Offer, inbox_id: str | None) -> None:
    """Have the first of what other systems carry out done now; each has the next one done after it."""
    remote = [remedy for remedy in case.remedies if remedy.offer_id == offer.id and remedy.kind in REMOTE]
    for remedy in sorted(remote, key=lambda one: ORDER_OF_REMOTE.index(RemedyKind(one.kind)))[:1]:
        key = f"remedy:{remedy.id}"
        set_timer(work, TimerKind.EXECUTE_REMEDY, key, work.now, conversation, case, remedy.id, inbox_id=inbox_id)


def executed(work: UnitOfWork, case: Case, remedy: Remedy, reference: str) -> None:
    """Note that a remedy was carried out."""
    remedy.state, remedy.reference, remedy.executed_at = "executed", reference, work.now
    record(
        work,
        RemedyExecuted(
            case_number=case.number,
            at=work.now,
            dimensions=dimensions_of(case),
            remedy=remedy.kind,
            amount_minor=remedy.amount,
            currency=remedy.currency,
            reference=reference,
        ),
    )


def resolve_if_done(work: UnitOfWork, firm: Firm, conversation: Conversation, case: Case, by: str) -> bool:
    """Resolve a case whose granted remedies have all been carried out, and plan the follow-up.

    Returns:
        Whether it was resolved just now.
    """
    if case.state != CaseState.REMEDYING or not case.remedies:
        return False
    round_of = {offer.id: offer.round for offer in case.offers}
    last = granted_last([(remedy.offer_id, round_of[remedy.offer_id]) for remedy in case.remedies])
    if any(r.state == "intended" or (r.state in NOT_GIVEN and r.offer_id in last) for r in case.remedies):
        return False
    move(work, case, Transition.RESOLVE, by)
    plan_follow_up(work, firm, conversation, case)
    return True


def plan_follow_up(work: UnitOfWork, firm: Firm, conversation: Conversation, case: Case) -> None:
    """After a resolution: ask how content the customer is, and close the case when nothing more comes."""
    follow_up = work.now + firm.file.follow_up_after
    # Whom a guarantee paid without their having said a word is left in peace.
    if case.origin != "guarantee" or case.complained_at is not None:
        key = f"follow_up:{case.id}:{work.now.isoformat()}"
        set_timer(work, TimerKind.FOLLOW_UP, key, follow_up, conversation, case)
    close = work.now + firm.file.close_after
    set_timer(work, TimerKind.CLOSE_CASE, f"close:{case.id}:{work.now.isoformat()}", close, conversation, case)
