"""Files on the desk: sent by staff, given out to whoever is signed in."""

import asyncio

from aiohttp import web

from actions.attachments import PreparedFile, find
from actions.file_content import SIZE_LIMIT, FileRefused
from actions.firm import Firm
from actions.staff import waiting
from actions.staff.access import DeedRefused
from actions.staff.sending_files import FILES_AT_ONCE, put_aside, send_files
from desk.attachments import FILES, UPLOADS, prepare_upload, send_file
from desk.console.performing import ANSWER_LENGTH, Form, conversation_named, first_value, perform
from desk.keys import DATABASE
from store.database import UnitOfWork
from store.tables import Staff


async def get_attachment(request: web.Request) -> web.StreamResponse:
    """A file; ``?size=small`` a picture's small copy, ``?save`` to save a picture."""
    found = await request.app[DATABASE].read(find, request.match_info["public_id"])
    if found is None:
        raise web.HTTPNotFound
    return await send_file(request, found)


async def post_files(request: web.Request) -> web.StreamResponse:
    """Send files to the customer, or with ``audience=staff`` put them into the case for staff alone."""
    form = await request.post()
    prepared: list[PreparedFile] = []
    refusal: str | None = None
    try:
        for field in form.getall("file", []):
            # An empty field of a form is a file without name and bytes.
            if isinstance(field, web.FileField) and field.filename:
                if len(prepared) == FILES_AT_ONCE:
                    raise FileRefused("too_many_at_once")
                prepared.append(await _prepare(request.app, field))
    except FileRefused as refused:
        refusal = refused.code

    def deed(work: UnitOfWork, firm: Firm, me: Staff, id: int, fields: Form) -> None:
        text = first_value(fields, "text")
        if refusal is not None:
            raise DeedRefused(refusal)
        if len(text) > ANSWER_LENGTH:
            raise DeedRefused("too_long")
        if first_value(fields, "audience") == "staff":
            put_aside(work, request.app[FILES], me, id, prepared, text)
        else:
            send_files(work, firm, request.app[FILES], me, id, prepared, text)
            if first_value(fields, "wait"):
                waiting.wait_for_customer(work, firm, me, id)

    try:
        return await perform(request, conversation_named, deed)
    finally:
        for one in prepared:
            await asyncio.to_thread(one.discard)


async def _prepare(app: web.Application, field: web.FileField) -> PreparedFile:
    data = await asyncio.to_thread(field.file.read, SIZE_LIMIT + 1)
    with app[UPLOADS].one():
        return await prepare_upload(app, data, field.filename)
