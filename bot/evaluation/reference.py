"""What is measured on: files that may be missing, which is said loudly, and read strictly where they are there."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Any


def progress(text: str) -> None:
    """Says on standard error what is being done."""
    print(text, file=sys.stderr, flush=True)


class WrongFormError(ValueError):
    """A file does not have the form that is known; the message names it, and the line where there is one."""


class Reference:
    """Looks for files and remembers which were ``missing``."""

    def __init__(self) -> None:
        self.missing: list[Path] = []

    def found(self, *paths: Path) -> bool:
        """Whether all ``paths`` are there; says loudly which are not."""
        absent = [path for path in paths if not path.is_file()]
        for path in absent:
            progress(f"*** MISSING: {path} — nothing was measured on it. ***")
        self.missing += absent
        return not absent


def json_rows(path: Path, *keys: str) -> list[dict[str, Any]]:
    """The rows of a JSON-lines file, each with at least ``keys``.

    Raises:
        WrongFormError: a line is no JSON object or lacks a key.
    """
    rows = []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise WrongFormError(f"{path}, line {number}: no JSON: {error.msg}") from error
        absent = [key for key in keys if key not in row] if isinstance(row, dict) else ["JSON object"]
        if absent:
            raise WrongFormError(f"{path}, line {number}: no {', '.join(absent)}")
        rows.append(row)
    return rows


def csv_columns(path: Path, *columns: str) -> list[tuple[str, ...]]:
    """The named columns of a CSV file with a header, one tuple a row.

    Raises:
        WrongFormError: the header lacks a column, or a row is too short.
    """
    rows = []
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        absent = [column for column in columns if column not in (reader.fieldnames or [])]
        if absent:
            raise WrongFormError(f"{path}, line 1: no column {', '.join(absent)}")
        for row in reader:
            values = tuple(row[column] for column in columns)
            if None in values:
                raise WrongFormError(f"{path}, line {reader.line_num}: too few columns")
            rows.append(values)
    return rows
