"""Reference cases of tests of change, of association, and of the size that a planned test needs."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from analytics.charts.overdispersion import dispersion
from analytics.charts.series import Series
from analytics.references.chart_values import same_names
from analytics.references.comparing import Candidate
from analytics.references.reference import Reference, UnreadableReference, is_number, plain
from analytics.sigma import WrongInput
from analytics.statistics.association import rank_association, share_trend
from analytics.statistics.mix_change import mix_change
from analytics.statistics.result import Interval
from analytics.statistics.sample_size import PlannedTest, plan_two_means, plan_two_proportions, plan_two_rates
from analytics.statistics.two_proportions import two_proportions
from analytics.statistics.two_rates import two_rates
from analytics.statistics.two_samples import mann_whitney

_P = ("p", "p_value", "pvalue")


def proportion_tests(reference: Reference) -> list[Candidate]:
    """Two shares; the difference is second less first, or the other way round."""
    first, second = _pairs(reference, ("x", "successes", "events", "defectives", "count"), ("n", "trials", "total"))
    alternative, sure = _alternative(reference), _confidence(reference)
    boschloo = "boschloo" in f"{reference.chart} {reference.words('method', 'test')}".lower()
    candidates = []
    for before, after, said in ((first, second, "second less first"), (second, first, "first less second")):
        for continuity in (False, True):
            found = two_proportions(
                (int(before[0]), int(before[1])), (int(after[0]), int(after[1])), alternative=alternative,
                exact_test="boschloo" if boschloo else "fisher", confidence=sure, continuity=continuity,
            )  # fmt: skip
            values: dict[str, Any] = {}
            same_names(values, ("difference", "diff", "estimate"), found.difference)
            _interval(values, ("ci", "interval", "newcombe", "newcombe_ci", "difference_ci", "diff_ci"), found.interval)
            same_names(values, ("z", "z_score"), found.z)
            same_names(values, ("chisq", "chi_square", "chi2", "statistic", "x_squared"), found.z**2)
            exact_first = boschloo or "fisher" in reference.chart.lower() or "exact" in reference.chart.lower()
            same_names(values, ("p_score", "p_chisq", "p_chi_square", "score_p", "chisq_p"), found.p_score)
            same_names(values, ("p_exact", "fisher_p", "p_fisher", "boschloo_p", "p_boschloo"), found.p_exact)
            same_names(values, _P, found.p_exact if exact_first else found.p_score)
            same_names(values, ("odds_ratio", "or"), found.odds_ratio)
            same_names(values, ("risk_ratio", "relative_risk", "rr"), found.risk_ratio)
            same_names(values, ("p1", "p_before", "share_before", "prop1"), first[0] / first[1])
            same_names(values, ("p2", "p_after", "share_after", "prop2"), second[0] / second[1])
            candidates.append(Candidate(said + (", continuity correction" if continuity else ""), values))
    return candidates


def rate_tests(reference: Reference) -> list[Candidate]:
    """Two Poisson rates; the ratio is second by first, or the other way round."""
    first, second = _pairs(
        reference, ("x", "events", "counts", "count", "defects"), ("t", "exposure", "time", "n", "exposures", "units")
    )
    alternative, sure = _alternative(reference), _confidence(reference)
    candidates = []
    for before, after, said in ((first, second, "second by first"), (second, first, "first by second")):
        found = two_rates(
            (int(before[0]), before[1]), (int(after[0]), after[1]), alternative=alternative, confidence=sure
        )
        values: dict[str, Any] = {}
        same_names(values, ("ratio", "rate_ratio", "estimate", "rr", "irr"), found.ratio)
        _interval(values, ("ci", "interval", "ratio_ci", "rate_ratio_ci"), found.interval)
        same_names(values, (*_P, "p_exact"), found.p)
        same_names(values, ("p_mid", "mid_p"), found.p_mid)
        same_names(values, ("rate1", "rate_before"), first[0] / first[1])
        same_names(values, ("rate2", "rate_after"), second[0] / second[1])
        candidates.append(Candidate(said, values))
    return candidates


def rank_tests(reference: Reference) -> list[Candidate]:
    """Mann-Whitney's test; the shift is second less first, or the other way round."""
    samples = _two_samples(reference)
    alternative, sure = _alternative(reference), _confidence(reference)
    candidates = []
    for (before, after), said in ((samples, "second less first"), (samples[::-1], "first less second")):
        found = mann_whitney(before, after, alternative=alternative, confidence=sure)
        values: dict[str, Any] = {}
        same_names(values, ("u", "w", "statistic"), found.u)
        same_names(values, _P, found.p)
        same_names(values, ("shift", "hodges_lehmann", "estimate", "difference", "location_shift"), found.shift)
        _interval(values, ("ci", "interval", "shift_ci", "conf_int"), found.shift_interval)
        same_names(values, ("superiority", "auc", "cles", "probability_of_superiority"), found.superiority)
        same_names(values, ("effect", "cliffs_delta", "rank_biserial", "delta", "effect_size"), found.effect)
        candidates.append(Candidate(said, values))
    return candidates


