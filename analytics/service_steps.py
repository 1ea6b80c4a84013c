"""The service process: a valid complaint is a defect of the service step that failed (domain.md section 7)."""

from analytics.case_history import CaseHistory, StepOutcome
from analytics.validity import is_valid
from recovery.events import (
    AssessmentCorrected,
    CaseJudged,
    CaseOpened,
    CaseReassessed,
    CorrectionUndone,
)

SERVICE = "service"


def service_outcomes(history: CaseHistory) -> list[StepOutcome]:
    """The defect of the service that one case stands for; none where the complaint is not valid.

    It counts on the day the customer was heard, the only day that is always known, at the step that the latest
    judgement names, and by the dimensions of the latest look at the case. Its opportunity is not here but in the
    volumes.
    """
    opened = history.first(CaseOpened)
    if opened is None or not is_valid(history):
        return []
    looks = (
        opened,
        history.last(CaseReassessed),
        history.last(AssessmentCorrected),
        history.last(CorrectionUndone),
        history.last(CaseJudged),
    )
    # Of looks at the same moment the later in the row holds: a person's word goes before the machine's.
    latest = sorted((look for look in looks if look is not None), key=lambda look: look.at)[-1]
    return [StepOutcome(SERVICE, latest.service_step, history.day(opened.heard_at), True, latest.dimensions)]
