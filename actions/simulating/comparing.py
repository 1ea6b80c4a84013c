"""Two ways of deciding on the same complaints, many times over: what one keeps and costs beyond the other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import scipy

from actions.simulating.cases import DAYS, Complaint
from actions.simulating.worlds import World
from actions.simulating.year import Learning, Year, play
from recovery.decision import Policy
from recovery.value import ValuePriors

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Arm:
    """A way of deciding.

    Attributes:
        learns_after: it learns from what it sees, and days until it shows who came back; None: does not learn.
    """

    name: str
    policy: Policy
    learns_after: int | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """A paired difference: its mean over the replications, and the interval that holds the true one with
    :data:`CONFIDENCE` (Student's t over independent replications)."""

    mean: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """``gains``, ``loses``, or ``open`` where the interval holds nought."""
        return "gains" if self.low > 0 else "loses" if self.high < 0 else "open"


@dataclass(frozen=True, slots=True)
class Compared:
    """Two arms in one world, the second beyond the first.

    Attributes:
        means: by arm, the mean of each figure.
        differences: of each figure.
        segments: difference in net by segment.
    """

    world: str
    replications: int
    means: dict[str, dict[str, float]]
    differences: dict[str, Difference]
    segments: dict[str, Difference] = field(default_factory=dict)


def paired(values: Sequence[float]) -> Difference:
    """The mean of paired differences with its interval.

    Raises:
        ValueError: there are less than two, which prove nothing.
    """
    if len(values) < 2:
        raise ValueError("an interval needs two replications")
    numbers = np.asarray(values, float)
    mean = float(numbers.mean())
    spread = float(numbers.std(ddof=1)) / float(np.sqrt(len(numbers)))
    reach = float(scipy.stats.t.ppf(0.5 + CONFIDENCE / 2.0, len(numbers) - 1)) * spread
    return Difference(mean, mean - reach, mean + reach)


def compare(
    arms: tuple[Arm, Arm],
    world: World,
    truth: ValuePriors,
    replications: Sequence[Sequence[Complaint]],
    days: int = DAYS,
    tell: Callable[[int], None] | None = None,
) -> Compared:
    """Play both arms on the same complaints, with the same chance, once for each replication, of which there are two
    or more."""
    years: tuple[list[Year], list[Year]] = ([], [])
    for complaints in replications:
        for arm, played in zip(arms, years, strict=True):
            learning = None if arm.learns_after is None else Learning(arm.policy.priors or truth, arm.learns_after)
            played.append(play(arm.policy, complaints, world, truth, learning, days, tell))
    first, second = ([figures(year) for year in played] for played in years)
    segments = sorted({segment for played in years for year in played for segment in year.nets})
    return Compared(
        world.name,
        len(replications),
        {
            arm.name: {key: float(np.mean([one[key] for one in found])) for key in found[0]}
            for arm, found in zip(arms, (first, second), strict=True)
        },
        {
            key: paired([b[key] - a[key] for a, b in zip(first, second, strict=True)])
            for key in first[0]
            # One of the two may know no budget.
            if key in second[0]
        },
        {
            segment: paired([b.nets.get(segment, 0) - a.nets.get(segment, 0) for a, b in zip(*years, strict=True)])
            for segment in segments
        },
    )


def figures(year: Year) -> dict[str, float]:
    """What is reported of a year; amounts in minor units, the others shares."""
    found = {
        "value_kept_minor": float(year.kept_minor),
        "cost_minor": float(year.cost_minor),
        "net_minor": float(year.net_minor),
        "retained_share": year.retained / max(1, year.cases),
        "acceptance": year.accepted / max(1, year.offered),
        "granted_minor": float(year.granted_minor),
    }
    if year.budget_minor:
        found["budget_use"] = (year.granted_minor - year.over_minor) / year.budget_minor
    return found
