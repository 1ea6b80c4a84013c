"""Reference cases of shares and rates: of one, with its interval; of two, compared; of several shares."""

import math
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

from analytics.references.chart_values import same_names
from analytics.references.comparing import Candidate, Rough
from analytics.references.options_of_tests import (
    P_NAMES,
    alternative_of,
    confidence_of,
    counted_numbers,
    interval_names,
)
from analytics.references.reference import Reference, UnreadableReference, is_number, plain, whole_number
from analytics.sigma import MILLION
from analytics.statistics.mix_change import mix_change
from analytics.statistics.proportion import proportion
from analytics.statistics.rate import rate
from analytics.statistics.two_proportions import INTERVALS, conditional_odds_ratio, two_proportions
from analytics.statistics.two_rates import two_rates

_TOPS = (
    "x", "successes", "events", "defectives", "count", "counts", "defects", "hits", "failures", "smokers", "k", "d",
)  # fmt: skip
_BOTTOMS = ("n", "trials", "total", "totals", "size", "sizes", "opportunities", "patients", "cases", "units")
_SPANS = ("t", "exposure", "time", "times", "n", "exposures", "units", "base", "person_years", "days")
_METHODS = {
    "exact": ("exact", "clopper"), "wilson": ("wilson", "score"), "wald": ("wald", "normal", "asymptotic"),
    "agresti-coull": ("agresti", "coull"), "jeffreys": ("jeffreys",),
}  # fmt: skip


def proportion_tests(reference: Reference) -> list[Candidate]:
    """Shares: one with its interval; two, the difference being second less first or the other way round; or several."""
    columns = {plain(key): value for key, value in reference.data.items() if counted_numbers(value)}
    tops = next((columns[name] for name in _TOPS if name in columns), None)
    bottoms = next((columns[name] for name in _BOTTOMS if name in columns), None)
    if tops is not None and bottoms is not None and len(tops) == len(bottoms) > 2:
        return _several(reference, tops, bottoms)
    if reference.number(*_TOPS) is not None and reference.number(*_BOTTOMS) is not None:
        return one_share(reference)
    first, second = _pairs(reference, _TOPS, _BOTTOMS)
    alternative, sure = alternative_of(reference), confidence_of(reference)
    words = f"{reference.chart} {reference.words('method', 'test', 'interval', 'ci_method')}".lower()
    boschloo = "boschloo" in words
    told = reference.yes("continuity", "correct", "yates", "continuity_correction")
    intervals = tuple(name for name in INTERVALS if name.split("-")[-1] in words) or INTERVALS
    candidates = []
    for (before, after, said), continuity, interval in product(
        ((first, second, "second less first"), (second, first, "first less second")),
        (False, True) if told is None else (told,),
        intervals,
    ):
        pair = (whole_number(before[0]), whole_number(before[1])), (whole_number(after[0]), whole_number(after[1]))
        found = two_proportions(
            *pair, alternative=alternative, exact_test="boschloo" if boschloo else "fisher", confidence=sure,
            continuity=continuity, interval=interval,
        )  # fmt: skip
        values: dict[str, Any] = {}
        same_names(values, ("difference", "diff", "estimate"), found.difference)
        interval_names(values, ("ci", "interval", "difference_ci", "diff_ci"), found.interval)
        interval_names(values, (interval.replace("-", "_"), f"{interval.replace('-', '_')}_ci"), found.interval)
        same_names(values, ("z", "z_score", "z_statistic"), found.z)
        same_names(values, ("chisq", "chi_square", "chi2", "statistic", "x_squared", "chi_squared"), found.z**2)
        same_names(values, ("df", "freedom"), 1)
        exact_first = boschloo or "fisher" in words or "exact" in words
        same_names(values, ("p_score", "p_chisq", "p_chi_square", "score_p", "chisq_p"), found.p_score)
        same_names(values, ("p_exact", "fisher_p", "p_fisher", "boschloo_p", "p_boschloo"), found.p_exact)
        same_names(values, P_NAMES, found.p_exact if exact_first else found.p_score)
        same_names(values, ("odds_ratio", "or", "sample_odds_ratio"), found.odds_ratio)
        same_names(values, ("risk_ratio", "relative_risk", "rr"), found.risk_ratio)
        same_names(values, ("p1", "p_before", "share_before", "prop1"), first[0] / first[1])
        same_names(values, ("p2", "p_after", "share_after", "prop2"), second[0] / second[1])
        same_names(values, ("estimates", "proportions", "shares"), [first[0] / first[1], second[0] / second[1]])
        pooled = (first[0] + second[0]) / (first[1] + second[1])
        same_names(values, ("pooled", "p_pooled", "pooled_p", "p_bar"), pooled)
        named = said + (", continuity correction" if continuity else "") + f", {interval} interval"
        candidates.append(Candidate(named, values))
        if "fisher" in words and interval == intervals[0] and pair[0][1] + pair[1][1] <= 20_000:
            # R tells the odds ratio under which the table is most likely.
            ratio, ends = conditional_odds_ratio(*pair, alternative=alternative, confidence=sure)
            own: dict[str, Any] = {}
            same_names(own, ("odds_ratio", "or", "estimate", "conditional_odds_ratio"), _as_r(ratio))
            interval_names(own, ("ci", "interval", "odds_ratio_ci", "or_ci"), ends)
            rough = [_as_r(ends.low), _as_r(ends.high)]
            same_names(own, ("ci", "interval", "odds_ratio_ci", "or_ci", "conf_int"), rough)
            candidates.append(Candidate(f"{named}, conditional odds ratio", {**values, **own}))
    return candidates


