"""``improvement.yml``: when the numbers open work by themselves, and what proof the firm asks for."""

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from analytics.charts.rules import rules_named
from analytics.drawing import Kind as ChartKind
from analytics.periods import Every
from analytics.sigma import WrongInput
from store.firm_files import read_yaml

Opens = Literal["pdca", "dmaic"]
Dimension = Literal["step", "category", "department", "channel"]
Process = Literal["recovery", "service"]

_EVERYTHING = "any"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Recurrence(_Strict):
    """So many complaints of one category within so many days open work."""

    category: str = Field(_EVERYTHING, min_length=1, max_length=64)  # "any": each category by itself
    cases: int = Field(ge=2, le=1_000_000)
    days: int = Field(ge=1, le=366)
    open: tuple[Opens, ...] = ("pdca",)


class SignalRule(_Strict):
    """A chart that is looked at each day, and what a rule broken on it opens."""

    process: Process
    split: Dimension | None = None
    every: Every = "day"
    kind: ChartKind = "auto"
    rules: tuple[str, ...] = ("nelson_1", "nelson_2")
    open: tuple[Opens, ...] = ("pdca",)

    @model_validator(mode="after")
    def _rules_are_known(self) -> Self:
        try:
            rules_named(self.rules)
        except WrongInput as error:
            raise PydanticCustomError("unknown", "{why}", {"why": str(error), "place": ("rules",)}) from None
        return self


class StandardRule(_Strict):
    """A sigma level below the control standard opens work."""

    window_days: int = Field(90, ge=7, le=1_096)
    least_opportunities: int = Field(1_000, ge=1)
    most_at_once: int = Field(3, ge=1, le=100)  # rounds opened by the standard alone; the worst come first
    open: tuple[Opens, ...] = ("pdca",)


class Loss(_Strict):
    """What one defect costs beyond the remedies that are on record: lost trade, talk, time (S0: quality-loss cost)."""

    amount_minor: int = Field(ge=0, le=10**12)
    currency: str = Field(pattern=r"^[A-Z]{3}$")


class ImprovementPolicy(_Strict):
    """``improvement.yml``.

    Attributes:
        control_standard_sigma, shift: the level at which a loop has nothing left to carry on (S0: six sigma).
        confidence: of every interval.
        points_in_control: how many points without an adverse signal Control asks for at least.
        settling_days: so many days after it a day is counted, since outcomes and judgements come in late.
        least_baseline_days: below them a baseline is a mood, not a level.
        baseline_age_days: a baseline ends at most so many days before the measures work.
        longest_check_days: a test that would take longer is not planned.
        survives_after_cycles: a cause that so many cycles carried on opens a project.
        cost_of_defect: by category, and ``default``.
    """

    control_standard_sigma: float = Field(6.0, gt=0, le=9)
    shift: float = Field(1.5, ge=0, le=3)
    confidence: float = Field(0.95, ge=0.5, lt=1)
    points_in_control: int = Field(20, ge=8, le=1_000)
    settling_days: int = Field(7, ge=0, le=90)
    least_baseline_days: int = Field(28, ge=7, le=366)
    baseline_age_days: int = Field(92, ge=7, le=1_096)
    longest_check_days: int = Field(366, ge=28, le=1_096)
    recurrence: tuple[Recurrence, ...] = ()
    signals: tuple[SignalRule, ...] = ()
    standard: StandardRule = StandardRule()
    survives_after_cycles: int = Field(2, ge=1, le=20)
    cost_of_defect: dict[str, Loss]

    @model_validator(mode="after")
    def _has_a_default(self) -> Self:
        if "default" not in self.cost_of_defect:
            raise PydanticCustomError("missing", "a default is needed", {"place": ("cost_of_defect",)})
        if len({loss.currency for loss in self.cost_of_defect.values()}) > 1:
            raise PydanticCustomError("mixed", "all losses need one currency", {"place": ("cost_of_defect",)})
        return self

    @model_validator(mode="after")
    def _categories_are_known(self, info: ValidationInfo) -> Self:
        """A rule on a category that nobody has would keep silent for ever."""
        for at, rule in enumerate(self.recurrence):
            see_that_it_is_known(info, rule.category, ("recurrence", at, "category"))
        for category in self.cost_of_defect:
            see_that_it_is_known(info, category, ("cost_of_defect", category))
        return self

    def loss_of(self, category: str) -> Loss:
        """What a defect of this category costs; the default where the category has no entry or is not told."""
        return self.cost_of_defect.get(category, self.cost_of_defect["default"])


def see_that_it_is_known(info: ValidationInfo, category: str, place: tuple[int | str, ...]) -> None:
    """Refuse a category that the firm's taxonomy does not name; without a taxonomy at hand any may be one."""
    known = (info.context or {}).get("categories")
    if known is not None and category not in {*known, _EVERYTHING, "default"}:
        why = {"category": category, "place": place}
        raise PydanticCustomError("unknown", "there is no category {category} in taxonomy.yml", why)


class _Category(BaseModel):
    """The part of a category that is needed here; the rest is checked where it is used."""

    key: str


class _Categories(BaseModel):
    categories: tuple[_Category, ...]


class _Department(BaseModel):
    """The part of a department that is needed here; the rest is checked where it is used."""

    key: str


class _Departments(BaseModel):
    departments: tuple[_Department, ...]


class _Currency(BaseModel):
    """The part of ``firm.yml`` that is needed here."""

    currency: str = Field("CNY", pattern=r"^[A-Z]{3}$")


def read_policy(folder: Path) -> ImprovementPolicy:
    """The policy in the firm's ``folder``; a firm without the file watches nothing by itself, and defects cost nothing.

    Raises:
        FirmDataError: with file and line of the mistake.
    """
    path = folder / "improvement.yml"
    if path.exists():
        return read_yaml(path, ImprovementPolicy, known_categories(folder))
    free = Loss(amount_minor=0, currency=read_yaml(folder / "firm.yml", _Currency).currency)
    return ImprovementPolicy(cost_of_defect={"default": free})


def known_categories(folder: Path) -> dict[str, Any]:
    """What validators of categories must know; nothing where the firm has no taxonomy.

    Raises:
        FirmDataError: the taxonomy has no categories.
    """
    path = folder / "taxonomy.yml"
    if not path.exists():
        return {}
    return {"categories": {one.key for one in read_yaml(path, _Categories).categories}}


def read_departments(folder: Path) -> tuple[str, ...]:
    """Keys of the firm's departments.

    Raises:
        FirmDataError: the file is missing or names none.
    """
    return tuple(one.key for one in read_yaml(folder / "departments.yml", _Departments).departments)
