"""One way of deciding, played over a period of complaints: offers, answers, budget, and what is learnt on the way."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from actions.simulating.cases import DAYS, ROUNDS, Complaint, taste
from actions.simulating.worlds import World
from recovery.authority import Account
from recovery.budgets import IN_ALL, budget_left
from recovery.decision import AssessedComplaint, CustomerKnown, FactsKnown, Policy, RankedOffer, decide
from recovery.experience import Cell, CellKey, Counts, Experience, add_up
from recovery.money import Money
from recovery.remedies import ProposedRemedy
from recovery.value import (
    Situation,
    ValuePriors,
    cell_of,
    cost_of_taking,
    foresee_round,
    nothing_of,
    prior_retention,
)

# What was seen is learnt from once a week.
_LEARNT_EVERY = 7


@dataclass(slots=True)
class Learning:
    """What an arm has seen of its own offers, and will see once the time to come back has passed.

    Attributes:
        window: days after which it shows who came back.
    """

    priors: ValuePriors
    window: int
    counted: dict[CellKey, Cell] = field(default_factory=dict)
    to_come: list[tuple[int, Cell]] = field(default_factory=list)

    def answered(
        self, situation: Situation, offers: Sequence[RankedOffer], taken: int | None, declined: dict[str, float]
    ) -> None:
        """A round of choices was answered; ``declined`` as in :func:`recovery.value.foresee_round`."""
        foreseen = foresee_round(self.priors, [(situation, offer.remedies) for offer in offers], declined)
        add_up(
            self.counted,
            (Cell(key, Counts(1.0, float(number == taken), chance)) for number, (key, chance) in enumerate(foreseen)),
        )

    def settled(self, day: int, situation: Situation, taken: Sequence[ProposedRemedy] | None, back: bool) -> None:
        """A complaint was settled; whether the customer came back shows later."""
        if taken is None:
            key, foreseen = nothing_of(situation), self.priors.retention.without[situation.severity]
        else:
            key, foreseen = cell_of(self.priors, situation, taken), prior_retention(self.priors, situation)
        self.to_come.append((day + self.window, Cell(key, customers=Counts(1.0, float(back), foreseen))))

    def experience(self, day: int) -> Experience:
        """What is known on a day."""
        add_up(self.counted, (cell for shows, cell in self.to_come if shows <= day))
        self.to_come = [one for one in self.to_come if one[0] > day]
        return Experience.of(self.counted.values())


@dataclass(frozen=True, slots=True)
class Year:
    """What came of it. Amounts in minor units of the firm's currency.

    Who comes back is counted by the chance of it, not by whether they happened to: this takes away noise and nothing
    else. Whoever decides learns from what happened.

    Attributes:
        retained: customers that come back.
        kept_minor: what is lost with a customer, over all that came back.
        cost_minor: what the granted remedies cost the firm.
        granted_minor: what they counted for against the budgets; ``over_minor``: of that beyond a day's budget, owed by
            law.
        offered, accepted: complaints that got an offer, and those in which one was taken.
        budget_minor: of all days together; None where no budget binds.
        nets: value kept minus cost by segment, such as ``tier:vip`` or ``category:delivery``.
    """

    cases: int
    offered: int
    accepted: int
    retained: float
    kept_minor: int
    cost_minor: int
    granted_minor: int
    over_minor: int
    budget_minor: int | None
    nets: Mapping[str, int]

    @property
    def net_minor(self) -> int:
        return self.kept_minor - self.cost_minor


def play(
    policy: Policy,
    complaints: Sequence[Complaint],
    world: World,
    truth: ValuePriors,
    learning: Learning | None = None,
    days: int = DAYS,
    tell: Callable[[int], None] | None = None,
) -> Year:
    """Decide every complaint, in its order.

    Args:
        policy: its budgets are kept day by day.
        truth: what customers are worth and remedies cost.
        learning: what is seen goes into the decisions of the following weeks; None: decides by the policy's experience
            throughout.
        days: length of the period.
        tell: is told after each complaint how many there were.
    """
    rules = policy.remedies
    spent: dict[str, int] = {}
    today, learnt_on = -1, 0
    offered = accepted = granted = over = 0
    kept, cost, retained, nets = 0.0, 0.0, 0.0, dict[str, float]()
    for number, one in enumerate(complaints, 1):
        situation = one.situation
        if one.day != today:
            today, spent = one.day, {}
            if learning is not None and today >= learnt_on + _LEARNT_EVERY:
                policy, learnt_on = replace(policy, experience=learning.experience(today)), today
        taken: RankedOffer | None = None
        declined: list[tuple[ProposedRemedy, ...]] = []
        foreseen: dict[str, float] = {}
        had_offer = False
        for _ in range(ROUNDS):
            left = budget_left(rules.budgets, situation.category, spent, one.day_left)
            facts = _facts(situation, rules.currency, declined)
            offers = decide(_complaint(situation), _customer(one), facts, policy, left).offers
            if not offers:
                break
            had_offer = True
            chosen = _choose(world, situation, offers, one.tastes)
            if learning is not None:
                learning.answered(situation, offers, chosen, foreseen)
            if chosen is not None:
                taken = offers[chosen]
                if left.minor is not None:
                    over += max(0, taken.cost.minor - left.minor)
                break
            declined += [offer.remedies for offer in offers]
            if one.patience >= world.stays:
                break
        remedies = None if taken is None else taken.remedies
        chance = world.comes_back(situation, remedies, one.day / days)
        price = 0.0
        if taken is not None:
            for key in (IN_ALL, situation.category):
                spent[key] = spent.get(key, 0) + taken.cost.minor
            granted += taken.cost.minor
            price = cost_of_taking(truth, taken.remedies)
        if learning is not None and had_offer:
            learning.settled(one.day, situation, remedies, one.loyalty < chance)
        offered, accepted, retained = offered + had_offer, accepted + (taken is not None), retained + chance
        worth = chance * truth.lost_with(situation.customer_value_minor)
        kept, cost = kept + worth, cost + price
        for segment in (f"tier:{situation.tier}", f"severity:{situation.severity}", f"category:{situation.category}"):
            nets[segment] = nets.get(segment, 0.0) + worth - price
        if tell is not None:
            tell(number)
    per_day = rules.budgets.per_day
    return Year(
        cases=len(complaints),
        offered=offered,
        accepted=accepted,
        retained=retained,
        kept_minor=int(kept),
        cost_minor=int(cost),
        granted_minor=granted,
        over_minor=over,
        budget_minor=None if per_day is None else per_day * days,
        nets={segment: int(net) for segment, net in nets.items()},
    )


def _choose(world: World, situation: Situation, offers: Sequence[RankedOffer], tastes: int) -> int | None:
    """Which of the offers the customer takes; None for none. The same tastes meet the same remedies, however ranked."""
    best, most = None, taste(tastes, "")
    for number, offer in enumerate(offers):
        kinds = "+".join(sorted(remedy.kind.value for remedy in offer.remedies))
        liking = world.inclination(situation, offer.remedies) + taste(tastes, kinds)
        if liking > most:
            best, most = number, liking
    return best


def _complaint(situation: Situation) -> AssessedComplaint:
    return AssessedComplaint(
        (situation.category,), situation.severity, situation.dimension, situation.emotion, situation.waited
    )


def _customer(one: Complaint) -> CustomerKnown:
    return CustomerKnown(one.situation.tier, one.bought_minor)


def _facts(situation: Situation, currency: str, declined: list[tuple[ProposedRemedy, ...]]) -> FactsKnown:
    total = situation.at_stake_minor
    return FactsKnown(None if total is None else Money(total, currency), Account(), None, tuple(declined))
