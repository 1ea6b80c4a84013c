"""Reference cases of tests of change, of association, and of the size that a planned test needs."""

from collections.abc import Mapping
from itertools import product
from typing import Any

import numpy as np

from analytics.charts.overdispersion import dispersion
from analytics.charts.series import Series
from analytics.references.chart_values import same_names
from analytics.references.comparing import Candidate
from analytics.references.options_of_tests import (
    P_NAMES,
    alternative_of,
    confidence_of,
    counted_numbers,
    interval_names,
)
from analytics.references.reference import Reference, UnreadableReference, plain
from analytics.references.shares_and_rates import proportion_tests, rate_tests
from analytics.sigma import WrongInput
from analytics.statistics.association import rank_association, share_trend
from analytics.statistics.mix_change import mix_change
from analytics.statistics.sample_size import PlannedTest, plan_two_means, plan_two_proportions, plan_two_rates
from analytics.statistics.two_samples import mann_whitney


def rank_tests(reference: Reference) -> list[Candidate]:
    """Mann-Whitney's test; the shift is second less first, or the other way round."""
    samples = _two_samples(reference)
    alternative, sure = alternative_of(reference), confidence_of(reference)
    candidates = []
    told = reference.yes("continuity", "correct", "continuity_correction")
    exact = reference.yes("exact")
    method = "auto" if exact is None else "exact" if exact else "normal"
    words = reference.words("method", "distribution")
    if exact is None and words:
        method = "exact" if "exact" in words else "normal" if "asympt" in words or "normal" in words else "auto"
    for ((before, after), said), corrected in product(
        ((samples, "second less first"), (samples[::-1], "first less second")),
        (True, False) if told is None else (told,),
    ):
        said += "" if corrected else ", no continuity correction"
        found = mann_whitney(
            before, after, alternative=alternative, confidence=sure, method=method, continuity=corrected
        )
        values: dict[str, Any] = {}
        same_names(values, ("u", "w", "statistic", "u_statistic", "w_statistic"), found.u)
        first_u = found.u if samples[0] is after else len(before) * len(after) - found.u
        same_names(values, ("u1", "u_x", "u_1"), first_u)
        same_names(values, ("u2", "u_y", "u_2"), len(before) * len(after) - first_u)
        same_names(values, ("u_min", "smaller_u"), min(found.u, len(before) * len(after) - found.u))
        values |= {"rank_sum": found.u + found.after_count * (found.after_count + 1) / 2, "method": found.method}
        same_names(values, P_NAMES, found.p)
        same_names(values, ("shift", "hodges_lehmann", "estimate", "difference", "location_shift"), found.shift)
        interval_names(values, ("ci", "interval", "shift_ci", "conf_int"), found.shift_interval)
        same_names(values, ("superiority", "auc", "cles", "probability_of_superiority"), found.superiority)
        same_names(values, ("effect", "cliffs_delta", "rank_biserial", "delta", "effect_size"), found.effect)
        candidates.append(Candidate(said, values))
    return candidates


def mix_tests(reference: Reference) -> list[Candidate]:
    """Chi-square, G or exact test of two mixes; of shares that are told by counts and sizes."""
    columns = {plain(key) for key, value in reference.data.items() if counted_numbers(value)}
    if columns & {"n", "trials", "total", "totals", "sizes"}:
        return proportion_tests(reference)
    mixes = [value for value in reference.data.values() if isinstance(value, Mapping)]
    if len(mixes) < 2:
        table = reference.data.get("table", reference.data.get("counts"))
        lists = table if isinstance(table, list) else [v for v in reference.data.values() if counted_numbers(v)]
        names = next(
            (v for v in reference.data.values() if isinstance(v, list) and all(isinstance(e, str) for e in v)), []
        )
        mixes = [
            {(names[at] if len(names) == len(row) else str(at)): count for at, count in enumerate(row)}
            for row in lists
            if isinstance(row, list)
        ]
        reference.heeded("data")
    if len(mixes) != 2:
        raise UnreadableReference("has no two mixes of categories in its `data`")
    words = f"{reference.chart} {reference.words('method', 'test')}".lower().replace("-", " ").split()
    methods = (
        ("g",) if "g" in words else ("exact",) if {"exact", "fisher"} & set(words) else ("chi-square", "g", "exact")
    )
    candidates = []
    for method in methods:
        found = mix_change(mixes[0], mixes[1], method)
        values: dict[str, Any] = {}
        same_names(values, ("chisq", "chi_square", "chi2", "statistic", "g", "x_squared"), found.statistic)
        same_names(values, ("df", "freedom", "degrees"), found.freedom)
        same_names(values, P_NAMES, found.p)
        same_names(values, ("cramers_v", "v", "effect_size"), found.cramers_v)
        same_names(values, ("moved_most", "largest_change"), found.moved_most.category)
        by_name = {move.category: move.residual for move in found.moves}
        same_names(values, ("residuals", "adjusted_residuals", "stdres"), by_name)
        candidates.append(Candidate(found.method, values))
    return candidates


