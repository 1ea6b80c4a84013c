"""``/chat/attachments``: files up from the chat page, and down to whoever has the session."""

import asyncio
import re
import unicodedata
from typing import Any

from aiohttp import BodyPartReader, web

from actions.attachments import PreparedFile, ReceivedFile, find_own, receive_file
from actions.conversations import MessageConflict
from actions.file_content import SIZE_LIMIT, FileRefused
from actions.firm import Firm
from desk.attachments import FILES, FORM_SIZE, UPLOAD_SECONDS, UPLOADS, prepare_upload, read_part, send_file
from desk.channels.web.sessions import Visit, extend
from desk.channels.web.views import too_many, visit_of
from desk.errors import ApiError, error_response
from desk.keys import DATABASE, FIRM
from desk.limits import RateLimit
from store.attached_files import AttachedFiles
from store.database import UnitOfWork

FILES_PER_FIVE_MINUTES = 20
FILE_LIMIT = web.AppKey("chat_file_limit", RateLimit)
_ID = re.compile(r"[!-~]{1,64}")
_MEBIBYTES = SIZE_LIMIT // 1024 // 1024
_TOLD: dict[str, tuple[int, str]] = {
    "busy": (503, "too many files come at once; please try again in a moment"),
    "file_empty": (422, "the file is empty"),
    "file_too_large": (413, f"a file may have {_MEBIBYTES} MiB at most"),
    "file_type": (415, "only pictures (JPEG, PNG, WebP, GIF, HEIC), PDF and plain text are taken"),
    "file_damaged": (422, "the picture is damaged"),
    "picture_too_large": (413, "the picture has too many dots"),
    "too_many_files": (429, "too many files were sent in this conversation"),
}


def add_routes(app: web.Application) -> None:
    """Add uploads to the web chat."""
    app[FILE_LIMIT] = RateLimit(FILES_PER_FIVE_MINUTES, 300)
    app.router.add_post("/chat/attachments", post_attachment)
    app.router.add_get("/chat/attachments/{public_id}", get_attachment)


async def post_attachment(request: web.Request) -> web.Response:
    """Take a file: a form of ``id``, made by the page as for messages, and ``file``, in this order.

    202 ``{"number", "file"}`` when it is safely kept, the same again for a repeated call; an error's code says why it
    is not taken.
    """
    visit = await visit_of(request)
    if wait := request.app[FILE_LIMIT].take(visit.digest):
        return too_many(wait)
    try:
        if (request.content_length or 0) > SIZE_LIMIT + FORM_SIZE:
            raise FileRefused("file_too_large")
        with request.app[UPLOADS].one():
            key, name, data = await _read_upload(request)
            prepared = await prepare_upload(request.app, data, name)
        try:
            received = await request.app[DATABASE].run(
                _accept, request.app[FIRM], request.app[FILES], visit, prepared, key
            )
        finally:
            await asyncio.to_thread(prepared.discard)
    except FileRefused as refused:
        status, message = _TOLD[refused.code]
        response = error_response(status, message, refused.code)
        if refused.code == "busy":
            response.headers["Retry-After"] = "5"
        return response
    except MessageConflict as error:
        raise ApiError(409, str(error)) from None
    body: dict[str, Any] = {"number": received.number}
    if received.attachment is not None:
        body["file"] = received.attachment.public_id
    return web.json_response(body, status=202)


async def get_attachment(request: web.Request) -> web.StreamResponse:
    """A file of the visitor's own conversation; ``?size=small`` a picture's small copy."""
    visit = await visit_of(request)
    found = await request.app[DATABASE].read(find_own, request.match_info["public_id"], visit.conversation_id)
    if found is None:
        raise ApiError(404, "there is no such file in this conversation")
    return await send_file(request, found)


async def _read_upload(request: web.Request) -> tuple[str, str, bytes]:
    """Key, name and bytes of the form.

    Raises:
        ApiError: 400 it is no such form, 408 it takes too long.
        FileRefused: the file is too large.
    """
    key: str | None = None
    try:
        async with asyncio.timeout(UPLOAD_SECONDS):
            form = await request.multipart()
            while (part := await form.next()) is not None:
                if not isinstance(part, BodyPartReader):
                    break
                if part.name == "id":
                    key = (await part.read_chunk(128)).decode("utf-8", "replace")
                elif part.name == "file" and key is not None and _ID.fullmatch(key):
                    name = unicodedata.normalize("NFC", part.filename or "")[:1000]
                    return key, name, await read_part(part)
    except TimeoutError:
        raise ApiError(408, "the upload took too long") from None
    except (ValueError, AssertionError, LookupError):
        pass  # no form at all, or one that breaks off
    raise ApiError(400, "a form with the fields id and file is needed, in this order")


def _accept(
    work: UnitOfWork, firm: Firm, files: AttachedFiles, visit: Visit, prepared: PreparedFile, key: str
) -> ReceivedFile:
    if visit.due_for_extension:
        extend(work, visit.digest)
    return receive_file(work, firm, files, visit.address, prepared, key)
