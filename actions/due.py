"""What happens when a timer fires (design.md section 2, lines 8 and 9). Each function runs in one unit of work."""

from datetime import timedelta

from sqlalchemy import exists, select

from actions.cases import focus_case, move_if_possible
from actions.clock_timers import CLOCK_TIMERS, fire_clock_timer
from actions.clocks import active_clocks
from actions.commands.hand_over import hand_over_outside_turn
from actions.connectors.errors import ConnectorError
from actions.conversations import await_answer, lock_conversation, say
from actions.escalating import responsible_for, superiors_of
from actions.firm import Firm
from actions.notifying import NotificationKind, notify
from actions.passing_on import pass_on
from actions.promises import settle
from actions.remedies import Connectors, carry_out, executed, resolve_if_done
from actions.staff.consulting import look_at_clock
from actions.timers import TimerKind
from actions.waiting import take_call_back
from recovery.case_states import UNSETTLED, CaseState, Transition
from recovery.clocks import ClockKind
from recovery.control import Control, HandOverReason
from recovery.money import Money
from store.database import Database, UnitOfWork
from store.tables import Case, Conversation, InboxRow, Promise, Remedy, Timer

# How long the survey waits each time for a choice of readings: "1" must not become a rating.
_READING_WAIT = timedelta(minutes=10)


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
        remedy = work.session.get(Remedy, subject_id) if kind is TimerKind.EXECUTE_REMEDY else None
    if remedy is not None:
        _execute(database, firm, connectors, timer_id, remedy)
        return
    with database.begin() as work:
        timer = _lock(work, timer_id)
        if timer.state != "open":
            return
        conversation = work.session.get_one(Conversation, timer.conversation_id)
        if _is_busy(work, conversation):
            raise NotNow
        if kind is TimerKind.PROMISE_DUE:
            _promise_due(work, firm, conversation, work.session.get_one(Promise, subject_id))
        elif kind is TimerKind.FOLLOW_UP:
            case = work.session.get_one(Case, timer.case_id)
            if case.state == CaseState.RESOLVED and _awaits_reading(conversation):
                # The customer may never answer: look again later, until the case is closed.
                timer.due_at = work.now + _READING_WAIT
                work.commit()
                return
            _follow_up(work, firm, conversation, case)
        elif kind is TimerKind.PASS_ON and subject_id is not None:
            pass_on(work, firm, conversation, subject_id)
        elif kind is TimerKind.CALL_BACK_WANTED:
            take_call_back(work, firm, conversation, work.session.get_one(InboxRow, timer.inbox_id))
        elif kind in CLOCK_TIMERS:
            if not fire_clock_timer(work, firm, conversation, timer):
                work.commit()
                return
        elif kind is TimerKind.CONSULTATION and subject_id is not None:
            look_at_clock(work, firm, subject_id)
        elif kind is TimerKind.CLOSE_CASE:
            _close(work, firm, work.session.get_one(Case, timer.case_id))
        _mark_fired(work, timer)
        work.commit()


def _execute(database: Database, firm: Firm, connectors: Connectors, timer_id: int, remedy: Remedy) -> None:
    """Call the other system outside any transaction, then commit its answer, or the failure, with its consequences."""
    reference, failure = remedy.reference, None
    if remedy.state == "intended":
        try:
            reference = carry_out(connectors, remedy)
        except ConnectorError as error:
            if not error.permanent:
                raise
            failure = error
    with database.begin() as work:
        timer = _lock(work, timer_id)
        if timer.state != "open":
            return
        conversation = work.session.get_one(Conversation, timer.conversation_id)
        remedy = work.session.get_one(Remedy, remedy.id)
        case = work.session.get_one(Case, remedy.case_id)
        if remedy.state == "intended" and failure is not None:
            _remedy_failed(work, firm, conversation, case, remedy, failure)
        elif remedy.state == "intended":
            assert reference is not None
            executed(work, case, remedy, reference)
            _confirm(work, firm, conversation, case, remedy, timer.inbox_id)
        _mark_fired(work, timer)
        work.commit()


def _confirm(
    work: UnitOfWork, firm: Firm, conversation: Conversation, case: Case, remedy: Remedy, inbox_id: str | None
) -> None:
    language = conversation.language or case.language
    words = firm.words.render(
        language,
        f"done.{remedy.kind}",
        amount=Money(remedy.amount, remedy.currency),
        reference=remedy.reference,
        until=firm.local(work.now + firm.file.voucher_valid),
    )
    if resolve_if_done(work, firm, conversation, case, by="timer"):
        words = f"{words}\n\n{firm.words.render(language, 'done.after', number=case.number)}"
    say(work, conversation, words, inbox_id=inbox_id, case_id=case.id)


