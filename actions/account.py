"""What was granted before, and who may therefore grant what now (recovery.authority)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from actions.budgets import left_today, lock_budgets
from actions.cases import get_fact
from actions.firm import Firm
from recovery.authority import RISING, Account, Ruling
from recovery.failures import leading_category
from recovery.money import Money
from recovery.remedies import Authority, ProposedRemedy, RemedyKind
from store.database import UnitOfWork
from store.tables import Case, Customer, Identity, Offer, Order, OrderIdentity, Remedy

# Remedies in these states were not given in the end.
NOT_GIVEN = ("failed", "reversed")


def granted_minor(work: UnitOfWork, case: Case) -> int:
    """What this case, those that went into it, or any case about the same order, was granted so far, in minor units."""
    return granted_to(work, [case])[case.id]


def granted_to(work: UnitOfWork, cases: Sequence[Case]) -> dict[int, int]:
    """As :func:`granted_minor` for many cases at once, by case id."""
    orders = {case.id: number for case in cases if (number := get_fact(case, "order_number"))}
    families = _families(work, [case.id for case in cases])
    rows = work.session.execute(
        select(Remedy.case_id, Remedy.order_number, Remedy.amount).where(
            Remedy.case_id.in_(set().union(*families.values())) | Remedy.order_number.in_(set(orders.values())),
            Remedy.state.not_in(NOT_GIVEN),
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


def lock_order(work: UnitOfWork, firm: Firm, case: Case) -> None:
    """Hold what the limits of a case count by until the unit of work ends: its order, its customer, today's budgets.

    Two complaints could otherwise both count on the same room below a limit. Whoever locks them does so in this order.
    Who has just opened a case holds a key share of its customer: two who do must not wait for each other.
    """
    number = get_fact(case, "order_number")
    if number is not None:
        # As it stands by now: the merchant may have corrected it since it was read.
        order = select(Order).where(Order.number == number).with_for_update(key_share=True, of=Order)
        work.session.scalars(order.execution_options(populate_existing=True)).first()
    customer = select(Customer.id).where(Customer.id == case.customer_id)
    work.session.execute(customer.with_for_update(key_share=True))
    lock_budgets(work, firm, leading_category(case.categories, firm.like))


def account_of(work: UnitOfWork, firm: Firm, case: Case) -> Account:
    """The account of a case as it stands now."""
    return accounts_of(work, firm, [case])[case.id]


def accounts_of(work: UnitOfWork, firm: Firm, cases: Sequence[Case]) -> dict[int, Account]:
    """As :func:`account_of` for many cases at once, by case id."""
    bounds = firm.policy.bounds
    customers = {case.customer_id for case in cases}
    granted = granted_to(work, cases)
    within = _granted_to_customers(work, customers, work.now - bounds.customer_window)
    lately = _granted_to_customers(work, customers, work.now - bounds.unlisted_window)
    unfounded = _counted_by_customer(
        work,
        select(Case.customer_id, func.count(Case.id))
        .where(
            Case.customer_id.in_(customers),
            Case.valid.is_(False),
            Case.opened_at >= work.now - bounds.unfounded_window,
        )
        .group_by(Case.customer_id),
    )
    listed = listed_among(work, cases)
    left = {
        category: left_today(work, firm, category)
        for category in {leading_category(case.categories, firm.like) for case in cases}
    }
    return {
        case.id: Account(
            granted_minor=granted[case.id],
            customer_minor=within.get(case.customer_id, 0),
            listed=case.id in listed,
            unlisted_minor=lately.get(case.customer_id, 0),
            unfounded=unfounded.get(case.customer_id, 0),
            budget_left_minor=left[leading_category(case.categories, firm.like)].minor,
        )
        for case in cases
    }


def _granted_to_customers(work: UnitOfWork, customers: set[int], since: datetime) -> dict[int, int]:
    return _counted_by_customer(
        work,
        select(Case.customer_id, func.sum(Remedy.amount))
        .join(Remedy, Remedy.case_id == Case.id)
        .where(Case.customer_id.in_(customers), Remedy.intended_at >= since, Remedy.state.not_in(NOT_GIVEN))
        .group_by(Case.customer_id),
    )


def _counted_by_customer(work: UnitOfWork, statement: Any) -> dict[int, int]:
    return {customer: int(count or 0) for customer, count in work.session.execute(statement)}


def listed_among(work: UnitOfWork, cases: Sequence[Case]) -> set[int]:
    """Ids of the cases whose order the merchant lists with their customer, and of those that are about no order."""
    orders = {case.id: number for case in cases if (number := get_fact(case, "order_number"))}
    customer_of = {case.id: case.customer_id for case in cases}
    rows = work.session.execute(
        select(OrderIdentity.order_number, Identity.customer_id)
        .join(Identity, OrderIdentity.identity == Identity.channel + ":" + Identity.external_id)
        .where(
            OrderIdentity.order_number.in_(set(orders.values())),
            Identity.customer_id.in_(set(customer_of.values())),
        )
    )
    found = {(number, customer) for number, customer in rows}
    return {case.id for case in cases if case.id not in orders or (orders[case.id], customer_of[case.id]) in found}


def remedies_of(offer: Offer) -> tuple[ProposedRemedy, ...]:
    """The remedies of an offer as the rules see them."""
    return tuple(
        ProposedRemedy(
            RemedyKind(item["kind"]),
            None if item["amount"] is None else Money(item["amount"], item["currency"]),
            counts_minor(item),
        )
        for item in offer.remedies
    )


def counts_minor(item: Mapping[str, Any]) -> int:
    """What a remedy of an offer counts for against every limit; offers from before say it by their amount alone."""
    return int(item.get("counts", item["amount"] or 0))


def ruling_on(work: UnitOfWork, firm: Firm, case: Case, offer: Offer, account: Account | None = None) -> Ruling:
    """Who may grant the offer now, and which limit made it so.

    Args:
        account: of the case, where it is known already.
    """
    number = get_fact(case, "order_number")
    order = work.session.get(Order, number) if number else None
    total = Money(order.total, order.currency) if order is not None else None
    account = account or account_of(work, firm, case)
    if firm.policy.is_owed(offer.rule):
        account = replace(account, budget_left_minor=None)
    return firm.policy.rule_on(remedies_of(offer), account, total)


def authority_needed(
    work: UnitOfWork, firm: Firm, case: Case, offer: Offer, account: Account | None = None
) -> Authority:
    """Who may grant the offer now: other complaints may have used up what was free when it was made."""
    now = ruling_on(work, firm, case, offer, account).authority
    return max(now, Authority(offer.authority), key=[*RISING, Authority.NOBODY].index)
