"""What bounds and licenses the amends that are made: budgets, proofs, guarantees, what experience taught."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from store.tables.base import Base, BigId


class BudgetDay(Base):
    """What was granted on a day of the firm's zone, for a category and, under the empty one, in all."""

    __tablename__ = "budget_days"
    __table_args__ = (CheckConstraint("spent >= 0", name="spent_not_negative"),)

    day: Mapped[date] = mapped_column(primary_key=True)
    category: Mapped[str] = mapped_column(String(64), primary_key=True)
    spent: Mapped[int] = mapped_column(BigId, default=0)  # minor units of the firm's currency


class OrderProofFailure(Base):
    """Somebody named an order and could not prove that it is theirs; whether there is such an order or not."""

    __tablename__ = "order_proof_failures"
    __table_args__ = (Index("ix_order_proof_failures_order_number_at", "order_number", "at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    order_number: Mapped[str] = mapped_column(String(64))
    conversation_id: Mapped[int] = mapped_column(BigId)
    at: Mapped[datetime]


class GuaranteePayment(Base):
    """That a guarantee was breached by what is on file about an order, and paid; once for each."""

    __tablename__ = "guarantee_payments"
    __table_args__ = (
        UniqueConstraint("guarantee", "order_number"),
        Index(
            "ix_guarantee_payments_noticed",
            "order_number",
            sqlite_where=text("state = 'noticed'"),
            postgresql_where=text("state = 'noticed'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    guarantee: Mapped[str] = mapped_column(String(64))
    order_number: Mapped[str] = mapped_column(String(64))
    # noticed (nobody can be reached yet), paid, waiting (for a person to confirm it), covered (all that was paid for
    # the order has gone back already)
    state: Mapped[str] = mapped_column(String(8), default="noticed")
    happening: Mapped[str] = mapped_column(String(24))  # a key of recovery.guarantees
    breached_at: Mapped[datetime]
    case_id: Mapped[int | None] = mapped_column(BigId, index=True)
    offer_id: Mapped[int | None] = mapped_column(BigId, index=True)
    noticed_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


class RemedyExperience(Base):
    """How often remedies offered together were accepted, and how many of the customers came back."""

    __tablename__ = "remedy_experience"
    __table_args__ = (UniqueConstraint("remedies", "band", "category", "tier"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    remedies: Mapped[str] = mapped_column(String(100))  # kinds in alphabetical order, joined by "+"
    band: Mapped[str] = mapped_column(String(16))  # how much was offered, as recovery.value parts it
    category: Mapped[str] = mapped_column(String(64))
    tier: Mapped[str] = mapped_column(String(16))
    offered: Mapped[int] = mapped_column(default=0)
    accepted: Mapped[int] = mapped_column(default=0)
    foreseen_accepted: Mapped[float] = mapped_column(default=0.0)  # how many of these, by the priors
    followed: Mapped[int] = mapped_column(default=0)  # settled long enough ago to tell whether the customer came back
    retained: Mapped[int] = mapped_column(default=0)
    foreseen_retained: Mapped[float] = mapped_column(default=0.0)
    as_of: Mapped[datetime]
