"""How customers really behave: as the optimiser assumes, or otherwise."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from recovery.estimates import logit
from recovery.experience import Experience
from recovery.remedies import ProposedRemedy
from recovery.value import Situation, ValuePriors, prior_acceptance, prior_retention, worth_of

Remedies = Sequence[ProposedRemedy]


@dataclass(frozen=True, slots=True)
class World:
    """What is true of customers.

    Attributes:
        inclination: log-odds that an offer is taken when put alone.
        comes_back: chance that a customer comes back, given what was taken (None: nothing) and the share of the period
            that has passed.
        stays: chance that somebody who declined hears a second round of offers at all.
    """

    name: str
    inclination: Callable[[Situation, Remedies], float]
    comes_back: Callable[[Situation, Remedies | None, float], float]
    stays: float = 1.0


def assumed(priors: ValuePriors) -> World:
    """Customers are as the priors say."""
    return World("assumed", _inclination(priors), lambda situation, taken, _: _return(priors, situation, taken))


def wrong_acceptance(priors: ValuePriors) -> World:
    """Acceptance has another shape and level, and segments are reversed.

    It rises half as sharply, and a tenth of the expectation later; process remedies do half as much; and those who
    are worth much ask for less than those who are worth little, not for more.
    """
    rules = priors.acceptance
    other = replace(
        priors,
        acceptance=replace(
            rules,
            steepness=rules.steepness * 0.5,
            halfway=rules.halfway + 0.1,
            by_tier={"vip": 0.7, "major": 0.8, "regular": 1.0, "small": 1.3},
            relief={
                dimension: {kind: share * 0.5 for kind, share in kinds.items()}
                for dimension, kinds in rules.relief.items()
            },
        ),
    )
    return World("wrong_acceptance", _inclination(other), lambda situation, taken, _: _return(priors, situation, taken))


def drifting_retention(priors: ValuePriors) -> World:
    """Who accepted comes back less and less over the year, as when a rival woos them; it shows months later.

    The advantage of a recovery over none shrinks to two fifths of what the priors say.
    """

    def comes_back(situation: Situation, taken: Remedies | None, passed: float) -> float:
        without = _return(priors, situation, None)
        if taken is None:
            return without
        return without + (_return(priors, situation, taken) - without) * (1.0 - 0.6 * passed)

    return World("drifting_retention", _inclination(priors), comes_back)


def impatient(priors: ValuePriors) -> World:
    """Half of those who decline are gone: who began low gets no second chance."""
    return replace(assumed(priors), name="impatient", stays=0.5)


def as_learnt(priors: ValuePriors, experience: Experience) -> World:
    """Customers are as priors and the firm's own experience say: the best guess for cases of the past."""

    def inclination(situation: Situation, remedies: Remedies) -> float:
        return logit(worth_of(priors, experience, situation, remedies).acceptance.mean)

    def comes_back(situation: Situation, taken: Remedies | None, _: float) -> float:
        worth = worth_of(priors, experience, situation, taken or ())
        return worth.retention_without.mean if taken is None else worth.retention.mean

    return World("as_learnt", inclination, comes_back)


WORLDS: dict[str, Callable[[ValuePriors], World]] = {
    "assumed": assumed,
    "wrong_acceptance": wrong_acceptance,
    "drifting_retention": drifting_retention,
    "impatient": impatient,
}


def _inclination(priors: ValuePriors) -> Callable[[Situation, Remedies], float]:
    return lambda situation, remedies: logit(prior_acceptance(priors, situation, remedies))


def _return(priors: ValuePriors, situation: Situation, taken: Remedies | None) -> float:
    return priors.retention.without[situation.severity] if taken is None else prior_retention(priors, situation)