def mix_tests(reference: Reference) -> list[Candidate]:
    """Chi-square, G or exact test of two mixes."""
    mixes = [value for value in reference.data.values() if isinstance(value, Mapping)]
    if len(mixes) < 2:
        table = reference.data.get("table", reference.data.get("counts"))
        lists = table if isinstance(table, list) else [v for v in reference.data.values() if _counted(v)]
        mixes = [{str(number): count for number, count in enumerate(row)} for row in lists if isinstance(row, list)]
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
        same_names(values, _P, found.p)
        same_names(values, ("cramers_v", "v", "effect_size"), found.cramers_v)
        same_names(values, ("moved_most", "largest_change"), found.moved_most.category)
        by_name = {move.category: move.residual for move in found.moves}
        same_names(values, ("residuals", "adjusted_residuals", "stdres"), by_name)
        candidates.append(Candidate(found.method, values))
    return candidates


def associations(reference: Reference) -> list[Candidate]:
    """Rank correlations, and the trend of a share over ordered groups."""
    table = reference.data.get("table")
    if isinstance(table, list) and all(_counted(row) for row in table):
        down, across = np.indices((len(table), len(table[0])))
        repeats = np.array(table).ravel()
        x = np.repeat(down.ravel(), repeats).astype(np.float64).tolist()
        y = np.repeat(across.ravel(), repeats).astype(np.float64).tolist()
    elif "trend" in reference.chart.lower() or "armitage" in reference.chart.lower():
        return _trend(reference)
    else:
        x, y = _two_samples(reference)
    found = rank_association(x, y, _confidence(reference))
    values: dict[str, Any] = {"n": found.count}
    kind = next((kind for kind in ("kendall", "gamma") if kind in reference.chart.lower()), "spearman")
    same_names(values, ("spearman", "rho", "spearman_rho", "rs"), found.spearman)
    same_names(values, ("tau", "tau_b", "kendall", "kendall_tau"), found.tau_b)
    same_names(values, ("gamma", "goodman_kruskal_gamma"), found.gamma)
    same_names(values, ("p_tau", "tau_p"), found.tau_b_p)
    same_names(values, _P, found.tau_b_p if kind == "kendall" else found.p)
    estimate = {"kendall": found.tau_b, "gamma": found.gamma, "spearman": found.spearman}[kind]
    same_names(values, ("estimate", "statistic"), estimate)
    if found.gamma_interval is not None:
        _interval(values, ("gamma_ci",), found.gamma_interval)
    interval = found.gamma_interval if kind == "gamma" else found.spearman_interval
    if interval is not None and kind != "kendall":
        _interval(values, ("ci", "interval"), interval)
    return [Candidate("", values)]


