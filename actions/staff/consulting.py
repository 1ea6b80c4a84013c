"""Consult a department (应答策略, S0): it answers on its own clock, customer service keeps the case and the voice."""

from datetime import datetime, timedelta

from sqlalchemy import select

from actions.conversations import lock_conversation
from actions.firm import Firm
from actions.notifying import NotificationKind, notify
from actions.staff.access import MAY_TAKE_FROM_OTHERS, DeedRefused, audit
from actions.timers import TimerKind, set_timer
from recovery.case_states import UNSETTLED, CaseState
from recovery.service_levels import TimeLimit
from recovery.severity import Severity
from store.database import UnitOfWork
from store.tables import Case, Consultation, Conversation, Staff

QUESTION_LENGTH = 2000
ANSWER_LENGTH = 4000
REASON_LENGTH = 500
# Who works on questions; an administrator runs the desk, quality looks on.
ANSWERING_ROLES = frozenset({"agent", "supervisor", "manager"})
# The same question within this time is a double click.
_SAME_WITHIN = timedelta(minutes=1)


def ask(work: UnitOfWork, firm: Firm, staff: Staff, case_id: int, department: str, question: str) -> Consultation:
    """Ask a department; several may be asked at once. Its staff are told, or its superiors where it has nobody.

    Raises:
        DeedRefused: no such department, nothing asked or too much, or the case went into another.
    """
    case = work.session.get_one(Case, case_id)
    conversation = lock_conversation(work, case.conversation_id)
    work.session.refresh(case)
    if case.merged_into_id is not None:
        raise DeedRefused("case_merged")
    question = _written(question, QUESTION_LENGTH, "question_empty", "question_too_long")
    _known(firm, department)
    again = select(Consultation).where(
        Consultation.case_id == case.id,
        Consultation.department == department,
        Consultation.asked_by_id == staff.id,
        Consultation.question == question,
        Consultation.state == "open",
        Consultation.asked_at >= work.now - _SAME_WITHIN,
    )
    if (twin := work.session.scalars(again).first()) is not None:
        return twin
    asked = Consultation(
        case_id=case.id,
        conversation_id=conversation.id,
        department=department,
        question=question,
        asked_by_id=staff.id,
        asked_at=work.now,
        since=work.now,
        due_at=work.now,
    )
    work.session.add(asked)
    _start_clock(work, firm, asked, case, conversation)
    _tell_department(work, firm, asked, conversation, case, but=staff)
    audit(work, staff, "consult", case.number)
    return asked


def answer(work: UnitOfWork, firm: Firm, staff: Staff, consultation_id: int, text: str) -> None:
    """Answer the question; who asked is told, and who handles the case.

    Raises:
        DeedRefused: it is not this person's to answer, no longer open, or nothing is written.
    """
    asked, case, conversation = _open(work, firm, staff, consultation_id)
    text = _written(text, ANSWER_LENGTH, "answer_empty", "consultation_answer_too_long")
    _settle(work, asked, "answered", staff, text)
    _tell_asker(work, asked, conversation, case, staff)
    audit(work, staff, "answer_consultation", asked.public_id)


def hand_on(work: UnitOfWork, firm: Firm, staff: Staff, consultation_id: int, department: str, reason: str) -> None:
    """Pass the question to the department that can answer it; its clock starts anew.

    Raises:
        DeedRefused: it is not this person's, no longer open, there is no such department, or it is the same one.
    """
    asked, case, conversation = _open(work, firm, staff, consultation_id)
    _known(firm, department)
    if department == asked.department:
        raise DeedRefused("same_department")
    if len(reason) > REASON_LENGTH:
        raise DeedRefused("consultation_reason_too_long")
    asked.trail = [*asked.trail, _step(work, staff, asked.department, department, reason)]
    asked.department, asked.since = department, work.now
    asked.warned_at = asked.missed_at = None
    _start_clock(work, firm, asked, case, conversation)
    _tell_department(work, firm, asked, conversation, case, but=staff)
    audit(work, staff, "hand_on_consultation", asked.public_id)


