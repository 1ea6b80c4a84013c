"""The form of what the chat page sends and gets."""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy import and_, exists, select

from actions.file_content import SHOWN
from desk.api.models import not_blank
from desk.api.views import message_view
from recovery.control import Control
from store.database import UnitOfWork
from store.tables import Attachment, Conversation, InboxRow, Message, Staff

# How many messages are replayed from one look into the store.
BATCH = 100


class SessionAsked(BaseModel):
    """``{"language"?, "resume"?}``."""

    model_config = ConfigDict(extra="ignore", strict=True)

    language: Literal["zh", "en"] | None = None
    resume: Annotated[str, Field(min_length=1, max_length=128)] | None = None


class WrittenMessage(BaseModel):
    """``{"id", "text"}``; the id is made by the page, so that a repeated call is recognised."""

    model_config = ConfigDict(extra="ignore", strict=True)

    id: Annotated[str, Field(pattern=r"^[!-~]{1,64}$")]
    text: Annotated[str, AfterValidator(not_blank)]


@dataclass(frozen=True, slots=True)
class News:
    """What a page has not seen yet.

    Attributes:
        messages: oldest first, at most ``BATCH``.
        more: there are further messages already.
        state: who has the conversation: ``{"control", "answering", "person"}``.
    """

    messages: list[dict[str, Any]]
    more: bool
    state: dict[str, Any]


def read_news(work: UnitOfWork, conversation_id: int, after: int) -> News:
    """The messages of a conversation after number ``after``, and who has it.

    The state is read first: should something happen in between, the page learns it with the next look, and never that
    the bot is done before what it said.
    """
    waiting = exists().where(InboxRow.conversation_id == conversation_id, InboxRow.state == "open")
    statement = (
        select(Conversation.last_number, Conversation.control, Staff.name, waiting)
        .outerjoin(Staff, Conversation.taken_by_id == Staff.id)
        .where(Conversation.id == conversation_id)
    )
    last_number, control, person, is_waiting = work.session.execute(statement).one()
    state = {
        "control": control,
        "answering": bool(is_waiting) and control == Control.BOT,
        "person": person if control == Control.STAFF else None,
    }
    messages = _messages_after(work, conversation_id, after) if last_number > after else []
    return News(messages[:BATCH], len(messages) > BATCH, state)


def _messages_after(work: UnitOfWork, conversation_id: int, after: int) -> list[dict[str, Any]]:
    statement = (
        select(Message, InboxRow.message_key, Staff.name, Attachment)
        .outerjoin(InboxRow, and_(Message.inbox_id == InboxRow.id, Message.direction == "in"))
        .outerjoin(Staff, Message.staff_id == Staff.id)
        .outerjoin(Attachment, and_(Attachment.message_id == Message.id, Attachment.deleted_at.is_(None)))
        .where(Message.conversation_id == conversation_id, Message.number > after)
        .order_by(Message.number)
        .limit(BATCH + 1)
    )
    return [_message_event(*row) for row in work.session.execute(statement)]


def _message_event(
    message: Message, message_key: str | None, person: str | None, file: Attachment | None
) -> dict[str, Any]:
    """``{number, direction, author, text, buttons, at}``, with the page's own ``id`` or the ``person`` who wrote it.

    A message that is a file has ``file``: ``{id, name, size, shown}``, ``shown`` for a picture that pages may show.
    """
    event = message_view(message)
    if message_key is not None:
        event["id"] = message_key
    if person is not None:
        event["person"] = person
    if file is not None:
        event["file"] = {"id": file.public_id, "name": file.name, "size": file.size, "shown": file.media_type in SHOWN}
    return event
