"""Feed-forward: what is to be foreseen and prevented (S0: 防患于未然)."""

from collections.abc import Sequence
from datetime import timedelta
from statistics import fmean
from typing import Any

from sqlalchemy import func, select

from analytics.improvement.controls.control_items import Item
from analytics.periods import Period
from analytics.purchases import drifting
from analytics.questions.forecast import HEARD, ForecastQuestion
from analytics.questions.novelty import NoveltyQuestion
from analytics.recovery_steps import RECOVERY
from analytics.series import Slice, counts_by_day
from analytics.sigma import WrongInput
from analytics.surroundings import Surroundings
from store.database import UnitOfWork
from store.tables import Alarm, Incident, IncidentOrder

# So far ahead it is looked, and with so many days before it is compared.
_AHEAD, _USUAL = 14, timedelta(days=56)
# More than so much above the usual number is worth getting ready for.
_ABOVE = 0.2
_SHOWN = 10
_ALL = "all"


def feed_forward_items(work: UnitOfWork, around: Surroundings) -> Sequence[Item]:
    """What lies ahead: forecasts and holidays, alarms, incidents told first, customers drifting, what is new."""
    return [
        _expected(work, around), _alarms(work), _told_first(work), _drifting(work, around), _new(work, around),
    ]  # fmt: skip


def _expected(work: UnitOfWork, around: Surroundings) -> Item:
    """Categories expected clearly above their usual number in the coming days."""
    today = work.now.astimezone(around.zone).date()
    answer = ForecastQuestion(days=_AHEAD).answer(work, around)
    coming = [today + timedelta(days=step) for step in range(_AHEAD)]
    free, made_up = around.public_days.among(coming)
    period = Period(today - _USUAL, today - timedelta(days=1))
    usual = {
        key: sum(count.opportunities for count in days.values())
        for key, days in counts_by_day(work, Slice(RECOVERY, HEARD), period, "category").items()
    }
    above: list[dict[str, Any]] = []
    for key, found in answer.made.items():
        before = (sum(usual.values()) if key == _ALL else usual.get(key, 0)) / _USUAL.days
        ahead = fmean(found.mean)
        if before and ahead > (1 + _ABOVE) * before:
            low, high = sum(found.low), sum(found.high)
            above.append(
                {"category": key, "a_day": ahead, "usual_a_day": before, "more": ahead / before - 1, "low": low,
                 "high": high}
            )  # fmt: skip
    figures = {
        "days": _AHEAD,
        "above": sorted(above, key=lambda one: -one["more"]),
        "holidays": [day.isoformat() for day in sorted(free)],
        "make_up_days": [day.isoformat() for day in sorted(made_up)],
    }
    unknown = None if answer.made else next(iter(answer.refused.values()), "no cases yet")
    return Item("expected", len(above), bool(above), figures, unknown)


def _alarms(work: UnitOfWork) -> Item:
    rows = work.session.execute(
        select(Alarm.public_id, Alarm.kind, Alarm.category, Alarm.raised_at, Alarm.taken_by)
        .where(Alarm.closed_at.is_(None))
        .order_by(Alarm.raised_at.desc())
        .limit(200)
    ).all()
    shown = [
        {"id": id_, "kind": kind, "category": category, "raised_at": at.isoformat(), "taken_by": by}
        for id_, kind, category, at, by in rows[:_SHOWN]
    ]
    return Item("alarms", len(rows), bool(rows), {"open": shown})


def _told_first(work: UnitOfWork) -> Item:
    """Customers who were told of something before they complained."""
    states = dict(
        work.session.execute(
            select(IncidentOrder.state, func.count())
            .join(Incident, Incident.id == IncidentOrder.incident_id)
            .where(Incident.state.in_(("running", "paused")))
            .group_by(IncidentOrder.state)
        ).all()
    )
    running = work.session.scalar(
        select(func.count()).select_from(Incident).where(Incident.state.in_(("running", "paused")))
    )
    told = states.get("told", 0) + states.get("by_hand", 0)
    figures = {"incidents": running or 0, "told": told, "waiting": states.get("waiting", 0),
               "complained_first": states.get("joined", 0)}  # fmt: skip
    return Item("told_first", told, bool(running), figures)


def _drifting(work: UnitOfWork, around: Surroundings) -> Item:
    """Customers silent for longer than their own rhythm explains (S3: lost and drifting)."""
    found = drifting(work, around, work.now.astimezone(around.zone).date())
    if found is None:
        return Item("drifting", 0, unknown="no orders on record")
    named = [
        {"customer": one.customer, "tier": found.tiers.get(one.customer), "silent_days": one.silence,
         "usual_gap": one.usual_gap}
        for one in found.named[:_SHOWN]
    ]  # fmt: skip
    figures = {"judged": found.judged, "by_chance": found.false_alarms, "named": named}
    # As many as chance alone would name say nothing.
    return Item("drifting", found.found, found.found > 2 * found.false_alarms, figures)


def _new(work: UnitOfWork, around: Surroundings) -> Item:
    """Words and groups of complaints that no category covers yet: new needs (S4)."""
    try:
        answer = NoveltyQuestion(most=_SHOWN).answer(work, around)
    except WrongInput as error:
        return Item("new_words", 0, unknown=str(error))
    words, clusters = len(answer.words), len(answer.clusters)
    told = answer.to_json()
    figures = {"words": told["words"][:_SHOWN], "clusters": told["clusters"][:_SHOWN]}
    return Item("new_words", words + clusters, bool(words or clusters), figures, answer.no_words if not words else None)
