"""The firm's systems, each behind the interface that its local twin has, too."""

from urllib.parse import quote

from actions.connectors.errors import ConnectorError
from actions.connectors.http.answers import Cancelled, Done, Issued
from actions.connectors.http.client import SystemClient
from actions.connectors.reported import ReportedOrder
from actions.connectors.vouchers import IssuedVoucher
from recovery.money import Money


class HttpOrders:
    """Looks orders up at the merchant's."""

    def __init__(self, client: SystemClient) -> None:
        self._client = client

    def find(self, number: str) -> ReportedOrder | None:
        found = self._client.get(f"/orders/{quote(number, safe='')}", ReportedOrder)
        if found is not None and found.number != number:
            raise ConnectorError("orders: told of another order than the one asked for", permanent=False)
        return found


class HttpRefunds:
    """Refunds that the firm's payment system pays."""

    def __init__(self, client: SystemClient) -> None:
        self._client = client

    def refund(self, key: str, order_number: str, amount: Money) -> str:
        body = {"order_number": order_number, "amount": amount.minor, "currency": amount.currency}
        return self._client.post("/refunds", key, body, Done).reference


class HttpVouchers:
    """Vouchers that the firm's shop issues."""

    def __init__(self, client: SystemClient) -> None:
        self._client = client

    def issue(self, key: str, amount: Money) -> IssuedVoucher:
        issued = self._client.post("/vouchers", key, {"amount": amount.minor, "currency": amount.currency}, Issued)
        return IssuedVoucher(issued.code, issued.expires_at)

    def cancel(self, key: str, code: str) -> None:
        self._client.post(f"/vouchers/{quote(code, safe='')}/cancel", key, {}, Cancelled)


class HttpShipments:
    """Replacements that the firm's warehouse sends."""

    def __init__(self, client: SystemClient) -> None:
        self._client = client

    def order(self, key: str, order_number: str) -> str:
        return self._client.post("/shipments", key, {"order_number": order_number}, Done).reference

    def cancel(self, key: str, reference: str) -> None:
        self._client.post(f"/shipments/{quote(reference, safe='')}/cancel", key, {}, Cancelled)
