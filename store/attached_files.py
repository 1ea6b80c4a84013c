"""The bytes of attachments in the state folder: ``ab/<public_id>``, and beside each picture its small copy.

A file is written aside, synced and renamed, so that what stands under a public id is whole. Which files count is said
by the rows of ``attachments`` alone: what has no row is an orphan of a stop in the middle, and swept.
"""

import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import select

from store.database import UnitOfWork
from store.tables import Attachment

_SMALL = ".small"
_DRAFTS = "drafts"


@dataclass(frozen=True, slots=True)
class Draft:
    """Bytes that are safely on disk under no name yet.

    Attributes:
        small: of a picture, its small copy.
    """

    content: Path
    small: Path | None

    def discard(self) -> None:
        """Remove what was not published; nothing where it was."""
        for path in (self.content, self.small):
            if path is not None:
                path.unlink(missing_ok=True)


class AttachedFiles:
    """The folder of one state folder's attachments; made with the first file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def draft(self, content: bytes, small: bytes | None) -> Draft:
        """Write and sync, outside any unit of work: the store must not wait for the disk."""
        folder = self._made(self._folder / _DRAFTS)
        name = secrets.token_hex(16)
        draft = Draft(folder / name, folder / f"{name}{_SMALL}" if small is not None else None)
        _write(draft.content, content)
        if draft.small is not None and small is not None:
            _write(draft.small, small)
        return draft

    def publish(self, draft: Draft, public_id: str) -> None:
        """Give the bytes their place; within the unit of work that adds the row."""
        place = self.path(public_id)
        folder = self._made(place.parent)
        if draft.small is not None:
            draft.small.rename(self._small(public_id))
        draft.content.rename(place)
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def path(self, public_id: str) -> Path:
        """Where the bytes are."""
        return self._folder / public_id[:2] / public_id

    def small_path(self, public_id: str) -> Path | None:
        """Where the small copy is; None where there is none."""
        path = self._small(public_id)
        return path if path.exists() else None

    def remove(self, public_id: str) -> None:
        """Remove the bytes; nothing where they are gone already."""
        self.path(public_id).unlink(missing_ok=True)
        self._small(public_id).unlink(missing_ok=True)

    def sweep(self, work: UnitOfWork, older_than: timedelta) -> int:
        """Remove what no row stands for, and drafts that were left.

        Args:
            older_than: younger files are left alone: another process may be about to commit their rows.

        Returns:
            How many files were removed.
        """
        before = time.time() - older_than.total_seconds()
        removed = 0
        for names in _batches(self._public_ids(before), 500):
            known = set(
                work.session.scalars(
                    select(Attachment.public_id).where(Attachment.public_id.in_(names), Attachment.deleted_at.is_(None))
                )
            )
            for name in names - known:
                self.remove(name)
                removed += 1
        for draft in _files(self._folder / _DRAFTS):
            if _changed(draft) <= before:
                draft.unlink(missing_ok=True)
                removed += 1
        return removed

    def _public_ids(self, before: float) -> Iterator[str]:
        if not self._folder.exists():
            return
        for folder in self._folder.iterdir():
            if len(folder.name) == 2 and folder.is_dir():
                for path in _files(folder):
                    if _changed(path) <= before:
                        yield path.name.removesuffix(_SMALL)

    def _small(self, public_id: str) -> Path:
        return self.path(public_id).with_name(public_id + _SMALL)

    def _made(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return folder


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file()) if folder.exists() else []


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:  # swept by another process just now
        return float("inf")


def _batches(names: Iterator[str], size: int) -> Iterator[set[str]]:
    batch: set[str] = set()
    for name in names:
        batch.add(name)
        if len(batch) >= size:
            yield batch
            batch = set()
    if batch:
        yield batch
