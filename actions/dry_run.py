"""What other rules would have offered in the cases of a period, before anybody switches them on.

Each case is decided twice by the same facts: its labels and its order as they are known now, at the moment when its
first choices were put (where none were, when it was opened), after what had been granted to customer and order until
then. What the customers took of those choices is priced anew; nobody can know what they would have taken of something
else, so nothing is claimed about that. What they named themselves, what staff gave by hand and what guarantees paid was
no choice of theirs, and is neither decided anew nor counted on the budgets here.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from actions.account import NOT_GIVEN, listed_among
from actions.budgets import share_of_day_left
from actions.cases import get_fact, proved_order
from actions.firm import Firm
from actions.learning import is_choice
from actions.offering import policy_now
from recovery.authority import Account, Bounds
from recovery.budgets import BudgetLeft, budget_left
from recovery.decision import AssessedComplaint, CustomerKnown, Decision, FactsKnown, decide
from recovery.failures import Dimension, leading_category
from recovery.money import Money
from recovery.severity import Severity
from store.database import Database, UnitOfWork
from store.tables import Case, Offer, Remedy

_CHUNK = 200


@dataclass
class OneSide:
    """What one policy offers in all cases together; amounts in minor units.

    Attributes:
        first_choice: what the offers that stand first cost.
        accepted: what the remedies that customers took then cost by its prices.
        no_longer: cases whose accepted remedies it does not offer.
        authority: cases by who must grant the first offer.
        nothing: cases without an offer, by why.
    """

    offers: int = 0
    first_choice: int = 0
    accepted: int = 0
    no_longer: int = 0
    authority: Counter[str] = field(default_factory=Counter)
    nothing: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class ChangedCase:
    """A case that would be offered something else."""

    number: str
    category: str
    severity: str
    now: str
    then: str


@dataclass
class DryRun:
    """The comparison."""

    since: datetime
    until: datetime
    currency: str
    cases: int = 0
    now: OneSide = field(default_factory=OneSide)
    new: OneSide = field(default_factory=OneSide)
    changed: list[ChangedCase] = field(default_factory=list)
    by_category: dict[str, Counter[str]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "currency": self.currency,
            "cases": self.cases,
            "changed_cases": len(self.changed),
            "now": _side_json(self.now),
            "new": _side_json(self.new),
            "by_category": {key: dict(counts) for key, counts in sorted(self.by_category.items())},
            "changed": [
                {
                    "case": one.number,
                    "category": one.category,
                    "severity": one.severity,
                    "now": one.now,
                    "new": one.then,
                }
                for one in self.changed
            ],
        }


def dry_run(
    database: Database, firm: Firm, changed: Firm, since: datetime, until: datetime, on_progress: Any = None
) -> DryRun:
    """Decide the cases opened from ``since`` to ``until`` by both policies.

    Budgets are followed through by what each policy's share of the accepted remedies costs, day by day.

    Args:
        on_progress: called with the number of cases done, now and then.
    """
    run = DryRun(since, until, firm.policy.currency)
    spent: dict[str, Counter[tuple[str, str]]] = {"now": Counter(), "new": Counter()}
    with database.reading() as work:
        for case in _cases(work, since, until):
            _decide_both(work, firm, changed, case, run, spent)
            if on_progress is not None and run.cases % _CHUNK == 0:
                on_progress(run.cases)
    return run


def _cases(work: UnitOfWork, since: datetime, until: datetime) -> Iterator[Case]:
    after: tuple[datetime, int] = (since, 0)
    while True:
        statement = (
            select(Case)
            .where(
                (Case.opened_at > after[0]) | ((Case.opened_at == after[0]) & (Case.id > after[1])),
                Case.opened_at < until,
                Case.origin == "complaint",
                Case.erased_at.is_(None),
            )
            .order_by(Case.opened_at, Case.id)
            .limit(_CHUNK)
        )
        found = list(work.session.scalars(statement))
        yield from found
        if len(found) < _CHUNK:
            return
        after = (found[-1].opened_at, found[-1].id)
        work.session.expunge_all()


def _decide_both(
    work: UnitOfWork, firm: Firm, changed: Firm, case: Case, run: DryRun, spent: dict[str, Counter[tuple[str, str]]]
) -> None:
    run.cases += 1
    choices = [offer for offer in case.offers if is_choice(offer)]
    first = min(choices, key=lambda offer: (offer.round, offer.position), default=None)
    moment = first.made_at if first is not None else case.opened_at
    taken = next((offer for offer in choices if offer.state == "accepted"), None)
    before = _before(work, case, moment)
    day = firm.local(moment).date().isoformat()
    category = leading_category(case.categories, firm.like)
    sides: dict[str, Decision] = {}
    for name, policy_firm, side in (("now", firm, run.now), ("new", changed, run.new)):
        counts = spent[name]
        left = budget_left(
            policy_firm.policy.budgets,
            category,
            {key: counts[day, key] for key in ("", category)},
            share_of_day_left(firm, moment),
        )
        decision = _decide(work, policy_firm, case, before, left)
        sides[name] = decision
        cost = _count(side, decision, taken)
        counts[day, ""] += cost
        counts[day, category] += cost
    line = run.by_category.setdefault(category, Counter())
    line["cases"] += 1
    for name, decision in sides.items():
        line[f"{name}_first_choice"] += decision.offers[0].cost.minor if decision.offers else 0
    shown = {name: _told(decision) for name, decision in sides.items()}
    if shown["now"] != shown["new"]:
        line["changed"] += 1
        run.changed.append(ChangedCase(case.number, category, case.severity, shown["now"], shown["new"]))


def _decide(work: UnitOfWork, firm: Firm, case: Case, before: "_Before", left: BudgetLeft) -> Decision:
    order = proved_order(work, case)
    customer = case.customer
    return decide(
        AssessedComplaint(
            tuple(case.categories),
            Severity(case.severity),
            Dimension(case.dimension),
            case.emotion,
            before.moment - case.opened_at,
        ),
        CustomerKnown(
            case.tier, customer.value, frozenset(customer.preferred_remedies), frozenset(customer.avoided_remedies)
        ),
        FactsKnown(
            Money(order.total, order.currency) if order else None,
            before.account(firm.policy.bounds),
            case.wished_remedy,
        ),
        policy_now(work, firm),
        left,
    )


@dataclass(frozen=True, slots=True)
class _Before:
    """What had happened by the moment at which a case is decided: each granted amount and each complaint judged
    unfounded with its time, for limits whose windows differ by policy."""

    moment: datetime
    listed: bool
    granted_minor: int
    to_customer: tuple[tuple[datetime, int], ...]
    unfounded: tuple[datetime, ...]

    def account(self, bounds: Bounds) -> Account:
        return Account(
            granted_minor=self.granted_minor,
            customer_minor=self._granted_since(self.moment - bounds.customer_window),
            listed=self.listed,
            unlisted_minor=self._granted_since(self.moment - bounds.unlisted_window),
            unfounded=sum(at >= self.moment - bounds.unfounded_window for at in self.unfounded),
        )

    def _granted_since(self, begin: datetime) -> int:
        return sum(amount for at, amount in self.to_customer if at >= begin)


def _before(work: UnitOfWork, case: Case, moment: datetime) -> _Before:
    number, customer = get_fact(case, "order_number"), case.customer_id
    given = (
        select(Remedy.id, Remedy.intended_at, Remedy.amount, Remedy.case_id)
        .join(Case, Case.id == Remedy.case_id)
        .where(Remedy.intended_at <= moment, Remedy.state.not_in(NOT_GIVEN))
    )
    to_customer = work.session.execute(given.where(Case.customer_id == customer)).all()
    for_order = work.session.execute(given.where(Remedy.order_number == number)).all() if number else []
    of_case = {row.id: row.amount for row in [*to_customer, *for_order] if row.case_id == case.id}
    judged = select(Case.opened_at).where(
        Case.customer_id == customer, Case.valid.is_(False), Case.opened_at < case.opened_at
    )
    return _Before(
        moment,
        case.id in listed_among(work, [case]),
        sum((of_case | {row.id: row.amount for row in for_order}).values()),
        tuple((row.intended_at, row.amount) for row in to_customer),
        tuple(work.session.scalars(judged)),
    )


def _count(side: OneSide, decision: Decision, taken: Offer | None) -> int:
    """Add a case to a side; what the remedies that were taken then cost by this decision, in minor units."""
    side.offers += len(decision.offers)
    if not decision.offers:
        side.nothing[str(decision.nothing)] += 1
    else:
        side.first_choice += decision.offers[0].cost.minor
        side.authority[str(decision.offers[0].authority)] += 1
    if taken is None:
        return 0
    kinds = {item["kind"] for item in taken.remedies}
    same = next((one for one in decision.offers if {r.kind.value for r in one.remedies} == kinds), None)
    if same is None:
        side.no_longer += 1
        return 0
    side.accepted += same.cost.minor
    return same.cost.minor


def _told(decision: Decision) -> str:
    """An answer in a line, so that two can be compared and read."""
    if not decision.offers:
        return f"nothing ({decision.nothing})"
    parts = []
    for offer in decision.offers:
        kinds = "+".join(f"{r.kind.value} {r.counts_minor}" if r.counts_minor else r.kind.value for r in offer.remedies)
        parts.append(kinds if offer.authority == "bot" else f"{kinds} [{offer.authority}]")
    return "; ".join(parts)


def _side_json(side: OneSide) -> dict[str, Any]:
    return {
        "offers": side.offers,
        "first_choice_minor": side.first_choice,
        "accepted_minor": side.accepted,
        "accepted_not_offered": side.no_longer,
        "authority": dict(side.authority),
        "nothing": dict(side.nothing),
    }
