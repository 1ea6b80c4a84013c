"""A link that the merchant sends to a customer: whoever opens it in WeChat is that customer from then on.

Only a digest of its token is kept; it works once, on one account, and for a while. What the link binds are identities,
so that orders listed with any of them are the customer's wherever they write.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select

from actions.conversations import Address, find_conversation, lock_conversation, open_conversation, say
from actions.firm import Firm
from actions.persons import lock_conversations_of, merge_customers
from actions.timers import TimerKind, set_timer
from store.audit import append
from store.customer_rights import waiting_request
from store.database import UnitOfWork
from store.tables import BindingLink, Conversation, Customer, Identity, Order, OrderIdentity

# Why two customers are one person, as the record of a joining has it.
PROOF = "binding_link"
# Who joined them, as the record has it.
BY = "link"
# A scene of the account's own codes is not looked up. 160 random bits; letters and digits alone pass through Tencent's
# parameters as they are, and 44 of them fit in a scene (64).
_TOKEN = re.compile(r"(?:qrscene_)?(bind[0-9a-f]{40})")


class BindingRefused(Exception):
    """No link can be made; ``code`` names why: ``unknown_identity``, ``unknown_order``, ``several_customers``,
    ``erasure_waiting``."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Link:
    """A link that can be opened still.

    Attributes:
        account: as identities have it (:class:`actions.conversations.Address`).
    """

    channel: str
    account: str
    expires_at: datetime


def make_for_identity(
    work: UnitOfWork, identity: Address, channel: str, account: str, valid_for: timedelta, by: str
) -> tuple[str, datetime]:
    """A link for the customer behind an identity.

    A merchant's own identity, such as ``shop:42``, may be named before anybody wrote under it; one that a channel gives
    must be known.

    Args:
        account: as identities have it.

    Returns:
        The token, which nobody will see again, and when it ends.

    Raises:
        BindingRefused: nobody is known by this name, or they asked to be erased.
    """
    named = select(Identity).where(Identity.channel == identity.channel, Identity.external_id == identity.external_id)
    found = work.session.scalars(named.order_by(Identity.id)).all()
    customers = {_living(work, one.customer).id: _living(work, one.customer) for one in found}
    if len(customers) > 1:
        raise BindingRefused("several_customers")
    if not customers:
        if identity.channel in (channel, "web", "wechat", "wecom"):
            raise BindingRefused("unknown_identity")
        made = open_conversation(work, identity).identity.customer
        customers[made.id] = made
    [customer] = customers.values()
    return _make(work, customer, None, channel, account, valid_for, by)


def make_for_order(
    work: UnitOfWork, number: str, channel: str, account: str, valid_for: timedelta, by: str
) -> tuple[str, datetime]:
    """A link for whoever bought an order; the rest as :func:`make_for_identity`.

    An order that is listed with nobody is listed with whoever opens the link.

    Raises:
        BindingRefused: there is no such order, or it is listed with several customers.
    """
    if work.session.get(Order, number) is None:
        raise BindingRefused("unknown_order")
    names = work.session.scalars(select(OrderIdentity.identity).where(OrderIdentity.order_number == number)).all()
    customers: dict[int, Customer] = {}
    unmet = []
    for name in names:
        kind, _, external_id = name.partition(":")
        known = work.session.scalars(
            select(Identity).where(Identity.channel == kind, Identity.external_id == external_id)
        ).all()
        for one in known:
            living = _living(work, one.customer)
            customers[living.id] = living
        if not known and kind not in ("web", "wechat", "wecom"):
            unmet.append(Address(kind, external_id))
    if len(customers) > 1 or (not customers and len(unmet) > 1):
        raise BindingRefused("several_customers")
    if not customers and unmet:
        made = open_conversation(work, unmet[0]).identity.customer
        customers[made.id] = made
    customer = next(iter(customers.values()), None)
    return _make(work, customer, number if customer is None else None, channel, account, valid_for, by)


def find_link(work: UnitOfWork, token: str) -> Link | None:
    """The link, if it can be opened still; reading alone uses nothing up."""
    digest = _digest_of(token)
    row = work.session.get(BindingLink, digest) if digest else None
    if row is None or row.used_at is not None or row.expires_at <= work.now:
        return None
    return Link(row.channel, row.account, row.expires_at)


