"""A person makes amends by hand: within their authority at once, above it once somebody who may has agreed."""

from dataclasses import dataclass
from datetime import datetime, time

from sqlalchemy import func, select

from actions.account import NOT_GIVEN, authority_needed, granted_minor, lock_order
from actions.budgets import left_today
from actions.cases import focus_case, move, proved_order
from actions.firm import Firm
from actions.notifying import NotificationKind, notify
from actions.offering import withdraw_open_offers
from actions.promises import promise
from actions.remedies import describe_offer, grant
from actions.staff.access import AUTHORITY_OF_ROLE, DeedRefused, audit, covers, mine
from actions.staff.approvers import approvers
from actions.staff.talking import answer
from recovery.case_states import CaseState, Transition, can_follow
from recovery.failures import leading_category
from recovery.money import Money
from recovery.remedies import NEEDS_ORDER, WITH_AMOUNT, Authority, RemedyKind, RemedyTerm
from recovery.severity import Severity
from store.database import UnitOfWork
from store.tables import Case, Offer, Remedy, Staff

BY_HAND = "by-hand"
REASON_LENGTH = 500


@dataclass(frozen=True, slots=True)
class RemedyWish:
    """What somebody wants to grant.

    Attributes:
        amount: minor units of the firm's currency; None for a remedy without one.
    """

    kind: str
    amount: int | None


@dataclass(frozen=True, slots=True)
class Budget:
    """What a remedy does to what may be granted; all in minor units of one currency.

    Attributes:
        had: what this case, or any case about the same order, was granted before.
        cost: of the remedy.
        limit: how far the reader's own authority reaches for one complaint; None where they grant nothing.
        paid: for the order; None where none belongs to the customer.
        today: granted today by all, to anybody.
        today_own: granted today by the reader.
        budget_left: of today's budgets, the tighter one; None where none binds.
    """

    currency: str
    had: int
    cost: int
    limit: int | None
    paid: int | None
    today: int
    today_own: int
    budget_left: int | None = None

    @property
    def after(self) -> int:
        return self.had + self.cost

    @property
    def left(self) -> int | None:
        """Of the reader's limit, once granted; 0 where it goes beyond."""
        return None if self.limit is None else max(0, self.limit - self.after)


def kinds_by_hand(firm: Firm) -> list[str]:
    """The remedies that can be granted by hand: those that the firm has words for."""
    return [kind.value for kind in RemedyKind if firm.words.has(f"remedy.{kind}")]


def grant_by_hand(
    work: UnitOfWork,
    firm: Firm,
    staff: Staff,
    conversation_id: int,
    wish: RemedyWish,
    reason: str,
    shown_round: int | None = None,
) -> Offer:
    """Grant a remedy in one's own conversation; the customer is told at once.

    Within this person's authority it is granted now; above it, it waits for who may, and the customer hears by when.

    Args:
        shown_round: how many rounds of offers the person saw (``Case.offer_round``); a form that is sent twice grants
            once.

    Raises:
        DeedRefused: the conversation is not this person's, or their role grants nothing; there is no case, or another
            offer was made meanwhile; the remedy cannot be given, no reason is written, nobody's authority reaches so
            far, or the case's state does not allow it.
    """
    conversation = mine(work, staff, conversation_id)
    if staff.role not in AUTHORITY_OF_ROLE:
        raise DeedRefused("not_your_role")
    case = focus_case(work, conversation)
    if case is None:
        raise DeedRefused("no_case")
    if shown_round is not None and shown_round != case.offer_round:
        raise DeedRefused("granted_meanwhile")
    reason = reason.strip()[:REASON_LENGTH]
    if not reason:
        raise DeedRefused("grant_reason_missing")
    lock_order(work, firm, case)
    check_wish(work, firm, case, wish)
    if not is_possible(case):
        raise DeedRefused("not_possible_now")
    if case.state == CaseState.RESOLVED:
        # The person goes on with what was settled; nobody had to complain again.
        move(work, case, Transition.HAND_OVER, staff.login)
    withdraw_open_offers(work, case)
    offer = new_offer(work, firm, case, [wish], staff.login, reason)
    needed = authority_needed(work, firm, case, offer)
    if needed is Authority.NOBODY:
        raise DeedRefused("above_everyone")
    offer.authority = needed
    move(work, case, Transition.OFFER, staff.login)
    language = conversation.language or firm.file.language
    what = describe_offer(firm, language, offer)
    if covers(staff, needed):
        answer(work, firm, staff, conversation.id, firm.words.render(language, "offer.granted", what=what))
        grant(work, firm, conversation, case, offer, None, staff.login)
        audit(work, staff, "grant", case.number)
        return offer
    offer.state, offer.answered_at = "awaiting_approval", work.now
    move(work, case, Transition.AWAIT_APPROVAL, staff.login)
    due = firm.first_response_due(work.now, Severity(case.severity))
    promise(work, conversation, case, "approval", firm.words.render(language, "promise.approval"), due)
    words = firm.words.render(language, "offer.applied_for", what=what, due=firm.local(due))
    answer(work, firm, staff, conversation.id, words)
    notify(work, approvers(work, case, needed), NotificationKind.APPROVAL_WANTED, conversation, case)
    audit(work, staff, "apply_for_remedy", case.number)
    return offer


