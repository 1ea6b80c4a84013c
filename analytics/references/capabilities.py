"""Reference cases of capability."""

import math
from typing import Any

import numpy as np
import scipy
from scipy.special import ndtr, ndtri

from analytics.references.chart_values import same_names
from analytics.references.comparing import Candidate
from analytics.references.reference import Reference, UnreadableReference, is_number, whole_number
from analytics.sigma import MILLION
from analytics.statistics.capability import Capability, capability, capability_from_moments
from analytics.statistics.nonnormal_capability import quantile_capability


def capabilities(reference: Reference) -> list[Candidate]:
    """Capability from values or from mean and standard deviation, by the spread overall or within."""
    low = reference.number("lsl", "lower", "lower_limit", "lower_spec", "ls")
    high = reference.number("usl", "upper", "upper_limit", "upper_spec", "us")
    target = reference.number("target", "t")
    confidence = reference.number("confidence", "conf", "confidence_level", "conf_level", "ci_level")
    alpha = reference.number("alpha", "f_na_conf")
    sure = confidence if confidence is not None else 0.95 if alpha is None else 1 - alpha
    x = reference.column("x", "values", "data", "measurements", "y", "times", "hours")
    mean, sd = (
        reference.number("mean", "mu", "center", "xbar", "x_bar"),
        reference.number("sd", "sigma", "std_dev", "stdev", "s", "sd_within", "sigma_hat"),
    )
    words = f"{reference.chart} {reference.words('distribution', 'method', 'dist')}".lower()
    for method, signs in (
        ("lognormal", ("lognormal", "log-normal", "log normal")),
        ("weibull", ("weibull",)),
        ("quantile", ("quantile", "percentile", "iso 22514-4", "empirical")),
    ):
        if x is not None and any(sign in words for sign in signs):
            return [Candidate(method, _quantile_values(x, low, high, method, sure))]
    if mean is not None and sd is not None and x is None:
        size = reference.number("n", "size")
        found = capability_from_moments(
            mean, sd, low, high, target=target, size=None if size is None else whole_number(size), confidence=sure
        )
        return [Candidate("", _capability_values(found, found.overall))]
    groups = reference.given("subgroup", "subgroups", "group", "groups")
    if x is None:
        rows = reference.given("subgroups", "x", "values", "data", "samples")
        if not isinstance(rows, list) or not all(isinstance(row, list) and row for row in rows):
            raise UnreadableReference("has neither values nor mean and standard deviation in its `data`")
        if not all(is_number(value) for row in rows for value in row):
            raise UnreadableReference("has subgroups that are no rows of numbers")
        x = np.array([value for row in rows for value in row], dtype=np.float64)
        groups = [number for number, row in enumerate(rows) for _ in row]
    groups = groups if isinstance(groups, list) and not any(isinstance(group, list) for group in groups) else None
    of = reference.number("subgroup_size", "n_per_subgroup")
    if groups is None and of is not None and of > 1:
        groups = [row // whole_number(of) for row in range(x.size)]
    found = capability(x, low, high, target=target, subgroups=groups, confidence=sure)
    assert found.within is not None
    overall = Candidate("overall standard deviation", _capability_values(found, found.overall))
    within = [Candidate(f"standard deviation from {found.within.spread}", _capability_values(found, found.within))]
    spreads = _other_spreads(x, groups)
    if sd is not None:
        spreads = {"given standard deviation": sd}
    for said, spread in spreads.items():
        own = capability_from_moments(
            float(x.mean()) if mean is None else mean, spread, low, high, target=target, size=x.size, confidence=sure
        )
        values = _capability_values(own, own.overall)
        for name in ("pp", "ppk", "ppu", "ppl"):
            values[name] = getattr(found.overall, f"c{name[1:]}")
        values |= {"sd_overall": found.overall.sd, "sd_within": spread}
        within.append(Candidate(said, {**_observed(found), **values}))
    if "overall" in words:
        return [overall]
    candidates = within if "within" in words or sd is not None else [overall, *within]

    def section(key: str) -> list[Candidate]:
        if key in ("overall", "long_term", "performance", "pp"):
            return [overall]
        return within if key in ("within", "short_term", "potential", "potential_within") else []

    return [Candidate(one.convention, one.values, section) for one in candidates]


def _other_spreads(x: Any, groups: list[Any] | None) -> dict[str, float]:
    """Standard deviations within by the other usual estimates: rounded constants, mean range, mean deviation."""
    if groups is None:
        return {"standard deviation from moving range by 1.128": float(np.abs(np.diff(x)).mean()) / 1.128}
    rows = [x[[at for at, other in enumerate(groups) if other == group]] for group in dict.fromkeys(groups)]
    sizes = {row.size for row in rows}
    if len(sizes) > 1 or min(sizes) < 2:
        return {}
    size = sizes.pop()
    c4 = math.sqrt(2 / (size - 1)) * math.exp(math.lgamma(size / 2) - math.lgamma((size - 1) / 2))
    return {
        "standard deviation from the mean range": float(np.mean([np.ptp(row) for row in rows])) / _mean_range(size),
        "standard deviation from the mean standard deviation": float(np.mean([row.std(ddof=1) for row in rows])) / c4,
    }


def _mean_range(size: int) -> float:
    """Of so many standard normal values, d2 (Tippett 1925)."""
    return float(scipy.integrate.quad(lambda z: 1 - ndtr(z) ** size - ndtr(-z) ** size, -10, 10, limit=200)[0])


def _observed(found: Capability) -> dict[str, Any]:
    if found.beyond is None:
        return {}
    values: dict[str, Any] = {}
    same_names(values, ("observed_beyond", "share_beyond"), found.beyond.value)
    same_names(values, ("observed_ppm", "ppm_observed"), MILLION * found.beyond.value)
    return values


def _capability_values(found: Capability, indices: Any) -> dict[str, Any]:
    values: dict[str, Any] = {"k": indices.k, "mean": found.mean, "n": found.count}
    for index, other in (("cp", "pp"), ("cpk", "ppk"), ("cpu", "ppu"), ("cpl", "ppl")):
        same_names(values, (index, other), getattr(indices, index))
    for name in ("pp", "ppk", "ppu", "ppl"):
        if found.within is not None:
            values[name] = getattr(found.overall, f"c{name[1:]}")
    same_names(values, ("sd", "sigma", "s", "std_dev"), indices.sd)
    values["sd_overall"] = found.overall.sd
    values["sd_within"] = None if found.within is None else found.within.sd
    same_names(values, ("cpm", "cpm_taguchi"), indices.cpm)
    same_names(values, ("z", "z_min", "zmin"), indices.z)
    same_names(values, ("z_bench", "zbench"), indices.z_bench)
    for name, interval in (("cp", indices.cp_interval), ("cpk", indices.cpk_interval)):
        if interval is not None:
            for key in (name, f"p{name[1:]}"):
                same_names(values, (f"{key}_ci", f"{key}_interval", f"ci_{key}"), [interval.low, interval.high])
                values |= {f"{key}_lower": interval.low, f"{key}_upper": interval.high}
    beyond = indices.expected_below + indices.expected_above
    same_names(values, ("ppm", "ppm_total", "dpmo", "expected_ppm", "total_ppm"), MILLION * beyond)
    same_names(values, ("expected_beyond", "p_out", "fraction_nonconforming", "share_out"), beyond)
    values |= {"ppm_below": MILLION * indices.expected_below, "ppm_above": MILLION * indices.expected_above}
    values |= {"expected_below": indices.expected_below, "expected_above": indices.expected_above}
    values |= _observed(found) | _more_intervals(found, indices)
    return values


def _more_intervals(found: Capability, indices: Any) -> dict[str, Any]:
    """Cpm for the middle of the limits, and the intervals that qcc prints beside (Boyles 1991 for Cpm)."""
    values: dict[str, Any] = {}
    low, high, size = found.lower_limit, found.upper_limit, found.count
    if low is not None and high is not None:
        target = (low + high) / 2 if found.target is None else found.target
        off = ((found.mean - target) / indices.sd) ** 2
        cpm = indices.cp / math.sqrt(1 + off)
        same_names(values, ("cpm", "cpm_taguchi", "cp_m"), cpm)
        if size is not None:
            freedom = size * (1 + off) ** 2 / (1 + 2 * off)
            tail = (1 - indices.cp_interval.confidence) / 2
            ends = [cpm * math.sqrt(float(scipy.stats.chi2.ppf(cut, freedom)) / freedom) for cut in (tail, 1 - tail)]
            same_names(values, ("cpm_ci", "cpm_interval"), ends)
    for name in ("cpu", "cpl"):
        index = getattr(indices, name)
        if index is not None and size is not None and indices.cpk_interval is not None:
            # qcc takes the one-sided quantile here.
            z = float(ndtri(indices.cpk_interval.confidence))
            half = z * math.sqrt(1 / (9 * size) + index * index / (2 * (size - 1)))
            same_names(values, (f"{name}_ci", f"{name}_interval"), [index - half, index + half])
    return values


def _quantile_values(
    x: np.ndarray[Any, np.dtype[np.float64]], low: float | None, high: float | None, method: str, sure: float
) -> dict[str, Any]:
    found = quantile_capability(x, low, high, method=method, confidence=sure)
    values: dict[str, Any] = {**found.parameters, "log_likelihood": found.log_likelihood}
    same_names(values, ("pp", "cp"), found.pp)
    same_names(values, ("ppk", "cpk"), found.ppk)
    same_names(values, ("ppu", "cpu"), found.ppu)
    same_names(values, ("ppl", "cpl"), found.ppl)
    same_names(values, ("meanlog", "mu"), found.parameters.get("log_mean"))
    same_names(values, ("sdlog",), found.parameters.get("log_sd"))
    same_names(values, ("median", "x50", "q50"), found.median)
    same_names(values, ("x0_135", "q00135", "low_quantile"), found.low_quantile)
    same_names(values, ("x99_865", "q99865", "high_quantile"), found.high_quantile)
    return {**values, "n": found.count, "expected_beyond": found.expected_beyond}
