"""What is on file about orders, as the guarantees ask for it (recovery.guarantees)."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select

from recovery.clocks import ClockKind
from recovery.guarantees import OrderFacts
from recovery.money import Money
from store.database import UnitOfWork
from store.erasing import slices
from store.tables import Case, CaseClock, Fact, Order, Promise


def facts_of(work: UnitOfWork, orders: Sequence[Order]) -> dict[str, OrderFacts]:
    """The facts about orders, by number.

    Of our own clocks and promises those count that were missed or broken in cases where the order was proved.
    """
    numbers = [order.number for order in orders]
    missed: dict[str, datetime] = {}
    broken: dict[str, datetime] = {}
    for part in slices(numbers):
        about = (
            (Fact.case_id == Case.id)
            & (Fact.key == "order_number")
            & Fact.value.in_(part)
            & Case.order_proved.is_(True)
        )
        clocks = (
            select(Fact.value, func.min(CaseClock.missed_at))
            .join(Case, Case.id == Fact.case_id)
            .join(CaseClock, CaseClock.case_id == Case.id)
            .where(about, CaseClock.kind == ClockKind.FIRST_RESPONSE, CaseClock.missed_at.is_not(None))
            .group_by(Fact.value)
        )
        promises = (
            select(Fact.value, func.min(Promise.settled_at))
            .join(Case, Case.id == Fact.case_id)
            .join(Promise, Promise.case_id == Case.id)
            .where(about, Promise.state == "broken")
            .group_by(Fact.value)
        )
        missed |= {number: at for number, at in work.session.execute(clocks) if at is not None}
        broken |= {number: at for number, at in work.session.execute(promises) if at is not None}
    return {
        order.number: OrderFacts(
            number=order.number,
            placed_at=order.placed_at,
            total=Money(order.total, order.currency),
            status=order.status,
            promised_at=order.promised_at,
            delivered_at=order.delivered_at,
            first_response_missed_at=missed.get(order.number),
            promise_broken_at=broken.get(order.number),
        )
        for order in orders
    }
