"""Grant a remedy, carry it out once, and say so (design.md section 2, line 8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

from sqlalchemy import select

from actions.cases import get_fact, move
from actions.connectors.errors import ConnectorError
from actions.connectors.refunds import Refunds
from actions.connectors.vouchers import Vouchers
from actions.firm import Firm
from actions.outcomes import dimensions_of, record
from actions.promises import promise
from actions.timers import TimerKind, set_timer
from recovery.case_states import CaseState, Transition
from recovery.events import RemedyExecuted
from recovery.money import Money
from recovery.remedies import NEEDS_ORDER, Authority, RemedyKind
from store.database import UnitOfWork
from store.tables import Case, Conversation, Offer, Order, Remedy
from store.tables.base import readable_number

# Remedies that another system carries out; they never run inside a turn.
REMOTE = frozenset({RemedyKind.REFUND, RemedyKind.VOUCHER})


@dataclass(frozen=True, slots=True)
class Connectors:
    """The systems that carry out remedies."""

    refunds: Refunds
    vouchers: Vouchers


def describe_offer(firm: Firm, language: str, offer: Offer) -> str:
    """The remedies of an offer in a line, as the customer reads them."""
    parts = []
    for remedy in offer.remedies:
        amount = Money(remedy["amount"], remedy["currency"]) if remedy["amount"] is not None else None
        parts.append(firm.words.render(language, f"remedy.{remedy['kind']}", amount=amount))
    return reduce(lambda one, other: firm.words.render(language, "offer.both", one=one, other=other), parts)


def granted_minor(work: UnitOfWork, case: Case) -> int:
    """What this case, those that went into it, or any case about the same order, was granted so far, in minor units."""
    return granted_to(work, [case])[case.id]


def lock_order(work: UnitOfWork, case: Case) -> None:
    """Hold the case's order until the unit of work ends.

    Two complaints about one order could otherwise both count on the same room below a limit.
    """
    number = get_fact(case, "order_number")
    if number is not None:
        work.session.execute(select(Order.number).where(Order.number == number).with_for_update())


def granted_to(work: UnitOfWork, cases: Sequence[Case]) -> dict[int, int]:
    """As :func:`granted_minor` for many cases at once, by case id."""
    orders = {case.id: number for case in cases if (number := get_fact(case, "order_number"))}
    families = _families(work, [case.id for case in cases])
    rows = work.session.execute(
        select(Remedy.case_id, Remedy.order_number, Remedy.amount).where(
            Remedy.case_id.in_(set().union(*families.values())) | Remedy.order_number.in_(set(orders.values())),
            Remedy.state != "failed",
        )
    ).all()
    return {
        case.id: sum(
            amount
            for case_id, order_number, amount in rows
            if case_id in families[case.id] or (case.id in orders and order_number == orders[case.id])
        )
        for case in cases
    }


def _families(work: UnitOfWork, case_ids: Sequence[int]) -> dict[int, set[int]]:
    """Case id → the case and those that went into it, also by way of others."""
    families = {case_id: {case_id} for case_id in case_ids}
    level = set(case_ids)
    while level:
        below = work.session.execute(select(Case.id, Case.merged_into_id).where(Case.merged_into_id.in_(level))).all()
        for case_id, into in below:
            for family in families.values():
                if into in family:
                    family.add(case_id)
        level = {case_id for case_id, _ in below}
    return families


def authority_needed(work: UnitOfWork, firm: Firm, case: Case, offer: Offer, granted: int | None = None) -> Authority:
    """Who may grant the offer now: other complaints about the order may have used up what was free when it was made.

    Args:
        granted: what :func:`granted_minor` gives, where it is known already.
    """
    now = firm.policy.authority_to_grant(offer.cost, granted_minor(work, case) if granted is None else granted)
    return max(now, Authority(offer.authority), key=list(Authority).index)


def grant(
    work: UnitOfWork, firm: Firm, conversation: Conversation, case: Case, offer: Offer, inbox_id: str | None, by: str
) -> None:
    """Grant an accepted offer: what costs nothing happens now, the rest is intended and carried out by a timer.

    An offer is granted once: the store refuses a second remedy of one kind from it.
    """
    offer.state, offer.answered_at = "accepted", work.now
    move(work, case, Transition.ACCEPT, by)
    language = case.language
    for item in offer.remedies:
        kind = RemedyKind(item["kind"])
        remedy = Remedy(
            case_id=case.id,
            offer_id=offer.id,
            kind=kind,
            amount=item["amount"] or 0,
            currency=item["currency"],
            order_number=get_fact(case, "order_number") if kind in NEEDS_ORDER else None,
            intended_at=work.now,
        )
        case.remedies.append(remedy)
        work.session.flush()
        if kind in REMOTE:
            key = f"remedy:{remedy.id}"
            set_timer(work, TimerKind.EXECUTE_REMEDY, key, work.now, conversation, case, remedy.id, inbox_id=inbox_id)
        elif kind is RemedyKind.CALL_BACK:
            # Executed when the call was made: until then it is owed.
            due = firm.due(work.now, firm.file.call_back_within)
            promise(work, conversation, case, "call_back", firm.words.render(language, "promise.call_back"), due)
        else:
            executed(work, case, remedy, readable_number("RM", 2))
    resolve_if_done(work, firm, conversation, case, by)


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
    # What failed in an earlier round was made good by the latest one.
    latest = case.remedies[-1].offer_id
    if any(r.state == "intended" or (r.state == "failed" and r.offer_id == latest) for r in case.remedies):
        return False
    move(work, case, Transition.RESOLVE, by)
    plan_follow_up(work, firm, conversation, case)
    return True


def plan_follow_up(work: UnitOfWork, firm: Firm, conversation: Conversation, case: Case) -> None:
    """After a resolution: ask how content the customer is, and close the case when nothing more comes."""
    follow_up = work.now + firm.file.follow_up_after
    set_timer(work, TimerKind.FOLLOW_UP, f"follow_up:{case.id}:{work.now.isoformat()}", follow_up, conversation, case)
    close = work.now + firm.file.close_after
    set_timer(work, TimerKind.CLOSE_CASE, f"close:{case.id}:{work.now.isoformat()}", close, conversation, case)


def carry_out(connectors: Connectors, remedy: Remedy) -> str:
    """Have the other system do it; called outside any transaction, any number of times with the same effect.

    Returns:
        The reference.

    Raises:
        ConnectorError: it could not be done.
    """
    amount = Money(remedy.amount, remedy.currency)
    if remedy.kind == RemedyKind.REFUND:
        if remedy.order_number is None:
            raise ConnectorError("a refund without an order", permanent=True)
        return connectors.refunds.refund(remedy.idempotency_key, remedy.order_number, amount)
    if remedy.kind == RemedyKind.VOUCHER:
        return connectors.vouchers.issue(remedy.idempotency_key, amount)
    raise ConnectorError(f"nothing carries out a {remedy.kind}", permanent=True)
