"""Reference cases of survival: Kaplan and Meier's curves and the log-rank test."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from analytics.references.chart_values import same_names
from analytics.references.comparing import GIVEN, Candidate, Named
from analytics.references.reference import LABELS, Reference, UnreadableReference, plain
from analytics.statistics.log_rank import LogRank, log_rank
from analytics.statistics.survival import SurvivalCurve, kaplan_meier, life_table

_TIMES = ("time", "times", "t", "duration", "durations", "days", "hours", "months", "weeks", "futime", "survival_time")
_STATUSES = (
    "status", "event", "events", "ended", "observed", "died", "closed", "resolved", "delta", "event_observed", "dead",
    "fustat", "failed", "relapse",
)  # fmt: skip
_CENSORED = ("censored", "open", "censor", "censoring", "is_censored")


def survivals(reference: Reference) -> list[Candidate]:
    """Curves of each group, one after the other, and the test between them."""
    reference = _flat(reference)
    times = reference.column(*_TIMES, other_than=(*_STATUSES, *_CENSORED, "group"))
    ended = reference.column(*_STATUSES, other_than=(*_TIMES, *_CENSORED, "group"))
    open_still = next((value for value in map(reference.given, _CENSORED) if value is not None), None)
    if open_still is not None:
        ended = 1 - np.array(open_still, dtype=np.float64)
    if times is None:
        raise UnreadableReference("has no column of times in its `data`")
    if ended is None:
        odd = [key for key, value in reference.data.items() if plain(key) in _STATUSES]
        if odd:
            raise UnreadableReference(f"has a column `{odd[0]}` that is neither 0 and 1 nor yes and no")
        ended = np.ones(times.size)
    elif set(np.unique(ended)) <= {1.0, 2.0} and 2.0 in ended:
        # R also takes 1 for open and 2 for ended.
        ended = ended - 1
    groups = next((v for v in map(reference.given, _GROUPS) if isinstance(v, list) and len(v) == times.size), None)
    groups = _other_groups(reference, times.size) if groups is None else groups
    names = list(dict.fromkeys(groups)) if groups else [None]
    orders = [names]
    if groups and sorted(names, key=str) != names:
        orders.append(sorted(names, key=str))
    rho = reference.number("rho") or 0.0
    confidence = reference.number("confidence", "conf", "conf_level", "conf_int") or 0.95
    candidates = []
    for transform in _transforms(reference):
        for order in orders:
            curves = []
            for name in order:
                mine = np.ones(times.size, dtype=bool) if groups is None else np.array([g == name for g in groups])
                horizon = reference.number("horizon", "tau", "rmean_horizon")
                curve = kaplan_meier(
                    times[mine], ended[mine], transform=transform, confidence=confidence, horizon=horizon
                )
                curves.append((name, curve, life_table(times[mine], ended[mine] == 1)))
            values = _values(curves, reference)
            said = next((value for key, value in reference.expected.items() if plain(key) in _BANDS), None)
            if isinstance(said, str) and transform.replace("-", "") in said.lower().replace("-", ""):
                # It tells how the bounds are to be read; the bounds are what is checked.
                same_names(values, _BANDS, GIVEN)
            if groups and len(names) > 1:
                position = [str(name) for name in order]
                rows = sorted(range(times.size), key=lambda row: position.index(str(groups[row])))
                test = log_rank(times[rows], ended[rows], [groups[row] for row in rows], rho=rho)
                shown = _test(test)
                values |= shown
                same_names(values, ("logrank", "log_rank", "test", "survdiff"), shown)
            alone = {} if groups is None else {plain(str(group[0])): _values([group], reference) for group in curves}
            candidates.append(Candidate(f"{transform} intervals", values, partial(_of_groups, values, alone)))
    return candidates


def _of_groups(values: Mapping[str, Any], alone: Mapping[str, Mapping[str, Any]], key: str) -> list[Candidate]:
    """What an object named after a group holds, or one that tells a figure of each group."""
    for sign in ("", "x_", "group_", "arm_", "strata_"):
        name = key.removeprefix(sign)
        if key.startswith(sign) and name in alone:
            return [Candidate("", alone[name])]
    if key in ("strata", "groups", "curves", "by_group"):
        return [Candidate("", {}, partial(_of_groups, values, alone))]
    listed = values.get(key)
    if isinstance(listed, list) and len(listed) == len(alone):
        return [Candidate("", dict(zip(alone, listed, strict=True)))]
    return []


# Name, curve, and life table of a group.
_Group = tuple[Any, SurvivalCurve, tuple[Any, Any, Any]]
_GROUPS = ("group", "groups", "strata", "arm", "treatment", "x")
_BANDS = ("ci", "conf_type", "ci_type", "bands", "transform")


def _other_groups(reference: Reference, size: int) -> list[Any] | None:
    """The groups, where a file has its own name for them and only one column is left that can be meant."""
    left = [
        key for key, value in reference.data.items()
        if isinstance(value, list) and len(value) == size and f"data.{key}" not in reference.asked
        and plain(key) not in LABELS and 1 < len({str(entry) for entry in value}) <= size // 2
    ]  # fmt: skip
    if len(left) != 1:
        return None
    found: list[Any] = reference.given(plain(left[0]))
    return found


def _transforms(reference: Reference) -> tuple[str, ...]:
    words = reference.words("conf_type", "ci", "transform", "ci_type", "bands", "interval")
    for key, value in reference.expected.items():
        if not words and plain(key) in _BANDS and isinstance(value, str):
            # What other packages do may be told after the first clause.
            words = value.lower().split(";")[0].split("(")[0]
    if "log-log" in words or "loglog" in words or "log_log" in words:
        return ("log-log",)
    if "log" in words:
        return ("log",)
    if "plain" in words or "linear" in words:
        return ("plain",)
    return ("log", "log-log", "plain")


def _flat(reference: Reference) -> Reference:
    """Groups that are told one by one as columns of all."""
    reference = _numbered(reference)
    groups = reference.data.get("groups", reference.data)
    if not isinstance(groups, Mapping) or not groups or not all(isinstance(part, Mapping) for part in groups.values()):
        return reference
    columns: dict[str, list[Any]] = {"group": []}
    for name, part in groups.items():
        lists = {plain(key): value for key, value in part.items() if isinstance(value, list)}
        for key, value in lists.items():
            columns.setdefault(key, []).extend(value)
        columns["group"] += [name] * max((len(value) for value in lists.values()), default=0)
    reference.heeded("data")
    return replace(reference, data=columns)


def _numbered(reference: Reference) -> Reference:
    """Columns that carry the name of their group: time_a and status_a, time_b and status_b."""
    found: dict[str, dict[str, Any]] = {}
    for key, value in reference.data.items():
        start, _, group = plain(key).partition("_")
        start = start.rstrip("0123456789")
        group = group or plain(key)[len(start) :]
        if not isinstance(value, list) or not group or start not in (*_TIMES, *_STATUSES, *_CENSORED):
            return reference
        found.setdefault(group, {})[start] = value
    if len(found) < 2:
        return reference
    reference.heeded("data")
    return replace(reference, data=found)


def _values(curves: list[_Group], reference: Reference) -> dict[str, Any]:
    values: dict[str, Any] = {}
    # R's summary tells the times at which something ended, its curve itself also those at which somebody left.
    asked = next((value for key, value in reference.expected.items() if plain(key) in ("t", "time", "times")), None)
    also_left = isinstance(asked, list) and len(asked) > sum(len(curve.times) for _, curve, _ in curves)

    def rows(field: str) -> list[Any]:
        shown = [_with_left(curve, table, field) if also_left else getattr(curve, field) for _, curve, table in curves]
        return [value for part in shown for value in part]

    same_names(values, ("t", "time", "times"), rows("times"))
    same_names(values, ("nrisk", "n_risk", "at_risk"), rows("at_risk"))
    same_names(values, ("nevent", "n_event", "events_at", "ended", "d"), rows("ended"))
    same_names(values, ("ncensor", "n_censor", "censored"), rows("censored"))
    same_names(values, ("surv", "survival", "s"), rows("survival"))
    same_names(values, ("se", "std_err", "stderr", "standard_error", "greenwood_se"), rows("standard_error"))
    same_names(values, ("lower", "lcl", "ci_lower", "low"), rows("low"))
    same_names(values, ("upper", "ucl", "ci_upper", "high"), rows("high"))
    names = [str(name) for name, curve, table in curves for _ in (table[0] if also_left else curve.times)]
    values["strata"] = [f"x={name}" for name in names]
    same_names(values, ("group", "groups"), names)
    each: dict[str, Any] = {}
    medians = [curve.median for _, curve, _ in curves]
    same_names(each, ("median", "medians", "median_survival_time", "median_survival", "median_time"), medians)
    intervals = [[curve.median_interval.low, curve.median_interval.high] for _, curve, _ in curves]
    same_names(each, ("median_ci", "median_interval"), intervals)
    same_names(each, ("median_lower", "median_low", "0_95lcl", "median_lcl"), [low for low, _ in intervals])
    same_names(each, ("median_upper", "median_high", "0_95ucl", "median_ucl"), [high for _, high in intervals])
    same_names(each, ("rmean", "restricted_mean", "rmst"), [curve.restricted_mean for _, curve, _ in curves])
    same_names(
        each, ("rmean_se", "se_rmean", "restricted_mean_se", "rmst_se"), [curve.restricted_mean_error for _, curve,
        _ in curves],
    )  # fmt: skip
    same_names(each, ("n", "records"), [curve.count for _, curve, _ in curves])
    same_names(each, ("events", "n_events"), [curve.events for _, curve, _ in curves])
    for key, asked_at in reference.expected.items():
        moments = list(asked_at) if isinstance(asked_at, Mapping) else []
        if plain(key) in ("survival_at", "surv_at", "s_at") and len(curves) == 1 and all(map(_is_time, moments)):
            values[plain(key)] = {moment: curves[0][1].survival_at(float(moment)) for moment in moments}
    if len(curves) == 1:
        # One curve may be told without the brackets.
        each = {key: value[0] for key, value in each.items()}
    return {**values, **each}


def _with_left(curve: SurvivalCurve, table: tuple[Any, Any, Any], field: str) -> list[Any]:
    """A column with a row for each time at which somebody left, too; what is known carries on."""
    rows = []
    start = {"survival": 1.0, "standard_error": 0.0, "low": 1.0, "high": 1.0}
    following = [*table[1][1:], 0]
    for time, at_risk, ended, after in zip(*table, following, strict=True):
        left = at_risk - ended - after
        own = {"times": time, "at_risk": at_risk, "ended": ended, "censored": left}
        if field in own:
            rows.append(own[field])
            continue
        passed = sum(moment <= time for moment in curve.times)
        rows.append(getattr(curve, field)[passed - 1] if passed else start[field])
    return rows


def _test(test: LogRank) -> Mapping[str, Any]:
    values: dict[str, Any] = {}
    same_names(values, ("chisq", "chi_square", "chi2", "statistic"), test.chi_square)
    same_names(values, ("p", "p_value", "pvalue"), test.p)
    same_names(values, ("df", "freedom", "degrees"), test.freedom)
    same_names(values, ("obs", "observed"), Named(test.observed, test.groups))
    same_names(values, ("exp", "expected"), Named(test.expected, test.groups))
    if test.hazard_ratio is not None and test.hazard_ratio_interval is not None:
        same_names(values, ("hr", "hazard_ratio"), test.hazard_ratio)
        interval = test.hazard_ratio_interval
        same_names(values, ("hr_ci", "hazard_ratio_ci"), [interval.low, interval.high])
    return values


def _is_time(text: str) -> bool:
    try:
        return float(text) >= 0
    except ValueError:
        return False
