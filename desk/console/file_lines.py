"""The files of a conversation as its page shows them."""

from dataclasses import dataclass

from sqlalchemy import select

from actions.attachments import CHANNELS_WITH_FILES
from actions.file_content import ENDINGS, SHOWN, SIZE_LIMIT
from actions.staff.sending_files import FILES_AT_ONCE
from store.database import UnitOfWork
from store.tables import Attachment, Conversation, IncomingMedia, Staff

# What the file dialogue offers; what a file is, its bytes say.
ACCEPTED = ",".join([*ENDINGS, *(ending for endings in ENDINGS.values() for ending in endings)])


@dataclass(frozen=True, slots=True)
class FileLine:
    """A file as pages show it.

    Attributes:
        shown: whether it is a picture that browsers may show.
        by: name of the person of staff who sent it; None for the customer.
        internal: whether only staff see it.
    """

    public_id: str
    name: str
    media_type: str
    size: int
    shown: bool
    by: str | None
    internal: bool
    attachment: Attachment


@dataclass(frozen=True, slots=True)
class FilesOfConversation:
    """All files of a conversation.

    Attributes:
        by_message: message id → the file that the message is.
        coming: message id → its file, where the channel still has it (``open``) or it was given up (why).
        can_send: whether the channel brings files to the customer.
    """

    all: list[FileLine]
    by_message: dict[int, FileLine]
    coming: dict[int, str]
    can_send: bool
    at_once: int
    mebibytes: int
    accepted: str


def read_files(work: UnitOfWork, conversation: Conversation) -> FilesOfConversation:
    """The files of a conversation, the oldest first."""
    statement = (
        select(Attachment, Staff.name)
        .outerjoin(Staff, Staff.id == Attachment.staff_id)
        .where(Attachment.conversation_id == conversation.id, Attachment.deleted_at.is_(None))
        .order_by(Attachment.id)
    )
    lines = [
        FileLine(
            public_id=attachment.public_id,
            name=attachment.name,
            media_type=attachment.media_type,
            size=attachment.size,
            shown=attachment.media_type in SHOWN,
            by=name,
            internal=attachment.message_id is None,
            attachment=attachment,
        )
        for attachment, name in work.session.execute(statement)
    ]
    coming = work.session.scalars(
        select(IncomingMedia).where(IncomingMedia.conversation_id == conversation.id, IncomingMedia.state != "fetched")
    )
    return FilesOfConversation(
        all=lines,
        coming={row.message_id: row.error if row.state == "failed" and row.error else row.state for row in coming},
        by_message={line.attachment.message_id: line for line in lines if line.attachment.message_id is not None},
        can_send=conversation.identity.channel in CHANNELS_WITH_FILES,
        at_once=FILES_AT_ONCE,
        mebibytes=SIZE_LIMIT // 1024 // 1024,
        accepted=ACCEPTED,
    )
