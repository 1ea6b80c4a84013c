"""Pass a conversation on: to a colleague, or to a department. Whoever gets it gets everything."""

from datetime import datetime

from sqlalchemy import select, update

from actions import routing
from actions.cases import focus_case, move_if_possible
from actions.clocks import person_needed, restart_for_department, taken
from actions.conversations import await_nothing, lock_conversation, say
from actions.firm import Firm
from actions.notifying import NotificationKind, notify
from actions.promises import promise, release_open
from actions.silence import watch_for_answer
from actions.staff.access import MAY_TAKE_FROM_OTHERS, DeedRefused
from actions.staff.notes import write_note
from actions.staff.presence import HANDLING_ROLES
from actions.waiting import answer_due, await_number, by_clock, measure_wait, wait_words
from recovery.case_states import Transition
from recovery.control import Control
from recovery.routing import RoutingReason, Way
from recovery.severity import Severity
from store.audit import append
from store.database import UnitOfWork
from store.tables import Case, Conversation, HandOver, Staff

# Why a conversation was handed over, where a person passed it on.
TRANSFERRED = "transferred"


def to_colleague(work: UnitOfWork, firm: Firm, staff: Staff, conversation_id: int, login: str, note: str = "") -> None:
    """Give a conversation to a colleague.

    Who is on duty has it at once: control stays with staff, theirs now. For who is not it waits in the queue under
    their name, and goes on to the department in time for the customer to be answered.

    Args:
        note: a word for them that no customer sees; none where empty.

    Raises:
        DeedRefused: it is not this person's to pass on, there is no such colleague, they have it already, or the note
            is too long.
    """
    conversation = _to_be_passed_on(work, staff, conversation_id)
    target = work.session.scalars(select(Staff).where(Staff.login == login)).first()
    if target is None or not target.active or target.role not in HANDLING_ROLES:
        raise DeedRefused("no_such_colleague")
    before = _whose(conversation)
    if before == target.id:
        raise DeedRefused("has_it_already")
    case = focus_case(work, conversation)
    there = any(one.id == target.id for one in routing.present_staff(work, firm))
    due = _answer_due(work, firm, conversation, case)
    hand_over = _pass(work, conversation, case, staff, note)
    if case is not None:
        case.owner_id = target.id
    if there:
        routing.release(work, conversation)
        conversation.control, conversation.taken_by_id, conversation.queued_at = Control.STAFF, target.id, None
        hand_over.taken_by_id, hand_over.taken_at = target.id, work.now
        if case is not None:
            taken(work, firm, case)
        watch_for_answer(work, conversation)
        if target.id != staff.id:
            details = {"reason": TRANSFERRED, "because": str(RoutingReason.GIVEN)}
            notify(work, [target.id], NotificationKind.ASSIGNED, conversation, case, details)
    else:
        _queue(work, conversation)
        conversation.department = _department_of(firm, conversation, case)
        # In time for another to answer as promised.
        take_by = max(work.now + firm.routing.take_within, due - firm.routing.take_within)
        routing.give(work, conversation, case, target, RoutingReason.GIVEN, take_by, why=TRANSFERRED)
        if case is not None:
            person_needed(work, firm, case)
    _tell_former(work, staff, before, conversation, case)
    language = conversation.language or firm.file.language
    words = firm.words.render(language, "transfer.to_colleague", name=target.name, due=firm.local(due))
    say(work, conversation, words, case_id=case.id if case else None, courtesy=True)
    append(work, staff.login, "transfer", conversation.public_id, {"to": target.login})


