"""Which words have become more frequent than chance explains: the first sign of a new need, before it has a name."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from analytics.sigma import WrongInput
from analytics.statistics.inputs import count, share
from analytics.statistics.result import Result
from analytics.statistics.terms import overlap

# Two overlapping terms of which so many customers said both are one phrase (Jaccard index).
_ONE_PHRASE = 0.5


@dataclass(frozen=True, slots=True)
class Told:
    """What one customer told in one complaint.

    Attributes:
        customer: who; a customer counts once in a period, however often they complain.
        terms: as ``terms_of`` gives them.
    """

    customer: int
    terms: frozenset[str]


@dataclass(frozen=True, slots=True)
class RisenTerm(Result):
    """A word or phrase that more customers use than before.

    Attributes:
        before, after: how many customers used it.
        before_share, after_share: of the customers who complained in each period.
        ratio: of the shares; infinite where nobody used it before.
        p: exact, one-sided, of no rise (Fisher 1935).
        q: the same adjusted for all terms that were looked at (Benjamini and Hochberg 1995): of the terms listed up to
            here this share is expected to be there by chance.
    """

    term: str
    before: int
    after: int
    before_share: float
    after_share: float
    ratio: float
    p: float
    q: float


@dataclass(frozen=True, slots=True)
class RisenTerms(Result):
    """All that rose, the surest first.

    Attributes:
        looked_at: how many terms were tested: those that at least ``fewest`` customers used in both periods together.
        customers_before, customers_after: who complained at all.
    """

    terms: tuple[RisenTerm, ...]
    looked_at: int
    customers_before: int
    customers_after: int
    fewest: int
    false_discoveries: float


def risen_terms(
    before: Iterable[Told],
    after: Iterable[Told],
    *,
    fewest: int = 5,
    false_discoveries: float = 0.05,
    most: int = 30,
) -> RisenTerms:
    """Test every term for a rise, with the false discoveries under control.

    Which terms are tested is decided by both periods together, never by the later one alone: that keeps the test exact
    (Bourgon, Gentleman and Huber, PNAS 107 (2010) 9546). What fewer than ``fewest`` customers said after is never told.

    Args:
        fewest: customers behind a term; 2 or more.
        false_discoveries: the expected share of terms that are told without a rise; between 0 and 1.
        most: terms to tell.

    Raises:
        WrongInput: a parameter is out of range, or there is no customer before or after.
    """
    fewest = count(fewest, "the fewest customers", minimum=2)
    level = share(false_discoveries, "the false discoveries")
    most = count(most, "the most terms", minimum=1)
    earlier, later = said_by_customer(before), said_by_customer(after)
    for when, said in (("before", earlier), ("after", later)):
        if not said:
            raise WrongInput(f"no customer complained {when}, so there is nothing to compare")
    old, new = (Counter(term for terms in said.values() for term in terms) for said in (earlier, later))
    names = sorted(term for term in {*old, *new} if old[term] + new[term] >= fewest)
    if not names:
        return RisenTerms((), 0, len(earlier), len(later), fewest, level)
    p_values = rise_p_values([old[name] for name in names], [new[name] for name in names], len(earlier), len(later))
    adjusted = scipy.stats.false_discovery_control(p_values, method="bh")
    found = [
        RisenTerm(
            term=name,
            before=old[name],
            after=new[name],
            before_share=old[name] / len(earlier),
            after_share=new[name] / len(later),
            ratio=(new[name] / len(later)) / (old[name] / len(earlier)) if old[name] else np.inf,
            p=float(p),
            q=float(q),
        )
        for name, p, q in zip(names, p_values, adjusted, strict=True)
        if q <= level and new[name] >= fewest
    ]
    # Of several names for the same the longest, which says most.
    found.sort(key=lambda one: (one.p, -len(one.term), one.term))
    told = without_overlaps([one.term for one in found], later, most)
    by_name = {one.term: one for one in found}
    return RisenTerms(
        tuple(by_name[name] for name in told), len(names), len(earlier), len(later), fewest, level
    )  # fmt: skip


def said_by_customer(told: Iterable[Told]) -> dict[int, set[str]]:
    """All terms of each customer."""
    said: dict[int, set[str]] = defaultdict(set)
    for one in told:
        said[one.customer].update(one.terms)
    return dict(said)


def rise_p_values(before: Sequence[int], after: Sequence[int], all_before: int, all_after: int) -> np.ndarray[
    tuple[int], np.dtype[np.float64]
]:  # fmt: skip
    """Fisher's exact test, one-sided, of many pairs of counts at once.

    Args:
        before, after: of all those who ``all_before`` and ``all_after`` are.
    """
    pairs = np.stack([np.add(before, after), np.asarray(after)], axis=1)
    # The same small counts come again and again.
    different, which = np.unique(pairs, axis=0, return_inverse=True)
    chances = scipy.stats.hypergeom.sf(different[:, 1] - 1, all_before + all_after, different[:, 0], all_after)
    p_values: np.ndarray[tuple[int], np.dtype[np.float64]] = np.clip(chances, 0.0, 1.0)[which.reshape(-1)]
    return p_values


def without_overlaps(terms: Sequence[str], said: dict[int, set[str]], most: int) -> list[str]:
    """The terms in their order without those that are only another part of a phrase named before.

    Args:
        said: the terms of each customer, by which it is seen whether two terms are one phrase.
    """
    kept: list[str] = []
    holders: dict[str, frozenset[int]] = {}

    def of(term: str) -> frozenset[int]:
        if term not in holders:
            holders[term] = frozenset(customer for customer, terms in said.items() if term in terms)
        return holders[term]

    for term in terms:
        if len(kept) == most:
            break
        if not any(overlap(term, other) and _together(of(term), of(other)) >= _ONE_PHRASE for other in kept):
            kept.append(term)
    return kept


def _together(first: frozenset[int], second: frozenset[int]) -> float:
    return len(first & second) / len(first | second) if first or second else 0.0
