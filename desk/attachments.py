"""Attachments at the edge: uploads taken in piece by piece, files sent out so that no browser ever runs them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from urllib.parse import quote

import structlog
from aiohttp import BodyPartReader, web

from actions.attachments import PreparedFile, prepare
from actions.file_content import SHOWN, SIZE_LIMIT, FileRefused
from desk.keys import DATABASE, SETTINGS
from store.attached_files import AttachedFiles
from store.database import UnitOfWork
from store.tables import Attachment

log = structlog.get_logger()

FILES = web.AppKey("attached_files", AttachedFiles)
# Around the file: the form's other fields and its boundaries.
FORM_SIZE = 64 * 1024
UPLOAD_SECONDS = 300
# Bytes of uploads are in memory while they are examined: so many at once, and pictures drawn two at a time.
_UPLOADS_AT_ONCE = 24
_DRAWING = ThreadPoolExecutor(2, "drawing")
_SWEEP_EVERY_SECONDS = 3600
# Younger files may belong to a row that another process is about to commit.
_SWEPT_AFTER = timedelta(hours=1)


class Uploads:
    """Counts the uploads under way in this process."""

    def __init__(self) -> None:
        self._free = _UPLOADS_AT_ONCE

    @contextlib.contextmanager
    def one(self) -> Iterator[None]:
        """Room for one upload.

        Raises:
            FileRefused: ``busy``, too many come at once.
        """
        if self._free <= 0:
            raise FileRefused("busy")
        self._free -= 1
        try:
            yield
        finally:
            self._free += 1


UPLOADS = web.AppKey("uploads", Uploads)


def set_up(app: web.Application) -> None:
    """Give the desk its folder of attachments, and have it swept."""
    app[FILES] = AttachedFiles(app[SETTINGS].var / "attachments")
    app[UPLOADS] = Uploads()


async def sweeping(app: web.Application) -> AsyncIterator[None]:
    """Remove orphans at the start and from time to time. With SQLite this is the only process that writes files."""

    async def sweep(older_than: timedelta) -> None:
        try:
            if removed := await app[DATABASE].read(_sweep, app[FILES], older_than):
                log.info("orphaned attachments removed", count=removed)
        except Exception:
            log.exception("cannot sweep attachments")

    async def go_on() -> None:
        while True:
            await asyncio.sleep(_SWEEP_EVERY_SECONDS)
            await sweep(_SWEPT_AFTER)

    await sweep(timedelta(0) if app[DATABASE].is_sqlite else _SWEPT_AFTER)
    task = asyncio.create_task(go_on(), name="attachments")
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def read_part(part: BodyPartReader) -> bytes:
    """The bytes of an uploaded file.

    Raises:
        FileRefused: ``file_too_large``; the rest is not read.
    """
    data = bytearray()
    while chunk := await part.read_chunk(64 * 1024):
        data += chunk
        if len(data) > SIZE_LIMIT:
            raise FileRefused("file_too_large")
    return bytes(data)


async def prepare_upload(app: web.Application, data: bytes, name: str) -> PreparedFile:
    """Examine a file and write it aside, off the event loop.

    Raises:
        FileRefused: it is not safe to keep.
    """
    return await prepare_apart(app[FILES], data, name)


async def prepare_apart(files: AttachedFiles, data: bytes, name: str, *, recordings: bool = False) -> PreparedFile:
    """As :func:`actions.attachments.prepare`, off the event loop.

    Raises:
        FileRefused: it is not safe to keep.
    """
    drawn = partial(prepare, files, data, name, recordings=recordings)
    return await asyncio.get_running_loop().run_in_executor(_DRAWING, drawn)


async def send_file(request: web.Request, attachment: Attachment) -> web.StreamResponse:
    """A file; ``?size=small`` a picture's small copy. Pictures may be shown, everything else is only saved.

    Raises:
        HTTPNotFound: its bytes are not there.
    """
    files = request.app[FILES]
    path, media_type = files.path(attachment.public_id), attachment.media_type
    if request.query.get("size") == "small":
        small = await asyncio.to_thread(files.small_path, attachment.public_id)
        if small is None:
            raise web.HTTPNotFound
        path, media_type = small, "image/webp"
    if not await asyncio.to_thread(path.is_file):
        raise web.HTTPNotFound
    way = "inline" if media_type in SHOWN and "save" not in request.query else "attachment"
    plain = "".join(c if c.isascii() and c not in '"\\' else "_" for c in attachment.name)
    named = f"filename=\"{plain}\"; filename*=UTF-8''{quote(attachment.name, safe='')}"
    # A type given here is kept: nothing is guessed from the path, and browsers must not guess, either.
    return web.FileResponse(
        path,
        headers={
            "Content-Type": f"{media_type}; charset=utf-8" if media_type == "text/plain" else media_type,
            "Content-Disposition": f"{way}; {named}",
            "Content-Security-Policy": "default-src 'none'; sandbox",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "no-store",
        },
    )


def _sweep(work: UnitOfWork, files: AttachedFiles, older_than: timedelta) -> int:
    return files.sweep(work, older_than)
