"""Say that two customers are one person, take it back, and answer where the customer is."""

from dataclasses import dataclass

from sqlalchemy import select

from actions.connectors.orders import OrderTwin
from actions.conversations import lock_conversation
from actions.firm import Firm
from actions.persons import bring_case, lock_conversations_of, merge_customers, undo_merge
from actions.staff.access import MAY_TAKE_FROM_OTHERS, DeedRefused, audit, mine
from actions.staff.promising import answer_and_promise
from recovery.control import Control
from store.customer_rights import waiting_request
from store.database import UnitOfWork
from store.tables import Case, Conversation, Customer, CustomerMerge, Fact, Identity, OrderIdentity, Staff

# Why two customers are taken for one person. The first is checked here; for the others the person's word stands.
ORDER_AND_DIGITS, SAID_ON_PHONE, SAME_ACCOUNT = "order_and_digits", "said_on_phone", "same_account"
PROOFS = (ORDER_AND_DIGITS, SAID_ON_PHONE, SAME_ACCOUNT)
_SUGGESTED_AT_MOST = 5


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A customer who may be the same person.

    Attributes:
        why: ``order`` where both proved the same one, ``phone`` where both named the same number.
        what: that order or number.
    """

    customer: Customer
    why: str
    what: str


def link(
    work: UnitOfWork, staff: Staff, kept: str, other: str, proof: str, order_number: str = "", phone_last4: str = ""
) -> CustomerMerge:
    """Join two customers, named by their public ids or by an identity, into ``kept``.

    Raises:
        DeedRefused: they are one already, one is gone or asked to be erased, no proof is named, or it does not hold.
    """
    one, two = _customer(work, kept), _customer(work, other)
    if one.id == two.id:
        raise DeedRefused("already_linked")
    if proof not in PROOFS:
        raise DeedRefused("proof_missing")
    if proof == ORDER_AND_DIGITS and not _is_proved(work, one, two, order_number, phone_last4):
        raise DeedRefused("proof_wrong")
    lock_conversations_of(work, {one.id, two.id})
    work.session.refresh(one)
    work.session.refresh(two)
    if one.merged_into_id is not None or two.merged_into_id is not None:
        raise DeedRefused("already_linked")
    _not_to_be_erased(work, one, two)
    row = merge_customers(work, one, two, proof, staff.login)
    audit(work, staff, "link", row.public_id)
    return row


def unlink(work: UnitOfWork, staff: Staff, merge_id: int) -> None:
    """Take a joining back.

    Raises:
        DeedRefused: it was taken back before, the customer was joined to another since, or asked to be erased.
    """
    row = work.session.get_one(CustomerMerge, merge_id)
    lock_conversations_of(work, {row.kept_id, row.merged_id})
    work.session.refresh(row)
    if row.undone_at is not None:
        raise DeedRefused("already_parted")
    kept, merged = work.session.get_one(Customer, row.kept_id), work.session.get_one(Customer, row.merged_id)
    if kept.merged_into_id is not None:
        raise DeedRefused("part_later_first")
    if kept.erased_at is not None or merged.erased_at is not None:
        raise DeedRefused("unknown_customer")
    _not_to_be_erased(work, kept, merged)
    undo_merge(work, row)
    audit(work, staff, "unlink", row.public_id)


def answer_elsewhere(work: UnitOfWork, firm: Firm, staff: Staff, conversation_id: int, to: str, text: str) -> str:
    """Answer on another channel of the same customer; the case goes on there.

    Args:
        to: public id of that conversation.

    Returns:
        The public id of the conversation in which it was said.

    Raises:
        DeedRefused: the conversation is not this person's, that one is another customer's or a colleague's, or the text
            is empty.
    """
    here = work.session.get_one(Conversation, conversation_id)
    there = work.session.scalars(select(Conversation).where(Conversation.public_id == to)).first()
    if there is None or there.identity.customer_id != here.identity.customer_id:
        raise DeedRefused("not_theirs")
    for locked in sorted({here.id, there.id}):
        lock_conversation(work, locked)
    mine(work, staff, here.id)
    if not text.strip():
        raise DeedRefused("empty_text")
    if there.id != here.id:
        theirs = there.control == Control.STAFF and there.taken_by_id != staff.id
        if theirs and staff.role not in MAY_TAKE_FROM_OTHERS:
            raise DeedRefused("taken_by_colleague")
        if here.focus_case_id is None:
            raise DeedRefused("no_case_to_bring")
        if there.control != Control.STAFF:
            # Passed on below; what waits there is this person's to read.
            there.control, there.queued_at = Control.BOT, None
        else:
            there.taken_by_id = staff.id
        bring_case(work, work.session.get_one(Case, here.focus_case_id), there)
        audit(work, staff, "bring_case", there.public_id)
    answer_and_promise(work, firm, staff, there.id, text)
    return there.public_id


def find_suggestions(work: UnitOfWork, customer: Customer) -> list[Suggestion]:
    """Other customers who may be this one: the same order proved by both, or the same phone number."""
    orders, phones = _orders_of(work, customer), _phones_of(work, customer)
    found: dict[int, Suggestion] = {}
    live = (Customer.id != customer.id, Customer.merged_into_id.is_(None), Customer.erased_at.is_(None))

    def add(why: str, rows: list[tuple[Customer, str]]) -> None:
        for other, what in rows:
            found.setdefault(other.id, Suggestion(other, why, what))

    if orders:
        proved = (
            select(Customer, Fact.value)
            .join(Case, Case.customer_id == Customer.id)
            .join(Fact, Fact.case_id == Case.id)
            .where(Case.order_proved, Fact.key == "order_number", Fact.value.in_(orders), *live)
        )
        add("order", [(one, what) for one, what in work.session.execute(proved.limit(_SUGGESTED_AT_MOST))])
    if phones:
        named = (
            select(Customer, Fact.value)
            .join(Case, Case.customer_id == Customer.id)
            .join(Fact, Fact.case_id == Case.id)
            .where(Fact.key == "phone", Fact.value.in_(phones), *live)
        )
        called = (
            select(Customer, Identity.external_id)
            .join(Identity, Identity.customer_id == Customer.id)
            .where(Identity.channel == "phone", Identity.external_id.in_(phones), *live)
        )
        kept = select(Customer, Customer.phone).where(Customer.phone.in_(phones), *live)
        for statement in (named, called, kept):
            add("phone", [(one, what or "") for one, what in work.session.execute(statement.limit(_SUGGESTED_AT_MOST))])
    return list(found.values())[:_SUGGESTED_AT_MOST]


def _customer(work: UnitOfWork, public_id: str) -> Customer:
    """The customer of this public id, or behind this identity, written ``channel:id``."""
    channel, _, external_id = public_id.partition(":")
    named = select(Identity.customer_id).where(Identity.channel == channel, Identity.external_id == external_id)
    wanted = Customer.id.in_(named) if external_id else Customer.public_id == public_id
    found = work.session.scalars(select(Customer).where(wanted)).first()
    if found is None or found.erased_at is not None:
        raise DeedRefused("unknown_customer")
    if found.merged_into_id is not None:
        raise DeedRefused("already_linked")
    return found


def _not_to_be_erased(work: UnitOfWork, *customers: Customer) -> None:
    """See that none of them waits to be erased: joined or parted, it would be somebody who did not ask, or not all.

    Raises:
        DeedRefused: one does.
    """
    if waiting_request(work, {customer.id for customer in customers}) is not None:
        raise DeedRefused("erasure_waiting")


def _is_proved(work: UnitOfWork, one: Customer, two: Customer, order_number: str, phone_last4: str) -> bool:
    """The order is known to be one's, and whoever is here knows the digits of its phone."""
    known, orders = _orders_of(work, one) | _orders_of(work, two), OrderTwin(work)
    number = orders.as_on_file(order_number)
    return number in known and orders.is_proved_by(number, phone_last4)


def _orders_of(work: UnitOfWork, customer: Customer) -> set[str]:
    proved = (
        select(Fact.value)
        .join(Case, Case.id == Fact.case_id)
        .where(Case.customer_id == customer.id, Case.order_proved, Fact.key == "order_number")
    )
    names = [identity.public for identity in _identities(work, customer)]
    listed = select(OrderIdentity.order_number).where(OrderIdentity.identity.in_(names))
    return {*work.session.scalars(proved), *work.session.scalars(listed)}


def _phones_of(work: UnitOfWork, customer: Customer) -> set[str]:
    told = (
        select(Fact.value)
        .join(Case, Case.id == Fact.case_id)
        .where(Case.customer_id == customer.id, Fact.key == "phone")
    )
    called = {identity.external_id for identity in _identities(work, customer) if identity.channel == "phone"}
    return {*work.session.scalars(told), *called, *([customer.phone] if customer.phone else [])}


def _identities(work: UnitOfWork, customer: Customer) -> list[Identity]:
    return list(work.session.scalars(select(Identity).where(Identity.customer_id == customer.id)))
