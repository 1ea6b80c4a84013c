"""What starting an incident would do: whom it reaches, how long it takes, what it costs at most, who must agree."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import func, select

from actions.account import NOT_GIVEN
from actions.budgets import left_today
from actions.firm import Firm
from actions.firm.playbooks import PlaybookFile
from actions.incidents.drafting import rows_of
from actions.incidents.reaching import Reached, reach
from recovery.authority import Account
from recovery.budgets import BudgetLeft
from recovery.decision import AssessedComplaint, CustomerKnown, FactsKnown, Policy, RankedOffer, decide
from recovery.incidents import RowState
from recovery.money import Money
from recovery.remedies import Authority
from recovery.severity import Severity
from store.database import UnitOfWork
from store.erasing import slices
from store.tables import Incident, IncidentOrder, Order, Remedy


@dataclass(frozen=True, slots=True)
class Preview:
    """All that is known before it starts. Amounts in minor units of the firm's currency.

    Attributes:
        orders: that are on the list and on file.
        customers: who would be told; ``channels``: on which.
        unreachable, unknown: orders, in the order of the list.
        most: if everybody takes the dearest choice put to them; ``dearest``: the dearest single one.
        authorities: for how many customers the dearest choice needs whom.
        nothing: how many are told without any offer.
        budget: what is left today; ``beyond``: by how much ``most`` is more than that.
        takes: how long it takes at least, quiet hours aside.
        words: playbook, category, titles and speed, as they will be told and kept to.
    """

    orders: int
    customers: int
    channels: dict[str, int]
    unreachable: list[str]
    unknown: list[str]
    most: int
    dearest: int
    authorities: dict[str, int]
    nothing: int
    budget: BudgetLeft
    beyond: int
    takes: timedelta
    starts_at: datetime | None
    currency: str
    choices: list[RankedOffer] = field(default_factory=list)
    words: str = ""

    @property
    def digest(self) -> str:
        """What somebody who confirms has seen: where it differs, they are shown it anew."""
        words = hashlib.sha256(self.words.encode()).hexdigest()[:16]
        return f"{self.customers}-{len(self.unreachable)}-{len(self.unknown)}-{self.most}-{words}"


def preview(work: UnitOfWork, firm: Firm, incident: Incident) -> Preview:
    """Look what would happen if the incident were started now; nothing is changed."""
    playbook = firm.playbooks.named(incident.playbook)
    rows = [r for r in rows_of(work, incident) if r.state in _TO_TELL]
    numbers = [row.order_number for row in rows]
    orders, reached = _orders(work, numbers), reach(work, numbers)
    people = _by_customer(rows, orders, reached)
    granted = _granted(work, numbers)
    channels: Counter[str] = Counter()
    authorities: Counter[str] = Counter()
    most = dearest = nothing = 0
    shown: list[RankedOffer] = []
    for one in people.values():
        order = dearest_of([orders[row.order_number] for row in one], firm.policy.currency)
        channels[reached[order.number].address.channel] += 1
        offers = offers_for(firm, playbook, incident.category, order, granted.get(order.number, 0))
        if not offers:
            nothing += 1
            continue
        top = max(offers, key=lambda offer: offer.cost.minor)
        most, dearest = most + top.cost.minor, max(dearest, top.cost.minor)
        authorities[top.authority] += 1
        if not shown or top.cost.minor > max(offer.cost.minor for offer in shown):
            shown = offers
    left = left_today(work, firm, incident.category)
    quiet = quiet_until(firm, work.now)
    return Preview(
        orders=sum(1 for number in numbers if number in orders),
        customers=len(people),
        channels=dict(channels.most_common()),
        unreachable=[n for n in numbers if n in orders and n not in reached],
        unknown=[number for number in numbers if number not in orders],
        most=most,
        dearest=dearest,
        authorities={str(a): authorities[a] for a in Authority if authorities[a]},
        nothing=nothing,
        budget=left,
        beyond=max(0, most - left.minor) if left.minor is not None else 0,
        takes=timedelta(minutes=max(0, -(-len(people) // incident.per_minute) - 1)),
        starts_at=quiet,
        currency=firm.policy.currency,
        choices=shown,
        words=json.dumps([incident.playbook, incident.category, incident.titles, incident.per_minute], sort_keys=True),
    )


_TO_TELL = (RowState.WAITING, RowState.UNREACHABLE, RowState.UNKNOWN)


def offers_for(
    firm: Firm, playbook: PlaybookFile | None, category: str, order: Order | None, granted_minor: int
) -> list[RankedOffer]:
    """What the playbook offers for an order, by the rules of everything else (:func:`recovery.decision.decide`)."""
    rule = playbook.rule if playbook is not None else None
    if rule is None:
        return []
    policy = Policy(replace(firm.policy, rules=(replace(rule, categories=(category,)),)))
    total = Money(order.total, order.currency) if order is not None else None
    facts = FactsKnown(total, Account(granted_minor=granted_minor))
    return list(decide(AssessedComplaint((category,), Severity.MEDIUM), CustomerKnown(), facts, policy).offers)


def dearest_of(orders: Sequence[Order], currency: str) -> Order:
    """Of one customer's orders the one that the offer goes by: the dearest in the firm's own currency."""
    return max(orders, key=lambda order: (order.currency == currency, order.total, order.number))


def quiet_until(firm: Firm, now: datetime) -> datetime | None:
    """When customers may be written to unasked again; None where they may now."""
    quiet = firm.playbooks.quiet_hours or firm.notifications.quiet_hours
    return quiet.ends(firm.local(now)) if quiet is not None else None


def _by_customer(
    rows: Sequence[IncidentOrder], orders: dict[str, Order], reached: dict[str, Reached]
) -> dict[tuple[str, int | str], list[IncidentOrder]]:
    people: dict[tuple[str, int | str], list[IncidentOrder]] = {}
    for row in rows:
        if row.order_number in orders and row.order_number in reached:
            people.setdefault(reached[row.order_number].who, []).append(row)
    return people


def _orders(work: UnitOfWork, numbers: list[str]) -> dict[str, Order]:
    return {
        order.number: order
        for part in slices(numbers)
        for order in work.session.scalars(select(Order).where(Order.number.in_(part)))
    }


def _granted(work: UnitOfWork, numbers: list[str]) -> dict[str, int]:
    """Order number → what was granted for it before, in minor units."""
    found: dict[str, int] = {}
    for part in slices(numbers):
        statement = (
            select(Remedy.order_number, func.sum(Remedy.amount))
            .where(Remedy.order_number.in_(part), Remedy.state.not_in(NOT_GIVEN))
            .group_by(Remedy.order_number)
        )
        found.update({number: int(amount) for number, amount in work.session.execute(statement) if number is not None})
    return found
