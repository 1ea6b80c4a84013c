"""The firm's policy: which remedies for which failure, licensed by whom, within which limits."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from recovery.authority import Account, Bounds, Limits, Ruling, rule_on
from recovery.budgets import Budgets
from recovery.failures import Likeness, fixed_category, leading_category
from recovery.money import Money
from recovery.remedies import Choice, ProposedRemedy, RemedyTerm
from recovery.severity import Severity


@dataclass(frozen=True, slots=True)
class RemedyRule:
    """What is offered for a failure; licensed by a named person (GB/T 47746-2026: a standardised process).

    Attributes:
        wishes: what the customer is granted at once who names it themselves, up to these amounts.
        as_written: the choices keep their order, and are offered in full.
        owed: the law owes it (such as 消保法 art. 24: goods that are not as they should be); no budget withholds it.
    """

    id: str
    categories: tuple[str, ...]
    severities: tuple[Severity, ...]
    choices: tuple[Choice, ...]
    approved_by: str
    approved_on: date
    wishes: tuple[RemedyTerm, ...] = ()
    as_written: bool = False
    owed: bool = False


@dataclass(frozen=True, slots=True)
class RemedyPolicy:
    """The firm's rules in order (the first that fits applies) and the limits of authority.

    Attributes:
        limits: by authority, the largest total in minor units of ``currency`` that it may grant for one complaint.
        like: the fixed category whose rules apply to one of the firm's own that no rule names.
    """

    currency: str
    rules: tuple[RemedyRule, ...]
    limits: Limits
    like: Likeness = field(default_factory=dict)
    bounds: Bounds = field(default_factory=Bounds)
    budgets: Budgets = field(default_factory=Budgets)

    def rule_for(self, categories: Sequence[str], severity: Severity) -> RemedyRule | None:
        """The rule for the leading category at this severity, or None where the firm has none."""
        leading = leading_category(categories, self.like)
        if not any(leading in rule.categories for rule in self.rules):
            leading = fixed_category(leading, self.like)
        for rule in self.rules:
            if leading in rule.categories and severity in rule.severities:
                return rule
        return None

    def is_owed(self, rule: str) -> bool:
        """Whether the law owes what the rule of this id licenses."""
        return any(one.owed for one in self.rules if one.id == rule)

    def rule_on(self, remedies: Sequence[ProposedRemedy], account: Account, order_total: Money | None) -> Ruling:
        """Who may grant ``remedies`` together (:func:`recovery.authority.rule_on`)."""
        total = order_total if order_total is not None and order_total.currency == self.currency else None
        return rule_on(self.limits, self.bounds, remedies, account, total)
