"""What made customers content with a recovery, and how often it failed a second time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analytics.sigma import WrongInput
from analytics.statistics.association import RankAssociation, ShareTrend, rank_association, share_trend
from analytics.statistics.inputs import flags, numbers, same_length
from analytics.statistics.mix_change import holm
from analytics.statistics.proportion import Proportion, proportion
from analytics.statistics.recovery_paradox import ratings
from analytics.statistics.result import Result


@dataclass(frozen=True, slots=True)
class DoubleDeviation(Result):
    """How often a recovery failed, too (Bitner, Booms and Tetreault 1990).

    Attributes:
        rate: share of recoveries with any of the reasons.
        by_reason: share with each of them; they may overlap.
    """

    rate: Proportion
    by_reason: dict[str, Proportion]


@dataclass(frozen=True, slots=True)
class FairnessDimension(Result):
    """How one fairness question goes with the rating.

    Attributes:
        p_adjusted: of no association, adjusted for the number of questions (Holm 1979).
    """

    dimension: str
    association: RankAssociation
    p_adjusted: float


@dataclass(frozen=True, slots=True)
class SpeedBand(Result):
    """Cases resolved within a span of time: above ``above``, up to ``up_to`` (None: without end)."""

    above: float
    up_to: float | None
    fives: Proportion
    mean_rating: float


@dataclass(frozen=True, slots=True)
class RatingBySpeed(Result):
    """Rating against the time to resolution.

    Attributes:
        association: of time and rating: negative where slower cases are rated lower.
        bands: those that have cases.
        fives_trend: trend of the share of fives from band to band; None where it cannot be tested.
    """

    association: RankAssociation
    bands: tuple[SpeedBand, ...]
    fives_trend: ShareTrend | None


def share_of_fives(values: ArrayLike, *, best: int = 5, confidence: float = 0.95) -> Proportion:
    """Share of the best rating among all given (Xerox in S3: 4 is not 5).

    Raises:
        WrongInput: there is no rating, or one is out of range.
    """
    given = ratings(values, "the ratings", best)
    return proportion(int(np.sum(given == best)), given.size, confidence)


def double_deviation(reasons: Mapping[str, ArrayLike], *, confidence: float = 0.95) -> DoubleDeviation:
    """The rate of recoveries that failed for any of several reasons.

    Args:
        reasons: for each, such as "promise broken", "reopened", "low rating", one yes or no by recovery, in the same
            order.

    Raises:
        WrongInput: there is no reason or no recovery, or the columns differ in length.
    """
    columns = {name: flags(values, name) for name, values in reasons.items()}
    if not columns:
        raise WrongInput("name at least one reason for which a recovery counts as failed")
    lengths = {len(column) for column in columns.values()}
    if len(lengths) > 1:
        parts = ", ".join(f"{name} {len(column)}" for name, column in columns.items())
        raise WrongInput(f"the columns differ in length: {parts}")
    total = lengths.pop()
    anything = np.logical_or.reduce(list(columns.values()))
    return DoubleDeviation(
        proportion(int(np.sum(anything)), total, confidence),
        {name: proportion(int(np.sum(column)), total, confidence) for name, column in columns.items()},
    )


def fairness_on_rating(
    dimensions: Mapping[str, ArrayLike], rating: ArrayLike, *, best: int = 5, confidence: float = 0.95
) -> tuple[FairnessDimension, ...]:
    """How outcome, procedure and interaction go with the rating (Tax, Brown and Chandrashekaran 1998), strongest first.

    Args:
        dimensions: the answers to each question, one by rated case.

    Raises:
        WrongInput: an answer or rating is wrong, or does not vary; the message names the question.
    """
    given = ratings(rating, "the ratings", best)
    found = []
    for name, answers in dimensions.items():
        try:
            found.append((name, rank_association(numbers(answers, "the answers"), given, confidence)))
        except WrongInput as error:
            raise WrongInput(f"{name}: {error}") from None
    adjusted = holm([association.p for _, association in found])
    ordered = [FairnessDimension(name, association, p) for (name, association), p in zip(found, adjusted, strict=True)]
    return tuple(sorted(ordered, key=lambda dimension: -abs(dimension.association.spearman)))


def rating_by_speed(
    hours: ArrayLike, rating: ArrayLike, cuts: Sequence[float], *, best: int = 5, confidence: float = 0.95
) -> RatingBySpeed:
    """Rating against the time to resolution.

    Args:
        hours: time of each case, any unit, not negative.
        cuts: where one band ends and the next begins, rising, such as the firm's service levels.

    Raises:
        WrongInput: a column is wrong or does not vary, or the cuts do not rise.
    """
    spans, given = numbers(hours, "the times", least=4, minimum=0), ratings(rating, "the ratings", best)
    same_length(times=spans, ratings=given)
    edges = numbers(cuts, "the cuts", above=0)
    for row in np.flatnonzero(np.diff(edges) <= 0)[:1]:
        raise WrongInput(f"the cuts, row {row + 2}: {edges[row + 1]:g} is not above {edges[row]:g}")
    band = np.searchsorted(edges, spans, side="left")
    bands, scores = [], []
    for index in range(edges.size + 1):
        inside = given[band == index]
        if inside.size:
            above = float(edges[index - 1]) if index else 0.0
            up_to = float(edges[index]) if index < edges.size else None
            fives = proportion(int(np.sum(inside == best)), inside.size, confidence)
            bands.append(SpeedBand(above, up_to, fives, float(inside.mean())))
            scores.append(index)
    return RatingBySpeed(rank_association(spans, given, confidence), tuple(bands), _trend(bands, scores, confidence))


def _trend(bands: list[SpeedBand], scores: list[int], confidence: float) -> ShareTrend | None:
    hits, totals = [band.fives.successes for band in bands], [band.fives.total for band in bands]
    if len(bands) < 2 or sum(hits) in (0, sum(totals)):
        return None
    return share_trend(hits, totals, scores, confidence)
