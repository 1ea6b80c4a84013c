"""Reference cases of charts of counts and of rare events: p, np, c, u, Laney's p' and u', g and t."""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import product
from typing import Any, Literal

import numpy as np

from analytics.charts.attributes import Attributes
from analytics.charts.chart import Parameters
from analytics.charts.laney import Laney
from analytics.charts.overdispersion import dispersion
from analytics.charts.rare_events import Gaps, TimesBetween
from analytics.charts.series import Floats, Series
from analytics.references.chart_values import baseline_of, chart_values, phases_of, same_names, spread_of
from analytics.references.comparing import Candidate
from analytics.references.individual_charts import screenings
from analytics.references.reference import Reference, UnreadableReference, plain
from analytics.references.rule_cases import options_said
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
    *_SIZES,
    "sample",
    "samples",
    "index",
    "baseline",
    "week",
    "month",
    "day",
    "year",
    "batch",
    "lot",
    "group",
)


def attribute_charts(reference: Reference) -> list[Candidate]:
    """p, np, c and u, by whatever limits the file means."""
    kind = _kind(reference.chart)
    series = _counts(reference, sized=kind != "c")
    spread = spread_of(reference)
    known = _known(reference, kind, series)
    baseline = None if known else baseline_of(reference, len(series))
    candidates = []
    for method, (starts, phases) in product(spread.method, phases_of(reference)):
        values = chart_values(
            partial(Attributes, kind),
            spread.limits(method),
            series,
            baseline=baseline,
            parameters=known,
            starts=starts,
            options=options_said(reference.params),
        )
        values |= _dispersion(kind, series)
        said = f"{method} limits" + (f", {phases}" if phases else "")
        candidates.append(Candidate(said, values, lambda key: _beside(reference, key)))
    return candidates


def laney_charts(reference: Reference) -> list[Candidate]:
    """p' and u', with moving ranges screened or not; what is expected of the ordinary chart beside them, too."""
    kind: Literal["p", "u"] = "u" if _kind(reference.chart) == "u" else "p"
    laney: Literal["p'", "u'"] = "u'" if kind == "u" else "p'"
    series = _counts(reference, sized=True)
    spread = spread_of(reference, exact_too=False)
    candidates = []
    for constant, screened, named in screenings(reference):
        values = chart_values(
            partial(Laney, laney, constant=constant, screened=screened),
            spread.limits("normal"),
            series,
            baseline=baseline_of(reference, len(series)),
        )
        found = Laney(laney, constant=constant, screened=screened).estimate(series)
        same_names(values, ("sigma_z", "sigmaz", "phi", "sigma_ratio", "overdispersion"), found.spread)
        ordinary = chart_values(
            partial(Attributes, kind), spread.limits("normal"), series,
            baseline=baseline_of(reference, len(series)),
        )  # fmt: skip
        for word in ("ordinary", "plain", "standard", "unadjusted", "shewhart"):
            for middle in ("", f"_{kind}", f"_{kind}_chart", "_chart"):
                values |= {f"{word}{middle}_{key}": value for key, value in ordinary.items()}
        for middle in (kind, f"{kind}_chart"):
            values |= {f"{middle}_{key}": value for key, value in ordinary.items()}
        values |= _dispersion(kind, series)
        candidates.append(Candidate(named, values))
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
                )
                made = Gaps(spread.limits(method), **design)
                found = made.estimate(series)
                same_names(values, ("p", "probability", "p_hat", "event_probability"), made.probability(found))
                same_names(values, ("mean", "gbar", "g_bar", "average", "mean_gap"), float(gaps.mean()))
                same_names(values, ("median", "display_center_median", "center_median"), float(np.median(gaps)))
                same_names(values, ("gaps", "between", "intervals"), gaps)
                candidates.append(Candidate(named, values))
    return candidates


def time_charts(reference: Reference) -> list[Candidate]:
    """t charts: transformed with moving ranges screened or not, or exponential quantiles."""
    times = reference.column("days", "times", "t", "hours", "gaps", "x", "values", "between", "y")
    if times is None:
        times = _between_days(reference)
    series, spread = Series.of(times), spread_of(reference)
    ways = list(screenings(reference))
    candidates = []
    for method in spread.method:
        for constant, screened, named in ways if method == "normal" else ways[:1]:
            values = chart_values(
                partial(TimesBetween, constant=constant, screened=screened),
                spread.limits(method),
                series,
                baseline=baseline_of(reference, len(series)),
            )
            found = TimesBetween(spread.limits(method), constant, screened).estimate(series)
            values |= {"transformed_mean": found.location, "transformed_sigma": found.spread}
            same_names(values, ("mean_time", "mean_days"), float(times.mean()))
            said = named if method == "normal" else "exponential quantiles"
            candidates.append(Candidate(said, values, lambda key: _other_screening(reference, key, time_charts)))
    return candidates


def _other_screening(reference: Reference, key: str, family: Any) -> Sequence[Candidate]:
    """An expected object that is named after a way to treat moving ranges has its own."""
    if "screen" not in key:
        return ()
    screened = not any(word in key for word in ("unscreen", "not", "no_", "without", "raw"))
    found: Sequence[Candidate] = family(reference.within(screened=screened))
    return found


def _beside(reference: Reference, key: str) -> Sequence[Candidate]:
    """An expected object that is named after a kind of limits or of chart has its own."""
    if "laney" in key or "prime" in key:
        return laney_charts(reference)
    for word in ("exact", "probability", "binomial", "poisson", "normal"):
        if word in key:
            return attribute_charts(reference.within(limits=word))
    return ()


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
    sizes: Any = None
    for key in _SIZES:
        listed = reference.data.get(key)
        if isinstance(listed, list):
            sizes = listed
            break
    if sizes is None:
        sizes = reference.number(*_SIZES)
    if sizes is None:
        lists = [value for value in reference.data.values() if isinstance(value, list) and len(value) == len(counts)]
        others = [np.array(value, dtype=np.float64) for value in lists if not np.array_equal(value, counts)]
        if len(others) != 1:
            raise UnreadableReference("has no column of sizes in its `data`")
        sizes = others[0]
    return Series.of(counts, sizes)


def _known(reference: Reference, kind: str, series: Series) -> Parameters | None:
    """Parameters that a file gives instead of a baseline."""
    names = {"p": ("p0", "p"), "np": ("p0", "p"), "c": ("c0",), "u": ("u0",)}[kind]
    given = reference.params
    for name in (*names, "standard", "standard_value", "center", "centre", "centerline", "target"):
        value = given.get(name)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
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
