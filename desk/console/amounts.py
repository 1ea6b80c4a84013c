"""Amounts of money as people type them, and as their forms show them."""

import re
import unicodedata

from actions.staff.access import DeedRefused
from recovery.money import WHOLE

_AMOUNT = re.compile(r"(\d{1,9})(?:\.(\d{1,2}))?")


def read_amount(text: str, currency: str) -> int | None:
    """``88``, ``88.50`` or ``1,200`` as minor units; None where nothing was written.

    Raises:
        DeedRefused: it is no amount.
    """
    plain = re.sub(r"[\s,元¥$€£]", "", unicodedata.normalize("NFKC", text))
    if not plain:
        return None
    found = _AMOUNT.fullmatch(plain)
    if found is None or (currency in WHOLE and found[2]):
        raise DeedRefused("amount_wrong")
    if currency in WHOLE:
        return int(found[1])
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))


def write_amount(minor: int, currency: str) -> str:
    """``8850`` as ``88.50``, the way :func:`read_amount` reads it."""
    return str(minor) if currency in WHOLE else f"{minor // 100}.{minor % 100:02}"
