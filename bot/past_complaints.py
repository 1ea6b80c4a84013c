"""The firm's past complaints: CSV files beside its taxonomy, checked row by row, as training examples.

Nothing here needs Rasa, so that a mistake is told before a training begins.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bot import LONGEST_TEXT, ROOT
from bot.nlu.evidence import RISKS

# Everything of the firm's that a model is made of, within its folder.
TAXONOMY = "taxonomy.yml"
COMPLAINTS = "complaints*.csv"
COLUMNS = ("text", "label", "emotion", "risk")
COMPLAIN = "complain"
_INTENT = "intent:"
# What no customer means: it stands for what could not be read.
_NO_READING = "nlu_fallback"
_SEVERAL = re.compile("[;；]")
_MOST_MISTAKES_TOLD = 20


class PastComplaintsError(Exception):
    """Something is wrong in the firm's past complaints or its taxonomy; each line tells file, line and mistake."""


@dataclass(frozen=True)
class PastComplaint:
    """One row.

    Attributes:
        path, line: where it begins.
        intent: ``complain``, or what the text is instead.
        categories, emotion, risk: labels of a complaint; emotion is None where it was not given.
    """

    path: Path
    line: int
    text: str
    intent: str
    categories: tuple[str, ...] = ()
    emotion: int | None = None
    risk: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """The file and the line, as people read them."""
        return f"{shown(self.path)}:{self.line}"

    @property
    def data(self) -> dict[str, Any]:
        """The data of a Rasa training example, as Rasa makes it of a block of YAML with metadata."""
        if self.intent != COMPLAIN:
            return {"text": self.text, "intent": self.intent}
        labels: dict[str, Any] = {"categories": list(self.categories), "risk": list(self.risk)}
        if self.emotion is not None:
            labels["emotion"] = self.emotion
        return {"text": self.text, "intent": self.intent, "metadata": {"intent": labels}}


def firm_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """The folder of the firm's own files: ``AMENDS_FIRM``, or the file that ``AMENDS_FIRM_FILE`` names holds it.

    Raises:
        PastComplaintsError: that file cannot be read.
    """
    named = environment.get("AMENDS_FIRM", "")
    if environment.get("AMENDS_FIRM_FILE"):
        try:
            named = Path(environment["AMENDS_FIRM_FILE"]).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise PastComplaintsError(f"AMENDS_FIRM_FILE: {error.strerror}: {error.filename}") from None
    return Path(named).absolute() if named else ROOT / "data" / "firm"


def read_past_complaints(folder: Path) -> list[PastComplaint]:
    """All rows of the firm's ``complaints*.csv``, in the order of files and lines; none where there is no such file.

    Raises:
        PastComplaintsError: rows, columns or the encoding are wrong; nothing is read half.
    """
    paths = sorted(folder.glob(COMPLAINTS))
    if not paths:
        return []
    labels = Labels.of(folder)
    found: list[PastComplaint] = []
    mistakes: list[str] = []
    for path in paths:
        rows = _rows(path)
        columns = _columns(path, next(rows, (1, [])))
        for line, cells in rows:
            try:
                if any(cells):
                    found.append(labels.read(path, line, _named(columns, cells)))
            except ValueError as mistake:
                mistakes.append(f"{shown(path)}:{line}: {mistake}")
    if mistakes:
        more = len(mistakes) - _MOST_MISTAKES_TOLD
        told = mistakes[:_MOST_MISTAKES_TOLD] + ([f"… and {more} more mistakes"] if more > 0 else [])
        raise PastComplaintsError("\n".join(told))
    return found


