"""The form of what integrators post."""

from datetime import date, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, RootModel, model_validator


def without_nul(value: str) -> str:
    """The text as it is, if a database can keep it.

    Raises:
        ValueError: it holds the character NUL.
    """
    if "\0" in value:
        raise ValueError("must not hold the character NUL")
    return value


def _in_our_times(value: datetime) -> datetime:
    # Further out, another zone may lie before the first or after the last year that there is.
    if not 1900 <= value.year <= 9000:
        raise ValueError("must lie between the years 1900 and 9000")
    return value


Moment = Annotated[AwareDatetime, AfterValidator(_in_our_times)]
Key = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(without_nul)]
OptionalKey = Annotated[str, Field(max_length=64), AfterValidator(without_nul)]
Minor = Annotated[int, Field(ge=0, le=10**12, strict=True, description="minor units")]


class OrderItem(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=300), AfterValidator(without_nul)]
    quantity: Annotated[int, Field(ge=1, le=10**6, strict=True)]
    price: Minor


class OrderPosted(BaseModel):
    """An order as the merchant's system has it."""

    model_config = ConfigDict(extra="forbid")

    number: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    identities: (
        Annotated[
            list[Annotated[str, Field(pattern=r"^[^:\s]{1,32}:.{1,256}$"), AfterValidator(without_nul)]],
            Field(max_length=50),
        ]
        | None
    ) = None
    phone_last4: Annotated[str, Field(pattern=r"^\d{4}$")] | None = None
    placed_at: Moment
    promised_at: Moment | None = None
    delivered_at: Moment | None = None
    total: Minor
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    items: Annotated[list[OrderItem], Field(max_length=500)] = []
    status: Annotated[str, Field(min_length=1, max_length=32), AfterValidator(without_nul)]


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
