"""Feedback: what worked became the standard, what is left is carried on (S0: 将服务成功的经验进行固化)."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from analytics.improvement.controls.control_items import Item
from analytics.surroundings import Surroundings
from store.database import UnitOfWork
from store.tables import ChartBaseline, FixTelling, FixTold, Improvement

_LATELY = timedelta(days=180)
_SHOWN = 10


def feedback_items(work: UnitOfWork, around: Surroundings) -> Sequence[Item]:
    """What the last half year of improvement came to."""
    ended = work.session.scalars(
        select(Improvement)
        .where(Improvement.closed_at > work.now - _LATELY)
        .order_by(Improvement.closed_at.desc(), Improvement.id.desc())
    ).all()
    proven = [one for one in ended if one.outcome == "standardised"]
    carried = [one for one in ended if one.outcome == "carried_on"]
    return [
        _standards(proven), Item("proven_fixes", len(proven), False, _named(proven)),
        Item("carried_on", len(carried), False, _named(carried)), _told(work, proven), _baselines(work),
    ]  # fmt: skip


def _standards(proven: Sequence[Improvement]) -> Item:
    """What was changed for good: the firm's files, canned replies, guarantees, procedures."""
    changes: list[dict[str, Any]] = [
        {"number": one.number, "kind": change.get("kind"), "reference": change.get("reference")}
        for one in proven
        for change in (one.content.get("standard") or {}).get("changes", ())
    ]
    return Item("standards", len(changes), False, {"changes": changes[:_SHOWN], "days": _LATELY.days})


def _named(improvements: Sequence[Improvement]) -> dict[str, Any]:
    shown = [
        {"number": one.number, "title": one.title, "closed_at": one.closed_at.isoformat() if one.closed_at else None}
        for one in improvements[:_SHOWN]
    ]
    return {"improvements": shown, "days": _LATELY.days}


def _told(work: UnitOfWork, proven: Sequence[Improvement]) -> Item:
    """Customers told of the fix that their complaint led to; a proven fix that nobody was told of calls for it."""
    counted = select(func.count()).select_from(FixTold)
    told = work.session.scalar(counted.where(FixTold.told_at > work.now - _LATELY))
    waiting = work.session.scalar(counted.where(FixTold.state == "waiting"))
    begun = set(work.session.scalars(select(FixTelling.improvement_id)))
    untold = [one.number for one in proven if one.id not in begun]
    figures = {"waiting": waiting or 0, "not_begun": untold[:_SHOWN], "days": _LATELY.days}
    return Item("customers_told", told or 0, bool(untold), figures)


def _baselines(work: UnitOfWork) -> Item:
    rows = work.session.scalars(
        select(ChartBaseline)
        .where(ChartBaseline.decided_at > work.now - _LATELY)
        .order_by(ChartBaseline.decided_at.desc(), ChartBaseline.id.desc())
    ).all()
    shown = [
        {"part": one.part, "begins_on": one.begins_on.isoformat(), "reason": one.reason, "decided_by": one.decided_by}
        for one in rows[:_SHOWN]
    ]
    return Item("baselines", len(rows), False, {"decisions": shown, "days": _LATELY.days})
