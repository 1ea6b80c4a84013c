"""A question with its parameters, read alike from the command line and from a query string."""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from types import UnionType
from typing import Annotated, Any, Protocol, Self, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic.fields import FieldInfo

from analytics.periods import Period, read_day, read_period
from analytics.sigma import WrongInput
from analytics.surroundings import Surroundings
from store.database import UnitOfWork

Day = Annotated[date, BeforeValidator(read_day)]
Span = Annotated[Period, BeforeValidator(read_period)]


class Answer(Protocol):
    """What a question is answered with."""

    def to_json(self) -> dict[str, Any]:
        """Ready for JSON: shares as fractions, days as ISO dates, what has no end as null."""

    def to_text(self) -> str:
        """For a person at a terminal."""


class Question(BaseModel):
    """Parameters of a question; a field's description is its help."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    def answer(self, work: UnitOfWork, around: Surroundings) -> Answer:
        """Answer it from the store.

        Args:
            work: may read; what is not rolled up yet does not count.

        Raises:
            WrongInput: what was asked cannot be answered; the message says why.
            TookTooLong: the time that ``around`` allows is over.
        """
        raise NotImplementedError

    def asked(self) -> dict[str, Any]:
        """The parameters as understood, ready for JSON."""
        return self.model_dump(mode="json")


class PeriodQuestion(Question):
    """A question about days in the firm's zone."""

    since: Day | None = Field(None, description="first day, such as 2026-10-01, in the firm's zone")
    until: Day | None = Field(None, description="last day, itself included")

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> Self:
        if self.since and self.until and self.since > self.until:
            raise ValueError(f"the period ends on {self.until} before it begins on {self.since}")
        return self

    @property
    def period(self) -> Period:
        return Period(self.since, self.until)


Asked = TypeVar("Asked", bound=Question)


def read_question(kind: type[Asked], words: Mapping[str, Sequence[str]]) -> Asked:
    """The question that these words ask.

    Args:
        words: by parameter, each as often as it was given. Lists may also be written with commas.

    Raises:
        WrongInput: a parameter is unknown, given twice, or wrong; the message names it.
    """
    values: dict[str, Any] = {}
    for name, given in words.items():
        field = kind.model_fields.get(name)
        if field is None:
            raise WrongInput(f"{name}: there is no such parameter; there are {', '.join(kind.model_fields)}")
        if not all(word.isprintable() for word in given):
            raise WrongInput(f"{name}: has a character that cannot be seen")
        if takes_many(field):
            values[name] = tuple(part for word in given for part in word.split(",") if part)
        elif len(given) > 1:
            raise WrongInput(f"{name}: is given {len(given)} times, and can be said once")
        else:
            values[name] = given[0]
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = str(first["loc"][0]) if first["loc"] else ""
        message = first["msg"].removeprefix("Value error, ").replace("Input should", "must")
        raise WrongInput(f"{place}: {message}" if place else message) from None


def takes_many(field: FieldInfo) -> bool:
    return any(get_origin(part) is tuple for part in (field.annotation, *get_args(field.annotation)))


def add_options(parser: argparse.ArgumentParser, kind: type[Question]) -> None:
    """Options of the command line for the parameters; they are checked by ``read_question``."""
    for name, field in kind.model_fields.items():
        default = f" (default {_written(field.default)})" if field.default not in (None, ()) else ""
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            dest=name,
            action="append",
            metavar=_metavar(name, field),
            required=field.is_required(),
            help=f"{field.description}{default}".replace("%", "%%"),
        )


def given_options(options: argparse.Namespace, kind: type[Question]) -> dict[str, list[str]]:
    """What ``add_options`` let somebody say, for ``read_question``."""
    said = {name: getattr(options, name) for name in kind.model_fields}
    return {name: words for name, words in said.items() if words is not None}


def _metavar(name: str, field: FieldInfo) -> str:
    choices = choices_of(field.annotation)
    if choices:
        return "|".join(choices)
    kinds = {part for part in (field.annotation, *_parts(field.annotation)) if isinstance(part, type)}
    if Period in kinds:
        return "SINCE:UNTIL"
    if date in kinds:
        return "DAY"
    return "NUMBER" if kinds & {int, float} else name.upper()


def choices_of(annotation: Any) -> tuple[str, ...]:
    """The words of which a parameter takes one; none where it takes anything."""
    for part in (annotation, *_parts(annotation)):
        words = get_args(part)
        if words and all(isinstance(word, str) for word in words):
            return words
    return ()


def _parts(annotation: Any) -> Iterable[Any]:
    for part in get_args(annotation):
        if get_origin(part) in (tuple, Annotated, Union, UnionType):
            yield from _parts(part)
        yield part


def _written(default: Any) -> str:
    return ",".join(default) if isinstance(default, tuple) else str(default)
