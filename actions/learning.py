"""What the firm's own offers taught (recovery.experience): counted anew every day from the offers themselves.

An offer counts once its round was answered: one of the choices taken, all of them declined, or the case closed over
them. What staff gave by hand or a guarantee paid was no choice of the customer's, and counts only for who came back. A
customer came back who ordered again within the firm's window after the case was settled; that can be told once the
window has passed, and only of customers whose orders are known.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite

from actions.account import remedies_of
from actions.firm import Firm
from actions.staff.granting import BY_HAND
from recovery.case_states import UNSETTLED, CaseState
from recovery.decision import ReasonKey
from recovery.experience import Cell, CellKey, Counts, add_up
from recovery.failures import Dimension, fixed_category, leading_category
from recovery.severity import Severity
from recovery.value import Situation, cell_of, foresee_round, nothing_of, prior_retention
from store.database import Database, UnitOfWork
from store.tables import Case, Fact, Identity, Offer, Order, OrderIdentity, RemedyExperience

# Cases read at once: what a run holds in memory beside the cells, of which there are never more than a few thousand.
_CHUNK = 200
# The customer took it, whatever became of it at the desk.
_TAKEN = frozenset({"accepted", "awaiting_approval", "refused"})
# What the customer named is what they take.
_WISHES = frozenset({ReasonKey.BY_WISH, ReasonKey.WISH_FOR_PERSON})
# These were not handled to their end.
_NOT_FOLLOWED = frozenset({*UNSETTLED, CaseState.WITHDRAWN, CaseState.MERGED})


def recalculate(database: Database, firm: Firm) -> int:
    """Count all offers of the firm's ``learn_from`` anew; twice, or two at once, gives the same.

    Reads a few cases at a time in units of work of their own, so nobody waits for it, and replaces the table in one.

    Returns:
        How many cells there are.
    """
    counted: dict[CellKey, Cell] = {}
    after, now = 0, database.clock()
    while True:
        with database.reading() as work:
            found = _learn_from(work, firm, now, after)
        if found is None:
            break
        after, learnt = found
        add_up(counted, learnt)
    with database.begin() as work:
        _replace(work, counted.values(), now)
        work.commit()
    return len(counted)


@dataclass(frozen=True, slots=True)
class _Bought:
    """Of one customer: whether any order is known, and when they placed those since the first case looked at."""

    known: bool
    placed: tuple[datetime, ...]


def _learn_from(work: UnitOfWork, firm: Firm, now: datetime, after: int) -> tuple[int, list[Cell]] | None:
    """The next cases after an id, counted; None where there are none left."""
    since = now - firm.value.learning.learn_from
    ids = list(
        work.session.scalars(
            select(Case.id).where(Case.id > after, Case.opened_at >= since).order_by(Case.id).limit(_CHUNK)
        )
    )
    if not ids:
        return None
    cases = list(work.session.scalars(select(Case).where(Case.id.in_(ids)).order_by(Case.id)))
    offers: dict[int, list[Offer]] = {}
    statement = select(Offer).where(Offer.case_id.in_(ids)).order_by(Offer.case_id, Offer.round, Offer.position)
    for offer in work.session.scalars(statement):
        offers.setdefault(offer.case_id, []).append(offer)
    totals = order_totals(work, firm, cases)
    bought = _bought(work, [case for case in cases if case.id in offers], since)
    learnt: list[Cell] = []
    for case in cases:
        if made := offers.get(case.id):
            learnt += _learn_from_case(firm, now, case, made, totals.get(case.id), bought.get(case.customer_id))
    return ids[-1], learnt


def _learn_from_case(
    firm: Firm, now: datetime, case: Case, offers: Sequence[Offer], total: int | None, bought: _Bought | None
) -> list[Cell]:
    learnt: list[Cell] = []
    declined: dict[str, float] = {}
    put_to_them = False
    for number in sorted({offer.round for offer in offers}):
        answered = [offer for offer in offers if offer.round == number and is_choice(offer)]
        if not answered or not _is_answered(case, answered):
            continue
        put_to_them = True
        learnt += learn_round(
            firm,
            [(situation_of(firm, case, offer.made_at, total), offer) for offer in answered],
            declined,
        )
    settled = case.resolved_at or case.closed_at
    window = firm.value.learning.retention_window
    if settled is None or case.state in _NOT_FOLLOWED or bought is None or not bought.known or settled + window > now:
        return learnt
    came_back = float(any(settled < placed <= settled + window for placed in bought.placed))
    priors = firm.value.priors
    taken = next((offer for offer in reversed(offers) if offer.state == "accepted"), None)
    if taken is not None:
        situation = situation_of(firm, case, taken.made_at, total)
        key, foreseen = cell_of(priors, situation, remedies_of(taken)), prior_retention(priors, situation)
    elif put_to_them:
        situation = situation_of(firm, case, settled, total)
        key, foreseen = nothing_of(situation), priors.retention.without[situation.severity]
    else:
        return learnt
    return [*learnt, Cell(key, customers=Counts(1.0, came_back, foreseen))]


def learn_round(firm: Firm, answered: Sequence[tuple[Situation, Offer]], declined: dict[str, float]) -> list[Cell]:
    """One answered round: which of the choices was taken, beside what the priors foresaw of choices side by side.

    Args:
        declined: in earlier rounds of the case (:func:`recovery.value.foresee_round`); this one is added.
    """
    offers = [(situation, remedies_of(offer)) for situation, offer in answered]
    return [
        Cell(key, offers=Counts(1.0, float(offer.state in _TAKEN), foreseen))
        for (_, offer), (key, foreseen) in zip(
            answered, foresee_round(firm.value.priors, offers, declined), strict=True
        )
    ]


def is_choice(offer: Offer) -> bool:
    """Whether it was put to the customer to choose; what people or guarantees gave, or the customer named, was not."""
    decision = offer.decision or {}
    return offer.rule != BY_HAND and decision.get("by") != "guarantee" and decision.get("reason") not in _WISHES


def _is_answered(case: Case, offers: Sequence[Offer]) -> bool:
    states = {offer.state for offer in offers}
    if states & _TAKEN or states == {"declined"}:
        return True
    # Silence is an answer, too, once the case was closed over it.
    return states == {"open"} and case.state == CaseState.CLOSED


def situation_of(firm: Firm, case: Case, at: datetime, total: int | None) -> Situation:
    """A past case as the rules of value see it at a moment; nothing here asks for the customer's worth."""
    category = leading_category(case.categories, firm.like)
    return Situation(
        category=category,
        fixed=fixed_category(category, firm.like),
        dimension=Dimension(case.dimension),
        severity=Severity(case.severity),
        tier=case.tier,
        emotion=case.emotion,
        waited=at - case.opened_at,
        at_stake_minor=total,
        customer_value_minor=0,
    )


