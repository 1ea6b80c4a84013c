"""Average run length of a Shewhart chart with several rules at once, by a Markov chain (Champ and Woodall 1987).

More rules see a shift sooner and cry wolf more often: the four of Western Electric together once in 92 points.
"""

from dataclasses import dataclass

import numpy as np
import scipy
from scipy.special import ndtr

from analytics.charts.rules import Rule, Rules
from analytics.sigma import WrongInput

# Zones from far below to far above, by their distance in standard deviations.
EDGES = (-np.inf, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, np.inf)
ZONES = (-3, -2, -1, 0, 0, 1, 2, 3)
SIDES = (-1, -1, -1, -1, 1, 1, 1, 1)
OUTSIDE: frozenset[Rule] = frozenset({"nelson_1", "western_electric_1"})
TWO_OF_THREE: frozenset[Rule] = frozenset({"nelson_5", "western_electric_2"})
FOUR_OF_FIVE: frozenset[Rule] = frozenset({"nelson_6", "western_electric_3"})

# The zones of the last points that a window may still reach, newest last, and the run: so many points in a row above
# the centre, or, if negative, below.
State = tuple[tuple[int, ...], int]


@dataclass(frozen=True, slots=True)
class _Watched:
    """What of ``Rules`` a chain needs to know; 0 where a rule is not asked for."""

    outside: bool
    two_of_three: bool
    four_of_five: bool
    run: int

    @property
    def memory(self) -> int:
        return 4 if self.four_of_five else 2 if self.two_of_three else 0

    def after(self, state: State, zone: int, side: int) -> State | None:
        """The next state; None where the point signals."""
        zones, run = state
        run = run + side if run * side >= 0 else side
        window = (*zones, zone)
        signals = (
            (self.outside and abs(zone) == 3)
            or (self.two_of_three and _most(window[-3:], side, 2, 2))
            or (self.four_of_five and _most(window[-5:], side, 1, 4))
            or (self.run > 0 and abs(run) >= self.run)
        )
        if signals:
            return None
        kept = window[len(window) - self.memory :] if self.memory else ()
        return tuple(self._told_apart(old) for old in kept), run if self.run else 0

    def _told_apart(self, zone: int) -> int:
        # What no rule tells apart is one state.
        nearest, farthest = (1 if self.four_of_five else 2), (2 if self.two_of_three else 1)
        return 0 if abs(zone) < nearest else max(-farthest, min(zone, farthest))


def _most(window: tuple[int, ...], side: int, distance: int, needed: int) -> bool:
    return side * window[-1] >= distance and sum(side * zone >= distance for zone in window) >= needed


def rules_run_length(shift: float, rules: Rules) -> float:
    """Average run length from the first point of a chart whose points are independent and normal.

    Args:
        shift: in standard deviations of a point.
        rules: Western Electric's 1 to 4 and Nelson's 1, 2, 5 and 6; windows that are not full at the beginning count.

    Raises:
        WrongInput: another rule is among them, none is there, or the shift is not finite.
    """
    asked = frozenset(rules.which)
    runs = [
        rules.run_length or standard for rule, standard in (("nelson_2", 9), ("western_electric_4", 8)) if rule in asked
    ]
    unknown = asked - OUTSIDE - TWO_OF_THREE - FOUR_OF_FIVE - {"nelson_2", "western_electric_4"}
    if unknown or not asked:
        raise WrongInput(f"the run length is known for rules about limits, zones and runs, not {sorted(unknown)}")
    if not np.isfinite(shift):
        raise WrongInput(f"the shift must be a finite number, not {shift}")
    watched = _Watched(
        outside=bool(asked & OUTSIDE),
        two_of_three=bool(asked & TWO_OF_THREE),
        four_of_five=bool(asked & FOUR_OF_FIVE),
        run=min(runs, default=0),
    )
    probabilities = np.diff(ndtr(np.array(EDGES) - shift))
    begin: State = ((0,) * watched.memory, 0)
    numbers, rows, columns, chances = {begin: 0}, [], [], []
    waiting = [begin]
    while waiting:
        state = waiting.pop()
        for zone, side, probability in zip(ZONES, SIDES, probabilities, strict=True):
            later = watched.after(state, zone, side)
            if later is None:
                continue
            if later not in numbers:
                numbers[later] = len(numbers)
                waiting.append(later)
            rows.append(numbers[state])
            columns.append(numbers[later])
            chances.append(probability)
    moves = scipy.sparse.csr_matrix((chances, (rows, columns)), shape=(len(numbers), len(numbers)))
    staying = scipy.sparse.identity(len(numbers), format="csr")
    lengths = scipy.sparse.linalg.spsolve((staying - moves).tocsc(), np.ones(len(numbers)))
    return float(np.atleast_1d(lengths)[0])
