"""Cases that the firm opens itself, before anybody complains: a guarantee was breached, an incident touches an order.

S0 calls it feed-forward (前馈, domain.md section 1). Nobody has complained, so such a case is no complaint: it
counts for no process, and none of its clocks runs. Once the customer complains and their message joins it, it is one
from then on.
"""

from datetime import datetime
from typing import Literal

from sqlalchemy import select

from actions.cases import focus_case, judged_severity, set_fact
from actions.clocks import active_clocks
from actions.connectors.orders import OrderTwin
from actions.firm import Firm
from actions.outcomes import dimensions_of, record
from recovery.case_states import UNSETTLED
from recovery.clocks import ClockKind
from recovery.events import CaseAnticipated, CaseOpened
from recovery.severity import Severity
from store.database import UnitOfWork
from store.tables import Assessment, Case, Conversation, Fact

Origin = Literal["guarantee", "incident"]


def open_proactive_case(
    work: UnitOfWork,
    firm: Firm,
    conversation: Conversation,
    origin: Origin,
    category: str,
    order_number: str | None = None,
) -> Case:
    """Open a case of the firm's own accord; nothing is said to the customer yet.

    It comes into focus unless something else is being talked about: that question must not be pushed aside. Its due
    times say by when the firm would have had to act for a complaint; no clock runs to them.

    Args:
        conversation: locked, with whom the firm will speak; not behind a person's back is for the caller to see to.
        category: what failed, of the firm's taxonomy.
        order_number: of the order it is about; proved where it is listed with the conversation's identity.
    """
    customer = conversation.identity.customer
    categories = firm.leading_first([category])
    failure_type, dimension = firm.read_failure(categories)
    case = Case(
        customer_id=customer.id,
        conversation_id=conversation.id,
        origin=origin,
        language=conversation.language or firm.file.language,
        channel=conversation.channel_label,
        tier=customer.tier,
        categories=categories,
        failure_type=failure_type,
        dimension=dimension,
        severity=Severity.LOW,
        emotion=0,
        risks=[],
        department=firm.department_for(categories).key,
        service_step=firm.service_step_for(categories),
        happening_asked=True,
        opened_at=work.now,
        first_response_due=work.now,
        resolution_due=work.now,
    )
    case.customer = customer
    in_focus = focus_case(work, conversation)
    work.session.add(case)
    work.session.flush()
    if order_number is not None:
        set_fact(work, case, "order_number", order_number)
        case.order_proved = OrderTwin(work).belongs_to_one(order_number, [one.public for one in customer.identities])
    severity = judged_severity(work, firm, case)
    case.severity = severity
    case.first_response_due = firm.first_response_due(work.now, severity, case.department)
    case.resolution_due = firm.resolution_due(work.now, severity, case.department)
    if in_focus is None or (in_focus.state not in UNSETTLED and conversation.awaited is None):
        conversation.focus_case_id = case.id
    work.session.add(
        Assessment(case_id=case.id, by=origin, categories=case.categories, emotion=0, risks=[], words={}, at=work.now)
    )
    record(
        work,
        CaseAnticipated(case_number=case.number, at=work.now, dimensions=dimensions_of(case), origin=origin),
    )
    work.session.flush()
    return case


def is_complaint(case: Case) -> bool:
    """Whether a customer has complained in it; ``actions.cases.COMPLAINED`` for a statement."""
    return case.origin == "complaint" or case.complained_at is not None


def became_complaint(work: UnitOfWork, firm: Firm, case: Case, heard_at: datetime) -> bool:
    """The customer complains in a case that the firm opened itself: it is a complaint from now on, and counts as one.

    Call it once what they said is assessed, which sets its clocks going. ``Case.origin`` stays: the firm spoke first.

    Args:
        heard_at: when their message arrived.

    Returns:
        False where it was a complaint already; then nothing is done.
    """
    if is_complaint(case):
        return False
    case.complained_at = work.now
    if ClockKind.FIRST_RESPONSE not in active_clocks(work, case):
        case.first_response_due = firm.first_response_due(work.now, Severity(case.severity), case.department)
    record(
        work,
        CaseOpened(
            case_number=case.number,
            at=work.now,
            dimensions=dimensions_of(case),
            heard_at=heard_at,
            severity=case.severity,
            service_step=case.service_step,
        ),
    )
    return True


def case_spoken_of(work: UnitOfWork, conversation: Conversation, order_number: str | None) -> Case | None:
    """The case that a complaint may belong to: the one in focus, or, where the customer names an order about which the
    firm came to them first, the latest case about that."""
    focus = focus_case(work, conversation)
    if order_number is None:
        return focus
    about = select(Fact.case_id).where(Fact.key == "order_number", Fact.value == order_number)
    if focus is not None and work.session.scalars(about.where(Fact.case_id == focus.id)).first() is not None:
        return focus
    foreseen = select(Case).where(
        Case.conversation_id == conversation.id,
        Case.origin != "complaint",
        Case.merged_into_id.is_(None),
        Case.erased_at.is_(None),
        Case.id.in_(about),
    )
    return work.session.scalars(foreseen.order_by(Case.id.desc())).first() or focus