def order_totals(work: UnitOfWork, firm: Firm, cases: Sequence[Case]) -> dict[int, int]:
    """Case id → what was paid for its order, where that is the customer's and in the firm's currency."""
    proved = [case.id for case in cases if case.order_proved]
    statement = (
        select(Fact.case_id, Order.total)
        .join(Order, Order.number == Fact.value)
        .where(Fact.case_id.in_(proved), Fact.key == "order_number", Order.currency == firm.policy.currency)
    )
    return {row[0]: row[1] for row in work.session.execute(statement)}


def _bought(work: UnitOfWork, cases: Sequence[Case], since: datetime) -> dict[int, _Bought]:
    """Customer id → what is known of their orders."""
    customers = {case.customer_id for case in cases}
    owner: dict[str, int] = {}
    for identity in work.session.scalars(select(Identity).where(Identity.customer_id.in_(customers))):
        owner[identity.public] = identity.customer_id
    known: set[int] = set()
    placed: dict[int, list[datetime]] = {}
    # One customer may have thousands of orders: only whether there is one, and when the recent ones were placed.
    named = OrderIdentity.identity.in_(list(owner))
    for identity_name in work.session.scalars(select(OrderIdentity.identity).where(named).distinct()):
        known.add(owner[identity_name])
    recent = (
        select(OrderIdentity.identity, Order.placed_at)
        .join(Order, Order.number == OrderIdentity.order_number)
        .where(named, Order.placed_at > since)
    )
    for identity_name, at in work.session.execute(recent):
        placed.setdefault(owner[identity_name], []).append(at)
    return {one: _Bought(one in known, tuple(placed.get(one, ()))) for one in customers}


def _replace(work: UnitOfWork, counted: Iterable[Cell], now: datetime) -> None:
    insert = sqlite.insert if work.session.get_bind().dialect.name == "sqlite" else postgresql.insert
    table = RemedyExperience
    # In one order for everybody, so that two runs at once wait for each other and do not lock each other out.
    for cell in sorted(counted, key=lambda one: (one.key.remedies, one.key.band, one.key.category, one.key.tier)):
        values = {
            "offered": int(cell.offers.cases),
            "accepted": int(cell.offers.good),
            "foreseen_accepted": cell.offers.foreseen,
            "followed": int(cell.customers.cases),
            "retained": int(cell.customers.good),
            "foreseen_retained": cell.customers.foreseen,
            "as_of": now,
        }
        key = {"remedies": cell.key.remedies, "band": cell.key.band}
        key |= {"category": cell.key.category, "tier": cell.key.tier}
        statement = insert(table).values(**key, **values)
        work.session.execute(
            statement.on_conflict_do_update(
                index_elements=["remedies", "band", "category", "tier"], set_=values, where=table.as_of <= now
            )
        )
    work.session.execute(delete(table).where(table.as_of < now))
