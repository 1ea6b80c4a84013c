"""Reference cases of sigma levels, yields, Pareto tables and capability."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from analytics.references.chart_values import same_names
from analytics.references.comparing import GIVEN, Candidate, Scaled
from analytics.references.reference import Reference, UnreadableReference, is_number, plain
from analytics.sigma import MILLION, Convention, DefectRate, WrongInput, dpmo_of, measure
from analytics.statistics.capability import Capability, capability, capability_from_moments
from analytics.statistics.nonnormal_capability import quantile_capability
from analytics.statistics.pareto import pareto
from analytics.statistics.sigma_levels import sigma_level
from analytics.statistics.yields import process_yields, rolled_throughput_yield

_LEVELS = ("sigma", "sigma_level", "level", "z")


def sigma_tables(reference: Reference) -> list[Candidate]:
    """Tables of levels and rates, whichever way round, and levels of counts."""
    shift = reference.number("shift")
    shift = 1.5 if shift is None else shift
    values: dict[str, Any] = {}
    for key, expected in reference.expected.items():
        name = plain(key)
        if isinstance(expected, Mapping) and all(_is_number_text(level) for level in expected):
            values[name] = {level: dpmo_of(float(level), shift) for level in expected}
        elif isinstance(expected, list) and all(isinstance(row, Mapping) for row in expected):
            backwards = any(word in name for word in ("inverse", "to_sigma", "reverse"))
            values[name] = [_level_row(row, shift, backwards) for row in expected]
    rate = reference.number("dpmo")
    if rate is not None:
        size = reference.number("opportunities", "n")
        found = sigma_level(rate, shift, opportunities=None if size is None else int(size))
        same_names(values, ("sigma", "sigma_level", "level", "z"), Scaled(found.level))
        same_names(values, ("sigma_low", "at_least", "sigma_bound", "sigma_lower_bound"), Scaled(found.at_least))
    level = reference.number("sigma", "sigma_level")
    if level is not None:
        same_names(values, ("dpmo", "dpmo_one_sided"), dpmo_of(level, shift))
        values["dpmo_two_sided"] = dpmo_of(level, shift, True)
    values |= _counted(reference, shift)
    return [Candidate(f"shift {shift:g}", values)]


def yields(reference: Reference) -> list[Candidate]:
    """Yields from defects and rework by step, or from the steps' own yields."""
    values: dict[str, Any] = {}
    defects = _listed(reference, "defects", "defectives", "failures", "scrap")
    steps = _listed(reference, "yields", "step_yields", "fpy", "first_pass_yields", "process_yields", "yield", "fty")
    sizes = reference.data.get("opportunities", reference.data.get("units", reference.data.get("n")))
    sizes = reference.params.get("opportunities", sizes)
    if defects is not None and sizes is not None:
        found = process_yields(defects, _listed(reference, "rework", "reworked"), sizes)
        same_names(values, ("yield", "final_yield", "y"), found.final_yield)
        same_names(values, ("fty", "first_time_yield", "fpy", "first_pass_yield", "tpy"), found.first_time_yield)
        same_names(values, ("rty", "rolled_throughput_yield", "rolled_yield"), found.rolled_yield)
        same_names(values, ("dpu", "dpu_correct", "defects_per_unit", "dpo"), found.defects_per_unit)
        same_names(values, ("dpmo",), found.dpmo)
        same_names(values, ("step_yields", "steps", "yields"), list(found.step_yields))
        same_names(values, ("normalized_yield", "normalised_yield", "ny"), found.normalised_yield)
        interval = found.rolled_interval
        same_names(values, ("rty_ci", "rty_interval", "rolled_interval"), [interval.low, interval.high])
        if 0 < found.dpmo < MILLION:
            same_names(values, ("sigma", "sigma_level", "z"), Scaled(sigma_level(found.dpmo).level))
    elif steps is not None:
        rolled = rolled_throughput_yield(steps)
        same_names(values, ("rty", "rolled_throughput_yield", "rolled_yield"), rolled.value)
        same_names(values, ("normalized_yield", "normalised_yield", "ny", "average_yield"), rolled.normalised)
        same_names(values, ("dpu", "tdpu", "total_dpu"), rolled.defects_per_unit)
        if 0 < rolled.value < 1:
            level = sigma_level(MILLION * (1 - rolled.value)).level
            same_names(values, ("sigma", "sigma_level", "z"), Scaled(level))
    for key, value in _counted(reference, 1.5).items():
        values.setdefault(key, value)
    if not values:
        raise UnreadableReference("has neither defects and opportunities nor step yields in its `data`")
    return [Candidate("", values)]


