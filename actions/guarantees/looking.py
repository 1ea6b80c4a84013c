"""Look at orders without being asked: those whose facts changed, and those whose time has come.

An order is looked at when ``Order.guarantees_due`` says so: whoever changes its facts sets it, and looking sets it
anew for the moment at which time alone may breach a guarantee. What was on file before a guarantee was written is found
once, at the start of the service. Each order is a unit of work of its own; any number of processes may look at once,
since a look is claimed and a payment is made once by constraint.

**Whom nobody can reach.** An order without an identity that we may speak to unasked (recovery by incidents goes by the
same rule: actions/incidents/reaching.py) is noticed, and nothing is paid: a payment of which nobody hears makes nothing
good, and a voucher could not even be used. It is paid as soon as the customer can be reached, or proves the order in a
complaint, also years later.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from sqlalchemy import exists, select, update

from actions.firm import Firm
from actions.guarantees.facts import facts_of
from actions.guarantees.paying import Outcome, Settled, breaches_of, notice, pay_unasked
from actions.guarantees.telling import plan_telling
from actions.incidents.reaching import conversation_of, reach
from recovery.guarantees import breaches, next_look
from store.database import Database, UnitOfWork
from store.tables import Conversation, GuaranteePayment, InboxRow, Order

# Who stops in the middle leaves the order to others after this time.
CLAIM = timedelta(seconds=90)
BATCH = 50
_BUSY = timedelta(seconds=2)
# A case in which nobody can be asked for approval at the moment.
_LATER = timedelta(minutes=30)
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at an order came to. ``busy``: its customer is just being answered, and it is looked at again."""

    settled: tuple[Settled, ...] = ()
    noticed: int = 0
    busy: bool = False


def claim_due(work: UnitOfWork, limit: int = BATCH) -> list[str]:
    """Numbers of orders to look at now, oldest first; nobody else gets them for a while."""
    statement = (
        select(Order)
        .where(Order.guarantees_due <= work.now)
        .order_by(Order.guarantees_due, Order.number)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    claimed = []
    for order in work.session.scalars(statement):
        order.guarantees_due = work.now + CLAIM
        claimed.append(order.number)
    return claimed


def look_at(work: UnitOfWork, firm: Firm, number: str) -> Look:
    """Pay what guarantees owe for an order, and plan the next look at it."""
    reached = reach(work, [number]).get(number) if _owes(work, firm, number) else None
    # The conversation is locked before the order, as everywhere.
    conversation = conversation_of(work, reached) if reached is not None else None
    order = work.session.scalars(
        select(Order).where(Order.number == number).with_for_update().execution_options(populate_existing=True)
    ).first()
    if order is None:
        return Look()
    if not _owes(work, firm, number):
        _plan(work, firm, order)
        return Look()
    if conversation is None:
        if reach(work, [number]):
            # The facts changed, or the customer came, while nothing was held.
            order.guarantees_due = work.now
            return Look(busy=True)
        noticed = notice(work, firm, number)
        _plan(work, firm, order)
        return Look(noticed=noticed)
    if _is_busy(work, conversation):
        order.guarantees_due = work.now + _BUSY
        return Look(busy=True)
    settled = pay_unasked(work, firm, conversation, number)
    for one in settled:
        if one.outcome is Outcome.PAID and one.case is not None:
            plan_telling(work, firm, conversation, one.case, one.payment)
    _plan(work, firm, order)
    if any(one.outcome is Outcome.LATER for one in settled):
        order.guarantees_due = work.now + _LATER
    return Look(tuple(settled))


def find_unseen(database: Database, firm: Firm) -> int:
    """Have every order looked at that a guarantee of the firm's file may be about and that nothing has told of: after a
    guarantee was added or changed, or orders came before there were any.

    Read in pages; only orders that something is owed for, or will be if nothing changes, are written.

    Returns:
        How many orders will be looked at.
    """
    rules = [rule for rule in firm.guarantees.rules if rule.pays_at_all]
    if not rules:
        return 0
    # The first day begins somewhere in the world.
    first = datetime.combine(min(rule.placed_from for rule in rules), time(), UTC) - timedelta(days=1)
    after, found = "", 0
    while True:
        with database.reading() as work:
            page = list(
                work.session.scalars(
                    select(Order)
                    .where(Order.number > after, Order.placed_at >= first)
                    .order_by(Order.number)
                    .limit(_PAGE)
                )
            )
            facts = facts_of(work, page)
            settled = _settled_among(work, [order.number for order in page])
            due = {}
            for number, known in facts.items():
                owed = breaches(rules, known, work.now, firm.zone)
                if any((breach.guarantee.key, number) not in settled for breach in owed):
                    due[number] = work.now
                elif (moment := next_look(rules, known, work.now, firm.zone)) is not None:
                    due[number] = moment
        if due:
            with database.begin() as work:
                for number, moment in due.items():
                    later = Order.guarantees_due.is_(None) | (Order.guarantees_due > moment)
                    work.session.execute(
                        update(Order).where(Order.number == number, later).values(guarantees_due=moment)
                    )
                work.commit()
        found += len(due)
        if len(page) < _PAGE:
            return found
        after = page[-1].number


def find_reachable(work: UnitOfWork) -> int:
    """Have those orders looked at again that were noticed and whose customers can be reached by now.

    Returns:
        How many.
    """
    found, after = 0, ""
    while True:
        statement = (
            select(GuaranteePayment.order_number)
            .where(GuaranteePayment.state == "noticed", GuaranteePayment.order_number > after)
            .distinct()
            .order_by(GuaranteePayment.order_number)
            .limit(_PAGE)
        )
        numbers = list(work.session.scalars(statement))
        for number in reach(work, numbers):
            unseen = update(Order).where(Order.number == number, Order.guarantees_due.is_(None))
            work.session.execute(unseen.values(guarantees_due=work.now))
            found += 1
        if len(numbers) < _PAGE:
            return found
        after = numbers[-1]


def _owes(work: UnitOfWork, firm: Firm, number: str) -> bool:
    """Whether a guarantee is breached for an order and not settled yet, as far as can be seen without holding it."""
    owed = {(breach.guarantee.key, number) for breach in breaches_of(work, firm, number)}
    return bool(owed - _settled_among(work, [number]))


def _settled_among(work: UnitOfWork, numbers: list[str]) -> set[tuple[str, str]]:
    statement = select(GuaranteePayment.guarantee, GuaranteePayment.order_number).where(
        GuaranteePayment.order_number.in_(numbers), GuaranteePayment.state != "noticed"
    )
    return {(guarantee, number) for guarantee, number in work.session.execute(statement)}


def _plan(work: UnitOfWork, firm: Firm, order: Order) -> None:
    """When to look at an order again, which is locked: as time alone may breach something; else as its facts change."""
    facts = facts_of(work, [order])[order.number]
    order.guarantees_due = next_look(firm.guarantees.rules, facts, work.now, firm.zone)


def _is_busy(work: UnitOfWork, conversation: Conversation) -> bool:
    waiting = exists().where(InboxRow.conversation_id == conversation.id, InboxRow.state == "open")
    return bool(work.session.scalar(select(waiting)))
