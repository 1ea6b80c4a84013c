"""Whom an order belongs to, and where the firm can speak with them unasked."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select, tuple_

from actions.conversations import SPOKEN, Address, open_conversation
from store.database import UnitOfWork
from store.erasing import slices
from store.tables import Conversation, Customer, Identity, Message, OrderIdentity

# Whoever integrates us fetches what is said there: a conversation may be opened.
OPENED_UNASKED = "rest"


@dataclass(frozen=True, slots=True)
class Reached:
    """Where the customer of an order can be spoken with.

    Attributes:
        conversation_id: None where none exists yet, and one may be opened.
        customer_id: of the person behind it, as far as they are known.
    """

    address: Address
    conversation_id: int | None
    customer_id: int | None

    @property
    def who(self) -> tuple[str, int | str]:
        """What tells one person from another."""
        return ("customer", self.customer_id) if self.customer_id is not None else ("identity", self.address.public)


def reach(work: UnitOfWork, numbers: Sequence[str]) -> dict[str, Reached]:
    """Order number → where its customer is reached; orders whose customer is not, are missing.

    By the identities that the merchant lists with the order (``channel:external_id``): the conversation that was spoken
    in last; else, on the channel ``rest``, one that may be opened. Behind a spoken door nothing can be sent.
    """
    listed: dict[str, list[str]] = defaultdict(list)
    for part in slices(list(numbers)):
        links = select(OrderIdentity.order_number, OrderIdentity.identity).where(OrderIdentity.order_number.in_(part))
        for number, identity in work.session.execute(links.order_by(OrderIdentity.identity)):
            listed[number].append(identity)
    known = _conversations(work, {identity for identities in listed.values() for identity in identities})
    found: dict[str, Reached] = {}
    for number, identities in listed.items():
        here = [known[identity] for identity in identities if identity in known]
        if here:
            found[number] = max(here, key=lambda one: one[0])[1]
            continue
        opened = next((one for one in identities if one.startswith(f"{OPENED_UNASKED}:")), None)
        if opened is not None:
            found[number] = Reached(Address(OPENED_UNASKED, opened.partition(":")[2]), None, None)
    return found


def conversation_of(work: UnitOfWork, reached: Reached) -> Conversation:
    """The conversation, locked; opened where there is none yet and one may be."""
    return open_conversation(work, reached.address)


def family_of(work: UnitOfWork, customer_id: int) -> set[int]:
    """Ids of all customers who were joined to this one, itself among them."""
    ids, before = {customer_id}, set[int]()
    while ids != before:
        before = set(ids)
        joined = select(Customer.id, Customer.merged_into_id).where(
            Customer.id.in_(before) | Customer.merged_into_id.in_(before)
        )
        for one, into in work.session.execute(joined):
            ids |= {one} if into is None else {one, into}
    return ids


def _conversations(work: UnitOfWork, identities: Iterable[str]) -> dict[str, tuple[tuple[float, int], Reached]]:
    """Identity, as orders name it → when something was said there last, and the conversation; where an identity has
    several accounts, the one where that was later."""
    pairs = [tuple(identity.split(":", 1)) for identity in sorted(identities)]
    found: dict[str, tuple[tuple[float, int], Reached]] = {}
    for part in slices([pair for pair in pairs if pair[0] not in SPOKEN]):
        statement = (
            select(Conversation, Message.at)
            .join(Identity, Identity.id == Conversation.identity_id)
            .outerjoin(
                Message,
                (Message.conversation_id == Conversation.id) & (Message.number == Conversation.last_number),
            )
            .where(tuple_(Identity.channel, Identity.external_id).in_(part))
        )
        for conversation, at in work.session.execute(statement):
            who = conversation.identity
            address = Address(who.channel, who.external_id, who.account)
            entry = (
                ((at or conversation.created_at).timestamp(), conversation.id),
                Reached(address, conversation.id, who.customer_id),
            )
            if address.public not in found or found[address.public][0] < entry[0]:
                found[address.public] = entry
    return found