def pareto_tables(reference: Reference) -> list[Candidate]:
    """Categories in order, their counts and shares; the other ones sorted in, or last."""
    data = reference.data
    names, listed = None, None
    for key, value in data.items():
        if isinstance(value, list) and value and all(isinstance(entry, str) for entry in value):
            names = value
        elif isinstance(value, list) and value and all(is_number(entry) for entry in value):
            listed = value
        elif isinstance(value, Mapping) and value and plain(key) in ("counts", "causes", "categories", "data", "x"):
            names, listed = list(value), list(value.values())
    counts = dict(zip(names, listed, strict=True)) if names and listed and len(names) == len(listed) else {}
    if not counts:
        counts = {name: value for name, value in data.items() if is_number(value)}
    if not counts:
        raise UnreadableReference("has no counts in its `data`")
    other = next((name for name in counts if plain(name) in ("other", "others", "misc", "miscellaneous")), None)
    last = reference.option("last", "other_last")
    ways = [(None, "sorted by count")] if other is None else [(None, "other sorted in"), (other, "other last")]
    if isinstance(last, str):
        ways = [(last, f"{last} last")]
    elif isinstance(last, bool):
        ways = ways[-1:] if last else ways[:1]
    whole = all(isinstance(value, int) for value in counts.values())
    candidates = []
    for category, said in ways:
        found = pareto(counts, last=category, whole=whole)
        rows = found.rows
        values: dict[str, Any] = {"total": found.total}
        same_names(values, ("order", "categories", "category", "causes", "names"), [row.category for row in rows])
        same_names(values, ("count", "counts", "frequency", "freq"), [row.count for row in rows])
        same_names(
            values, ("cumulative", "cum_count", "cumulative_count", "cum_freq", "cumulative_frequency", "cum"),
            [row.cumulative for row in rows],
        )  # fmt: skip
        same_names(values, ("share", "shares", "proportion", "fraction"), [row.share for row in rows])
        cumulative = [row.cumulative_share for row in rows]
        same_names(values, ("cum_share", "cumulative_share", "cum_proportion", "cumulative_proportion"), cumulative)
        percent = [100 * row.share for row in rows]
        same_names(values, ("percent", "percentage", "percents", "pct", "percentages"), percent)
        percent = [100 * row.cumulative_share for row in rows]
        same_names(
            values, ("cum_percent", "cumulative_percent", "cum_percentage", "cum_pct", "cumulative_percentage",
            "cumulative_pct"), percent,
        )  # fmt: skip
        same_names(values, ("vital", "vital_few_count", "n_vital"), found.vital)
        same_names(values, ("vital_few", "vital_categories"), [row.category for row in rows[: found.vital]])
        candidates.append(Candidate(said, values))
    return candidates


def capabilities(reference: Reference) -> list[Candidate]:
    """Capability from values or from mean and standard deviation, by the spread overall or within."""
    low = reference.number("lsl", "lower", "lower_limit", "lower_spec", "ls")
    high = reference.number("usl", "upper", "upper_limit", "upper_spec", "us")
    target = reference.number("target", "t")
    confidence = reference.number("confidence", "conf", "confidence_level", "conf_level")
    alpha = reference.number("alpha", "f_na_conf")
    sure = confidence if confidence is not None else 0.95 if alpha is None else 1 - alpha
    x = reference.column("x", "values", "data", "measurements", "y", "times", "hours")
    mean, sd = (
        reference.number("mean", "mu", "center", "xbar"),
        reference.number("sd", "sigma", "std_dev", "stdev", "s"),
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
            mean, sd, low, high, target=target, size=None if size is None else int(size), confidence=sure
        )
        return [Candidate("", _capability_values(found, found.overall))]
    if x is None:
        raise UnreadableReference("has neither values nor mean and standard deviation in its `data`")
    groups = reference.data.get("subgroup", reference.data.get("subgroups", reference.data.get("group")))
    found = capability(
        x, low, high, target=target, subgroups=groups if isinstance(groups, list) else None, confidence=sure
    )
    assert found.within is not None
    overall = Candidate("overall standard deviation", _capability_values(found, found.overall))
    within = Candidate(f"standard deviation from {found.within.spread}", _capability_values(found, found.within))
    return [overall] if "overall" in words else [within] if "within" in words else [overall, within]


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
    same_names(values, ("ppm", "ppm_total", "dpmo", "expected_ppm"), MILLION * beyond)
    same_names(values, ("expected_beyond", "p_out", "fraction_nonconforming"), beyond)
    values |= {"ppm_below": MILLION * indices.expected_below, "ppm_above": MILLION * indices.expected_above}
    values |= {"expected_below": indices.expected_below, "expected_above": indices.expected_above}
    if found.beyond is not None:
        same_names(values, ("observed_beyond", "share_beyond"), found.beyond.value)
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


