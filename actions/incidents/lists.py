"""Read a list of order numbers as people have it: pasted, from a CSV file, or JSON; mistakes are told by line."""

import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

# Of one incident; more are told in several.
ORDERS_AT_MOST = 5000
# Longer texts hold more than the list, or something else.
TEXT_AT_MOST = 512 * 1024
_NUMBER = re.compile(r"[A-Za-z0-9_-]{1,64}")
_BETWEEN = re.compile(r"[\s,;、，；|]+")
# How a column that holds them is called.
_COLUMNS = ("order_number", "order number", "order", "number", "订单号", "订单编号", "单号")
# Of what is wrong, so much is repeated.
_SHOWN = 40


class Problem(StrEnum):
    """What is wrong with a line; each has its words in the console's catalogue."""

    NO_NUMBER = "no_number"
    REPEATED = "repeated"
    UNKNOWN = "unknown"
    OTHER_CURRENCY = "other_currency"
    UNREACHABLE = "unreachable"
    IN_OTHER_INCIDENT = "in_other_incident"


@dataclass(frozen=True, slots=True)
class LineProblem:
    """What is wrong with an entry.

    Attributes:
        line: of the list, from 1; in JSON the place within the list.
        what: the entry, as far as it is worth repeating.
    """

    line: int
    what: str
    problem: Problem


@dataclass(frozen=True, slots=True)
class NumberRead:
    line: int
    number: str


@dataclass(frozen=True, slots=True)
class ListRead:
    """The numbers, each once, in their order; and what could not be read."""

    numbers: tuple[NumberRead, ...]
    problems: tuple[LineProblem, ...]


class ListRefused(Exception):
    """The list as a whole cannot be used; ``code`` names a text for the desk."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def read_list(text: str) -> ListRead:
    """The order numbers of a list.

    JSON: a list of numbers, or of objects with ``number`` or ``order_number``; or an object with such a list under
    ``orders``. CSV: the column that is called so, else the first. Anything else: words, apart by blanks or commas.

    Raises:
        ListRefused: ``list_empty``, ``list_too_long``, ``list_no_json``.
    """
    if len(text.encode("utf-8", "replace")) > TEXT_AT_MOST:
        raise ListRefused("list_too_long")
    text = text.removeprefix("\ufeff").strip()
    if not text:
        raise ListRefused("list_empty")
    if text[0] in "[{":
        return gather(_of_json(text))
    first = text.splitlines()[0]
    dialect = next((mark for mark in ("\t", ";", ",") if mark in first), ",")
    column = _column(next(csv.reader([first], delimiter=dialect), []))
    return gather(_of_words(text) if column is None else _of_csv(text, dialect, column))


def gather(entries: Iterator[tuple[int, str]]) -> ListRead:
    """The entries that are numbers, each once; the others are told.

    Raises:
        ListRefused: ``list_empty``, ``list_too_long``.
    """
    numbers: dict[str, NumberRead] = {}
    problems: list[LineProblem] = []
    for line, entry in entries:
        number = unicodedata.normalize("NFKC", entry).strip().lstrip("#")
        if not number:
            continue
        if not _NUMBER.fullmatch(number):
            problems.append(LineProblem(line, _storable(entry)[:_SHOWN], Problem.NO_NUMBER))
        elif number in numbers:
            problems.append(LineProblem(line, number, Problem.REPEATED))
        else:
            numbers[number] = NumberRead(line, number)
        if len(numbers) > ORDERS_AT_MOST or len(problems) > ORDERS_AT_MOST:
            raise ListRefused("list_too_long")
    if not numbers and not problems:
        raise ListRefused("list_empty")
    return ListRead(tuple(numbers.values()), tuple(problems))


def _column(cells: list[str]) -> int | None:
    """Which column of a heading holds the numbers; None where the line is no heading."""
    names = [unicodedata.normalize("NFKC", cell).strip().casefold() for cell in cells]
    return next((names.index(name) for name in _COLUMNS if name in names), None)


def _of_csv(text: str, dialect: str, column: int) -> Iterator[tuple[int, str]]:
    reader = csv.reader(io.StringIO(text), delimiter=dialect)
    next(reader)
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                # A row without that cell is told, and not passed over.
                yield reader.line_num, row[column] if column < len(row) and row[column].strip() else ",".join(row)
    except csv.Error:
        raise ListRefused("list_no_csv") from None


def _of_words(text: str) -> Iterator[tuple[int, str]]:
    for line, content in enumerate(text.splitlines(), 1):
        for word in _BETWEEN.split(content):
            yield line, word.strip("\"'“”")


def _of_json(text: str) -> Iterator[tuple[int, str]]:
    try:
        found: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise ListRefused("list_no_json") from None
    if isinstance(found, dict):
        found = found.get("orders")
    if not isinstance(found, list):
        raise ListRefused("list_no_json")
    for place, entry in enumerate(found, 1):
        if isinstance(entry, dict):
            entry = entry.get("order_number", entry.get("number"))
        whole = isinstance(entry, int) and not isinstance(entry, bool)
        # In brackets: `null` and `true` would pass for numbers of orders.
        yield place, str(entry) if isinstance(entry, str) or whole else f"({json.dumps(entry)})"


def _storable(text: str) -> str:
    """Without what no page shows and no database keeps."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)
