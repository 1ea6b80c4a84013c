"""Rows waiting to be written, with ids given out here: a made-up history has the store to itself."""

from collections import defaultdict
from typing import Any

from sqlalchemy import func, insert, select, text

from store.database import UnitOfWork
from store.indexing import put_new
from store.tables import Base

Row = dict[str, Any]
# Rows a statement writes at once.
_AT_ONCE = 2_000


class Sheets:
    """Collects rows of many tables, and writes them by the thousand, those that others point to first."""

    def __init__(self) -> None:
        self._rows: dict[str, list[Row]] = defaultdict(list)
        self._last: dict[str, int] = defaultdict(int)
        self._found: list[tuple[int, str, int, str]] = []

    def add(self, table: type[Base], **values: Any) -> int:
        """Keep a row for the next writing.

        Returns:
            Its id; 0 where its table has none.
        """
        name = table.__tablename__
        if "id" in table.__table__.columns:
            self._last[name] += 1
            values["id"] = self._last[name]
        self._rows[name].append(values)
        return int(values.get("id", 0))

    def last(self, table: type[Base]) -> int:
        """The id given to the latest row of a table."""
        return self._last[table.__tablename__]

    def find_by(self, conversation: int, kind: str, source: int, words: str) -> None:
        """Have words found by the desk's search (see ``store.indexing``)."""
        self._found.append((conversation, kind, source, words))

    def write(self, work: UnitOfWork) -> int:
        """Write what waits.

        Returns:
            How many rows there were.
        """
        connection, written = work.session.connection(), 0
        for table in Base.metadata.sorted_tables:
            rows = self._rows.pop(table.name, [])
            for begin in range(0, len(rows), _AT_ONCE):
                connection.execute(insert(table), rows[begin : begin + _AT_ONCE])
            written += len(rows)
        put_new(connection, self._found)
        self._found = []
        return written

    def go_on_from_here(self, work: UnitOfWork) -> None:
        """Let the database number further rows after these; SQLite does so by itself."""
        if work.session.get_bind().dialect.name != "postgresql":
            return
        for name in self._last:
            after = "SELECT setval(pg_get_serial_sequence(:name, 'id'), :last)"
            work.session.execute(text(after), {"name": name, "last": self._last[name]})


# What a store may hold before anybody complained: accounts, their sessions and what they did.
_MAY_BE_THERE = frozenset(
    {"staff", "staff_sessions", "api_tokens", "audit_entries", "saved_views", "channel_accounts", "roll_up_tasks"}
)


def what_is_there(work: UnitOfWork) -> list[str]:
    """The tables that hold anything, accounts apart."""
    return [
        table.name
        for table in Base.metadata.sorted_tables
        if table.name not in _MAY_BE_THERE
        and work.session.scalar(select(func.count()).select_from(select(table).limit(1).subquery()))
    ]
