"""Remedies, and the terms on which a firm gives them (domain.md section 5)."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from recovery.money import Money


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


# What makes good what was delivered; the others make good how (S0: 结果补救 and 过程补救).
OUTCOME_REMEDIES = frozenset(
    {
        RemedyKind.REFUND,
        RemedyKind.VOUCHER,
        RemedyKind.REPLACEMENT,
        RemedyKind.REDO,
        RemedyKind.UPGRADE,
        RemedyKind.GIFT,
    }
)

# Remedies that are an amount of money; all others have none.
WITH_AMOUNT = frozenset({RemedyKind.REFUND, RemedyKind.VOUCHER})

# Nobody gets money on a guessed order number: these need an order that is the customer's.
NEEDS_ORDER = frozenset({RemedyKind.REFUND, RemedyKind.VOUCHER, RemedyKind.REPLACEMENT, RemedyKind.REDO})

# What people carry out, and say so: until then it is owed (S0: keep every promise).
BY_PEOPLE = frozenset(
    {RemedyKind.CALL_BACK, RemedyKind.EXPLANATION, RemedyKind.REDO, RemedyKind.UPGRADE, RemedyKind.GIFT}
)

# The customer gets what they paid for once more: it counts for as much.
DONE_ANEW = frozenset({RemedyKind.REPLACEMENT, RemedyKind.REDO})


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
        from_percent, from_minor: where the firm leaves room, the least that may be offered; None: exactly the above.
        worth_minor: what a remedy without an amount counts for; None: what was paid, where the order is delivered anew,
            else nothing.
    """

    kind: RemedyKind
    percent_of_order: int | None = None
    amount_minor: int | None = None
    at_most_minor: int | None = None
    from_percent: int | None = None
    from_minor: int | None = None
    worth_minor: int | None = None

    @property
    def leaves_room(self) -> bool:
        return self.from_percent is not None or self.from_minor is not None

    def priced(self, order_total: Money | None, currency: str, step: float = 1.0) -> "ProposedRemedy":
        """The remedy with its amount.

        Args:
            currency: of fixed amounts.
            step: where the firm leaves room, 0 for the least to 1 for the most.
        """
        amount = self._amount(order_total, currency, step)
        if amount is not None:
            return ProposedRemedy(self.kind, amount, amount.minor)
        if self.worth_minor is not None:
            return ProposedRemedy(self.kind, None, self.worth_minor)
        anew = self.kind in DONE_ANEW and order_total is not None
        return ProposedRemedy(self.kind, None, order_total.minor if anew and order_total else 0)

    def _amount(self, order_total: Money | None, currency: str, step: float) -> Money | None:
        if self.amount_minor is not None:
            return Money(_between(self.from_minor, self.amount_minor, step), currency)
        if self.percent_of_order is None or order_total is None:
            return None
        # Whole minor units, rounded down: a share is never larger than what was paid.
        most = order_total.minor * self.percent_of_order // 100
        if self.at_most_minor is not None:
            most = min(most, self.at_most_minor)
        least = None if self.from_percent is None else min(most, order_total.minor * self.from_percent // 100)
        return Money(_between(least, most, step), order_total.currency)


def _between(least: int | None, most: int, step: float) -> int:
    return most if least is None else least + int((most - least) * step)


@dataclass(frozen=True, slots=True)
class ProposedRemedy:
    """A remedy with its price.

    Attributes:
        amount: None for a remedy without one.
        counts_minor: what it counts for against every limit: its amount, or what the goods or service are worth.
    """

    kind: RemedyKind
    amount: Money | None = None
    counts_minor: int = 0


def cost_of(remedies: Iterable[ProposedRemedy]) -> int:
    """What remedies count for together, in minor units."""
    return sum(remedy.counts_minor for remedy in remedies)


def paid_back(remedies: Iterable[ProposedRemedy]) -> int:
    """How much of what was paid goes back with them, in minor units; goods sent anew stand for their price."""
    return sum(r.counts_minor for r in remedies if r.kind is RemedyKind.REFUND or r.kind in DONE_ANEW)


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
