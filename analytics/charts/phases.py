"""A process that was changed on purpose: phases with limits of their own, and new baselines as recorded decisions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

from analytics.charts.baseline import NONE, Calibration, calibrate, label_of, monitor, shown
from analytics.charts.chart import Chart, Design, draw, in_a_row
from analytics.charts.rules import ONLY_LIMITS, Rules
from analytics.charts.series import Label, Series
from analytics.sigma import WrongInput


def phased(design: Design, series: Series, starts: Sequence[int], rules: Rules = ONLY_LIMITS) -> Chart:
    """One chart whose phases are estimated, and searched by the rules, each for itself.

    Args:
        starts: index of the first point of each phase but the first.

    Raises:
        WrongInput: as ``draw``; a phase has too few points; the starts are not in order; or it is an MR chart, whose
            points reach over the split: draw one for each phase.
    """
    if design.kind == "MR":
        raise WrongInput("moving ranges reach over the split of two phases: draw each phase for itself")
    # Of all at once, so that a message names the row as it was given.
    design.check(series)
    return in_a_row([draw(design, part, rules=rules) for part in split(series, starts)])


def split(series: Series, starts: Sequence[int]) -> list[Series]:
    """The stretches of a series, cut before each of the given indices.

    Raises:
        WrongInput: an index is outside, or they do not increase.
    """
    last = series.first + len(series) - 1
    bounds = [series.first, *starts]
    for earlier, later in pairwise(bounds):
        if not earlier < later <= last:
            raise WrongInput(f"no phase can start at point {later}: it must lie after {earlier} and not after {last}")
    cuts = [bound - series.first for bound in bounds] + [len(series)]
    return [series.part(slice(begin, end)) for begin, end in pairwise(cuts)]


@dataclass(frozen=True, slots=True, eq=False)
class Rebaselining:
    """The recorded decision that a process is now another one.

    Attributes:
        start: index of the first point for which the new parameters hold.
        reason: what changed the process.
        decided_by, decided_on: who decided, and when.
        before, after: the old and the new calibration.
        signalled: points since ``start`` that signalled by the old parameters: the evidence, or its absence.
    """

    start: int
    start_label: Label
    reason: str
    decided_by: str
    decided_on: date
    before: Calibration
    after: Calibration
    signalled: tuple[int, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "start": self.start,
            "start_label": shown(self.start_label),
            "reason": self.reason,
            "decided_by": self.decided_by,
            "decided_on": self.decided_on.isoformat(),
            "before": self.before.to_json(),
            "after": self.after.to_json(),
            "signalled": list(self.signalled),
        }


def rebaseline(
    before: Calibration,
    series: Series,
    *,
    reason: str,
    decided_by: str,
    decided_on: date,
    exclude: Mapping[int, str] = NONE,
    rules: Rules = ONLY_LIMITS,
) -> Rebaselining:
    """Freeze new parameters from later points, of the same design.

    Args:
        series: the points of the new baseline; the first is the one from which the new parameters hold, so ``first``
            must lie after the old baseline.
        reason, decided_by: must not be empty.

    Raises:
        WrongInput: as ``calibrate``; nothing is said of why or by whom; or the points belong to the old baseline.
    """
    for words, name in ((reason, "a reason"), (decided_by, "the name of who decides")):
        if not words.strip():
            raise WrongInput(f"a new baseline needs {name}")
    if series.first <= before.last:
        raise WrongInput(f"point {series.first} belongs to the old baseline, which ends with {before.last}")
    by_old_limits = monitor(before, series, rules)
    return Rebaselining(
        start=series.first,
        start_label=label_of(series, series.first),
        reason=reason.strip(),
        decided_by=decided_by.strip(),
        decided_on=decided_on,
        before=before,
        after=calibrate(before.design, series, exclude=exclude, rules=rules),
        signalled=by_old_limits.signalling,
    )


def monitored(
    calibration: Calibration, decisions: Sequence[Rebaselining], series: Series, rules: Rules = ONLY_LIMITS
) -> Chart:
    """All points of a process, each judged by the baseline that held at its time.

    Args:
        calibration: holds from the beginning.
        decisions: in the order in which they were taken.
        series: points from the first on; those of the baselines may be among them.

    Raises:
        WrongInput: as ``draw``, or decisions are not in order or of another design.
    """
    chain = [calibration, *(decision.after for decision in decisions)]
    if any(link.design != calibration.design for link in chain):
        raise WrongInput("all baselines of one chart must have the same design and options")
    parts = split(series, [decision.start for decision in decisions])
    return in_a_row(
        [
            draw(link.design, part, parameters=link.parameters, rules=rules)
            for link, part in zip(chain, parts, strict=True)
        ]
    )