def bind(work: UnitOfWork, token: str, address: Address) -> bool:
    """Let ``address`` be an identity of the customer for whom the link was made; once.

    Conversations of both are locked here, so call it before anything else is.

    Args:
        token: of the link, or what a scanned code gave (also with WeChat's ``qrscene_`` in front).

    Returns:
        False where it is no token, was used, has ended, or belongs to another account; nothing has changed then.
    """
    digest = _digest_of(token)
    if digest is None:
        return False
    statement = select(BindingLink).where(BindingLink.token_digest == digest).with_for_update()
    link = work.session.scalars(statement.execution_options(populate_existing=True)).first()
    if link is None or link.used_at is not None or link.expires_at <= work.now:
        return False
    # A WeCom's customer has one name for all its customer service accounts.
    if link.channel != address.channel or _key(link.account) != _key(address.account):
        return False
    kept = _living(work, work.session.get_one(Customer, link.customer_id)) if link.customer_id is not None else None
    others = _customers_named(work, address)
    everybody = {customer.id for customer in (*others, *([kept] if kept else []))}
    if any(customer.erased_at is not None for customer in (*others, *([kept] if kept else []))):
        return False
    if waiting_request(work, everybody) is not None:
        return False
    lock_conversations_of(work, everybody)
    if kept is None:
        kept = others[0] if others else None
    # Somebody may have been joined while we waited for the locks.
    for customer in (*others, *([kept] if kept else [])):
        work.session.refresh(customer)
    kept = _living(work, kept) if kept else None
    if kept is not None and kept.id not in everybody:
        lock_conversations_of(work, {*everybody, kept.id})
    conversation = _conversation(work, address, kept)
    kept = kept or conversation.identity.customer
    for other in _customers_named(work, address):
        if other.id != kept.id:
            merge_customers(work, kept, other, PROOF, BY)
    link.used_at, link.identity_id, link.customer_id = work.now, conversation.identity_id, kept.id
    if link.order_number is not None:
        _list(work, link.order_number, conversation.identity.public)
    append(work, BY, "bind", conversation.public_id, {"channel": address.channel, "made_by": link.made_by})
    # Told beside whatever is going on, with the firm's words.
    set_timer(work, TimerKind.BOUND, f"bound:{digest}", work.now, conversation)
    return True


def tell_bound(work: UnitOfWork, firm: Firm, conversation: Conversation) -> None:
    """Tell the customer, in the chat, that their orders are known here from now on."""
    language = conversation.language or firm.file.language
    say(work, conversation, firm.words.render(language, "binding.bound", firm=firm.file.name.in_language(language)))


def _make(
    work: UnitOfWork,
    customer: Customer | None,
    order_number: str | None,
    channel: str,
    account: str,
    valid_for: timedelta,
    by: str,
) -> tuple[str, datetime]:
    if customer is not None and waiting_request(work, {customer.id}) is not None:
        raise BindingRefused("erasure_waiting")
    token = f"bind{secrets.token_hex(20)}"
    digest = _digest_of(token)
    assert digest is not None
    expires_at = work.now + valid_for
    work.session.add(
        BindingLink(
            token_digest=digest,
            customer_id=customer.id if customer is not None else None,
            order_number=order_number,
            channel=channel,
            account=account,
            made_by=by,
            made_at=work.now,
            expires_at=expires_at,
        )
    )
    work.session.flush()
    append(work, by, "make_binding_link", customer.public_id if customer is not None else "", {"channel": channel})
    return token, expires_at


def _conversation(work: UnitOfWork, address: Address, customer: Customer | None) -> Conversation:
    """The conversation with ``address``, locked; one that is new is the customer's at once."""
    found = find_conversation(work, address)
    if found is not None:
        return lock_conversation(work, found.id)
    return open_conversation(work, address, customer=customer)


def _customers_named(work: UnitOfWork, address: Address) -> list[Customer]:
    """Who is known by this name on this account, with all customer service accounts of the same WeCom."""
    account = _key(address.account)
    statement = (
        select(Customer)
        .join(Identity, Identity.customer_id == Customer.id)
        .where(
            Identity.channel == address.channel,
            Identity.external_id == address.external_id,
            or_(Identity.account == account, Identity.account.startswith(f"{account}/", autoescape=True)),
        )
        .order_by(Customer.id)
    )
    return list(dict.fromkeys(work.session.scalars(statement)))


def _list(work: UnitOfWork, order_number: str, identity: str) -> None:
    """List an order with who opened its link, unless the merchant has named somebody else since."""
    if work.session.get(Order, order_number, with_for_update=True) is None:
        return
    listed = select(OrderIdentity.identity).where(OrderIdentity.order_number == order_number)
    if not work.session.scalars(listed).all():
        work.session.add(OrderIdentity(order_number=order_number, identity=identity))
        work.session.flush()


def _living(work: UnitOfWork, customer: Customer) -> Customer:
    """The customer, or who they were joined to."""
    while customer.merged_into_id is not None:
        customer = work.session.get_one(Customer, customer.merged_into_id)
    return customer


def _key(account: str) -> str:
    return account.partition("/")[0]


def _digest_of(token: str) -> str | None:
    match = _TOKEN.fullmatch(token)
    return hashlib.sha256(match[1].encode()).hexdigest() if match else None
