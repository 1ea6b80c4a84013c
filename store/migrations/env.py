"""Alembic's way into the database; ``store.migrate`` hands the connection over."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext

from store.indexing import is_of_the_models
from store.tables import Base
from store.tables.base import UtcDateTime


def render_item(kind: str, item: Any, _: AutogenContext) -> str | Literal[False]:
    """Migrations name plain SQL types, so that they outlive the project's own."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    # SQLite cannot alter most of a table in place.
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=True,
    render_item=render_item,
    include_name=is_of_the_models,
)
with context.begin_transaction():
    context.run_migrations()
