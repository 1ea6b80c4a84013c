"""An order as the merchant's system tells it."""

import re
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field


def _storable(value: str) -> str:
    if "\0" in value:
        raise ValueError("must not hold the character NUL")
    return value


_NUMBER = re.compile(r"[A-Za-z0-9_-]{1,64}")
Minor = Annotated[int, Field(ge=0, le=10**12, strict=True, description="minor units")]


class ReportedItem(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=300), AfterValidator(_storable)]
    quantity: Annotated[int, Field(ge=1, le=10**6, strict=True)]
    price: Minor


class ReportedOrder(BaseModel):
    """The fields of ``POST /api/v1/orders``; what else is told of an order is not looked at."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    number: Annotated[str, Field(pattern=rf"^{_NUMBER.pattern}$")]
    identities: (
        Annotated[
            list[Annotated[str, Field(pattern=r"^[^:\s]{1,32}:.{1,256}$"), AfterValidator(_storable)]],
            Field(max_length=50),
        ]
        | None
    ) = None
    phone_last4: Annotated[str, Field(pattern=r"^\d{4}$")] | None = None
    placed_at: AwareDatetime
    promised_at: AwareDatetime | None = None
    delivered_at: AwareDatetime | None = None
    total: Minor
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    items: Annotated[list[ReportedItem], Field(max_length=500)] = []
    status: Annotated[str, Field(min_length=1, max_length=32), AfterValidator(_storable)]

    @staticmethod
    def is_number(text: str) -> bool:
        """Whether an order may have ``text`` as its number."""
        return _NUMBER.fullmatch(text) is not None