def send_back(work: UnitOfWork, firm: Firm, staff: Staff, consultation_id: int, reason: str) -> None:
    """Send the question back, saying why it cannot be answered so.

    Raises:
        DeedRefused: it is not this person's, no longer open, or no reason is given.
    """
    asked, case, conversation = _open(work, firm, staff, consultation_id)
    reason = _written(reason, REASON_LENGTH, "consultation_reason_missing", "consultation_reason_too_long")
    asked.trail = [*asked.trail, _step(work, staff, asked.department, None, reason)]
    _settle(work, asked, "returned", staff, reason)
    _tell_asker(work, asked, conversation, case, staff)
    audit(work, staff, "send_back_consultation", asked.public_id)


def withdraw(work: UnitOfWork, staff: Staff, consultation_id: int) -> None:
    """Take the question back; nobody needs to answer it any more.

    Raises:
        DeedRefused: somebody else asked it and this person neither handles the case nor supervises; or it is over.
    """
    asked, _, conversation = _locked(work, consultation_id)
    if not may_withdraw(staff, asked, conversation):
        raise DeedRefused("not_your_question")
    _still_open(asked)
    asked.state, asked.answered_at = "withdrawn", work.now
    audit(work, staff, "withdraw_consultation", asked.public_id)


def may_answer(firm: Firm, staff: Staff, department: str) -> bool:
    """Whether this person may answer what ``department`` is asked: its staff, and superiors of all departments."""
    if staff.role not in ANSWERING_ROLES:
        return False
    return staff.role in MAY_TAKE_FROM_OTHERS or department in departments_of(firm, staff)


def may_withdraw(staff: Staff, asked: Consultation, conversation: Conversation) -> bool:
    """Whether this person may take the question back: who asked, who has the conversation now, superiors."""
    return asked.asked_by_id == staff.id or conversation.taken_by_id == staff.id or staff.role in MAY_TAKE_FROM_OTHERS


def departments_of(firm: Firm, staff: Staff) -> list[str]:
    """Where this person works; at the front door where nothing is said."""
    return staff.departments or [firm.departments[0].key]


def staff_of(work: UnitOfWork, firm: Firm, department: str) -> list[Staff]:
    """Who answers for a department, in the order of their names."""
    everybody = select(Staff).where(Staff.active.is_(True), Staff.role.in_(ANSWERING_ROLES)).order_by(Staff.name)
    return [person for person in work.session.scalars(everybody) if department in departments_of(firm, person)]


def superiors_of(work: UnitOfWork, firm: Firm, department: str) -> list[Staff]:
    """Who is told when a department is silent: its supervisors and managers, else those of the whole firm."""
    own = [person for person in staff_of(work, firm, department) if person.role in MAY_TAKE_FROM_OTHERS]
    if own:
        return own
    everybody = select(Staff).where(Staff.active.is_(True), Staff.role.in_(MAY_TAKE_FROM_OTHERS))
    return list(work.session.scalars(everybody.order_by(Staff.name)))


def look_at_clock(work: UnitOfWork, firm: Firm, consultation_id: int) -> None:
    """Warn the department while there is time; tell asker and superiors once it has passed. Called by timers.

    The conversation is locked by the caller. A question that is over, or was told of before, is left alone.
    """
    asked = work.session.get(Consultation, consultation_id)
    if asked is None or asked.state != "open":
        return
    case = work.session.get_one(Case, asked.case_id)
    goes_on = case
    while goes_on.merged_into_id is not None:
        goes_on = work.session.get_one(Case, goes_on.merged_into_id)
    if CaseState(goes_on.state) not in UNSETTLED:
        return  # settled without the answer: nobody waits for it
    conversation = work.session.get_one(Conversation, asked.conversation_id)
    details = _details(asked) | {"clock": "consultation", "due": asked.due_at.isoformat()}
    if work.now >= asked.due_at:
        if asked.missed_at is None:
            asked.missed_at = work.now
            told = [asked.asked_by_id, *(person.id for person in superiors_of(work, firm, asked.department))]
            notify(work, told, NotificationKind.OVERDUE, conversation, case, details)
    elif asked.warned_at is None and work.now >= warn_at(firm, case, asked):
        asked.warned_at = work.now
        staff = staff_of(work, firm, asked.department) or superiors_of(work, firm, asked.department)
        notify(work, [person.id for person in staff], NotificationKind.DUE_SOON, conversation, case, details)


