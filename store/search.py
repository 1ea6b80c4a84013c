"""Full-text search over all that was said and noted, in Chinese and everything else.

A conversation is found where each word of the question stands somewhere in it: in messages, notes, facts, the numbers
of its cases and orders, the customer's names. Indexing needs nobody's attention: :mod:`store.indexing` follows every
unit of work. :func:`index` is for what is written around the models.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, cast, delete, intersect, literal, literal_column, or_, select
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.sql.selectable import CompoundSelect

from store import indexing
from store.database import Database, UnitOfWork
from store.indexing import DOCUMENTS, INDEX
from store.tables import Case, Conversation, Customer, Fact, Identity, Message, Note
from store.tokens import Piece, find_spans, read_question

__all__ = [
    "Excerpt",
    "Part",
    "Piece",
    "excerpts",
    "find",
    "forget",
    "index",
    "index_customer",
    "read_question",
    "rebuild",
]

_EXCERPT_LENGTH = 120
# How much stands before the first word that was found.
_LEAD = 30
# Of one conversation so many of its latest finds are looked at.
_FINDS_EACH = 30
_CHUNK = 1000


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an excerpt: found, or what stands around it. Plain text; a page must escape it."""

    text: str
    found: bool


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Where in a conversation something was found; ``kind`` as in :func:`store.indexing.put`."""

    kind: str
    parts: list[Part]


def index(work: UnitOfWork, conversation_id: int, kind: str, source_id: int, text: str) -> None:
    """Have ``text`` found; see :func:`store.indexing.put`. Needed only for what is not written through the models."""
    indexing.put(work.session.connection(), conversation_id, kind, source_id, text)


def index_customer(work: UnitOfWork, customer_id: int) -> None:
    """Index a customer's names anew; needed only where they changed around the models."""
    work.session.flush()
    indexing.put_customer(work.session.connection(), customer_id)


def forget(work: UnitOfWork, conversation_id: int) -> None:
    """Take all of a conversation out of the index, for good (erasure). To be called after its texts were blanked."""
    work.session.flush()
    indexing.take_out(work.session.connection(), conversation_id)


def find(work: UnitOfWork, pieces: Sequence[Piece]) -> "Select[int] | CompoundSelect[int]":
    """The ids of the conversations in which every one of ``pieces`` stands, as a statement to put into another.

    Raises:
        ValueError: no piece is given; nothing is not everything.
    """
    if not pieces:
        raise ValueError("nothing is searched for")
    each = [select(DOCUMENTS.c.conversation_id).where(_matches(work, piece)) for piece in pieces]
    return each[0] if len(each) == 1 else intersect(*each)


def excerpts(work: UnitOfWork, pieces: Sequence[Piece], conversation_ids: Sequence[int]) -> dict[int, Excerpt]:
    """The best find in each of these conversations: with the most of the pieces, then the latest.

    Raises:
        ValueError: no piece is given.
    """
    if not pieces:
        raise ValueError("nothing is searched for")
    statement = (
        select(DOCUMENTS.c.conversation_id, DOCUMENTS.c.kind, DOCUMENTS.c.source_id)
        .where(DOCUMENTS.c.conversation_id.in_(conversation_ids), or_(*(_matches(work, piece) for piece in pieces)))
        .order_by(DOCUMENTS.c.id.desc())
    )
    finds: dict[int, list[tuple[str, int]]] = defaultdict(list)
    for conversation_id, kind, source_id in work.session.execute(statement):
        if len(finds[conversation_id]) < _FINDS_EACH:
            finds[conversation_id].append((kind, source_id))
    texts = _texts(work, {found for some in finds.values() for found in some})
    best: dict[int, Excerpt] = {}
    for conversation_id, some in finds.items():
        rated = [
            (len(spans), kind, text, spans)
            for kind, source_id in some
            if (text := texts.get((kind, source_id))) and (spans := find_spans(text, list(pieces)))
        ]
        if rated:
            _, kind, text, spans = max(rated, key=lambda one: one[0])
            best[conversation_id] = Excerpt(kind, _mark(text, sorted(span for each in spans.values() for span in each)))
    return best


def rebuild(database: Database) -> int:
    """Index everything anew, a chunk at a time; what is written meanwhile is indexed as ever.

    Returns:
        How many texts are indexed.
    """
    with database.begin() as work:
        if database.is_sqlite:
            work.session.execute(delete(INDEX))
        work.session.execute(delete(DOCUMENTS))
        work.commit()
    count = 0
    for statement in _SOURCES:
        last: int | None = 0
        while last is not None:
            with database.begin() as work:
                last, added = _index_chunk(work, statement, last)
                count += added
                work.commit()
    return count


