"""Orders: what the customer bought, and whether it is theirs."""

import hmac
from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from sqlalchemy import func, select

from actions.connectors.reported import ReportedOrder
from recovery.money import Money
from store.database import UnitOfWork
from store.tables import Order, OrderIdentity


class Orders(Protocol):
    """What the rules ask of an order system; read within a turn, so an answer must be at hand."""

    def belongs_to(self, number: str, identity: str) -> bool:
        """Whether the order is listed with ``identity`` (``channel:id``)."""
        ...

    def belongs_to_one(self, number: str, identities: Iterable[str]) -> bool:
        """Whether the order is listed with one of the names that one customer has."""
        ...

    def is_proved_by(self, number: str, phone_last4: str) -> bool:
        """Whether the order exists and its phone ends in these four digits."""
        ...

    def total(self, number: str) -> Money | None:
        """What was paid, or None where there is no such order."""
        ...


class OrderLookUp(Protocol):
    """Where orders are looked up that the store does not have; asked before a turn, never within one."""

    def find(self, number: str) -> ReportedOrder | None:
        """The order as the merchant has it now, or None where there is none.

        Raises:
            ConnectorError: the merchant could not be asked.
        """
        ...


class OrderTwin:
    """Orders as imported into the store."""

    def __init__(self, work: UnitOfWork) -> None:
        self._session = work.session

    def belongs_to(self, number: str, identity: str) -> bool:
        return self._session.get(OrderIdentity, (number, identity)) is not None

    def numbers_like(self, number: str) -> list[str]:
        """The numbers of orders that are ``number`` but for capitals, itself first.

        Customers and staff heed no capitals, and the bot hears none; a merchant's numbers may differ by them.
        """
        if number.lower() == number.upper():
            return [number] if self._session.get(Order, number) is not None else []
        found = self._session.scalars(select(Order.number).where(func.lower(Order.number) == number.lower()))
        return sorted(found, key=lambda one: (one != number, one))

    def as_on_file(self, number: str) -> str:
        """The number as the order's own is written, or as it is where there is no such order."""
        return next(iter(self.numbers_like(number)), number)

    def belongs_to_one(self, number: str, identities: Iterable[str]) -> bool:
        return any(self.belongs_to(number, identity) for identity in identities)

    def is_proved_by(self, number: str, phone_last4: str) -> bool:
        order = self._session.get(Order, number)
        on_file = order.phone_last4 if order and order.phone_last4 else ""
        # The same time for a wrong guess as for an order that does not exist.
        return hmac.compare_digest(on_file.ljust(4, "x"), phone_last4.ljust(4, "y")) and on_file != ""

    def total(self, number: str) -> Money | None:
        order = self._session.get(Order, number)
        return Money(order.total, order.currency) if order else None


def upsert_order(
    work: UnitOfWork,
    *,
    number: str,
    identities: list[str] | None,
    phone_last4: str | None,
    placed_at: datetime,
    promised_at: datetime | None,
    delivered_at: datetime | None,
    total: int,
    currency: str,
    items: list[dict[str, object]],
    status: str,
) -> None:
    """Keep an order as the merchant reports it now; what it reported before is replaced.

    Args:
        identities: whom the order belongs to; None leaves what was known.
        total: minor units.
    """
    order = work.session.scalars(select(Order).where(Order.number == number).with_for_update()).first()
    if order is None:
        order = Order(number=number)
        work.session.add(order)
    order.phone_last4 = phone_last4
    order.placed_at, order.promised_at, order.delivered_at = placed_at, promised_at, delivered_at
    order.total, order.currency, order.items, order.status = total, currency, items, status
    order.updated_at = order.guarantees_due = work.now
    if identities is not None:
        known = {link.identity: link for link in order.identities}
        order.identities = [known.get(name) or OrderIdentity(identity=name) for name in dict.fromkeys(identities)]
    work.session.flush()
