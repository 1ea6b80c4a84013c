"""The service process: a valid complaint is a defect of the service step that failed (domain.md section 7)."""

from collections.abc import Iterable
from zoneinfo import ZoneInfo

from analytics.case_history import CaseHistory, StepOutcome
from analytics.validity import is_valid
from recovery.events import AssessmentCorrected, CaseJudged, CaseOpened, OutcomeEvent

SERVICE = "service"

# The step of a valid complaint that fits none of the blueprint's; also the key of volumes not told apart by step.
NO_STEP = ""


def service_outcomes(events: Iterable[OutcomeEvent], zone: ZoneInfo) -> list[StepOutcome]:
    """The defect of the service that one case stands for; none where the complaint is not valid.

    It counts on the day the customer was heard, the only day that is always known, at the step that the latest
    judgement names, and by the dimensions of the latest look at the case. Its opportunity is not here but in the
    volumes.

    Args:
        events: all events of one case, in any order, with or without repetitions.
        zone: the firm's, in which days are counted.
    """
    history = CaseHistory(events, zone)
    opened = history.first(CaseOpened)
    if opened is None or not is_valid(history):
        return []
    judged, corrected = history.last(CaseJudged), history.last(AssessmentCorrected)
    latest: OutcomeEvent = max(
        (event for event in (opened, corrected, judged) if event is not None), key=lambda event: event.at
    )
    step = opened.service_step if judged is None else judged.service_step
    return [StepOutcome(SERVICE, step, history.day(opened.heard_at), True, latest.dimensions)]
