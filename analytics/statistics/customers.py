"""Customers: who makes most of the trouble or the turnover, who complains again, and who is drifting away."""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import scipy
from numpy.typing import ArrayLike

from analytics.sigma import WrongInput
from analytics.statistics.inputs import count, numbers, real, same_length, share
from analytics.statistics.proportion import Proportion, proportion
from analytics.statistics.result import Result


@dataclass(frozen=True, slots=True)
class Concentration(Result):
    """How much a few customers make (80/20, S3).

    Attributes:
        top_share: the share of customers asked for; top_customers: how many they are, rounded up.
        share_of_top: what they make of the total.
        share_to_reach: smallest share of customers that makes ``goal`` of the total.
        gini: 0 all the same, near 1 all from one (Gini 1912).
    """

    customers: int
    total: float
    top_share: float
    top_customers: int
    share_of_top: float
    goal: float
    share_to_reach: float
    gini: float


@dataclass(frozen=True, slots=True)
class RepeatComplaints(Result):
    """How often a complaint is followed by another of the same customer.

    Attributes:
        rate: share of complaints followed within ``window`` days, among those old enough to tell.
        too_recent: complaints left out since the window after them has not passed.
        repeating_customers: customers with any such repeat.
    """

    window: int
    until: date
    rate: Proportion | None
    too_recent: int
    repeating_customers: int


@dataclass(frozen=True, slots=True)
class CustomerDrift(Result):
    """A customer measured by their own rhythm; times in days.

    Attributes:
        usual_gap: geometric mean of the gaps between visits.
        silence: days since the last visit.
        chance: that a gap of this customer lasts that long, by their own gaps.
    """

    customer: str
    visits: int
    last_visit: date
    usual_gap: float
    silence: int
    chance: float


@dataclass(frozen=True, slots=True)
class DriftingCustomers(Result):
    """Those whose silence does not fit their rhythm, least likely first.

    Attributes:
        level: chance below which a customer is named.
        judged: customers with enough visits; false_alarms: how many of them would be named if nobody drifted.
        too_few_visits: customers not judged.
    """

    until: date
    level: float
    least_visits: int
    judged: int
    false_alarms: float
    too_few_visits: int
    drifting: tuple[CustomerDrift, ...]


def concentration(amounts: ArrayLike, *, top_share: float = 0.2, goal: float = 0.8) -> Concentration:
    """What the largest customers make of the whole.

    Args:
        amounts: complaints, or money, of each customer, not negative.

    Raises:
        WrongInput: an amount is negative or not finite, or all are 0.
    """
    values = np.sort(numbers(amounts, "the amounts", minimum=0))[::-1]
    top_share, goal = share(top_share, "the top share"), share(goal, "the goal")
    total = float(values.sum())
    if total == 0:
        raise WrongInput("all amounts are 0, so nobody makes any share of them")
    reached = np.cumsum(values) / total
    top = math.ceil(top_share * values.size - 1e-9)
    needed = int(np.argmax(reached >= goal - 1e-12)) + 1
    rank = np.arange(values.size, 0, -1)
    gini = float(2 * np.sum(rank * values) / (values.size * total) - (values.size + 1) / values.size)
    return Concentration(values.size, total, top_share, top, float(reached[top - 1]), goal, needed / values.size, gini)


def repeat_complaints(
    customers: Sequence[Hashable], opened: Sequence[date], until: date, *, window: int = 90, confidence: float = 0.95
) -> RepeatComplaints:
    """Which share of complaints the same customer follows by another within a window.

    Args:
        customers: who complained; opened: on what day, in order of time.
        until: the last day known; a complaint counts only if the whole window after it is known.

    Raises:
        WrongInput: the columns differ in length, the days are not sorted, or one lies after ``until``.
    """
    same_length(customers=customers, opened=opened)
    window = count(window, "the window", minimum=1)
    _sorted_days(opened, until, "the days of complaint")
    following: dict[Hashable, date] = {}
    repeated = old_enough = 0
    repeating = set()
    # Backwards, so that the next complaint of each customer is known when its forerunner comes up.
    for customer, day in zip(reversed(customers), reversed(opened), strict=True):
        again = customer in following and (following[customer] - day).days <= window
        if again:
            repeating.add(customer)
        if (until - day).days >= window:
            old_enough += 1
            repeated += again
        following[customer] = day
    rate = proportion(repeated, old_enough, confidence) if old_enough else None
    return RepeatComplaints(window, until, rate, len(opened) - old_enough, len(repeating))


def drifting_customers(
    visits: Mapping[str, Sequence[date]], until: date, *, level: float = 0.05, least_visits: int = 5
) -> DriftingCustomers:
    """Name customers who have been silent for longer than their own rhythm explains.

    The logarithms of a customer's gaps are taken as normal, and the silence is judged by Student's prediction for one
    more of them; a gap that is not over yet is at least as long as it is now, so the chance errs on the high side.

    Args:
        visits: days of visit or purchase of each customer, sorted; several on a day are one.
        level: chance below which a customer is named.
        least_visits: days of visit needed to know a rhythm, at least 3.

    Raises:
        WrongInput: days are not sorted or lie after ``until``; the message names customer and row.
    """
    level = real(level, "the level", above=0, below=1)
    least_visits = count(least_visits, "the least number of visits", minimum=3)
    judged, too_few, drifting = 0, 0, []
    for customer, when in visits.items():
        _sorted_days(when, until, f"{customer}: the visits")
        distinct = sorted(set(when))
        if len(distinct) < least_visits:
            too_few += 1
            continue
        judged += 1
        drift = _drift(customer, distinct, until)
        if drift.chance < level:
            drifting.append(drift)
    drifting.sort(key=lambda drift: drift.chance)
    return DriftingCustomers(until, level, least_visits, judged, level * judged, too_few, tuple(drifting))


def _drift(customer: str, distinct: list[date], until: date) -> CustomerDrift:
    gaps = np.log(np.diff(np.array([day.toordinal() for day in distinct], dtype=np.float64)))
    mean = float(gaps.mean())
    # Days are whole: even a perfect rhythm is known to half a day only.
    spread = max(float(gaps.std(ddof=1)), 0.5 / math.exp(mean))
    silence = (until - distinct[-1]).days
    if silence == 0:
        chance = 1.0
    else:
        distance = (math.log(silence) - mean) / (spread * math.sqrt(1 + 1 / gaps.size))
        chance = float(scipy.stats.t.sf(distance, gaps.size - 1))
    return CustomerDrift(customer, len(distinct), distinct[-1], math.exp(mean), silence, chance)


def _sorted_days(when: Sequence[date], until: date, name: str) -> None:
    for row, day in enumerate(when, 1):
        if row > 1 and day < when[row - 2]:
            raise WrongInput(f"{name}, row {row}: {day} comes before {when[row - 2]}; days must be sorted")
        if day > until:
            raise WrongInput(f"{name}, row {row}: {day} lies after {until}")
