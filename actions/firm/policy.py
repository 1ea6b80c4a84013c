"""The form of ``remedies.yml``, ``authority.yml`` and ``budgets.yml``, and the policy that they make together."""

from datetime import date, timedelta
from itertools import pairwise
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from actions.firm.models import Span
from actions.firm.models import _Strict as Strict
from recovery.authority import RISING, Bounds
from recovery.budgets import Budgets
from recovery.failures import Likeness
from recovery.policy import RemedyPolicy, RemedyRule
from recovery.remedies import WITH_AMOUNT, Authority, Choice, RemedyKind, RemedyTerm
from recovery.severity import Severity

# Remedies that may have a worth of their own.
_HAS_WORTH = (RemedyKind.UPGRADE, RemedyKind.GIFT, RemedyKind.REPLACEMENT, RemedyKind.REDO)

Minor = Annotated[int, Field(ge=0, description="minor units")]
Percent = Annotated[int, Field(ge=1, le=100)]


class RoomFile(Strict):
    """From the least to the most that may be offered."""

    least: int = Field(ge=1, alias="from")
    most: int = Field(ge=1, alias="to")

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if self.least >= self.most:
            raise ValueError("`from` must be less than `to`")
        return self


class TermFile(Strict):
    """A remedy of a choice. Amounts in minor units; a share is of what was paid."""

    kind: RemedyKind
    percent_of_order: Percent | RoomFile | None = None
    amount: Annotated[int, Field(gt=0)] | RoomFile | None = None
    at_most: int | None = Field(None, gt=0)
    worth: int | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _priced(self) -> Self:
        money = self.kind in WITH_AMOUNT
        if money and (self.percent_of_order is None) == (self.amount is None):
            raise ValueError(f"a {self.kind} needs either percent_of_order or amount")
        if not money and (self.percent_of_order or self.amount or self.at_most):
            raise ValueError(f"a {self.kind} has no amount")
        if self.at_most is not None and self.percent_of_order is None:
            raise ValueError("at_most caps percent_of_order, which is missing")
        if isinstance(self.percent_of_order, RoomFile) and self.percent_of_order.most > 100:
            raise ValueError("no more than 100 percent of an order can be given")
        if self.worth is not None and self.kind not in _HAS_WORTH:
            raise ValueError(f"a {self.kind} has no worth of its own")
        return self

    @property
    def term(self) -> RemedyTerm:
        share, amount = self.percent_of_order, self.amount
        return RemedyTerm(
            self.kind,
            percent_of_order=share.most if isinstance(share, RoomFile) else share,
            amount_minor=amount.most if isinstance(amount, RoomFile) else amount,
            at_most_minor=self.at_most,
            from_percent=share.least if isinstance(share, RoomFile) else None,
            from_minor=amount.least if isinstance(amount, RoomFile) else None,
            worth_minor=self.worth,
        )


def each_kind_once(value: list[TermFile]) -> list[TermFile]:
    """Check the remedies of a choice.

    Raises:
        ValueError: there is none, or one twice.
    """
    if not value or len({term.kind for term in value}) < len(value):
        raise ValueError("a choice holds at least one remedy, and none twice")
    return value


def choice_of(terms: list[TermFile]) -> Choice:
    return Choice(tuple(term.term for term in terms))


class RuleFile(Strict):
    """What is offered for which failure. ``wishes``: what is granted at once to who names it, up to these amounts."""

    id: str = Field(pattern=r"^[a-z0-9-]{3,64}$")
    categories: list[str] = Field(min_length=1)
    severities: list[Severity] = Field(min_length=1)
    approved_by: str = Field(min_length=1, max_length=64)
    approved_on: date
    as_written: bool = False
    owed: bool = False
    choices: list[list[TermFile]] = Field(min_length=1, max_length=6)
    wishes: list[TermFile] = []

    @field_validator("choices")
    @classmethod
    def _no_kind_twice(cls, value: list[list[TermFile]]) -> list[list[TermFile]]:
        return [each_kind_once(choice) for choice in value]

    @field_validator("wishes")
    @classmethod
    def _up_to(cls, value: list[TermFile]) -> list[TermFile]:
        if value:
            each_kind_once(value)
        if any(term.term.leaves_room for term in value):
            raise ValueError("a wish has one amount, up to which it is granted")
        return value


class RemediesFile(Strict):
    """``remedies.yml``: what is offered for which failure; the first rule that fits applies."""

    remedy_rules: list[RuleFile]

    @field_validator("remedy_rules")
    @classmethod
    def _unique(cls, value: list[RuleFile]) -> list[RuleFile]:
        if len({rule.id for rule in value}) < len(value):
            raise ValueError("two rules have the same id")
        return value

    def kinds(self) -> set[RemedyKind]:
        """Every remedy that a rule names."""
        return {term.kind for rule in self.remedy_rules for choice in (*rule.choices, rule.wishes) for term in choice}