def _remedy_failed(
    work: UnitOfWork, firm: Firm, conversation: Conversation, case: Case, remedy: Remedy, failure: ConnectorError
) -> None:
    """The other system refuses for good: a person must look, and the customer is told at once."""
    remedy.state, remedy.error = "failed", str(failure)
    if conversation.control == Control.BOT:
        hand_over_outside_turn(work, firm, conversation, case, HandOverReason.REMEDY_FAILED, by="timer")


def _promise_due(work: UnitOfWork, firm: Firm, conversation: Conversation, promise: Promise) -> None:
    """A promise that is still open when it is due is broken: say so and have a person act."""
    if promise.state != "open":
        return
    settle(work, promise, kept=False)
    language = conversation.language or firm.file.language
    say(
        work,
        conversation,
        firm.words.render(language, "promise.broken", what=promise.text),
        case_id=promise.case_id,
    )
    if conversation.control == Control.BOT:
        case = work.session.get(Case, promise.case_id) if promise.case_id else None
        hand_over_outside_turn(work, firm, conversation, case, HandOverReason.PROMISE_BROKEN, by="timer")
    elif promise.kind != "person_answers" or not _clock_tells(work, promise):
        # Of a case's first answer its clock tells; of everything else nobody would hear.
        department = conversation.department or firm.departments[0].key
        told = [*responsible_for(work, conversation), *superiors_of(work, firm, department)]
        details = {"reason": str(HandOverReason.PROMISE_BROKEN)}
        notify(work, told, NotificationKind.OVERDUE, conversation, None, details)


def _clock_tells(work: UnitOfWork, promise: Promise) -> bool:
    """Whether the clock of a first answer runs out with this promise, or did before: superiors hear of it by that."""
    case = work.session.get(Case, promise.case_id) if promise.case_id else None
    clock = active_clocks(work, case).get(ClockKind.FIRST_RESPONSE) if case else None
    return clock is not None and clock.due_at <= work.now


def _follow_up(work: UnitOfWork, firm: Firm, conversation: Conversation, case: Case) -> None:
    """Ask how content the customer is, unless they said so already, or something is open again."""
    if not _is_settled_since(work, case, firm.file.follow_up_after) or conversation.control != Control.BOT:
        return
    if any(case.resolved_at is not None and rating.at >= case.resolved_at for rating in case.ratings):
        return
    focus = focus_case(work, conversation)
    if focus is not None and focus.id != case.id and focus.state in UNSETTLED:
        return  # another complaint is being talked about: its question must not be pushed aside
    conversation.focus_case_id = case.id
    language = conversation.language or case.language
    buttons = [{"title": str(score), "payload": str(score)} for score in (1, 2, 3, 4, 5)]
    say(
        work,
        conversation,
        firm.words.render(language, "rating.ask", number=case.number),
        buttons=buttons,
        case_id=case.id,
    )
    await_answer(conversation, "rating")


def _awaits_reading(conversation: Conversation) -> bool:
    return conversation.awaited is not None and conversation.awaited["kind"] == "reading"


def _close(work: UnitOfWork, firm: Firm, case: Case) -> None:
    if _is_settled_since(work, case, firm.file.close_after):
        move_if_possible(work, case, Transition.CLOSE, "timer")


def _is_settled_since(work: UnitOfWork, case: Case, span: timedelta) -> bool:
    """Whether the case has been resolved for ``span``; where it was reopened meanwhile, a later timer stands for it."""
    return case.state == CaseState.RESOLVED and case.resolved_at is not None and work.now >= case.resolved_at + span


def _lock(work: UnitOfWork, timer_id: int) -> Timer:
    """The timer as it stands, behind the lock of its conversation."""
    timer = work.session.get_one(Timer, timer_id)
    lock_conversation(work, timer.conversation_id)
    work.session.refresh(timer)
    return timer


def _is_busy(work: UnitOfWork, conversation: Conversation) -> bool:
    waiting = exists().where(InboxRow.conversation_id == conversation.id, InboxRow.state == "open")
    return bool(work.session.scalar(select(waiting)))


def _mark_fired(work: UnitOfWork, timer: Timer) -> None:
    timer.state, timer.fired_at = "fired", work.now
