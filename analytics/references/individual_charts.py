"""Reference cases of charts of measurements: I and MR, EWMA, CUSUM."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Literal

import numpy as np

from analytics.charts.chart import Parameters
from analytics.charts.cusum import cusum
from analytics.charts.ewma import Ewma
from analytics.charts.individuals import (
    EXACT_D2,
    Individuals,
    MovingRanges,
    moving_ranges,
    range_sigma,
    screened_ranges,
)
from analytics.charts.limits import Limits
from analytics.charts.series import Series
from analytics.references.chart_data import joined_data
from analytics.references.chart_values import (
    baseline_of,
    chart_values,
    lines_of,
    named,
    phases_of,
    rule_sections,
    same_names,
    spread_of,
)
from analytics.references.comparing import Candidate, Points, Rough, half_digit
from analytics.references.reference import Reference, UnreadableReference, is_number, plain
from analytics.references.rule_cases import options_of

_MEASURED = ("x", "values", "y", "measurements", "observations", "data", "value", "means", "xbar")
_TARGETS = (
    "target", "mu", "mu0", "mean", "center", "centre", "center_line", "in_control_mean", "t", "mu_0", "process_mean",
)  # fmt: skip
_SIGMAS = ("sigma", "sigma_of_means", "sigma0", "sd", "std_dev", "stdev", "sigma_x", "sigma_xbar", "sigma_hat")


def screenings(reference: Reference) -> Iterator[tuple[Any, bool, str]]:
    """Constants and screening of moving ranges that the file may mean, the usual ones first."""
    said = reference.yes("screened", "screen", "screening", "mr_screening", "screened_moving_ranges")
    words = reference.words("screening", "screened", "moving_ranges", "mr_screening")
    if words:
        said = "un" not in words and "not" not in words and "no" not in words.split() and "none" not in words
    given = reference.number("d2", "constant", "factor", "e2")
    names = {"rounded": "d2 1.128", "factor": "2.66", "exact": "d2 2/sqrt(pi)"}
    if given is None:
        constants: Sequence[str] = ("rounded", "exact", "factor")
    elif abs(given - EXACT_D2) < 5e-5:
        constants = ("exact",)
    else:
        constants = ("factor",) if given > 2 else ("rounded",)
    for constant in constants:
        for screened in (False, True) if said is None else (said,):
            yield constant, screened, f"moving ranges {'' if screened else 'not '}screened, {names[constant]}"


def measured(reference: Reference) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The measurements.

    Raises:
        UnreadableReference: there are none.
    """
    column = reference.column(*_MEASURED, other_than=("sample", "samples", "index", "batch", "baseline"))
    if column is None:
        column = _subgroup_means(reference)
    if column is None:
        raise UnreadableReference("has no column of measurements in its `data`")
    return column


def _subgroup_means(reference: Reference) -> Any:
    """Means of subgroups, where the values are told in rows of several."""
    rows = reference.given("subgroups", "x", "values", "samples", "data", "rows")
    if not isinstance(rows, list) or not rows or not all(isinstance(row, list) for row in rows):
        return None
    if not all(row and all(is_number(value) for value in row) for row in rows):
        raise UnreadableReference("has subgroups that are no rows of numbers")
    return np.array([np.mean(row) for row in rows])