def _rising(value: dict[Authority, int]) -> dict[Authority, int]:
    amounts = [value[authority] for authority in RISING if authority in value]
    if amounts != sorted(amounts):
        raise ValueError("limits must not fall from bot to manager")
    if Authority.NOBODY in value:
        raise ValueError("must name none but bot, agent, supervisor and manager")
    return value


def _all_rising(value: dict[Authority, int]) -> dict[Authority, int]:
    if set(value) != set(RISING):
        raise ValueError("must name bot, agent, supervisor and manager, and nobody else")
    return _rising(value)


class CustomerCapFile(Strict):
    """The most that one customer may have been granted within a time, by who grants."""

    within: Span
    limits: dict[Authority, Minor]

    _all = field_validator("limits")(_all_rising)


class UnlistedFile(Strict):
    """What holds for whoever proved an order by digits and is not listed with it."""

    within: Span
    bot: Minor
    orders: int = Field(ge=1)
    proof_failures: int = Field(ge=1)


class UnfoundedStep(Strict):
    """From so many unfounded complaints on, the share that is left of what bot and agents may grant."""

    times: int = Field(ge=1)
    percent_left: int = Field(ge=0, le=100)


class UnfoundedFile(Strict):
    within: Span
    steps: list[UnfoundedStep] = Field(min_length=1)

    @field_validator("steps")
    @classmethod
    def _tightening(cls, value: list[UnfoundedStep]) -> list[UnfoundedStep]:
        for number, (before, after) in enumerate(pairwise(value), 1):
            if after.times <= before.times or after.percent_left > before.percent_left:
                raise PydanticCustomError(
                    "not_tightening",
                    "each step needs more times than the one before, and leaves no more",
                    {"place": (number,)},
                )
        return value


class AuthorityFile(Strict):
    """``authority.yml``: what each may grant."""

    limits: dict[Authority, Minor]
    by_remedy: dict[RemedyKind, dict[Authority, Minor]] = {}
    per_customer: CustomerCapFile | None = None
    order_percent: int | None = Field(None, ge=1)
    unlisted: UnlistedFile | None = None
    unfounded: UnfoundedFile | None = None

    _all = field_validator("limits")(_all_rising)

    @field_validator("by_remedy")
    @classmethod
    def _each_rising(cls, value: dict[RemedyKind, dict[Authority, int]]) -> dict[RemedyKind, dict[Authority, int]]:
        return {kind: _rising(limits) for kind, limits in value.items()}

    def bounds(self, over_budget: Authority) -> Bounds:
        cap, unlisted, unfounded = self.per_customer, self.unlisted, self.unfounded
        none = timedelta(0)
        return Bounds(
            per_remedy=dict(self.by_remedy),
            per_customer=dict(cap.limits) if cap else {},
            customer_window=cap.within if cap else none,
            order_percent=self.order_percent,
            unlisted_minor=unlisted.bot if unlisted else None,
            unlisted_window=unlisted.within if unlisted else none,
            unlisted_orders=unlisted.orders if unlisted else None,
            proof_failures=unlisted.proof_failures if unlisted else None,
            unfounded=tuple((step.times, step.percent_left) for step in unfounded.steps) if unfounded else (),
            unfounded_window=unfounded.within if unfounded else none,
            over_budget=over_budget,
        )


class BudgetsFile(Strict):
    """``budgets.yml``: what may be granted a day."""

    per_day: Minor | None = None
    categories: dict[str, Minor] = {}
    over_budget: Authority = Authority.SUPERVISOR

    @field_validator("over_budget")
    @classmethod
    def _a_person(cls, value: Authority) -> Authority:
        if value in (Authority.BOT, Authority.NOBODY):
            raise ValueError("must be agent, supervisor or manager: a person decides once the budget is spent")
        return value


def policy_of(
    currency: str, remedies: RemediesFile, authority: AuthorityFile, budgets: BudgetsFile, like: Likeness
) -> RemedyPolicy:
    """The policy that the three files make together."""
    rules = tuple(
        RemedyRule(
            id=rule.id,
            categories=tuple(rule.categories),
            severities=tuple(rule.severities),
            choices=tuple(choice_of(choice) for choice in rule.choices),
            approved_by=rule.approved_by,
            approved_on=rule.approved_on,
            wishes=tuple(term.term for term in rule.wishes),
            as_written=rule.as_written,
            owed=rule.owed,
        )
        for rule in remedies.remedy_rules
    )
    return RemedyPolicy(
        currency,
        rules,
        dict(authority.limits),
        like,
        authority.bounds(budgets.over_budget),
        Budgets(budgets.per_day, dict(budgets.categories)),
    )
