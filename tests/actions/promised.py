"""A shop that guarantees something: its guarantees, and orders that came late."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from actions.connectors.orders import upsert_order
from actions.firm import Firm
from actions.firm.guarantees import GuaranteesFile
from actions.guarantees.looking import claim_due, look_at
from recovery.guarantees import Caution
from store.tables import GuaranteePayment, Voucher
from tests.actions.dialogue import Shop

ORDER = "202611120007"

_ANSWERED = {"holds": False, "because": "It was looked into.", "by": "Head of quality", "answered_on": "2026-10-01"}


def on_time(**different: Any) -> dict[str, Any]:
    """A guarantee against lateness, live, as guarantees.yml has it."""
    return {
        "key": "on_time",
        "name": {"zh": "准时送达保证", "en": "On-time guarantee"},
        "published": {"zh": "晚到超过 2 天，送 20 元代金券。", "en": "Late by more than 2 days, you get 20 yuan."},
        "category": "delivery",
        "when": {"delivered_after_promise": "2 days", "not_delivered_after_promise": "3 days"},
        "pays": [{"kind": "voucher", "amount": 2000}, {"kind": "apology"}],
        "orders_placed": {"from": "2026-10-01"},
        "approved_by": "Head of customer service",
        "approved_on": "2026-10-01",
        "live": True,
        "check": {caution.value: dict(_ANSWERED) for caution in Caution},
    } | different


def that_guarantees(firm: Firm, *guarantees: dict[str, Any]) -> Firm:
    """The firm, with these guarantees and no others."""
    file = GuaranteesFile.model_validate({"guarantees": list(guarantees) or [on_time()]})
    return replace(firm, guarantees=file)


def sells_late(
    shop: Shop, number: str = ORDER, to: str | None = None, total: int = 30000, late: float = 5, **different: Any
) -> str:
    """An order delivered ``late`` days after it was promised, an hour ago; reported as merchants do."""
    with shop.database.begin() as work:
        delivered = work.now - timedelta(hours=1)
        facts: dict[str, Any] = {
            "identities": [to] if to else [],
            "phone_last4": "4417",
            "placed_at": delivered - timedelta(days=late + 3),
            "promised_at": delivered - timedelta(days=late),
            "delivered_at": delivered,
            "total": total,
            "currency": "CNY",
            "items": [],
            "status": "delivered",
        }
        upsert_order(work, number=number, **(facts | different))
        work.commit()
    return number


def looks(shop: Shop) -> None:
    """What the worker does: look at all orders that are due; then what is due at once happens."""
    while True:
        numbers = shop.does(claim_due)
        for number in numbers:
            shop.does(look_at, shop.firm, number)
        if not numbers:
            break
    shop.fires_due()


def vouchers(shop: Shop) -> list[int]:
    """The amounts of all vouchers."""
    return [voucher.amount for voucher in shop.all(Voucher)]


def payments(shop: Shop) -> list[tuple[str, str]]:
    """Guarantee and state of all payments."""
    return [(payment.guarantee, payment.state) for payment in shop.all(GuaranteePayment)]