def individual_charts(reference: Reference) -> list[Candidate]:
    """I and MR charts."""
    reference = joined_data(reference, _MEASURED)
    series, spread = Series.of(measured(reference)), spread_of(reference, exact_too=False)
    baseline = baseline_of(reference, len(series))
    chosen = series if baseline is None else series.part(baseline)
    only_ranges = reference.chart.lower().replace("-", " ").split()[0] in ("mr", "moving")
    candidates = []
    for constant, screened, said in screenings(reference):
        for estimator in _estimators(reference):
            ranges = moving_ranges(chosen.values)
            kept = screened_ranges(ranges) if screened else ranges
            sigma = range_sigma(chosen.values, constant, screened, estimator)
            centre, given = reference.number(*_TARGETS), reference.number(*_SIGMAS)
            divisor = reference.number("d2")
            if divisor is not None and estimator == "mean moving range":
                sigma = float(kept.mean()) / divisor
            # PowerBI-SPC calls charts with the line at the median i_m and i_mm.
            at_median = "median" in reference.words("center", "centre", "center_line", "centre_line", "location")
            at_median = at_median or plain(reference.chart) in ("i_m", "i_mm")
            middle = np.median(chosen.values) if at_median else chosen.values.mean()
            location = float(middle) if centre is None else centre
            parameters = Parameters(location, sigma if given is None else given, points=len(chosen))
            values = chart_values(
                partial(Individuals, estimator=estimator, constant=constant, screened=screened),
                spread.limits("normal"),
                series,
                parameters=parameters,
                options=options_of(reference),
            )
            above = reference.number("d4")
            below = MovingRanges(spread.limits("normal"), constant, screened)
            of_ranges = MovingRanges(spread.limits("normal"), constant, screened).estimate(chosen)
            if above is not None:
                of_ranges = Parameters(of_ranges.location, of_ranges.location * (above - 1) / 3)
            second = chart_values(
                partial(MovingRanges, constant=constant, screened=screened),
                below.limits,
                series,
                parameters=of_ranges,
                rules=False,
            )
            if above is not None:
                for name in ("ucl", "upper", "upper_limit", "ul"):
                    second[name] = Rough(second[name], half_digit(above) * of_ranges.location)
            same_names(second, ("bar", "mean", "average"), of_ranges.location)
            first = dict(values)
            values = {**named(second, "mr"), **named(second, "moving_range"), **named(first, "i"), **named(first, "x")}
            values |= {
                f"{key}_{word}": part[key]
                for part, names in ((second, ("mr", "moving_range")), (first, ("i", "x", "individuals")))
                for key in ("ucl", "lcl", "center", "centre", "cl", "sigma", "beyond_limits", "beyond")
                for word in names
            }
            same_names(values, ("url", "upper_range_limit", "range_limit"), second["ucl"])
            values |= second if only_ranges else first
            same_names(values, ("mrbar", "mr_bar", "mean_moving_range", "average_moving_range"), of_ranges.location)
            # The first point has no moving range; some print it as missing.
            said_ranges = reference.expected_list("mr", "moving_ranges", "ranges")
            without_first = bool(said_ranges) and said_ranges[0] is None and len(said_ranges) == len(series)
            ranges_shown = [*([None] if without_first else []), *moving_ranges(series.values).tolist()]
            same_names(values, ("mr", "moving_ranges", "ranges"), ranges_shown)
            same_names(values, ("median_mr", "mr_median", "median_moving_range"), float(np.median(kept)))
            same_names(values, ("screened_ranges", "mr_dropped", "n_screened"), len(ranges) - len(kept))
            for starts, phases in phases_of(reference):
                if starts and centre is None and given is None:
                    # Moving ranges reach over the split: there is no MR chart of phases.
                    design = partial(Individuals, estimator=estimator, constant=constant, screened=screened)
                    apart = chart_values(
                        design, spread.limits("normal"), series, starts=starts, options=options_of(reference)
                    )
                    apart |= {**named(apart, "i"), **named(apart, "x")}
                    candidates.append(Candidate(f"{estimator}, {said}, {phases}", apart))
            candidates.append(
                Candidate(
                    f"{estimator}, {said}" + ("" if above is None else f", D4 {above:g}"),
                    values,
                    partial(_section, reference, values),
                )
            )
    return candidates


