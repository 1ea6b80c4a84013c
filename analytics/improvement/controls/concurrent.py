"""Concurrent control: what goes wrong at this moment and can still be put right on the spot (S0: 快捷、有效)."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import case as when
from sqlalchemy import func, select

from analytics.improvement.controls.control_items import Item
from analytics.surroundings import Surroundings
from recovery.case_states import UNSETTLED
from store.database import UnitOfWork
from store.tables import Case, CaseClock, Offer, Promise

# What is due within so long is due soon.
_SOON = timedelta(hours=24)
_LATELY = timedelta(days=28)
_COMPLAINED = (Case.origin == "complaint") | Case.complained_at.is_not(None)


def concurrent_items(work: UnitOfWork, around: Surroundings) -> Sequence[Item]:
    """What is open, late or owed now."""
    return [
        _open_cases(work), _clocks(work, "first_response", "first_answers"), _clocks(work, "next_update", "updates"),
        _promises(work), _approvals(work), _offers(work),
    ]  # fmt: skip


def _open_cases(work: UnitOfWork) -> Item:
    """Open complaints by how late they are; a clock that stands still is late for nobody."""
    late = _late_by(work, "resolution")
    total = work.session.scalar(
        select(func.count()).select_from(Case).where(Case.state.in_(UNSETTLED), _COMPLAINED, Case.erased_at.is_(None))
    )
    overdue = sum(late["overdue"].values())
    figures = {"open": total or 0, "overdue_by_department": dict(late["overdue"].most_common()),
               "due_soon": sum(late["soon"].values()), "oldest": late["oldest"]}  # fmt: skip
    return Item("open_cases", overdue, bool(overdue), figures)


def _clocks(work: UnitOfWork, kind: str, key: str) -> Item:
    late = _late_by(work, kind)
    overdue = sum(late["overdue"].values())
    figures = {"overdue_by_department": dict(late["overdue"].most_common()), "due_soon": sum(late["soon"].values()),
               "oldest": late["oldest"]}  # fmt: skip
    return Item(key, overdue, bool(overdue), figures)


def _late_by(work: UnitOfWork, kind: str) -> dict[str, Any]:
    """Running clocks of a kind that are over or soon will be, by department, and since when the oldest is over."""
    overdue: Counter[str] = Counter()
    soon: Counter[str] = Counter()
    is_over = CaseClock.due_at < work.now
    rows = work.session.execute(
        select(
            CaseClock.department,
            func.sum(when((is_over, 1), else_=0)),
            func.sum(when((is_over, 0), else_=1)),
            func.min(when((is_over, CaseClock.due_at))),
        )
        .join(Case, Case.id == CaseClock.case_id)
        .where(
            CaseClock.state == "running",
            CaseClock.kind == kind,
            CaseClock.due_at < work.now + _SOON,
            Case.state.in_(UNSETTLED),
        )
        .group_by(CaseClock.department)
    )
    oldest: datetime | None = None
    for department, over, coming, since in rows:
        if over:
            overdue[department] = int(over)
        if coming:
            soon[department] = int(coming)
        if since is not None and (oldest is None or since < oldest):
            oldest = since
    return {"overdue": overdue, "soon": soon, "oldest": oldest.isoformat() if oldest else None}


def _promises(work: UnitOfWork) -> Item:
    over = func.sum(when((Promise.due_at < work.now, 1), else_=0))
    row = work.session.execute(
        select(over, func.count()).where(Promise.state == "open", Promise.due_at < work.now + _SOON)
    ).one()
    overdue, near = int(row[0] or 0), int(row[1])
    broken = work.session.scalar(
        select(func.count())
        .select_from(Promise)
        .where(Promise.state == "broken", Promise.settled_at > work.now - _LATELY)
    )
    figures = {"due_soon": near - overdue, "broken_lately": broken or 0, "days": _LATELY.days}
    return Item("promises", overdue, bool(overdue), figures)


def _approvals(work: UnitOfWork) -> Item:
    """Customers who have chosen, and wait until somebody with the authority agrees."""
    row = work.session.execute(
        select(func.count(), func.min(Offer.answered_at)).where(Offer.state == "awaiting_approval")
    ).one()
    oldest = row[1].isoformat() if row[1] else None
    return Item("approvals", row[0], bool(row[0]), {"oldest": oldest})


def _offers(work: UnitOfWork) -> Item:
    """Accepted offers by whose authority they needed: what the front line does by itself is fastest (S0)."""
    rows = work.session.execute(
        select(Offer.authority, func.count())
        .where(Offer.state == "accepted", Offer.answered_at > work.now - _LATELY)
        .group_by(Offer.authority)
    )
    by_authority = dict(rows.all())
    figures = {"by_authority": by_authority, "days": _LATELY.days}
    return Item("offers", sum(by_authority.values()), False, figures, None if by_authority else "no offers accepted")
