"""The form of what integrators post."""

import unicodedata
from datetime import date, datetime
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    RootModel,
    model_validator,
)

# Control, format (such as U+200B) and separators.
_UNSEEN = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})
# Letters, marks and symbols to Unicode: a joiner, Hangul fillers, variation selectors, an empty Braille cell.
_FILLERS = frozenset("\u034f\u115f\u1160\u2800\u3164\uffa0") | {chr(code) for code in range(0xFE00, 0xFE10)}


def without_nul(value: str) -> str:
    """The text as it is, if a database can keep it.

    Raises:
        ValueError: it holds the character NUL.
    """
    if "\0" in value:
        raise ValueError("must not hold the character NUL")
    return value


def not_blank(value: str) -> str:
    """The text as it is, if there is something to see in it.

    Raises:
        ValueError: it is empty, or holds nothing but blanks, controls and characters of no width.
    """
    if all(c in _FILLERS or unicodedata.category(c) in _UNSEEN for c in value):
        raise ValueError("must not be empty")
    return value


def _no_number(value: Any) -> Any:
    # It would be taken for seconds since 1970; what else is no moment is refused by its type.
    try:
        float(value)
    except (TypeError, ValueError):
        return value
    raise ValueError("must be written as in ISO 8601, not as a number")


def _in_our_times(value: datetime) -> datetime:
    # Further out, another zone may lie before the first or after the last year that there is.
    if not 1900 <= value.year <= 9000:
        raise ValueError("must lie between the years 1900 and 9000")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_no_number), AfterValidator(_in_our_times)]
Day = Annotated[date, BeforeValidator(_no_number)]
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
    phone_last4: Annotated[str, Field(pattern=r"^[0-9]{4}$")] | None = None
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

    day: Day
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
