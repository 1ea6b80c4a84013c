"""Note that what was promised was done."""

from actions.clocks import staff_spoke
from actions.conversations import lock_conversation
from actions.firm import Firm
from actions.promises import KEPT_BY_DOING, is_owed_by_hand, keep_promises, settle
from actions.remedies import executed, resolve_if_done
from actions.staff.access import DeedRefused, audit
from recovery.control import Control
from recovery.remedies import BY_PEOPLE, RemedyKind
from store.database import UnitOfWork
from store.tables import Case, Promise, Staff
from store.tables.base import readable_number


def keep_promise(work: UnitOfWork, firm: Firm, staff: Staff, promise_id: int) -> None:
    """Note that what was promised, such as a call back, was done.

    A call that was promised for an earlier time and is made after all carries out its remedy, too; the promise stays
    broken.

    Raises:
        DeedRefused: it was settled before, or is kept by the deed itself (an answer, a decision on an offer).
    """
    promise = work.session.get_one(Promise, promise_id)
    conversation = lock_conversation(work, promise.conversation_id)
    work.session.refresh(promise)
    if promise.kind in KEPT_BY_DOING:
        raise DeedRefused("kept_by_doing")
    case = work.session.get_one(Case, promise.case_id) if promise.case_id is not None else None
    owed = [
        remedy
        for remedy in (case.remedies if case is not None and promise.kind in BY_PEOPLE else [])
        if remedy.kind == promise.kind and remedy.state == "intended"
    ]
    if not is_owed_by_hand(promise, case, conversation):
        raise DeedRefused("promise_settled")
    settle(work, promise, kept=promise.due_at >= work.now)
    if promise.state == "broken":
        promise.made_good_at = work.now
    if promise.kind == "call_back" and conversation.control != Control.BOT:
        # Whoever waited for a person has spoken with one.
        keep_promises(work, conversation, "person_answers")
        if case is not None:
            staff_spoke(work, firm, case)
    if case is not None:
        for remedy in owed:
            executed(work, case, remedy, readable_number("CB" if remedy.kind == RemedyKind.CALL_BACK else "RM", 2))
        resolve_if_done(work, firm, conversation, case, staff.login)
    audit(work, staff, "keep_promise", promise.public_id)