def dispersions(reference: Reference) -> list[Candidate]:
    """Tests for overdispersion of p and u data."""
    counts = reference.column("defectives", "defects", "counts", "x", other_than=("n", "exposure", "sizes"))
    sizes = reference.column("n", "exposure", "sizes", "area", other_than=("defectives", "defects", "counts", "x"))
    if counts is None or sizes is None:
        raise UnreadableReference("has no counts and sizes in its `data`")
    words = plain(reference.chart).split("_")
    kinds = ("u",) if "u" in words or "defects" in reference.data else ("p",) if "p" in words else ("p", "u")
    candidates = []
    for kind in kinds:
        found = dispersion(kind, Series.of(counts, sizes))  # type: ignore[arg-type]
        values: dict[str, Any] = {"advised": found.advised}
        same_names(values, ("statistic", "chisq", "chi_square", "d"), found.statistic)
        same_names(values, ("df", "degrees", "freedom"), found.degrees)
        same_names(values, _P, found.p_value)
        same_names(values, ("ratio", "dispersion"), found.ratio)
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
    found = share_trend(hits, totals, scores, _confidence(reference))
    values: dict[str, Any] = {"z": found.z, "slope": found.slope}
    same_names(values, ("chisq", "chi_square", "statistic", "x_squared"), found.z**2)
    same_names(values, _P, found.p)
    return [Candidate("", values)]


def _pairs(
    reference: Reference, tops: Sequence[str], bottoms: Sequence[str]
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Two times how many of how many, from two columns, two objects, or numbered keys."""
    data = {plain(key): value for key, value in reference.data.items()}
    parts = [value for value in data.values() if isinstance(value, Mapping)]
    if len(parts) == 2:
        found = [(_number(part, tops), _number(part, bottoms)) for part in parts]
        return found[0], found[1]
    short = [value for value in data.values() if _counted(value) and len(value) == 2]
    table = data.get("table")
    if isinstance(table, list) and len(table) == 2 and all(_counted(row) and len(row) == 2 for row in table):
        return (table[0][0], sum(table[0])), (table[1][0], sum(table[1]))
    top = next((data[name] for name in tops if _counted(data.get(name)) and len(data[name]) == 2), None)
    bottom = next((data[name] for name in bottoms if _counted(data.get(name)) and len(data[name]) == 2), None)
    if top is not None and bottom is not None:
        return (top[0], bottom[0]), (top[1], bottom[1])
    numbered = [
        tuple(_number(data, [f"{name}{mark}" for name in names for mark in marks]) for names in (tops, bottoms))
        for marks in (("1", "_1", "_before", "_a"), ("2", "_2", "_after", "_b"))
        if any(f"{name}{mark}" in data for name in tops for mark in marks)
    ]
    if len(numbered) == 2:
        return (numbered[0][0], numbered[0][1]), (numbered[1][0], numbered[1][1])
    if len(short) == 2 and {"before", "after"} <= set(data):
        before, after = data["before"], data["after"]
        return (before[0], before[1]), (after[0], after[1])
    raise UnreadableReference("has no two counts with their sizes in its `data`")


def _number(source: Mapping[str, Any], names: Sequence[str]) -> float:
    values = {plain(key): value for key, value in source.items()}
    for name in names:
        if is_number(values.get(name)):
            return float(values[name])
    raise UnreadableReference(f"lacks {' or '.join(names)} in its `data`")


def _counted(value: Any) -> bool:
    return isinstance(value, list) and len(value) > 0 and all(is_number(entry) for entry in value)


def _two_samples(reference: Reference) -> tuple[list[float], list[float]]:
    lists = {plain(key): value for key, value in reference.data.items() if _counted(value)}
    for first, second in (("before", "after"), ("x", "y"), ("a", "b"), ("group1", "group2")):
        if first in lists and second in lists:
            return lists[first], lists[second]
    if len(lists) != 2:
        raise UnreadableReference("has no two columns of numbers in its `data`")
    one, other = lists.values()
    return one, other


def _alternative(reference: Reference) -> str:
    words = reference.words("alternative", "alt", "sides", "tail")
    return "less" if words.startswith("l") else "greater" if words.startswith("g") else "two-sided"


def _confidence(reference: Reference) -> float:
    alpha = reference.number("alpha")
    given = reference.number("confidence", "conf", "conf_level", "confidence_level", "level")
    return given if given is not None else 0.95 if alpha is None else 1 - alpha


def _interval(values: dict[str, Any], names: Sequence[str], interval: Interval) -> None:
    same_names(values, names, [interval.low, interval.high])
    same_names(values, ("lower", "ci_lower", "low", "ci_low"), interval.low)
    same_names(values, ("upper", "ci_upper", "high", "ci_high"), interval.high)
