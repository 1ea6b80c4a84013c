"""Shares that are known only so well: a mean, what it rests on, and how far off it may be."""

import math
from dataclasses import dataclass

# Beyond these a share is as good as certain; the logit stays finite.
_FARTHEST = 12.0


def logit(share: float) -> float:
    """The log-odds of a share; 0 and 1 count as almost so."""
    if share <= 0.0:
        return -_FARTHEST
    if share >= 1.0:
        return _FARTHEST
    return max(-_FARTHEST, min(_FARTHEST, math.log(share) - math.log1p(-share)))


def share_at(log_odds: float) -> float:
    """The share with these log-odds, always strictly between 0 and 1."""
    return 1.0 / (1.0 + math.exp(-max(-_FARTHEST, min(_FARTHEST, log_odds))))


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share as a Beta distribution: Beta(mean · strength, (1 - mean) · strength).

    Attributes:
        mean: expected share, 0–1.
        strength: how many cases it rests on: pseudo-cases of the prior and the firm's own together.

    Raises:
        ValueError: a mean outside of 0–1, or no strength.
    """

    mean: float
    strength: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.mean <= 1.0:
            raise ValueError(f"a share lies between 0 and 1, not at {self.mean}")
        if not self.strength > 0.0:
            raise ValueError("an estimate rests on something")

    def updated(self, successes: float, trials: float) -> "Estimate":
        """The posterior after ``trials`` more cases with ``successes`` among them (conjugate Beta-binomial).

        Raises:
            ValueError: more successes than trials, or less than none.
        """
        if not 0.0 <= successes <= trials:
            raise ValueError(f"{successes} successes among {trials} trials")
        strength = self.strength + trials
        return Estimate((self.mean * self.strength + successes) / strength, strength)

    def interval(self, confidence: float = 0.9) -> tuple[float, float]:
        """The equal-tailed interval that holds the share with probability ``confidence`` (0–1, exclusive)."""
        if not 0.0 < confidence < 1.0:
            raise ValueError("a confidence lies between 0 and 1")
        hits, misses = self.mean * self.strength, (1.0 - self.mean) * self.strength
        if hits == 0.0 or misses == 0.0:
            return self.mean, self.mean
        # Only a command asks for it, and every action server would load it.
        from scipy.special import betaincinv

        tail = (1.0 - confidence) / 2.0
        return float(betaincinv(hits, misses, tail)), float(betaincinv(hits, misses, 1.0 - tail))
