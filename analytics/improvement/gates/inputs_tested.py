"""Which inputs drive the output: whether defects differ between the keys of a dimension, or the days of the week."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import scipy

from analytics.improvement.gates.look import Look
from analytics.improvement.proof.evidence import DayCounts, day_counts
from analytics.improvement.proof.planning import dispersion_of
from analytics.periods import Period
from analytics.recovery_steps import RECOVERY
from analytics.series import Slice, count_series, counts_by_day
from analytics.sigma import WrongInput
from analytics.statistics.mix_change import mix_change
from analytics.statistics.result import Result

# Below so many expected defects a key is put together with others (Cochran 1954).
_SMALL = 5.0
_OTHERS = "(others)"
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class InputTested(Result):
    """One input.

    Attributes:
        measurable: its keys can be told apart in the data; ``why_not`` says why not.
        p: of no difference between them, spread of the days allowed for; None where there is nothing to test.
        strength: Cramér's V, or for volumes the same of defects against what volumes let expect.
        keys: the three with most defects beyond what would be even, with their defects.
        compared: with what: "opportunities", "volume", "days", or "rest": where nothing tells the keys' own volumes,
            complaints of the part are compared with the rest of the process.
    """

    source: str
    measurable: bool
    why_not: str | None = None
    p: float | None = None
    strength: float | None = None
    keys: tuple[tuple[str, int], ...] = ()
    compared: str = ""


def tested_input(look: Look, source: str, period: Period) -> InputTested:
    """Whether defects of the part differ between the keys of an input."""
    if source == "weekday":
        defects, sizes, compared = _by_weekday(look, period)
    else:
        defects, sizes, compared = _by_key(look, source, period)
    return _tested(look, source, defects, sizes, compared, period)


def _by_weekday(look: Look, period: Period) -> tuple[dict[str, int], dict[str, float], str]:
    counts = day_counts(look.work, look.around, look.part, period)
    defects: dict[str, int] = defaultdict(int)
    sizes: dict[str, float] = defaultdict(float)
    for day, failed, size in zip(counts.days, counts.defects, counts.opportunities, strict=True):
        name = _DAYS[day.weekday()]
        defects[name] += failed
        sizes[name] += 1.0 if counts.no_denominator else size
    return dict(defects), dict(sizes), "days" if counts.no_denominator else _unit(look)


def _by_key(look: Look, source: str, period: Period) -> tuple[dict[str, int], dict[str, float], str]:
    part = look.part.slice()
    found = count_series(look.work, part, period, "day", source, look.today)
    if found and all(series.opportunities is not None and not series.without_denominator for series in found):
        sizes = {series.key: float(series.total.opportunities) for series in found}
        return {series.key: series.total.defects for series in found}, sizes, _unit(look)
    own = _summed(counts_by_day(look.work, part, period, source))
    # Which keys its complaints have, against those of all other complaints of the process.
    everything = _summed(counts_by_day(look.work, Slice(part.process), period, source))
    rest = {key: float(number - own.get(key, 0)) for key, number in everything.items()}
    return own, rest, "rest"


def _summed(counted: Mapping[str, Mapping[date, object]]) -> dict[str, int]:
    return {key: sum(count.defects for count in days.values()) for key, days in counted.items()}  # type: ignore[attr-defined]


def _unit(look: Look) -> str:
    return "opportunities" if look.part.process == RECOVERY else "volume"


def _tested(
    look: Look, source: str, defects: dict[str, int], sizes: dict[str, float], compared: str, period: Period
) -> InputTested:
    if len([key for key, size in sizes.items() if size > 0 or defects.get(key)]) < 2:
        return InputTested(source, False, "the data tell fewer than two keys of it apart")
    if not sum(defects.values()) or not sum(sizes.values()):
        return InputTested(source, False, "there are no defects to compare")
    defects, sizes = _put_together(defects, sizes)
    if len(sizes) < 2:
        return InputTested(source, False, "there are too few defects to tell its keys apart")
    total, of = sum(defects.values()), sum(sizes.values())
    expected = {key: total * size / of for key, size in sizes.items()}
    try:
        statistic, freedom, strength = _statistic(defects, sizes, expected, compared)
    except WrongInput as error:
        return InputTested(source, False, str(error))
    if compared != "rest":
        counts: DayCounts = day_counts(look.work, look.around, look.part, period)
        statistic /= dispersion_of((counts,), binomial=compared == "opportunities")[0] if counts.size else 1.0
    most = sorted(defects, key=lambda key: expected[key] - defects[key])[:3]
    return InputTested(
        source, True, None, float(scipy.stats.chi2.sf(statistic, freedom)), strength,
        tuple((key, defects[key]) for key in most), compared,
    )  # fmt: skip


def _statistic(
    defects: Mapping[str, int], sizes: Mapping[str, float], expected: Mapping[str, float], compared: str
) -> tuple[float, int, float]:
    if compared in ("opportunities", "rest"):
        # Failed and passed, or here and elsewhere, by key: chi-square of the table (Pearson 1900).
        other = {key: round(sizes[key]) - (defects[key] if compared == "opportunities" else 0) for key in sizes}
        found = mix_change(dict(defects), other, method="chi-square")
        return found.statistic, found.freedom, found.cramers_v
    observed, even = (np.array([side[key] for key in sizes]) for side in (defects, expected))
    statistic = float((((observed - even) ** 2) / even).sum())
    return statistic, len(sizes) - 1, float(np.sqrt(statistic / observed.sum() / max(1, len(sizes) - 1)))


def _put_together(defects: dict[str, int], sizes: dict[str, float]) -> tuple[dict[str, int], dict[str, float]]:
    """Keys with too little to be compared alone become one."""
    total, of = sum(defects.values()), sum(sizes.values())
    kept_defects: dict[str, int] = {}
    kept_sizes: dict[str, float] = {}
    for key in {*defects, *sizes}:
        size = sizes.get(key, 0.0)
        name = key if total * size / of >= _SMALL else _OTHERS
        kept_defects[name] = kept_defects.get(name, 0) + defects.get(key, 0)
        kept_sizes[name] = kept_sizes.get(name, 0.0) + size
    if _OTHERS in kept_sizes and total * kept_sizes[_OTHERS] / of < 1:
        del kept_sizes[_OTHERS], kept_defects[_OTHERS]
    return kept_defects, kept_sizes
