"""Who bought when: orders of the customers behind cases, and customers who have been silent for longer than usual."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from sqlalchemy import Select, select

from analytics.roll_up import slices
from analytics.statistics.customers import CustomerDrift, DriftingCustomers, drifting_customers
from analytics.statistics.result import Result
from analytics.surroundings import Surroundings
from store.database import UnitOfWork
from store.tables import Customer, Identity, Order, OrderIdentity

_FETCH = 2_000
_AT_ONCE = 5_000
NAMED = 100


@dataclass(frozen=True, slots=True)
class Drifting(Result):
    """Customers who are drifting away, least likely silence first.

    Attributes:
        found: their number; those named are the first of them.
        named: by public id.
        tiers: of those named.
    """

    until: date
    level: float
    least_visits: int
    judged: int
    false_alarms: float
    too_few_visits: int
    found: int
    named: tuple[CustomerDrift, ...]
    tiers: dict[str, str]


def orders_of(work: UnitOfWork, customers: Sequence[int]) -> dict[int, list[datetime]]:
    """When the customers, by id, placed orders; sorted."""
    found: dict[int, list[datetime]] = {}
    for part in slices(customers):
        for row in work.session.execute(_orders().where(Identity.customer_id.in_(part))):
            found.setdefault(row.customer_id, []).append(row.placed_at)
    return found


def drifting(work: UnitOfWork, around: Surroundings, today: date) -> Drifting | None:
    """Who buys regularly and has not come for longer than their own rhythm explains; None where nobody ever bought.

    Customers are read in a stream and judged some thousands at a time.
    """
    judged = too_few = found = 0
    drifts: list[CustomerDrift] = []
    last: DriftingCustomers | None = None
    for visits in _visits(work, around.zone, today):
        around.go_on()
        last = drifting_customers({str(customer): days for customer, days in visits.items()}, today)
        judged, too_few, found = judged + last.judged, too_few + last.too_few_visits, found + len(last.drifting)
        drifts = sorted([*drifts, *last.drifting], key=lambda drift: drift.chance)[:NAMED]
    if last is None:
        return None
    columns = select(Customer.id, Customer.public_id, Customer.tier)
    people = {
        str(row.id): row
        for part in slices([int(drift.customer) for drift in drifts])
        for row in work.session.execute(columns.where(Customer.id.in_(part)))
    }
    named = tuple(replace(drift, customer=people[drift.customer].public_id) for drift in drifts)
    tiers = {row.public_id: row.tier for row in people.values()}
    return Drifting(today, last.level, last.least_visits, judged, last.level * judged, too_few, found, named, tiers)


def _visits(work: UnitOfWork, zone: ZoneInfo, today: date) -> Iterator[dict[int, list[date]]]:
    rows = work.session.execute(_orders().execution_options(yield_per=_FETCH))
    visits: dict[int, list[date]] = {}
    for customer, group in groupby(rows, key=lambda row: row.customer_id):
        days = [row.placed_at.astimezone(zone).date() for row in group]
        visits[customer] = [day for day in days if day <= today]
        if len(visits) == _AT_ONCE:
            yield visits
            visits = {}
    if visits:
        yield visits


def _orders() -> Select[int, datetime]:
    public = Identity.channel + ":" + Identity.external_id
    return (
        select(Identity.customer_id, Order.placed_at)
        .join(OrderIdentity, OrderIdentity.identity == public)
        .join(Order, Order.number == OrderIdentity.order_number)
        .order_by(Identity.customer_id, Order.placed_at)
    )
