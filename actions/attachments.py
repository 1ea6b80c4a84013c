"""Files that customers and staff send: each is a message with a row of its own, and bytes in the state folder.

A channel examines what it was sent (:func:`prepare`, outside any unit of work), then takes it in
(:func:`receive_file`) in one: message, row and file are there together or not at all.
"""

from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256

from sqlalchemy import event, func, select, update

from actions.cases import focus_case
from actions.conversations import Address, await_answer, open_conversation, receive, say
from actions.file_content import FileContent, FileRefused, examine
from actions.firm import Firm
from actions.turns import finish
from recovery.case_states import UNSETTLED
from recovery.control import Control
from store.attached_files import AttachedFiles, Draft
from store.database import UnitOfWork
from store.tables import Attachment, Conversation, InboxRow, Message, Note, Staff
from store.tables.base import unguessable

# Of one conversation: what a customer may send within an hour, and all that is kept.
FILES_AN_HOUR = 30
FILES_OF_A_CONVERSATION = 200
BYTES_OF_A_CONVERSATION = 300 * 1024 * 1024
# The channels that bring files to the customer.
CHANNELS_WITH_FILES = frozenset({"web"})


@dataclass(frozen=True, slots=True)
class PreparedFile:
    """A file that was found safe and lies on the disk, but belongs to nobody yet."""

    name: str
    media_type: str
    size: int
    digest: str
    draft: Draft

    def discard(self) -> None:
        """Remove the bytes, unless they were taken in."""
        self.draft.discard()


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A customer's file that is safely kept.

    Attributes:
        number: of its message within the conversation.
        repeated: it was there already.
    """

    attachment: Attachment | None
    conversation_id: int
    number: int
    repeated: bool


def prepare(files: AttachedFiles, data: bytes, name: str, *, recordings: bool = False) -> PreparedFile:
    """Examine a file and write it aside; call it off the event loop, and ``discard()`` the result in the end.

    Args:
        recordings: whether voice messages and films are taken, too.

    Raises:
        FileRefused: it is not safe to keep; nothing is left behind.
    """
    found: FileContent = examine(data, name, recordings=recordings)
    return PreparedFile(
        name=found.name,
        media_type=found.media_type,
        size=len(found.content),
        digest=sha256(found.content).hexdigest(),
        draft=files.draft(found.content, found.small),
    )


def receive_file(
    work: UnitOfWork,
    firm: Firm,
    files: AttachedFiles,
    address: Address,
    prepared: PreparedFile,
    message_key: str,
    label: str | None = None,
) -> ReceivedFile:
    """Take in a customer's file as a message, once for its key.

    The bot reads no pictures: it asks once for words, and hands the message to nobody. While a person has the
    conversation, it is theirs like any other.

    Raises:
        FileRefused: ``too_many_files`` of this conversation.
        MessageConflict: the key is known with another file's name.
    """
    received = receive(work, address, prepared.name, message_key, {"file": True}, label)
    conversation = open_conversation(work, address)
    message = work.session.scalars(
        select(Message).where(Message.conversation_id == conversation.id, Message.number == received.number)
    ).one()
    if received.repeated:
        kept = work.session.scalars(select(Attachment).where(Attachment.message_id == message.id)).first()
        return ReceivedFile(kept, conversation.id, received.number, repeated=True)
    check_room(work, conversation, prepared.size, author="customer")
    attachment = keep(work, files, conversation, prepared, message=message)
    row = work.session.get_one(InboxRow, received.inbox_id)
    if row.state == "open":
        finish(work, row, "file")
        ask_for_words(work, firm, conversation, message)
    return ReceivedFile(attachment, conversation.id, received.number, repeated=False)


def keep(
    work: UnitOfWork,
    files: AttachedFiles,
    conversation: Conversation,
    prepared: PreparedFile,
    *,
    message: Message | None = None,
    note: Note | None = None,
    staff: Staff | None = None,
) -> Attachment:
    """Add the row of a file and give the file its place; the conversation is locked.

    Args:
        message: that carries the file to or from the customer.
        note: that carries it among staff.
        staff: who sent it; None: the customer.
    """
    attachment = Attachment(
        public_id=unguessable(),
        conversation_id=conversation.id,
        message_id=message.id if message else None,
        note_id=note.id if note else None,
        author="staff" if staff else "customer",
        staff_id=staff.id if staff else None,
        name=prepared.name,
        media_type=prepared.media_type,
        size=prepared.size,
        digest=prepared.digest,
        at=work.now,
    )
    work.session.add(attachment)
    work.session.flush()
    files.publish(prepared.draft, attachment.public_id)
    return attachment


def check_room(work: UnitOfWork, conversation: Conversation, size: int, author: str) -> None:
    """See that a further file of ``size`` bytes may be kept.

    Raises:
        FileRefused: ``too_many_files``.
    """
    of_it = (Attachment.conversation_id == conversation.id) & Attachment.deleted_at.is_(None)
    count, total = work.session.execute(
        select(func.count(), func.coalesce(func.sum(Attachment.size), 0)).where(of_it)
    ).one()
    lately = select(func.count()).where(
        of_it, Attachment.author == author, Attachment.at > work.now - timedelta(hours=1)
    )
    if (
        count >= FILES_OF_A_CONVERSATION
        or total + size > BYTES_OF_A_CONVERSATION
        or (author == "customer" and (work.session.scalar(lately) or 0) >= FILES_AN_HOUR)
    ):
        raise FileRefused("too_many_files")


def find(work: UnitOfWork, public_id: str) -> Attachment | None:
    """The attachment with this public id, unless it was erased."""
    return work.session.scalars(
        select(Attachment).where(Attachment.public_id == public_id, Attachment.deleted_at.is_(None))
    ).first()


def find_own(work: UnitOfWork, public_id: str, conversation_id: int) -> Attachment | None:
    """As :func:`find`, for a customer: what was said in their own conversation, and no file among staff."""
    found = find(work, public_id)
    if found is None or found.conversation_id != conversation_id or found.message_id is None:
        return None
    return found


def erase(work: UnitOfWork, conversation_id: int, files: AttachedFiles | None = None) -> int:
    """Erase all files of a conversation: names and digests now, the bytes once the unit of work has committed.

    Args:
        files: where the bytes are; without it they go with the desk's next sweep, within the hour.

    Returns:
        How many there were.
    """
    of_it = (Attachment.conversation_id == conversation_id) & Attachment.deleted_at.is_(None)
    ids = list(work.session.scalars(select(Attachment.public_id).where(of_it)))
    work.session.execute(update(Attachment).where(of_it).values(deleted_at=work.now, name="", digest=""))
    if files is not None and ids:

        def remove(_: object) -> None:
            for public_id in ids:
                files.remove(public_id)

        # A unit of work that rolls back must not have lost the bytes.
        event.listen(work.session, "after_commit", remove, once=True)
    return len(ids)


def ask_for_words(work: UnitOfWork, firm: Firm, conversation: Conversation, message: Message) -> None:
    """One kind line for a file without words, and none for those that follow it at once; its inbox row is done."""
    if conversation.control != Control.BOT:
        return
    waiting = select(InboxRow.id).where(InboxRow.conversation_id == conversation.id, InboxRow.state == "open")
    if work.session.scalars(waiting).first() is not None:
        return  # the words are there already, and about to be answered
    heard = select(func.max(InboxRow.number)).where(
        InboxRow.conversation_id == conversation.id, InboxRow.disposition != "file"
    )
    since = work.session.scalar(heard) or 0
    earlier = select(Message.id).where(
        Message.conversation_id == conversation.id,
        Message.direction == "in",
        Message.number > since,
        Message.number < message.number,
    )
    if work.session.scalars(earlier).first() is not None:
        return
    language, case = conversation.language or firm.file.language, focus_case(work, conversation)
    if case is not None and case.state in UNSETTLED:
        words = firm.words.render(language, "attachment.noted", number=case.number)
    else:
        words = firm.words.render(language, "attachment.ask_words")
        if conversation.awaited is None:
            # What comes next is what happened.
            await_answer(conversation, "happening")
    if not conversation.introduced:
        conversation.introduced = True
        words = f"{words}\n\n{firm.words.render(language, 'machine.introduction')}"
    say(work, conversation, words)
