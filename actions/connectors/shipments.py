"""Replacements: the goods sent once more, ordered once for a key, cancelled until they have left."""

from typing import Protocol

from sqlalchemy import Select, select

from actions.connectors.errors import ConnectorError
from store.database import Database
from store.tables import Order, Shipment
from store.tables.base import readable_number


class Shipments(Protocol):
    def order(self, key: str, order_number: str) -> str:
        """Have the goods of an order sent once more; the reference of the shipment, the same one for the same key.

        Raises:
            ConnectorError: they cannot be sent.
        """
        ...

    def cancel(self, key: str, reference: str) -> None:
        """Take a shipment back before it leaves; again for the same shipment changes nothing.

        Raises:
            ConnectorError: it has left, or there is none.
        """
        ...


class ShipmentTwin:
    """Replacement shipments kept in the store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def order(self, key: str, order_number: str) -> str:
        with self._database.begin() as work:
            # Replacements of one order stand in line: one on its way at a time.
            order = work.session.scalars(select(Order).where(Order.number == order_number).with_for_update()).first()
            known = work.session.scalars(select(Shipment).where(Shipment.idempotency_key == key)).first()
            if known is not None:
                return known.reference
            if order is None:
                raise ConnectorError("there is no such order", permanent=True)
            waiting = select(Shipment.id).where(Shipment.order_number == order_number, Shipment.state == "ordered")
            if work.session.scalars(waiting).first() is not None:
                raise ConnectorError("a replacement for this order waits to be sent already", permanent=True)
            shipment = Shipment(
                reference=readable_number("RS", 2), idempotency_key=key, order_number=order_number, at=work.now
            )
            work.session.add(shipment)
            work.commit()
            return shipment.reference

    def cancel(self, key: str, reference: str) -> None:
        with self._database.begin() as work:
            shipment = work.session.scalars(_by_reference(reference)).first()
            if shipment is None:
                raise ConnectorError("there is no such shipment", permanent=True)
            if shipment.state == "shipped":
                raise ConnectorError("the shipment has left", permanent=True)
            shipment.state = "cancelled"
            work.commit()

    def ship(self, reference: str) -> bool:
        """Note that a shipment has left; False where there is none waiting."""
        with self._database.begin() as work:
            shipment = work.session.scalars(_by_reference(reference)).first()
            if shipment is None or shipment.state != "ordered":
                return False
            shipment.state = "shipped"
            work.commit()
            return True


def _by_reference(reference: str) -> Select[Shipment]:
    return select(Shipment).where(Shipment.reference == reference).with_for_update()
