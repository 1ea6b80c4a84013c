"""Put a backup in place, so that a stop at any point leaves the old state, the new one, or one that can go on.

All of the archive is unpacked beside the state and checked before anything is touched. Then a note says that it is
whole, and what is there is moved aside and replaced part by part; whoever finds the note goes on where it was left.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel
from sqlalchemy import inspect, make_url, text

from store import postgresql_tools
from store.archive import DATABASE, FOLDERS, BackupRefused, Manifest, Tell, digest_of, unpack
from store.backup import sqlite_file, sync_folder
from store.database import Database, utc_now
from store.migrate import knows, migrate
from store.settings import Settings, SettingsError
from store.single import AlreadyServing, hold_lock

_STAGED = "restoring"
_NOTE = "ready.json"
Confirm = Callable[[str], bool]


class _Note(BaseModel):
    """Says that all was unpacked, and is put in place.

    Attributes:
        archive: the digest of the backup's file.
        aside: the name of the folders in which what was there is kept.
    """

    archive: str
    aside: str
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class Restored:
    """What was done.

    Attributes:
        aside: the folders that keep what was there before.
    """

    manifest: Manifest
    aside: list[Path]


def check_no_restore_waits(settings: Settings) -> None:
    """See that no restore was stopped while it put things in place.

    Raises:
        SettingsError: one was, and nothing may be done with that state before it ends.
    """
    if (settings.var / _STAGED / _NOTE).exists():
        raise SettingsError(f"a restore into {settings.var} has not ended: run `python -m store restore` again")


def restore(settings: Settings, file: Path, tell: Tell, confirm: Confirm, *, replace: bool = False) -> Restored:
    """Put the state that ``file`` keeps in the place of what is there.

    Args:
        confirm: asked, with the name of a PostgreSQL database, whether all that is in it may be dropped.
        replace: whether a state that is there may be replaced; its files are kept beside it.

    Raises:
        BackupRefused: it cannot be; nothing was touched, or the same call goes on.
    """
    with _alone(settings.var):
        places = _Places(settings)
        archive = digest_of(file)
        note = places.read_note()
        if note is None:
            note = _prepare(settings, places, file, archive, tell, confirm, replace)
        elif note.archive != archive:
            raise BackupRefused(f"a restore of another file into {settings.var} has not ended: end that one first")
        tell("putting it in place")
        _put_in_place(settings, places, note)
        with Database(settings.database) as database:
            migrate(database)
        places.clear()
        aside = sorted({folder / note.aside for folder in places.folders})
        return Restored(note.manifest, [folder for folder in aside if folder.exists()])


class _Places:
    """Where things lie while they are unpacked, and where they belong; each beside the other, so that it is renamed."""

    def __init__(self, settings: Settings) -> None:
        self.var = settings.var
        self.database = sqlite_file(settings)
        self.folders = {self.var} | ({self.database.parent} if self.database else set())

    def staged(self, name: str) -> Path:
        """Where a part of the archive is unpacked."""
        if name == DATABASE and self.database is not None:
            return self.database.parent / _STAGED / self.database.name
        return self.var / _STAGED / name

    @property
    def note(self) -> Path:
        return self.var / _STAGED / _NOTE

    def read_note(self) -> _Note | None:
        try:
            return _Note.model_validate_json(self.note.read_bytes())
        except FileNotFoundError:
            return None

    def write_note(self, note: _Note) -> None:
        draft = self.note.with_suffix(".draft")
        with draft.open("w", encoding="utf-8") as file:
            file.write(note.model_dump_json())
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.note)
        sync_folder(self.note.parent)

    def clear(self) -> None:
        """Remove what was unpacked; first the note, without which the rest is nothing."""
        self.note.unlink(missing_ok=True)
        for folder in self.folders:
            shutil.rmtree(folder / _STAGED, ignore_errors=True)


@contextmanager
def _alone(var: Path) -> Iterator[None]:
    var.mkdir(parents=True, exist_ok=True, mode=0o700)
    with ExitStack() as held:
        try:
            for name in ("run", "desk"):
                held.callback(os.close, hold_lock(var, name))
        except AlreadyServing as error:
            raise BackupRefused(f"{error}: stop it first") from None
        yield


def _prepare(
    settings: Settings, places: _Places, file: Path, archive: str, tell: Tell, confirm: Confirm, replace: bool
) -> _Note:
    """Unpack and judge; whatever is refused leaves nothing behind."""
    tables = _look_at_postgresql(settings) if places.database is None else False
    kept = any(path.is_file() for folder in FOLDERS for path in (places.var / folder).rglob("*"))
    if not replace and (tables or kept or (places.database is not None and places.database.exists())):
        raise BackupRefused(f"{places.var} or its database is not empty: --replace takes its place")
    for name in FOLDERS:
        if (places.var / name).is_mount():
            raise BackupRefused(f"{places.var / name} is a mount, which cannot be moved aside")
    places.clear()
    try:
        for folder in places.folders:
            (folder / _STAGED).mkdir(parents=True, mode=0o700)
        for name in FOLDERS:
            places.staged(name).mkdir(mode=0o700)
        manifest = unpack(file, places.staged, tell)
        _judge(settings, file, manifest)
        if tables and not confirm(make_url(settings.database).database or ""):
            raise BackupRefused("nothing was changed")
        for folder in places.folders:
            for path in ((folder / _STAGED), *(one for one in (folder / _STAGED).rglob("*") if one.is_dir())):
                sync_folder(path)
        note = _Note(archive=archive, aside=f"before-restore-{utc_now():%Y%m%dT%H%M%S%fZ}", manifest=manifest)
        places.write_note(note)
    except BaseException:
        if places.read_note() is None:
            places.clear()
        raise
    return note


def _judge(settings: Settings, file: Path, manifest: Manifest) -> None:
    system = make_url(settings.database).get_backend_name()
    if manifest.system != system:
        raise BackupRefused(f"{file} is of {manifest.system}, and AMENDS_DATABASE_URL names {system}")
    if not knows(manifest.revision):
        raise BackupRefused(f"{file} has schema {manifest.revision}, which is newer than this release")


def _look_at_postgresql(settings: Settings) -> bool:
    """Whether the database has tables; refuses where somebody works with it or it could not be loaded."""
    with Database(settings.database) as database, database.engine.connect() as connection:
        postgresql_tools.find("pg_restore", connection)
        postgresql_tools.find("psql", connection)
        # Desks on other machines hold none of this folder's locks.
        others = connection.scalar(
            text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
            )
        )
        if others:
            raise BackupRefused(f"{others} other connections to the database are open: stop what uses it first")
        return bool(inspect(connection).get_table_names())


def _put_in_place(settings: Settings, places: _Places, note: _Note) -> None:
    staged = places.staged(DATABASE)
    if places.database is not None:
        log = [places.database.with_name(places.database.name + end) for end in ("-wal", "-shm")]
        # What of the old database is still in its log goes with it, or SQLite would read it into the new one.
        _exchange(staged, places.database, note.aside, also=log)
    elif staged.exists():
        with Database(settings.database) as database:
            postgresql_tools.load(database, staged, staged.with_suffix(".sql"))
        staged.unlink()
    for name in FOLDERS:
        _exchange(places.staged(name), places.var / name, note.aside)


def _exchange(staged: Path, place: Path, aside: str, also: list[Path] | None = None) -> None:
    """Move what is there aside, and what was unpacked there; what is no longer staged was moved before a stop."""
    if not staged.exists():
        return
    for old in (place, *(also or [])):
        if old.exists():
            kept = place.parent / aside
            kept.mkdir(exist_ok=True, mode=0o700)
            target = kept / old.name
            # What a command has made since a restore was stopped must not replace what was kept then.
            while target.exists():
                target = target.with_name(f"{target.name}.later")
            old.rename(target)
            sync_folder(kept)
    staged.rename(place)
    sync_folder(place.parent)
