"""What helps to write an answer: canned replies, filled in, and macros; for whoever has the conversation."""

from dataclasses import dataclass

from actions.cases import focus_case
from actions.firm import Firm
from actions.staff.canned_replies import Choice, choices_for
from actions.staff.macros import macros_for
from store.database import UnitOfWork
from store.tables import Conversation, Macro, Staff


@dataclass(frozen=True, slots=True)
class ComposerTools:
    """Replies and macros that fit the conversation's language and department; empty for who does not have it."""

    choices: list[Choice]
    macros: list[Macro]

    def text_of(self, public_id: str) -> str:
        """The filled-in text of a reply; empty where it is none of these."""
        return next((one.filled.text for one in self.choices if one.public_id == public_id), "")


def read_tools(work: UnitOfWork, firm: Firm, me: Staff, conversation: Conversation) -> ComposerTools:
    """The tools of ``me`` in a conversation."""
    if conversation.taken_by_id != me.id:
        return ComposerTools([], [])
    case = focus_case(work, conversation)
    return ComposerTools(choices_for(work, firm, me, conversation, case), macros_for(work, firm, me, case))
