"""Tell one customer of a fix, once. One unit of work: the telling first, then the conversation.

The row of the telling is held meanwhile, so that several workers together keep to its speed, and whoever comes second
finds the customer told.
"""

from datetime import timedelta

from sqlalchemy import func, select

from actions.conversations import SPOKEN, lock_conversation, say
from actions.firm import Firm
from actions.fixes.audience import LeftOut, wanted
from actions.fixes.telling import DONE, RUNNING, TOLD, UNREACHABLE, UNWANTED, WAITING, news
from actions.incidents.preview import quiet_until
from recovery.case_states import CaseState
from recovery.control import Control
from recovery.failures import Risk
from store import audit
from store.database import UnitOfWork
from store.tables import Case, Conversation, Customer, FixTelling, FixTold, Improvement, InboxRow

_MINUTE = timedelta(minutes=1)
# In the middle of a talk; a person has it, or a complaint is open; something went wrong.
_BUSY, _LATER, _AFTER_FAILURE = timedelta(minutes=10), timedelta(days=1), timedelta(minutes=10)


def running(work: UnitOfWork, firm: Firm) -> list[int]:
    """Ids of the tellings that may go on now; none in quiet hours. Looking costs no writer's turn."""
    if quiet_until(firm, work.now) is not None:
        return []
    return list(work.session.scalars(select(FixTelling.id).where(FixTelling.state == RUNNING).order_by(FixTelling.id)))


def tell_next(work: UnitOfWork, firm: Firm, telling_id: int) -> int | None:
    """Tell whoever is next; a telling in which nobody waits any more is done.

    Returns:
        Id of the row of :class:`FixTold` that was looked at; None where nobody is to be told now.
    """
    telling = _locked(work, telling_id)
    if telling is None or telling.state != RUNNING or quiet_until(firm, work.now) is not None:
        return None
    row = _next(work, firm, telling)
    if row is None:
        return None
    spoken_in = work.session.scalar(select(Case.conversation_id).where(Case.id == row.case_id))
    conversation = lock_conversation(work, spoken_in) if spoken_in is not None else None
    # As it is once the conversation is held: an erasure may have gone before.
    case = work.session.get(Case, row.case_id)
    if case is None or conversation is None or not _is_still_there(work, case, row):
        row.state = UNREACHABLE
    elif _hears_of_it_otherwise(work, row) or _speaks_against(case):
        row.state = UNWANTED
    elif conversation.identity.channel in SPOKEN:
        row.state = UNREACHABLE
    elif not _may_be_told(work, firm, telling, row, conversation):
        pass
    else:
        _tell(work, firm, telling, row, case, conversation)
    work.session.flush()
    return row.id


def put_off(work: UnitOfWork, row_id: int) -> None:
    """Let a customer wait whom it was not possible to tell, so that the others need not."""
    row = work.session.get(FixTold, row_id)
    if row is not None and row.state == WAITING:
        row.next_attempt_at = work.now + _AFTER_FAILURE


def next_row(work: UnitOfWork, firm: Firm, telling_id: int) -> int | None:
    """Which row :func:`tell_next` would look at; for whoever must put it off after an error."""
    telling = work.session.get(FixTelling, telling_id)
    row = _due(work, telling) if telling is not None else None
    return row.id if row is not None else None


def _locked(work: UnitOfWork, telling_id: int) -> FixTelling | None:
    statement = select(FixTelling).where(FixTelling.id == telling_id).with_for_update(skip_locked=True)
    return work.session.scalars(statement.execution_options(populate_existing=True)).first()


def _next(work: UnitOfWork, firm: Firm, telling: FixTelling) -> FixTold | None:
    of_it = FixTold.improvement_id == telling.improvement_id
    waiting = select(FixTold.id).where(of_it, FixTold.state == WAITING).limit(1)
    if work.session.scalar(waiting) is None:
        telling.state, telling.ended_at = DONE, work.now
        number = work.session.scalar(select(Improvement.number).where(Improvement.id == telling.improvement_id))
        audit.append(work, "timer", "finish_telling_fix", number or "")
        return None
    lately = select(func.count()).select_from(FixTold).where(of_it, FixTold.told_at > work.now - _MINUTE)
    if (work.session.scalar(lately) or 0) >= firm.fixes.per_minute:
        return None
    return _due(work, telling)


def _due(work: UnitOfWork, telling: FixTelling) -> FixTold | None:
    return work.session.scalars(
        select(FixTold)
        .where(
            FixTold.improvement_id == telling.improvement_id,
            FixTold.state == WAITING,
            FixTold.next_attempt_at.is_(None) | (FixTold.next_attempt_at <= work.now),
        )
        .order_by(FixTold.id)
        .limit(1)
    ).first()


def _is_still_there(work: UnitOfWork, case: Case, row: FixTold) -> bool:
    customer = work.session.get(Customer, row.customer_id)
    return case.erased_at is None and customer is not None and customer.erased_at is None


def _hears_of_it_otherwise(work: UnitOfWork, row: FixTold) -> bool:
    """Whether the customer went into another meanwhile who is on the list, too; else the row is that one's now."""
    head = row.customer_id
    while (into := work.session.get_one(Customer, head).merged_into_id) is not None:
        head = into
    if head == row.customer_id:
        return False
    known = select(FixTold.id).where(FixTold.improvement_id == row.improvement_id, FixTold.customer_id == head)
    if work.session.scalar(known) is not None:
        return True
    row.customer_id = head
    return False


def _speaks_against(case: Case) -> bool:
    """Whether by now the complaint did not stand, was withdrawn or abusive, or its customer wants to hear no more."""
    led_to_nothing = case.valid is False or case.state == CaseState.WITHDRAWN
    return led_to_nothing or Risk.ABUSE in case.risks or case.follow_up_refused_at is not None


def _may_be_told(work: UnitOfWork, firm: Firm, telling: FixTelling, row: FixTold, conversation: Conversation) -> bool:
    """Whether now is the time; else the row waits, or nobody is to tell them any more."""
    improvement = work.session.get_one(Improvement, telling.improvement_id)
    reason = wanted(work, improvement, row.customer_id)
    waiting = select(InboxRow.id).where(InboxRow.conversation_id == conversation.id, InboxRow.state == "open")
    if reason == LeftOut.ABUSIVE or conversation.abuse_warned:
        row.state = UNWANTED
    elif reason == LeftOut.OPEN_COMPLAINT or conversation.control != Control.BOT:
        row.next_attempt_at = work.now + _LATER
    elif conversation.awaited is not None or work.session.scalar(waiting.limit(1)) is not None:
        row.next_attempt_at = work.now + _BUSY
    else:
        return True
    if work.now - telling.begun_at > firm.fixes.patience:
        # It is no news any more.
        row.state = UNWANTED
    return False


def _tell(
    work: UnitOfWork, firm: Firm, telling: FixTelling, row: FixTold, case: Case, conversation: Conversation
) -> None:
    language = conversation.language or case.language
    text = news(firm, language, telling.words.get(language) or telling.words[firm.file.language], case.number)
    say(work, conversation, text, case_id=case.id)
    row.state, row.told_at, row.next_attempt_at = TOLD, work.now, None
