"""What recoveries achieved, as text for the terminal."""

from collections.abc import Callable
from typing import Any

from analytics.purchases import Drifting
from analytics.statistics.customers import Concentration, RepeatComplaints
from analytics.statistics.proportion import Proportion
from analytics.statistics.recovery_cost import CostPerRegained
from analytics.statistics.recovery_paradox import RecoveryParadox
from analytics.statistics.recovery_quality import DoubleDeviation, RatingBySpeed
from recovery.money import WHOLE

TITLES = {
    "fives": "Share of fives",
    "double_deviation": "Double deviation",
    "fairness": "Fairness and rating",
    "speed": "Rating by speed",
    "paradox": "Recovery paradox",
    "cost": "Cost per regained customer",
    "repeats": "Repeat complaints",
    "concentration": "80/20 by customer",
    "drifting": "Drifting customers",
}
_SHOWN = 10


def recovery_text(title: str, sections: dict[str, Any], currency: str | None) -> str:
    """All parts; each that has no result says why."""
    lines = [title]
    for name, heading in TITLES.items():
        found = sections[name]
        told = [f"not enough yet: {found}"] if isinstance(found, str) else _TEXTS[name](found, currency)
        lines += ["", heading, *(f"  {line}" for line in told)]
    return "\n".join(lines)


def _share(found: Proportion) -> str:
    low, high = found.interval.low, found.interval.high
    return f"{found.value:.1%} of {found.total:,}  ({low:.1%} to {high:.1%})"


def _double(found: DoubleDeviation, _: str | None) -> list[str]:
    return [_share(found.rate), *(f"{name}: {_share(part)}" for name, part in found.by_reason.items())]


def _fairness(found: Any, _: str | None) -> list[str]:
    return [
        f"{one.dimension}: rank correlation {one.association.spearman:+.2f} (p = {one.p_adjusted:.3g}, adjusted)"
        for one in found
    ]


def _speed(found: RatingBySpeed, _: str | None) -> list[str]:
    lines = []
    for band in found.bands:
        span = f"up to {band.up_to:g} h" if band.up_to is not None else f"above {band.above:g} h"
        lines.append(f"{span:<14} mean {band.mean_rating:.2f}, fives {_share(band.fives)}")
    tied = found.association
    return [*lines, f"rank correlation of time and rating {tied.spearman:+.2f} (p = {tied.p:.3g})"]


def _paradox(found: RecoveryParadox, _: str | None) -> list[str]:
    lines = [
        f"{group.name:<14} mean {group.mean:.2f} of {group.count:,}, fives {_share(group.fives)}"
        for group in found.groups
    ]
    verdict = "recovered customers rate higher than those never failed" if found.paradox else "no paradox can be shown"
    return [*lines, f"{verdict} (p = {found.p_adjusted[0]:.3g}, adjusted)"]


def _cost(found: CostPerRegained, currency: str | None) -> list[str]:
    def money(value: float) -> str:
        if value in (float("inf"), float("-inf")):
            return "…"
        if currency is None:
            return f"{value:,.0f}"
        return f"{value:,.0f} {currency}" if currency in WHOLE else f"{value / 100:,.2f} {currency}"

    interval = found.fieller
    return [
        f"{money(found.value)}  ({money(interval.low)} to {money(interval.high)}, {interval.method})",
        f"{found.regained:,} of {found.cases:,} came back; {money(found.total_cost)} were spent on all",
    ]


def _repeats(found: RepeatComplaints, _: str | None) -> list[str]:
    if found.rate is None:
        return [f"no complaint is older than {found.window} days"]
    return [
        f"followed by another within {found.window} days: {_share(found.rate)}",
        f"{found.too_recent:,} are too recent to tell; {found.repeating_customers:,} customers complained again",
    ]


def _concentration(found: Concentration, _: str | None) -> list[str]:
    return [
        f"the {found.top_customers:,} who complain most ({found.top_share:.0%} of {found.customers:,}) make "
        f"{found.share_of_top:.1%} of complaints; {found.share_to_reach:.1%} make {found.goal:.0%}"
    ]


def _drifting(found: Drifting, _: str | None) -> list[str]:
    lines = [
        f"{found.found:,} of {found.judged:,} regular customers are silent for longer than their rhythm explains; by "
        f"chance alone {found.false_alarms:.1f} would be"
    ]
    for drift in found.named[:_SHOWN]:
        tier = found.tiers.get(drift.customer, "")
        lines.append(
            f"{drift.customer}  {tier:<8} silent {drift.silence} days, usually {drift.usual_gap:.0f} "
            f"(p = {drift.chance:.2g})"
        )
    return lines


_TEXTS: dict[str, Callable[[Any, str | None], list[str]]] = {
    "fives": lambda found, _: [_share(found)],
    "double_deviation": _double,
    "fairness": _fairness,
    "speed": _speed,
    "paradox": _paradox,
    "cost": _cost,
    "repeats": _repeats,
    "concentration": _concentration,
    "drifting": _drifting,
}
