"""Pay breached guarantees: once for a guarantee and an order, whoever notices the breach first and however often.

The conversation is locked first, then the order, then the customer. What a breach pays is one offer outside all rounds
(round 0), accepted from the start: the published promise is what licenses it, and who approved it is on the offer.
Above the bot's limit a person confirms first. Facts that are corrected later never take anything back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from actions.account import NOT_GIVEN, account_of, granted_minor, lock_order
from actions.case_facts import UNASKED_ROUND
from actions.cases import move
from actions.firm import Firm
from actions.guarantees.facts import facts_of
from actions.notifying import NotificationKind, notify
from actions.offering import items_of, withdraw_open_offers
from actions.proactive import open_proactive_case
from actions.remedies import grant, hand_out
from actions.staff.approvers import approvers
from actions.words.catalogue import LANGUAGES
from recovery.case_states import UNSETTLED, CaseState, Transition, can_follow
from recovery.guarantees import Breach, breaches, payment, who_confirms
from recovery.money import Money
from recovery.remedies import Authority, ProposedRemedy, cost_of
from store.database import UnitOfWork
from store.tables import Case, Conversation, Fact, GuaranteePayment, Offer, Order, Remedy


class Outcome(StrEnum):
    PAID = "paid"
    WAITING = "waiting"  # for a person to confirm it
    COVERED = "covered"  # all that was paid for the order has gone back already
    LATER = "later"  # the case is at a point where nobody can be asked; it is tried again


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a breach just now. ``offer`` and ``case`` are None where nothing was granted."""

    breach: Breach
    outcome: Outcome
    payment: GuaranteePayment
    case: Case | None = None
    offer: Offer | None = None


def pay_in_case(
    work: UnitOfWork, firm: Firm, conversation: Conversation, case: Case, order_number: str, inbox_id: str | None
) -> list[Settled]:
    """Pay what guarantees owe for the order of a complaint that the customer has proved, beside whatever else goes on.

    Args:
        conversation: locked.
        inbox_id: of the message whose turn it is, if any.
    """
    if firm.guarantees.guarantees == []:
        return []
    lock_order(work, firm, case)
    settled = []
    for breach in breaches_of(work, firm, order_number):
        claimed = _claim(work, breach)
        if claimed is None:
            continue
        order = work.session.get_one(Order, order_number)
        remedies = _worth(work, firm, breach, order, granted_minor(work, case))
        if not remedies:
            settled.append(_cover(work, breach, claimed))
            continue
        settled.append(_grant(work, firm, conversation, case, breach, claimed, remedies, inbox_id, is_own=False))
    return settled


def pay_unasked(work: UnitOfWork, firm: Firm, conversation: Conversation, order_number: str) -> list[Settled]:
    """Pay what guarantees owe for an order that the merchant lists with the conversation's identity.

    Where a complaint about the order is open there, it is paid in that; else in a case that the firm opens itself.

    Args:
        conversation: locked.
    """
    complaint = _open_case_about(work, conversation, order_number)
    if complaint is not None:
        return pay_in_case(work, firm, conversation, complaint, order_number, None)
    work.session.execute(select(Order.number).where(Order.number == order_number).with_for_update(key_share=True))
    settled = []
    for breach in breaches_of(work, firm, order_number):
        claimed = _claim(work, breach)
        if claimed is None:
            continue
        order = work.session.get_one(Order, order_number)
        remedies = _worth(work, firm, breach, order, _granted_for(work, order_number))
        if not remedies:
            settled.append(_cover(work, breach, claimed))
            continue
        category = breach.guarantee.category
        case = open_proactive_case(work, firm, conversation, "guarantee", category, order_number)
        lock_order(work, firm, case)
        settled.append(_grant(work, firm, conversation, case, breach, claimed, remedies, None, is_own=True))
    return settled


def notice(work: UnitOfWork, firm: Firm, order_number: str) -> int:
    """Keep in mind what guarantees owe for an order whose customer cannot be reached; nothing is paid yet.

    Returns:
        How many breaches were noticed just now.
    """
    return sum(_claim(work, breach) is not None for breach in breaches_of(work, firm, order_number))


def breaches_of(work: UnitOfWork, firm: Firm, order_number: str) -> Sequence[Breach]:
    """The guarantees that are breached for an order by now; none for one that was paid in another currency."""
    order = work.session.get(Order, order_number, populate_existing=True)
    if order is None or order.currency != firm.policy.currency:
        return ()
    return breaches(firm.guarantees.rules, facts_of(work, [order])[order.number], work.now, firm.zone)


def _claim(work: UnitOfWork, breach: Breach) -> GuaranteePayment | None:
    """The row that says that a breach is paid, held until the unit of work ends; None where it was settled before."""
    of_it = select(GuaranteePayment).where(
        GuaranteePayment.guarantee == breach.guarantee.key, GuaranteePayment.order_number == breach.order_number
    )
    held = of_it.with_for_update().execution_options(populate_existing=True)
    found = work.session.scalars(held).first()
    if found is None:
        found = GuaranteePayment(
            guarantee=breach.guarantee.key,
            order_number=breach.order_number,
            happening=breach.happening,
            breached_at=breach.at,
            noticed_at=work.now,
        )
        try:
            with work.session.begin_nested():
                work.session.add(found)
                work.session.flush()
        except IntegrityError:
            # Another process noticed it at this moment, and has committed by now.
            found = work.session.scalars(held).one()
    return found if found.state == "noticed" else None


