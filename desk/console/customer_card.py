"""The customer behind a conversation: who they are, what happened before, what was done for them, what they prefer."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Select, func, select
from sqlalchemy.orm import selectinload

from actions.cases import COMPLAINED
from actions.firm import Firm
from actions.staff import conduct, customers
from actions.staff.consulting import ANSWERING_ROLES
from recovery.case_states import CaseState
from recovery.money import Money
from recovery.remedies import RemedyKind
from store.database import UnitOfWork
from store.tables import Case, Conversation, Customer, Identity, Order, OrderIdentity, Promise, Remedy, Staff

# Complaints within so many days count as repeated (actions.cases).
REPEATED_DAYS = 90
_CASES_SHOWN = 10
_ORDERS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Channel:
    """A name under which a channel knows the customer; ``talk`` is the public id of its conversation, if any."""

    identity: Identity
    label: str
    talk: str | None
    is_here: bool


@dataclass(frozen=True, slots=True)
class Granted:
    """Remedies of a kind that were carried out; ``total`` None where they cost nothing."""

    kind: str
    times: int
    total: Money | None


@dataclass(frozen=True, slots=True)
class CustomerCard:
    """All that the card shows.

    Attributes:
        value: of what they bought within the time that tiers go by; None before it was reckoned.
        cases: the latest, without the one in view.
        more_cases: how many more there are.
        totals: what was paid in remedies, by currency.
        promises: how many were kept and broken, and are open.
        bought: what they bought in all, by currency.
        repeated: complaints within :data:`REPEATED_DAYS`, the one in view included.
        named: who looks after them, if anybody.
        staff: who could.
        conduct: a word of colleagues on how they behaved, as long as it holds.
        conduct_spans: for how many days one may be left.
    """

    customer: Customer
    value: Money | None
    channels: list[Channel]
    cases: list[Case]
    more_cases: int
    granted: list[Granted]
    totals: list[Money]
    promises: dict[str, int]
    orders: list[tuple[Order, Money]]
    more_orders: int
    bought: list[Money]
    repeated: int
    named: Staff | None
    staff: list[Staff]
    tiers: tuple[str, ...]
    kinds: tuple[str, ...]
    conduct: str | None
    conduct_spans: tuple[int, ...]


def read_customer_card(work: UnitOfWork, firm: Firm, conversation: Conversation, shown: Case | None) -> CustomerCard:
    """The card of the customer behind ``conversation``."""
    session, customer = work.session, conversation.identity.customer
    of_them = Case.customer_id == customer.id
    others = of_them if shown is None else of_them & (Case.id != shown.id)
    cases = list(
        session.scalars(
            select(Case)
            .where(others)
            .options(selectinload(Case.conversation), selectinload(Case.ratings))
            .order_by(Case.opened_at.desc(), Case.id.desc())
            .limit(_CASES_SHOWN)
        )
    )
    uncounted = (CaseState.WITHDRAWN, CaseState.MERGED)
    repeated = select(func.count(Case.id)).where(
        of_them, Case.opened_at >= work.now - timedelta(days=REPEATED_DAYS), Case.state.not_in(uncounted), COMPLAINED
    )
    granted = _granted(work, of_them)
    totals: dict[str, int] = {}
    for each in granted:
        if each.total is not None:
            totals[each.total.currency] = totals.get(each.total.currency, 0) + each.total.minor
    channels = _channels(work, customer, conversation)
    orders, number_of_orders, bought = _orders(work, [channel.identity.public for channel in channels])
    staff = session.scalars(
        select(Staff).where(Staff.active.is_(True), Staff.role.in_(ANSWERING_ROLES)).order_by(Staff.name)
    )
    return CustomerCard(
        customer=customer,
        value=Money(customer.value, firm.file.currency) if customer.value is not None else None,
        channels=channels,
        cases=cases,
        more_cases=_count(work, select(func.count(Case.id)).where(others)) - len(cases),
        granted=granted,
        totals=[Money(minor, currency) for currency, minor in sorted(totals.items())],
        promises=_promises(work, [channel.identity.id for channel in channels]),
        orders=orders,
        more_orders=number_of_orders - len(orders),
        bought=bought,
        repeated=_count(work, repeated),
        named=session.get(Staff, customer.named_staff_id) if customer.named_staff_id else None,
        staff=list(staff),
        tiers=customers.TIERS,
        conduct=customer.conduct_note if customer.conduct_until and customer.conduct_until > work.now else None,
        conduct_spans=conduct.SPANS_DAYS,
        kinds=tuple(kind.value for kind in RemedyKind),
    )


def _channels(work: UnitOfWork, customer: Customer, here: Conversation) -> list[Channel]:
    identities = list(
        work.session.scalars(select(Identity).where(Identity.customer_id == customer.id).order_by(Identity.id))
    )
    theirs = select(Conversation).where(Conversation.identity_id.in_([identity.id for identity in identities]))
    talks = {talk.identity_id: talk for talk in work.session.scalars(theirs)}
    found = []
    for identity in identities:
        talk = talks.get(identity.id)
        label, public_id = (talk.channel_label, talk.public_id) if talk else (identity.channel, None)
        found.append(Channel(identity, label, public_id, identity.id == here.identity_id))
    return found


def _granted(work: UnitOfWork, of_them: object) -> list[Granted]:
    rows = work.session.execute(
        select(Remedy.kind, Remedy.currency, func.count(), func.sum(Remedy.amount))
        .join(Case, Case.id == Remedy.case_id)
        .where(of_them, Remedy.state == "executed")  # type: ignore[arg-type]
        .group_by(Remedy.kind, Remedy.currency)
        .order_by(func.sum(Remedy.amount).desc(), Remedy.kind)
    )
    return [Granted(kind, times, Money(minor, currency) if minor else None) for kind, currency, times, minor in rows]


def _promises(work: UnitOfWork, identity_ids: list[int]) -> dict[str, int]:
    rows = work.session.execute(
        select(Promise.state, func.count())
        .join(Conversation, Conversation.id == Promise.conversation_id)
        .where(Conversation.identity_id.in_(identity_ids))
        .group_by(Promise.state)
    )
    found: dict[str, int] = {row[0]: row[1] for row in rows}
    return {state: found.get(state, 0) for state in ("kept", "broken", "open")}


def _orders(work: UnitOfWork, identities: list[str]) -> tuple[list[tuple[Order, Money]], int, list[Money]]:
    """The latest orders, how many there are in all, and what they cost by currency."""
    numbers = select(OrderIdentity.order_number).where(OrderIdentity.identity.in_(identities))
    theirs = Order.number.in_(numbers)
    latest = work.session.scalars(select(Order).where(theirs).order_by(Order.placed_at.desc()).limit(_ORDERS_SHOWN))
    sums = work.session.execute(
        select(Order.currency, func.count(), func.sum(Order.total))
        .where(theirs)
        .group_by(Order.currency)
        .order_by(Order.currency)
    ).all()
    return (
        [(order, Money(order.total, order.currency)) for order in latest],
        sum(times for _, times, _ in sums),
        [Money(minor, currency) for currency, _, minor in sums],
    )


def _count(work: UnitOfWork, statement: Select[int]) -> int:
    return work.session.scalar(statement) or 0
