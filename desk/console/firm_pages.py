"""What the firm decided in its files, shown as it was read at the start; changed in the files alone."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web

from actions.firm import Firm
from actions.words.formats import show_money
from desk.console.keys import WORDS
from desk.console.pages import language_of, render
from desk.keys import DATABASE, FIRM, SETTINGS
from recovery.money import Money

# Page → the file it shows; a page whose file the firm does not have is not offered.
FILES = {
    "firm": "firm.yml",
    "departments": "departments.yml",
    "routing": "routing.yml",
    "calendar": "calendar.yml",
    "service-levels": "service_levels.yml",
    "severity": "severity.yml",
    "tiers": "tiers.yml",
    "remedies": "remedies.yml",
    "authority": "authority.yml",
    "value": "value.yml",
    "budgets": "budgets.yml",
    "guarantees": "guarantees.yml",
    "taxonomy": "taxonomy.yml",
    "blueprint": "blueprint.yml",
    "connectors": "connectors.yml",
    "channels": "channels.yml",
    "notifications": "notifications.yml",
    "playbooks": "playbooks.yml",
    "alarms": "alarms.yml",
    "retention": "retention.yml",
    "security": "security.yml",
}
_IN_MINOR_UNITS = frozenset(
    {
        "amount",
        "amount_at_least",
        "vip_at_least",
        "unknown_stake",
        "at_most",
        "bot",
        "agent",
        "supervisor",
        "manager",
        "worth",
        "per_day",
        "order_total_at_least",
        "order_total_at_most",
    }
)
_LANGUAGES = frozenset({"zh", "en"})
_ENDS = frozenset({"from", "to"})
_WITH_ROOM = _IN_MINOR_UNITS | {"percent_of_order"}
_SPAN = re.compile(r"(\d+) (second|minute|hour|day|working day)s?")


@dataclass(frozen=True, slots=True)
class FirmFileRead:
    """A file as it stood when the desk started.

    Attributes:
        path: as the setting names the folder, for people to find it.
        remark: the comment at its head, which explains it.
        changed: whether the file has been changed since.
    """

    page: str
    path: Path
    content: Any
    source: str
    remark: str
    read_at: datetime
    modified: float

    @property
    def changed(self) -> bool:
        try:
            return self.path.stat().st_mtime != self.modified
        except OSError:
            return True


FIRM_FILES = web.AppKey("firm_files_read", dict[str, FirmFileRead])


@dataclass(frozen=True, slots=True)
class Shown:
    """A value of a file for people: a word, a list of words, a table, or named values below it.

    Attributes:
        kind: ``word``, ``words``, ``table``, ``group`` or ``stack``: groups one below the other, each with its title.
        rows: of a table, its cells in the order of ``columns``; of a group or stack, name and value.
    """

    kind: str
    text: str = ""
    words: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[Any, ...] = ()


def set_up(app: web.Application) -> None:
    """Read the files beside those that the desk goes by, at the same moment."""
    app[FIRM_FILES] = dict(_read(app[SETTINGS].firm, app[DATABASE].clock()))


async def firm_page(request: web.Request) -> web.StreamResponse:
    """One file of the firm's."""
    file = request.app[FIRM_FILES].get(request.match_info["page"])
    if file is None:
        raise web.HTTPNotFound
    shown = _Reader(request).group(file.content or {})
    return await render(request, "settings/firm_file.html", file=file, shown=shown, files=request.app[FIRM_FILES])


def _read(folder: Path, now: datetime) -> Iterator[tuple[str, FirmFileRead]]:
    for page, name in FILES.items():
        path = folder / name
        try:
            source = path.read_text(encoding="utf-8")
            content = yaml.load(source, Loader=yaml.CSafeLoader)
            modified = path.stat().st_mtime
        except (OSError, ValueError, yaml.YAMLError):
            continue  # what matters of it has stopped the start already
        lines = []
        for line in source.splitlines():
            if not line.startswith("#"):
                break
            lines.append(line.lstrip("# "))
        yield page, FirmFileRead(page, path, content, source, " ".join(lines), now, modified)


def _is_deep(row: Mapping[str, Any]) -> bool:
    """Whether a row holds more than the cells of a table have room for: values two deep, or lists of several parts."""
    return any(
        any(isinstance(one, Mapping) for one in value.values())
        if isinstance(value, Mapping)
        else isinstance(value, list) and any(isinstance(one, (Mapping, list)) for one in value)
        for value in row.values()
    )


def _is_said(value: Mapping[str, Any]) -> bool:
    """Whether it is a text in both languages and nothing else."""
    return bool(value) and set(value) <= _LANGUAGES


