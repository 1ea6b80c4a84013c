"""Staff send files to a customer, or put some among themselves into a case."""

from collections.abc import Sequence

from actions.attachments import CHANNELS_WITH_FILES, PreparedFile, check_room, keep
from actions.conversations import lock_conversation
from actions.file_content import FileRefused
from actions.firm import Firm
from actions.staff.access import DeedRefused, audit, mine
from actions.staff.promising import answer_and_promise
from actions.staff.talking import answer
from store.attached_files import AttachedFiles
from store.database import UnitOfWork
from store.tables import Conversation, Note, Staff

FILES_AT_ONCE = 5


def send_files(
    work: UnitOfWork,
    firm: Firm,
    files: AttachedFiles,
    staff: Staff,
    conversation_id: int,
    prepared: Sequence[PreparedFile],
    text: str = "",
) -> None:
    """Send files to the customer, each a message, after a word with them where there is one.

    Raises:
        DeedRefused: the conversation is not this person's, there is no file, the channel brings none to customers, or
            the conversation holds too many.
    """
    conversation = mine(work, staff, conversation_id)
    if conversation.identity.channel not in CHANNELS_WITH_FILES:
        raise DeedRefused("channel_without_files")
    if not prepared:
        raise DeedRefused("no_file")
    if text.strip():
        answer_and_promise(work, firm, staff, conversation_id, text)
    for one in prepared:
        _check_room(work, conversation, one.size)
        message = answer(work, firm, staff, conversation_id, one.name)
        keep(work, files, conversation, one, message=message, staff=staff)
    audit(work, staff, "send_files", conversation.public_id)


def put_aside(
    work: UnitOfWork,
    files: AttachedFiles,
    staff: Staff,
    conversation_id: int,
    prepared: Sequence[PreparedFile],
    text: str = "",
) -> None:
    """Put files into the case for staff alone, each beside a note; whoever handles cases may.

    Raises:
        DeedRefused: there is no file, or the conversation holds too many.
    """
    conversation = lock_conversation(work, conversation_id)
    if not prepared:
        raise DeedRefused("no_file")
    for one in prepared:
        _check_room(work, conversation, one.size)
        note = Note(
            conversation_id=conversation.id,
            case_id=conversation.focus_case_id,
            staff_id=staff.id,
            text=text.strip() or one.name,
            at=work.now,
        )
        text = ""  # said once, with the first
        work.session.add(note)
        work.session.flush()
        keep(work, files, conversation, one, note=note, staff=staff)
    audit(work, staff, "put_files_aside", conversation.public_id)


def _check_room(work: UnitOfWork, conversation: Conversation, size: int) -> None:
    try:
        check_room(work, conversation, size, author="staff")
    except FileRefused as refused:
        raise DeedRefused("too_many_files") from refused
