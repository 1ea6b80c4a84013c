"""Who may grant what: limits by complaint, remedy, customer and order, and what lowers them (domain.md section 5; S0).

The front line, bot included, acts at once within limits; above, a supervisor, then a manager; beyond everyone's limit
nothing is granted. Every limit is asked each time money is about to be promised, so exceeding one is impossible.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from recovery.money import Money
from recovery.remedies import Authority, ProposedRemedy, RemedyKind, cost_of, paid_back

RISING = (Authority.BOT, Authority.AGENT, Authority.SUPERVISOR, Authority.MANAGER)
Limits = Mapping[Authority, int]


class Bound(StrEnum):
    """Which limit put an offer where it is."""

    NONE = "none"
    COMPLAINT = "complaint"
    REMEDY = "remedy"
    CUSTOMER = "customer"
    ORDER = "order"
    UNLISTED = "unlisted"
    UNFOUNDED = "unfounded"
    BUDGET = "budget"


@dataclass(frozen=True, slots=True)
class Bounds:
    """What limits authority beside the total of a complaint. Amounts in minor units of the firm's currency.

    Attributes:
        per_remedy: by kind, the most that each may grant of it; who is not named grants none of it. Kinds that are not
            named have no limit of their own.
        per_customer: the most that one customer may have been granted within ``customer_window``, by who grants; empty
            for no limit.
        order_percent: the most that anybody grants for an order, refunds and vouchers together, of what was paid; None
            for no limit.
        unlisted_minor: the most that the bot grants within ``unlisted_window`` to somebody who proved their orders by
            digits, and is not listed with them.
        unlisted_orders: how many different orders they may prove within that time.
        proof_failures: so many wrong digits for one order within ``unlisted_window``, by whomever, and no more is
            believed.
        unfounded: (so many complaints judged unfounded, percent that is left of what bot and agents may grant), rising.
        unfounded_window: how far back those count.
        over_budget: who may still grant what costs something once the budget is spent.
    """

    per_remedy: Mapping[RemedyKind, Limits] = field(default_factory=dict)
    per_customer: Limits = field(default_factory=dict)
    customer_window: timedelta = timedelta(days=90)
    order_percent: int | None = None
    unlisted_minor: int | None = None
    unlisted_window: timedelta = timedelta(days=1)
    unlisted_orders: int | None = None
    proof_failures: int | None = None
    unfounded: tuple[tuple[int, int], ...] = ()
    unfounded_window: timedelta = timedelta(days=180)
    over_budget: Authority = Authority.SUPERVISOR

    def percent_left(self, unfounded: int) -> int:
        """Of what bot and agents may grant to somebody with so many unfounded complaints."""
        return next((percent for times, percent in reversed(self.unfounded) if unfounded >= times), 100)


@dataclass(frozen=True, slots=True)
class Account:
    """What was granted before, and what else speaks for caution. Amounts in minor units of the firm's currency.

    Attributes:
        granted_minor: for this complaint, those that went into it, or any other about the same order.
        customer_minor: to this customer within ``Bounds.customer_window``.
        listed: the merchant lists the order with the identity; False where it was proved by digits.
        unlisted_minor: to this identity within ``Bounds.unlisted_window``, for orders proved by digits.
        unfounded: complaints of this customer that were judged unfounded within ``Bounds.unfounded_window``.
        budget_left_minor: of today's budgets, the tighter one; None where none binds.
    """

    granted_minor: int = 0
    customer_minor: int = 0
    listed: bool = True
    unlisted_minor: int = 0
    unfounded: int = 0
    budget_left_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Ruling:
    """Who may grant it, and the limit that made it so."""

    authority: Authority
    bound: Bound = Bound.NONE


def rule_on(
    limits: Limits,
    bounds: Bounds,
    remedies: Sequence[ProposedRemedy],
    account: Account,
    order_total: Money | None,
) -> Ruling:
    """The lowest authority that may grant ``remedies`` together; ``nobody`` where none may.

    What costs nothing is within every limit of money; only a limit on its kind can withhold it.

    Args:
        order_total: of the order that the complaint is about, in the currency of the limits; None where there is none.
    """
    cost = cost_of(remedies)
    if order_total is not None:
        back = paid_back(remedies)
        if back and back + account.granted_minor > order_total.minor:
            return Ruling(Authority.NOBODY, Bound.ORDER)
        percent = bounds.order_percent
        if cost and percent is not None and (cost + account.granted_minor) * 100 > order_total.minor * percent:
            return Ruling(Authority.NOBODY, Bound.ORDER)
    bound = Bound.NONE
    for authority in RISING:
        found = _bound_of(authority, limits, bounds, remedies, cost, account)
        if found is Bound.NONE:
            return Ruling(authority, bound)
        bound = found
    return Ruling(Authority.NOBODY, bound)


def _bound_of(
    authority: Authority,
    limits: Limits,
    bounds: Bounds,
    remedies: Sequence[ProposedRemedy],
    cost: int,
    account: Account,
) -> Bound:
    """The first limit that keeps ``authority`` from granting it; ``none`` where none does."""
    lowered = authority in (Authority.BOT, Authority.AGENT)
    percent = bounds.percent_left(account.unfounded) if lowered else 100
    for remedy in remedies:
        own = bounds.per_remedy.get(remedy.kind)
        if own is not None and (authority not in own or remedy.counts_minor > own[authority]):
            return Bound.REMEDY
    if not cost:
        return Bound.NONE
    limit = limits.get(authority, 0)
    if cost + account.granted_minor > limit:
        return Bound.COMPLAINT
    if (cost + account.granted_minor) * 100 > limit * percent:
        return Bound.UNFOUNDED
    if bounds.per_customer and cost + account.customer_minor > bounds.per_customer.get(authority, 0):
        return Bound.CUSTOMER
    if (
        authority is Authority.BOT
        and not account.listed
        and bounds.unlisted_minor is not None
        and cost + account.unlisted_minor > bounds.unlisted_minor
    ):
        return Bound.UNLISTED
    if (
        account.budget_left_minor is not None
        and cost > account.budget_left_minor
        and RISING.index(authority) < RISING.index(bounds.over_budget)
    ):
        return Bound.BUDGET
    return Bound.NONE
