"""Who may do what: refusals, authority, whose conversation it is; and the trace that every deed leaves."""

from actions.conversations import lock_conversation
from actions.roles import AUTHORITY_OF_ROLE as AUTHORITY_OF_ROLE
from recovery.authority import RISING
from recovery.control import Control
from recovery.remedies import Authority
from store.audit import append
from store.database import UnitOfWork
from store.tables import Conversation, Staff


class DeedRefused(Exception):
    """It cannot be done, or not by this person, or no longer; ``code`` names a text for the desk."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


# Who may take over a conversation that a colleague has, and pass it on.
MAY_TAKE_FROM_OTHERS = frozenset({"supervisor", "manager"})


def covers(staff: Staff, needed: Authority) -> bool:
    """Whether this person's role may grant what needs ``needed``."""
    held = AUTHORITY_OF_ROLE.get(staff.role)
    return held is not None and needed in RISING and RISING.index(held) >= RISING.index(needed)


def mine(work: UnitOfWork, staff: Staff, conversation_id: int) -> Conversation:
    """The conversation, locked.

    Raises:
        DeedRefused: it is not this person's.
    """
    conversation = lock_conversation(work, conversation_id)
    if conversation.control != Control.STAFF or conversation.taken_by_id != staff.id:
        raise DeedRefused("not_yours")
    return conversation


def audit(work: UnitOfWork, staff: Staff, action: str, subject: str) -> None:
    """Leave a trace of a deed; ``subject`` is a public id or number."""
    append(work, staff.login, action, subject)
