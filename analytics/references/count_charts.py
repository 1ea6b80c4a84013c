"""Reference cases of charts of counts and of rare events: p, np, c, u, Laney's p' and u', g and t."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import product
from typing import Any, Literal

import numpy as np

from analytics.charts.attributes import Attributes
from analytics.charts.chart import Parameters
from analytics.charts.individuals import moving_ranges
from analytics.charts.laney import Laney
from analytics.charts.limits import Limits, Method
from analytics.charts.overdispersion import dispersion
from analytics.charts.rare_events import Gaps, TimesBetween
from analytics.charts.series import Floats, Series
from analytics.references.chart_data import joined_data
from analytics.references.chart_values import (
    baseline_of,
    chart_values,
    phases_of,
    rule_sections,
    same_names,
    spread_of,
)
from analytics.references.comparing import Candidate, Points
from analytics.references.individual_charts import screenings
from analytics.references.reference import LABELS, Reference, UnreadableReference, is_number, plain
from analytics.references.rule_cases import options_of
from analytics.sigma import WrongInput

_COUNTS = (
    "defectives", "nonconforming", "nonconformities", "defects", "counts", "count", "events", "d", "numerator",
    "numerators", "successes", "accidents", "complaints", "cases", "x", "y", "values",
)  # fmt: skip
_SIZES = (
    "n", "sizes", "size", "sample_size", "sample_sizes", "exposure", "exposures", "units", "area", "areas",
    "denominator", "denominators", "inspected", "opportunities", "trials", "subgroup_size", "days", "volume", "volumes",
)  # fmt: skip
_NOT_COUNTS = (
    *_SIZES, *LABELS, "baseline", "trial", "phase", "stage", "group",
)  # fmt: skip


def attribute_charts(reference: Reference) -> list[Candidate]:
    """p, np, c and u, by whatever limits the file means."""
    reference = joined_data(reference, _COUNTS)
    kind = _kind(reference.chart)
    series = _counts(reference, sized=kind != "c")
    spread = spread_of(reference)
    known = _known(reference, kind, series)
    baseline = None if known else baseline_of(reference, len(series))
    words = f"{reference.chart} {reference.words('limits', 'sizes', 'limit_sizes', 'n_for_limits')}".lower()
    average = series.sizes is not None and ("average" in words or "mean size" in words or "nbar" in words)
    candidates = []
    for method, (starts, phases) in product(spread.method, phases_of(reference)):
        values = chart_values(
            partial(Attributes, kind),
            spread.limits(method),
            series,
            baseline=None if starts else baseline,
            parameters=known,
            starts=starts,
            options=options_of(reference),
        )
        values |= _dispersion(kind, series)
        same_names(values, ("total", "total_defectives", "total_defects", "sum_defects"), float(series.values.sum()))
        if series.sizes is not None:
            same_names(values, ("n_bar", "nbar", "mean_n", "average_n", "average_size"), float(series.sizes.mean()))
            same_names(values, ("total_n", "total_size", "total_exposure", "sum_n"), float(series.sizes.sum()))
        if average:
            values |= _by_average_size(kind, series, spread.limits(method), values["center"])
        if "standardi" in words or "z chart" in words or "z-chart" in words:
            values |= _standardised(values, spread.limits(method).width)
        said = f"{method} limits" + (f", {phases}" if phases else "") + (", by the average size" if average else "")
        said += _scaled(values, reference)
        candidates.append(Candidate(said, values, partial(_beside, reference, values)))
        if kind in ("p", "u") and method == "normal" and not starts:
            # qcc's std.dev is that of a single unit.
            mean = float(np.ravel(values["center"])[0])
            unit = float(np.sqrt(mean * (1 - mean) if kind == "p" else mean))
            candidates.append(
                Candidate(f"{said}, sigma of a unit", {**values, "std_dev": unit, "sigma": unit, "sd": unit})
            )
    return candidates


def _scaled(values: dict[str, Any], reference: Reference) -> str:
    """Rates by so many units, as the file asks for them; what to add to the convention."""
    per = reference.number("per", "per_units", "multiply", "scale", "rate_per", "per_n")
    if per is None:
        return ""
    for key, value in values.items():
        if isinstance(value, np.ndarray) and key not in ("z", "z_scores"):
            values[key] = per * value
    return f", by {per:g} units"


def _by_average_size(kind: str, series: Series, limits: Limits, centre: Any) -> dict[str, Any]:
    """Limits for all points as if each had the average size (Montgomery, section 7.3.2)."""
    size = float(series.need_sizes().mean())
    mean = float(np.ravel(centre)[0])
    sigma = float(np.sqrt(mean * (1 - mean) / size if kind == "p" else mean / size))
    lower, upper = max(0.0, mean - limits.width * sigma), mean + limits.width * sigma
    shares = series.values / series.need_sizes()
    beyond = Points(tuple((np.flatnonzero((shares > upper) | (shares < lower)) + series.first).tolist()))
    values: dict[str, Any] = {"ucl": upper, "lcl": lower, "sigma": sigma}
    same_names(values, ("beyond_limits", "beyond", "out_of_control", "signals"), beyond)
    return values


def _standardised(values: Mapping[str, Any], width: float) -> dict[str, Any]:
    """The chart of points in standard deviations (Montgomery, section 7.3.2)."""
    shown: dict[str, Any] = {}
    same_names(shown, ("center", "centre", "cl", "mean"), 0.0)
    same_names(shown, ("ucl", "upper"), width)
    same_names(shown, ("lcl", "lower"), -width)
    same_names(shown, ("plotted", "values", "statistics"), values["z"])
    return shown


def laney_charts(reference: Reference) -> list[Candidate]:
    """p' and u', with moving ranges screened or not; what is expected of the ordinary chart beside them, too."""
    reference = joined_data(reference, _COUNTS)
    kind: Literal["p", "u"] = "u" if _kind(reference.chart) == "u" else "p"
    laney: Literal["p'", "u'"] = "u'" if kind == "u" else "p'"
    series = _counts(reference, sized=True)
    spread = spread_of(reference, exact_too=False)
    candidates = []
    baseline, options = baseline_of(reference, len(series)), options_of(reference)
    for (constant, screened, named), (starts, phases) in product(screenings(reference), phases_of(reference)):
        values = chart_values(
            partial(Laney, laney, constant=constant, screened=screened),
            spread.limits("normal"),
            series,
            baseline=None if starts else baseline,
            starts=starts,
            options=options,
        )
        found = Laney(laney, constant=constant, screened=screened).estimate(
            series if baseline is None else series.part(baseline)
        )
        same_names(values, ("sigma_z", "sigmaz", "phi", "sigma_ratio", "overdispersion"), found.spread)
        ordinary = chart_values(
            partial(Attributes, kind), spread.limits("normal"), series,
            baseline=baseline, options=options,
        )  # fmt: skip
        for word in ("ordinary", "plain", "standard", "unadjusted", "shewhart"):
            for middle in ("", f"_{kind}", f"_{kind}_chart", "_chart"):
                values |= {f"{word}{middle}_{key}": value for key, value in ordinary.items()}
        for middle in (kind, f"{kind}_chart"):
            values |= {f"{middle}_{key}": value for key, value in ordinary.items()}
        values |= _dispersion(kind, series)
        # Here the z of the points are those of chance, from which sigma_z comes.
        values["z"] = values["z_scores"] = np.asarray(values["z"]) * found.spread
        per = _scaled(values, reference)
        said = named + (f", {phases}" if phases else "") + per
        candidates.append(Candidate(said, values, partial(rule_sections, values)))
    return candidates


def gap_charts(reference: Reference) -> list[Candidate]:
    """g charts: normal limits or quantiles, the line at the mean or the median."""
    gaps = reference.column("gaps", "gap", "between", "x", "values", "days", "counts", "cases", "y")
    if gaps is None:
        gaps = _between_days(reference)
    series, spread = Series.of(gaps), spread_of(reference)
    words = reference.words("center", "centre", "center_line", "centre_line")
    centres = ("median",) if "median" in words else ("mean",) if "mean" in words else ("mean", "median")
    candidates = []
    for method in spread.method:
        for centre in centres if method == "normal" else tuple(reversed(centres)):
            for design, named in _gap_designs(reference, method, centre, gaps):
                values = chart_values(
                    partial(Gaps, **design),
                    spread.limits(method),
                    series,
                    baseline=baseline_of(reference, len(series)),
                    options=options_of(reference),
                )
                made = Gaps(spread.limits(method), **design)
                found = made.estimate(series)
                same_names(values, ("p", "probability", "p_hat", "event_probability"), made.probability(found))
                same_names(values, ("mean", "gbar", "g_bar", "average", "mean_gap"), float(gaps.mean()))
                same_names(values, ("median", "display_center_median", "center_median"), float(np.median(gaps)))
                same_names(values, ("gaps", "between", "intervals"), gaps)
                # Provost and Murray (2011) draw the line at 0.693 times the mean.
                same_names(values, ("theoretical_median", "center_theoretical_median"), 0.693 * float(gaps.mean()))
                candidates.append(Candidate(named, values))
    return candidates


def time_charts(reference: Reference) -> list[Candidate]:
    """t charts: transformed with moving ranges screened or not, or exponential or Weibull quantiles."""
    times = reference.column("days", "times", "t", "hours", "gaps", "x", "values", "between", "y")
    if times is None:
        times = _between_days(reference)
    series, spread = Series.of(times), spread_of(reference)
    power = _power(reference)
    words = f"{reference.chart} {reference.words('distribution', 'dist', 'limits', 'method')}".lower()
    told = tuple(name for name in ("exponential", "weibull") if name in words)
    methods = ("exact",) if told and spread.method != ("normal",) else spread.method
    designs: list[tuple[Method, str, dict[str, Any]]] = []
    for method in methods:
        if method == "normal":
            designs += [
                (method, named, {"constant": constant, "screened": screened, "power": power})
                for constant, screened, named in screenings(reference)
            ]
        else:
            fitted = told or (("exponential", "weibull") if times.min() > 0 else ("exponential",))
            designs += [(method, f"{name} quantiles", {"distribution": name}) for name in fitted]
    candidates = []
    for method, said, design in designs:
        made = TimesBetween(spread.limits(method), **design)
        values = chart_values(
            partial(TimesBetween, **design),
            spread.limits(method),
            series,
            baseline=baseline_of(reference, len(series)),
            options=options_of(reference),
        )
        found = made.estimate(series)
        same_names(values, ("mean_time", "mean_days"), float(times.mean()))
        if method == "normal":
            transformed = times**power
            values |= {"transformed": transformed, "power": power}
            above = found.location + made.limits.width * found.spread
            below = found.location - made.limits.width * found.spread
            for word in ("transformed", "transform", "y"):
                same_names(values, (f"{word}_mean", f"{word}_center", f"{word}_centre", f"{word}_cl"), found.location)
                values |= {f"{word}_sigma": found.spread, f"{word}_ucl": above, f"{word}_lcl": below}
                values[f"{word}_mr_bar"] = float(moving_ranges(transformed).mean())
        else:
            same_names(values, ("scale", "theta", "eta"), found.location)
            same_names(values, ("shape", "beta"), found.spread)
        candidates.append(Candidate(said, values, lambda key: _other_screening(reference, key, time_charts)))
    return candidates


def _power(reference: Reference) -> float:
    """Of the transformation; also told in words: "x^(1/3.6)", "1/3.6", "x^0.2777"."""
    told = reference.number("power", "exponent", "transform_power")
    if told is not None:
        return told
    words = reference.words("transform", "transformation", "power", "exponent")
    found = re.search(r"(?:\^|\*\*|^)\s*\(?\s*(\d*\.?\d+)\s*(?:/\s*(\d*\.?\d+))?", words)
    return float(found[1]) / float(found[2] or 1) if found else 1 / 3.6


def _other_screening(reference: Reference, key: str, family: Any) -> Sequence[Candidate]:
    """An expected object that is named after a way to treat moving ranges has its own."""
    if "screen" not in key:
        return ()
    screened = not any(word in key for word in ("unscreen", "not", "no_", "without", "raw"))
    found: Sequence[Candidate] = family(reference.within(screened=screened))
    return found


def _beside(reference: Reference, values: Mapping[str, Any], key: str) -> Sequence[Candidate]:
    """An expected object that is named after a kind of limits or of chart, or a set of rules, has its own."""
    if "laney" in key or "prime" in key:
        return laney_charts(reference)
    for word in ("exact", "probability", "binomial", "poisson", "normal"):
        if word in key:
            return attribute_charts(reference.within(limits=word))
    return rule_sections(values, key)


def _kind(chart: str) -> Any:
    words = plain(chart).split("_")
    for word in words:
        if word in ("np", "p", "c", "u"):
            return word
    return "u" if words[0].startswith("u") else "p"


def _counts(reference: Reference, sized: bool) -> Series:
    counts = reference.column(*_COUNTS, other_than=_NOT_COUNTS)
    if counts is None:
        raise UnreadableReference("has no column of counts in its `data`")
    if not sized:
        return Series.of(counts)
    sizes: Any = next((value for value in (reference.given(name) for name in _SIZES) if isinstance(value, list)), None)
    if sizes is None:
        sizes = reference.number(*_SIZES)
    if sizes is None:
        lists = {
            key: value for key, value in reference.data.items()
            if isinstance(value, list) and len(value) == len(counts) and plain(key) not in _NOT_SIZES
            and all(is_number(entry) for entry in value) and not np.array_equal(value, counts)
        }  # fmt: skip
        if len(lists) != 1:
            raise UnreadableReference("has no column of sizes in its `data`")
        sizes = reference.given(plain(next(iter(lists))))
    return Series.of(counts, sizes)


_NOT_SIZES = (*LABELS, "baseline", "trial", "phase", "stage", "group")


def _known(reference: Reference, kind: str, series: Series) -> Parameters | None:
    """Parameters that a file gives instead of a baseline."""
    names = {"p": ("p0", "p", "pbar", "p_bar"), "np": ("p0", "p", "pbar", "p_bar"), "c": ("c0", "cbar", "c_bar")}.get(
        kind, ("u0", "ubar", "u_bar")
    )
    names = (
        *names,
        "standard",
        "standard_value",
        "center",
        "centre",
        "centerline",
        "center_line",
        "target",
        "known_center",
    )
    for key, value in reference.params.items():
        if plain(key) in names and is_number(value):
            reference.asked.add(f"params.{key}")
            if kind == "np" and value > 1 and series.sizes is not None:
                return Parameters(float(value) / float(series.sizes[0]))
            return Parameters(float(value))
    return None


def _dispersion(kind: str, series: Series) -> dict[str, Any]:
    if kind not in ("p", "u"):
        return {}
    try:
        found = dispersion(kind, series)  # type: ignore[arg-type]
    except WrongInput:
        return {}
    values: dict[str, Any] = {"degrees": found.degrees, "dispersion_ratio": found.ratio, "advised": found.advised}
    same_names(values, ("dispersion_chi_square", "overdispersion_statistic", "overdispersion_chisq"), found.statistic)
    same_names(values, ("dispersion_p", "overdispersion_p", "overdispersion_p_value"), found.p_value)
    return values


def _between_days(reference: Reference) -> Floats:
    days = reference.days()
    if days is None or len(days) < 3:
        raise UnreadableReference("has neither gaps nor dates in its `data`")
    return np.diff([float(day.toordinal()) for day in days])


def _gap_designs(reference: Reference, method: str, centre: str, gaps: Floats) -> Iterator[tuple[dict[str, Any], str]]:
    """Options of ``Gaps`` after its limits, and their name."""
    counted = reference.number("counted_from", "minimum", "offset")
    starts = (int(counted),) if counted in (0, 1) else (0, 1) if gaps.min() >= 1 else (0,)
    for start in starts:
        from_one = ", counted from 1" if start else ""
        if method == "normal":
            yield {"centre": centre, "counted_from": start}, f"normal limits, line at the {centre}{from_one}"
            continue
        for quantiles in ("interpolated", "whole"):
            for corrected in (True, False):
                said = f"{quantiles} geometric quantiles, line at the {centre}"
                design = {"centre": centre, "counted_from": start, "quantiles": quantiles, "corrected": corrected}
                yield design, said + ("" if corrected else ", uncorrected") + from_one
