"""A promise before and after its time: somebody is reminded, and where it was not kept superiors and customer are told.

Both are a timer's work, in one unit with the conversation locked; each looks first whether its reason still holds.
"""

from datetime import datetime, timedelta

from sqlalchemy import select

from actions.cases import focus_case
from actions.clocks import active_clocks
from actions.commands.hand_over import hand_over_outside_turn
from actions.conversations import say
from actions.escalating import escalate, on_duty_in, responsible_for, superiors_of
from actions.firm import Firm
from actions.notifying import NotificationKind, notify
from actions.promises import owed_answer, promise, settle
from recovery.clocks import ClockKind, EscalationReason, warn_moment
from recovery.control import Control, HandOverReason
from recovery.service_levels import Measure
from recovery.severity import Severity
from recovery.working_time import NeverOpen, WorkingTime
from store.database import UnitOfWork
from store.tables import Case, Conversation, Promise, Staff

# What the notifications of promises name in place of a clock.
PROMISE_CLOCK = "promise"


def remind(work: UnitOfWork, firm: Firm, conversation: Conversation, made: Promise) -> datetime | None:
    """Tell whoever has the conversation, or else the department's staff on duty, that a promise is soon due; once.

    It is told when the share ``warn_at`` of its time has passed, in the working time of the department, as with clocks.

    Returns:
        When to look again; None where nothing is to be told any more.
    """
    if made.state != "open" or made.reminded_at is not None or work.now >= made.due_at:
        return None
    case = work.session.get(Case, made.case_id) if made.case_id else None
    if made.kind == "person_answers" and _first_answer_is_clocked(work, case):
        # Of a case's first answer its clock warns.
        return None
    department = _department(firm, conversation, case)
    moment = _warn_moment(firm, department, made)
    if work.now < moment:
        return moment
    made.reminded_at = work.now
    told = (
        responsible_for(work, conversation)
        or on_duty_in(work, firm, department)
        or superiors_of(work, firm, department)
    )
    details = {"clock": PROMISE_CLOCK, "due": made.due_at.isoformat()}
    notify(work, told, NotificationKind.DUE_SOON, conversation, case, details)
    return None


def break_promise(work: UnitOfWork, firm: Firm, conversation: Conversation, made: Promise) -> None:
    """A promise that is still open when it is due is broken: own up to it once, say what comes next and by when, and
    bring it to superiors.

    With the bot a person takes over. Where a person has or is to have the conversation, they owe a word by a new time;
    if that is not kept either, nothing is promised a third time: managers are told.
    """
    if made.state != "open":
        return
    settle(work, made, kept=False)
    case = work.session.get(Case, made.case_id) if made.case_id else None
    language = conversation.language or firm.file.language
    if _follows_a_broken_one(work, made):
        _tell_superiors(work, firm, conversation, case, made, _managers(work))
        return
    words = firm.words.render(language, "promise.broken", what=made.text)
    if conversation.control == Control.BOT:
        say(work, conversation, words, case_id=made.case_id, decisive=True)
        hand_over_outside_turn(work, firm, conversation, case, HandOverReason.PROMISE_BROKEN, by="timer")
        _note_what_follows(work, conversation, made)
        department = _department(firm, conversation, case)
        details = {"reason": str(HandOverReason.PROMISE_BROKEN)}
        told = superiors_of(work, firm, department)
        notify(work, told, NotificationKind.OVERDUE, conversation, case, details)
        return
    due = _answer_owed(work, firm, conversation, case, made)
    follows = firm.words.render(language, "promise.broken_next", due=firm.local(due))
    say(work, conversation, f"{words}\n\n{follows}", case_id=made.case_id, decisive=True)
    department = _department(firm, conversation, case)
    if made.kind != "person_answers" or not _first_answer_was_missed(work, case):
        # Of a case's first answer its clock tells; of everything else nobody would hear.
        _tell_superiors(work, firm, conversation, case, made, superiors_of(work, firm, department))


def _answer_owed(
    work: UnitOfWork, firm: Firm, conversation: Conversation, case: Case | None, broken: Promise
) -> datetime:
    """By when a person says something, promised now where nothing of the kind is open."""
    already = owed_answer(work, conversation)
    if already is not None and already.due_at > work.now:
        return already.due_at
    severity = Severity(case.severity) if case else Severity.LOW
    due = firm.first_response_due(work.now, severity, _department(firm, conversation, case))
    language = conversation.language or firm.file.language
    words = firm.words.render(language, "promise.person_answers")
    made = promise(work, conversation, case, "person_answers", words, due, by="timer")
    made.follows_id = broken.id
    return due


def _note_what_follows(work: UnitOfWork, conversation: Conversation, broken: Promise) -> None:
    """The answer that the hand-over has promised stands in the place of what was broken."""
    answer = owed_answer(work, conversation)
    if answer is not None and answer.follows_id is None and answer.made_at == work.now:
        answer.follows_id = broken.id


def _follows_a_broken_one(work: UnitOfWork, made: Promise) -> bool:
    before = work.session.get(Promise, made.follows_id) if made.follows_id is not None else None
    return before is not None and before.state == "broken"


def _tell_superiors(
    work: UnitOfWork,
    firm: Firm,
    conversation: Conversation,
    case: Case | None,
    made: Promise,
    superiors: list[int],
) -> None:
    known = case or focus_case(work, conversation)
    if known is not None:
        escalate(work, conversation, known, EscalationReason.PROMISE_MISSED)
    told = [*responsible_for(work, conversation), *superiors]
    details = {"reason": str(HandOverReason.PROMISE_BROKEN), "clock": PROMISE_CLOCK, "due": made.due_at.isoformat()}
    notify(work, told, NotificationKind.OVERDUE, conversation, case, details)


def _managers(work: UnitOfWork) -> list[int]:
    """Ids of the managers; of whoever comes next above where there are none."""
    for role in ("manager", "supervisor", "administrator"):
        statement = select(Staff.id).where(Staff.active.is_(True), Staff.role == role).order_by(Staff.id)
        if found := list(work.session.scalars(statement)):
            return found
    return []


def _department(firm: Firm, conversation: Conversation, case: Case | None) -> str:
    return conversation.department or (case.department if case else firm.departments[0].key)


def _warn_moment(firm: Firm, department: str, made: Promise) -> datetime:
    share = firm.service_levels.warn_at
    for counted in (firm.time_counted(department, Measure.HOURS), WorkingTime(firm.zone)):
        try:
            allotted = counted.between(made.made_at, made.due_at)
            if allotted > timedelta(0):
                return warn_moment(made.made_at, made.due_at, allotted, share, counted)
        except NeverOpen:
            continue
        # All of it lies outside of working hours: by the clock, then.
    return made.due_at


def _first_answer_is_clocked(work: UnitOfWork, case: Case | None) -> bool:
    return case is not None and ClockKind.FIRST_RESPONSE in active_clocks(work, case)


def _first_answer_was_missed(work: UnitOfWork, case: Case | None) -> bool:
    """Whether the clock of a first answer runs out with this promise, or did before: superiors hear of it by that."""
    clock = active_clocks(work, case).get(ClockKind.FIRST_RESPONSE) if case else None
    return clock is not None and clock.due_at <= work.now
