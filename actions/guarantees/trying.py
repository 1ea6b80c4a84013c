"""Try a guarantee on the orders on file: how often it would have been breached, and what it would have paid."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

from sqlalchemy import func, select

from actions.account import NOT_GIVEN
from actions.firm import Firm
from actions.guarantees.facts import facts_of
from recovery.guarantees import Guarantee, OrderFacts, breach_of, covers, payment
from recovery.remedies import cost_of
from store.database import UnitOfWork
from store.tables import Fact, GuaranteePayment, Offer, Order, Remedy

_PAGE = 1000


@dataclass
class Trial:
    """A guarantee on past orders, as if it had been in force when they were placed. Amounts in minor units.

    Attributes:
        orders: on file, in the firm's currency, that it would have been about.
        turnover: what was paid for those.
        breaches: by happening.
        paid: what they would have been paid, on top of what they received otherwise.
        covered: breaches that would have paid nothing, since all had gone back.
        complained: breaches whose customers complained about the order; the others would have been paid unasked.
        months: number of breaches and what they would have been paid, by month of the breach (``2026-11``).
    """

    orders: int = 0
    turnover: int = 0
    breaches: Counter[str] = field(default_factory=Counter)
    paid: int = 0
    covered: int = 0
    complained: int = 0
    months: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def all_breaches(self) -> int:
        return sum(self.breaches.values())

    @property
    def cost_percent(self) -> float:
        """What it would have paid, in percent of turnover; S2's fourth caution asks for it."""
        return 100 * self.paid / self.turnover if self.turnover else 0.0


def try_on_past_orders(work: UnitOfWork, firm: Firm, guarantee: Guarantee) -> Trial:
    """Read all orders on file, in pages; nothing is changed.

    The days on which orders must have been placed, and whether it is live, do not matter here.
    """
    always = replace(guarantee, placed_from=date.min, placed_until=None, live=True, switched_off_on=None)
    trial, after = Trial(), ""
    while True:
        page = list(
            work.session.scalars(
                select(Order)
                .where(Order.number > after, Order.currency == firm.policy.currency)
                .order_by(Order.number)
                .limit(_PAGE)
            )
        )
        facts = facts_of(work, page)
        granted = _granted(work, guarantee.key, list(facts))
        named = _complained_about(work, list(facts))
        for number, known in facts.items():
            if covers(always, known, firm.zone):
                trial.orders += 1
                trial.turnover += known.total.minor
                _count(trial, firm, always, known, granted.get(number, 0), number in named, work.now)
        if len(page) < _PAGE:
            return trial
        after = page[-1].number


def _count(
    trial: Trial, firm: Firm, guarantee: Guarantee, order: OrderFacts, granted: int, complained: bool, now: datetime
) -> None:
    breach = breach_of(guarantee, order, now, firm.zone)
    if breach is None:
        return
    cost = cost_of(payment(guarantee, order.total, granted, firm.policy.limits, firm.policy.bounds))
    trial.breaches[breach.happening] += 1
    trial.paid += cost
    trial.covered += not cost
    trial.complained += complained
    month = f"{firm.local(breach.at.astimezone(UTC)):%Y-%m}"
    number, paid = trial.months.get(month, (0, 0))
    trial.months[month] = (number + 1, paid + cost)


def _granted(work: UnitOfWork, key: str, numbers: list[str]) -> dict[str, int]:
    """What the orders received otherwise than by this guarantee."""
    own = select(GuaranteePayment.offer_id).where(
        GuaranteePayment.guarantee == key, GuaranteePayment.offer_id.is_not(None)
    )
    statement = (
        select(Remedy.order_number, func.sum(Remedy.amount))
        .join(Offer, Offer.id == Remedy.offer_id)
        .where(Remedy.order_number.in_(numbers), Remedy.state.not_in(NOT_GIVEN), Offer.id.not_in(own))
        .group_by(Remedy.order_number)
    )
    return {number: int(amount or 0) for number, amount in work.session.execute(statement) if number is not None}


def _complained_about(work: UnitOfWork, numbers: list[str]) -> set[str]:
    return set(
        work.session.scalars(select(Fact.value).where(Fact.key == "order_number", Fact.value.in_(numbers)).distinct())
    )
