"""Refunds: money that goes back to the customer, once for a key and never more than was paid."""

from typing import Protocol

from sqlalchemy import func, select

from actions.connectors.errors import ConnectorError
from recovery.money import Money
from store.database import Database
from store.tables import Order, RefundEntry
from store.tables.base import readable_number


class Refunds(Protocol):
    def refund(self, key: str, order_number: str, amount: Money) -> str:
        """Pay back; the reference of the payment, the same one for the same key.

        Raises:
            ConnectorError: it could not be paid.
        """
        ...


class RefundTwin:
    """A refund ledger kept in the store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def refund(self, key: str, order_number: str, amount: Money) -> str:
        with self._database.begin() as work:
            # Refunds of one order stand in line, so that their sum is never more than was paid.
            order = work.session.scalars(select(Order).where(Order.number == order_number).with_for_update()).first()
            known = work.session.scalars(select(RefundEntry).where(RefundEntry.idempotency_key == key)).first()
            if known is not None:
                return known.reference
            if order is None:
                raise ConnectorError("there is no such order", permanent=True)
            if order.currency != amount.currency:
                raise ConnectorError("the order was paid in another currency", permanent=True)
            paid_back = work.session.scalar(
                select(func.coalesce(func.sum(RefundEntry.amount), 0)).where(RefundEntry.order_number == order_number)
            )
            if (paid_back or 0) + amount.minor > order.total:
                raise ConnectorError("more would go back than was paid", permanent=True)
            entry = RefundEntry(
                reference=readable_number("RF", 2),
                idempotency_key=key,
                order_number=order_number,
                amount=amount.minor,
                currency=amount.currency,
                at=work.now,
            )
            work.session.add(entry)
            work.commit()
            return entry.reference
