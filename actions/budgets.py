"""Today's budgets: what was granted, what is left (recovery.budgets).

A row a day and category, and one for all; whoever grants holds both until the unit of work ends, so that two grants at
once never count on the same money.
"""

from datetime import date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from actions.firm import Firm
from recovery.budgets import IN_ALL, BudgetLeft, budget_left
from store.database import UnitOfWork
from store.tables import BudgetDay, Offer


def left_today(work: UnitOfWork, firm: Firm, category: str) -> BudgetLeft:
    """What is left for a complaint that ``category`` leads."""
    today = firm.local(work.now).date()
    rows = select(BudgetDay.category, BudgetDay.spent).where(
        BudgetDay.day == today, BudgetDay.category.in_([IN_ALL, category])
    )
    spent = {row.category: row.spent for row in work.session.execute(rows)}
    return budget_left(firm.policy.budgets, category, spent, share_of_day_left(firm, work.now))


def lock_budgets(work: UnitOfWork, firm: Firm, category: str) -> None:
    """Hold today's budgets of a category, where the firm keeps any that bind it.

    Both rows, in the order in which all who count on them take them, so that nobody waits in a circle.
    """
    keys = [IN_ALL, category]
    if any(firm.policy.budgets.limit_of(key) is not None for key in keys):
        _rows(work, firm.local(work.now).date(), keys)


def charge(work: UnitOfWork, firm: Firm, category: str, amount_minor: int) -> date | None:
    """Count a grant against today's budgets.

    Returns:
        The day it was counted on, to give it back to if nothing comes of it; None where nothing was.
    """
    if not amount_minor:
        return None
    today = firm.local(work.now).date()
    for row in _rows(work, today, [IN_ALL, category]):
        row.spent += amount_minor
    return today


def give_back(work: UnitOfWork, day: date, category: str, amount_minor: int) -> None:
    """Take back what was counted for a remedy that failed for good, or was taken back."""
    for row in _rows(work, day, [IN_ALL, category]):
        row.spent = max(0, row.spent - amount_minor)


def uncharge(work: UnitOfWork, offer: Offer, amount_minor: int) -> None:
    """Give back what an offer's remedy was counted with, since nothing came of it; call it once for each."""
    charged = offer.decision.get("charged")
    if charged is not None:
        give_back(work, date.fromisoformat(charged["day"]), charged["category"], amount_minor)


def _rows(work: UnitOfWork, day: date, categories: list[str]) -> list[BudgetDay]:
    """The rows of a day, locked, in one order for everybody."""
    insert = sqlite.insert if work.session.get_bind().dialect.name == "sqlite" else postgresql.insert
    keys = sorted(set(categories))
    for key in keys:
        work.session.execute(
            insert(BudgetDay)
            .values(day=day, category=key, spent=0)
            .on_conflict_do_nothing(index_elements=["day", "category"])
        )
    statement = (
        select(BudgetDay)
        .where(BudgetDay.day == day, BudgetDay.category.in_(keys))
        .order_by(BudgetDay.category)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list(work.session.scalars(statement))


def share_of_day_left(firm: Firm, now: datetime) -> float:
    """The share of the firm's day that is left."""
    local = firm.local(now)
    start = datetime.combine(local.date(), time(), firm.zone)
    end = datetime.combine(local.date() + timedelta(days=1), time(), firm.zone)
    return (end.timestamp() - now.timestamp()) / (end.timestamp() - start.timestamp())
