"""What an offer is expected to keep and to cost (S0's 价值导向的服务补救决策模型; domain.md section 5).

The model, each part with its source:

- Acceptance rises with the payout relative to what the customer expects, a share of what is at stake by what failed
  (S0: type and severity of the failure decide how much is put into a recovery).
- Process remedies take part of the expectation off (补充效应, S0: rich process remedies can satisfy after a failure of
  outcome; fair procedure lowers what is asked in money), yet an apology alone is far from enough (S0).
- Delay raises what is expected and lowers who comes back (S0: recovery not done on the spot costs sharply more).
- Of those content fast, 95 % come back (Kotler in S3). With a customer the firm also loses what winning another costs,
  five times as much as keeping one (S3).

Offers that stand side by side compete: the chance that one is taken follows the multinomial logit, of which a single
offer's logistic chance is the special case. Experience moves all this (:mod:`recovery.experience`).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from recovery.estimates import Estimate, logit, share_at
from recovery.experience import NO_EXPERIENCE, NOTHING, CellKey, Experience
from recovery.failures import Category, Dimension
from recovery.remedies import ProposedRemedy
from recovery.severity import Severity
from recovery.value_priors import ValuePriors, whole_minor

__all__ = [
    "NO_EXPERIENCE",
    "Experience",
    "Situation",
    "ValuePriors",
    "Worth",
    "band_of",
    "cell_of",
    "chances_after",
    "chances_together",
    "cost_of_taking",
    "expected_payout",
    "foresee_round",
    "nothing_of",
    "prior_acceptance",
    "prior_retention",
    "shadow_price",
    "worth_of",
]

_DAY = timedelta(days=1)
# Upper ends of the bands of payout: shares of what is at stake, as the customer feels them.
_BANDS = ((0.0, "none"), (0.1, "to_10"), (0.2, "to_20"), (0.35, "to_35"), (0.6, "to_60"), (1.0, "to_100"))


@dataclass(frozen=True, slots=True)
class Situation:
    """For whom, and after what, an offer is weighed.

    Attributes:
        category: leading category, as kept in the case.
        fixed: the fixed category whose rules apply.
        emotion: 0 calm to 3 furious or threatening.
        waited: since the complaint was heard; below zero counts as none.
        at_stake_minor: total of the order, in minor units, where known.
        customer_value_minor: what keeping this customer is worth over the horizon (:meth:`ValuePriors.value_of`).
    """

    category: str
    fixed: Category
    dimension: Dimension
    severity: Severity
    tier: str
    emotion: int
    waited: timedelta
    at_stake_minor: int | None
    customer_value_minor: int


@dataclass(frozen=True, slots=True)
class Worth:
    """What is expected of one offer, put alone. Amounts in minor units, rounded down.

    Attributes:
        acceptance: share of such customers who take it.
        retention: share of those who took it that come back.
        retention_without: share that come back where nothing is accepted.
        value_minor: value kept beyond what would be kept without: chance of being taken times the rise in retention
            times what is lost with the customer. Below zero where experience says that those who took it rather leave.
        cost_minor: what it costs the firm when taken, times the chance of that.
        net_minor: the difference.
        payout_expected_minor: payout that the customer expects beside the offer's process remedies.
    """

    acceptance: Estimate
    retention: Estimate
    retention_without: Estimate
    value_minor: int
    cost_minor: int
    net_minor: int
    payout_expected_minor: int


def worth_of(
    priors: ValuePriors, experience: Experience, situation: Situation, remedies: Sequence[ProposedRemedy]
) -> Worth:
    """What an offer of ``remedies`` is expected to keep and to cost in this situation."""
    key = cell_of(priors, situation, remedies)
    acceptance = experience.acceptance_of(key, prior_acceptance(priors, situation, remedies), priors.strength)
    retention = experience.retention_of(key, prior_retention(priors, situation), priors.strength)
    without = experience.retention_of(
        nothing_of(situation), priors.retention.without[situation.severity], priors.strength
    )
    value = (retention.mean - without.mean) * priors.lost_with(situation.customer_value_minor)
    cost = cost_of_taking(priors, remedies)
    kept, spent = whole_minor(acceptance.mean * value), whole_minor(acceptance.mean * cost)
    expected = whole_minor(expected_payout(priors, situation, remedies) * _stake(priors, situation))
    return Worth(acceptance, retention, without, kept, spent, kept - spent, expected)


def chances_together(utilities: Sequence[float]) -> tuple[float, ...]:
    """The chance that each of several offers is the one taken: the multinomial logit, taking nothing at utility 0.

    Args:
        utilities: for each, the log-odds of being taken alone.
    """
    return chances_after([(str(number), utility) for number, utility in enumerate(utilities)], {})


def chances_after(utilities: Sequence[tuple[str, float]], declined: Mapping[str, float]) -> tuple[float, ...]:
    """As :func:`chances_together`, where the customer has declined before.

    Tastes do not change between rounds: more of the same remedies is taken by those alone whom less did not content, so
    what counts are the odds beyond those declined.

    Args:
        utilities: for each offer its kinds (:attr:`CellKey.remedies`) and its log-odds of being taken alone.
        declined: by kinds, the best log-odds declined so far.
    """
    best = dict(declined)
    for kinds, utility in utilities:
        best[kinds] = max(utility, best.get(kinds, utility))
    total = 1.0 + sum(math.exp(utility) for utility in best.values())
    return tuple(
        max(0.0, math.exp(utility) - (math.exp(declined[kinds]) if kinds in declined else 0.0)) / total
        for kinds, utility in utilities
    )


def foresee_round(
    priors: ValuePriors, offers: Sequence[tuple[Situation, Sequence[ProposedRemedy]]], declined: dict[str, float]
) -> list[tuple[CellKey, float]]:
    """What the priors foresee of a round of offers side by side: for each its cell and the chance that it is taken.

    Args:
        declined: as in :func:`chances_after`, for those put in earlier rounds; this round is added to it.
    """
    keys = [cell_of(priors, situation, remedies) for situation, remedies in offers]
    alone = [
        (key.remedies, logit(prior_acceptance(priors, situation, remedies)))
        for key, (situation, remedies) in zip(keys, offers, strict=True)
    ]
    chances = chances_after(alone, declined)
    for kinds, utility in alone:
        declined[kinds] = max(utility, declined.get(kinds, utility))
    return list(zip(keys, chances, strict=True))


def prior_acceptance(priors: ValuePriors, situation: Situation, remedies: Sequence[ProposedRemedy]) -> float:
    """The share, between 0 and 1, that takes the offer when put alone, by the priors."""
    rules = priors.acceptance
    # What is met of the expectation: by payout, and by what process remedies take off it.
    met = 1.0 - (expected_payout(priors, situation, remedies) - _payout(priors, situation, remedies)) / _expectation(
        priors, situation
    )
    return share_at(rules.steepness * (met - rules.halfway))


def prior_retention(priors: ValuePriors, situation: Situation) -> float:
    """The share of those who accepted something that comes back, by the priors."""
    rules = priors.retention
    late = max(timedelta(0), situation.waited - rules.fast_within) / rules.half_after
    return rules.slow + (rules.fast - rules.slow) * math.pow(0.5, late)


def expected_payout(priors: ValuePriors, situation: Situation, remedies: Sequence[ProposedRemedy]) -> float:
    """The payout that the customer expects beside the process remedies, as a share of what is at stake.

    Process remedies take off a share of what would be expected at once; what waiting has added is not talked away.
    """
    left = 1.0
    for kind in sorted({remedy.kind for remedy in remedies}):
        left *= 1.0 - priors.acceptance.relief.get(situation.dimension, {}).get(kind, 0.0)
    return _expectation(priors, situation) - (1.0 - left) * _expectation_at_once(priors, situation)


def cell_of(priors: ValuePriors, situation: Situation, remedies: Sequence[ProposedRemedy]) -> CellKey:
    """The cell of experience that an offer counts in."""
    kinds = "+".join(sorted({remedy.kind.value for remedy in remedies}))
    return CellKey(kinds, band_of(_payout(priors, situation, remedies)), situation.category, situation.tier)


def nothing_of(situation: Situation) -> CellKey:
    """The cell of those who accepted nothing."""
    return CellKey(NOTHING, NOTHING, situation.category, situation.tier)


def band_of(payout: float) -> str:
    """The band of a payout, given as a share of what is at stake."""
    return next((name for end, name in _BANDS if payout <= end), "above")


def cost_of_taking(priors: ValuePriors, remedies: Sequence[ProposedRemedy]) -> float:
    """What remedies cost the firm once they are taken, in minor units, not yet rounded."""
    cost = 0.0
    for remedy in remedies:
        face = remedy.counts_minor or (remedy.amount.minor if remedy.amount is not None else 0)
        cost += face * priors.cost.of_face.get(remedy.kind, 1.0) + priors.cost.fixed_minor.get(remedy.kind, 0)
    return cost


def shadow_price(priors: ValuePriors, budget_left: float, day_left: float) -> float:
    """What a unit of budget is worth beyond itself: nothing while the budget lasts as long as the day, then rising.

    Args:
        budget_left, day_left: the shares of the budget and of the day that are left, 0–1.

    Returns:
        0 or more; to be multiplied with what an offer is expected to cost.
    """
    if day_left <= budget_left:
        return 0.0
    if budget_left <= 0.0:
        return priors.scarcity.at_most
    return min(priors.scarcity.at_most, priors.scarcity.rises * (day_left / budget_left - 1.0))


def _stake(priors: ValuePriors, situation: Situation) -> int:
    return situation.at_stake_minor or priors.acceptance.unknown_stake_minor


def _expectation_at_once(priors: ValuePriors, situation: Situation) -> float:
    rules = priors.acceptance
    return (
        rules.expected[situation.fixed]
        * rules.by_severity[situation.severity]
        * rules.by_tier.get(situation.tier, 1.0)
        * (1.0 + rules.per_emotion * situation.emotion)
    )


def _expectation(priors: ValuePriors, situation: Situation) -> float:
    rules = priors.acceptance
    days = max(0.0, situation.waited / _DAY)
    return _expectation_at_once(priors, situation) * min(rules.at_most_by_delay, 1.0 + rules.per_day * days)


def _payout(priors: ValuePriors, situation: Situation, remedies: Sequence[ProposedRemedy]) -> float:
    """What is paid, as the customer feels it, as a share of what is at stake."""
    rules, stake = priors.acceptance, _stake(priors, situation)
    total = 0.0
    for remedy in remedies:
        if remedy.amount is not None:
            total += rules.felt.get(remedy.kind, 1.0) * remedy.amount.minor / stake
        else:
            total += rules.felt_without_amount.get(remedy.kind, 0.0)
    return total
