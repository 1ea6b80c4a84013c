"""A case's life inside a unit of work: opened, assessed, moved from state to state."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm.attributes import set_committed_value

from actions.alarms.raising import raise_media
from actions.case_facts import case_facts
from actions.clocks import follow_severity, stop_clocks
from actions.firm import Firm
from actions.outcomes import dimensions_of, record
from actions.promises import follow_case
from actions.resolving import resolver
from actions.understanding import Understanding
from recovery.case_states import UNSETTLED, CaseState, IllegalTransition, Transition, follow, may_follow
from recovery.events import (
    CaseClosed,
    CaseMerged,
    CaseOpened,
    CaseReassessed,
    CaseReopened,
    CaseResolved,
    CaseUnmerged,
    CaseWithdrawn,
)
from recovery.failures import Category, Risk
from recovery.joining import FocusCase
from recovery.severity import Severity, SeverityInputs, SeverityJudgement, judge_severity
from store.database import UnitOfWork
from store.tables import Assessment, Case, CaseTransition, Conversation, Fact, Order, SeverityChange, Staff

# How far back complaints count as repeated (recovery.severity).
_REPEATED_WITHIN = timedelta(days=90)

# Cases in which a customer complained: all but those that the firm opened itself and nobody has complained in since.
COMPLAINED: ColumnElement[bool] = or_(Case.origin == "complaint", Case.complained_at.is_not(None))


def focus_case(work: UnitOfWork, conversation: Conversation) -> Case | None:
    """The case the conversation is about, if any."""
    if conversation.focus_case_id is None:
        return None
    case = work.session.get(Case, conversation.focus_case_id)
    while case is not None and case.merged_into_id is not None:
        case = work.session.get(Case, case.merged_into_id)
    return case


def open_case(
    work: UnitOfWork,
    firm: Firm,
    conversation: Conversation,
    heard_at: datetime,
    understanding: Understanding,
    language: str,
    linked_to: Case | None = None,
    opened_by: Staff | None = None,
    about_handling: bool = False,
) -> Case:
    """Open a case for what was just heard, and put it in focus.

    Args:
        about_handling: whether it is about how ``linked_to`` was handled.
        opened_by: who recorded it; None where the bot heard it.
    """
    categories = firm.leading_first(understanding.category_keys)
    failure_type, dimension = firm.read_failure(categories)
    customer = conversation.identity.customer
    case = Case(
        customer_id=customer.id,
        conversation_id=conversation.id,
        linked_case_id=linked_to.id if linked_to else None,
        about_handling=about_handling,
        language=language,
        channel=conversation.channel_label,
        tier=customer.tier,
        categories=categories,
        failure_type=failure_type,
        dimension=dimension,
        severity=Severity.LOW,
        emotion=understanding.emotion.level,
        risks=[],
        department=firm.department_for(categories).key,
        service_step=firm.service_step_for(categories),
        opened_by_id=opened_by.id if opened_by else None,
        opened_at=work.now,
        first_response_due=work.now,
        resolution_due=work.now,
    )
    case.customer = customer
    work.session.add(case)
    work.session.flush()
    conversation.focus_case_id = case.id
    assess(work, firm, case, understanding, opened_by.login if opened_by else "bot")
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
    return case


def assess(work: UnitOfWork, firm: Firm, case: Case, understanding: Understanding, by: str = "bot") -> None:
    """Add what a message says to the judgement of the case: labels gather, emotion is the latest one's.

    What leads stands first, so that a stored case says by itself what leads it.

    ``other`` gives way to a category that says more. Due times follow the severity; they never become later.
    """
    led_by = case.categories[:1]
    said = [key for key in understanding.category_keys if key != Category.OTHER]
    kept = [key for key in case.categories if key != Category.OTHER]
    case.categories = firm.leading_first(kept + said)
    case.risks = list(dict.fromkeys([*case.risks, *understanding.risk_keys]))
    case.emotion = understanding.emotion.level
    case.failure_type, case.dimension = firm.read_failure(case.categories)
    step_before = case.service_step
    if case.categories[:1] != led_by:
        # Else somebody may have passed it on, or judged the step, by hand.
        case.department = firm.department_for(case.categories).key
        case.service_step = firm.service_step_for(case.categories)
    set_severity(work, firm, case)
    if case.service_step != step_before:
        record(
            work,
            CaseReassessed(
                case_number=case.number,
                at=work.now,
                dimensions=dimensions_of(case),
                service_step=case.service_step,
            ),
        )
    work.session.add(
        Assessment(
            case_id=case.id,
            by=by,
            categories=case.categories,
            emotion=case.emotion,
            risks=case.risks,
            words=understanding.words(),
            at=work.now,
        )
    )
    if Risk.MEDIA in understanding.risk_keys:
        raise_media(work, case)


def set_severity(work: UnitOfWork, firm: Firm, case: Case) -> None:
    """Derive the severity anew and with it the due times; what changed, and by which rules, is logged."""
    start = _clock_start(work, case)
    judged = _judge(work, firm, case)
    case.severity = judged.severity
    _log_severity(work, case, judged)
    follow_severity(work, firm, case, start, is_new=case.resolution_due == start)


def judged_severity(work: UnitOfWork, firm: Firm, case: Case) -> Severity:
    """How severe the case is by what is known of it now; nothing is changed."""
    return _judge(work, firm, case).severity


def _judge(work: UnitOfWork, firm: Firm, case: Case) -> SeverityJudgement:
    order = proved_order(work, case)
    return judge_severity(
        SeverityInputs(
            categories=tuple(case.categories),
            risks=tuple(case.risks),
            emotion=case.emotion,
            # Limits are in the firm's currency; what was paid in another says nothing beside them.
            amount_minor=order.total if order and order.currency == firm.policy.currency else None,
            tier=case.tier,
            earlier_cases=earlier_cases(work, case),
            like=firm.like,
            about_handling=case.about_handling,
        ),
        firm.severity.table,
    )


def _log_severity(work: UnitOfWork, case: Case, judged: SeverityJudgement) -> None:
    latest = severity_log(work, case)[-1:]
    if not latest or (latest[0].severity, latest[0].rules) != (judged.severity, list(judged.rules)):
        work.session.add(
            SeverityChange(case_id=case.id, severity=judged.severity, rules=list(judged.rules), at=work.now)
        )


def severity_log(work: UnitOfWork, case: Case) -> list[SeverityChange]:
    """How severe the case was from when on, and by which rules, in order; empty for one from before this was kept."""
    log = select(SeverityChange).where(SeverityChange.case_id == case.id).order_by(SeverityChange.id)
    return list(work.session.scalars(log))


def reopen(work: UnitOfWork, firm: Firm, case: Case, by: str) -> None:
    """Open a settled case again; its clocks run anew from now.

    Raises:
        IllegalTransition: the case is not settled, or was so long ago; only a person or a low rating opens it then.
    """
    move(work, case, Transition.REOPEN, by, reopen_window=firm.file.reopen_window)
    case.first_response_due = case.resolution_due = work.now
    set_severity(work, firm, case)


def _clock_start(work: UnitOfWork, case: Case) -> datetime:
    """When the case's clocks began: as it was opened, or again; one that the firm opened, as somebody complained."""
    statement = select(func.max(CaseTransition.at)).where(
        CaseTransition.case_id == case.id, CaseTransition.transition == Transition.REOPEN
    )
    return work.session.scalar(statement) or case.complained_at or case.opened_at


