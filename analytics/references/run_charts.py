"""Reference cases of run charts: runs and crossings about the median."""

from typing import Any

from analytics.charts.run_chart import run_chart
from analytics.charts.series import Series
from analytics.references.chart_values import same_names
from analytics.references.comparing import Candidate
from analytics.references.individual_charts import measured
from analytics.references.reference import Reference


def run_charts(reference: Reference) -> list[Candidate]:
    """Runs of the values about the line of the file, or their median."""
    values = measured(reference)
    sizes = reference.column("n", "exposure", "sizes", "denominator", other_than=tuple(map(str, reference.data)))
    line = reference.number("center", "centre", "median", "cl", "center_line", "target")
    found = run_chart(Series.of(values, sizes), line)
    shown: dict[str, Any] = {}
    same_names(shown, ("center", "centre", "median", "cl", "center_line"), found.centre)
    same_names(shown, ("n_obs", "n", "points", "observations"), found.points)
    same_names(shown, ("n_useful", "useful", "useful_observations", "n_usable"), found.useful)
    same_names(shown, ("longest_run", "longest_run_length"), found.longest_run)
    same_names(
        shown, ("longest_run_max", "longest_run_limit", "longest_expected", "max_run", "longest_run_upper_limit"),
        found.longest_expected,
    )  # fmt: skip
    same_names(shown, ("n_crossings", "crossings", "number_of_crossings"), found.crossings)
    same_names(
        shown, ("n_crossings_min", "crossings_min", "fewest_expected", "min_crossings", "crossings_lower_limit"),
        found.fewest_expected,
    )  # fmt: skip
    same_names(shown, ("runs", "n_runs", "number_of_runs"), found.crossings + 1)
    same_names(shown, ("runs_signal", "signal", "signals", "special_cause"), found.signals)
    return [Candidate("", shown)]
