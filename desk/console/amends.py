"""What may be granted in a case, as its page shows it: the remedies, and what they do to the budget."""

from dataclasses import dataclass

from actions.firm import Firm
from actions.staff.granting import Budget, budget, is_possible, kinds_by_hand
from recovery.money import Money
from recovery.remedies import WITH_AMOUNT
from store.database import UnitOfWork
from store.tables import Case, Staff


@dataclass(frozen=True, slots=True)
class BudgetLine:
    """A budget as money; ``left`` and ``limit`` None where the reader grants nothing."""

    had: Money
    cost: Money
    after: Money
    limit: Money | None
    left: Money | None
    paid: Money | None
    today: Money
    today_own: Money
    beyond: bool
    budget_left: Money | None


@dataclass(frozen=True, slots=True)
class AmendsPanel:
    """What the page needs to grant and to decide.

    Attributes:
        possible: whether the case's state allows a remedy by hand now.
        kinds: that can be granted, the ones that are money first.
        with_amount: of these, the ones that are money.
        now: the budget before anything is granted.
        approvals: offer id → what approving it does to the budget.
    """

    possible: bool
    kinds: list[str]
    with_amount: frozenset[str]
    now: BudgetLine
    approvals: dict[int, BudgetLine]


def read_amends(work: UnitOfWork, firm: Firm, me: Staff, case: Case) -> AmendsPanel:
    """What ``me`` may grant in ``case``, and what offers that wait would cost."""
    kinds = kinds_by_hand(firm)
    return AmendsPanel(
        possible=is_possible(case),
        kinds=sorted(kinds, key=lambda kind: kind not in WITH_AMOUNT),
        with_amount=frozenset(kind.value for kind in WITH_AMOUNT),
        now=budget_line(budget(work, firm, me, case, 0)),
        approvals={
            offer.id: budget_line(budget(work, firm, me, case, offer.cost))
            for offer in case.offers
            if offer.state == "awaiting_approval"
        },
    )


def budget_line(found: Budget) -> BudgetLine:
    """A budget for people to read."""

    def money(minor: int | None) -> Money | None:
        return None if minor is None else Money(minor, found.currency)

    return BudgetLine(
        had=Money(found.had, found.currency),
        cost=Money(found.cost, found.currency),
        after=Money(found.after, found.currency),
        limit=money(found.limit),
        left=money(found.left),
        paid=money(found.paid),
        today=Money(found.today, found.currency),
        today_own=Money(found.today_own, found.currency),
        beyond=found.limit is None or found.after > found.limit,
        budget_left=money(found.budget_left),
    )
