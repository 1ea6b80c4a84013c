"""Whether a complaint stands."""

from analytics.case_history import CaseHistory
from recovery.events import CaseJudged, CaseReopened, CaseWithdrawn


def is_unfounded(history: CaseHistory) -> bool:
    """Whether a person judged that the complaint does not stand; the latest judgement holds."""
    judged = history.last(CaseJudged)
    return judged is not None and not judged.valid


def is_withdrawn(history: CaseHistory) -> bool:
    """Whether the customer took the complaint back and did not come back to it since."""
    withdrawn, reopened = history.last(CaseWithdrawn), history.last(CaseReopened)
    return withdrawn is not None and (reopened is None or reopened.at < withdrawn.at)


def is_valid(history: CaseHistory) -> bool:
    """Whether the complaint counts as a valid one.

    A person's judgement decides. Without one the complaint stands, since most cases are made good without a person and
    would otherwise never count; a complaint that was taken back is maintained by nobody and does not.
    """
    judged = history.last(CaseJudged)
    return judged.valid if judged is not None else not is_withdrawn(history)
