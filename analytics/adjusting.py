"""How kept sums are changed by differences, within whoever's unit of work."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import Connection

from store.database import UnitOfWork
from store.tables.base import Base

# Values in one IN list; SQLite takes 32,766 parameters in all.
_SLICE = 500

Names = tuple[str, ...]
Rows = list[tuple[Any, ...]]
Item = TypeVar("Item")
Key = TypeVar("Key", bound=tuple[Any, ...])


def slices(items: Iterable[Item], size: int = _SLICE) -> Iterator[list[Item]]:
    """``items`` in lists of at most ``size``."""
    part: list[Item] = []
    for item in items:
        part.append(item)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part


def adjust(
    work: UnitOfWork,
    kind: type[Base],
    names: tuple[str, ...],
    sums: tuple[str, str],
    changes: Mapping[Key, tuple[int, int]],
) -> None:
    """Add ``changes`` to the rows of a table. A row whose first sum falls to nothing goes.

    What only adds is inserted or added to what is there. What takes something away finds its row, or the table is
    damaged, which a recount shows: inserting it would break the table's check.

    Args:
        names: of the columns that make a row's key.
        sums: the two columns that are added to; the first says how many, and whoever adds to the second adds to it.
        changes: by key, in the order of ``names``.
    """
    adds_to = sums[1]
    added: list[tuple[Any, ...]] = []
    changed: list[tuple[Any, ...]] = []
    gone: list[tuple[Any, ...]] = []
    # By key, so that neighbours in the index are touched one after the other, and by all in the same order.
    for key in sorted(changes):
        first, second = changes[key]
        if first > 0 <= second and (adds_to != "defects" or second <= first):
            added.append((*key, first, second))
        else:
            changed.append((*key, first, second))
            if first < 0:
                gone.append(tuple(key))
    connection = work.session.connection()
    write = _write_one_by_one if connection.dialect.name == "sqlite" else _write_at_once
    write(connection, kind.__tablename__, names, sums, added, changed, gone)


# Written out, since thousands of rows would spend most of their time in preparing parameters otherwise.
def _write_one_by_one(
    connection: Connection, table: str, names: Names, sums: Names, added: Rows, changed: Rows, gone: Rows
) -> None:
    matched = " AND ".join(f'"{name}" = ?{at}' for at, name in enumerate(names, 1))
    if added:
        columns, marks = _quoted((*names, *sums)), ", ".join(["?"] * (len(names) + 2))
        summed = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in sums)
        otherwise = f"ON CONFLICT ({_quoted(names)}) DO UPDATE SET {summed}"
        insert = f"INSERT INTO {table} ({columns}) VALUES ({marks}) {otherwise}"
        connection.exec_driver_sql(insert, _days_as_text(added))
    if changed:
        summed = ", ".join(f"{name} = {name} + ?{at}" for at, name in enumerate(sums, len(names) + 1))
        connection.exec_driver_sql(f"UPDATE {table} SET {summed} WHERE {matched}", _days_as_text(changed))
    if gone:
        connection.exec_driver_sql(f"DELETE FROM {table} WHERE {sums[0]} = 0 AND {matched}", _days_as_text(gone))


def _write_at_once(
    connection: Connection, table: str, names: Names, sums: Names, added: Rows, changed: Rows, gone: Rows
) -> None:
    matched = " AND ".join(f'kept."{name}" = by."{name}"' for name in names)
    every = (*names, *sums)
    if added:
        summed = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in sums)
        connection.exec_driver_sql(
            f"INSERT INTO {table} ({_quoted(every)}) SELECT * FROM {_unnested(every)} "
            f"ON CONFLICT ({_quoted(names)}) DO UPDATE SET {summed}",
            _by_column(added),
        )
    if changed:
        summed = ", ".join(f"{name} = kept.{name} + by.{name}" for name in sums)
        connection.exec_driver_sql(
            f"UPDATE {table} AS kept SET {summed} FROM {_unnested(every)} AS by ({_quoted(every)}) WHERE {matched}",
            _by_column(changed),
        )
    if gone:
        connection.exec_driver_sql(
            f"DELETE FROM {table} AS kept USING {_unnested(names)} AS by ({_quoted(names)}) "
            f"WHERE kept.{sums[0]} = 0 AND {matched}",
            _by_column(gone),
        )


def _quoted(names: Names) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _unnested(names: Names) -> str:
    types = {"day": "date", "opportunities": "bigint", "defects": "bigint", "number": "bigint", "total": "bigint"}
    arrays = ", ".join(f"%s::{types.get(name, 'text')}[]" for name in names)
    return f"unnest({arrays})"


def _by_column(rows: Rows) -> tuple[list[Any], ...]:
    return tuple(list(column) for column in zip(*rows, strict=True))


def _days_as_text(rows: Rows) -> Rows:
    # As the database has them; the driver's own conversion is about to go.
    return [tuple(part.isoformat() if isinstance(part, date) else part for part in row) for row in rows]
