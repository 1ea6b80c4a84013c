"""What files say of a test: alternative, confidence, and the names of what comes out."""

from collections.abc import Sequence
from typing import Any

from analytics.references.chart_values import same_names
from analytics.references.reference import Reference, is_number
from analytics.statistics.result import Interval

P_NAMES = ("p", "p_value", "pvalue", "p_val", "pval")


def alternative_of(reference: Reference) -> str:
    """Which change a test looks for, as the file says it."""
    words = reference.words("alternative", "alt", "sides", "tail", "tails", "hypothesis")
    return "less" if words.startswith("l") else "greater" if words.startswith("g") else "two-sided"


def confidence_of(reference: Reference) -> float:
    """How sure an interval is; 95 %, if the file says nothing."""
    alpha = reference.number("alpha")
    given = reference.number("confidence", "conf", "conf_level", "confidence_level", "level", "ci_level")
    if given is not None and 1 < given < 100:
        # In per cent.
        given /= 100
    return given if given is not None else 0.95 if alpha is None else 1 - alpha


def interval_names(values: dict[str, Any], names: Sequence[str], interval: Interval) -> None:
    """Put an interval under its names, and its ends under theirs."""
    same_names(values, (*names, "conf_int", "ci95", "ci_95", "confidence_interval"), [interval.low, interval.high])
    same_names(values, ("lower", "ci_lower", "low", "ci_low", "lower_bound", "conf_low"), interval.low)
    same_names(values, ("upper", "ci_upper", "high", "ci_high", "upper_bound", "conf_high"), interval.high)


def counted_numbers(value: Any) -> bool:
    """Whether this is a list of numbers."""
    return isinstance(value, list) and len(value) > 0 and all(is_number(entry) for entry in value)