def _level_row(row: Mapping[str, Any], shift: float, backwards: bool) -> dict[str, Any]:
    values: dict[str, Any] = {}
    given = {plain(key): value for key, value in row.items() if is_number(value)}
    level = next((given[name] for name in _LEVELS if name in given), None)
    rate = given.get("dpmo")
    own = float(given.get("shift", shift))
    if level is None and rate is None:
        return values
    if rate is not None and (backwards or level is None or set(given) <= {"dpmo", "shift", *_LEVELS}):
        try:
            found = sigma_level(rate, own, opportunities=_size(given))
        except WrongInput:
            return values
        values = dict.fromkeys(_LEVELS, Scaled(found.level))
        same_names(values, ("sigma_low", "at_least", "sigma_bound"), Scaled(found.at_least))
        return {**values, "dpmo": GIVEN, "shift": GIVEN, "opportunities": GIVEN}
    assert level is not None
    one, two, none = dpmo_of(level, own), dpmo_of(level, own, True), dpmo_of(level, 0, True)
    values = dict.fromkeys((*_LEVELS, "shift"), GIVEN)
    same_names(values, ("dpmo", "dpmo_one_sided", "one_sided"), one)
    same_names(values, ("dpmo_two_sided", "two_sided"), two)
    same_names(values, ("dpmo_no_shift_two_sided", "no_shift_two_sided", "dpmo_unshifted_two_sided"), none)
    same_names(values, ("dpmo_no_shift", "dpmo_no_shift_one_sided", "no_shift"), dpmo_of(level, 0))
    same_names(values, ("yield_percent", "yield_pct"), Scaled(100 * (1 - one / MILLION)))
    same_names(values, ("yield", "share_good"), Scaled(1 - one / MILLION))
    return values


def _size(given: Mapping[str, Any]) -> int | None:
    size = given.get("opportunities")
    return None if size is None else int(size)


def _counted(reference: Reference, shift: float) -> dict[str, Any]:
    """What counts of defects among opportunities give."""
    defects, size = reference.number("defects", "d"), reference.number("opportunities", "n")
    units, by_unit = reference.number("units"), reference.number("opportunities_per_unit", "opportunities_by_unit")
    if by_unit is not None and units is not None:
        size = units * by_unit
    if defects is None or size is None:
        return {}
    rate = measure(int(defects), int(size), Convention(shift))
    if not isinstance(rate, DefectRate):
        return {}
    values: dict[str, Any] = {"yield": rate.process_yield, "dpo": rate.share, "dpmo": rate.dpmo}
    if units:
        same_names(values, ("dpu", "defects_per_unit"), defects / units)
    same_names(values, ("sigma", "sigma_level", "z"), Scaled(rate.sigma_level))
    same_names(values, ("sigma_low", "sigma_lower", "sigma_bound", "sigma_lower_bound"), Scaled(rate.sigma_low))
    same_names(values, ("sigma_high", "sigma_upper"), Scaled(rate.sigma_high))
    same_names(values, ("dpmo_low", "dpmo_lower"), rate.dpmo_low)
    same_names(values, ("dpmo_high", "dpmo_upper", "dpmo_upper_bound"), rate.dpmo_high)
    same_names(values, ("ci", "interval"), [rate.low, rate.high])
    return values


def _listed(reference: Reference, *names: str) -> Sequence[Any] | None:
    for key, value in reference.data.items():
        if plain(key) in names and isinstance(value, list):
            return value
    return None


def _is_number_text(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
