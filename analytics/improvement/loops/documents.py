"""What people write down in each phase, as strict forms; what the machine works out stands beside them."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, field_validator, model_validator

from analytics.improvement.loops.writing import Document, Form, Line, MaybeText, Name, Text, WrongForm, read_form
from analytics.periods import Every
from analytics.questions.question import Day
from analytics.sigma import WrongInput

__all__ = ["FORMS", "Document", "Form", "WrongForm", "documents_of", "read_document", "read_form"]

Branch = Literal["people", "method", "machine", "material", "environment", "measurement"]
BRANCHES: tuple[Branch, ...] = ("people", "method", "machine", "material", "environment", "measurement")

TestKind = Literal["two_proportions", "two_rates", "mann_whitney", "log_rank"]
Measured = Literal["defects", "rating", "acknowledgement", "first_response", "resolution"]
# What can be told apart in the data: dimensions of the counts, and the days of the week.
Source = Literal["step", "category", "department", "channel", "tier", "language", "weekday"]
StandardKind = Literal["policy_file", "canned_reply", "guarantee", "procedure"]

_WEEK = 7


class Problem(Document):
    """Plan: what is wrong, in a sentence that somebody else understands."""

    statement: Text
    why: MaybeText = ""  # why it matters


class Baseline(Document):
    """Plan or Measure: the days whose level everything later is compared with; the machine freezes their figures.

    Days behind the signals that opened the work are left out: what raised the alarm was chosen for being bad, and
    would make the days after it look better by themselves (regression to the mean).
    """

    since: Day
    until: Day
    every: Every = "day"

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Self:
        if self.since > self.until:
            raise ValueError(f"the baseline ends on {self.until} before it begins on {self.since}")
        return self


class ParetoSlice(Document):
    """One bar of a Pareto chart: its dimension and key; the machine fills in its share."""

    dimension: Literal["step", "category", "department", "channel", "tier", "language"]
    key: Annotated[str, StringConstraints(max_length=64)]


class Causes(Document):
    """Plan: the fishbone (Ishikawa), chains of five whys, and the slice that weighs most."""

    fishbone: dict[Branch, Annotated[tuple[Line, ...], Field(max_length=20)]] = Field(default_factory=dict)
    whys: Annotated[
        tuple[Annotated[tuple[Line, ...], Field(min_length=1, max_length=5)], ...], Field(max_length=10)
    ] = ()
    pareto: ParetoSlice | None = None

    @property
    def all(self) -> tuple[str, ...]:
        """Every cause that is named: of the fishbone, and the last answer of each chain of whys."""
        found = [cause for causes in self.fishbone.values() for cause in causes]
        return tuple(dict.fromkeys([*found, *(chain[-1] for chain in self.whys)]))


class MainCause(Document):
    """Plan: the one that the measures go at; one of the causes named."""

    cause: Line
    because: Text


class Target(Document):
    """What is to be reached.

    Attributes:
        kind: absolute: a level, as share of defects, defects by volume, mean rating or median hours; relative: the part
            by which defects or hours shall fall, or the rating rise.
    """

    kind: Literal["absolute", "relative"]
    value: float = Field(ge=0, le=1_000_000, allow_inf_nan=False)

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.kind == "relative" and not 0 < self.value <= 1:
            raise ValueError("a relative target lies above 0 and is at most 1, such as 0.3 for 30 %")
        return self

    def level(self, before: float, *, rises: bool = False) -> float:
        """The level to be reached from the one before."""
        if self.kind == "absolute":
            return self.value
        return before * (1 + self.value if rises else 1 - self.value)


class Test(Document):
    """Plan or Improve: the test, named before anybody can have seen its data.

    Whole weeks are compared, so that each day of the week weighs the same on both sides.

    Attributes:
        kind: two_proportions for steps of the recovery process, two_rates for complaints by volume, mann_whitney for
            ratings, log_rank for times.
        alternative: less for defects and times, greater for ratings and, with log_rank, also less: it is the time.
        intervention_date: first day on which the measures work; after the day on which this is written down.
        days_before: the last so many days of the baseline; all of them without.
        days_after: least length of the time after; it goes on by whole weeks until the planned size is there.
    """

    __test__ = False  # No test of ours: pytest shall not collect it.

    kind: TestKind
    measure: Measured = "defects"
    alternative: Literal["less", "greater", "two-sided"] = "less"
    alpha: float = Field(0.05, ge=0.0001, le=0.1)
    power: float = Field(0.8, ge=0.5, le=0.999)
    target: Target
    intervention_date: Day
    days_before: int | None = Field(None, ge=7, le=1_099)
    days_after: int = Field(28, ge=7, le=1_099)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for name in ("days_before", "days_after"):
            days = getattr(self, name)
            if days is not None and days % _WEEK:
                raise ValueError(f"{name}: whole weeks are compared, so a multiple of 7, not {days}")
        fitting = MEASURED_BY[self.kind]
        if self.measure not in fitting:
            raise ValueError(f"measure: {self.kind} compares {' or '.join(fitting)}, not {self.measure}")
        better = "greater" if self.measure == "rating" else "less"
        if self.alternative not in (better, "two-sided"):
            raise ValueError(f"alternative: better is {better} here, and a test for worse proves nothing")
        return self

    @property
    def rises(self) -> bool:
        """Whether more is better."""
        return self.measure == "rating"


MEASURED_BY: dict[TestKind, tuple[Measured, ...]] = {
    "two_proportions": ("defects",),
    "two_rates": ("defects",),
    "mann_whitney": ("rating",),
    "log_rank": ("resolution", "first_response", "acknowledgement"),
}


class Deviation(Document):
    cause: Line
    weight: float = Field(gt=0, le=100, allow_inf_nan=False)
    what_next: MaybeText = ""


class Deviations(Document):
    """Check: why the result is not the target, the weightiest first (S0: 引起偏差的主次因素)."""

    causes: Annotated[tuple[Deviation, ...], Field(min_length=1, max_length=20)]

    @field_validator("causes")
    @classmethod
    def _weightiest_first(cls, causes: tuple[Deviation, ...]) -> tuple[Deviation, ...]:
        return tuple(sorted(causes, key=lambda one: -one.weight))


class StandardChange(Document):
    """What was changed for good.

    Attributes:
        reference: a file of the firm's folder such as ``routing.yml``; the key of a canned reply or of a guarantee; or
            where the procedure is written down.
    """

    kind: StandardKind
    reference: Line
    words: MaybeText = ""


class Standard(Document):
    """Act or Control: what worked and is the standard now."""

    changes: Annotated[tuple[StandardChange, ...], Field(min_length=1, max_length=20)]


class Rest(Document):
    """Act or Control: what is left, for the next round."""

    words: Text


class Sponsor(Document):
    """Define: who leads from the top, with aim, resources and time frame (S0)."""

    who: Name
    aim: Text
    resources: Text
    begins: Day
    ends: Day

    @model_validator(mode="after")
    def _has_a_time_frame(self) -> Self:
        if self.begins >= self.ends:
            raise ValueError(f"the project ends on {self.ends}, not after it begins on {self.begins}")
        return self


class Define(Document):
    """Define: the customers' critical need, and where the project ends."""

    need: Text
    scope: Text


