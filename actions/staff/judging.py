"""Judge a complaint otherwise than the machine did; what was corrected is kept as training data."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import select

from actions.alarms.raising import raise_media
from actions.asking import customer_asked
from actions.cases import set_severity
from actions.clocks import begun_by, clocks_as_they_stand, put_back, restart_for_department
from actions.conversations import lock_conversation
from actions.corrections import keep_correction
from actions.firm import Firm
from actions.outcomes import dimensions_of, record
from actions.passing_on import follow_department
from actions.staff.access import DeedRefused, audit
from recovery.case_states import UNSETTLED
from recovery.events import AssessmentCorrected, CorrectionUndone
from recovery.failures import Risk
from store.database import UnitOfWork
from store.tables import Assessment, Case, Conversation, Correction, Staff

# A slip is noticed at once; later a new correction says more.
UNDO_WITHIN = timedelta(minutes=10)


def correct(
    work: UnitOfWork, firm: Firm, staff: Staff, case_id: int, categories: list[str], emotion: int, risks: list[str]
) -> None:
    """Judge the failure otherwise than the machine did; other categories count as not understood right.

    Args:
        categories: the one that weighs most first; it steers department and offers.

    Raises:
        DeedRefused: an unknown category or risk, no category, an emotion out of range, or the case went into another.
    """
    case = _locked(work, case_id)
    # One that the firm has given up since stays on the cases that have it.
    known = {*firm.categories, *case.categories}
    unknown = set(categories) - known or set(risks) - {risk.value for risk in Risk}
    if unknown or not categories or not 0 <= emotion <= 3:
        raise DeedRefused("wrong_assessment")
    categories, before = firm.leading_first(categories), firm.leading_first(case.categories)
    changed = set(categories) != set(before) or categories[0] != before[0]
    if not changed and (emotion, set(risks)) == (case.emotion, set(case.risks)):
        return
    previous, undone_by = latest_assessment(work, case), _as_it_stands(work, case)
    # What leads says who is responsible; else a colleague may have passed it on, or judged the step, by hand.
    department, step = case.department, case.service_step
    if categories[0] != before[0]:
        department, step = firm.department_for(categories).key, firm.service_step_for(categories)
    made = _judge(work, firm, case, staff.login, categories, emotion, list(risks), department, step)
    keep_correction(work, case, made, previous, undone_by)
    if changed:
        record(
            work,
            AssessmentCorrected(
                case_number=case.number,
                at=work.now,
                dimensions=dimensions_of(case),
                service_step=case.service_step,
            ),
        )
    audit(work, staff, "correct", case.number)


class Touch(StrEnum):
    """What one click changes."""

    ADD = "add"
    DROP = "drop"
    LEAD = "lead"
    EMOTION = "emotion"
    ADD_RISK = "add_risk"
    DROP_RISK = "drop_risk"


def touch(work: UnitOfWork, firm: Firm, staff: Staff, case_id: int, what: Touch, key: str) -> None:
    """Correct one label, from what the assessment is now: two colleagues who click at once both have their way.

    Args:
        key: of the category or risk; the level of the emotion.

    Raises:
        DeedRefused: as :func:`correct`; or danger to people or data must lead.
    """
    case = _locked(work, case_id)
    categories, emotion, risks = list(case.categories), case.emotion, list(case.risks)
    if what is Touch.ADD:
        categories.append(key)
    elif what is Touch.DROP:
        categories = [one for one in categories if one != key]
    elif what is Touch.LEAD:
        categories = [key, *(one for one in categories if one != key)]
        if firm.leading_first(categories)[0] != key:
            raise DeedRefused("urgent_leads")
    elif what is Touch.EMOTION:
        emotion = int(key) if key in ("0", "1", "2", "3") else -1
    elif what is Touch.ADD_RISK:
        risks.append(key)
    else:
        risks = [one for one in risks if one != key]
    correct(work, firm, staff, case_id, list(dict.fromkeys(categories)), emotion, list(dict.fromkeys(risks)))


def undo(work: UnitOfWork, firm: Firm, staff: Staff, case_id: int) -> None:
    """Take one's own last correction back: what held before holds again, and nothing is learnt from the slip.

    Raises:
        DeedRefused: it was somebody else's, too long ago, or the assessment has changed since.
    """
    case = _locked(work, case_id)
    correction = undoable(work, staff, case)
    if correction is None:
        raise DeedRefused("nothing_to_undo")
    before = work.session.get_one(Assessment, correction.previous_id)
    categories = firm.leading_first(before.categories)
    changed = categories != firm.leading_first(case.categories)
    department, step = correction.details["department"], correction.details["service_step"]
    labels = before.categories, before.emotion, list(before.risks)
    # What began anew since the slip, or has ended, stays as it is.
    untouched = begun_by(work, case, correction.at)
    _judge(work, firm, case, before.by, *labels, department, step)
    if case.state in UNSETTLED:
        if case.first_response_at is None:
            case.first_response_due = datetime.fromisoformat(correction.details["first_response_due"])
        clocks = correction.details["clocks"]
        put_back(work, firm, case, {kind: clock for kind, clock in clocks.items() if kind in untouched})
    work.session.delete(correction)
    if changed:
        record(
            work,
            CorrectionUndone(
                case_number=case.number,
                at=work.now,
                dimensions=dimensions_of(case),
                service_step=case.service_step,
            ),
        )
    audit(work, staff, "undo_correct", case.number)


def undoable(work: UnitOfWork, staff: Staff, case: Case) -> Correction | None:
    """The correction that this person can still take back, or None."""
    correction = work.session.scalars(
        select(Correction).where(Correction.case_id == case.id).order_by(Correction.id.desc()).limit(1)
    ).first()
    if correction is None or correction.previous_id is None or correction.by != staff.login:
        return None
    latest = latest_assessment(work, case)
    if latest is None or latest.id != correction.assessment_id or correction.at < work.now - UNDO_WITHIN:
        return None
    return correction


def latest_assessment(work: UnitOfWork, case: Case) -> Assessment | None:
    """The assessment that holds, or None before the first."""
    newest = select(Assessment).where(Assessment.case_id == case.id).order_by(Assessment.id.desc()).limit(1)
    return work.session.scalars(newest).first()


def _locked(work: UnitOfWork, case_id: int) -> Case:
    case = work.session.get_one(Case, case_id)
    lock_conversation(work, case.conversation_id)
    work.session.refresh(case)
    if case.merged_into_id is not None:
        raise DeedRefused("case_merged")
    return case


def _as_it_stands(work: UnitOfWork, case: Case) -> dict[str, Any]:
    """What undoing the correction restores beside the labels."""
    return {
        "department": case.department,
        "service_step": case.service_step,
        "first_response_due": case.first_response_due.isoformat(),
        "clocks": clocks_as_they_stand(work, case),
    }


def _judge(
    work: UnitOfWork,
    firm: Firm,
    case: Case,
    by: str,
    categories: list[str],
    emotion: int,
    risks: list[str],
    department: str,
    service_step: str,
) -> Assessment:
    """Have this assessment hold, with all that follows from it."""
    case.categories, case.emotion, case.risks = categories, emotion, risks
    case.failure_type, case.dimension = firm.read_failure(case.categories)
    case.service_step = service_step
    set_severity(work, firm, case)
    if department != case.department:
        restart_for_department(work, firm, case, department)
        follow_department(work, firm, case)
        # A clock that began anew waits for the customer as the one before did.
        customer_asked(work, firm, work.session.get_one(Conversation, case.conversation_id))
    made = Assessment(
        case_id=case.id, by=by, categories=categories, emotion=emotion, risks=risks, words={}, at=work.now
    )
    work.session.add(made)
    work.session.flush()
    if Risk.MEDIA in risks:
        raise_media(work, case)
    return made
