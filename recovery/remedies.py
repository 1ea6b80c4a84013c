"""Remedies, the firm's rules for offering them, and who may grant them (domain.md section 5)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from recovery.failures import Likeness, fixed_category, leading_category
from recovery.money import Money
from recovery.severity import Severity


class RemedyKind(StrEnum):
    APOLOGY = "apology"
    EXPLANATION = "explanation"
    REFUND = "refund"
    VOUCHER = "voucher"
    REPLACEMENT = "replacement"
    REDO = "redo"
    UPGRADE = "upgrade"
    GIFT = "gift"
    CALL_BACK = "call_back"
    PRIORITY = "priority"


# Nobody gets money on a guessed order number: these need an order that is the customer's.
NEEDS_ORDER = frozenset({RemedyKind.REFUND, RemedyKind.VOUCHER, RemedyKind.REPLACEMENT, RemedyKind.REDO})


class Authority(StrEnum):
    """Who may grant a remedy, from the front line up; ``nobody`` where it is beyond everyone."""

    BOT = "bot"
    AGENT = "agent"
    SUPERVISOR = "supervisor"
    MANAGER = "manager"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class RemedyTerm:
    """One remedy of a choice, as the firm writes it.

    Attributes:
        percent_of_order: share of the order's total, 1–100.
        amount_minor: a fixed amount in the policy's currency.
        at_most_minor: cap on ``percent_of_order``.
    """

    kind: RemedyKind
    percent_of_order: int | None = None
    amount_minor: int | None = None
    at_most_minor: int | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """Remedies that are offered together."""

    terms: tuple[RemedyTerm, ...]

    @property
    def needs_order(self) -> bool:
        return any(term.kind in NEEDS_ORDER for term in self.terms)

    def has(self, kind: str) -> bool:
        """Whether a remedy of this kind is among them."""
        return any(term.kind == kind for term in self.terms)


@dataclass(frozen=True, slots=True)
class RemedyRule:
    """What is offered for a failure; licensed by a named person (GB/T 47746-2026: a standardised process)."""

    id: str
    categories: tuple[str, ...]
    severities: tuple[Severity, ...]
    choices: tuple[Choice, ...]
    approved_by: str
    approved_on: date


@dataclass(frozen=True, slots=True)
class RemedyPolicy:
    """The firm's rules in order (the first that fits applies) and the limits of authority.

    Attributes:
        limits: by authority, the largest total in minor units of ``currency`` that it may grant for one complaint.
        like: the fixed category whose rules apply to one of the firm's own that no rule names.
    """

    currency: str
    rules: tuple[RemedyRule, ...]
    limits: dict[Authority, int]
    like: Likeness = field(default_factory=dict)

    def rule_for(self, categories: Sequence[str], severity: Severity) -> RemedyRule | None:
        """The rule for the leading category at this severity, or None where the firm has none."""
        leading = leading_category(categories, self.like)
        if not any(leading in rule.categories for rule in self.rules):
            leading = fixed_category(leading, self.like)
        for rule in self.rules:
            if leading in rule.categories and severity in rule.severities:
                return rule
        return None

    def authority_for(self, cost_minor: int) -> Authority:
        """The lowest authority whose limit covers ``cost_minor``; ``nobody`` where none does."""
        for authority in (Authority.BOT, Authority.AGENT, Authority.SUPERVISOR, Authority.MANAGER):
            if cost_minor <= self.limits.get(authority, 0):
                return authority
        return Authority.NOBODY

    def authority_to_grant(self, cost_minor: int, already_granted_minor: int) -> Authority:
        """Who may grant ``cost_minor`` on top of what was granted before; what costs nothing is within every limit."""
        return self.authority_for(cost_minor + already_granted_minor) if cost_minor else Authority.BOT


@dataclass(frozen=True, slots=True)
class ProposedRemedy:
    kind: RemedyKind
    amount: Money | None = None


@dataclass(frozen=True, slots=True)
class ProposedOffer:
    """One choice put to the customer, with its price, who may grant it and the rule that licenses it."""

    remedies: tuple[ProposedRemedy, ...]
    cost: Money
    authority: Authority
    rule: str
    approved_by: str


def _price(term: RemedyTerm, order_total: Money | None, currency: str) -> Money | None:
    if term.amount_minor is not None:
        return Money(term.amount_minor, currency)
    if term.percent_of_order is None or order_total is None:
        return None
    # Whole minor units, rounded down: a share is never larger than what was paid.
    amount = order_total.minor * term.percent_of_order // 100
    return Money(amount if term.at_most_minor is None else min(amount, term.at_most_minor), order_total.currency)


def propose(
    policy: RemedyPolicy,
    categories: Sequence[str],
    severity: Severity,
    order_total: Money | None,
    already_granted_minor: int = 0,
    wished: str | None = None,
) -> tuple[ProposedOffer, ...]:
    """The offers that fit a failure, the wished remedy first.

    Args:
        order_total: of the order that belongs to the customer; None where there is none (then nothing that needs an
            order is proposed).
        already_granted_minor: what the same complaint or order has received: it counts towards every limit, and what
            is paid back for an order never exceeds its total.
        wished: a remedy kind. Where the rule of the leading category does not have it, the choices that have it in the
            rules of the other categories are proposed beside.

    Returns:
        Empty where the firm has no rule, or none of its choices can be given.
    """
    rule = policy.rule_for(categories, severity)
    if rule is None:
        return ()
    choices = [(rule, choice) for choice in rule.choices]
    if wished is not None and not any(choice.has(wished) for _, choice in choices):
        others = dict.fromkeys(policy.rule_for([category], severity) for category in categories)
        choices += [(other, choice) for other in others if other for choice in other.choices if choice.has(wished)]
    offers = []
    for licence, choice in choices:
        if choice.needs_order and order_total is None:
            continue
        remedies = tuple(ProposedRemedy(t.kind, _price(t, order_total, policy.currency)) for t in choice.terms)
        amounts = [r.amount for r in remedies if r.amount is not None]
        if any(amount.currency != policy.currency for amount in amounts):
            continue  # limits are in one currency; another one is for a person to judge
        if any(amount.minor == 0 for amount in amounts):
            continue  # a share of next to nothing: no money would move
        cost = Money(sum(amount.minor for amount in amounts), policy.currency)
        refunded = sum(r.amount.minor for r in remedies if r.kind is RemedyKind.REFUND and r.amount is not None)
        if order_total is not None and refunded and refunded + already_granted_minor > order_total.minor:
            continue
        authority = policy.authority_to_grant(cost.minor, already_granted_minor)
        if authority is Authority.NOBODY:
            continue
        offers.append(ProposedOffer(remedies, cost, authority, licence.id, licence.approved_by))
    offers.sort(key=lambda offer: all(r.kind != wished for r in offer.remedies))
    return tuple(offers)
