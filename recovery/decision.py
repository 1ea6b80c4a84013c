"""What to offer whom: from what is known of a complaint to ranked offers (domain.md section 5; S0, 价值导向).

A pure function. Which remedies fit a failure the firm's rules say; how much of what they leave room for, and in which
order, follows from what an offer is expected to keep and to cost (:mod:`recovery.value`); who may grant it, from the
limits (:mod:`recovery.authority`). Every offer says why it stands where it does.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any

from recovery.authority import Account, Bound
from recovery.budgets import BudgetLeft
from recovery.failures import Dimension, fixed_category, leading_category
from recovery.money import Money
from recovery.policy import RemedyPolicy, RemedyRule
from recovery.remedies import (
    OUTCOME_REMEDIES,
    Authority,
    Choice,
    ProposedRemedy,
    RemedyKind,
    cost_of,
)
from recovery.severity import Severity
from recovery.value import Experience, Situation, ValuePriors, Worth, shadow_price, worth_of

# So many stand side by side; more nobody reads (domain.md section 3: two or three).
CHOICES_SHOWN = 3
# Where the firm leaves room, so many amounts from the least to the most are weighed.
_STEPS = 5
# Somebody who must be asked first keeps the customer waiting; delay makes recovery dearer and worse (S0).
_APPROVAL_TAKES = timedelta(hours=2)


class ChooseBy(StrEnum):
    TABLE = "table"
    OPTIMUM = "optimum"


class Timing(StrEnum):
    """When a remedy is done, once it is granted."""

    AT_ONCE = "at_once"
    BY_A_PERSON = "by_a_person"


_AT_ONCE = frozenset({RemedyKind.APOLOGY, RemedyKind.REFUND, RemedyKind.VOUCHER, RemedyKind.PRIORITY})


class ReasonKey(StrEnum):
    """Why an offer stands where it does; the words are the catalogue's."""

    WISHED = "wished"
    PREFERRED = "preferred"
    BY_VALUE = "by_value"
    AS_WRITTEN = "as_written"
    OWED = "owed"
    BUDGET_SPENT = "budget_spent"
    MORE_THAN_BEFORE = "more_than_before"
    FREE = "free"
    BY_WISH = "by_wish"
    WISH_FOR_PERSON = "wish_for_person"
    PLAYBOOK = "playbook"


class NothingToOffer(StrEnum):
    """Why there is no offer, and a person has to look."""

    NO_RULE = "no_rule"
    BUDGET_SPENT = "budget_spent"
    NONE_LEFT = "none_left"