def warn_at(firm: Firm, case: Case, asked: Consultation) -> datetime:
    """When the department is warned: after the firm's share of the time that the limit counts."""
    counted = firm.time_counted(asked.department, _limit(firm, case).measure)
    return counted.add(asked.since, counted.between(asked.since, asked.due_at) * firm.service_levels.warn_at)


def _limit(firm: Firm, case: Case) -> TimeLimit:
    """By the severity of the case; a firm that names no limit for questions has them answered like its customers."""
    levels = firm.service_levels
    return (levels.consultation or levels.first_response)[Severity(case.severity)]


def _start_clock(work: UnitOfWork, firm: Firm, asked: Consultation, case: Case, conversation: Conversation) -> None:
    asked.due_at = firm.due_for(asked.department, work.now, _limit(firm, case))
    work.session.flush()
    key = f"consultation:{asked.id}:{len(asked.trail)}"
    for name, due in (("warn", warn_at(firm, case, asked)), ("due", asked.due_at)):
        set_timer(work, TimerKind.CONSULTATION, f"{key}:{name}", due, conversation, case, asked.id)


def _locked(work: UnitOfWork, consultation_id: int) -> tuple[Consultation, Case, Conversation]:
    asked = work.session.get_one(Consultation, consultation_id)
    conversation = lock_conversation(work, asked.conversation_id)
    work.session.refresh(asked)
    return asked, work.session.get_one(Case, asked.case_id), conversation


def _open(work: UnitOfWork, firm: Firm, staff: Staff, consultation_id: int) -> tuple[Consultation, Case, Conversation]:
    asked, case, conversation = _locked(work, consultation_id)
    if not may_answer(firm, staff, asked.department):
        raise DeedRefused("not_your_department")
    _still_open(asked)
    return asked, case, conversation


def _still_open(asked: Consultation) -> None:
    if asked.state != "open":
        raise DeedRefused("consultation_over")


def _settle(work: UnitOfWork, asked: Consultation, state: str, staff: Staff, text: str) -> None:
    asked.state, asked.answer, asked.answered_by_id, asked.answered_at = state, text, staff.id, work.now


def _tell_department(
    work: UnitOfWork, firm: Firm, asked: Consultation, conversation: Conversation, case: Case, but: Staff
) -> None:
    staff = staff_of(work, firm, asked.department) or superiors_of(work, firm, asked.department)
    told = [person.id for person in staff if person.id != but.id]
    notify(work, told, NotificationKind.CONSULTED, conversation, case, _details(asked))


def _tell_asker(work: UnitOfWork, asked: Consultation, conversation: Conversation, case: Case, by: Staff) -> None:
    """Who asked may be off by now: whoever has the conversation needs the answer."""
    told = [id_ for id_ in (asked.asked_by_id, conversation.taken_by_id) if id_ is not None and id_ != by.id]
    notify(work, told, NotificationKind.CONSULTATION_ANSWERED, conversation, case, _details(asked))


def _details(asked: Consultation) -> dict[str, str]:
    return {"consultation": asked.public_id, "department": asked.department}


def _step(work: UnitOfWork, staff: Staff, source: str, target: str | None, reason: str) -> dict[str, str | None]:
    return {"at": work.now.isoformat(), "by": staff.login, "from": source, "to": target, "reason": reason.strip()}


def _written(text: str, at_most: int, empty: str, too_long: str) -> str:
    text = text.strip()
    if not text:
        raise DeedRefused(empty)
    if len(text) > at_most:
        raise DeedRefused(too_long)
    return text


def _known(firm: Firm, department: str) -> None:
    if department not in {one.key for one in firm.departments}:
        raise DeedRefused("unknown_department")
