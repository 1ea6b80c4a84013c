"""What the firm's own offers taught: how often they were taken, and who came back.

A cell counts what happened to remedies offered together, in a band of payout, for a category and a tier, and keeps
beside it what the priors had foreseen for those very offers. Experience is the difference between the two, on the scale
of log-odds, so that whatever the priors know of severity, emotion and delay stays in force within a cell.

Few cells ever hold many cases, so each leans on its kin: from all offers, over those with the same remedies, the same
payout and the same category, to those of the same tier. At each step the nearer kin is left out of the farther, so
every offer counts once for an estimate; each step is the conjugate posterior of a Beta prior that is as strong as the
firm said. Kin move the mean; only a cell's own cases narrow the interval.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from recovery.estimates import Estimate, logit, share_at

# Whoever accepted nothing: they count towards who comes back without a remedy.
NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class CellKey:
    """What is counted together.

    Attributes:
        remedies: kinds in alphabetical order, joined by ``+``; ``NOTHING`` where none was accepted.
        band: band of payout (:func:`recovery.value.band_of`).
    """

    remedies: str
    band: str
    category: str
    tier: str

    def kin(self) -> tuple[tuple[str, ...], ...]:
        """From all offers to this cell, each part of the one before."""
        parts = (self.remedies, self.band, self.category, self.tier)
        return tuple(parts[:length] for length in range(len(parts) + 1))


@dataclass(frozen=True, slots=True)
class Counts:
    """Cases, those among them with the good outcome, and how many of these had been foreseen (a sum of shares)."""

    cases: float = 0.0
    good: float = 0.0
    foreseen: float = 0.0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(self.cases + other.cases, self.good + other.good, self.foreseen + other.foreseen)

    def without(self, other: "Counts") -> "Counts":
        # Never below nothing, however the sums were rounded.
        return Counts(
            max(0.0, self.cases - other.cases),
            max(0.0, self.good - other.good),
            max(0.0, self.foreseen - other.foreseen),
        )


@dataclass(frozen=True, slots=True)
class Cell:
    """One line of experience.

    Attributes:
        offers: offers answered, and taken.
        customers: customers of whom it can be told whether they came back, and those who did.
    """

    key: CellKey
    offers: Counts = Counts()
    customers: Counts = Counts()


def add_up(counted: dict[CellKey, Cell], learnt: Iterable[Cell]) -> None:
    """Add cells to those counted so far."""
    for cell in learnt:
        before = counted.get(cell.key, Cell(cell.key))
        counted[cell.key] = Cell(cell.key, before.offers + cell.offers, before.customers + cell.customers)


_NONE = Counts()
_Sums = Mapping[tuple[str, ...], Counts]


@dataclass(frozen=True, slots=True)
class Experience:
    """All that was learnt, ready to be asked; empty without cells."""

    acceptance: _Sums = field(default_factory=dict)
    retention: _Sums = field(default_factory=dict)
    # What was asked before, since decisions ask for the same cells again and again.
    _asked: dict[tuple[bool, CellKey, float], tuple[float, float]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @classmethod
    def of(cls, cells: Iterable[Cell]) -> "Experience":
        """Add up the cells by their kin."""
        acceptance: dict[tuple[str, ...], Counts] = {}
        retention: dict[tuple[str, ...], Counts] = {}
        for cell in cells:
            for kin in cell.key.kin():
                # Those who took nothing say nothing of those who took something.
                if cell.key.remedies != NOTHING:
                    acceptance[kin] = acceptance.get(kin, _NONE) + cell.offers
                if kin or cell.key.remedies != NOTHING:
                    retention[kin] = retention.get(kin, _NONE) + cell.customers
        return cls(acceptance, retention)

    def acceptance_of(self, key: CellKey, prior: float, strength: float) -> Estimate:
        """How likely an offer is taken.

        Args:
            prior: what the priors foresee in this situation, 0–1.
            strength: pseudo-cases of the prior for a cell.
        """
        return self._posterior(True, key, prior, strength)

    def retention_of(self, key: CellKey, prior: float, strength: float) -> Estimate:
        """How likely a customer comes back; arguments as for :meth:`acceptance_of`."""
        return self._posterior(False, key, prior, strength)

    def _posterior(self, of_offers: bool, key: CellKey, prior: float, strength: float) -> Estimate:
        asked = (of_offers, key, strength)
        found = self._asked.get(asked)
        if found is None:
            found = self._asked[asked] = _learnt(self.acceptance if of_offers else self.retention, key, strength)
        moved, cases = found
        return Estimate(share_at(logit(prior) + moved), strength + cases)


NO_EXPERIENCE = Experience()


def _learnt(sums: _Sums, key: CellKey, strength: float) -> tuple[float, float]:
    """How far, in log-odds, experience lies from what was foreseen for a cell, and how many cases of its own it has."""
    kin = key.kin()
    if key.remedies == NOTHING:
        kin = kin[1:]
    moved = 0.0
    for farther, nearer in pairwise(kin):
        counts = sums.get(farther, _NONE).without(sums.get(nearer, _NONE))
        moved = _learn(counts, moved, strength)
    own = sums.get(kin[-1], _NONE)
    return _learn(own, moved, strength), own.cases


def _learn(counts: Counts, moved: float, strength: float) -> float:
    """How far, in log-odds, outcomes lie from what was foreseen, after these as well."""
    if counts.cases < 1.0:
        return moved
    foreseen = logit(min(1.0, counts.foreseen / counts.cases))
    prior = Estimate(share_at(foreseen + moved), strength)
    good = min(counts.good, counts.cases)
    return logit(prior.updated(good, counts.cases).mean) - foreseen
