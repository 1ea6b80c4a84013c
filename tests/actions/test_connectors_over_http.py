"""The connectors over HTTP against a merchant that misbehaves: permanent and passing failures, and once for a key."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actions.connectors.errors import ConnectorError, refusal
from actions.connectors.http.client import SystemClient
from actions.connectors.http.signing import sign
from actions.connectors.http.systems import HttpOrders, HttpRefunds, HttpShipments, HttpVouchers
from recovery.money import Money
from store.database import utc_now
from tests.actions.fake_merchant import SECRET, Merchant, Mischief, Plan, behaves, scripted
from tests.conftest import ROOT

ORDER = "202611120007"
LIMIT = timedelta(seconds=2)


class Systems:
    """The connectors, all pointed at one merchant."""

    def __init__(self, merchant: Merchant, secret: str = SECRET, clock: object = utc_now) -> None:
        def client(system: str) -> SystemClient:
            return SystemClient(system, merchant.base, secret, LIMIT, clock)  # type: ignore[arg-type]

        self.orders = HttpOrders(client("orders"))
        self.refunds = HttpRefunds(client("refunds"))
        self.vouchers = HttpVouchers(client("vouchers"))
        self.shipments = HttpShipments(client("shipments"))


@pytest.fixture
def merchant():  # type: ignore[no-untyped-def]
    with Merchant(hang_seconds=3).running() as running:
        running.sells(ORDER, 30000, "rest:wang", "4711")
        yield running


@pytest.fixture
def systems(merchant: Merchant) -> Systems:
    return Systems(merchant)


def insist(deed: object, times: int = 6) -> object:
    """Try again as long as the failure is a passing one, as the timers do."""
    for _ in range(times):
        try:
            return deed()  # type: ignore[operator]
        except ConnectorError as error:
            if error.permanent:
                raise
    raise AssertionError("it never came to an end")


# --- what each does -------------------------------------------------------------------------------------------------


def test_an_order_is_looked_up_with_what_proves_it(systems: Systems) -> None:
    order = systems.orders.find(ORDER)
    assert order is not None
    assert (order.total, order.currency, order.phone_last4, order.identities) == (30000, "CNY", "4711", ["rest:wang"])
    assert order.items[0].name == "锅"


def test_an_unknown_order_is_none(systems: Systems) -> None:
    assert systems.orders.find("2026-nothing") is None


def test_an_order_number_cannot_lead_to_another_address(systems: Systems, merchant: Merchant) -> None:
    assert systems.orders.find("../vouchers?x=1#y") is None
    assert merchant.unsigned == 0, "the path that is signed is the path that is asked for"


def test_a_refund_is_paid_once_for_its_key(systems: Systems, merchant: Merchant) -> None:
    first = systems.refunds.refund("key", ORDER, Money(6000, "CNY"))
    assert systems.refunds.refund("key", ORDER, Money(6000, "CNY")) == first == "PAY-000001"
    assert merchant.books.refunds == {"key": (ORDER, 6000, "PAY-000001")}


def test_a_voucher_is_issued_with_the_merchants_own_end_and_taken_back(systems: Systems, merchant: Merchant) -> None:
    issued = systems.vouchers.issue("key", Money(2000, "CNY"))
    assert issued.expires_at == datetime(2027, 3, 31, 15, 59, 59, tzinfo=UTC)
    systems.vouchers.cancel("key-reversed", issued.code)
    systems.vouchers.cancel("key-reversed", issued.code)
    assert merchant.books.vouchers[issued.code]["state"] == "cancelled"


def test_a_redeemed_voucher_stays(systems: Systems, merchant: Merchant) -> None:
    issued = systems.vouchers.issue("key", Money(2000, "CNY"))
    merchant.books.vouchers[issued.code]["state"] = "redeemed"
    with pytest.raises(ConnectorError, match="HTTP 409 redeemed") as refused:
        systems.vouchers.cancel("key-reversed", issued.code)
    assert refused.value.permanent


def test_a_replacement_is_ordered_and_kept_back_until_it_leaves(systems: Systems, merchant: Merchant) -> None:
    reference = systems.shipments.order("key", ORDER)
    systems.shipments.cancel("key-reversed", reference)
    assert merchant.books.shipments[reference]["state"] == "cancelled"
    gone = systems.shipments.order("other", ORDER)
    merchant.books.shipments[gone]["state"] = "shipped"
    with pytest.raises(ConnectorError) as refused:
        systems.shipments.cancel("other-reversed", gone)
    assert refused.value.permanent


# --- permanent and passing ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "minor", "currency", "code"),
    [
        ("unknown", 100, "CNY", "no_such_order"),
        (ORDER, 30001, "CNY", "more_than_paid"),
        (ORDER, 100, "USD", "wrong_currency"),
    ],
)
def test_a_clear_no_is_permanent_and_told_by_its_code_alone(
    systems: Systems, merchant: Merchant, order: str, minor: int, currency: str, code: str
) -> None:
    with pytest.raises(ConnectorError) as refused:
        systems.refunds.refund("key", order, Money(minor, currency))
    assert refused.value.permanent and str(refused.value).endswith(code)
    assert "张" not in str(refused.value), "what a merchant writes may tell of a customer"
    assert merchant.books.refunds == {}


@pytest.mark.parametrize("mischief", [m for m in Mischief if m not in (Mischief.NONE, Mischief.SLOW_DONE)])
def test_whatever_goes_wrong_is_passing_and_paid_once(mischief: Mischief, merchant: Merchant) -> None:
    merchant.plan = scripted(mischief)
    systems = Systems(merchant)
    if mischief is not Mischief.REPEATS_DONE:
        with pytest.raises(ConnectorError) as failed:
            systems.refunds.refund("key", ORDER, Money(6000, "CNY"))
        assert not failed.value.permanent
        assert bool(merchant.books.refunds) == mischief.endswith("_done")
    assert insist(lambda: systems.refunds.refund("key", ORDER, Money(6000, "CNY"))) == "PAY-000001"
    assert merchant.books.refunded(ORDER) == 6000


@pytest.mark.parametrize(
    # docs/connectors.md, "What an answer means".
    ("status", "code", "permanent"),
    [
        (301, None, False),
        (400, None, True),
        (401, None, False),
        (403, None, False),
        (404, "no_such_order", True),
        (407, None, False),
        (408, None, False),
        (409, None, True),
        (409, "in_progress", False),
        (409, "sold_out", True),
        (410, None, True),
        (422, "in_progress", True),
        (425, None, False),
        (429, None, False),
        (451, None, True),
        (500, None, False),
        (501, None, False),
        (503, "in_progress", False),
        (599, None, False),
    ],
)
def test_one_place_tells_permanent_from_passing(status: int, code: str | None, permanent: bool) -> None:
    assert refusal("refunds", status, code, None).permanent is permanent


def test_an_answer_sent_twice_is_not_taken_for_the_next_one(merchant: Merchant) -> None:
    merchant.plan = scripted(*[Mischief.REPEATS_DONE] * 9)
    systems = Systems(merchant)
    references = [systems.refunds.refund(f"key {n}", ORDER, Money(100, "CNY")) for n in range(20)]
    assert len(set(references)) == 20


def test_a_server_that_is_not_there_is_passing(merchant: Merchant) -> None:
    nowhere = SystemClient("refunds", "http://127.0.0.1:9", SECRET, LIMIT)
    with pytest.raises(ConnectorError) as failed:
        HttpRefunds(nowhere).refund("key", ORDER, Money(1, "CNY"))
    assert not failed.value.permanent and "127.0.0.1" not in str(failed.value)


def test_another_order_than_the_one_asked_for_is_not_believed(systems: Systems, merchant: Merchant) -> None:
    merchant.books.orders["mine"] = merchant.books.orders[ORDER]
    with pytest.raises(ConnectorError, match="another order"):
        systems.orders.find("mine")


@pytest.mark.parametrize("reference", ["", "x" * 65, "a\nb", "  ", 7, None, "<b>1</b>"])
def test_a_reference_that_cannot_be_shown_is_not_taken(
    systems: Systems, merchant: Merchant, reference: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merchant, "answer", lambda *_: (200, {"reference": reference}))
    with pytest.raises(ConnectorError) as failed:
        systems.refunds.refund("key", ORDER, Money(1, "CNY"))
    assert not failed.value.permanent, "it may well have been paid"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7), ("999999999999", 3600), ("Wed, 18 Nov 2026 02:00:30 GMT", 30), ("Wed, 18 Nov 2026 01:00:00 GMT", 0)],
)
def test_how_long_to_wait_is_heeded(merchant: Merchant, header: str, seconds: int) -> None:
    client = SystemClient("refunds", merchant.base, SECRET, LIMIT, lambda: datetime(2026, 11, 18, 2, tzinfo=UTC))
    assert client._wait(header) == timedelta(seconds=seconds)


@pytest.mark.parametrize("header", [None, "", "soon", "-1", "²", "1.5", f"Sun, 06 Nov 1994 08:49:37 +{9**20}"])
def test_a_wait_that_cannot_be_read_is_none(merchant: Merchant, header: str | None) -> None:
    assert SystemClient("refunds", merchant.base, SECRET, LIMIT)._wait(header) is None


# --- signature ------------------------------------------------------------------------------------------------------


def test_a_wrong_secret_moves_nothing(merchant: Merchant) -> None:
    other = "whsec_" + "QUJD" * 8
    with pytest.raises(ConnectorError, match="HTTP 401 wrong_signature"):
        Systems(merchant, secret=other).refunds.refund("key", ORDER, Money(1, "CNY"))
    assert merchant.unsigned == 1 and merchant.books.refunds == {}


@pytest.mark.parametrize("written", ["/shop/./api", "/other/../shop/api", "/sh%6fp/api"])
def test_what_is_signed_is_the_path_as_it_is_sent(merchant: Merchant, written: str) -> None:
    base = merchant.base.replace("/shop/api", written)
    client = SystemClient("refunds", base, SECRET, LIMIT)
    try:
        HttpRefunds(client).refund("key", ORDER, Money(1, "CNY"))
    except ConnectorError as error:
        assert "404" in str(error), "signed rightly, for another path"
    assert merchant.unsigned == 0


def test_an_old_signature_moves_nothing(merchant: Merchant) -> None:
    late = Systems(merchant, clock=lambda: utc_now() - timedelta(minutes=6))
    with pytest.raises(ConnectorError, match="401"):
        late.refunds.refund("key", ORDER, Money(1, "CNY"))
    assert merchant.books.refunds == {}


def test_the_worked_example_of_the_documentation_is_right() -> None:
    """Its signature was made by ``openssl dgst -sha256 -hmac``, not by this code."""
    text = (ROOT / "docs" / "connectors.md").read_text(encoding="utf-8")
    body = b'{"order_number":"202611120007","amount":6000,"currency":"CNY"}'
    signature = sign(
        "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3",
        "POST",
        "/amends/refunds",
        "1794967200",
        "5f0c3a9be7d14c2e8b6a1d0f4e7c9a32",
        body,
    )
    assert signature in text and body.decode() in text


# --- property -------------------------------------------------------------------------------------------------------

SLOW = (Mischief.HANGS_DONE, Mischief.DRIPS_DONE, Mischief.SLOW_DONE, Mischief.FLOODS_DONE)
QUICK = [mischief for mischief in Mischief if mischief not in SLOW]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    calls=st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from([2500, 5000, 9000]), st.lists(st.sampled_from(QUICK), max_size=4)),
        min_size=1,
        max_size=8,
    )
)
def test_whatever_the_merchant_does_each_key_moves_money_once_and_never_above_what_was_paid(
    calls: list[tuple[int, int, list[Mischief]]],
) -> None:
    """Source: the issue, "money still moves exactly once"; keys are used again as a restarted timer uses them."""
    amounts = {key: minor for key, minor, _ in calls}
    plans: dict[int, Plan] = {key: scripted(*mischief) for key, _, mischief in calls}
    with Merchant().running() as merchant:
        merchant.sells(ORDER, 10000)
        systems, paid = Systems(merchant), {}
        for key, _, _ in calls:
            merchant.plan = plans[key]
            try:
                reference = insist(lambda k=key: systems.refunds.refund(str(k), ORDER, Money(amounts[k], "CNY")))
            except ConnectorError as error:
                assert error.permanent and "more_than_paid" in str(error)
                reference = None
            assert paid.setdefault(key, reference) == reference, "the same key, the same answer"
        entries = merchant.books.refunds
        assert {key for key, reference in paid.items() if reference} == {int(key) for key in entries}
        assert all(amount == amounts[int(key)] for key, (_, amount, _) in entries.items())
        assert merchant.books.refunded(ORDER) <= 10000 and merchant.clashes == merchant.unsigned == 0
    assert behaves("", 0) is Mischief.NONE