def to_department(
    work: UnitOfWork, firm: Firm, staff: Staff, conversation_id: int, department: str, note: str = ""
) -> None:
    """Put a conversation into a department's line.

    Its clocks begin anew there, and the customer is promised an answer by them.

    Args:
        note: a word for whoever takes it that no customer sees; none where empty.

    Raises:
        DeedRefused: it is not this person's to pass on, there is no such department, it waits there already, or the
            note is too long.
    """
    conversation = _to_be_passed_on(work, staff, conversation_id)
    found = next((one for one in firm.departments if one.key == department), None)
    if found is None:
        raise DeedRefused("no_such_department")
    case = focus_case(work, conversation)
    if conversation.control == Control.QUEUED and _department_of(firm, conversation, case) == department:
        raise DeedRefused("waits_there_already")
    before = _whose(conversation)
    _pass(work, conversation, case, staff, note)
    _queue(work, conversation)
    conversation.department = department
    if case is not None:
        case.owner_id, case.department = None, department
    # By the tree, whatever the clientele: this department was named.
    given = routing.assign(
        work,
        firm,
        conversation,
        case,
        TRANSFERRED,
        passed_over=frozenset({staff.id}),
        way=Way.TREE,
        department=department,
    )
    wait = measure_wait(work, firm, conversation, case, given)
    if case is not None:
        restart_for_department(work, firm, case, department, wait.opens)
        wait = by_clock(wait, case, work.now)
    language = conversation.language or firm.file.language
    # Told a new time before the old one has passed.
    release_open(work, conversation, "person_answers")
    promised = firm.words.render(language, "promise.person_answers")
    promise(work, conversation, case, "person_answers", promised, wait.due)
    await_number(conversation, wait)
    _tell_former(work, staff, before, conversation, case)
    told = firm.words.render(language, "transfer.to_department", department=found.name.in_language(language))
    words = f"{told}\n\n{wait_words(firm, language, wait)}"
    say(work, conversation, words, case_id=case.id if case else None, courtesy=True)
    append(work, staff.login, "transfer", conversation.public_id, {"to": department})


def may_pass_on(staff: Staff, conversation: Conversation) -> bool:
    """Whether somebody may pass a conversation on: their own; for those who may take from others any but the bot's."""
    if conversation.control == Control.BOT:
        return False
    return staff.role in MAY_TAKE_FROM_OTHERS or _whose(conversation) == staff.id


def _to_be_passed_on(work: UnitOfWork, staff: Staff, conversation_id: int) -> Conversation:
    conversation = lock_conversation(work, conversation_id)
    if not may_pass_on(staff, conversation):
        raise DeedRefused("not_yours")
    return conversation


def _whose(conversation: Conversation) -> int | None:
    """Who has it, or was given it."""
    return conversation.taken_by_id if conversation.control == Control.STAFF else conversation.assigned_to_id


def _department_of(firm: Firm, conversation: Conversation, case: Case | None) -> str:
    return conversation.department or (case.department if case else firm.departments[0].key)


def _pass(work: UnitOfWork, conversation: Conversation, case: Case | None, staff: Staff, note: str) -> HandOver:
    """End what was, begin what will be, and keep the note."""
    # Whoever still works on it finds the fence moved. Whom a person names is theirs to say.
    conversation.fence += 1
    conversation.for_superiors = False
    await_nothing(conversation)
    work.session.execute(
        update(HandOver)
        .where(HandOver.conversation_id == conversation.id, HandOver.ended_at.is_(None))
        .values(ended_at=work.now)
    )
    made = HandOver(
        conversation_id=conversation.id,
        case_id=case.id if case else None,
        reason=TRANSFERRED,
        by=staff.login,
        at=work.now,
    )
    work.session.add(made)
    if case is not None:
        move_if_possible(work, case, Transition.HAND_OVER, staff.login)
    if note.strip():
        write_note(work, staff, conversation.id, note, case.id if case else None)
    work.session.flush()
    return made


def _queue(work: UnitOfWork, conversation: Conversation) -> None:
    conversation.control, conversation.taken_by_id = Control.QUEUED, None
    conversation.queued_at = work.now


def _answer_due(work: UnitOfWork, firm: Firm, conversation: Conversation, case: Case | None) -> datetime:
    """By when the customer is answered: as promised; where nothing is owed in time, as promised now."""
    due = answer_due(work, conversation)
    if due is not None and due > work.now:
        return due
    severity = Severity(case.severity) if case else Severity.LOW
    due = firm.first_response_due(work.now, severity, _department_of(firm, conversation, case))
    words = firm.words.render(conversation.language or firm.file.language, "promise.person_answers")
    promise(work, conversation, case, "person_answers", words, due)
    return due


def _tell_former(
    work: UnitOfWork, staff: Staff, before: int | None, conversation: Conversation, case: Case | None
) -> None:
    """Whoever had it is told where somebody else passed it on."""
    if before is not None and before != staff.id:
        notify(work, [before], NotificationKind.TAKEN_BACK, conversation, case, {"reason": TRANSFERRED})
