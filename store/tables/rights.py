"""What customers asked us to do with their data."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from store.tables.base import Base, BigId, unguessable


class ErasureRequest(Base):
    """That a person asked to be erased: done at once, or when the law and their open business allow it.

    Once it is done the row says nothing of the person: the customer it points to is an empty stand-in.
    """

    __tablename__ = "erasure_requests"
    __table_args__ = (
        Index(
            "ix_erasure_requests_waiting",
            "not_before",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(32), unique=True, default=unguessable)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    asked_by: Mapped[str] = mapped_column(String(64))  # a login, or what acted by itself
    asked_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(10), default="waiting")  # waiting, done, withdrawn
    not_before: Mapped[datetime | None]  # null: not known before what is open has ended
    done_at: Mapped[datetime | None]