def earlier_cases(work: UnitOfWork, case: Case, within: timedelta = _REPEATED_WITHIN) -> int:
    """How many other complaints the customer made within ``within`` before this one.

    Withdrawn ones do not count, nor do those that went into another, nor those in which only the firm spoke.
    """
    statement = select(func.count(Case.id)).where(
        Case.customer_id == case.customer_id,
        Case.id != case.id,
        Case.opened_at >= case.opened_at - within,
        Case.state.not_in((CaseState.WITHDRAWN, CaseState.MERGED)),
        COMPLAINED,
    )
    return work.session.scalar(statement) or 0


def move(
    work: UnitOfWork,
    case: Case,
    transition: Transition,
    by: str,
    reason: str | None = None,
    reopen_window: timedelta = timedelta(0),
) -> None:
    """Take the case along ``transition``, write its history and tell those who count; its conversation is locked.

    Nothing else changes ``Case.state``.

    Args:
        by: a login, ``bot`` or ``timer``.
        reason: a key or a number that says why, kept with the history; no personal data.
        reopen_window: for :func:`reopen`.

    Raises:
        IllegalTransition: the case cannot go that way now: its state knows none, a guard refuses, or another unit of
            work has moved it meanwhile.
    """
    work.session.flush()
    before = CaseState(case.state)
    after = follow(before, transition, case_facts(work, case, by, reopen_window))
    # The second line of defence: behind the lock nobody else can have moved it.
    moved = work.session.execute(
        update(Case).where(Case.id == case.id, Case.state == before).values(state=after),
        execution_options={"synchronize_session": False},
    )
    if moved.rowcount != 1:  # type: ignore[attr-defined]
        raise IllegalTransition(f"a case that was {before} has been moved meanwhile")
    set_committed_value(case, "state", after)
    if after not in UNSETTLED:
        stop_clocks(work, case)
    if transition in (Transition.RESOLVE, Transition.WITHDRAW):
        follow_case(work, case, resolved=transition is Transition.RESOLVE)
    work.session.add(
        CaseTransition(
            case_id=case.id,
            transition=transition,
            from_state=before,
            to_state=after,
            by=by,
            at=work.now,
            reason=reason,
        )
    )
    number, at, dimensions = case.number, work.now, dimensions_of(case)
    if transition is Transition.RESOLVE:
        case.resolved_at, case.resolved_by_id = work.now, resolver(work, case, by)
        due = case.resolution_due
        record(work, CaseResolved(case_number=number, at=at, dimensions=dimensions, due_at=due))
    elif transition is Transition.REOPEN:
        case.resolved_at = case.closed_at = None
        record(work, CaseReopened(case_number=number, at=at, dimensions=dimensions))
    elif transition is Transition.CLOSE:
        case.closed_at = work.now
        record(work, CaseClosed(case_number=number, at=at, dimensions=dimensions))
    elif transition is Transition.WITHDRAW:
        case.closed_at = work.now
        record(work, CaseWithdrawn(case_number=number, at=at, dimensions=dimensions))
    elif transition is Transition.MERGE:
        case.closed_at = work.now
        into = work.session.get_one(Case, case.merged_into_id).number
        record(work, CaseMerged(case_number=number, at=at, dimensions=dimensions, into=into))
    elif transition is Transition.UNMERGE:
        case.closed_at = None
        record(work, CaseUnmerged(case_number=number, at=at, dimensions=dimensions))


