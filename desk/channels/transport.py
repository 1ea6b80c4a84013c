"""How a message reaches a customer; the outbox decides from these errors alone what to do next."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message on its way out.

    Attributes:
        number: within its conversation; a channel with keys uses it to drop doubles.
        buttons: quick replies, ``{"title", "payload"}`` each.
    """

    channel: str
    account: str
    external_id: str
    number: int
    text: str
    buttons: list[Any]


class TransportError(Exception):
    """The channel did not take the message.

    Attributes:
        permanent: trying again cannot help.
        retry_after: how long the channel asks to be left alone, if it says so.
    """

    def __init__(self, message: str, *, permanent: bool, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.retry_after = retry_after


class Held(Exception):
    """The channel's window is closed or its quota spent: the message waits for the customer's next word."""


class Transport(Protocol):
    async def deliver(self, message: Outgoing) -> None:
        """Hand the message to the channel.

        Raises:
            TransportError: it was not taken.
            Held: it must wait for the customer.
        """
        ...


class PulledTransport:
    """For channels that fetch their messages from the store themselves: being stored is being delivered."""

    async def deliver(self, message: Outgoing) -> None:
        return None
