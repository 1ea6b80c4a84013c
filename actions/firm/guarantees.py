"""The form of ``guarantees.yml``: what the firm promises its customers in public, and what a breach pays (S2)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from actions.firm.models import Bilingual, Span
from actions.firm.models import _Strict as Strict
from actions.firm.policy import TermFile, each_kind_once
from recovery.authority import RISING
from recovery.guarantees import PAYABLE, Caution, Conditions, Guarantee
from recovery.policy import RemedyPolicy
from recovery.remedies import RemedyKind

Status = Annotated[str, Field(min_length=1, max_length=32)]


class WhenFile(Strict):
    """When it is breached: one of the happenings, for an order that fits everything else."""

    delivered_after_promise: Span | None = None
    not_delivered_after_promise: Span | None = None
    first_response_missed: bool = False
    promise_broken: bool = False
    order_status: list[Status] = []
    order_status_not: list[Status] = []
    order_total_at_least: int = Field(0, ge=0, description="minor units")
    order_total_at_most: int | None = Field(None, gt=0, description="minor units")

    @model_validator(mode="after")
    def _something_happens(self) -> Self:
        late = (self.delivered_after_promise, self.not_delivered_after_promise)
        if late == (None, None) and not self.first_response_missed and not self.promise_broken:
            raise ValueError(
                "nothing breaches it: name delivered_after_promise, not_delivered_after_promise, "
                "first_response_missed or promise_broken"
            )
        if self.order_total_at_most is not None and self.order_total_at_most < self.order_total_at_least:
            raise ValueError("order_total_at_most lies below order_total_at_least: it is about no order")
        return self

    @property
    def conditions(self) -> Conditions:
        return Conditions(
            self.delivered_after_promise,
            self.not_delivered_after_promise,
            self.first_response_missed,
            self.promise_broken,
            frozenset(status.lower() for status in self.order_status),
            frozenset(status.lower() for status in self.order_status_not),
            self.order_total_at_least,
            self.order_total_at_most,
        )


class PlacedFile(Strict):
    """The days on which orders were placed that it covers, in the firm's zone; both included."""

    first: date = Field(alias="from")
    until: date | None = None

    @model_validator(mode="after")
    def _some_day(self) -> Self:
        if self.until is not None and self.until < self.first:
            raise ValueError("`until` lies before `from`: it covers no order")
        return self


class AnswerFile(Strict):
    """The answer to one of the six questions. ``holds``: the caution holds, and so speaks against the guarantee."""

    holds: bool
    because: str = Field(min_length=10)
    by: str = Field(min_length=1, max_length=64)
    answered_on: date


class GuaranteeFile(Strict):
    """One guarantee."""

    key: str = Field(pattern=r"^[a-z][a-z0-9_]{2,63}$")
    name: Bilingual
    published: Bilingual
    category: str
    when: WhenFile
    pays: list[TermFile]
    orders_placed: PlacedFile
    approved_by: str = Field(min_length=1, max_length=64)
    approved_on: date
    live: bool
    switched_off_on: date | None = None
    check: dict[Caution, AnswerFile] = {}

    @field_validator("pays")
    @classmethod
    def _at_once(cls, value: list[TermFile]) -> list[TermFile]:
        each_kind_once(value)
        if others := sorted({term.kind for term in value} - PAYABLE):
            raise ValueError(f"a guarantee pays by itself: refund, voucher or apology, not {', '.join(others)}")
        if not any(term.kind in (RemedyKind.REFUND, RemedyKind.VOUCHER) for term in value):
            raise ValueError("a guarantee that pays nothing means nothing: name a refund or a voucher")
        if any(term.term.leaves_room for term in value):
            raise ValueError("a published promise has one amount, not a range")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.live and self.switched_off_on is not None:
            raise _at("switched_off_on", "it is live: set `live: false`, or leave this out")
        if self.orders_placed.first < self.approved_on and self.live:
            raise _at("approved_on", "orders are covered that were placed before it was approved")
        return self

    @model_validator(mode="after")
    def _ready(self) -> Self:
        """S2's six cautions, answered, none of which holds; also of what was live once and still pays."""
        if not self.live and self.switched_off_on is None:
            return self
        for caution in Caution:
            answer = self.check.get(caution)
            if answer is None:
                raise _at("check", f"it is live, and the caution {caution} is not answered (S2's six)")
            if answer.holds:
                raise _at("check", f"it is live, and the caution {caution} speaks against it", str(caution))
        return self

    @property
    def rule(self) -> Guarantee:
        return Guarantee(
            self.key,
            self.category,
            self.when.conditions,
            tuple(term.term for term in self.pays),
            self.approved_by,
            self.orders_placed.first,
            self.orders_placed.until,
            self.live,
            self.switched_off_on,
        )


def _at(place: str, message: str, *deeper: str | int) -> PydanticCustomError:
    return PydanticCustomError("guarantee", "{told}", {"told": message, "place": (place, *deeper)})


class GuaranteesFile(Strict):
    """``guarantees.yml``."""

    guarantees: list[GuaranteeFile] = []

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        seen: set[str] = set()
        for number, one in enumerate(self.guarantees):
            if one.key in seen:
                raise _at("guarantees", f"there are two guarantees {one.key}", number, "key")
            seen.add(one.key)
        return self

    @property
    def rules(self) -> tuple[Guarantee, ...]:
        return tuple(one.rule for one in self.guarantees)

    def of(self, key: str) -> GuaranteeFile | None:
        """The guarantee with this key, or None where the file has none any more."""
        return next((one for one in self.guarantees if one.key == key), None)


@dataclass(frozen=True, slots=True)
class Mistake:
    """What contradicts the firm's other files.

    Attributes:
        words: by which the line is found.
        told: what is wrong.
    """

    words: str
    told: str


def mistakes_in(file: GuaranteesFile, categories: Collection[str], policy: RemedyPolicy) -> Sequence[Mistake]:
    """What is wrong with the guarantees beside the firm's categories and authorities."""
    wrong = []
    for one in file.guarantees:
        if one.category not in categories:
            wrong.append(Mistake(f"category: {one.category}", f"there is no category {one.category!r}"))
        if one.key in {rule.id for rule in policy.rules}:
            wrong.append(Mistake(f"key: {one.key}", f"{one.key!r} is a rule in remedies.yml"))
        for term in one.pays:
            amount = term.term.amount_minor or 0
            own = policy.bounds.per_remedy.get(term.kind)
            highest = policy.limits[RISING[-1]]
            if own is not None:
                highest = min(highest, own.get(RISING[-1], 0))
            if amount > highest or (not highest and term.kind is not RemedyKind.APOLOGY):
                wrong.append(Mistake(f"key: {one.key}", "it pays more than anybody may grant (authority.yml)"))
    return wrong
