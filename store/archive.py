"""The file of a backup: a compressed tar of parts, and last of all the manifest that names each with its digest.

``database``, ``secrets/<name>``, ``attachments/<ab>/<public_id>``, ``manifest.json``. The manifest comes last because a
part is read once, while it is packed, and because a file that was cut short then has none.
"""

import hashlib
import os
import tarfile
import zlib
from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO, Literal, Self

from pydantic import BaseModel, ConfigDict, ValidationError

FORMAT = 1
DATABASE = "database"
FOLDERS = ("secrets", "attachments")
_MANIFEST = "manifest.json"
_CHUNK = 2**20
# Pictures and dumps of PostgreSQL are compressed already; higher levels cost seconds and gain little.
_LEVEL = 1

Tell = Callable[[str], None]


class BackupRefused(Exception):
    """A backup cannot be made or put back; the message says why, in one line."""


class _Format(BaseModel):
    format: int


class Part(BaseModel):
    """One file of the archive, by its size in bytes and its digest."""

    bytes: int
    sha256: str


class Manifest(BaseModel):
    """What an archive holds.

    Attributes:
        made_at: in UTC.
        revision: the migration at which the database stood.
        rows: by table.
        parts: by their names in the archive.
    """

    model_config = ConfigDict(extra="forbid")

    format: int = FORMAT
    made_at: datetime
    system: Literal["sqlite", "postgresql"]
    revision: str
    rows: dict[str, int]
    parts: dict[str, Part]


class ArchiveWriter:
    """Packs parts into ``file``, which is synced when the manifest is in."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._tar = tarfile.open(fileobj=file, mode="w:gz", compresslevel=_LEVEL)  # noqa: SIM115
        self.parts: dict[str, Part] = {}

    def add(self, name: str, path: Path) -> None:
        """Pack the file at ``path``.

        Raises:
            FileNotFoundError: there is none; nothing was packed.
        """
        with path.open("rb") as content:
            size = os.fstat(content.fileno()).st_size
            reader = _Digesting(content)
            self._tar.addfile(_described(name, size), reader)
        self.parts[name] = Part(bytes=size, sha256=reader.digest.hexdigest())

    def finish(self, manifest: Manifest) -> None:
        """Pack the manifest and sync."""
        content = manifest.model_dump_json(indent=1).encode()
        self._tar.addfile(_described(_MANIFEST, len(content)), BytesIO(content))
        self._tar.close()
        self._file.flush()
        os.fsync(self._file.fileno())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._tar.close()


def unpack(file: Path, place: Callable[[str], Path], tell: Tell) -> Manifest:
    """Write every part where ``place`` puts its name, readable for the owner alone, and check all of it.

    Names are judged before they are used, and nothing but plain files is written, so that no archive reaches outside
    the folders that ``place`` gives.

    Raises:
        BackupRefused: this is no backup, not a whole one, not what was packed, or of a format not known here.
    """
    found: dict[str, Part] = {}
    manifest: bytes | None = None
    try:
        with tarfile.open(file, "r:gz") as archive:
            for member in archive:
                content = archive.extractfile(member) if member.isreg() else None
                if content is None or manifest is not None or member.name in found:
                    raise BackupRefused(f"{file}: {member.name!r} does not belong into a backup")
                if member.name == _MANIFEST:
                    manifest = content.read()
                    continue
                if not _is_part(member.name):
                    raise BackupRefused(f"{file}: {member.name!r} does not belong into a backup")
                tell(f"unpacking {member.name}")
                found[member.name] = _write(content, place(member.name))
            # The members may all be there, and the end of the file with its checksum not.
            if archive.fileobj is not None:
                while archive.fileobj.read(_CHUNK):
                    pass
    except (tarfile.TarError, EOFError, zlib.error, UnicodeError) as error:
        raise BackupRefused(f"{file} is no backup, or not a whole one: {error}") from None
    except OSError as error:
        # What gzip cannot read has no number, unlike a disk that is full.
        if error.errno is not None:
            raise
        raise BackupRefused(f"{file} is no backup, or not a whole one: {error}") from None
    if manifest is None:
        raise BackupRefused(f"{file} is no backup, or not a whole one: it has no manifest")
    return _compared(file, manifest, found)


def digest_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _compared(file: Path, content: bytes, found: dict[str, Part]) -> Manifest:
    try:
        known = _Format.model_validate_json(content).format
        if known != FORMAT:
            raise BackupRefused(f"{file} has format {known}, and this release reads format {FORMAT}")
        manifest = Manifest.model_validate_json(content)
    except ValidationError:
        raise BackupRefused(f"{file} is no backup: its manifest cannot be read") from None
    differing = {name for name in found | manifest.parts if found.get(name) != manifest.parts.get(name)}
    if differing or DATABASE not in found:
        raise BackupRefused(f"{file} is damaged: {min(differing or {DATABASE})} is not what was packed")
    return manifest


def _is_part(name: str) -> bool:
    path = PurePosixPath(name)
    if str(path) != name or "\0" in name or ".." in path.parts:
        return False
    return name == DATABASE or (len(path.parts) > 1 and path.parts[0] in FOLDERS)


def _write(content: IO[bytes], path: Path) -> Part:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    reader, size = _Digesting(content), 0
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        while chunk := reader.read(_CHUNK):
            size += file.write(chunk)
        file.flush()
        os.fsync(descriptor)
    return Part(bytes=size, sha256=reader.digest.hexdigest())


def _described(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member


class _Digesting:
    """Reads on, and digests what went by."""

    def __init__(self, content: IO[bytes]) -> None:
        self._content = content
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        chunk = self._content.read(size)
        self.digest.update(chunk)
        return chunk
