"""Finds out of which kind a reference case is, and checks it."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from analytics.references.capabilities import capabilities
from analytics.references.comparing import Candidate, Comparison, Difference, compare
from analytics.references.comparisons import (
    any_test,
    associations,
    dispersions,
    mix_tests,
    rank_tests,
    sample_sizes,
)
from analytics.references.count_charts import attribute_charts, gap_charts, laney_charts, time_charts
from analytics.references.designs import run_lengths
from analytics.references.individual_charts import cusum_charts, ewma_charts, individual_charts
from analytics.references.reference import Reference, UnreadableReference, plain, read_reference
from analytics.references.rule_cases import rule_charts
from analytics.references.run_charts import run_charts
from analytics.references.shares_and_rates import intervals, proportion_tests, rate_tests
from analytics.references.survivals import survivals
from analytics.references.tables import pareto_tables, sigma_tables, yields
from analytics.sigma import WrongInput

Family = Callable[[Reference], list[Candidate]]

# The first that fits what the file calls its chart: signs are whole words or, with a star, beginnings of words.
_FAMILIES: tuple[tuple[tuple[str, ...], Family], ...] = (
    (
        (
            "wilson*",
            "clopper*",
            "binomial*",
            "zero defects",
            "rule of three",
            "jeffreys*",
            "confidence interval*",
            "garwood*",
        ),
        intervals,
    ),
    (("design", "arl*", "run length*", "average run"), run_lengths),
    (("sample size*", "power*", "planned test"), sample_sizes),
    (("overdispersion", "dispersion"), dispersions),
    (("run chart*", "anhoej*", "anhøj*", "runs analysis"), run_charts),
    (("run rule*", "rule*", "nelson*", "western*", "runs", "sensitizing*", "zone test*"), rule_charts),
    (("kaplan*", "surv*", "log rank", "logrank*", "product limit", "time to event"), survivals),
    (("mann*", "wilcox*", "rank sum*", "hodges*", "rank test"), rank_tests),
    (
        (
            "spearman*",
            "kendall*",
            "gamma",
            "association",
            "correlation",
            "armitage",
            "share trend",
            "trend in",
            "square trend",
            "prop trend*",
        ),
        associations,
    ),
    (
        (
            "two proportion*",
            "proportion*",
            "prop test",
            "newcombe",
            "boschloo*",
            "2x2",
            "2 proportions",
            "risk difference",
        ),
        proportion_tests,
    ),
    (("poisson*", "two rate*", "rates", "rate ratio", "rate", "two sample poisson"), rate_tests),
    (("mix*", "chi square*", "chi squared", "g test", "contingency*", "pareto change", "homogeneity"), mix_tests),
    (("fisher*",), proportion_tests),
    (("capability*", "cpk", "ppk", "cp", "cpm", "process performance", "sixpack", "six pack"), capabilities),
    (("pareto*",), pareto_tables),
    (("rty", "yield*", "fty", "tpy", "rolled*", "throughput*", "dpu", "defects per unit"), yields),
    (("sigma level*", "dpmo*", "dpo", "sigma table", "sigma", "process sigma", "z bench", "ppm"), sigma_tables),
    (("ewma*",), ewma_charts),
    (("cusum*",), cusum_charts),
    (
        (
            "i mr",
            "imr",
            "xmr",
            "individual*",
            "i",
            "mr",
            "moving range*",
            "x mr",
            "i chart",
            "x chart",
            "x",
            "shewhart individual*",
        ),
        individual_charts,
    ),
    (("laney*", "p prime", "u prime", "pprime", "uprime", "pp", "up"), laney_charts),
    (("g",), gap_charts),
    (("t", "time between*", "days between*", "times between*"), time_charts),
    (("np", "p", "c", "u"), attribute_charts),
    (("test", "tests", "before after", "comparison"), any_test),
)

# Kinds of charts that a description may begin with, whatever else it says (u with exact Poisson limits, p of a share).
_FIRST: dict[str, Family] = {
    **dict.fromkeys(("p", "np", "c", "u"), attribute_charts),
    "g": gap_charts,
    "t": time_charts,
    **dict.fromkeys(("i", "mr", "imr", "xmr"), individual_charts),
    "ewma": ewma_charts,
    "cusum": cusum_charts,
}
_NO_CHARTS = (" overdispersion ", " test ", " design ", " arl ", " run length ", " prime ", " laney ")
_PHASE = re.compile(r"\bphase i+\b")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one file.

    Attributes:
        trouble: why nothing could be compared; empty if it could.
        comparison: None if nothing could be compared.
        unheeded: parameters and data that the file gives and nobody read; told beside the rest.
    """

    path: str
    name: str
    trouble: str
    comparison: Comparison | None
    unheeded: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        return self.comparison is not None and self.comparison.holds

    def line(self) -> str:
        """One line for a reader."""
        if self.comparison is None:
            return f"{self.name}: {self.trouble}"
        found = self.comparison
        if found.holds:
            under = f" ({found.convention})" if found.convention else ""
            return f"{self.name}: ok, {found.checked} values{under}" + self._not_read()
        parts = [_difference(difference) for difference in found.differences[:_SHOWN]]
        if len(found.differences) > _SHOWN:
            parts.append(f"and {len(found.differences) - _SHOWN} more")
        if found.unchecked:
            parts.append("unchecked: " + ", ".join(found.unchecked))
        if not parts:
            parts.append("none of what is expected was checked")
        return f"{self.name}: differs: " + "; ".join(parts) + self._not_read()

    def _not_read(self) -> str:
        return "; not read: " + ", ".join(self.unheeded) if self.unheeded else ""

    def to_json(self) -> dict[str, Any]:
        found = self.comparison
        return {
            "path": self.path,
            "name": self.name,
            "ok": self.holds,
            "trouble": self.trouble or None,
            "checked": found.checked if found else 0,
            "convention": found.convention if found else None,
            "differences": [
                {
                    "key": difference.key,
                    "expected": difference.expected,
                    "got": _short(difference.got),
                    "tolerance": difference.tolerance,
                }
                for difference in (found.differences if found else ())
            ],
            "unchecked": list(found.unchecked) if found else [],
            "not_read": list(self.unheeded),
        }


