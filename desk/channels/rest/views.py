"""``POST /webhooks/rest/webhook``: the same inbox path as every channel, with the answer in the reply."""

import asyncio
import secrets
from dataclasses import dataclass

from aiohttp import web
from sqlalchemy import exists, select

from actions.conversations import Address, MessageConflict, Received, receive
from actions.timers import TimerKind
from desk.channels.rest.messages import IncomingMessage, as_reply
from desk.errors import ApiError, read_model
from desk.keys import DATABASE, HUB, SETTINGS
from store.database import UnitOfWork
from store.tables import InboxRow, Message, Timer

CHANNEL = "rest"


@dataclass(frozen=True, slots=True)
class _Answer:
    complete: bool
    messages: tuple[Message, ...]


async def webhook(request: web.Request) -> web.Response:
    """Take a message and wait for what it leads to.

    200 with the replies; 200 and ``[]`` while a person has the conversation; 202 and ``[]`` where the answer takes
    longer, or the service is being stopped, to be read later at ``/api/v1/conversations/…/messages``.
    """
    incoming = await read_model(request, IncomingMessage)
    metadata = incoming.metadata
    key = metadata.message_id if metadata and metadata.message_id else secrets.token_hex(16)
    database, hub = request.app[DATABASE], request.app[HUB]
    try:
        received: Received = await database.run(
            receive,
            Address(CHANNEL, incoming.sender),
            incoming.message,
            key,
            metadata.model_dump(exclude_none=True) if metadata else {},
            metadata.channel if metadata else None,
        )
    except MessageConflict as error:
        raise ApiError(409, str(error)) from None
    deadline = asyncio.get_running_loop().time() + request.app[SETTINGS].answer_within_seconds
    with hub.listening(received.conversation_id) as bell:
        while True:
            answer = await database.read(_answer, received.inbox_id)
            if answer.complete:
                return web.json_response([as_reply(incoming.sender, message) for message in answer.messages])
            if hub.closing or asyncio.get_running_loop().time() >= deadline:
                return web.json_response([], status=202)
            await bell.wait()


async def let_go(app: web.Application) -> None:
    """Keep no caller waiting when the process ends: the message is kept, and answered after the next start."""
    app[HUB].close()


def _answer(work: UnitOfWork, inbox_id: str) -> _Answer:
    """What a message led to so far; complete when it was handled and the remedies granted by it were carried out."""
    state = work.session.scalars(select(InboxRow.state).where(InboxRow.id == inbox_id)).one()
    under_way = exists().where(
        Timer.inbox_id == inbox_id, Timer.kind == TimerKind.EXECUTE_REMEDY, Timer.state == "open"
    )
    if state == "open" or work.session.scalar(select(under_way)):
        return _Answer(False, ())
    statement = select(Message).where(Message.inbox_id == inbox_id, Message.direction == "out").order_by(Message.number)
    return _Answer(True, tuple(work.session.scalars(statement)))
