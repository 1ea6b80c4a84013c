"""``connectors.yml``: which of the firm's systems carry out what was agreed, and how long they may take."""

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, field_validator

from actions.firm.models import Limit, Span
from recovery.service_levels import TimeLimit
from store.addresses import read_system_address

TWIN = "twin"


def _system(value: str) -> str:
    return value if value == TWIN else read_system_address(value)


System = Annotated[str, AfterValidator(_system)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class SystemsFile(_Strict):
    """Each ``twin``, which the store stands in for, or the address of the firm's own."""

    orders: System = TWIN
    refunds: System = TWIN
    vouchers: System = TWIN
    shipments: System = TWIN

    @property
    def by_name(self) -> dict[str, str]:
        return {
            "orders": self.orders,
            "refunds": self.refunds,
            "vouchers": self.vouchers,
            "shipments": self.shipments,
        }


class ConnectorsFile(_Strict):
    """``connectors.yml``; a firm without one works with the store's twins."""

    systems: SystemsFile = SystemsFile()
    call_within: Span = timedelta(seconds=10)
    look_up_within: Span = timedelta(seconds=3)
    orders_fresh_for: Span = timedelta(minutes=10)
    told_after: Span = timedelta(minutes=15)
    settled_within: Limit = TimeLimit(working_days=1)

    @field_validator("call_within")
    @classmethod
    def _well_below_a_claim(cls, value: timedelta) -> timedelta:
        # A timer is another worker's after a minute and a half.
        if not timedelta(seconds=1) <= value <= timedelta(seconds=60):
            raise ValueError("must lie between `1 second` and `60 seconds`")
        return value

    @field_validator("look_up_within")
    @classmethod
    def _while_somebody_waits(cls, value: timedelta) -> timedelta:
        if not timedelta(seconds=1) <= value <= timedelta(seconds=10):
            raise ValueError("must lie between `1 second` and `10 seconds`: a customer waits for it")
        return value
