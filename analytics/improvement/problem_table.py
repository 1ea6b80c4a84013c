"""S4's table: type of complaint → potential problem → suggestion → benefit, from what the data have shown so far.

Four rows ship as starting values. A cell of a row comes from the data as soon as there are any: the problem from the
main causes of cycles and projects, the suggestion from measures that were done where the test then showed the change,
the benefit from that change itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError
from sqlalchemy import select

from analytics.improvement.naming import Names
from analytics.improvement.part import Part
from analytics.improvement.policy import known_categories, see_that_it_is_known
from analytics.periods import Period
from analytics.series import Slice, counts_by_day
from analytics.service_steps import SERVICE
from analytics.surroundings import Surroundings
from analytics.words import LANGUAGES, words
from store.blueprint import StepName
from store.database import UnitOfWork
from store.firm_files import read_yaml
from store.tables import Improvement, ImprovementMeasure

FILE = "problem_table.yml"
# Complaints of so many days say how often a type happens.
WINDOW = timedelta(days=90)
# Of each cell so many entries, the latest first: nobody reads more.
_MOST = 3
_OTHER = "other"

Source = Literal["starting value", "data", "nothing yet"]
CELLS = ("problem", "suggestion", "benefit")
DATA: Source = "data"
STARTING_VALUE: Source = "starting value"
NOTHING_YET: Source = "nothing yet"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StartingRow(_Strict):
    """One row as the firm wrote it."""

    categories: tuple[str, ...] = Field(min_length=1)
    type: StepName
    problem: StepName
    suggestion: StepName
    benefit: StepName


class ProblemFile(_Strict):
    """``problem_table.yml``."""

    problem_table: tuple[StartingRow, ...] = ()

    @model_validator(mode="after")
    def _each_once(self, info: ValidationInfo) -> "ProblemFile":
        seen: set[str] = set()
        for number, row in enumerate(self.problem_table):
            for category in row.categories:
                place = ("problem_table", number, "categories")
                see_that_it_is_known(info, category, place)
                if category in seen:
                    detail = {"category": category, "place": place}
                    raise PydanticCustomError("repeated", "the category {category} stands here twice", detail)
                seen.add(category)
        return self


@dataclass(frozen=True, slots=True)
class Row:
    """One type of complaint; words by language.

    Attributes:
        key: its first category.
        source: data, if any cell comes from there; ``sources``: of each cell.
        figures: complaints, share and cumulative_share of the last 90 days; improvements, by number; and what the
            latest of them changed: before, after, interval.
    """

    key: str
    type: Mapping[str, str]
    problem: Mapping[str, str]
    suggestion: Mapping[str, str]
    benefit: Mapping[str, str]
    source: Source
    sources: Mapping[str, Source] = field(default_factory=dict)
    figures: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        texts = {name: dict(getattr(self, name)) for name in ("type", *CELLS)}
        return {
            "key": self.key, **texts, "source": self.source, "sources": dict(self.sources),
            "figures": dict(self.figures),
        }  # fmt: skip


def read_starting_values(folder: Path) -> tuple[StartingRow, ...]:
    """The rows of the firm's file; none where it has none.

    Raises:
        FirmDataError: with file and line of the mistake.
    """
    path = folder / FILE
    return read_yaml(path, ProblemFile, known_categories(folder)).problem_table if path.exists() else ()


def problem_table(work: UnitOfWork, around: Surroundings) -> tuple[Row, ...]:
    """The table, what happens most first; types without a complaint in the last 90 days last.

    Raises:
        FirmDataError: the firm's file is wrong.
    """
    names = Names(around)
    starting = read_starting_values(around.folder)
    counted = _complaints(work, around)
    learnt = _learnt(work, around)
    types = [(row.categories, row) for row in starting]
    known = {category for row in starting for category in row.categories}
    others = sorted(({*counted, *learnt} - known) - {""})
    rows = [
        _row(categories, row, names, counted, learnt)
        for categories, row in [*types, *(((category,), None) for category in others)]
    ]
    order = sorted(rows, key=lambda row: (-row.figures["complaints"], row.key == _OTHER))
    return _with_shares(order, counted)


def _complaints(work: UnitOfWork, around: Surroundings) -> dict[str, int]:
    """Valid complaints of the last 90 days by category."""
    today = work.now.astimezone(around.zone).date()
    counted = counts_by_day(work, Slice(SERVICE), Period(today - WINDOW + timedelta(days=1), today), "category")
    return {key: total for key, days in counted.items() if (total := sum(count.defects for count in days.values()))}


@dataclass(slots=True)
class _Learnt:
    """What improvements of one category taught, the latest first."""

    causes: list[str] = field(default_factory=list)
    measures: list[str] = field(default_factory=list)
    changes: list[dict[str, Any]] = field(default_factory=list)
    numbers: list[str] = field(default_factory=list)


def _learnt(work: UnitOfWork, around: Surroundings) -> dict[str, _Learnt]:
    found: dict[str, _Learnt] = {}
    asked = select(Improvement).where(Improvement.process == SERVICE, Improvement.outcome != "dropped")
    for one in work.session.scalars(asked.order_by(Improvement.opened_at.desc(), Improvement.id.desc())):
        cause = _cause(one)
        proven = _shown(one)
        if not cause and not proven:
            continue
        for category in _categories(around, Part.of(one)):
            learnt = found.setdefault(category, _Learnt())
            learnt.numbers.append(one.number)
            if cause:
                learnt.causes.append(cause)
            if proven:
                learnt.measures += _measures(work, one)
                learnt.changes.append(proven)
    return found


def _categories(around: Surroundings, part: Part) -> Sequence[str]:
    """The categories that a part is about; of a step those that belong to it."""
    if part.category:
        return (part.category,)
    step = next((one for one in around.blueprint.service_steps if part.step and one.key == part.step), None)
    return step.categories if step else ()


def _cause(improvement: Improvement) -> str:
    return str((improvement.content.get("main_cause") or {}).get("cause", ""))


def _shown(improvement: Improvement) -> dict[str, Any] | None:
    """What the test showed; None where it was not run, or showed nothing."""
    result = improvement.content.get("figures", {}).get("result")
    if not isinstance(result, dict) or not result.get("shown"):
        return None
    return {**result, "number": improvement.number}


def _measures(work: UnitOfWork, improvement: Improvement) -> list[str]:
    table = ImprovementMeasure
    asked = select(table.words).where(table.improvement_id == improvement.id, table.done_on.is_not(None))
    return [words.strip() for words in work.session.scalars(asked.order_by(table.id))]


def _row(
    categories: Sequence[str],
    start: StartingRow | None,
    names: Names,
    counted: Mapping[str, int],
    learnt: Mapping[str, _Learnt],
) -> Row:
    taught = [learnt[category] for category in categories if category in learnt]
    change = next((change for one in taught for change in one.changes), None)
    found: dict[str, dict[str, str]] = {
        "problem": _both([cause for one in taught for cause in one.causes]),
        "suggestion": _both([measure for one in taught for measure in one.measures]),
        "benefit": _benefit(change),
    }
    cells: dict[str, Mapping[str, str]] = {}
    sources: dict[str, Source] = {}
    for cell in CELLS:
        if found[cell]:
            cells[cell], sources[cell] = found[cell], DATA
        elif start is not None:
            cells[cell], sources[cell] = getattr(start, cell).model_dump(), STARTING_VALUE
        else:
            cells[cell], sources[cell] = (
                {language: words(language).problem_table["nothing_yet"] for language in LANGUAGES},
                NOTHING_YET,
            )
    figures: dict[str, Any] = {
        "complaints": sum(counted.get(category, 0) for category in categories),
        "improvements": list(dict.fromkeys(number for one in taught for number in one.numbers)),
        "change": change,
    }
    source = next((one for one in (DATA, STARTING_VALUE) if one in sources.values()), NOTHING_YET)
    named = start.type.model_dump() if start else names.of("category", categories[0])
    return Row(categories[0], named, cells["problem"], cells["suggestion"], cells["benefit"], source, sources, figures)


def _both(texts: Sequence[str]) -> dict[str, str]:
    """What people wrote, in whatever language they did; empty where nobody wrote anything."""
    different = list(dict.fromkeys(text for text in texts if text))[:_MOST]
    return {"zh": "；".join(different), "en": "; ".join(different)} if different else {}


def _benefit(change: Mapping[str, Any] | None) -> dict[str, str]:
    if change is None or not change.get("before") or change.get("after") is None:
        return {}
    moved = change["after"] / change["before"] - 1
    said: Literal["fell_by", "rose_by"] = "fell_by" if moved < 0 else "rose_by"
    told = {}
    for language in LANGUAGES:
        known = words(language)
        what = known.measures[change.get("measure", "defects")]
        told[language] = known.problem_table[said].format(what=what, share=f"{abs(moved):.0%}")
    return told


def _with_shares(rows: Sequence[Row], counted: Mapping[str, int]) -> tuple[Row, ...]:
    total = sum(counted.values())
    if not total:
        return tuple(rows)
    together, made = 0, []
    for row in rows:
        number = row.figures["complaints"]
        together += number
        shares = {"share": number / total, "cumulative_share": together / total}
        made.append(replace(row, figures={**row.figures, **shares}))
    return tuple(made)
