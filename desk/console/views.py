"""The pages that show: the queue, the list of conversations, one conversation."""

from collections.abc import Mapping

from aiohttp import web

from actions.conversations import storable
from actions.staff.access import MAY_TAKE_FROM_OTHERS
from desk.console.conversation import read_conversation
from desk.console.finding import find_conversations
from desk.console.keys import SIGNED_IN
from desk.console.pages import language_of, render
from desk.console.permissions import PREFIX
from desk.console.queue import read_queue
from desk.keys import DATABASE, FIRM
from recovery.failures import Risk

_QUESTION_LENGTH = 256


async def queue_page(request: web.Request) -> web.StreamResponse:
    """What waits."""
    app, me = request.app, request[SIGNED_IN].staff
    queue = await app[DATABASE].read(read_queue, app[FIRM], me, language_of(request))
    return await render(request, "queue.html", queue=queue)


async def conversations_page(request: web.Request) -> web.StreamResponse:
    """The latest conversations, or those that were asked for."""
    question = storable(request.query.get("q", "")).strip()[:_QUESTION_LENGTH]
    rows = await request.app[DATABASE].read(find_conversations, question)
    return await render(request, "conversations.html", question=question, rows=rows)


async def conversation_page(request: web.Request) -> web.StreamResponse:
    """One conversation."""
    return await show_conversation(request, request.match_info["public_id"])


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
        takes_over=MAY_TAKE_FROM_OTHERS,
        categories=list(app[FIRM].categories),
        risks=[risk.value for risk in Risk],
        steps=list(app[FIRM].blueprint.names),
    )
