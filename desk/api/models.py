"""The form of what integrators post."""

from datetime import date
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, RootModel, model_validator

Key = Annotated[str, Field(min_length=1, max_length=64)]
OptionalKey = Annotated[str, Field(max_length=64)]
Minor = Annotated[int, Field(ge=0, le=10**12, strict=True, description="minor units")]


class OrderItem(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=300)]
    quantity: Annotated[int, Field(ge=1, le=10**6, strict=True)]
    price: Minor


class OrderPosted(BaseModel):
    """An order as the merchant's system has it."""

    model_config = ConfigDict(extra="forbid")

    number: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    identities: (
        Annotated[list[Annotated[str, Field(pattern=r"^[^:\s]{1,32}:.{1,256}$")]], Field(max_length=50)] | None
    ) = None
    phone_last4: Annotated[str, Field(pattern=r"^\d{4}$")] | None = None
    placed_at: AwareDatetime
    promised_at: AwareDatetime | None = None
    delivered_at: AwareDatetime | None = None
    total: Minor
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    items: Annotated[list[OrderItem], Field(max_length=500)] = []
    status: Annotated[str, Field(min_length=1, max_length=32)]


class OrdersPosted(RootModel[Annotated[list[OrderPosted], Field(min_length=1, max_length=5000)]]):
    @model_validator(mode="after")
    def _once(self) -> "OrdersPosted":
        if len({order.number for order in self.root}) < len(self.root):
            raise ValueError("an order stands in the list twice")
        return self


class VolumePosted(BaseModel):
    """How often a step was done in a day."""

    model_config = ConfigDict(extra="forbid")

    day: date
    process: Key
    step: OptionalKey | None = None
    category: OptionalKey | None = None
    department: OptionalKey | None = None
    opportunities: Annotated[int, Field(ge=0, le=10**12, strict=True)]


class VolumesPosted(RootModel[Annotated[list[VolumePosted], Field(min_length=1, max_length=20000)]]):
    @model_validator(mode="after")
    def _once(self) -> "VolumesPosted":
        keys = {(v.day, v.process, v.step or "", v.category or "", v.department or "") for v in self.root}
        if len(keys) < len(self.root):
            raise ValueError("a day, process, step, category and department stand in the list twice")
        return self