def may_move(work: UnitOfWork, case: Case, transition: Transition, by: str) -> bool:
    """Whether :func:`move` would move the case."""
    work.session.flush()
    return may_follow(CaseState(case.state), transition, case_facts(work, case, by))


def move_if_possible(work: UnitOfWork, case: Case, transition: Transition, by: str, reason: str | None = None) -> bool:
    """As :func:`move`, where the case's state knows the way and its guards hold; else nothing.

    Returns:
        Whether it was moved.
    """
    if not may_move(work, case, transition, by):
        return False
    move(work, case, transition, by, reason)
    return True


def set_fact(work: UnitOfWork, case: Case, key: str, value: str, by: str | None = None) -> None:
    """Keep a fact; a later word on the same thing replaces the earlier.

    Args:
        by: login of who corrected it; None as the customer said it.
    """
    for fact in case.facts:
        if fact.key == key:
            fact.value, fact.at, fact.by = value, work.now, by
            return
    case.facts.append(Fact(key=key, value=value, at=work.now, by=by))


def get_fact(case: Case, key: str) -> str | None:
    """The value of a fact, or None."""
    return next((fact.value for fact in case.facts if fact.key == key), None)


def proved_order(work: UnitOfWork, case: Case) -> Order | None:
    """The order that the case is about, if it belongs to the customer or they proved it."""
    number = get_fact(case, "order_number")
    return work.session.get(Order, number) if number and case.order_proved else None


def as_focus(case: Case) -> FocusCase:
    """The case as the rule of joining sees it."""
    return FocusCase(
        state=CaseState(case.state),
        order_number=get_fact(case, "order_number"),
        categories=tuple(case.categories),
        settled_at=case.closed_at or case.resolved_at,
    )
