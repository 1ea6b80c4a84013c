"""What keeps the full-text index in step with the store: whatever a unit of work writes is indexed by it, too.

``search_documents`` has a row for each text: which conversation it belongs to, what it is, which row holds it. Its
words are in ``search_index`` (FTS5) on SQLite and in its own ``vector`` on PostgreSQL. Neither is a table of the
models: their columns differ by engine, and migration 0003 makes them.
"""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    cast,
    delete,
    event,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from store.tables import Case, Conversation, Customer, Fact, Identity, Message, Note
from store.tokens import singles_of, words_of

_metadata = MetaData()
Table("conversations", _metadata, Column("id", BigInteger, primary_key=True))
DOCUMENTS = Table(
    "search_documents",
    _metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("conversation_id", BigInteger, ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("source_id", BigInteger, nullable=False),
    Column("vector", TSVECTOR),
    UniqueConstraint("kind", "source_id"),
)
# Of SQLite alone; its ``rowid`` is the document's id.
INDEX = Table("search_index", _metadata, Column("rowid", Integer), Column("words"), Column("singles"))

# What is never read as plain words: money, kept as `30000 CNY`.
NOT_SEARCHED = {"amount"}
# PostgreSQL keeps no place beyond it.
_LAST_PLACE = 16_383


def is_of_the_models(name: str | None, kind: str, _: object) -> bool:
    """Whether the models should know this part of the database: all but the tables of the full-text index."""
    return kind != "table" or name is None or not name.startswith("search_")


def put(connection: Connection, conversation_id: int, kind: str, source_id: int, text: str) -> None:
    """Have ``text`` found; whatever was indexed for this source before is replaced.

    Args:
        kind: ``message``, ``note``, ``fact``, ``case``, or ``who`` for the names of whom a conversation is with.
        source_id: of the row that holds the text; of the conversation for ``who``.
    """
    values = {"conversation_id": conversation_id, "kind": kind, "source_id": source_id}
    if connection.dialect.name == "postgresql":
        changed = {"conversation_id": conversation_id, "vector": cast(_vector(text), TSVECTOR)}
        connection.execute(
            postgresql_insert(DOCUMENTS)
            .values(values | changed)
            .on_conflict_do_update(index_elements=["kind", "source_id"], set_=changed)
        )
        return
    document_id = connection.scalar(
        sqlite_insert(DOCUMENTS)
        .values(values)
        .on_conflict_do_update(index_elements=["kind", "source_id"], set_={"conversation_id": conversation_id})
        .returning(DOCUMENTS.c.id)
    )
    connection.execute(delete(INDEX).where(INDEX.c.rowid == document_id))
    connection.execute(insert(INDEX).values({"rowid": document_id} | _columns(text)))


def put_new(connection: Connection, rows: Iterable[tuple[int, str, int, str]]) -> None:
    """As :func:`put` for many that are known not to be indexed yet: (conversation id, kind, source id, text) each."""
    rows = list(rows)
    values = [{"conversation_id": row[0], "kind": row[1], "source_id": row[2]} for row in rows]
    if not values:
        return
    if connection.dialect.name == "postgresql":
        vectors = [value | {"vector": cast(_vector(row[3]), TSVECTOR)} for value, row in zip(values, rows, strict=True)]
        for start in range(0, len(vectors), 200):
            # Whatever was written anew between looking and this is indexed already.
            connection.execute(
                postgresql_insert(DOCUMENTS).values(vectors[start : start + 200]).on_conflict_do_nothing()
            )
        return
    # The one writer of SQLite numbers them itself.
    last = connection.scalar(select(DOCUMENTS.c.id).order_by(DOCUMENTS.c.id.desc()).limit(1)) or 0
    connection.execute(insert(DOCUMENTS), [{"id": last + place} | value for place, value in enumerate(values, 1)])
    indexed: list[dict[str, Any]] = [{"rowid": last + place} | _columns(row[3]) for place, row in enumerate(rows, 1)]
    connection.execute(insert(INDEX), indexed)


def take_out(connection: Connection, conversation_id: int) -> None:
    """Nothing of this conversation is found any more."""
    of_it = DOCUMENTS.c.conversation_id == conversation_id
    if connection.dialect.name != "postgresql":
        connection.execute(delete(INDEX).where(INDEX.c.rowid.in_(select(DOCUMENTS.c.id).where(of_it))))
    connection.execute(delete(DOCUMENTS).where(of_it))


def put_customer(connection: Connection, customer_id: int) -> None:
    """Index anew under what names each conversation of a customer is found."""
    _put_who(connection, Identity.customer_id == customer_id)


def case_words(number: str) -> str:
    """A case's number as people write it: with its dashes, without, and without its beginning."""
    compact = number.replace("-", "")
    return f"{number} {compact} {compact.removeprefix('AM')}"


def who_words(channel: str, external_id: str, name: str | None, phone: str | None) -> str:
    """The names of whom a conversation is with."""
    return " ".join((f"{channel}:{external_id}", external_id, name or "", phone or ""))


@event.listens_for(Session, "after_flush")
def _index_what_was_written(session: Session, _: object) -> None:
    connection = session.connection()
    customers: set[int] = set()
    for row in [*session.new, *session.dirty]:
        match row:
            case Message() | Note() if _changed(session, row, "text"):
                put(connection, row.conversation_id, row.__tablename__.removesuffix("s"), row.id, row.text)
            case Fact() if row.key not in NOT_SEARCHED and _changed(session, row, "value"):
                of_case = select(Case.conversation_id).where(Case.id == row.case_id)
                put(connection, connection.execute(of_case).scalar_one(), "fact", row.id, row.value)
            case Case() if _changed(session, row, "number"):
                put(connection, row.conversation_id, "case", row.id, case_words(row.number))
            case Case() if _changed(session, row, "conversation_id"):
                _move_case(connection, row.id, row.conversation_id)
            case Conversation() if row in session.new:
                _put_who(connection, Conversation.id == row.id)
            case Customer() if row not in session.new and _changed(session, row, "name", "phone"):
                customers.add(row.id)
            case Identity() if row not in session.new and _changed(session, row, "customer_id", "external_id"):
                customers.add(row.customer_id)
    for customer_id in sorted(customers):
        put_customer(connection, customer_id)


def _move_case(connection: Connection, case_id: int, conversation_id: int) -> None:
    """A case that goes on in another conversation is found there; what was said and noted stays where it was."""
    facts = (DOCUMENTS.c.kind == "fact") & DOCUMENTS.c.source_id.in_(select(Fact.id).where(Fact.case_id == case_id))
    itself = (DOCUMENTS.c.kind == "case") & (DOCUMENTS.c.source_id == case_id)
    connection.execute(update(DOCUMENTS).where(facts | itself).values(conversation_id=conversation_id))


def _changed(session: Session, row: object, *names: str) -> bool:
    if row in session.new:
        return True
    state = inspect(row)
    return any(state.attrs[name].history.has_changes() for name in names)


def _put_who(connection: Connection, which: Any) -> None:
    statement = (
        select(Conversation.id, Identity.channel, Identity.external_id, Customer.name, Customer.phone)
        .join(Identity, Identity.id == Conversation.identity_id)
        .join(Customer, Customer.id == Identity.customer_id)
        .where(which)
    )
    for conversation_id, channel, external_id, name, phone in connection.execute(statement).all():
        put(connection, conversation_id, "who", conversation_id, who_words(channel, external_id, name, phone))


def _columns(text: str) -> dict[str, str]:
    return {
        "words": " ".join(token.text for token in words_of(text)),
        "singles": " ".join(dict.fromkeys(token.text for token in singles_of(text))),
    }


def _vector(text: str) -> str:
    """The text of a tsvector: words with their places, single characters without."""
    places: dict[str, list[int]] = {token.text: [] for token in singles_of(text)}
    for place, token in enumerate(words_of(text), 1):
        known = places.setdefault(token.text, [])
        if place <= _LAST_PLACE and len(known) < 255:
            known.append(place)
    return " ".join(f"'{word}'" + (":" + ",".join(map(str, at)) if at else "") for word, at in places.items())
