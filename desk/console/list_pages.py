"""The pages of lists: the queue, and the search over all conversations."""

from collections.abc import Iterator
from typing import Any

from aiohttp import web

from actions.conversations import storable
from actions.staff.views import NAME_LENGTH
from desk.console.finding import find_conversations
from desk.console.keys import SIGNED_IN, WORDS
from desk.console.lists import FILTERS, LISTS, SORTS, ListQuery, choices
from desk.console.pages import language_of, render
from desk.console.permissions import PREFIX
from desk.console.queue import QueueSummary, read_queue
from desk.keys import DATABASE, FIRM

QUESTION_LENGTH = 256
_SEARCH = f"{PREFIX}/conversations"


async def queue_page(request: web.Request) -> web.StreamResponse:
    """A list of what waits for somebody."""
    return await show_queue(request, ListQuery.read(f"{PREFIX}/", request.query))


async def show_queue(
    request: web.Request, query: ListQuery, *, status: int = 200, error: str | None = None, typed: str = ""
) -> web.StreamResponse:
    """A list.

    Args:
        error: why the deed just asked for was not done.
        typed: the name that was written for a view; it stays in its place.
    """
    app, me = request.app, request[SIGNED_IN].staff
    queue = await app[DATABASE].read(read_queue, app[FIRM], me, language_of(request), query)
    return await render(
        request,
        "queue.html",
        status=status,
        here=request.rel_url.path_qs if request.method == "GET" else queue.query.address(view=queue.query.view),
        summary=QueueSummary(queue.version, queue.counts["waiting"]),
        queue=queue,
        lists=LISTS,
        sorts=SORTS,
        error=error,
        typed=typed,
        name_length=NAME_LENGTH,
        **_filters(request, queue.query, queue.staff, everything=False),
    )


async def conversations_page(request: web.Request) -> web.StreamResponse:
    """All conversations, those of settled cases too: the latest ones, or those in which something is found."""
    app, me = request.app, request[SIGNED_IN].staff
    question = storable(request.query.get("q", "")).strip()[:QUESTION_LENGTH]
    query = ListQuery.read(_SEARCH, request.query, question)
    found = await app[DATABASE].read(find_conversations, app[FIRM], me, query)
    return await render(
        request,
        "conversations.html",
        found=found,
        question_length=QUESTION_LENGTH,
        **_filters(request, query, found.staff, everything=True),
    )


def _filters(
    request: web.Request, query: ListQuery, staff: list[tuple[str, str]], *, everything: bool
) -> dict[str, Any]:
    """What the templates need to offer filters and to show those that are set."""
    offered = choices(request.app[FIRM], staff, _channels(request), everything)
    return {"filters": [(key, offered[key]) for key in FILTERS], "staff_names": dict(staff), "query": query}


def _channels(request: web.Request) -> Iterator[str]:
    """The channels that the desk has a name for."""
    return (key.partition(".")[2] for key in sorted(request.app[WORDS].keys()) if key.startswith("channel."))
