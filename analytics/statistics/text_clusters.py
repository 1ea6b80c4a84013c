"""Complaints that say alike things, where no category fits: a candidate for a category of its own."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from analytics.sigma import WrongInput
from analytics.statistics.inputs import count, share
from analytics.statistics.mix_change import holm
from analytics.statistics.novelty import Told, rise_p_values, said_by_customer, without_overlaps
from analytics.statistics.result import Result

# Distances of all pairs are kept at once.
MOST_TEXTS = 3000
_MOST_TERMS = 6


@dataclass(frozen=True, slots=True)
class TextCluster(Result):
    """Complaints that say alike things.

    Attributes:
        terms: what they say and others do not, each from at least ``fewest`` of their customers.
        members: positions of the complaints in what was given.
        before, after: customers of each period.
        alike: mean similarity of two complaints in it, 0 to 1.
        p: exact, one-sided, of no rise among all these complaints; adjusted for the number of clusters (Holm 1979).
            None where a period has no complaint.
    """

    terms: tuple[str, ...]
    members: tuple[int, ...]
    before: int
    after: int
    alike: float
    p: float | None


def text_clusters(
    told: Sequence[Told],
    later: Sequence[bool],
    *,
    fewest: int = 5,
    alike: float = 0.2,
    common: Collection[str] = (),
) -> tuple[TextCluster, ...]:
    """Group complaints by their terms, weighted by rarity (tf-idf, cosine), average linkage (Sokal and Michener 1958).

    The period plays no part in the grouping, so the test for a rise stays exact.

    Args:
        told: at most ``MOST_TEXTS``.
        later: the complaint is of the later period.
        fewest: customers behind a cluster, and behind each of its terms; 2 or more.
        alike: mean similarity that two groups must have to be joined, above 0 and below 1.
        common: terms that complaints of every kind share; they tell none apart.

    Returns:
        The clusters, those with most customers of the later period first.

    Raises:
        WrongInput: a parameter is out of range, lengths differ, or there are too many texts.
    """
    fewest = count(fewest, "the fewest customers", minimum=2)
    alike = share(alike, "the similarity")
    if len(told) != len(later):
        raise WrongInput(f"{len(told)} complaints but {len(later)} periods")
    if len(told) > MOST_TEXTS:
        raise WrongInput(f"{len(told)} complaints are too many to compare each with each: {MOST_TEXTS} at most")
    positions, weights = _weighted(told, fewest, common)
    if len(positions) < 2:
        return ()
    near = np.asarray((weights @ weights.T).todense())
    distances = np.clip(1 - near, 0.0, 1.0)
    np.fill_diagonal(distances, 0.0)
    joined = scipy.cluster.hierarchy.linkage(scipy.spatial.distance.squareform(distances, checks=False), "average")
    labels = scipy.cluster.hierarchy.fcluster(joined, 1 - alike, "distance")
    everybody = len({one.customer for one in told})
    found = []
    for label in range(1, int(labels.max()) + 1):
        places = np.flatnonzero(labels == label)
        members = [positions[place] for place in places]
        if len({told[at].customer for at in members}) < fewest:
            continue
        terms = _terms_of_cluster(told, members, fewest, everybody)
        if terms:
            pairs = near[np.ix_(places, places)][np.triu_indices(len(places), 1)]
            found.append((members, terms, float(pairs.mean())))

    def customers(members: Iterable[int], when: bool) -> int:
        return len({told[at].customer for at in members if later[at] == when})

    before = [customers(members, False) for members, _, _ in found]
    after = [customers(members, True) for members, _, _ in found]
    all_before, all_after = customers(range(len(told)), False), customers(range(len(told)), True)
    p_values: list[float | None] = [None] * len(found)
    if found and all_before and all_after:
        p_values = list(holm(rise_p_values(before, after, all_before, all_after).tolist()))
    clusters = [
        TextCluster(tuple(terms), tuple(members), earlier, now, mean, p)
        for (members, terms, mean), earlier, now, p in zip(found, before, after, p_values, strict=True)
    ]
    return tuple(sorted(clusters, key=lambda one: (-one.after, -one.before, one.terms)))


def _weighted(
    told: Sequence[Told], fewest: int, common: Collection[str]
) -> tuple[list[int], "scipy.sparse.csr_matrix"]:
    """Which complaints say anything that others say, too, and their terms as rows of length 1."""
    spread = Counter(term for terms in said_by_customer(told).values() for term in terms)
    kept = sorted(term for term, number in spread.items() if number >= fewest and term not in common)
    columns = {term: at for at, term in enumerate(kept)}
    positions, starts, indices, values = [], [0], [], []
    for position, one in enumerate(told):
        terms = [term for term in one.terms if term in columns]
        if not terms:
            continue
        weights = np.log(len(told) / np.array([spread[term] for term in terms])) + 1
        positions.append(position)
        indices += [columns[term] for term in terms]
        values += (weights / np.linalg.norm(weights)).tolist()
        starts.append(len(indices))
    return positions, scipy.sparse.csr_matrix((values, indices, starts), shape=(len(positions), max(len(columns), 1)))


def _terms_of_cluster(told: Sequence[Told], members: Sequence[int], fewest: int, everybody: int) -> list[str]:
    inside = said_by_customer(told[at] for at in members)
    outside = said_by_customer(one for at, one in enumerate(told) if at not in set(members))
    here = Counter(term for terms in inside.values() for term in terms)
    there = Counter(term for terms in outside.values() for term in terms)
    others = max(everybody - len(inside), 1)

    def lead(term: str) -> float:
        return here[term] / len(inside) - there[term] / others

    candidates = [term for term, number in here.items() if number >= fewest and lead(term) > 0]
    candidates.sort(key=lambda term: (-round(lead(term), 9), -len(term), term))
    return without_overlaps(candidates, inside, _MOST_TERMS)
