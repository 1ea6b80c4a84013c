"""Find conversations: by case number, order number or identity; without a question, the latest ones."""

from sqlalchemy import ColumnElement, func, or_, select

from desk.console.conversation_rows import ConversationRow, read_rows
from store.database import UnitOfWork
from store.tables import Case, Conversation, Fact, Identity, Message

FOUND_AT_MOST = 50
# The latest conversations are looked for among this many latest messages.
_LATEST_MESSAGES = 2000


def find_conversations(work: UnitOfWork, question: str) -> list[ConversationRow]:
    """The conversations meant by ``question``; the latest ones where it is empty."""
    if not question:
        return latest_conversations(work)
    statement = (
        select(Conversation)
        .join(Identity, Identity.id == Conversation.identity_id)
        .where(or_(_by_case(question), _by_identity(question)))
        .order_by(Conversation.id.desc())
        .limit(FOUND_AT_MOST)
    )
    return read_rows(work, list(work.session.scalars(statement)))


def latest_conversations(work: UnitOfWork) -> list[ConversationRow]:
    """Those in which something was said last, latest first, whoever has them."""
    latest = select(Message.id, Message.conversation_id).order_by(Message.id.desc()).limit(_LATEST_MESSAGES).subquery()
    spoken = (
        select(latest.c.conversation_id, func.max(latest.c.id).label("said"))
        .group_by(latest.c.conversation_id)
        .subquery()
    )
    statement = (
        select(Conversation)
        .join(spoken, spoken.c.conversation_id == Conversation.id)
        .order_by(spoken.c.said.desc())
        .limit(FOUND_AT_MOST)
    )
    return read_rows(work, list(work.session.scalars(statement)))


def _by_case(question: str) -> ColumnElement[bool]:
    """A case's number, with or without its dashes, or the number of the order it is about."""
    number = question.upper()
    compact = number.replace("-", "").replace(" ", "").removeprefix("AM")
    written = f"AM-{compact[:4]}-{compact[4:]}" if len(compact) == 8 else number
    of_order = select(Fact.case_id).where(Fact.key == "order_number", Fact.value == question)
    return Conversation.id.in_(
        select(Case.conversation_id).where(or_(Case.number.in_([number, written]), Case.id.in_(of_order)))
    )


def _by_identity(question: str) -> ColumnElement[bool]:
    """``channel:id``, or the channel's id or its beginning."""
    channel, separator, external_id = question.partition(":")
    begins = Identity.external_id.startswith(question, autoescape=True)
    if separator and external_id:
        named = (Identity.channel == channel) & Identity.external_id.startswith(external_id, autoescape=True)
        return or_(begins, named)
    return begins
