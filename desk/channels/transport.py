"""How a message reaches a customer; the outbox decides from these errors alone what to do next."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol, runtime_checkable

from desk.channels.bubbles import Shape
from desk.channels.windows import Waits


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message on its way out; on a channel that lets only so much through, a bubble that joins several.

    Attributes:
        number: within its conversation; a channel with keys uses it to drop doubles.
        buttons: quick replies, ``{"title", "payload"}`` each.
        items: choices to tap, id and words, where the channel has menus.
        receipt: our name for a bubble, for channels that tell afterwards what became of it.
    """

    channel: str
    account: str
    external_id: str
    number: int
    text: str
    buttons: list[Any]
    items: tuple[tuple[str, str], ...] = ()
    receipt: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """A template or subscription message: it may be sent while nothing else may.

    Attributes:
        kind: ``template`` or ``subscription``.
        data: its fields as the channel takes them.
        opens: what a tap opens: an address, of a subscription a page; empty: nothing.
    """

    channel: str
    account: str
    external_id: str
    kind: str
    template_id: str
    data: Mapping[str, Any]
    opens: str = ""


class TransportError(Exception):
    """The channel did not take the message.

    Attributes:
        permanent: trying again cannot help.
        retry_after: how long the channel asks to be left alone, if it says so.
        not_taken: surely nothing was done: no part of a quota is used up.
        too_long: it may go in smaller parts.
        wrong_state: somebody else serves the customer over there, or the channel has it so.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool,
        retry_after: timedelta | None = None,
        not_taken: bool = False,
        too_long: bool = False,
        wrong_state: bool = False,
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.retry_after = retry_after
        self.not_taken = not_taken
        self.too_long = too_long
        self.wrong_state = wrong_state


class Held(Exception):
    """The channel's window is closed or its quota spent: the message waits for the customer's next word.

    Attributes:
        why: which of these.
        unreachable: where the customer cannot be reached at all, why (:func:`desk.channels.windows.unreachable`).
    """

    def __init__(self, why: Waits, unreachable: str | None = None) -> None:
        super().__init__(str(why))
        self.why = why
        self.unreachable = unreachable


class Transport(Protocol):
    async def deliver(self, message: Outgoing) -> None:
        """Hand the message to the channel.

        Raises:
            TransportError: it was not taken.
            Held: it must wait for the customer.
        """
        ...


@runtime_checkable
class RationedTransport(Protocol):
    """Of a channel that lets only so much through: what waits for a customer goes out joined into bubbles.

    The outbox spends the customer's quota in the store before each ``deliver``, which is one call and no more.
    """

    async def deliver(self, message: Outgoing) -> None:
        """As :class:`Transport`."""
        ...

    def shape(self, account: str) -> Shape:
        """What a bubble of an account may be."""
        ...

    def notice(
        self, account: str, external_id: str, tells: str, facts: Mapping[str, str], agreed: Mapping[str, Any]
    ) -> Notice | None:
        """What may be sent outside the window, where the account has such a thing; no call is made.

        Args:
            tells: ``waiting`` or ``promise``.
            facts: ``firm``, ``case``, ``at``.
            agreed: template ids of subscription messages that the customer agreed to, each with how many.
        """
        ...

    async def tell_outside(self, notice: Notice) -> str:
        """Send a notice; the channel's name for it.

        Raises:
            TransportError: it was not taken.
        """
        ...


class PulledTransport:
    """For channels that fetch their messages from the store themselves: being stored is being delivered."""

    async def deliver(self, message: Outgoing) -> None:
        return None