_SOURCES: list[tuple[str, Select[*tuple[Any, ...]]]] = [
    ("message", select(Message.id, Message.conversation_id, Message.text)),
    ("note", select(Note.id, Note.conversation_id, Note.text)),
    (
        "fact",
        select(Fact.id, Case.conversation_id, Fact.value)
        .join(Case, Case.id == Fact.case_id)
        .where(Fact.key.not_in(indexing.NOT_SEARCHED)),
    ),
    ("case", select(Case.id, Case.conversation_id, Case.number)),
    (
        "who",
        select(Conversation.id, Conversation.id, Identity.channel, Identity.external_id, Customer.name, Customer.phone)
        .join(Identity, Identity.id == Conversation.identity_id)
        .join(Customer, Customer.id == Identity.customer_id),
    ),
]
_KEY = {"message": Message.id, "note": Note.id, "fact": Fact.id, "case": Case.id, "who": Conversation.id}


def _index_chunk(work: UnitOfWork, source: tuple[str, Select[*tuple[Any, ...]]], last: int) -> tuple[int | None, int]:
    """Index what follows the row ``last``; gives the last row now, None at the end, and how many were added."""
    kind, statement = source
    key = _KEY[kind]
    rows = work.session.execute(statement.where(key > last).order_by(key).limit(_CHUNK)).all()
    if not rows:
        return None, 0
    known = set(
        work.session.scalars(
            select(DOCUMENTS.c.source_id).where(
                DOCUMENTS.c.kind == kind, DOCUMENTS.c.source_id.between(rows[0][0], rows[-1][0])
            )
        )
    )
    new = [(row[1], kind, row[0], _written(kind, row)) for row in rows if row[0] not in known]
    indexing.put_new(work.session.connection(), new)
    return rows[-1][0], len(new)


def _written(kind: str, row: Any) -> str:
    if kind == "case":
        return indexing.case_words(row[2])
    return indexing.who_words(*row[2:]) if kind == "who" else row[2]


def _matches(work: UnitOfWork, piece: Piece) -> ColumnElement[bool]:
    """That a document holds ``piece``. Its words are letters and digits (:mod:`store.tokens`): none is syntax."""
    if work.session.get_bind().dialect.name == "postgresql":
        words = " <-> ".join(f"'{word}'" for word in piece.words) + (":*" if piece.prefix else "")
        return DOCUMENTS.c.vector.bool_op("@@")(cast(literal(words), TSQUERY))
    column = "singles" if piece.single else "words"
    asked = f'{column} : "{" ".join(piece.words)}"' + (" *" if piece.prefix else "")
    rows = select(INDEX.c.rowid).where(literal_column("search_index").bool_op("MATCH")(literal(asked)))
    return DOCUMENTS.c.id.in_(rows)


def _texts(work: UnitOfWork, wanted: set[tuple[str, int]]) -> dict[tuple[str, int], str]:
    found: dict[tuple[str, int], str] = {}
    for kind, statement in _SOURCES:
        ids = [source_id for of_kind, source_id in wanted if of_kind == kind]
        for chunk in _chunks(ids) if ids else ():
            for row in work.session.execute(statement.where(_KEY[kind].in_(chunk))):
                words = " ".join(part for part in row[3:] if part) if kind == "who" else row[2]
                found[kind, row[0]] = words
    return found


def _chunks(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), 500):
        yield ids[start : start + 500]


def _mark(text: str, spans: list[tuple[int, int]]) -> list[Part]:
    """The part of ``text`` around the first find, with all finds in it marked."""
    start = max(0, spans[0][0] - _LEAD)
    end = min(len(text), start + _EXCERPT_LENGTH)
    parts = [Part("…", False)] if start else []
    place = start
    for first, last in spans:
        first, last = max(first, place), min(last, end)
        if first >= last:
            continue
        if first > place:
            parts.append(Part(text[place:first], False))
        if first == place and parts and parts[-1].found:
            # Overlapping pairs are one word to the eye.
            parts[-1] = Part(parts[-1].text + text[first:last], True)
        else:
            parts.append(Part(text[first:last], True))
        place = last
    if place < end:
        parts.append(Part(text[place:end], False))
    return [*parts, Part("…", False)] if end < len(text) else parts
