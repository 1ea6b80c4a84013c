"""The page of one conversation."""

from collections.abc import Mapping

from aiohttp import web

from actions.staff.access import MAY_TAKE_FROM_OTHERS
from desk.console.consultations import answer_of
from desk.console.conversation import read_conversation
from desk.console.keys import SIGNED_IN
from desk.console.notifications import note_read
from desk.console.pages import language_of, render
from desk.console.permissions import PREFIX
from desk.keys import DATABASE, FIRM
from recovery.failures import Risk
from store.tables.base import unguessable


async def conversation_page(request: web.Request) -> web.StreamResponse:
    """One conversation."""
    await note_read(request, request.match_info["public_id"])
    public_id, draft = request.match_info["public_id"], request.query.get("draft")
    # The answer of a department, to go on writing from; scripts put it there without asking.
    words = await request.app[DATABASE].read(answer_of, public_id, draft) if draft else ""
    return await show_conversation(request, public_id, typed={"text": words} if words else None)


async def show_conversation(
    request: web.Request,
    public_id: str,
    *,
    status: int = 200,
    error: str | None = None,
    typed: Mapping[str, str] | None = None,
) -> web.StreamResponse:
    """One conversation.

    Args:
        error: why the deed just asked for was not done.
        typed: what was written for it, by field; it stays in its place.
    """
    app, me = request.app, request[SIGNED_IN].staff
    before = request.query.get("before", "")
    page = await app[DATABASE].read(
        read_conversation,
        app[FIRM],
        me,
        language_of(request),
        public_id,
        request.query.get("case"),
        int(before) if before.isascii() and before.isdigit() and len(before) < 10 else None,
    )
    if page is None:
        raise web.HTTPNotFound
    return await render(
        request,
        "conversation.html",
        status=status,
        here=request.rel_url.path_qs if request.method == "GET" else f"{PREFIX}/conversations/{public_id}",
        page=page,
        is_mine=page.holder is not None and page.holder.id == me.id,
        error=error,
        typed=typed or {},
        answer_key=unguessable(),
        wanted_reply=request.query.get("reply", ""),
        takes_over=MAY_TAKE_FROM_OTHERS,
        categories=list(app[FIRM].categories),
        risks=[risk.value for risk in Risk],
        steps=list(app[FIRM].blueprint.names),
    )
