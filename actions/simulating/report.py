"""What a comparison says, for people and for machines."""

from collections.abc import Sequence
from typing import Any

from actions.simulating.comparing import CONFIDENCE, Compared, Difference
from actions.words.formats import show_money
from recovery.money import Money

_NAMES = {
    "value_kept_minor": "value kept",
    "cost_minor": "cost",
    "net_minor": "net",
    "retained_share": "came back",
    "acceptance": "acceptance",
    "granted_minor": "granted",
    "budget_use": "use of the budget",
}
_VERDICTS = {"gains": "more", "loses": "less", "open": "no telling"}


def as_json(compared: Sequence[Compared], asked: dict[str, Any]) -> dict[str, Any]:
    """Everything that was found, with what was asked; amounts in minor units."""
    return {
        "asked": asked,
        "confidence": CONFIDENCE,
        "worlds": [
            {
                "world": one.world,
                "replications": one.replications,
                "means": {arm: _rounded(means) for arm, means in one.means.items()},
                "differences": {key: _difference(key, found) for key, found in one.differences.items()},
                "net_by_segment": {key: _difference("net_minor", found) for key, found in one.segments.items()},
            }
            for one in compared
        ],
    }


def as_text(compared: Sequence[Compared], currency: str) -> str:
    """A table a world, and where the second arm loses."""
    parts = []
    for one in compared:
        first, second = one.means
        lines = [
            f"{one.world.replace('_', ' ')}, {one.replications} replications",
            f"  {'':<18}{first:>16}{second:>16}{'difference':>16}   {100 * CONFIDENCE:.0f} % interval",
        ]
        for key, found in one.differences.items():
            shown = [_shown(key, value, currency) for value in (one.means[first][key], one.means[second][key])]
            interval = f"{_shown(key, found.low, currency)} to {_shown(key, found.high, currency)}"
            lines.append(
                f"  {_NAMES[key]:<18}{shown[0]:>16}{shown[1]:>16}{_shown(key, found.mean, currency, True):>16}"
                f"   {interval} ({_VERDICTS[found.verdict]})"
            )
        losing = {key: found for key, found in one.segments.items() if found.verdict == "loses"}
        if losing:
            lines.append(f"  {second} nets less than {first} in:")
            lines += [
                f"    {key}: {_shown('net_minor', found.mean, currency)} "
                f"({_shown('net_minor', found.low, currency)} to {_shown('net_minor', found.high, currency)})"
                for key, found in sorted(losing.items(), key=lambda item: item[1].mean)
            ]
        else:
            lines.append(f"  {second} nets surely less than {first} in no tier, severity or category")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _shown(key: str, value: float, currency: str, signed: bool = False) -> str:
    sign = "-" if value < 0 else "+" if signed and value > 0 else ""
    if key.endswith("_minor"):
        return sign + show_money(Money(int(abs(value)), currency), "en")
    return f"{sign}{100 * abs(value):.2f} %"


def _difference(key: str, found: Difference) -> dict[str, Any]:
    return {**_rounded({key: found.mean}, "mean"), "low": _round(key, found.low), "high": _round(key, found.high)} | {
        "verdict": found.verdict
    }


def _rounded(values: dict[str, float], name: str | None = None) -> dict[str, float | int]:
    return {name or key: _round(key, value) for key, value in values.items()}


def _round(key: str, value: float) -> float | int:
    # Money is told in whole minor units.
    return int(value) if key.endswith("_minor") else round(value, 6)
