"""All of a service's state in one file, taken while it runs.

The state is the database, ``secrets`` and ``attachments`` of the state folder. Models, logs and locks are not: they are
made again.
"""

import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import SecretStr
from sqlalchemy import Connection, func, inspect, make_url, select

from store import postgresql_tools
from store.archive import DATABASE, FOLDERS, ArchiveWriter, BackupRefused, Manifest, Tell
from store.database import Database
from store.migrate import revision_of
from store.settings import PREFIX, Settings
from store.tables import Base

# Pages of 4 KiB that SQLite copies at a step; between steps Ctrl-C is heard and progress told.
_PAGES = 2_000
_DRAFTS = "drafts"


@dataclass(frozen=True, slots=True)
class _Snapshot:
    system: Literal["sqlite", "postgresql"]
    revision: str
    rows: dict[str, int]


def back_up(settings: Settings, file: Path, tell: Tell, *, overwrite: bool = False) -> Manifest:
    """Write the whole state into ``file``, readable for its owner alone; it appears whole or not at all.

    Raises:
        BackupRefused: ``file`` is there already, there is no state, or a tool is missing.
    """
    if file.is_dir() or (file.exists() and not overwrite):
        raise BackupRefused(f"{file} is there already: name another file{'' if file.is_dir() else ', or --overwrite'}")
    # Beside the target, so that it can be renamed; a folder of its own, which nobody else may enter.
    with tempfile.TemporaryDirectory(prefix=f".{file.name}.", dir=file.parent) as name:
        folder = Path(name)
        with _opened(settings) as database:
            snapshot = _take(database, folder / DATABASE, tell)
            made_at = database.clock()
        draft = folder / "archive"
        with (
            os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out,
            ArchiveWriter(out) as archive,
        ):
            tell("packing the database")
            archive.add(DATABASE, folder / DATABASE)
            _add_files(archive, settings.var, tell)
            manifest = Manifest(
                made_at=made_at,
                system=snapshot.system,
                revision=snapshot.revision,
                rows=snapshot.rows,
                parts=archive.parts,
            )
            archive.finish(manifest)
        draft.replace(file)
        sync_folder(file.parent)
    return manifest


def secrets_from_outside(settings: Settings) -> list[str]:
    """The secrets that are set by the environment, and so are in no backup; by the names of their settings."""
    return [
        PREFIX + name.upper()
        for name in Settings.model_fields
        if isinstance(value := getattr(settings, name), SecretStr) and value.get_secret_value()
    ]


def sync_folder(folder: Path) -> None:
    """Have the names in ``folder`` outlive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sqlite_file(settings: Settings) -> Path | None:
    """The file of the database; None on PostgreSQL."""
    url = make_url(settings.database)
    return Path(url.database or "") if url.get_backend_name() == "sqlite" else None


@contextmanager
def _opened(settings: Settings) -> Iterator[Database]:
    path = sqlite_file(settings)
    # To open it would make it.
    if path is not None and not path.is_file():
        raise BackupRefused(f"there is no database at {path}")
    with Database(settings.database) as database:
        yield database


def _take(database: Database, target: Path, tell: Tell) -> _Snapshot:
    if database.is_sqlite:
        with database.reading() as work:
            connection = work.session.connection()
            # The first read fixes what the transaction sees. Under WAL it holds up no writer, and as long as it is
            # open, SQLite does not begin the copy anew after each of their commits.
            snapshot = _described(connection, "sqlite")
            source = connection.connection.driver_connection
            assert isinstance(source, sqlite3.Connection)
            _copy(source, target, tell)
        return snapshot
    with database.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        snapshot = _described(connection, "postgresql")
        tell("dumping the database")
        postgresql_tools.dump(database, connection, target)
    return snapshot


def _described(connection: Connection, system: Literal["sqlite", "postgresql"]) -> _Snapshot:
    revision = revision_of(connection)
    if revision is None:
        raise BackupRefused("the database is empty: run `python -m store migrate`")
    there = set(inspect(connection).get_table_names())
    rows = {
        name: connection.scalar(select(func.count()).select_from(table)) or 0
        for name, table in sorted(Base.metadata.tables.items())
        if name in there
    }
    return _Snapshot(system, revision, rows)


def _copy(source: sqlite3.Connection, target: Path, tell: Tell) -> None:
    def progress(_: int, remaining: int, total: int) -> None:
        tell(f"copying the database: {100 * (total - remaining) // max(total, 1)} %")

    copy = sqlite3.connect(target)
    try:
        source.backup(copy, pages=_PAGES, progress=progress)
    finally:
        copy.close()


def _add_files(archive: ArchiveWriter, var: Path, tell: Tell) -> None:
    # After the database: an attachment gets its place before the row that names it is committed, so every file that the
    # copied rows name is there by now. What came since has no row in the copy, and is swept after a restore.
    for folder in FOLDERS:
        for path in sorted((var / folder).rglob("*")):
            name = path.relative_to(var)
            if path.is_file() and _DRAFTS not in name.parts:
                tell(f"packing {name}")
                try:
                    archive.add(name.as_posix(), path)
                except FileNotFoundError:
                    # Erased since, as somebody had the right to.
                    continue