def ewma_charts(reference: Reference) -> list[Candidate]:
    """EWMA charts with steady or time-varying limits."""
    reference = joined_data(reference, _MEASURED)
    series = Series.of(measured(reference))
    smoothing = reference.number("lambda", "lam", "smoothing", "weight", "r")
    if smoothing is None:
        raise UnreadableReference("does not say its smoothing, `lambda`")
    width = reference.number("l", "nsigmas", "nsigma", "k", "width", "multiplier")
    limits = Limits(multiplier=3.0 if width is None else width)
    words = reference.words("limits", "limit_type", "limits_type")
    varies = reference.yes("time_varying", "varying", "exact")
    ways: tuple[bool, ...] = (False, True)
    if "steady" in words or "asympt" in words or "constant" in words or varies is False:
        ways = (False,)
    elif "var" in words or "exact" in words or varies:
        ways = (True,)
    candidates = []
    for location, sigma, said in _centres(reference, series):
        for varying in ways:
            start = reference.number("start", "initial", "z0")
            values = chart_values(
                partial(Ewma, smoothing, varying=varying, start=start),
                limits,
                series,
                parameters=Parameters(location, sigma),
                rules=False,
            )
            same_names(values, ("ewma", "z", "smoothed", "ewma_values"), values["plotted"])
            same_names(values, ("sigma_steady", "steady_sigma"), sigma * float(np.sqrt(smoothing / (2 - smoothing))))
            # A single number stands for the limit where it has settled.
            same_names(values, ("ucl_last", "ucl_final", "ucl_steady"), float(np.asarray(values["ucl"])[-1]))
            same_names(values, ("lcl_last", "lcl_final", "lcl_steady"), float(np.asarray(values["lcl"])[-1]))
            kind = "time-varying limits" if varying else "steady limits"
            candidates.append(Candidate(f"{kind}, {said}" if said else kind, values))
    return candidates


def cusum_charts(reference: Reference) -> list[Candidate]:
    """Two-sided tabular CUSUM, k and h in the unit of the values or in standard deviations."""
    reference = joined_data(reference, _MEASURED)
    series = Series.of(measured(reference))
    reference_value = reference.number("k", "reference", "reference_value", "allowance", "slack")
    interval = reference.number("h", "interval", "decision_interval", "decision", "threshold")
    shift = reference.number("se_shift", "shift")
    if reference_value is None and shift is not None:
        reference_value = shift / 2
    if reference_value is None or interval is None:
        raise UnreadableReference("does not say its `k` and `h`")
    unit = reference.words("units", "unit", "k_h_units")
    units: tuple[Literal["sigma", "value"], ...] = ("value", "sigma")
    if unit:
        units = ("sigma",) if "sig" in unit or "sd" in unit else ("value",)
    said_reset = reference.yes("reset")
    start = reference.number("head_start", "headstart", "fir", "fast_initial_response") or 0.0
    if start >= 1:
        start = start / interval
    candidates = []
    for location, sigma, said in _centres(reference, series):
        for in_unit in units:
            for reset in (False, True) if said_reset is None else (said_reset,):
                pair = cusum(
                    series, reference_value, interval, target=location, sigma=sigma, unit=in_unit, reset=reset,
                    head_start=start,
                )  # fmt: skip
                kind = f"k and h in {'the unit of the values' if in_unit == 'value' else 'standard deviations'}"
                kind += ", reset" if reset else ""
                # qcc prints the sums in standard deviations, and those below as negative numbers.
                for scale in (1.0, sigma) if sigma not in (0.0, 1.0) else (1.0,):
                    for sign in (1.0, -1.0):
                        values = _sums(pair.main, pair.companion, sign, scale)
                        same_names(values, ("center", "centre", "target", "mean"), location)
                        same_names(values, ("sigma", "sigma_hat", "std_dev", "sd"), sigma)
                        side = reference.chart.lower()
                        if ("upper" in side) != ("lower" in side):
                            one = pair.main if "upper" in side else pair.companion
                            sums = (1 if "upper" in side else sign) * one.values / scale
                            same_names(values, ("cusum", "s", "c", "sums"), sums)
                            same_names(values, ("signals", "beyond_limits", "violations"), Points(one.beyond_limits))
                        own = kind + ("" if scale == 1.0 else ", sums in standard deviations")
                        own += "" if sign > 0 else ", lower sums negative"
                        candidates.append(Candidate(own + (f", {said}" if said else ""), values))
    return candidates


