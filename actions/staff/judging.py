"""Judge a complaint otherwise than the machine did."""

from actions.cases import set_severity
from actions.conversations import lock_conversation
from actions.firm import Firm
from actions.outcomes import dimensions_of, record
from actions.staff.access import DeedRefused, audit
from recovery.events import AssessmentCorrected
from recovery.failures import Risk
from store.database import UnitOfWork
from store.tables import Assessment, Case, Staff


def correct(
    work: UnitOfWork, firm: Firm, staff: Staff, case_id: int, categories: list[str], emotion: int, risks: list[str]
) -> None:
    """Judge the failure otherwise than the machine did; other categories count as not understood right.

    Args:
        categories: the one that weighs most first; it steers department and offers.

    Raises:
        DeedRefused: an unknown category or risk, no category, or an emotion out of range.
    """
    case = work.session.get_one(Case, case_id)
    lock_conversation(work, case.conversation_id)
    unknown = set(categories) - set(firm.categories) or set(risks) - {risk.value for risk in Risk}
    if unknown or not categories or not 0 <= emotion <= 3:
        raise DeedRefused("wrong_assessment")
    categories, before = firm.leading_first(categories), firm.leading_first(case.categories)
    changed = set(categories) != set(before) or categories[0] != before[0]
    if not changed and (emotion, set(risks)) == (case.emotion, set(case.risks)):
        return
    case.categories, case.emotion, case.risks = categories, emotion, list(risks)
    case.failure_type, case.dimension = firm.read_failure(case.categories)
    case.department = firm.department_for(case.categories).key
    case.service_step = firm.service_step_for(case.categories)
    set_severity(work, firm, case)
    work.session.add(
        Assessment(
            case_id=case.id,
            by=staff.login,
            categories=case.categories,
            emotion=emotion,
            risks=case.risks,
            words={},
            at=work.now,
        )
    )
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
