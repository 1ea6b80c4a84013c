"""Question: which words, and which groups of complaints, are new and have no category yet?"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

from pydantic import Field, model_validator

from analytics.complaint_texts import OTHER, ComplaintWords, complaint_words
from analytics.periods import FIRST_DAY, LAST_DAY, Period
from analytics.questions.novelty_text import novelty_text
from analytics.questions.question import PeriodQuestion, Span
from analytics.sigma import WrongInput
from analytics.statistics.novelty import RisenTerm, RisenTerms, Told, risen_terms, said_by_customer
from analytics.statistics.text_clusters import MOST_TEXTS, TextCluster, text_clusters
from analytics.surroundings import Surroundings
from store.database import UnitOfWork

# Days that are looked at where nothing else is asked, and days before them to compare with.
_DAYS, _BEFORE = 28, 84
_MOST_CASES = 5
# What more than so many of the customers say whose complaints have a category is no topic of its own.
_COMMON = 0.1
_MOST_CATEGORIES = 3
LEVEL = 0.05


class NoveltyQuestion(PeriodQuestion):
    """What is new?"""

    against: Span | None = Field(
        None, description=f"the time before to compare with, such as 2026-07-01:2026-09-30; {_BEFORE} days without"
    )
    customers: int = Field(5, ge=3, le=1000, description="how many different customers must stand behind what is told")
    false_discoveries: float = Field(
        0.05, gt=0, lt=0.5, description="share of the words told that may be there by chance"
    )
    unsure: float = Field(
        0.5, ge=0, le=1, description="below this confidence of the bot's reading no category is taken to fit"
    )
    most: int = Field(30, ge=1, le=200, description="how many words, the surest first")
    read: int = Field(5000, ge=10, le=20_000, description="how many complaints to read of each period, the newest")

    @model_validator(mode="after")
    def _before_comes_first(self) -> Self:
        if self.against is not None and (self.against.since is None or self.against.until is None):
            raise ValueError("against: both ends of the time before are needed")
        if self.against is not None and self.since and self.against.until and self.against.until >= self.since:
            raise ValueError(f"against: the time before must end before {self.since}")
        return self

    def answer(self, work: UnitOfWork, around: Surroundings) -> "NoveltyAnswer":
        now, before = self._periods(work.now.astimezone(around.zone).date())
        later = list(complaint_words(work, around, now, unsure=self.unsure, most=self.read))
        earlier = list(complaint_words(work, around, before, unsure=self.unsure, most=self.read))
        words, no_words = self._words(earlier, later)
        around.go_on()
        return NoveltyAnswer(
            question=self,
            zone=around.zone.key,
            period=now,
            before=before,
            read=(len(earlier), len(later)),
            tested=words,
            words=tuple(_seen(term, later) for term in words.terms) if words else (),
            no_words=no_words,
            clusters=self._clusters(earlier, later),
            cut=max(len(earlier), len(later)) >= self.read,
        )

    def _periods(self, today: Any) -> tuple[Period, Period]:
        # Today counts, too: what is new should be seen at once.
        until = self.until or max(today, self.since or today)
        since = self.since or max(until - timedelta(days=_DAYS - 1), FIRST_DAY)
        if not FIRST_DAY < since <= LAST_DAY:
            raise WrongInput(f"since: there is no time before {since}")
        last = since - timedelta(days=1)
        before = self.against or Period(max(last - timedelta(days=_BEFORE - 1), FIRST_DAY), last)
        if before.until is not None and before.until >= since:
            raise WrongInput(f"against: the time before must end before {since}")
        return Period(since, until), before

    def _words(
        self, earlier: Sequence[ComplaintWords], later: Sequence[ComplaintWords]
    ) -> tuple[RisenTerms | None, str | None]:
        try:
            return risen_terms(
                (Told(one.customer_id, one.terms) for one in earlier),
                (Told(one.customer_id, one.terms) for one in later),
                fewest=self.customers,
                false_discoveries=self.false_discoveries,
                most=self.most,
            ), None
        except WrongInput as error:
            return None, str(error)

    def _clusters(
        self, earlier: Sequence[ComplaintWords], later: Sequence[ComplaintWords]
    ) -> tuple["SeenCluster", ...]:
        looked_at = [(one, when) for complaints, when in ((later, True), (earlier, False)) for one in complaints]
        uncovered = [(one, when) for one, when in looked_at if one.uncovered][:MOST_TEXTS]
        found = text_clusters(
            [Told(one.customer_id, one.terms) for one, _ in uncovered],
            [when for _, when in uncovered],
            fewest=self.customers,
            common=_common(one for one, _ in looked_at if not one.uncovered),
        )
        return tuple(
            SeenCluster(cluster, tuple(uncovered[at][0].number for at in cluster.members[:_MOST_CASES]))
            for cluster in found
        )


@dataclass(frozen=True, slots=True)
class SeenWord:
    """A word that rose, and where it was seen.

    Attributes:
        uncovered: share of the complaints with it for which the taxonomy has no fitting category.
        categories: of the complaints with it, the most frequent, with how many.
        cases: numbers of the newest of them, to be read at the desk by who may.
    """

    term: RisenTerm
    uncovered: float
    categories: tuple[tuple[str, int], ...]
    cases: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            **self.term.to_json(),
            "uncovered": self.uncovered,
            "categories": [{"category": key, "complaints": number} for key, number in self.categories],
            "cases": list(self.cases),
        }


@dataclass(frozen=True, slots=True)
class SeenCluster:
    """Complaints without a fitting category that say alike things; the newest case numbers."""

    cluster: TextCluster
    cases: tuple[str, ...]

    @property
    def is_rising(self) -> bool:
        return self.cluster.p is not None and self.cluster.p < LEVEL

    def to_json(self) -> dict[str, Any]:
        shown = {name: value for name, value in self.cluster.to_json().items() if name != "members"}
        return {**shown, "complaints": len(self.cluster.members), "rising": self.is_rising, "cases": list(self.cases)}


@dataclass(frozen=True, slots=True)
class NoveltyAnswer:
    """What rose, and what belongs together without a category.

    Attributes:
        read: complaints read, before and now.
        tested: None where there was nothing to compare; ``no_words`` says why.
        cut: there were more complaints than were read; only the newest count.
    """

    question: NoveltyQuestion
    zone: str
    period: Period
    before: Period
    read: tuple[int, int]
    tested: RisenTerms | None
    words: tuple[SeenWord, ...]
    no_words: str | None
    clusters: tuple[SeenCluster, ...]
    cut: bool

    @property
    def empty(self) -> bool:
        return not any(self.read)

    def to_json(self) -> dict[str, Any]:
        tested = self.tested
        return {
            "question": self.question.asked(),
            "zone": self.zone,
            "period": self.period.to_json(),
            "before": self.before.to_json(),
            "complaints": {"before": self.read[0], "after": self.read[1]},
            "customers": {"before": tested.customers_before, "after": tested.customers_after} if tested else None,
            "terms_tested": tested.looked_at if tested else 0,
            "words": [word.to_json() for word in self.words],
            "no_words": None if self.empty else self.no_words,
            "clusters": [cluster.to_json() for cluster in self.clusters],
            "only_the_newest": self.cut,
            "empty": self.empty,
        }

    def to_text(self) -> str:
        return novelty_text(self)

    def to_csv(self) -> Iterator[list[Any]]:
        """A heading and a row for each word and each group."""
        yield ["kind", "terms", "customers_before", "customers_after", "p", "q", "uncovered", "cases"]
        for word in self.words:
            term = word.term
            yield [
                "word", term.term, term.before, term.after, term.p, term.q, word.uncovered, " ".join(word.cases),
            ]  # fmt: skip
        for seen in self.clusters:
            found = seen.cluster
            yield [
                "group", "; ".join(found.terms), found.before, found.after, found.p, None, 1.0, " ".join(seen.cases),
            ]  # fmt: skip


def _common(complaints: Iterable[ComplaintWords]) -> frozenset[str]:
    """The terms that many customers use whose complaints have a category: words of complaints as such."""
    said = said_by_customer(Told(one.customer_id, one.terms) for one in complaints)
    spread = Counter(term for terms in said.values() for term in terms)
    return frozenset(term for term, number in spread.items() if number > _COMMON * len(said))


def _seen(term: RisenTerm, later: Sequence[ComplaintWords]) -> SeenWord:
    with_it = [one for one in later if term.term in one.terms]
    categories = Counter(one.category or OTHER for one in with_it)
    return SeenWord(
        term=term,
        uncovered=sum(one.uncovered for one in with_it) / len(with_it),
        categories=tuple(sorted(categories.items(), key=lambda pair: (-pair[1], pair[0]))[:_MOST_CATEGORIES]),
        cases=tuple(one.number for one in with_it[:_MOST_CASES]),
    )