def _worth(work: UnitOfWork, firm: Firm, breach: Breach, order: Order, granted: int) -> tuple[ProposedRemedy, ...]:
    policy = firm.policy
    return payment(breach.guarantee, Money(order.total, order.currency), granted, policy.limits, policy.bounds)


def _cover(work: UnitOfWork, breach: Breach, claimed: GuaranteePayment) -> Settled:
    claimed.state, claimed.settled_at = Outcome.COVERED, work.now
    work.session.flush()
    return Settled(breach, Outcome.COVERED, claimed)


def _grant(
    work: UnitOfWork,
    firm: Firm,
    conversation: Conversation,
    case: Case,
    breach: Breach,
    claimed: GuaranteePayment,
    remedies: Sequence[ProposedRemedy],
    inbox_id: str | None,
    is_own: bool,
) -> Settled:
    """Grant the payment, or have it wait for who may confirm it.

    Args:
        is_own: the case was opened for nothing else: it goes the way of all cases with it.
    """
    authority = _who_confirms(work, firm, case, remedies)
    if authority is not Authority.BOT and not can_follow(CaseState(case.state), Transition.OFFER):
        return Settled(breach, Outcome.LATER, claimed, case)
    offer = _offer(work, firm, case, breach, remedies, authority)
    claimed.case_id, claimed.offer_id, claimed.settled_at = case.id, offer.id, work.now
    if authority is not Authority.BOT:
        withdraw_open_offers(work, case)
        offer.state = "open"
        move(work, case, Transition.OFFER, "bot")
        offer.state, offer.answered_at = "awaiting_approval", work.now
        move(work, case, Transition.AWAIT_APPROVAL, "bot")
        notify(work, approvers(work, case, authority), NotificationKind.APPROVAL_WANTED, conversation, case)
        claimed.state = Outcome.WAITING
    else:
        if is_own:
            offer.state = "open"
            move(work, case, Transition.OFFER, "bot")
            grant(work, firm, conversation, case, offer, inbox_id, "bot")
        else:
            hand_out(work, firm, conversation, case, offer, inbox_id)
        claimed.state = Outcome.PAID
    work.session.flush()
    return Settled(breach, Outcome(claimed.state), claimed, case, offer)


def _who_confirms(work: UnitOfWork, firm: Firm, case: Case, remedies: Sequence[ProposedRemedy]) -> Authority:
    policy, account = firm.policy, account_of(work, firm, case)
    unlisted = None
    if not account.listed and policy.bounds.unlisted_minor is not None:
        unlisted = max(0, policy.bounds.unlisted_minor - account.unlisted_minor)
    return who_confirms(remedies, account.granted_minor, policy.limits, policy.bounds, unlisted)


def _offer(
    work: UnitOfWork,
    firm: Firm,
    case: Case,
    breach: Breach,
    remedies: Sequence[ProposedRemedy],
    authority: Authority,
) -> Offer:
    guarantee = breach.guarantee
    published = firm.guarantees.of(guarantee.key)
    reasons = {
        language: firm.words.render(
            language, "guarantee.reason", name=published.name.in_language(language) if published else guarantee.key
        )
        for language in LANGUAGES
    }
    before = work.session.scalar(
        select(func.count(Offer.id)).where(Offer.case_id == case.id, Offer.round == UNASKED_ROUND)
    )
    offer = Offer(
        case_id=case.id,
        round=UNASKED_ROUND,
        position=(before or 0) + 1,
        remedies=items_of(remedies, firm.policy.currency),
        cost=cost_of(remedies),
        currency=firm.policy.currency,
        authority=authority,
        state="accepted",
        rule=guarantee.key,
        approved_by=guarantee.approved_by,
        reason=reasons[case.language],
        reasons=reasons,
        decision={"by": "guarantee", "happening": str(breach.happening), "at": breach.at.isoformat()},
        made_at=work.now,
        answered_at=work.now,
    )
    case.offers.append(offer)
    work.session.flush()
    return offer


def _granted_for(work: UnitOfWork, order_number: str) -> int:
    """What was granted for an order before, in minor units; ``granted_minor`` where there is a case."""
    statement = select(func.coalesce(func.sum(Remedy.amount), 0)).where(
        Remedy.order_number == order_number, Remedy.state.not_in(NOT_GIVEN)
    )
    return work.session.scalar(statement) or 0


def _open_case_about(work: UnitOfWork, conversation: Conversation, order_number: str) -> Case | None:
    about = select(Fact.case_id).where(Fact.key == "order_number", Fact.value == order_number)
    statement = select(Case).where(
        Case.conversation_id == conversation.id,
        Case.order_proved.is_(True),
        Case.state.in_(UNSETTLED),
        Case.id.in_(about),
    )
    return work.session.scalars(statement.order_by(Case.id.desc())).first()