def category_keys(folder: Path) -> list[str]:
    """The keys of the firm's ``taxonomy.yml`` in its order; the service checks the rest of it at its start.

    Raises:
        PastComplaintsError: the file cannot be read or lists no categories.
    """
    path = folder / TAXONOMY
    try:
        entries = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["categories"]
        return [str(entry["key"]) for entry in entries]
    except OSError as error:
        raise PastComplaintsError(f"{shown(path)}:1: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise PastComplaintsError(f"{shown(path)}:1: is not UTF-8") from None
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise PastComplaintsError(f"{shown(path)}:{line}: no valid YAML: {error.problem}") from None
    except (KeyError, TypeError):
        raise PastComplaintsError(f"{shown(path)}:1: must list `categories`, each with its `key`") from None


def intent_names() -> list[str]:
    """What a message that does not complain may mean, from Rasa's domain."""
    domain = yaml.load((ROOT / "domain.yml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return [name for name in domain["intents"] if name not in (COMPLAIN, _NO_READING)]


@dataclass(frozen=True)
class Labels:
    """The labels that rows may carry."""

    categories: tuple[str, ...]
    intents: tuple[str, ...]

    @classmethod
    def of(cls, folder: Path) -> Labels:
        """What the firm's taxonomy and Rasa's domain know.

        Raises:
            PastComplaintsError: the taxonomy cannot be read.
        """
        return cls(tuple(category_keys(folder)), tuple(intent_names()))

    def read(self, path: Path, line: int, row: dict[str, str]) -> PastComplaint:
        """The row at ``line``; ValueError tells what is wrong with it."""
        text = row["text"]
        if not text:
            raise ValueError("the text is empty")
        if len(text) > LONGEST_TEXT:
            raise ValueError(f"the text has {len(text):,} characters; {LONGEST_TEXT:,} are read at most")
        labels = _parts(row["label"])
        if not labels:
            raise ValueError("the label is empty; what is no complaint is labelled by its intent: `intent:ask_policy`")
        emotion, risk = self._emotion(row.get("emotion", "")), self._risk(row.get("risk", ""))
        if any(label.startswith(_INTENT) for label in labels):
            return PastComplaint(path, line, text, self._intent(labels))
        for label in labels:
            if label not in self.categories:
                raise ValueError(f"there is no category {label!r} in {TAXONOMY}; it has {', '.join(self.categories)}")
        return PastComplaint(path, line, text, COMPLAIN, labels, emotion, risk)

    def _intent(self, labels: tuple[str, ...]) -> str:
        intent = labels[0][len(_INTENT) :].strip()
        if len(labels) > 1:
            raise ValueError("an intent stands alone: a text is a complaint of some category, or something else")
        if intent == COMPLAIN:
            raise ValueError("a complaint is labelled by what failed: its category, `other` where none fits")
        if intent not in self.intents:
            raise ValueError(f"there is no intent {intent!r} in domain.yml; it has {', '.join(self.intents)}")
        return intent

    @staticmethod
    def _emotion(value: str) -> int | None:
        if value not in ("", "0", "1", "2", "3"):
            raise ValueError(f"the emotion is {value!r}; it goes from 0 (calm) to 3 (furious), or is left empty")
        return int(value) if value else None

    @staticmethod
    def _risk(value: str) -> tuple[str, ...]:
        for key in _parts(value):
            if key not in RISKS:
                raise ValueError(f"there is no risk {key!r}; there are {', '.join(RISKS)}")
        return _parts(value)


def shown(path: Path) -> str:
    """A path as people read it: from where they are, where that is shorter."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line it begins at; cells without blanks around them."""
    try:
        content = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise PastComplaintsError(f"{shown(path)}:1: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise PastComplaintsError(f"{shown(path)}:{line}: is not UTF-8; save it as `CSV UTF-8`") from None
    # `strict` tells of a quote that is not closed, which would otherwise swallow the rest of the file.
    reader = csv.reader(io.StringIO(content, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise PastComplaintsError(f"{shown(path)}:{line}: no valid CSV: {error}") from None
        yield line, [cell.strip() for cell in cells]


def _columns(path: Path, header: tuple[int, list[str]]) -> list[str]:
    line, names = header
    while names and not names[-1]:
        names.pop()  # a spreadsheet may leave empty columns behind
    for name in names:
        if name not in COLUMNS:
            raise PastComplaintsError(f"{shown(path)}:{line}: unknown column {name!r}; there are {', '.join(COLUMNS)}")
        if names.count(name) > 1:
            raise PastComplaintsError(f"{shown(path)}:{line}: the column {name!r} stands here twice")
    for name in COLUMNS[:2]:
        if name not in names:
            raise PastComplaintsError(
                f"{shown(path)}:{line}: the column {name!r} is missing; the first line names them"
            )
    return names


def _named(columns: list[str], cells: list[str]) -> dict[str, str]:
    """The cells by column; what a short row leaves out is empty."""
    if any(cells[len(columns) :]):
        raise ValueError(f"{len(cells)} cells for {len(columns)} columns; a text with commas stands in double quotes")
    return dict(zip(columns, cells + [""] * len(columns)))


def _parts(cell: str) -> tuple[str, ...]:
    """What stands in one cell, parted by semicolons, each once."""
    return tuple(dict.fromkeys(part.strip() for part in _SEVERAL.split(cell) if part.strip()))
