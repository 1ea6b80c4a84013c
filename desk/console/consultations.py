"""Questions to departments: at their case, and in the lists of who must answer and who asked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import or_, select

from actions.firm import Firm
from actions.staff import consulting
from actions.staff.access import MAY_TAKE_FROM_OTHERS
from desk.console.clocks import Clock, read_clock
from store.database import UnitOfWork
from store.tables import Case, Consultation, Conversation, Identity, Staff

Row = TypeVar("Row", Case, Conversation)

_LISTED_AT_MOST = 100
# What was asked by oneself stays in view so long after it was answered.
_ANSWERED_SINCE = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Step:
    """A question's way from one department to another, or back (``target`` None)."""

    at: datetime
    by: str
    source: str
    target: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class ConsultationLine:
    """A question to a department, as the reader sees it.

    Attributes:
        clock: of the department that has it now.
        may_answer: whether the reader may answer it, hand it on or send it back.
        may_withdraw: whether the reader may take it back.
    """

    asked: Consultation
    case: Case
    conversation: Conversation
    asker: str
    answerer: str
    clock: Clock
    trail: list[Step]
    may_answer: bool
    may_withdraw: bool


@dataclass(frozen=True, slots=True)
class ConsultationsPanel:
    """The questions of a case, open ones first, then the latest.

    Attributes:
        staffed: departments in which somebody can answer; the superiors are told where nobody can.
    """

    lines: list[ConsultationLine]
    staffed: set[str]


def read_of_cases(work: UnitOfWork, firm: Firm, me: Staff, cases: Sequence[Case]) -> ConsultationsPanel:
    """The questions asked for ``cases``: the one in view and those that went into it."""
    statement = select(Consultation).where(Consultation.case_id.in_([case.id for case in cases]))
    found = list(work.session.scalars(statement.order_by(Consultation.id.desc()).limit(_LISTED_AT_MOST)))
    found.sort(key=lambda asked: asked.state != "open")
    return ConsultationsPanel(_lines(work, firm, me, found), staffed_departments(work, firm))


def staffed_departments(work: UnitOfWork, firm: Firm) -> set[str]:
    """Departments that somebody works in."""
    everybody = select(Staff).where(Staff.active.is_(True), Staff.role.in_(consulting.ANSWERING_ROLES))
    return {key for person in work.session.scalars(everybody) for key in consulting.departments_of(firm, person)}


@dataclass(frozen=True, slots=True)
class ConsultationsPage:
    """Both lists of the page: what the reader's departments were asked, most pressing first; what the reader asked."""

    of_mine: list[ConsultationLine]
    of_others: list[ConsultationLine]
    by_me: list[ConsultationLine]


def read_page(work: UnitOfWork, firm: Firm, me: Staff) -> ConsultationsPage:
    """The page as ``me`` sees it; superiors see other departments' questions, too."""
    mine = consulting.departments_of(firm, me)
    statement = select(Consultation).where(Consultation.state == "open").order_by(Consultation.due_at)
    to_mine = list(work.session.scalars(statement.where(Consultation.department.in_(mine)).limit(_LISTED_AT_MOST)))
    to_others: list[Consultation] = []
    if me.role in MAY_TAKE_FROM_OTHERS:
        elsewhere = statement.where(Consultation.department.not_in(mine)).limit(_LISTED_AT_MOST)
        to_others = list(work.session.scalars(elsewhere))
    recent = or_(Consultation.state == "open", Consultation.answered_at >= work.now - _ANSWERED_SINCE)
    asked_by_me = select(Consultation).where(Consultation.asked_by_id == me.id, recent)
    by_me = list(work.session.scalars(asked_by_me.order_by(Consultation.id.desc()).limit(_LISTED_AT_MOST)))
    # An answer that nobody has read yet is what one looks for; what is open still waits.
    by_me.sort(key=lambda asked: ("answered", "returned", "open", "withdrawn").index(asked.state))
    return ConsultationsPage(
        _lines(work, firm, me, to_mine), _lines(work, firm, me, to_others), _lines(work, firm, me, by_me)
    )


def count_asked(work: UnitOfWork, firm: Firm, me: Staff) -> int:
    """How many open questions the reader's departments have; none for who answers none."""
    if me.role not in consulting.ANSWERING_ROLES:
        return 0
    mine = consulting.departments_of(firm, me)
    statement = select(Consultation.id).where(Consultation.state == "open", Consultation.department.in_(mine))
    return len(list(work.session.scalars(statement.limit(1000))))


def answer_of(work: UnitOfWork, conversation_public_id: str, consultation_public_id: str) -> str:
    """The answer to a question about this customer, to go on writing from; empty where there is none.

    It may have been asked for a case that went into the one talked about, in another of their conversations.
    """
    customer = (
        select(Identity.customer_id)
        .join(Conversation, Conversation.identity_id == Identity.id)
        .where(Conversation.public_id == conversation_public_id)
        .scalar_subquery()
    )
    statement = (
        select(Consultation.answer)
        .join(Case, Case.id == Consultation.case_id)
        .where(
            Case.customer_id == customer,
            Consultation.public_id == consultation_public_id,
            Consultation.state == "answered",
        )
    )
    return work.session.scalar(statement) or ""


def _lines(work: UnitOfWork, firm: Firm, me: Staff, found: Iterable[Consultation]) -> list[ConsultationLine]:
    found = list(found)
    cases = _by_id(work, Case, {asked.case_id for asked in found})
    talks = _by_id(work, Conversation, {asked.conversation_id for asked in found})
    ids = {asked.asked_by_id for asked in found} | {asked.answered_by_id for asked in found if asked.answered_by_id}
    logins = {step["by"] for asked in found for step in asked.trail}
    staff = list(work.session.scalars(select(Staff).where(or_(Staff.id.in_(ids), Staff.login.in_(logins)))))
    names = {person.id: person.name for person in staff}
    by_login = {person.login: person.name for person in staff}
    return [
        ConsultationLine(
            asked=asked,
            case=cases[asked.case_id],
            conversation=talks[asked.conversation_id],
            asker=names.get(asked.asked_by_id, ""),
            answerer=names.get(asked.answered_by_id or 0, ""),
            clock=read_clock(asked.since, asked.due_at, work.now, asked.answered_at),
            trail=[
                Step(
                    datetime.fromisoformat(step["at"]),
                    by_login.get(step["by"], step["by"]),
                    step["from"],
                    step["to"],
                    step["reason"],
                )
                for step in asked.trail
            ],
            may_answer=asked.state == "open" and consulting.may_answer(firm, me, asked.department),
            may_withdraw=asked.state == "open"
            and me.role != "quality"
            and consulting.may_withdraw(me, asked, talks[asked.conversation_id]),
        )
        for asked in found
    ]


def _by_id(work: UnitOfWork, table: type[Row], ids: set[int]) -> dict[int, Row]:
    return {row.id: row for row in work.session.scalars(select(table).where(table.id.in_(ids)))}