def _sums(upper: Any, lower: Any, sign: float, scale: float) -> dict[str, Any]:
    values = lines_of(upper)
    for name in ("ucl", "upper_limit", "ul", "h", "decision_interval"):
        values[name] = upper.upper / scale
    for name in ("lcl", "lower_limit", "ll"):
        values[name] = -lower.upper / scale if sign < 0 else upper.lower
    both = tuple(sorted({*upper.beyond_limits, *lower.beyond_limits}))
    high, low = Points(upper.beyond_limits), Points(lower.beyond_limits)
    same_names(
        values, ("s_hi", "shi", "s_high", "hi", "cusum_hi", "c_plus", "cplus", "cusum_pos", "pos", "upper", "sh",
        "s_upper", "cusum_upper", "c_upper", "positive", "sh_i", "ci_plus", "upper_sums"), upper.values / scale,
    )  # fmt: skip
    same_names(
        values, ("s_lo", "slo", "s_low", "lo", "cusum_lo", "c_minus", "cminus", "cusum_neg", "neg", "lower", "sl",
        "s_lower", "cusum_lower", "c_lower", "negative", "sl_i", "ci_minus", "lower_sums"), sign * lower.values / scale,
    )  # fmt: skip
    same_names(values, ("signals_upper", "upper_signals", "signals_hi", "beyond_upper", "above"), high)
    same_names(values, ("signals_lower", "lower_signals", "signals_lo", "beyond_lower", "below"), low)
    same_names(values, ("signals", "beyond_limits", "out_of_control", "violations", "beyond"), Points(both))
    same_names(values, ("first_signal", "first_out"), Points(both[:1]))
    same_names(values, ("n_plus", "nplus"), _counters(upper.values))
    same_names(values, ("n_minus", "nminus"), _counters(lower.values))
    return values


def _counters(sums: Any) -> list[int]:
    """For how many points each sum has been above 0 (Montgomery, section 9.1.2)."""
    counted, running = [], 0
    for value in sums:
        running = running + 1 if value > 0 else 0
        counted.append(running)
    return counted


def _centres(reference: Reference, series: Series) -> Iterator[tuple[float, float, str]]:
    """Target and standard deviation: those of the file, or estimated in the ways there are."""
    baseline = baseline_of(reference, len(series))
    values = series.values if baseline is None else series.part(baseline).values
    target, given = reference.number(*_TARGETS), reference.number(*_SIGMAS)
    location = float(values.mean()) if target is None else target
    if given is not None:
        yield location, given, ""
        size = reference.number("n", "subgroup_size", "sample_size", "size")
        if size is not None and size > 1:
            # Points are means of so many values each, and the standard deviation may be that of a single value.
            yield location, given / float(np.sqrt(size)), f"means of {size:g} values"
        return
    for constant, screened, said in screenings(reference):
        yield location, range_sigma(values, constant, screened), said
    yield location, range_sigma(values, estimator="standard deviation"), "overall standard deviation"


def _estimators(reference: Reference) -> tuple[Any, ...]:
    words = reference.words("estimator", "sigma_method", "method", "std_dev", "sd_method")
    if "median" in words or plain(reference.chart) == "i_mm":
        return ("median moving range",)
    if "sd" in words.lower().split() or "standard deviation" in words:
        return ("standard deviation",)
    if "mr" in words.lower() or "range" in words:
        return ("mean moving range",)
    return ("mean moving range", "median moving range", "standard deviation")


def _section(reference: Reference, values: Mapping[str, Any], key: str) -> Sequence[Candidate]:
    """What an expected object of this name holds: one of the two charts, or another way to estimate."""
    if "screen" in key:
        screened = not any(word in key for word in ("unscreen", "not", "no_", "without", "raw"))
        return individual_charts(reference.within(screened=screened))
    if "median" in key:
        return individual_charts(reference.within(estimator="median"))
    if key in ("mr", "moving_range", "mr_chart", "moving_ranges"):
        return [Candidate("", _without(values, "mr_"))]
    return rule_sections(values, key)


def _without(values: Any, prefix: str) -> dict[str, Any]:
    return {key.removeprefix(prefix): value for key, value in values.items() if key.startswith(prefix)}