def associations(reference: Reference) -> list[Candidate]:
    """Rank correlations, and the trend of a share over ordered groups."""
    table = reference.data.get("table")
    if isinstance(table, list) and all(counted_numbers(row) for row in table):
        down, across = np.indices((len(table), len(table[0])))
        repeats = np.array(table).ravel()
        x = np.repeat(down.ravel(), repeats).astype(np.float64).tolist()
        y = np.repeat(across.ravel(), repeats).astype(np.float64).tolist()
    elif "trend" in reference.chart.lower() or "armitage" in reference.chart.lower():
        return _trend(reference)
    else:
        x, y = _two_samples(reference)
    found = rank_association(x, y, confidence_of(reference))
    values: dict[str, Any] = {"n": found.count}
    kind = next((kind for kind in ("kendall", "gamma") if kind in reference.chart.lower()), "spearman")
    same_names(values, ("spearman", "rho", "spearman_rho", "rs"), found.spearman)
    same_names(values, ("tau", "tau_b", "kendall", "kendall_tau"), found.tau_b)
    same_names(values, ("gamma", "goodman_kruskal_gamma"), found.gamma)
    same_names(values, ("p_tau", "tau_p"), found.tau_b_p)
    same_names(values, P_NAMES, found.tau_b_p if kind == "kendall" else found.p)
    estimate = {"kendall": found.tau_b, "gamma": found.gamma, "spearman": found.spearman}[kind]
    same_names(values, ("estimate", "statistic"), estimate)
    if found.gamma_interval is not None:
        interval_names(values, ("gamma_ci",), found.gamma_interval)
    interval = found.gamma_interval if kind == "gamma" else found.spearman_interval
    if interval is not None and kind != "kendall":
        interval_names(values, ("ci", "interval"), interval)
    return [Candidate("", values)]


def dispersions(reference: Reference) -> list[Candidate]:
    """Tests for overdispersion of p and u data."""
    tops, bottoms = (
        ("defectives", "defects", "counts", "x"),
        ("n", "exposure", "sizes", "size", "area", "units", "trials"),
    )
    counts = reference.column(*tops, other_than=bottoms)
    if counts is None:
        raise UnreadableReference("has no counts in its `data`")
    size = reference.number(*bottoms)
    sizes = reference.column(*bottoms, other_than=tops) if size is None else np.full(counts.size, size)
    words = {*plain(reference.chart).split("_"), *plain(reference.words("type", "kind", "distribution")).split("_")}
    if {"u", "c", "poisson"} & words or "defects" in reference.data or sizes is None:
        kinds: tuple[str, ...] = ("u",)
    else:
        kinds = ("p",) if {"p", "np", "binomial"} & words or "defectives" in reference.data else ("p", "u")
    if sizes is None:
        # Counts from samples of one size need none.
        sizes = np.ones(counts.size)
    candidates = []
    for kind in kinds:
        found = dispersion(kind, Series.of(counts, sizes))  # type: ignore[arg-type]
        values: dict[str, Any] = {"advised": found.advised}
        same_names(values, ("statistic", "chisq", "chi_square", "d"), found.statistic)
        same_names(values, ("df", "degrees", "freedom"), found.degrees)
        same_names(values, P_NAMES, found.p_value)
        same_names(
            values, ("ratio", "dispersion", "obs_var_theor_var", "variance_ratio", "overdispersion"), found.ratio
        )
        same_names(values, ("sigma_z",), found.sigma_z)
        candidates.append(Candidate(f"as {kind} data", values))
    return candidates


