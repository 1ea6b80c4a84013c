"""Add full-text search

Revision: 0003, after 0002
"""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op

# Not a frozen copy: what is indexed here must be what questions are read into, whatever release runs this.
from store.indexing import case_words, put_new, who_words

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_CHUNK = 1000


def upgrade() -> None:
    connection = op.get_bind()
    sqlite = connection.dialect.name == "sqlite"
    # Not of the models (store.indexing): the columns differ by engine.
    columns: list[sa.schema.SchemaItem] = [
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("conversation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("source_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name="fk_search_documents_conversation_id_conversations",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_search_documents"),
        sa.UniqueConstraint("kind", "source_id", name="uq_search_documents_kind_source_id"),
    ]
    op.create_table("search_documents", *columns)
    op.create_index("ix_search_documents_conversation_id", "search_documents", ["conversation_id"])
    if sqlite:
        # `ascii` splits at blanks and leaves every character beyond ASCII alone: the words were told apart before.
        op.execute("CREATE VIRTUAL TABLE search_index USING fts5(words, singles, tokenize = 'ascii')")
    else:
        op.execute("ALTER TABLE search_documents ADD COLUMN vector tsvector")
    for chunk in _texts(connection):
        put_new(connection, chunk)
    if not sqlite:
        # After the rows: building an index at once is far quicker than growing it.
        op.execute("CREATE INDEX ix_search_documents_vector ON search_documents USING gin (vector)")


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE search_index")
    op.drop_table("search_documents")


def _texts(connection: sa.Connection) -> Iterator[list[tuple[int, str, int, str]]]:
    """(conversation id, kind, source id, text) of all there is, in chunks."""
    for kind, key, query in (
        ("message", "id", "SELECT id, conversation_id, text FROM messages WHERE {}"),
        ("note", "id", "SELECT id, conversation_id, text FROM notes WHERE {}"),
        (
            "fact",
            "facts.id",
            "SELECT facts.id, cases.conversation_id, facts.value FROM facts JOIN cases ON cases.id = facts.case_id"
            " WHERE facts.key <> 'amount' AND {}",
        ),
        ("case", "id", "SELECT id, conversation_id, number FROM cases WHERE {}"),
        (
            "who",
            "conversations.id",
            "SELECT conversations.id, conversations.id, identities.channel, identities.external_id, customers.name,"
            " customers.phone FROM conversations JOIN identities ON identities.id = conversations.identity_id"
            " JOIN customers ON customers.id = identities.customer_id WHERE {}",
        ),
    ):
        statement = sa.text(query.format(f"{key} > :last ORDER BY {key} LIMIT {_CHUNK}"))
        last = 0
        while rows := connection.execute(statement, {"last": last}).all():
            yield [(row[1], kind, row[0], _words(kind, row)) for row in rows]
            last = rows[-1][0]


def _words(kind: str, row: Any) -> str:
    if kind == "case":
        return case_words(row[2])
    return who_words(*row[2:]) if kind == "who" else row[2]