class _Reader:
    """Turns the content of a file into what people read, in the reader's language."""

    def __init__(self, request: web.Request) -> None:
        self._words = request.app[WORDS]
        self._firm: Firm = request.app[FIRM]
        self._language = language_of(request)
        self._departments = {one.key: one.name.in_language(self._language) for one in self._firm.departments}

    def group(self, content: Mapping[str, Any]) -> Shown:
        """Named values."""
        return Shown("group", rows=tuple((self.name(key), self.value(key, value)) for key, value in content.items()))

    def name(self, key: object) -> str:
        """The name of a key, in words where there are any."""
        text = str(key)
        for group in ("yaml", "severity", "authority", "category", "channel", "tier", "role", "kind", "risk"):
            # A key that names a category is one: `other` is no channel here, `safety` no risk.
            if group == "category" and text in self._firm.categories:
                return self._firm.category_name(text, self._language)
            if self._words.has(f"{group}.{text}"):
                return self._words.render(self._language, f"{group}.{text}")
        known = self._known(text)
        return known if known is not None else text.replace("_", " ")

    def value(self, key: str, value: Any) -> Shown:
        """A value by what it is."""
        if isinstance(value, Mapping):
            if key == "check":
                # The go-live check of a guarantee: a question a line.
                return self._table([{"caution": self.name(caution), **answer} for caution, answer in value.items()])
            if key in _WITH_ROOM and value and set(value) <= _ENDS:
                return Shown("word", self._word(key, value))
            if value and _LANGUAGES & set(value):
                return Shown("word", self._said(value))
            return self.group(value)
        if isinstance(value, list):
            if value and all(isinstance(one, Mapping) for one in value) and not all(map(_is_said, value)):
                return self._stack(value) if any(map(_is_deep, value)) else self._table(value)
            return Shown("words", words=tuple(self._in_a_line(key, one) for one in value))
        return Shown("word", self._word(key, value))

    def _stack(self, rows: list[Mapping[str, Any]]) -> Shown:
        """What is too deep for the cells of a table, one below the other by its name."""
        return Shown("stack", rows=tuple(self._titled(row) for row in rows))

    def _titled(self, row: Mapping[str, Any]) -> tuple[str, Shown]:
        """A row under what it is known by."""
        titled = next((key for key in ("name", "id", "key") if key in row), None)
        title = self.value(titled, row[titled]).text if titled is not None else "–"
        return title, self.group({key: value for key, value in row.items() if key != titled})

    def _table(self, rows: list[Mapping[str, Any]]) -> Shown:
        columns = list(dict.fromkeys(column for row in rows for column in row))
        cells = tuple(
            tuple(self.value(column, row[column]) if column in row else Shown("word", "–") for column in columns)
            for row in rows
        )
        return Shown("table", columns=tuple(self.name(column) for column in columns), rows=cells)

    def _said(self, value: Mapping[str, Any]) -> str:
        """What is written in both languages; in brackets what else belongs to it, such as the time for a promise."""
        text = str(value.get(self._language) or next(value[one] for one in ("zh", "en") if value.get(one)))
        others = [(self.name(k), self._in_a_line(k, v)) for k, v in value.items() if k not in _LANGUAGES]
        more = [f"{name[:1].lower()}{name[1:]} {words}" for name, words in others]
        return f"{text} ({', '.join(more)})" if more else text

    def _in_a_line(self, key: str, value: Any) -> str:
        """A list within a list, such as the remedies of one choice."""
        if isinstance(value, list):
            return " + ".join(self._in_a_line(key, one) for one in value)
        if isinstance(value, Mapping):
            if "kind" in value:
                more = [self._limit(k, v) for k, v in value.items() if k not in ("kind", "amount")]
                amount = [self._word("amount", value["amount"])] if "amount" in value else []
                return " ".join([self.name(value["kind"]), *amount, *([f"({', '.join(more)})"] if more else [])])
            if _is_said(value):
                return self._said(value)
            return ", ".join(f"{self.name(k)} {self._in_a_line(k, v)}" for k, v in value.items())
        return self._word(key, value)

    def _limit(self, key: str, value: Any) -> str:
        words = (self._word(key, value), self.name(key))
        # "100 % of what was paid", but "at most 100 yuan".
        return " ".join(words if key == "percent_of_order" and self._language == "en" else reversed(words))

    def _word(self, key: str, value: Any) -> str:
        if value is None or value == "":
            return "–"
        if isinstance(value, Mapping) and value and set(value) <= _ENDS:
            # Room between two ends.
            return "–".join(self._word(key, value[end]) for end in ("from", "to") if end in value)
        if isinstance(value, bool):
            return self._words.render(self._language, "firmfile.yes" if value else "firmfile.no")
        # A category stands before a number where it has a budget of its own.
        is_budget = key in self._firm.policy.budgets.categories
        if isinstance(value, int) and (key in _IN_MINOR_UNITS or is_budget) and value >= 0:
            return show_money(Money(value, self._firm.policy.currency), self._language)
        if isinstance(value, int) and key == "percent_of_order":
            return f"{value} %"
        if isinstance(value, (date, datetime)):
            return value.isoformat()
        if isinstance(value, float):
            # Small shares as people write them, not 5e-05.
            return f"{value:.10f}".rstrip("0").rstrip(".")
        text = str(value)
        if key in ("key", "id", "zone", "currency"):
            return text
        if span := _SPAN.fullmatch(text):
            unit = span[2].replace(" ", "_")
            return self._words.render(self._language, f"firmfile.span_{unit}", count=int(span[1]))
        known = self._known(text)
        return known if known is not None else self.name(text) if text.replace("_", "").isalpha() else text

    def _known(self, text: str) -> str | None:
        """The name of a category, a department or a step of the service."""
        if text in self._firm.categories:
            return self._firm.category_name(text, self._language)
        names = self._firm.blueprint.names.get(text)
        return self._departments.get(text) or (names[self._language] if names else None)
