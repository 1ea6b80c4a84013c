"""What the local twins of the firm's systems keep: orders, vouchers, the refund ledger."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, func
from sqlalchemy.orm import Mapped, mapped_column, relationship

from store.tables.base import Base, BigId


class Order(Base):
    """An order as the merchant's system reported it last."""

    __tablename__ = "orders"
    __table_args__ = (CheckConstraint("total >= 0", name="total_not_negative"),)

    number: Mapped[str] = mapped_column(String(64), primary_key=True)
    phone_last4: Mapped[str | None] = mapped_column(String(4))
    placed_at: Mapped[datetime]
    promised_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    total: Mapped[int]  # minor units
    currency: Mapped[str] = mapped_column(String(3))
    items: Mapped[list[Any]]  # [{name, quantity, price}], price in minor units
    status: Mapped[str] = mapped_column(String(32))
    updated_at: Mapped[datetime]
    # When the guarantees must look at it: its facts have changed, or time alone may breach one; null for never.
    guarantees_due: Mapped[datetime | None] = mapped_column(index=True)

    identities: Mapped[list["OrderIdentity"]] = relationship(cascade="all, delete-orphan")


# Customers heed no capitals when they type a number.
Index("ix_orders_number_lower", func.lower(Order.number))


class OrderIdentity(Base):
    """An identity that the merchant says the order belongs to, written ``channel:external_id``."""

    __tablename__ = "order_identities"

    order_number: Mapped[str] = mapped_column(ForeignKey("orders.number"), primary_key=True)
    identity: Mapped[str] = mapped_column(String(300), primary_key=True, index=True)


class Voucher(Base):
    """A voucher code: issued once for a key, redeemed once."""

    __tablename__ = "vouchers"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    idempotency_key: Mapped[str] = mapped_column(String(64), unique=True)
    amount: Mapped[int]  # minor units
    currency: Mapped[str] = mapped_column(String(3))
    issued_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    redeemed_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]


class Shipment(Base):
    """A replacement on its way: made once for a key, cancelled until it has left."""

    __tablename__ = "shipments"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    reference: Mapped[str] = mapped_column(String(32), unique=True)
    idempotency_key: Mapped[str] = mapped_column(String(64), unique=True)
    order_number: Mapped[str] = mapped_column(ForeignKey("orders.number"), index=True)
    state: Mapped[str] = mapped_column(String(10), default="ordered")  # ordered, shipped, cancelled
    at: Mapped[datetime]


class RefundEntry(Base):
    """One line of the refund ledger: money that went back, once for a key."""

    __tablename__ = "refund_entries"
    __table_args__ = (CheckConstraint("amount > 0", name="amount_positive"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    reference: Mapped[str] = mapped_column(String(32), unique=True)
    idempotency_key: Mapped[str] = mapped_column(String(64), unique=True)
    order_number: Mapped[str] = mapped_column(ForeignKey("orders.number"), index=True)
    amount: Mapped[int]  # minor units
    currency: Mapped[str] = mapped_column(String(3))
    at: Mapped[datetime]
