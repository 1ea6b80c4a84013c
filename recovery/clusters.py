"""Whether so many like complaints at once are chance, or the sign of something that went wrong for many.

Source: S4 and S0 as domain.md section 7 has them ("new words and clusters are new needs", "Foresee"; complaints are
compared by category and holiday, so with the same hours of past weeks). Counts of independent rare events in a fixed
time follow Poisson's law; how rare a count is, is the law's upper tail.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import exp, lgamma, log


class Basis(StrEnum):
    """What was judged by."""

    HISTORY = "history"
    LITTLE_HISTORY = "little_history"


@dataclass(frozen=True, slots=True)
class UnusualRule:
    """The firm's limits.

    Attributes:
        weeks_needed: fewer past weeks are too little to compare with.
        floor: at least so many are expected, so that one complaint after months of quiet is no alarm.
        chance: the greatest probability at which a count still passes for unusual, 0–1.
        minimum: fewer complaints never raise an alarm, however rare.
        minimum_without_history: the same where there is too little to compare with.
    """

    weeks_needed: int = 3
    floor: float = 1.0
    chance: float = 0.00005
    minimum: int = 5
    minimum_without_history: int = 8


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a count means.

    Attributes:
        expected: the mean of the past, not below the floor.
        chance: the probability of so many or more, where ``expected`` is right.
        unusual: whether it calls for an alarm.
    """

    count: int
    expected: float
    chance: float
    basis: Basis
    unusual: bool


def judge_count(count: int, past: Sequence[int], rule: UnusualRule, lately: float = 0.0) -> Judgement:
    """Whether ``count`` complaints are far above what is expected.

    Args:
        count: within a window of time.
        past: the counts of the same hours in past weeks, as many as there are.
        lately: how many come in so long a time, by the mean of all the time before; 0 where nothing is known of it.

    With ``weeks_needed`` past weeks and more: unusual where the count is at least ``minimum`` and the Poisson
    probability of so many or more, at the mean of the past (not below ``floor``), is at most ``chance``. With fewer:
    the same, and the count must be at least ``minimum_without_history``, since a mean of a week or two says little;
    nor is less expected than ``lately``, or a busy firm's first weeks were one alarm.

    Raises:
        ValueError: a count is below zero.
    """
    if count < 0 or any(number < 0 for number in past):
        raise ValueError("nobody complains less than never")
    enough = len(past) >= rule.weeks_needed
    expected = max(rule.floor, sum(past) / len(past) if past else 0.0, 0.0 if enough else lately)
    least = rule.minimum if enough else max(rule.minimum, rule.minimum_without_history)
    chance = poisson_tail(count, expected)
    basis = Basis.HISTORY if enough else Basis.LITTLE_HISTORY
    return Judgement(count, expected, chance, basis, count >= least and chance <= rule.chance)


def poisson_tail(count: int, mean: float) -> float:
    """The probability of ``count`` or more events where ``mean`` are expected, 0–1.

    The terms are summed from the smaller side: from ``count`` upwards in the tail, else one minus those below.

    Raises:
        ValueError: ``mean`` is not above zero.
    """
    if mean <= 0:
        raise ValueError("the mean of a Poisson law is above zero")
    if count <= 0:
        return 1.0
    if count <= mean:
        return max(0.0, 1.0 - sum(_term(number, mean) for number in range(count)))
    total = term = _term(count, mean)
    number = count
    # Above the mean each term is smaller than the one before by mean/number: soon nothing is added any more.
    while term > total * 1e-17:
        number += 1
        term *= mean / number
        total += term
    return min(1.0, total)


def _term(number: int, mean: float) -> float:
    return exp(number * log(mean) - mean - lgamma(number + 1))
