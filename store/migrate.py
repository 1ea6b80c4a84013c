"""Bring a database to the present schema, and prove that models and migrations agree."""

import warnings
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from store.database import Database
from store.indexing import is_of_the_models
from store.tables import Base

# Any number: PostgreSQL lets one migration run at a time under it.
_ADVISORY_LOCK = 7_304_112
_SCRIPTS = str(Path(__file__).parent / "migrations")


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", _SCRIPTS)
    config.attributes["connection"] = connection
    return config


def migrate(database: Database, revision: str = "head") -> None:
    """Bring the schema to ``revision``; safe to run twice, and from two processes at once."""
    with database.begin() as work:
        connection = work.session.connection()
        if not database.is_sqlite:
            # A migration that waits for a lock blocks everybody behind it: give up early instead.
            connection.execute(text("SET LOCAL lock_timeout = '10s'"))
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"))
        command.upgrade(_config(connection), revision)
        work.commit()


def revise(database: Database, message: str) -> None:
    """Write a new migration from what the models have and the database has not."""
    with database.begin() as work:
        command.revision(_config(work.session.connection()), message, autogenerate=True)


def is_current(database: Database) -> bool:
    """Whether the database stands at the newest migration."""
    with database.reading() as work:
        connection = work.session.connection()
        return revision_of(connection) == ScriptDirectory.from_config(_config(connection)).get_current_head()


def revision_of(connection: Connection) -> str | None:
    """The migration at which a database stands; None where it has no schema yet."""
    return MigrationContext.configure(connection).get_current_revision()


def knows(revision: str) -> bool:
    """Whether ``revision`` is one of this release's migrations, and not a newer one's."""
    config = Config()
    config.set_main_option("script_location", _SCRIPTS)
    return any(one.revision == revision for one in ScriptDirectory.from_config(config).walk_revisions())


def drift(database: Database) -> list[str]:
    """What the models say that the migrated database does not, a line each; empty where they agree."""
    with database.begin() as work:
        options = {"compare_type": True, "include_name": is_of_the_models}
        context = MigrationContext.configure(work.session.connection(), opts=options)
        with warnings.catch_warnings():
            # SQLite does not tell what such an index is over, and each is said twice; on PostgreSQL they are compared.
            warnings.filterwarnings("ignore", "(Skipped unsupported|autogenerate skipping).* expression-based index")
            return [str(difference) for difference in compare_metadata(context, Base.metadata)]
