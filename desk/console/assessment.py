"""The assessment as the page shows it: every label a click away from being corrected."""

from dataclasses import dataclass

from actions.firm import Firm
from actions.staff import judging
from recovery.failures import Risk
from store.database import UnitOfWork
from store.tables import Assessment, Case, Staff


@dataclass(frozen=True, slots=True)
class Undo:
    """The correction just made, and what it was made from."""

    before: Assessment
    after: Assessment


@dataclass(frozen=True, slots=True)
class AssessmentPanel:
    """What can be changed.

    Attributes:
        addable: categories that are not there yet.
        addable_risks: likewise.
        may_lead: those present that could lead; danger to people or data leads by itself.
        undo: the reader's own last correction, where it can still be taken back.
    """

    addable: list[str]
    addable_risks: list[str]
    may_lead: set[str]
    undo: Undo | None


def read_assessment(work: UnitOfWork, firm: Firm, me: Staff, case: Case) -> AssessmentPanel:
    """What ``me`` could change about the assessment."""
    correction = judging.undoable(work, me, case)
    undo = None
    if correction is not None:
        before, after = (
            work.session.get(Assessment, id_) for id_ in (correction.previous_id, correction.assessment_id)
        )
        undo = Undo(before, after) if before is not None and after is not None else None
    return AssessmentPanel(
        addable=[key for key in firm.categories if key not in case.categories],
        addable_risks=[risk.value for risk in Risk if risk not in case.risks],
        may_lead={
            key
            for key in case.categories[1:]
            if firm.leading_first([key, *(one for one in case.categories if one != key)])[0] == key
        },
        undo=undo,
    )
