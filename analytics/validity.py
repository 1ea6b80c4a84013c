"""Whether a complaint stands."""

from analytics.case_history import CaseHistory
from recovery.events import CaseJudged, CaseMerged, CaseReopened, CaseUnmerged, CaseWithdrawn


def is_unfounded(history: CaseHistory) -> bool:
    """Whether a person judged that the complaint does not stand; the latest judgement holds."""
    judged = history.last(CaseJudged)
    return judged is not None and not judged.valid


def is_withdrawn(history: CaseHistory) -> bool:
    """Whether the customer took the complaint back and did not come back to it since."""
    withdrawn, reopened = history.last(CaseWithdrawn), history.last(CaseReopened)
    return withdrawn is not None and (reopened is None or reopened.at < withdrawn.at)


def is_merged(history: CaseHistory) -> bool:
    """Whether the complaint went into another one, which counts for both."""
    merged, parted = history.last(CaseMerged), history.last(CaseUnmerged)
    return merged is not None and (parted is None or parted.at < merged.at)


def is_valid(history: CaseHistory) -> bool:
    """Whether the complaint counts as a valid one.

    One that went into another is the same complaint told twice, and does not count beside it. Otherwise a person's
    judgement decides. Without one the complaint stands, since most cases are made good without a person and
    would otherwise never count; a complaint that was taken back is maintained by nobody and does not.
    """
    if is_merged(history):
        return False
    judged = history.last(CaseJudged)
    return judged.valid if judged is not None else not is_withdrawn(history)
