"""The form of what integrators send and get."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from desk.api.models import not_blank, without_nul
from store.tables import Message

# A text may hold anything; what the store looks up may not.
_NAME = AfterValidator(lambda value: not_blank(without_nul(value)))


class CallerMetadata(BaseModel):
    """What a caller may say about a message; anything else is kept and not looked at."""

    model_config = ConfigDict(extra="allow")

    message_id: Annotated[str, Field(min_length=1, max_length=128), _NAME] | None = None
    channel: Annotated[str, Field(min_length=1, max_length=32), _NAME] | None = None


class IncomingMessage(BaseModel):
    """``{"sender", "message", "metadata"}``."""

    model_config = ConfigDict(extra="ignore", strict=True)

    sender: Annotated[str, Field(min_length=1, max_length=200), _NAME]
    message: Annotated[str, AfterValidator(not_blank)]
    metadata: CallerMetadata | None = None


def as_reply(sender: str, message: Message) -> dict[str, Any]:
    """One element of the answer: ``{"recipient_id", "text", "buttons"?}``."""
    reply: dict[str, Any] = {"recipient_id": sender, "text": message.text}
    if message.buttons:
        reply["buttons"] = message.buttons
    return reply