class Output(Document):
    """Something that comes out of the process, and how it is measured."""

    name: Line
    definition: Text
    source: Measured


class Input(Document):
    """Something that goes into the process and may drive what comes out."""

    name: Line
    definition: Text
    source: Source


class Measure(Document):
    """Measure: what is to be reached, by which indicators, and what is measured at both ends of the process."""

    target: Text
    indicators: Annotated[tuple[Line, ...], Field(min_length=1, max_length=20)]
    outputs: Annotated[tuple[Output, ...], Field(min_length=1, max_length=10)]
    inputs: Annotated[tuple[Input, ...], Field(min_length=1, max_length=7)]


class Analyse(Document):
    """Analyse: the few inputs that drive the output; the machine tests whether they do."""

    inputs: Annotated[tuple[Source, ...], Field(min_length=1, max_length=7)]
    words: Text

    @model_validator(mode="after")
    def _once_each(self) -> Self:
        if len(set(self.inputs)) < len(self.inputs):
            raise ValueError("inputs: one is named twice")
        return self


class Option(Document):
    words: Text
    effect: MaybeText = ""
    cost: MaybeText = ""


class Improve(Document):
    """Improve: what was weighed, and which was chosen (S0: 寻找最优方案)."""

    options: Annotated[tuple[Option, ...], Field(min_length=1, max_length=10)]
    chosen: int = Field(ge=1, le=10)  # its number, from 1
    because: Text

    @model_validator(mode="after")
    def _is_one_of_them(self) -> Self:
        if self.chosen > len(self.options):
            raise ValueError(f"chosen: there is no option {self.chosen}, there are {len(self.options)}")
        return self


class Control(Document):
    """Control: how the level is watched, and who does what when it slips.

    Attributes:
        points: so many points of the chart without an adverse signal are agreed; the firm's policy may ask for more.
    """

    every: Every = "day"
    kind: Literal["auto", "p", "u", "p'", "u'", "i", "ewma", "cusum"] = "auto"
    points: int = Field(20, ge=8, le=1_000)
    plan: Text
    owner: Name
    reaction: Text


class MeasureForm(Document):
    """A measure of a plan (S0: 责任部门、执行时间、使用资源、具体策略)."""

    words: Text
    owner: Name
    department: Name
    begins_on: Day
    due_on: Day
    resources: MaybeText = ""
    target: MaybeText = ""

    @model_validator(mode="after")
    def _due_after_it_begins(self) -> Self:
        if self.due_on < self.begins_on:
            raise ValueError(f"due_on: {self.due_on} lies before the measure begins on {self.begins_on}")
        return self


class MeasureDone(Document):
    """That a measure is done, and what came of it."""

    done_on: Day
    result: MaybeText = ""


FORMS: dict[str, type[Document]] = {
    "problem": Problem,
    "baseline": Baseline,
    "causes": Causes,
    "main_cause": MainCause,
    "test": Test,
    "deviations": Deviations,
    "standard": Standard,
    "rest": Rest,
    "sponsor": Sponsor,
    "define": Define,
    "measure": Measure,
    "analyse": Analyse,
    "improve": Improve,
    "control": Control,
}


def documents_of(content: Mapping[str, Any]) -> dict[str, Document]:
    """The sections that an improvement holds, as their forms."""
    return {name: form.model_validate(content[name]) for name, form in FORMS.items() if content.get(name) is not None}


def read_document(name: str, document: object) -> Document:
    """A section as its form.

    Raises:
        WrongInput: there is no such section, or (``WrongForm``) what is given does not fit.
    """
    form = FORMS.get(name)
    if form is None:
        raise WrongInput(f"there is no section {name!r}; there are {', '.join(FORMS)}")
    return read_form(form, document)
