"""``/chat/…``: sessions, messages up, events down."""

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncIterator
from typing import Any

import structlog
from aiohttp import web
from aiohttp_sse import sse_response

from actions.conversations import MessageConflict, Received, receive
from desk.api.views import moment
from desk.channels.web.messages import SessionAsked, WrittenMessage, read_news
from desk.channels.web.pages import (
    chat_page,
    privacy_page,
    protect,
    set_up_templates,
    static_file,
    widget_script,
)
from desk.channels.web.sessions import (
    NewSession,
    Visit,
    extend,
    find_visit,
    forget_expired,
    open_session,
    resume_session,
)
from desk.channels.web.streams import Streams
from desk.errors import ApiError, error_response, read_model
from desk.keys import DATABASE, HUB
from desk.limits import RateLimit, caller_network
from store.database import UnitOfWork

log = structlog.get_logger()

SESSION_HEADER = "X-Amends-Session"
MESSAGES_PER_MINUTE = 20
# Many customers may share an address, as on a mobile network.
SESSIONS_PER_TEN_MINUTES = 60
HEARTBEAT_SECONDS = 15
# Commits of this process ring at once, those of others within half a second (desk.elsewhere); these are for a ring that
# was lost. Quiet streams look at moments of their own: after a restart thousands open at once.
LOOK_AGAIN_WHILE_ANSWERING_SECONDS = 0.5
LOOK_AGAIN_SECONDS = (60.0, 180.0)
_FORGET_EVERY_SECONDS = 3600

STREAMS = web.AppKey("chat_streams", Streams)
MESSAGE_LIMIT = web.AppKey("chat_message_limit", RateLimit)
SESSION_LIMIT = web.AppKey("chat_session_limit", RateLimit)


def add_routes(app: web.Application) -> None:
    """Add the web chat."""
    set_up_templates(app)
    app[STREAMS] = Streams()
    app[MESSAGE_LIMIT] = RateLimit(MESSAGES_PER_MINUTE, 60)
    app[SESSION_LIMIT] = RateLimit(SESSIONS_PER_TEN_MINUTES, 600)
    app.router.add_get("/", chat_page)
    app.router.add_get("/widget.js", widget_script)
    app.router.add_get("/chat/privacy", privacy_page)
    app.router.add_get("/chat/static/{name}", static_file)
    app.router.add_post("/chat/sessions", post_session)
    app.router.add_post("/chat/messages", post_message)
    app.router.add_get("/chat/events", get_events)
    app.on_response_prepare.append(protect)
    app.on_shutdown.append(_end_streams)
    app.cleanup_ctx.append(_forgetting)


async def post_session(request: web.Request) -> web.Response:
    """Make a session, or a further one of the conversation that a resume token belongs to.

    201 ``{"session", "resume", "identity", "expires_at"}``; 401 where the resume token is unknown or expired.
    """
    asked = await read_model(request, SessionAsked)
    if wait := request.app[SESSION_LIMIT].take(caller_network(request)):
        return too_many(wait)
    database = request.app[DATABASE]
    new: NewSession | None
    if asked.resume is None:
        new = await database.run(open_session, asked.language)
    else:
        new = await database.run(resume_session, asked.resume)
    if new is None:
        raise ApiError(401, "this link is unknown or has expired")
    body = {
        "session": new.token,
        "resume": new.resume,
        "identity": new.identity,
        "expires_at": moment(new.expires_at),
    }
    return web.json_response(body, status=201)


async def post_message(request: web.Request) -> web.Response:
    """Take a message; 202 ``{"number"}`` when it is safely kept, the same again for a repeated call."""
    visit = await visit_of(request)
    written = await read_model(request, WrittenMessage)
    if wait := request.app[MESSAGE_LIMIT].take(visit.digest):
        return too_many(wait)
    try:
        received = await request.app[DATABASE].run(_accept, visit, written)
    except MessageConflict as error:
        raise ApiError(409, str(error)) from None
    return web.json_response({"number": received.number}, status=202)


async def get_events(request: web.Request) -> web.StreamResponse:
    """Everything after ``Last-Event-ID``, then what happens, until either side ends it.

    Events: ``message``, whose id is the message's number, and ``state`` whenever that changed; the first ``state`` says
    that the page has caught up.
    """
    visit = await visit_of(request)
    after = _last_event_id(request)
    database, hub, streams = request.app[DATABASE], request.app[HUB], request.app[STREAMS]
    if visit.due_for_extension:
        await database.run(extend, visit.digest)
    told: dict[str, Any] | None = None
    async with sse_response(request, ping_interval=HEARTBEAT_SECONDS) as stream:
        # A page that went away, or does not take what it is sent, comes back by itself and misses nothing.
        with (
            contextlib.suppress(ConnectionResetError, TimeoutError),
            hub.listening(visit.conversation_id) as bell,
            streams.open(visit.conversation_id),
        ):
            while stream.is_connected() and not streams.closing:
                news = await database.read(read_news, visit.conversation_id, after)
                for message in news.messages:
                    after = message["number"]
                    await stream.send(json.dumps(message, ensure_ascii=False), id=str(after), event="message")
                if news.more:
                    continue
                if news.state != told:
                    told = news.state
                    await stream.send(json.dumps(told, ensure_ascii=False), event="state")
                answering = told["answering"]
                await bell.wait(
                    LOOK_AGAIN_WHILE_ANSWERING_SECONDS if answering else random.uniform(*LOOK_AGAIN_SECONDS)
                )
    return stream


def _accept(work: UnitOfWork, visit: Visit, written: WrittenMessage) -> Received:
    if visit.due_for_extension:
        extend(work, visit.digest)
    return receive(work, visit.address, written.text, written.id)


async def visit_of(request: web.Request) -> Visit:
    """Who is calling.

    Raises:
        ApiError: 401 where no valid session token was sent.
    """
    token = request.headers.get(SESSION_HEADER, "")
    visit = await request.app[DATABASE].read(find_visit, token) if token else None
    if visit is None:
        raise ApiError(401, f"a valid session is needed: {SESSION_HEADER}: …, from POST /chat/sessions")
    return visit


def _last_event_id(request: web.Request) -> int:
    value = request.headers.get("Last-Event-ID", "").strip()
    if not value:
        return 0
    # More digits than any number has would not fit the database.
    if not (value.isascii() and value.isdecimal() and len(value) <= 18):
        raise ApiError(422, "Last-Event-ID: must be the number of a message")
    return int(value)


def too_many(wait: int) -> web.Response:
    """429 with the seconds to wait."""
    response = error_response(429, f"too many requests; please wait {wait} s")
    response.headers["Retry-After"] = str(wait)
    return response


async def _end_streams(app: web.Application) -> None:
    app[STREAMS].close(app[HUB])


async def _forgetting(app: web.Application) -> AsyncIterator[None]:
    """Remove ended sessions from time to time."""

    async def forget() -> None:
        while True:
            await asyncio.sleep(_FORGET_EVERY_SECONDS)
            try:
                await app[DATABASE].run(forget_expired)
            except Exception:
                log.exception("cannot remove ended sessions")

    task = asyncio.create_task(forget(), name="chat sessions")
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
