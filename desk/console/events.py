"""The stream that tells an open page to look again."""

import contextlib

from aiohttp import web
from aiohttp_sse import EventSourceResponse

from actions.conversations import storable
from desk.console.conversation import find_by_public_id
from desk.console.keys import OPEN_STREAMS, SIGNED_IN, WATCH
from desk.console.open_streams import OpenStream
from desk.console.watch import Watcher
from desk.keys import DATABASE, HUB
from store.database import UnitOfWork

# For a wake-up that was lost.
_LOOK_AGAIN_SECONDS = 30.0


async def events(request: web.Request) -> web.StreamResponse:
    """Server-sent events ``queue``, ``bell`` and, for ``?conversation=``, ``conversation``; the data is a version.

    A page compares it with its own, so that a lost or doubled event does no harm. The stream ends with the session.
    """
    app, digest = request.app, request[SIGNED_IN].digest
    conversation_id = None
    if "conversation" in request.query:
        conversation_id = await app[DATABASE].read(_find_id, storable(request.query["conversation"]))
        if conversation_id is None:
            raise web.HTTPNotFound
    response = EventSourceResponse()
    # The page was closed: nothing is owed any more.
    with contextlib.suppress(ConnectionResetError):
        await response.prepare(request)
        async with response:
            with (
                app[WATCH].watching(app[HUB], conversation_id, request[SIGNED_IN].staff.id) as watcher,
                app[OPEN_STREAMS].opened(digest, watcher.changed.set) as stream,
            ):
                await _stream(app, response, watcher, stream)
    return response


async def _stream(app: web.Application, response: EventSourceResponse, watcher: Watcher, stream: OpenStream) -> None:
    sent = dict[str, str]()
    while not app[WATCH].ended and not stream.ended and response.is_connected():
        for name, version in watcher.versions().items():
            if sent.get(name) != version:
                await response.send(version, event=name)
                sent[name] = version
        await watcher.wait(_LOOK_AGAIN_SECONDS)


def _find_id(work: UnitOfWork, public_id: str) -> int | None:
    conversation = find_by_public_id(work, public_id)
    return conversation.id if conversation else None
