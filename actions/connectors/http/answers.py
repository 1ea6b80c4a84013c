"""What the firm's systems answer; anything else that they say is not looked at."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

# Read aloud and shown to the customer; what follows a line break would look like words of ours.
Reference = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,63}$")]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Done(_Answer):
    """A refund was paid, a shipment ordered."""

    reference: Reference


class Issued(_Answer):
    code: Reference
    expires_at: AwareDatetime


class Cancelled(_Answer):
    state: Literal["cancelled"]