# The precision to which R's ``fisher.test`` looks for an odds ratio, or for its inverse where it is above 1.
_PRECISION_OF_R = 2.0**-13


def _as_r(ratio: float) -> Any:
    """An odds ratio, known no better than R prints it."""
    if not 0 < ratio < math.inf:
        return ratio
    return Rough(ratio, _PRECISION_OF_R * max(ratio, 1.0) ** 2)


def _several(reference: Reference, tops: list[Any], bottoms: list[Any]) -> list[Candidate]:
    """Whether several shares are the same: the chi-square of those who did by those who did not."""
    reference.heeded("data")
    if any(top > bottom for top, bottom in zip(tops, bottoms, strict=True)):
        raise UnreadableReference("counts more than there are")
    hits = {str(row): whole_number(top) for row, top in enumerate(tops)}
    misses = {str(row): whole_number(bottom - top) for row, (top, bottom) in enumerate(zip(tops, bottoms, strict=True))}
    found = mix_change(hits, misses, "chi-square")
    values: dict[str, Any] = {}
    same_names(values, ("chisq", "chi_square", "chi2", "statistic", "x_squared", "chi_squared"), found.statistic)
    same_names(values, ("df", "freedom", "degrees"), found.freedom)
    same_names(values, P_NAMES, found.p)
    shares = [top / bottom for top, bottom in zip(tops, bottoms, strict=True)]
    same_names(values, ("estimates", "proportions", "shares"), shares)
    return [Candidate("several shares", values)]


def intervals(reference: Reference) -> list[Candidate]:
    """One share of so many, or, where nobody says of how many, one rate; both where the size may be either."""
    words = f"{reference.chart} {reference.words('distribution', 'type', 'method')}".lower()
    events = reference.number(*_TOPS)
    if "poisson" in words or "rate" in words.split() or reference.number(*_BOTTOMS) is None:
        if events is None:
            raise UnreadableReference("has no count in its `data`")
        return _one_rate(reference, events)
    return one_share(reference)


def one_share(reference: Reference) -> list[Candidate]:
    """A share with its interval, by the method that the file names, or any."""
    hits, size = reference.number(*_TOPS), reference.number(*_BOTTOMS)
    if hits is None or size is None:
        raise UnreadableReference("has no count and its size in its `data`")
    sure = confidence_of(reference)
    words = f"{reference.chart} {reference.words('method', 'interval', 'ci_method', 'type')}".lower()
    bound = reference.yes("one_sided") or "one-sided" in words or "one sided" in words or "bound" in words
    # One bound at 95 % is the end of a two-sided interval at 90 %.
    both = 2 * sure - 1 if bound and sure > 0.5 else sure
    told = tuple(method for method, signs in _METHODS.items() if any(sign in words for sign in signs))
    candidates = []
    for method in told or tuple(_METHODS):
        found = proportion(whole_number(hits), whole_number(size), both, method)
        values: dict[str, Any] = {}
        same_names(values, ("estimate", "p", "share", "proportion", "value", "p_hat"), found.value)
        interval_names(values, ("ci", "interval", method.replace("-", "_")), found.interval)
        for other in told or tuple(_METHODS):
            own = proportion(whole_number(hits), whole_number(size), both, other).interval
            names = (other.replace("-", "_"), *(f"{sign}_{end}" for sign in (*_METHODS[other], "clopper_pearson")
                     for end in ("ci", "interval") if sign != "clopper_pearson" or other == "exact"))  # fmt: skip
            same_names(values, (*names, *(_METHODS[other])), [own.low, own.high])
            if other == "exact":
                same_names(values, ("clopper_pearson",), [own.low, own.high])
        same_names(values, ("dpmo",), MILLION * found.value)
        same_names(values, ("dpmo_low", "dpmo_lower"), MILLION * found.interval.low)
        same_names(values, ("dpmo_high", "dpmo_upper", "dpmo_upper_bound"), MILLION * found.interval.high)
        candidates.append(Candidate(found.interval.method, values))
    return candidates