@dataclass(frozen=True, slots=True)
class AssessedComplaint:
    """How the failure was judged.

    Attributes:
        categories: what leads stands first.
        waited: since the complaint was heard.
    """

    categories: tuple[str, ...]
    severity: Severity
    dimension: Dimension = Dimension.OUTCOME
    emotion: int = 0
    waited: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class CustomerKnown:
    """What is known of the customer.

    Attributes:
        value_minor: what they were worth within the time that tiers go by; None where that is not known.
        preferred, avoided: kinds of remedies that they like, or that are not to be offered to them.
    """

    tier: str = "regular"
    value_minor: int | None = None
    preferred: frozenset[str] = frozenset()
    avoided: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class FactsKnown:
    """The facts on file.

    Attributes:
        order_total: of the order that belongs to the customer; None where there is none (then nothing that needs an
            order is offered).
        account: what was granted before.
        wished: a kind of remedy that the customer named.
        declined: what was put to them before and would not do.
    """

    order_total: Money | None = None
    account: Account = field(default_factory=Account)
    wished: str | None = None
    declined: tuple[tuple[ProposedRemedy, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, in one line: a key of the catalogue and what it takes."""

    key: ReasonKey
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RankedOffer:
    """One choice put to the customer.

    Attributes:
        cost: what it counts for against every limit.
        outcome_minor: of that, what makes good what was delivered; the rest of the offer makes good how.
        timing: when each remedy is done.
        authority: who may grant it; ``bound``: the limit that made it so.
        rule: the policy rule that licenses it, and who approved that rule.
        worth: what is expected of it; None where the firm goes by the table alone.
    """

    remedies: tuple[ProposedRemedy, ...]
    cost: Money
    authority: Authority
    rule: str
    approved_by: str
    outcome_minor: int
    timing: tuple[tuple[RemedyKind, Timing], ...]
    reason: Reason
    bound: Bound = Bound.NONE
    worth: Worth | None = None

    @property
    def process(self) -> tuple[RemedyKind, ...]:
        """The process remedies (过程补救) of the offer."""
        return tuple(r.kind for r in self.remedies if r.kind not in OUTCOME_REMEDIES)


@dataclass(frozen=True, slots=True)
class Decision:
    """The offers, the first one first; or why there is none."""

    offers: tuple[RankedOffer, ...]
    nothing: NothingToOffer | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """Everything a firm decides by.

    Attributes:
        priors: what is expected of remedies before the firm's own experience; None: the table alone is gone by.
    """

    remedies: RemedyPolicy
    choose_by: ChooseBy = ChooseBy.TABLE
    priors: ValuePriors | None = None
    experience: Experience = field(default_factory=Experience)


def decide(
    complaint: AssessedComplaint,
    customer: CustomerKnown,
    facts: FactsKnown,
    policy: Policy,
    budget: BudgetLeft | None = None,
) -> Decision:
    """The offers that fit, ranked, at most :data:`CHOICES_SHOWN`.

    No offer exceeds an authority, a cap or the budget: what nobody may grant is not there, what costs more than is left
    of the budget falls back to what costs nothing (rules that the law owes are never withheld), and each says
    who may grant it.
    """
    return _Deciding(complaint, customer, facts, policy, budget or BudgetLeft()).decide()


@dataclass(frozen=True, slots=True)
class _Deciding:
    complaint: AssessedComplaint
    customer: CustomerKnown
    facts: FactsKnown
    policy: Policy
    budget: BudgetLeft

    def decide(self) -> Decision:
        rules, found = self.policy.remedies, self._choices()
        if not found:
            return Decision((), NothingToOffer.NO_RULE)
        offers, budget_spent = [], False
        for rule, choice in found:
            candidates = self._candidates(rule, choice)
            if not rule.owed and self.budget.minor is not None:
                within = [one for one in candidates if one.cost.minor <= (self.budget.minor if one.cost.minor else 0)]
                budget_spent = budget_spent or (bool(candidates) and not within)
                candidates = within
            if candidates:
                offers.append(self._best(rule, candidates))
        if not offers:
            return Decision((), NothingToOffer.BUDGET_SPENT if budget_spent else NothingToOffer.NONE_LEFT)
        leading = rules.rule_for(self.complaint.categories, self.complaint.severity)
        in_order = self._in_order(offers, keep=leading is not None and leading.as_written)
        return Decision(tuple(self._with_reason(one, rank, budget_spent) for rank, one in enumerate(in_order, 1)))

    def _choices(self) -> list[tuple[RemedyRule, Choice]]:
        """The choices of the leading category's rule; where the wish is in none, those of the others that have it."""
        rules, severity, categories = self.policy.remedies, self.complaint.severity, self.complaint.categories
        rule = rules.rule_for(categories, severity)
        if rule is None:
            return []
        found, wished = [(rule, choice) for choice in rule.choices], self.facts.wished
        if wished is not None and not any(choice.has(wished) for _, choice in found):
            others = dict.fromkeys(rules.rule_for([category], severity) for category in categories)
            found += [(other, choice) for other in others if other for choice in other.choices if choice.has(wished)]
        liked = [one for one in found if not any(one[1].has(kind) for kind in self.customer.avoided - {wished})]
        # What somebody does not like is still better than nothing at all.
        return liked or found

    def _candidates(self, rule: RemedyRule, choice: Choice) -> list[RankedOffer]:
        """A choice at the amounts that may be weighed, the least first; none where it cannot be given."""
        total, rules = self.facts.order_total, self.policy.remedies
        if choice.needs_order and total is None:
            return []
        in_full = rule.as_written or self._goes_by_table
        room = any(term.leaves_room for term in choice.terms) and not in_full
        steps = [number / (_STEPS - 1) for number in range(_STEPS)] if room else [1.0]
        account = replace(self.facts.account, budget_left_minor=None)  # asked for by itself, in decide()
        found: dict[tuple[ProposedRemedy, ...], RankedOffer] = {}
        for step in steps:
            remedies = tuple(term.priced(total, rules.currency, step) for term in choice.terms)
            amounts = [remedy.amount for remedy in remedies if remedy.amount is not None]
            if any(amount.currency != rules.currency or amount.minor == 0 for amount in amounts):
                # Limits are in one currency, another one is for a person to judge; and of nothing no money would move.
                continue
            if cost_of(remedies) and total is not None and total.currency != rules.currency and not amounts:
                continue
            if any(_is_no_more(remedies, before) for before in self.facts.declined):
                continue
            ruling = rules.rule_on(remedies, account, total)
            if ruling.authority is not Authority.NOBODY:
                found[remedies] = RankedOffer(
                    remedies,
                    Money(cost_of(remedies), rules.currency),
                    ruling.authority,
                    rule.id,
                    rule.approved_by,
                    sum(r.counts_minor for r in remedies if r.kind in OUTCOME_REMEDIES),
                    timing_of(remedies),
                    Reason(ReasonKey.AS_WRITTEN),
                    ruling.bound,
                )
        return list(found.values())

    @property
    def _goes_by_table(self) -> bool:
        return self.policy.choose_by is ChooseBy.TABLE or self.policy.priors is None

    def _best(self, rule: RemedyRule, candidates: list[RankedOffer]) -> RankedOffer:
        """Of the amounts of one choice the one that keeps most beyond its price; in full where the table is gone by."""
        if self._goes_by_table:
            return candidates[-1]
        valued = [replace(one, worth=self._worth(one)) for one in candidates]
        # Of two that are worth the same the one that gives the customer more.
        return max(reversed(valued), key=self._net) if not rule.as_written else valued[-1]

    def _worth(self, offer: RankedOffer) -> Worth:
        assert self.policy.priors is not None
        complaint, total = self.complaint, self.facts.order_total
        rules = self.policy.remedies
        leading = leading_category(complaint.categories, rules.like)
        waited = complaint.waited + (timedelta(0) if offer.authority is Authority.BOT else _APPROVAL_TAKES)
        situation = Situation(
            category=leading,
            fixed=fixed_category(leading, rules.like),
            dimension=complaint.dimension,
            severity=complaint.severity,
            tier=self.customer.tier,
            emotion=complaint.emotion,
            waited=waited,
            at_stake_minor=total.minor if total is not None and total.currency == rules.currency else None,
            customer_value_minor=self._customer_value(),
        )
        return worth_of(self.policy.priors, self.policy.experience, situation, offer.remedies)

    def _customer_value(self) -> int:
        assert self.policy.priors is not None
        return self.policy.priors.value_of(self.customer.tier, self.customer.value_minor)

    def _net(self, offer: RankedOffer) -> float:
        """What an offer keeps beyond its cost, where a unit of the budget is worth what it could do elsewhere."""
        assert offer.worth is not None and self.policy.priors is not None
        price = shadow_price(self.policy.priors, self.budget.share, self.budget.day)
        return offer.worth.net_minor - price * offer.worth.cost_minor

    def _in_order(self, offers: list[RankedOffer], keep: bool) -> list[RankedOffer]:
        """The wish first, then what the customer likes, then by what each keeps; no more than are shown."""

        def rank(offer: RankedOffer) -> tuple[bool, bool, float]:
            kinds = {str(remedy.kind) for remedy in offer.remedies}
            by_value = 0.0 if keep or offer.worth is None else -self._net(offer)
            return self.facts.wished not in kinds, not kinds & self.customer.preferred, by_value

        return sorted(offers, key=rank)[:CHOICES_SHOWN]

    def _with_reason(self, offer: RankedOffer, rank: int, budget_spent: bool) -> RankedOffer:
        kinds = {str(remedy.kind) for remedy in offer.remedies}
        rule = next(rule for rule in self.policy.remedies.rules if rule.id == offer.rule)
        if self.facts.wished in kinds:
            key = ReasonKey.WISHED
        elif kinds & self.customer.preferred:
            key = ReasonKey.PREFERRED
        elif budget_spent and not offer.cost.minor:
            key = ReasonKey.BUDGET_SPENT
        elif rule.owed and offer.cost.minor:
            key = ReasonKey.OWED
        elif self.facts.declined and offer.cost.minor:
            key = ReasonKey.MORE_THAN_BEFORE
        elif offer.worth is not None and not rule.as_written:
            key = ReasonKey.BY_VALUE if offer.cost.minor else ReasonKey.FREE
        else:
            key = ReasonKey.AS_WRITTEN
        values: dict[str, Any] = {"rank": rank}
        if offer.worth is not None:
            values |= {"acceptance": offer.worth.acceptance.mean, "net_minor": offer.worth.net_minor}
        return replace(offer, reason=Reason(key, values))


def timing_of(remedies: Iterable[ProposedRemedy]) -> tuple[tuple[RemedyKind, Timing], ...]:
    """When each remedy is done, once it is granted."""
    return tuple((r.kind, Timing.AT_ONCE if r.kind in _AT_ONCE else Timing.BY_A_PERSON) for r in remedies)


def _is_no_more(remedies: Iterable[ProposedRemedy], before: Sequence[ProposedRemedy]) -> bool:
    """Whether an offer is one that was declined, or less of the same."""
    offered = tuple(remedies)
    return {r.kind for r in offered} == {r.kind for r in before} and cost_of(offered) <= cost_of(before)
