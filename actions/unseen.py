"""How far the question that is open has come: on some channels words wait until the customer is heard again."""

from sqlalchemy import select

from store.database import UnitOfWork
from store.tables import Conversation, Message, OutboxRow

_ON_THE_WAY = ("held", "pending")


def state_of_question(work: UnitOfWork, conversation: Conversation) -> str | None:
    """The state of the outbox row with the question that is open; None where none is, or it needed no sending."""
    awaited = conversation.awaited
    if awaited is None:
        return None
    work.session.flush()
    asked = awaited.get("number")
    said = select(OutboxRow.state).join(Message, Message.id == OutboxRow.message_id)
    said = said.where(OutboxRow.conversation_id == conversation.id)
    if asked is None:
        # Put before questions had numbers: anything on its way may be it.
        return work.session.scalars(said.where(OutboxRow.state.in_(_ON_THE_WAY)).limit(1)).first()
    return work.session.scalars(said.where(Message.number >= asked).order_by(Message.number).limit(1)).first()
