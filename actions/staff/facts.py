"""Correct what is known of a complaint, or add to it."""

import re
from decimal import Decimal, InvalidOperation

from actions.account import NOT_GIVEN
from actions.cases import get_fact, set_fact, set_severity
from actions.connectors.orders import OrderTwin
from actions.conversations import await_nothing, lock_conversation
from actions.firm import Firm
from actions.offering import withdraw_open_offers
from actions.staff.access import DeedRefused
from recovery.case_states import UNSETTLED, CaseState
from recovery.phones import normalise_phone
from store.audit import append
from store.database import UnitOfWork
from store.tables import Case, Conversation, Staff

# What staff may set, in the order of the form.
KEYS = ("order_number", "amount", "product", "occurred", "happening", "phone")
VALUE_LENGTH = 500
ORDER_NUMBER_LENGTH = 64
_ORDER_NUMBER = re.compile(r"[A-Za-z0-9_-]+")
_AMOUNT = re.compile(r"[¥￥$€£]?\s*([\d,]+(?:\.\d{1,2})?)\s*(?:元|块|yuan|rmb|cny)?", re.IGNORECASE)
# The largest amount that is believed, in minor units: a billion.
_MOST = 100_000_000_000


def correct_fact(
    work: UnitOfWork, firm: Firm, staff: Staff, case_id: int, key: str, value: str, phone_last4: str = ""
) -> None:
    """Set a fact of the case; what stood there before is replaced.

    An order number is proved by the merchant's own list, or by the last four digits of the order's phone, as the
    customer would prove it: nobody gets money on a guessed number.

    Args:
        value: as typed; an amount in whole units of the firm's currency, such as ``129.50``.
        phone_last4: what the customer said, to prove the order; may be empty.

    Raises:
        DeedRefused: no such fact, nothing or too much is written, no amount or number, or the order stays because
            something was granted or offered for it.
    """
    case = work.session.get_one(Case, case_id)
    conversation = lock_conversation(work, case.conversation_id)
    work.session.refresh(case)
    if case.merged_into_id is not None:
        raise DeedRefused("case_merged")
    value = value.strip()
    if key not in KEYS:
        raise DeedRefused("unknown_fact")
    if not value:
        raise DeedRefused("fact_empty")
    if len(value) > VALUE_LENGTH:
        raise DeedRefused("fact_too_long")
    if key == "order_number":
        _set_order(work, firm, staff, case, conversation, value, phone_last4.strip())
    else:
        kept = _as_kept(firm, key, value)
        if kept != get_fact(case, key):
            set_fact(work, case, key, kept, by=staff.login)
    append(work, staff.login, "set_fact", case.number, {"key": key})


def _as_kept(firm: Firm, key: str, value: str) -> str:
    if key == "amount":
        return _read_amount(value, firm.file.currency)
    if key == "phone":
        return normalise_phone(value) or value  # compared with other numbers as it stands
    return value


def _set_order(
    work: UnitOfWork, firm: Firm, staff: Staff, case: Case, conversation: Conversation, number: str, digits: str
) -> None:
    if len(number) > ORDER_NUMBER_LENGTH or not _ORDER_NUMBER.fullmatch(number):
        raise DeedRefused("order_number_wrong")
    if digits and not re.fullmatch(r"\d{4}", digits):
        raise DeedRefused("digits_wrong")
    orders = OrderTwin(work)
    number = orders.as_on_file(number)
    changed = number != get_fact(case, "order_number")
    if not changed and case.order_proved:
        return
    if changed:
        _refuse_where_in_use(case)
        withdraw_open_offers(work, case)
        set_fact(work, case, "order_number", number, by=staff.login)
        if conversation.awaited is not None and conversation.awaited["kind"] in ("order_number", "order_proof"):
            await_nothing(conversation)
    listed = any(orders.belongs_to(number, identity.public) for identity in case.customer.identities)
    case.order_unknown = False
    case.order_proved = listed or (bool(digits) and orders.is_proved_by(number, digits))
    if digits and not case.order_proved:
        raise DeedRefused("order_not_proved")
    set_severity(work, firm, case)


def _refuse_where_in_use(case: Case) -> None:
    """What was granted or offered was priced by the order that stands there."""
    if case.state == CaseState.OFFERED:
        raise DeedRefused("order_offered")
    granted = any(remedy.state not in NOT_GIVEN and remedy.order_number for remedy in case.remedies)
    if granted or case.state == CaseState.AWAITING_APPROVAL or (case.state not in UNSETTLED and case.remedies):
        raise DeedRefused("order_in_use")


def _read_amount(value: str, currency: str) -> str:
    """``1,299.5元`` as ``129950 CNY``, the way the bot keeps an amount."""
    found = _AMOUNT.fullmatch(value)
    try:
        minor = int(Decimal(found[1].replace(",", "")) * 100) if found else -1
    except InvalidOperation:
        minor = -1
    if not 0 <= minor <= _MOST:
        raise DeedRefused("fact_amount_wrong")
    return f"{minor} {currency}"
