"""Fields of the forms of improvement: what a browser sent becomes a document, and a document fills the form again.

A form is described by its fields alone; its words stand under ``improve_field`` and ``improve_hint``. A group that
repeats is sent as ``group.0.name``, ``group.1.name``, …, with blank ones below what is there, so that it grows without
any script.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from desk.console.performing import Form, first_value

Kind = Literal["line", "text", "day", "number", "whole", "choice", "lines", "tick"]

# A group takes no more than this, whatever a browser sends; the documents have limits of their own.
ROWS = 60


@dataclass(frozen=True, slots=True)
class Field:
    """One field.

    Attributes:
        name: in the document.
        kind: a line, a text, a day, a number (also with a decimal point), a whole number, a choice of ``choices``, a
            list with an item a line, or something ticked.
        required: whether it is marked as such; the document itself decides.
        words: whose label and hint it has, if not its own.
    """

    name: str
    kind: Kind = "line"
    choices: tuple[str, ...] = ()
    required: bool = False
    words: str = ""
    length: int = 2000

    @property
    def label(self) -> str:
        return self.words or self.name


@dataclass(frozen=True, slots=True)
class Rows:
    """A group of fields that repeats; ``blank`` empty ones are offered below what is there."""

    name: str
    fields: tuple[Field, ...]
    blank: int = 2

    @property
    def label(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that belong together; they are an object of that name in the document, or None where all are empty."""

    name: str
    fields: tuple[Field, ...]

    @property
    def label(self) -> str:
        return self.name


Part = Field | Rows | Group


def read_document(parts: Sequence[Part], form: Form) -> dict[str, Any]:
    """What was sent, as a document; what is empty is left out.

    A number that is none stays the text it is, for the document to refuse.
    """
    found: dict[str, Any] = {}
    for part in parts:
        value: Any
        if isinstance(part, Field):
            value = _value(part, form, part.name)
        elif isinstance(part, Group):
            value = _fields(part.fields, form, f"{part.name}.")
        else:
            rows = (_fields(part.fields, form, f"{part.name}.{number}.") for number in range(_rows_sent(part, form)))
            value = [row for row in rows if row]
        if value not in (None, {}, ""):
            found[part.name] = value
    return found


def filled(parts: Sequence[Part], document: Mapping[str, Any] | None) -> dict[str, str]:
    """What stands in each input, by its name, for a document that is there."""
    document, found = document or {}, dict[str, str]()
    for part in parts:
        value = document.get(part.name)
        if isinstance(part, Field):
            found[part.name] = _written(value)
        elif isinstance(part, Group):
            for field in part.fields:
                found[f"{part.name}.{field.name}"] = _written((value or {}).get(field.name))
        else:
            for number, row in enumerate(value or ()):
                for field in part.fields:
                    found[f"{part.name}.{number}.{field.name}"] = _written(row.get(field.name))
    return found


def rows_of(part: Rows, typed: Mapping[str, str]) -> range:
    """The numbers of the rows that a form shows."""
    there = 0
    for number in range(ROWS):
        if any(typed.get(f"{part.name}.{number}.{field.name}") for field in part.fields):
            there = number + 1
    return range(min(there + part.blank, ROWS))


def _rows_sent(part: Rows, form: Form) -> int:
    sent = (
        number for number in range(ROWS) if any(f"{part.name}.{number}.{field.name}" in form for field in part.fields)
    )
    return max(sent, default=-1) + 1


def _fields(fields: Sequence[Field], form: Form, prefix: str) -> dict[str, Any]:
    values = {field.name: _value(field, form, prefix + field.name) for field in fields}
    return {name: value for name, value in values.items() if value not in (None, "", [], False)}


def _value(field: Field, form: Form, name: str) -> Any:
    written = first_value(form, name)
    match field.kind:
        case "tick":
            return bool(written)
        case "lines":
            return [line.strip() for line in written.splitlines() if line.strip()]
        case "number" | "whole" if written:
            return _number(written, whole=field.kind == "whole")
    return written or None


def _number(written: str, *, whole: bool) -> int | float | str:
    plain = written.replace(",", "").replace("，", "")
    try:
        return int(plain) if whole else float(plain)
    except ValueError:
        return written


def _written(value: Any) -> str:
    if value is None or value is False:
        return ""
    if value is True:
        return "yes"
    if isinstance(value, list | tuple):
        return "\n".join(str(item) for item in value)
    return f"{value:g}" if isinstance(value, float) else str(value)
