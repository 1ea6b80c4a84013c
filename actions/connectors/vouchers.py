"""Vouchers: codes issued once for a key, redeemable once."""

from datetime import timedelta
from typing import Protocol

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from recovery.money import Money
from store.database import Database
from store.tables import Voucher
from store.tables.base import readable_number


class Vouchers(Protocol):
    def issue(self, key: str, amount: Money) -> str:
        """The code of a new voucher; the same one for the same key.

        Raises:
            ConnectorError: it could not be issued.
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

    def issue(self, key: str, amount: Money) -> str:
        known = select(Voucher.code).where(Voucher.idempotency_key == key)
        with self._database.begin() as work:
            code = work.session.scalars(known).first()
            if code is not None:
                return code
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
                return work.session.scalars(known).one()
            work.commit()
            return voucher.code

    def redeem(self, code: str) -> bool:
        """Redeem a voucher; False where there is none, or it was redeemed or has expired."""
        with self._database.begin() as work:
            statement = (
                update(Voucher)
                .where(Voucher.code == code, Voucher.redeemed_at.is_(None), Voucher.expires_at > work.now)
                .values(redeemed_at=work.now)
                .returning(Voucher.id)
            )
            redeemed = work.session.scalars(statement).first() is not None
            work.commit()
            return redeemed
