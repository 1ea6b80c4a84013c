"""What a customer names themselves: granted, brought to somebody who may, or refused in plain words (S0, ISO 10002)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from recovery.authority import RISING, Account, Bound
from recovery.money import Money
from recovery.policy import RemedyPolicy, RemedyRule
from recovery.remedies import NEEDS_ORDER, WITH_AMOUNT, Authority, ProposedRemedy, RemedyKind
from recovery.severity import Severity


class WishOutcome(StrEnum):
    GRANTED = "granted"
    FOR_A_PERSON = "for_a_person"
    BEYOND_EVERYONE = "beyond_everyone"
    # The customer must say more, or prove an order, before anybody could grant it.
    INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True)
class WishRuling:
    """What becomes of a wish.

    Attributes:
        remedy: with its amount; None where it is incomplete.
        authority: who may grant it.
        rule: that licenses it where it is granted at once, and who approved that rule; else None.
    """

    outcome: WishOutcome
    remedy: ProposedRemedy | None = None
    authority: Authority = Authority.NOBODY
    bound: Bound = Bound.NONE
    rule: RemedyRule | None = None


def judge_wish(
    policy: RemedyPolicy,
    categories: Sequence[str],
    severity: Severity,
    order_total: Money | None,
    account: Account,
    kind: RemedyKind,
    amount_minor: int | None,
) -> WishRuling:
    """What becomes of the wish for ``kind``.

    Within what a rule for one of the failures licenses, and within the bot's authority, it is granted; above either, it
    is brought to whoever may; beyond everyone's authority nobody is bothered, and the customer is told.

    Args:
        order_total: of the order that belongs to the customer; None where there is none.
        amount_minor: as the customer named it, in minor units; None where they named none.
    """
    if kind in NEEDS_ORDER and (order_total is None or order_total.currency != policy.currency):
        return WishRuling(WishOutcome.INCOMPLETE)
    if kind in WITH_AMOUNT and not amount_minor:
        return WishRuling(WishOutcome.INCOMPLETE)
    remedy, licence = _price(policy, categories, severity, order_total, kind, amount_minor)
    if licence is not None and licence.owed:
        account = replace(account, budget_left_minor=None)
    ruling = policy.rule_on([remedy], account, order_total)
    if ruling.authority is Authority.NOBODY:
        return WishRuling(WishOutcome.BEYOND_EVERYONE, remedy, ruling.authority, ruling.bound)
    if licence is not None and ruling.authority is Authority.BOT:
        return WishRuling(WishOutcome.GRANTED, remedy, ruling.authority, ruling.bound, licence)
    # What no rule licenses is for a person to judge, however small (GB/T 47746-2026).
    authority = max(ruling.authority, Authority.AGENT, key=RISING.index)
    return WishRuling(WishOutcome.FOR_A_PERSON, remedy, authority, ruling.bound)


def _price(
    policy: RemedyPolicy,
    categories: Sequence[str],
    severity: Severity,
    order_total: Money | None,
    kind: RemedyKind,
    amount_minor: int | None,
) -> tuple[ProposedRemedy, RemedyRule | None]:
    """The wished remedy, and the rule that licenses it at this price."""
    rules = dict.fromkeys(policy.rule_for([category], severity) for category in [*categories[:1], *categories])
    terms = [(rule, term) for rule in rules if rule for term in rule.wishes if term.kind is kind]
    if kind in WITH_AMOUNT:
        wished = ProposedRemedy(kind, Money(amount_minor or 0, policy.currency), amount_minor or 0)
    elif terms:
        wished = terms[0][1].priced(order_total, policy.currency)
    else:
        from_order = kind in NEEDS_ORDER and order_total is not None
        wished = ProposedRemedy(kind, None, order_total.minor if from_order and order_total else 0)
    for rule, term in terms:
        most = term.priced(order_total, policy.currency)
        if wished.counts_minor <= most.counts_minor:
            return wished, rule
    return wished, None
