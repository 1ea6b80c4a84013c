"""Vouchers: codes issued once for a key, redeemable once, cancelled until then."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from actions.connectors.errors import ConnectorError
from recovery.money import Money
from store.database import Database
from store.tables import Voucher
from store.tables.base import readable_number


@dataclass(frozen=True, slots=True)
class IssuedVoucher:
    """A voucher as who issued it tells it; ``expires_at`` is aware."""

    code: str
    expires_at: datetime


class Vouchers(Protocol):
    def issue(self, key: str, amount: Money) -> IssuedVoucher:
        """A new voucher; the same one for the same key.

        Raises:
            ConnectorError: it could not be issued.
        """
        ...

    def cancel(self, key: str, code: str) -> None:
        """Take a voucher back that nobody has redeemed; again for the same one changes nothing.

        Raises:
            ConnectorError: it was redeemed, or there is none.
        """
        ...


class VoucherTwin:
    """Vouchers kept in the store.

    Args:
        valid: how long a voucher may be redeemed.
    """

    def __init__(self, database: Database, valid: timedelta) -> None:
        self._database = database
        self._valid = valid

    def issue(self, key: str, amount: Money) -> IssuedVoucher:
        known = select(Voucher).where(Voucher.idempotency_key == key)
        with self._database.begin() as work:
            earlier = work.session.scalars(known).first()
            if earlier is not None:
                return IssuedVoucher(earlier.code, earlier.expires_at)
            voucher = Voucher(
                code=readable_number("V", 3),
                idempotency_key=key,
                amount=amount.minor,
                currency=amount.currency,
                issued_at=work.now,
                expires_at=work.now + self._valid,
            )
            try:
                with work.session.begin_nested():
                    work.session.add(voucher)
                    work.session.flush()
            except IntegrityError:
                # The same call was made twice at once, and the other was faster: its voucher is the one.
                faster = work.session.scalars(known).one()
                return IssuedVoucher(faster.code, faster.expires_at)
            work.commit()
            return IssuedVoucher(voucher.code, voucher.expires_at)

    def cancel(self, key: str, code: str) -> None:
        with self._database.begin() as work:
            voucher = work.session.scalars(select(Voucher).where(Voucher.code == code).with_for_update()).first()
            if voucher is None:
                raise ConnectorError("there is no such voucher", permanent=True)
            if voucher.redeemed_at is not None:
                raise ConnectorError("the voucher was redeemed", permanent=True)
            voucher.cancelled_at = voucher.cancelled_at or work.now
            work.commit()

    def redeem(self, code: str) -> bool:
        """Redeem a voucher; False where there is none, or it was redeemed or cancelled, or has expired."""
        with self._database.begin() as work:
            statement = (
                update(Voucher)
                .where(
                    Voucher.code == code,
                    Voucher.redeemed_at.is_(None),
                    Voucher.cancelled_at.is_(None),
                    Voucher.expires_at > work.now,
                )
                .values(redeemed_at=work.now)
                .returning(Voucher.id)
            )
            redeemed = work.session.scalars(statement).first() is not None
            work.commit()
            return redeemed
