"""What the form of a complaint taken by staff finds while it is filled in: who that may be, order, same case."""

import re
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select

from actions.cases import get_fact
from actions.connectors.orders import OrderTwin
from actions.firm import Firm
from actions.staff.recording import find_duplicates, is_order_theirs
from recovery.case_states import UNSETTLED
from recovery.money import Money
from recovery.phones import last_four, normalise_phone
from store.database import UnitOfWork
from store.tables import Case, Customer, Fact, Identity, Order, OrderIdentity, Staff

FOUND_AT_MOST = 6
# Chosen in place of a customer: it is somebody new, whatever was found.
NOBODY_KNOWN = "new"
_CASE_NUMBER = re.compile(r"(?:AM)?-?([2-9A-HJKMNP-TV-Z]{4})-?([2-9A-HJKMNP-TV-Z]{4})", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, slots=True)
class Known:
    """A customer who may be the one.

    Attributes:
        identities: as ``channel:id``, at most three.
        open_cases: how many complaints of theirs are not settled.
    """

    customer: Customer
    identities: list[str]
    open_cases: int


@dataclass(frozen=True, slots=True)
class OrderFound:
    """An order, and whether it is this customer's."""

    order: Order
    total: Money
    theirs: bool


@dataclass(frozen=True, slots=True)
class Alike:
    """An unsettled case that may be the same complaint."""

    case: Case
    owner: str | None
    order_number: str | None


@dataclass(frozen=True, slots=True)
class Found:
    """What is known for what was typed so far.

    Attributes:
        chosen: public id of who it is: chosen by hand, or the only one with this phone number; else empty.
        phone: the number as it is kept, or None.
        order_asked: the number typed; empty where none was.
    """

    customers: list[Known]
    chosen: str
    phone: str | None
    order_asked: str
    order: OrderFound | None
    alike: list[Alike]


def look(work: UnitOfWork, firm: Firm, typed: dict[str, str]) -> Found:
    """Look up who, which order, which cases; a fixed number of queries."""
    chosen, who, number = typed.get("customer", ""), typed.get("who", ""), typed.get("order", "")
    number = OrderTwin(work).as_on_file(number)
    phone = normalise_phone(typed.get("phone", "")) or normalise_phone(who)
    customers = _find_customers(work, chosen, who, phone, number)
    same_phone = [one.customer.public_id for one in customers if phone is not None and _has_phone(one, phone)]
    if not chosen and len(same_phone) == 1:
        chosen = same_phone[0]
    picked = next((known.customer.id for known in customers if known.customer.public_id == chosen), None)
    alike = find_duplicates(work, {picked} if picked is not None else set(), phone, number)
    owners = {case.owner_id for case in alike if case.owner_id is not None}
    names = {person.id: person.name for person in work.session.scalars(select(Staff).where(Staff.id.in_(owners)))}
    order = work.session.get(Order, number)
    digits = typed.get("digits", "")
    return Found(
        customers=customers,
        chosen=chosen if picked is not None else "",
        phone=phone,
        order_asked=number,
        order=OrderFound(
            order, Money(order.total, order.currency), is_order_theirs(work, number, picked, digits, last_four(phone))
        )
        if order
        else None,
        alike=[Alike(case, names.get(case.owner_id or 0), get_fact(case, "order_number")) for case in alike],
    )


def _has_phone(known: Known, phone: str) -> bool:
    return known.customer.phone == phone or f"phone:{phone}" in known.identities


def _find_customers(work: UnitOfWork, chosen: str, who: str, phone: str | None, number: str) -> list[Known]:
    """Those meant by what was typed, the chosen one always among them and first."""
    live = (Customer.merged_into_id.is_(None), Customer.erased_at.is_(None))
    ways = [*_ways(who, phone), *_of_order(number)]
    found: list[Customer] = []
    if ways:
        statement = select(Customer).where(or_(*ways), *live).order_by(Customer.id.desc()).limit(FOUND_AT_MOST)
        found = list(work.session.scalars(statement))
    if chosen not in ("", NOBODY_KNOWN) and all(customer.public_id != chosen for customer in found):
        found = [*work.session.scalars(select(Customer).where(Customer.public_id == chosen, *live)), *found]
    found.sort(key=lambda customer: customer.public_id != chosen)
    ids = [customer.id for customer in found]
    unsettled = (
        select(Case.customer_id, func.count(Case.id))
        .where(Case.customer_id.in_(ids), Case.state.in_(UNSETTLED))
        .group_by(Case.customer_id)
    )
    counts = {customer_id: count for customer_id, count in work.session.execute(unsettled)}  # noqa: C416
    identities: dict[int, list[str]] = {}
    for identity in work.session.scalars(
        select(Identity).where(Identity.customer_id.in_(ids)).order_by(Identity.id.desc())
    ):
        identities.setdefault(identity.customer_id, []).append(identity.public)
    return [Known(one, identities.get(one.id, [])[:3], counts.get(one.id, 0)) for one in found]


def _ways(who: str, phone: str | None) -> list[ColumnElement[bool]]:
    ways: list[ColumnElement[bool]] = []
    if phone is not None:
        by_phone = select(Identity.customer_id).where(Identity.channel == "phone", Identity.external_id == phone)
        told = select(Case.customer_id).join(Fact, Fact.case_id == Case.id)
        ways += [
            Customer.phone == phone,
            Customer.id.in_(by_phone),
            Customer.id.in_(told.where(Fact.key == "phone", Fact.value == phone)),
        ]
    if not who:
        return ways
    ways += _of_order(who)
    if case := _CASE_NUMBER.fullmatch(who):
        written = f"AM-{case[1]}-{case[2]}".upper()
        ways.append(Customer.id.in_(select(Case.customer_id).where(Case.number == written)))
    channel, _, external_id = who.partition(":")
    begins = Identity.external_id.startswith(external_id or who, autoescape=True)
    named = begins & (Identity.channel == channel) if external_id else begins
    if len(who) >= 3:
        ways.append(Customer.id.in_(select(Identity.customer_id).where(named)))
    if not who.isdigit():
        ways.append(Customer.name.contains(who, autoescape=True))
    return ways


def _of_order(number: str) -> list[ColumnElement[bool]]:
    """Customers who proved the order, or with whom the merchant lists it; a merely named number tells nobody."""
    if len(number) < 4:
        return []
    listed = select(OrderIdentity.identity).where(OrderIdentity.order_number == number)
    proved = (
        select(Case.customer_id)
        .join(Fact, Fact.case_id == Case.id)
        .where(Case.order_proved, Fact.key == "order_number", Fact.value == number)
    )
    by_identity = select(Identity.customer_id).where((Identity.channel + ":" + Identity.external_id).in_(listed))
    return [Customer.id.in_(proved), Customer.id.in_(by_identity)]
