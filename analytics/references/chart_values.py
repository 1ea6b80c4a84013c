"""What a drawn chart has to show, under all the names by which files ask for it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analytics.charts.chart import Chart, Design, Parameters, draw
from analytics.charts.limits import Limits, Method
from analytics.charts.phases import phased
from analytics.charts.rules import NELSON, WESTERN_ELECTRIC, Rules
from analytics.charts.series import Booleans, Series
from analytics.references.comparing import Points
from analytics.references.reference import Reference

_CENTRES = (
    "center", "centre", "cl", "center_line", "centre_line", "mean", "average", "pbar", "cbar", "ubar", "p_bar", "c_bar",
    "u_bar", "xbar", "x_bar", "npbar", "np_bar", "gbar", "g_bar", "target",
)  # fmt: skip
_LOWER = ("lcl", "lower", "lower_limit", "ll", "lower_control_limit", "lcl_3sigma", "ll99", "limits_lower")
_UPPER = ("ucl", "upper", "upper_limit", "ul", "upper_control_limit", "ucl_3sigma", "ul99", "limits_upper")
_BEYOND = (
    "beyond_limits", "beyond", "outside", "outside_limits", "out_of_control", "ooc", "signals", "violations",
    "points_beyond_limits", "violating", "flagged", "astronomical", "rule_1", "rule1",
)  # fmt: skip
_ABOVE = ("above_ucl", "above", "beyond_upper", "beyond_ucl", "signals_upper", "above_upper")
_BELOW = ("below_lcl", "below", "beyond_lower", "beyond_lcl", "signals_lower", "below_lower")
_PLOTTED = ("p", "u", "proportions", "rates", "fractions", "values", "plotted", "statistic", "statistics", "stats", "y")


@dataclass(frozen=True, slots=True)
class Spread:
    """How a file wants the limits: exact or not, how wide."""

    method: tuple[Method, ...]
    width: float
    alpha: float | None

    def limits(self, method: Method) -> Limits:
        return Limits(method, self.width, self.alpha)


def spread_of(reference: Reference, *, exact_too: bool = True) -> Spread:
    """What the parameters say of the limits; where they say nothing, normal ones first, exact ones then."""
    words = reference.words("limits", "limit_method", "limits_method", "limit_type", "limits_type", "method")
    width = reference.number("l", "nsigma", "nsigmas", "n_sigma", "sigmas", "multiplier", "width", "k", "z")
    alpha = reference.number("alpha", "false_alarm_rate")
    confidence = reference.number("confidence", "confidence_level", "conf", "conf_level")
    if alpha is None and width is None and confidence is not None and 0 < confidence < 1:
        # qcc takes a share instead of a multiplier.
        alpha = 1 - confidence
    exact = any(
        word in words for word in ("exact", "prob", "quantile", "binomial", "poisson", "geometric", "exponential")
    )
    normal = any(word in words for word in ("normal", "sigma", "shewhart"))
    if exact and not normal:
        methods: tuple[Method, ...] = ("exact",)
    else:
        methods = ("normal", "exact") if exact_too and not normal else ("normal",)
    return Spread(methods, 3.0 if width is None or width <= 0 else width, alpha)


def baseline_of(reference: Reference, size: int) -> Booleans | None:
    """Which points give the parameters, as true and false; None for all."""
    chosen: Any = None
    for source in (reference.data, reference.params):
        for key in ("baseline", "calibration", "phase1", "phase_1", "phase_i", "in_baseline", "trial", "freeze"):
            chosen = source.get(key, chosen)
    base = reference.index_base
    marks = np.ones(size, dtype=np.bool_)
    given = False
    if isinstance(chosen, list) and len(chosen) == size and all(isinstance(mark, bool) for mark in chosen):
        marks, given = np.array(chosen, dtype=np.bool_), True
    elif isinstance(chosen, list) and len(chosen) == size and size > 2 and set(chosen) <= {0, 1}:
        marks, given = np.array(chosen) == 1, True
    elif isinstance(chosen, list) and len(chosen) == 2 and chosen[0] < chosen[1]:
        marks, given = np.zeros(size, dtype=np.bool_), True
        marks[int(chosen[0]) - base : int(chosen[1]) - base + 1] = True
    elif isinstance(chosen, list) and chosen:
        marks, given = np.zeros(size, dtype=np.bool_), True
        marks[[int(point) - base for point in chosen]] = True
    elif isinstance(chosen, int) and not isinstance(chosen, bool):
        marks, given = np.arange(size) < chosen, True
    for name in ("exclude", "excluded", "removed", "exclude_points", "excluded_points", "exclude_from_limits"):
        left_out = reference.params.get(name, reference.data.get(name))
        if isinstance(left_out, list):
            given = True
            marks[[int(point) - base for point in left_out]] = False
    return marks if given else None


def phases_of(reference: Reference) -> list[tuple[list[int], str]]:
    """Where phases with limits of their own begin; a file may also name the last point of each phase."""
    for name in ("phases", "splits", "split", "starts", "phase_starts", "breaks"):
        given = reference.params.get(name)
        points = [given] if isinstance(given, int) and not isinstance(given, bool) else given
        if isinstance(points, list) and points and all(isinstance(point, int) for point in points):
            first = [point - reference.index_base + 1 for point in points]
            if first[0] == 1:
                return [(first[1:], "phases")]
            return [
                (first, "phases by their first points"),
                ([point + 1 for point in first], "phases by their last points"),
            ]
    return [([], "")]


def chart_values(
    design: Callable[[Limits], Design],
    limits: Limits,
    series: Series,
    *,
    baseline: Any = None,
    parameters: Parameters | None = None,
    rules: bool = True,
    starts: Sequence[int] = (),
    options: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """All that a chart shows: lines, points beyond them, points that break rules.

    Args:
        options: of ``Rules``, as the file says them.
    """
    looked = Rules(which=(*NELSON, *WESTERN_ELECTRIC), **(options or {})) if rules else Rules()
    made = design(limits)
    if starts:
        chart = phased(made, series, starts, looked)
    elif parameters is None:
        chart = draw(made, series, baseline=baseline, rules=looked)
    else:
        chart = draw(made, series, parameters=parameters, rules=looked)
    shown = lines_of(chart)
    found = chart.parameters[0]
    shown |= {"points_used": found.points, "baseline_points": found.points}
    if rules:
        shown |= rules_of(chart)
    for name, width in (("1sigma", 1.0), ("2sigma", 2.0), ("3sigma", 3.0)):
        if limits.method == "normal" and limits.alpha is None and not starts:
            other = design(Limits("normal", width)).lines(series, found)
            shown |= {f"lcl_{name}": other.lower, f"ucl_{name}": other.upper}
    if "ucl_2sigma" in shown:
        shown |= {"ul95": shown["ucl_2sigma"], "ll95": shown["lcl_2sigma"]}
        shown |= {"ul68": shown["ucl_1sigma"], "ll68": shown["lcl_1sigma"]}
        shown |= {"uwl": shown["ucl_2sigma"], "lwl": shown["lcl_2sigma"]}
    return shown


def lines_of(chart: Chart) -> dict[str, Any]:
    """Centre, limits and points beyond them."""
    slack = np.nan_to_num(1e-9 * chart.sigma)
    numbers = np.arange(len(chart)) + chart.first
    above = Points(tuple(numbers[chart.values > chart.upper + slack].tolist()))
    below = Points(tuple(numbers[chart.values < chart.lower - slack].tolist()))
    shown: dict[str, Any] = {}
    for names, value in (
        (_CENTRES, chart.centre),
        (_LOWER, chart.lower),
        (_UPPER, chart.upper),
        (_BEYOND, Points(chart.beyond_limits)),
        (_ABOVE, above),
        (_BELOW, below),
        (_PLOTTED, chart.values),
        (("sigma", "sd", "se", "sigma_hat", "std_dev", "stdev"), chart.sigma),
        (("n_beyond", "n_beyond_limits", "beyond_count", "number_beyond", "n_signals"), len(chart.beyond_limits)),
        (("in_control", "stable"), not chart.beyond_limits),
        (("points", "n_points", "k", "number_of_points"), len(chart)),
        (("first_signal", "first_beyond"), Points(chart.beyond_limits[:1])),
    ):
        shown |= dict.fromkeys(names, value)
    return shown


def rules_of(chart: Chart) -> dict[str, Points]:
    """Points that complete the pattern of each rule, under the usual names of the rules."""
    shown: dict[str, Points] = {}
    for number, rule in enumerate(NELSON, 1):
        found = Points(chart.signals(rule))
        names = (rule, f"nelson{number}", f"nelson_rule_{number}", f"n{number}", f"nelson_rule{number}")
        shown |= dict.fromkeys(names, found)
    for number, rule in enumerate(WESTERN_ELECTRIC, 1):
        found = Points(chart.signals(rule))
        western = (rule, f"we{number}", f"we_{number}", f"we_rule_{number}", f"weco_{number}", f"weco{number}")
        shown |= dict.fromkeys(western, found)
    return shown


def named(values: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The same values under names with a prefix, as files name those of a second chart."""
    return {f"{prefix}_{key}": value for key, value in values.items()}


def same_names(values: dict[str, Any], names: Sequence[str], value: Any) -> None:
    """Put a value under several names."""
    values.update(dict.fromkeys(names, value))