def rate_tests(reference: Reference) -> list[Candidate]:
    """Rates: one with its exact interval, or two, the ratio being second by first or the other way round."""
    tops = ("x", "events", "counts", "count", "defects", "d")
    single = reference.number(*tops)
    if single is not None:
        return _one_rate(reference, single)
    first, second = _pairs(reference, tops, _SPANS)
    alternative, sure = alternative_of(reference), confidence_of(reference)
    candidates = []
    for before, after, said in ((first, second, "second by first"), (second, first, "first by second")):
        found = two_rates(
            (whole_number(before[0]), before[1]),
            (whole_number(after[0]), after[1]),
            alternative=alternative,
            confidence=sure,
        )
        values: dict[str, Any] = {}
        same_names(values, ("ratio", "rate_ratio", "estimate", "rr", "irr"), found.ratio)
        interval_names(values, ("ci", "interval", "ratio_ci", "rate_ratio_ci"), found.interval)
        same_names(values, (*P_NAMES, "p_exact"), found.p)
        same_names(values, ("p_mid", "mid_p"), found.p_mid)
        same_names(values, ("rate1", "rate_before"), first[0] / first[1])
        same_names(values, ("rate2", "rate_after"), second[0] / second[1])
        candidates.append(Candidate(said, values))
    return candidates


def _one_rate(reference: Reference, events: float) -> list[Candidate]:
    span = reference.number(*_SPANS)
    sides = "upper" if "upper" in reference.words("side", "sides", "bound") else "two-sided"
    found = rate(whole_number(events), 1.0 if span is None else span, confidence_of(reference), sides)
    values: dict[str, Any] = {}
    same_names(values, ("estimate", "rate", "value", "lambda"), found.value)
    interval_names(values, ("ci", "interval", "exact", "exact_ci", "garwood"), found.interval)
    return [Candidate(found.interval.method, values)]


def _pairs(
    reference: Reference, tops: Sequence[str], bottoms: Sequence[str]
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Two times how many of how many, from a table, two columns, two objects, or numbered keys."""
    reference.heeded("data")
    data = {plain(key): value for source in (reference.params, reference.data) for key, value in source.items()}
    parts = [value for value in data.values() if isinstance(value, Mapping)]
    if len(parts) == 2:
        found = [(_number(part, tops), _number(part, bottoms)) for part in parts]
        return found[0], found[1]
    short = [value for value in data.values() if counted_numbers(value) and len(value) == 2]
    table = next((data[name] for name in ("table", "matrix", "counts") if name in data), None)
    if isinstance(table, list) and len(table) == 2 and all(counted_numbers(row) and len(row) == 2 for row in table):
        return (table[0][0], sum(table[0])), (table[1][0], sum(table[1]))
    top = next((data[name] for name in tops if counted_numbers(data.get(name)) and len(data[name]) == 2), None)
    bottom = next((data[name] for name in bottoms if counted_numbers(data.get(name)) and len(data[name]) == 2), None)
    if top is not None and bottom is not None:
        return (top[0], bottom[0]), (top[1], bottom[1])
    cells = [data.get(name) for name in ("a", "b", "c", "d")]
    if all(is_number(cell) for cell in cells):
        a, b, c, d = (float(cell) for cell in cells if cell is not None)
        return (a, a + b), (c, c + d)
    numbered = [
        tuple(_number(data, [f"{name}{mark}" for name in names for mark in marks]) for names in (tops, bottoms))
        for marks in (("1", "_1", "_before", "_a"), ("2", "_2", "_after", "_b"))
        if any(f"{name}{mark}" in data for name in tops for mark in marks)
    ]
    if len(numbered) == 2:
        reference.heeded("params")
        return (numbered[0][0], numbered[0][1]), (numbered[1][0], numbered[1][1])
    prefixed = [
        tuple(_number(data, [f"{mark}_{name}" for name in names for mark in marks]) for names in (tops, bottoms))
        for marks in (("before", "first", "control", "a"), ("after", "second", "treatment", "b"))
        if any(f"{mark}_{name}" in data for name in tops for mark in marks)
    ]
    if len(prefixed) == 2:
        return (prefixed[0][0], prefixed[0][1]), (prefixed[1][0], prefixed[1][1])
    if len(short) == 2 and {"before", "after"} <= set(data):
        before, after = data["before"], data["after"]
        return (before[0], before[1]), (after[0], after[1])
    raise UnreadableReference("has no two counts with their sizes in its `data`")


def _number(source: Mapping[str, Any], names: Sequence[str]) -> float:
    values = {plain(key): value for key, value in source.items()}
    for name in names:
        if is_number(values.get(name)):
            return float(values[name])
    raise UnreadableReference(f"lacks {' or '.join(names[:6])} in its `data`")
