"""What a drawn chart has to show, under all the names by which files ask for it."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from analytics.charts.chart import Chart, Design, Parameters, draw
from analytics.charts.limits import Limits, Method
from analytics.charts.phases import phased
from analytics.charts.rules import NELSON, WESTERN_ELECTRIC, Rules, evaluate
from analytics.charts.series import Booleans, Series
from analytics.references.comparing import Candidate, Points
from analytics.references.reference import Reference, UnreadableReference, plain

_CENTRES = (
    "center", "centre", "cl", "center_line", "centre_line", "mean", "average", "pbar", "cbar", "ubar", "p_bar", "c_bar",
    "u_bar", "xbar", "x_bar", "npbar", "np_bar", "gbar", "g_bar", "target", "p_bar_bar", "central_line", "middle",
)  # fmt: skip
_LOWER = (
    "lcl",
    "lower",
    "lower_limit",
    "ll",
    "lower_control_limit",
    "lcl_3sigma",
    "ll99",
    "limits_lower",
    "lnpl",
    "lpl",
    "lower_natural_process_limit",
    "lower_control",
)
_UPPER = (
    "ucl",
    "upper",
    "upper_limit",
    "ul",
    "upper_control_limit",
    "ucl_3sigma",
    "ul99",
    "limits_upper",
    "unpl",
    "upl",
    "upper_natural_process_limit",
    "upper_control",
)
_BEYOND = (
    "beyond_limits", "beyond", "outside", "outside_limits", "out_of_control", "ooc", "signals", "violations",
    "points_beyond_limits", "violating", "flagged", "astronomical", "rule_1", "rule1", "out_of_limits", "beyond_points",
    "points_beyond",
    "outliers", "special_causes", "out_of_control_points", "ooc_points", "signal_points",
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
    words = reference.words(
        "limits", "limit_method", "limits_method", "limit_type", "limits_type", "method", "distribution"
    )
    width = reference.number(
        "l", "nsigma", "nsigmas", "n_sigma", "sigmas", "multiplier", "width", "k", "z", "sigma_multiple", "nsd", "n_sd",
        "control_limit_sigma", "limit_sigmas",
    )  # fmt: skip
    alpha = reference.number("alpha", "false_alarm_rate")
    confidence = reference.number("confidence", "confidence_level", "conf", "conf_level")
    if confidence is not None and width is None and confidence >= 1:
        # qcc takes either here.
        width = confidence
    if alpha is None and width is None and confidence is not None and 0 < confidence < 1:
        # qcc takes a share instead of a multiplier.
        alpha = 1 - confidence
    exact = any(
        word in words
        for word in (
            "exact",
            "prob",
            "quantile",
            "percentile",
            "binomial",
            "poisson",
            "geometric",
            "exponential",
            "weibull",
        )
    )
    normal = any(word in words for word in ("normal", "sigma", "shewhart"))
    if exact and not normal:
        methods: tuple[Method, ...] = ("exact",)
    else:
        methods = ("normal", "exact") if exact_too and not normal else ("normal",)
    return Spread(methods, 3.0 if width is None or width <= 0 else width, alpha)


_BASELINES = (
    "baseline", "calibration", "phase1", "phase_1", "phase_i", "in_baseline", "trial", "freeze", "baseline_points",
    "frozen", "calibrate", "is_baseline", "phase1_n", "n_phase1", "n_baseline", "baseline_n", "n_calibration",
    "calibration_n", "in_control_sample", "base", "baseline_end", "baseline_length", "trial_samples",
)  # fmt: skip
_STAGES = ("phase", "stage", "stages", "phases")
_LEFT_OUT = re.compile(r"exclu|removed|dropped|omit|left_out|deleted|ghost|without_points")
_STRETCH = re.compile(r"\s*(\d+)\s*(?:-|:|\.\.+|–|to|bis)\s*(\d+)\s*")


def baseline_of(reference: Reference, size: int) -> Booleans | None:
    """Which points give the parameters, as true and false; None for all."""
    base = reference.index_base
    given = [_marks(reference.given(name), size, base) for name in _BASELINES]
    chosen = [marks for marks in given if marks is not None]
    stages = next((reference.given(name) for name in _STAGES if isinstance(reference.given(name), list)), None)
    if not chosen and stages and len(stages) == size:
        # Where the file tells the phase of each point, the limits may be those of the first.
        chosen = [np.array([stage == stages[0] for stage in stages])]
    marks = chosen[-1] if chosen else np.ones(size, dtype=np.bool_)
    left_out = [
        reference.given(plain(key)) for source in (reference.params, reference.data) for key in source
        if _LEFT_OUT.search(plain(key))
    ]  # fmt: skip
    for points in left_out:
        if isinstance(points, list) and len(points) == size and all(isinstance(mark, bool) for mark in points):
            marks = marks & ~np.array(points, dtype=np.bool_)
        else:
            listed = points if isinstance(points, list) else [points]
            if not all(isinstance(point, int) and base <= point < size + base for point in listed):
                raise UnreadableReference(f"leaves out points that are none: {points!r}")
            marks = marks.copy()
            marks[[point - base for point in listed]] = False
    return marks if chosen or left_out else None


def _marks(chosen: Any, size: int, base: int) -> Booleans | None:
    """The points of a baseline, however it is told: marks, numbers of points, the first and the last, how many."""
    marks: Booleans = np.zeros(size, dtype=np.bool_)
    stretch = _STRETCH.fullmatch(chosen) if isinstance(chosen, str) else None
    if stretch:
        chosen = [int(stretch[1]), int(stretch[2])]
    elif isinstance(chosen, Mapping):
        ends = [value for key, value in chosen.items() if plain(key) in ("first", "from", "start", "last", "to", "end")]
        chosen = ends if len(ends) == 2 else None
    if isinstance(chosen, bool) or chosen is None or isinstance(chosen, str):
        return None
    if isinstance(chosen, list) and len(chosen) == size and all(isinstance(mark, bool) for mark in chosen):
        return np.array(chosen, dtype=np.bool_)
    if isinstance(chosen, list) and len(chosen) == size and size > 2 and set(chosen) <= {0, 1}:
        return np.array([mark == 1 for mark in chosen], dtype=np.bool_)
    if isinstance(chosen, int):
        return np.arange(size) < chosen
    if not isinstance(chosen, list) or not all(
        isinstance(point, int) and base <= point < size + base for point in chosen
    ):
        raise UnreadableReference(f"names points for its baseline that are none: {chosen!r}")
    if len(chosen) == 2 and chosen[0] < chosen[1]:
        marks[chosen[0] - base : chosen[1] - base + 1] = True
    else:
        marks[[point - base for point in chosen]] = True
    return marks


def phases_of(reference: Reference) -> list[tuple[list[int], str]]:
    """Where phases with limits of their own begin; a file may also name the last point, or the phase, of each point."""
    for name in (
        "phases",
        "splits",
        "split",
        "starts",
        "phase_starts",
        "breaks",
        "break_points",
        "phase",
        "stage",
        "stages",
    ):
        given = reference.given(name)
        points = [given] if isinstance(given, int) and not isinstance(given, bool) else given
        if not isinstance(points, list) or not points:
            continue
        if name in _STAGES and len(points) > 5 and len(set(map(str, points))) < len(points):
            # The phase of each point.
            changes = [at + 1 for at in range(1, len(points)) if points[at] != points[at - 1]]
            return [(changes, "phases"), ([], "limits of the first phase")]
        if all(isinstance(point, int) for point in points):
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
    with np.errstate(divide="ignore", invalid="ignore"):
        same_names(
            shown, ("z", "z_scores", "zscores", "standardized", "standardised", "z_values", "z_i"),
            (chart.values - chart.centre) / chart.sigma,
        )  # fmt: skip
    shown |= {"points_used": found.points, "baseline_points": found.points}
    if rules:
        shown |= rules_of(chart)
        if not starts:
            shown["violating_runs"] = _qcc_runs(chart, options or {})
    for name, width in (("1sigma", 1.0), ("2sigma", 2.0), ("3sigma", 3.0)):
        if limits.method == "normal" and limits.alpha is None and not starts:
            other = design(Limits("normal", width)).lines(series, found)
            shown |= {f"lcl_{name}": other.lower, f"ucl_{name}": other.upper}
    if "ucl_2sigma" in shown:
        shown |= {"ul95": shown["ucl_2sigma"], "ll95": shown["lcl_2sigma"]}
        shown |= {"ul68": shown["ucl_1sigma"], "ll68": shown["lcl_1sigma"]}
        same_names(shown, ("uwl", "upper_warning_limit", "upper_warning"), shown["ucl_2sigma"])
        same_names(shown, ("lwl", "lower_warning_limit", "lower_warning"), shown["lcl_2sigma"])
    return shown


def lines_of(chart: Chart) -> dict[str, Any]:
    """Centre, limits and points beyond them."""
    beyond = np.array(chart.beyond_limits, dtype=np.int64)
    high = chart.values[beyond - chart.first] > chart.upper[beyond - chart.first]
    above, below = Points(tuple(beyond[high].tolist())), Points(tuple(beyond[~high].tolist()))
    shown: dict[str, Any] = {}
    for names, value in (
        (_CENTRES, chart.centre),
        (_LOWER, chart.lower),
        (_UPPER, chart.upper),
        (_BEYOND, Points(chart.beyond_limits)),
        (_ABOVE, above),
        (_BELOW, below),
        (_PLOTTED, chart.values),
        (("sigma", "sd", "se", "sigma_hat", "std_dev", "stdev", "sigma_within", "within_sigma"), chart.sigma),
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
        names = (
            rule,
            f"rule_{number}",
            f"rule{number}",
            f"nelson{number}",
            f"nelson_rule_{number}",
            f"n{number}",
            f"nelson_rule{number}",
        )
        shown |= dict.fromkeys(names, found)
    for number, rule in enumerate(WESTERN_ELECTRIC, 1):
        found = Points(chart.signals(rule))
        western = (rule, f"we{number}", f"we_{number}", f"we_rule_{number}", f"weco_{number}", f"weco{number}")
        shown |= dict.fromkeys(western, found)
    return shown


def _qcc_runs(chart: Chart, options: Mapping[str, Any]) -> Points:
    """The second rule as qcc tells it, with seven in a row if the file says no length."""
    with np.errstate(divide="ignore", invalid="ignore"):
        sides = np.nan_to_num((chart.values - chart.centre) / chart.sigma)
    looked = Rules(which=("nelson_2",), run_length=options.get("run_length", 7))
    return Points(tuple(at + chart.first - 1 for at in evaluate(sides, looked).points("nelson_2")))


def rule_sections(values: Mapping[str, Any], key: str) -> list[Candidate]:
    """What an object named after a set of rules holds by the rules' numbers, or by qcc's names."""
    words = key.split("_")
    if not {"rules", "nelson", "western", "we", "weco", "violations", "signals", "rule"} & set(words):
        return []
    short = "western_electric" if {"western", "we", "weco"} & set(words) else "nelson"
    numbered = {
        f"{name}{number}": values[f"{short}_{number}"]
        for number in range(1, 9)
        for name in ("", "rule", "rule_", "test", "test_")
        if f"{short}_{number}" in values
    }
    return [Candidate("", {**values, **numbered})]


def named(values: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """The same values under names with a prefix, as files name those of a second chart."""
    return {f"{prefix}_{key}": value for key, value in values.items()}


def same_names(values: dict[str, Any], names: Sequence[str], value: Any) -> None:
    """Put a value under several names."""
    values.update(dict.fromkeys(names, value))
