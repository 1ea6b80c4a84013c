"""While the bot has asked the customer something, or an offer of its waits for them, the time to settle stands still.

A first answer of a person never does (:data:`recovery.clocks.PAUSED_BY_WAITING`). Staff say by themselves that they
wait (:mod:`actions.staff.waiting`). What becomes of a question that nobody answers stands in :mod:`actions.unanswered`.
"""

from datetime import datetime

from actions.cases import focus_case
from actions.clocks import pause_clocks, resume_clocks
from actions.firm import Firm
from actions.timers import TimerKind, set_timer
from recovery.case_states import UNSETTLED
from recovery.control import Control
from store.database import UnitOfWork
from store.tables import Conversation

# Questions whose answer our work waits for. A rating is asked once nothing is owed any more; a number to call is left
# or not while a person is waited for.
ASKED = frozenset({"order_number", "order_proof", "happening", "wish", "offer", "confirm_hand_over", "reading"})


def customer_answered(work: UnitOfWork, firm: Firm, conversation: Conversation, at: datetime) -> None:
    """What stood still for the customer of a locked conversation runs again.

    Args:
        at: when they wrote, however late it is read.
    """
    case = focus_case(work, conversation)
    if case is not None:
        resume_clocks(work, firm, case, at)


def customer_asked(work: UnitOfWork, firm: Firm, conversation: Conversation) -> None:
    """Have what is ours stand still where something that the bot put to the customer waits for them now; else run."""
    if conversation.control != Control.BOT:
        return
    case = focus_case(work, conversation)
    if case is None or case.state not in UNSETTLED:
        return
    if conversation.awaited is not None and conversation.awaited["kind"] in ASKED:
        pause_clocks(work, firm, case)
        # Once for a question, however often it is put: the timer itself sees when anything was said last.
        revision = conversation.awaited["revision"]
        key, due = f"unanswered:{conversation.id}:{revision}", work.now + firm.file.remind_after
        set_timer(work, TimerKind.UNANSWERED, key, due, conversation, case=case, subject_id=revision)
    else:
        resume_clocks(work, firm, case, work.now)
