"""The one place that decides which of the firm's systems are called, and which the store stands in for."""

from dataclasses import dataclass

from actions.connectors.http.client import SystemClient
from actions.connectors.http.systems import HttpOrders, HttpRefunds, HttpShipments, HttpVouchers
from actions.connectors.orders import OrderLookUp
from actions.connectors.refunds import Refunds, RefundTwin
from actions.connectors.shipments import Shipments, ShipmentTwin
from actions.connectors.vouchers import Vouchers, VoucherTwin
from actions.firm import Firm
from actions.firm.connectors import TWIN
from store.database import Database
from store.settings import PREFIX, Settings, SettingsError


@dataclass(frozen=True, slots=True)
class Connectors:
    """The systems that carry out remedies."""

    refunds: Refunds
    vouchers: Vouchers
    shipments: Shipments


def check_secrets(settings: Settings, firm: Firm) -> None:
    """See that every call can be signed: nothing that moves money goes out without.

    Raises:
        SettingsError: a system has an address and no secret.
    """
    for system, address in firm.connectors.systems.by_name.items():
        if address != TWIN and system not in settings.system_secrets:
            raise SettingsError(
                f"{PREFIX}CONNECTOR_SECRETS: connectors.yml gives {system} an address, and there is no {system}=whsec_…"
            )


def make_connectors(settings: Settings, firm: Firm, database: Database) -> Connectors:
    """What carries out remedies, by ``connectors.yml``.

    Raises:
        SettingsError: as :func:`check_secrets`.
    """
    check_secrets(settings, firm)
    systems = firm.connectors.systems
    return Connectors(
        refunds=RefundTwin(database) if systems.refunds == TWIN else HttpRefunds(_client(settings, firm, "refunds")),
        vouchers=VoucherTwin(database, firm.file.voucher_valid)
        if systems.vouchers == TWIN
        else HttpVouchers(_client(settings, firm, "vouchers")),
        shipments=ShipmentTwin(database)
        if systems.shipments == TWIN
        else HttpShipments(_client(settings, firm, "shipments")),
    )


def make_order_look_up(settings: Settings, firm: Firm) -> OrderLookUp | None:
    """Where orders are looked up; None where the store has all there are.

    Raises:
        SettingsError: as :func:`check_secrets`.
    """
    check_secrets(settings, firm)
    return None if firm.connectors.systems.orders == TWIN else HttpOrders(_client(settings, firm, "orders"))


def _client(settings: Settings, firm: Firm, system: str) -> SystemClient:
    file = firm.connectors
    limit = file.look_up_within if system == "orders" else file.call_within
    return SystemClient(system, file.systems.by_name[system], settings.system_secrets[system], limit)
