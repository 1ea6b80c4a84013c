"""What happens when a timer fires (design.md section 2, lines 8 and 9). Each function runs in one unit of work."""

from datetime import datetime, timedelta

from sqlalchemy import exists, select

from actions.binding import tell_bound
from actions.broken_promises import break_promise, remind
from actions.carrying_out import execute, reverse
from actions.cases import move_if_possible
from actions.clock_timers import CLOCK_TIMERS, fire_clock_timer
from actions.connectors.systems import Connectors
from actions.firing import lock_timer, look_again, mark_fired
from actions.firm import Firm
from actions.follow_up import ask_rating, closes_at
from actions.guarantees.telling import tell_when_ready
from actions.passing_on import pass_on
from actions.staff.consulting import look_at_clock
from actions.timers import TimerKind
from actions.unanswered import look_after_question
from actions.waiting import take_call_back
from actions.wordless import look_after_wordless
from recovery.case_states import CaseState, Transition
from store.database import Database, UnitOfWork
from store.tables import Case, Conversation, InboxRow, Promise, Remedy, Timer

_DEEDS_ELSEWHERE = {TimerKind.EXECUTE_REMEDY: execute, TimerKind.REVERSE_REMEDY: reverse}


class NotNow(Exception):
    """The timer must wait: a message of its conversation is still being answered."""


def fire(database: Database, firm: Firm, connectors: Connectors, timer_id: int) -> None:
    """Do what a timer is for, and mark it fired in the same transaction. Safe to call twice.

    Raises:
        NotNow: try again shortly.
        ConnectorError: a passing failure of another system; try again later.
    """
    with database.reading() as work:
        timer = work.session.get_one(Timer, timer_id)
        kind, subject_id = TimerKind(timer.kind), timer.subject_id
        if timer.state != "open":
            return
        remedy = work.session.get(Remedy, subject_id) if kind in _DEEDS_ELSEWHERE else None
    if remedy is not None:
        _DEEDS_ELSEWHERE[kind](database, firm, connectors, timer_id, remedy)
        return
    with database.begin() as work:
        timer = lock_timer(work, timer_id)
        if timer.state != "open":
            return
        conversation = work.session.get_one(Conversation, timer.conversation_id)
        if _is_busy(work, conversation):
            raise NotNow
        if kind is TimerKind.PROMISE_DUE:
            break_promise(work, firm, conversation, work.session.get_one(Promise, subject_id))
        elif kind is TimerKind.FOLLOW_UP:
            again = ask_rating(work, firm, conversation, work.session.get_one(Case, timer.case_id))
            if again is not None:
                look_again(timer, again)
                work.commit()
                return
        elif kind is TimerKind.UNANSWERED and subject_id is not None:
            again = look_after_question(work, firm, conversation, subject_id)
            if again is not None:
                look_again(timer, again)
                work.commit()
                return
        elif kind is TimerKind.PASS_ON and subject_id is not None:
            pass_on(work, firm, conversation, subject_id)
        elif kind is TimerKind.CALL_BACK_WANTED:
            take_call_back(work, firm, conversation, work.session.get_one(InboxRow, timer.inbox_id))
        elif kind is TimerKind.WORDLESS:
            look_after_wordless(work, firm, conversation, work.session.get_one(InboxRow, timer.inbox_id))
        elif kind is TimerKind.BOUND:
            tell_bound(work, firm, conversation)
        elif kind in CLOCK_TIMERS:
            if not fire_clock_timer(work, firm, conversation, timer):
                work.commit()
                return
        elif kind is TimerKind.CONSULTATION and subject_id is not None:
            look_at_clock(work, firm, subject_id)
        elif kind is TimerKind.GUARANTEE_TELLS:
            if not tell_when_ready(work, firm, conversation, timer):
                work.commit()
                return
        elif kind is TimerKind.PROMISE_REMINDS:
            again = remind(work, firm, conversation, work.session.get_one(Promise, subject_id))
            if again is not None:
                look_again(timer, again)
                work.commit()
                return
        elif kind is TimerKind.CLOSE_CASE:
            again = _close(work, firm, work.session.get_one(Case, timer.case_id))
            if again is not None:
                look_again(timer, again)
                work.commit()
                return
        mark_fired(work, timer)
        work.commit()


def _close(work: UnitOfWork, firm: Firm, case: Case) -> datetime | None:
    """Close a case of which nothing more was heard; when to look again, where what was promised in it is due later."""
    if not _is_settled_since(work, case, firm.file.close_after):
        return None
    later = closes_at(work, firm, case)
    if work.now < later:
        return later
    move_if_possible(work, case, Transition.CLOSE, "timer")
    return None


def _is_settled_since(work: UnitOfWork, case: Case, span: timedelta) -> bool:
    """Whether the case has been resolved for ``span``; where it was reopened meanwhile, a later timer stands for it."""
    return case.state == CaseState.RESOLVED and case.resolved_at is not None and work.now >= case.resolved_at + span


def _is_busy(work: UnitOfWork, conversation: Conversation) -> bool:
    waiting = exists().where(InboxRow.conversation_id == conversation.id, InboxRow.state == "open")
    return bool(work.session.scalar(select(waiting)))
