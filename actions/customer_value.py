"""Reckon anew what customers are worth, and the tiers that follow (:mod:`recovery.customer_value`).

An order counts for those with whose identity the merchant lists it; one that is listed with nobody, for the customer
who proved it first in a complaint. Customers who went into another have their identities and complaints there, and
count there.

Open complaints keep the tier with which they were opened: nothing about them has changed, and whoever works on one must
not find its severity and due times moved overnight. Set by hand a tier holds for them at once
(:mod:`actions.staff.customers`), since then a person means it.

Bounded memory: customers are looked at in chunks; of each only number and value are kept until all are known.
Idempotent: done twice, or stopped anywhere and begun again, it comes to the same.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Select, case, exists, func, literal, select, union_all
from sqlalchemy.orm import aliased

from actions.firm import Firm
from recovery.customer_value import CustomerTier, TierLines, draw_lines
from store.database import Database, UnitOfWork
from store.tables import Case, Customer, Fact, Identity, Order, OrderIdentity, RefundEntry, Remedy

CHUNK = 500
# So many customers are done, of so many.
Progress = Callable[[int, int], None]
# Bits of what is kept of a customer beside the value.
_NEW, _BOUGHT = 1, 2


@dataclass(frozen=True, slots=True)
class Moved:
    """How many customers went from one tier to another."""

    before: str
    after: str
    customers: int


@dataclass(frozen=True, slots=True)
class TiersReckoned:
    """What came out.

    Attributes:
        customers: how many were looked at.
        value: of all of them together, in minor units of ``currency``.
        lines: where the lines were drawn; None where nobody bought anything: then all tiers stay.
        tiers: how many belong to each by their value.
        moved: who changed; what was set by hand stays.
        by_hand: how many have their tier by hand.
        other_currency: orders within the window that do not count, since they were paid in another currency.
    """

    as_of: datetime
    currency: str
    customers: int
    value: int
    lines: TierLines | None
    tiers: dict[str, int]
    moved: tuple[Moved, ...]
    by_hand: int
    other_currency: int


class Reckoning:
    """One reckoning, step by step, so that a worker lets others write between its chunks.

    ``read_chunk`` until it says that there is no more, ``draw``, then ``write_chunk`` until likewise, then ``result``.
    """

    def __init__(self, firm: Firm, as_of: datetime) -> None:
        self.firm, self.as_of = firm, as_of
        self._parts: list[np.ndarray] = []
        self._rows = np.empty((0, 3), dtype=np.int64)
        self._last_id = self._written = 0
        self._moved: Counter[tuple[str, str]] = Counter()
        self._tiers: Counter[str] = Counter()
        self._by_hand = self._other_currency = 0
        self.lines: TierLines | None = None
        self.customers = 0

    def read_chunk(self, work: UnitOfWork) -> bool:
        """Reckon the value of the next customers; False where there are none."""
        statement = _live(select(Customer.id)).where(Customer.id > self._last_id).order_by(Customer.id).limit(CHUNK)
        ids = [int(each) for each in work.session.scalars(statement)]
        if not ids:
            return False
        self._last_id = ids[-1]
        found = {row.customer_id: row for row in work.session.execute(_values(self.firm, ids, self.as_of))}
        new_since = self.as_of - self.firm.tiers.new_for
        part = np.zeros((len(ids), 3), dtype=np.int64)
        for number, customer_id in enumerate(ids):
            row = found.get(customer_id)
            part[number, 0] = customer_id
            if row is not None:
                part[number, 1] = row.value
                if row.first_at is not None:
                    part[number, 2] = _BOUGHT | (_NEW if row.first_at >= new_since else 0)
                self._other_currency += row.other_currency
        self._parts.append(part)
        self.customers += len(ids)
        return True

    def draw(self) -> None:
        """Draw the lines through the values of all."""
        if self._parts:
            self._rows = np.concatenate(self._parts)
        values, numbers = np.unique(self._rows[:, 1], return_counts=True)
        worth = ((int(value), int(number)) for value, number in zip(values[::-1], numbers[::-1], strict=True))
        self.lines = draw_lines(worth, self.firm.tiers.tier_shares)

    def write_chunk(self, work: UnitOfWork, dry_run: bool = False) -> bool:
        """Keep value and tier of the next customers, and count who moves; False where there are none.

        Args:
            dry_run: only count.
        """
        rows = self._rows[self._written : self._written + CHUNK]
        if not len(rows):
            return False
        self._written += len(rows)
        known = select(Customer).where(Customer.id.in_([int(row[0]) for row in rows])).order_by(Customer.id)
        if not dry_run:
            # A tier that a person is setting at this moment is waited for, and stays.
            known = known.with_for_update(of=Customer).execution_options(populate_existing=True)
        customers = {customer.id: customer for customer in work.session.scalars(known)}
        for customer_id, value, bits in ((int(row[0]), int(row[1]), int(row[2])) for row in rows):
            customer = customers.get(customer_id)
            if customer is None or customer.erased_at is not None or customer.merged_into_id is not None:
                continue  # gone meanwhile
            reckoned = self._tier(value, bits)
            if not dry_run:
                customer.value, customer.value_as_of, customer.reckoned_tier = value, self.as_of, reckoned
            if reckoned is not None:
                self._tiers[reckoned] += 1
            if customer.tier_set_by is not None:
                self._by_hand += 1
            elif reckoned is not None and customer.tier != reckoned:
                self._moved[customer.tier, reckoned] += 1
                if not dry_run:
                    customer.tier = reckoned
        return True

    def result(self) -> TiersReckoned:
        """What came out, once all is written."""
        return TiersReckoned(
            as_of=self.as_of,
            currency=self.firm.file.currency,
            customers=self.customers,
            value=int(self._rows[:, 1].sum()),
            lines=self.lines,
            tiers={tier.value: self._tiers[tier] for tier in CustomerTier},
            moved=tuple(Moved(before, after, number) for (before, after), number in sorted(self._moved.items())),
            by_hand=self._by_hand,
            other_currency=self._other_currency,
        )

    def _tier(self, value: int, bits: int) -> str | None:
        """By their value; who never bought anything is regular, since nothing speaks against them."""
        if self.lines is None:
            return None
        if not bits & _BOUGHT:
            return CustomerTier.REGULAR.value
        return self.lines.tier_of(value, is_new=bool(bits & _NEW)).value


def reckon_tiers(
    database: Database, firm: Firm, *, dry_run: bool = False, progress: Progress | None = None
) -> TiersReckoned:
    """Reckon values and tiers of all customers anew.

    Args:
        dry_run: say what would come out, and keep nothing.
        progress: told after each chunk, reading and writing being half of the way each.
    """
    with database.reading() as work:
        total = work.session.scalar(_live(select(func.count(Customer.id)))) or 0
    reckoning = Reckoning(firm, database.clock())
    for done in _until_no_more(lambda: _read(database, reckoning)):
        if progress:
            progress(min(done, total), 2 * total)
    reckoning.draw()
    for done in _until_no_more(lambda: _write(database, reckoning, dry_run)):
        if progress:
            progress(total + min(done, total), 2 * total)
    return reckoning.result()


def _until_no_more(step: Callable[[], bool]) -> Iterator[int]:
    done = 0
    while step():
        done += CHUNK
        yield done


def _read(database: Database, reckoning: Reckoning) -> bool:
    with database.reading() as work:
        return reckoning.read_chunk(work)


def _write(database: Database, reckoning: Reckoning, dry_run: bool) -> bool:
    with database.reading() if dry_run else database.begin() as work:
        more = reckoning.write_chunk(work, dry_run)
        if not dry_run:
            work.commit()
        return more


def _live(statement: Select[int]) -> Select[int]:
    return statement.where(Customer.merged_into_id.is_(None), Customer.erased_at.is_(None))


def _values(firm: Firm, customer_ids: list[int], as_of: datetime) -> Select[Any]:
    """By customer: value within the window, when they bought first, how many orders were paid in other currencies."""
    owned = _owned(customer_ids).subquery()
    excluded = [status.lower() for status in firm.tiers.excluded_statuses]
    bought = (func.lower(Order.status).not_in(excluded)) & (Order.placed_at <= as_of)
    counts = bought & (Order.placed_at > as_of - firm.tiers.window)
    own_currency = Order.currency == firm.file.currency
    back = _paid_back()
    net = case((Order.total > back, Order.total - back), else_=0)
    return (
        select(
            owned.c.customer_id,
            func.sum(case((counts & own_currency, net), else_=0)).label("value"),
            func.min(case((bought & own_currency, Order.placed_at))).label("first_at"),
            func.sum(case((counts & ~own_currency, 1), else_=0)).label("other_currency"),
        )
        .join(Order, Order.number == owned.c.order_number)
        .group_by(owned.c.customer_id)
    )


def _owned(customer_ids: list[int]) -> Select[Any]:
    """Whose order is whose, each once."""
    listed = (
        select(Identity.customer_id.label("customer_id"), OrderIdentity.order_number.label("order_number"))
        .join(OrderIdentity, OrderIdentity.identity == Identity.channel + literal(":") + Identity.external_id)
        .where(Identity.customer_id.in_(customer_ids))
    )
    earlier, earlier_fact = aliased(Case), aliased(Fact)
    proved_before = (
        exists()
        .where(earlier_fact.case_id == earlier.id, earlier_fact.key == "order_number")
        .where(earlier_fact.value == Fact.value, earlier.order_proved, earlier.id < Case.id)
    )
    proved = (
        select(Case.customer_id.label("customer_id"), Fact.value.label("order_number"))
        .join(Fact, (Fact.case_id == Case.id) & (Fact.key == "order_number"))
        .where(Case.customer_id.in_(customer_ids), Case.order_proved)
        .where(~exists().where(OrderIdentity.order_number == Fact.value), ~proved_before)
    )
    both = union_all(listed, proved).subquery()
    return select(both.c.customer_id, both.c.order_number).distinct()


def _paid_back() -> ColumnElement[int]:
    """What went back for an order: by the ledger, and by the merchant's own system, where that pays."""
    by_ledger = select(func.coalesce(func.sum(RefundEntry.amount), 0)).where(RefundEntry.order_number == Order.number)
    in_ledger = exists().where(RefundEntry.idempotency_key == Remedy.idempotency_key)
    elsewhere = select(func.coalesce(func.sum(Remedy.amount), 0)).where(
        Remedy.order_number == Order.number, Remedy.kind == "refund", Remedy.state == "executed", ~in_ledger
    )
    return by_ledger.correlate(Order).scalar_subquery() + elsewhere.correlate(Order).scalar_subquery()