def is_possible(case: Case) -> bool:
    """Whether the case's state allows a remedy by hand: none is under way, and it is not closed."""
    return case.state == CaseState.RESOLVED or can_follow(CaseState(case.state), Transition.OFFER)


def check_wish(work: UnitOfWork, firm: Firm, case: Case, wish: RemedyWish) -> None:
    """See that a remedy can be given in this case; its order is locked.

    Raises:
        DeedRefused: ``unknown_remedy``, ``amount_missing``, ``amount_not_fitting``, ``order_needed`` where none belongs
            to the customer, ``more_than_paid``, ``other_currency``, ``above_everyone``.
    """
    if wish.kind not in kinds_by_hand(firm):
        raise DeedRefused("unknown_remedy")
    kind = RemedyKind(wish.kind)
    if kind in WITH_AMOUNT and not wish.amount:
        raise DeedRefused("amount_missing")
    if kind not in WITH_AMOUNT and wish.amount:
        raise DeedRefused("amount_not_fitting")
    if (wish.amount or 0) > max(firm.policy.limits.values()):
        raise DeedRefused("above_everyone")
    if kind not in NEEDS_ORDER:
        return
    order = proved_order(work, case)
    if order is None:
        raise DeedRefused("order_needed")
    if order.currency != firm.policy.currency:
        raise DeedRefused("other_currency")
    if kind is RemedyKind.REFUND:
        check_paid(work, case, wish.amount or 0)


def check_paid(work: UnitOfWork, case: Case, refund: int) -> None:
    """See that, as for the bot's own offers, what goes back for an order never exceeds what was paid.

    Args:
        refund: minor units; 0 where none is wished.

    Raises:
        DeedRefused: ``more_than_paid``.
    """
    order = proved_order(work, case)
    if order is not None and refund and refund + granted_minor(work, case) > order.total:
        raise DeedRefused("more_than_paid")


def new_offer(work: UnitOfWork, firm: Firm, case: Case, wishes: list[RemedyWish], login: str, reason: str) -> Offer:
    """An offer of its own round, licensed by the person who makes it."""
    currency = firm.policy.currency
    order = proved_order(work, case)
    paid = Money(order.total, order.currency) if order is not None and order.currency == currency else None
    counts = [wish.amount or RemedyTerm(RemedyKind(wish.kind)).priced(paid, currency).counts_minor for wish in wishes]
    cost = sum(counts)
    case.offer_round += 1
    offer = Offer(
        case_id=case.id,
        round=case.offer_round,
        position=1,
        remedies=[
            {"kind": wish.kind, "amount": wish.amount, "currency": currency, "counts": counted}
            for wish, counted in zip(wishes, counts, strict=True)
        ],
        cost=cost,
        currency=currency,
        authority=Authority.BOT,
        rule=BY_HAND,
        approved_by=login,
        reason=reason,
        made_at=work.now,
    )
    case.offers.append(offer)
    work.session.flush()
    return offer


def budget(work: UnitOfWork, firm: Firm, staff: Staff, case: Case, cost: int) -> Budget:
    """What granting ``cost`` in this case does to what may be granted, as ``staff`` sees it."""
    order = proved_order(work, case)
    start = datetime.combine(firm.local(work.now).date(), time(), firm.zone)
    today = select(func.coalesce(func.sum(Remedy.amount), 0)).where(
        Remedy.intended_at >= start, Remedy.state.not_in(NOT_GIVEN), Remedy.currency == firm.policy.currency
    )
    own = today.join(Offer, Offer.id == Remedy.offer_id).where(Offer.approved_by == staff.login)
    held = AUTHORITY_OF_ROLE.get(staff.role)
    return Budget(
        currency=firm.policy.currency,
        had=granted_minor(work, case),
        cost=cost,
        limit=firm.policy.limits[held] if held is not None else None,
        paid=order.total if order is not None and order.currency == firm.policy.currency else None,
        today=work.session.scalar(today) or 0,
        today_own=work.session.scalar(own) or 0,
        budget_left=left_today(work, firm, leading_category(case.categories, firm.like)).minor,
    )
