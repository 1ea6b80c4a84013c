"""A database of an earlier release is brought to the present one with all that is in it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex

import pytest
from sqlalchemy import JSON, MetaData, Table, create_engine, insert, make_url, select, text
from sqlalchemy.engine import Connection

from store.database import Database
from store.migrate import drift, is_current, migrate

AT = datetime(2026, 11, 18, 2, tzinfo=UTC)
OUTBOX = {"id": 1, "message_id": 1, "conversation_id": 1, "state": "sent", "attempts": 1, "next_attempt_at": AT}


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without a single table, on each engine."""
    if request.param == "sqlite":
        with Database(f"sqlite:///{tmp_path}/old.db") as database:
            yield database
        return
    url = make_url(request.getfixturevalue("postgresql_url"))
    name = f"old_{token_hex(4)}"
    server = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        with Database(url.set(database=name).render_as_string(hide_password=False)) as database:
            yield database
        with server.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    finally:
        server.dispose()


def fill(connection: Connection, tables: MetaData) -> None:
    """A row of every table that others point to, and two offers, as the first release kept them."""

    def add(name: str, **values: object) -> None:
        table = tables.tables[name]
        for column in table.columns:
            if column.name not in values and not column.nullable and column.server_default is None:
                values[column.name] = [] if isinstance(column.type, JSON) else _plain(column.type.python_type)
        connection.execute(insert(table).values(**{key: values[key] for key in values if key in table.columns}))

    add("staff", id=1, login="alice", created_at=AT)
    add("customers", id=1, public_id="c", tier="regular", created_at=AT)
    add("identities", id=1, customer_id=1, channel="rest", account="", external_id="wang")
    add("conversations", id=1, public_id="v", identity_id=1, taken_by_id=1, created_at=AT)
    add("cases", id=1, number="AM-2345-6789", customer_id=1, conversation_id=1, owner_id=1, opened_at=AT)
    for number in (1, 2):
        add("offers", id=number, public_id=f"{number:032}", case_id=1, round=1, position=number, made_at=AT)
    add("remedies", id=1, case_id=1, offer_id=1, kind="voucher", idempotency_key="k", intended_at=AT)
    add("promises", id=1, public_id="p", conversation_id=1, case_id=1, due_at=AT, made_at=AT)
    add("ratings", id=1, case_id=1, score=5, handled_by_id=1, at=AT)
    for number in (1, 2):
        add("messages", id=number, conversation_id=1, number=number, staff_id=1, at=AT)
    add("outbox", **OUTBOX)


def _plain(kind: type) -> object:
    return {int: 0, str: "x", bool: False}.get(kind, AT)


@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
@pytest.mark.parametrize("release", ["0001", "0002", "0003", "0004"])
def test_what_an_earlier_release_kept_is_there_afterwards(empty_database: Database, release: str) -> None:
    migrate(empty_database, release)
    with empty_database.begin() as work:
        connection, tables = work.session.connection(), MetaData()
        tables.reflect(connection)
        fill(connection, tables)
        work.commit()
    migrate(empty_database)
    assert is_current(empty_database) and drift(empty_database) == []
    with empty_database.begin() as work:
        # The previous release may still be at work: it names no column that it does not know.
        later = OUTBOX | {"id": 2, "message_id": 2}
        work.session.connection().execute(insert(tables.tables["outbox"]).values(**later))
        work.commit()
    with empty_database.reading() as work:
        connection, tables = work.session.connection(), MetaData()
        tables.reflect(connection)
        offers: Table = tables.tables["offers"]
        ids = list(connection.execute(select(offers.c.public_id)).scalars())
        assert len(set(ids)) == 2 and all(len(public_id) == 32 for public_id in ids)
        assert connection.execute(select(tables.tables["cases"].c.origin)).scalars().all() == ["complaint"]
        assert connection.execute(select(tables.tables["ratings"].c.score)).scalars().all() == [5]
        outbox = tables.tables["outbox"]
        assert connection.execute(select(outbox.c.weight, outbox.c.said_up_to)).all() == [("ordinary", 0)] * 2