def sample_sizes(reference: Reference) -> list[Candidate]:
    """Size for a power, or power for a size."""
    power, size = reference.number("power"), reference.number("n", "size", "exposure")
    level = reference.number("alpha", "level", "sig_level", "significance") or 0.05
    one = "one" in reference.words("alternative", "sides") or reference.number("sides", "sided") == 1
    sides = "one-sided" if one else "two-sided"
    words = reference.chart.lower()
    found: PlannedTest
    if reference.number("p1", "before", "p_before") is not None and "rate" not in words:
        p, q = reference.number("p1", "before", "p_before"), reference.number("p2", "after", "p_after")
        found = plan_two_proportions(p, q, power=power, size=size, level=level, sides=sides)  # type: ignore[arg-type]
    elif "rate" in words or "poisson" in words:
        p = reference.number("rate1", "before", "lambda1", "r1")
        q = reference.number("rate2", "after", "lambda2", "r2")
        found = plan_two_rates(p, q, power=power, exposure=size, level=level, sides=sides)  # type: ignore[arg-type]
    else:
        delta = reference.number("delta", "difference", "effect", "d")
        sd = reference.number("sd", "sigma")
        if delta is None:
            raise UnreadableReference("does not say the change to be found")
        found = plan_two_means(delta, 1.0 if sd is None else sd, power=power, size=size, level=level, sides=sides)
    values: dict[str, Any] = {"power": found.power}
    same_names(values, ("n", "size", "n_per_group", "sample_size", "exposure"), found.size)
    same_names(values, ("n_rounded", "n_ceiling", "needed", "n_up", "n_per_group_rounded"), found.needed)
    same_names(values, ("total", "n_total"), 2 * found.needed)
    return [Candidate(found.test, values)]


def any_test(reference: Reference) -> list[Candidate]:
    """All tests of two samples that the data fit; for files that only say that they hold a test."""
    candidates = []
    for family in (proportion_tests, rate_tests, rank_tests, mix_tests):
        try:
            candidates += [
                Candidate(f"{family.__name__.replace('_', ' ')}, {candidate.convention}", candidate.values)
                for candidate in family(reference)
            ]
        except (UnreadableReference, WrongInput):
            continue
    if not candidates:
        raise UnreadableReference("has no data that any test takes")
    return candidates


def _trend(reference: Reference) -> list[Candidate]:
    hits = reference.column("x", "successes", "events", other_than=("n", "scores", "score"))
    totals = reference.column("n", "totals", "trials", other_than=("x", "successes", "events", "scores", "score"))
    if hits is None or totals is None:
        raise UnreadableReference("has no successes and totals in its `data`")
    given = next((v for k, v in reference.data.items() if plain(k) in ("score", "scores", "dose")), None)
    scores = list(range(1, hits.size + 1)) if given is None else given
    found = share_trend(hits, totals, scores, confidence_of(reference))
    values: dict[str, Any] = {"z": found.z, "slope": found.slope, "df": 1}
    same_names(values, ("chisq", "chi_square", "statistic", "x_squared"), found.z**2)
    same_names(values, P_NAMES, found.p)
    return [Candidate("", values)]


def _two_samples(reference: Reference) -> tuple[list[float], list[float]]:
    reference.heeded("data")
    lists = {plain(key): value for key, value in reference.data.items() if counted_numbers(value)}
    values = next((lists[name] for name in ("values", "x", "y", "time", "value", "response") if name in lists), None)
    groups = next((v for k, v in reference.data.items() if plain(k) in ("group", "groups", "g", "arm", "sample")), None)
    if values is not None and isinstance(groups, list) and len(groups) == len(values):
        names = list(dict.fromkeys(map(str, groups)))
        if len(names) == 2:
            one, other = (
                [value for value, group in zip(values, groups, strict=True) if str(group) == name] for name in names
            )
            return one, other
    for first, second in (("before", "after"), ("x", "y"), ("a", "b"), ("group1", "group2"), ("first", "second")):
        if first in lists and second in lists:
            return lists[first], lists[second]
    if len(lists) != 2:
        raise UnreadableReference("has no two columns of numbers in its `data`")
    one, other = lists.values()
    return one, other