_SHOWN = 6


def check_paths(paths: Iterable[Path]) -> Iterator[Verdict]:
    """Check files, and every JSON file in folders, in the order of their names."""
    for path in paths:
        if path.is_dir():
            files = sorted(file for file in path.rglob("*.json") if file.is_file())
            if not files:
                yield Verdict(str(path), str(path), "no JSON file in this folder", None)
            for file in files:
                yield check_file(file)
        else:
            yield check_file(path)


def check_file(path: Path) -> Verdict:
    """Check one file."""
    name = path.stem
    try:
        reference = read_reference(path)
        name = reference.name
        comparison = check(reference)
        return Verdict(str(path), name, "", comparison, reference.unheeded)
    except (UnreadableReference, WrongInput) as error:
        return Verdict(str(path), name, str(error), None)
    except Exception as error:
        # Whatever else is wrong with a foreign file, the others are to be checked, and this one fails.
        return Verdict(str(path), name, f"cannot be checked: {type(error).__name__}: {error}", None)


def check(reference: Reference) -> Comparison:
    """Compare what a case expects with what comes out.

    Raises:
        UnreadableReference: it is of no known kind, or its data are not of that kind's form.
        WrongInput: its data are refused.
    """
    # What a file calls a chart may only be made plain by its parameters: {"chart": "control chart", "type": "np"}.
    family = family_of(reference.chart)
    if family is None:
        told = reference.words("type", "chart", "kind", "chart_type", "test")
        family, reference = family_of(told), replace(reference, chart=told or reference.chart)
    if family is None:
        raise UnreadableReference(f"is of no known kind: {reference.chart!r}")
    return compare(reference, family(reference))


def family_of(chart: str) -> Family | None:
    """Who knows this kind of chart or statistic; None if nobody does."""
    if "'" in chart or "’" in chart or "′" in chart:
        return laney_charts
    text = f" {_PHASE.sub('', ' '.join(plain(chart).split('_')))} "
    first = text.split()[:1]
    if first and first[0] in _FIRST and not any(words in text for words in _NO_CHARTS):
        return _FIRST[first[0]]
    if " t test " in text and " power " not in text and " size " not in text:
        # Means are not compared here: times and ratings are not normal.
        return None
    for signs, family in _FAMILIES:
        for sign in signs:
            if (sign.endswith("*") and f" {sign[:-1]}" in text) or f" {sign} " in text:
                return family
    return None


def _difference(difference: Difference) -> str:
    text = f"{difference.key} expected {_short(difference.expected)}, got {_short(difference.got)}"
    return text if difference.tolerance is None else f"{text}, tolerance {difference.tolerance:g}"


def _short(value: Any) -> Any:
    plain_value = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(plain_value, (list, tuple)) and len(plain_value) > 12:
        return f"[{', '.join(str(entry) for entry in plain_value[:12])}, … {len(plain_value)} in all]"
    return plain_value if plain_value is None or isinstance(plain_value, (int, float, list)) else str(plain_value)
