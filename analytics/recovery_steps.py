"""The steps of the recovery process (domain.md section 7) and what a case counts for at each.

A step that a case did not reach, a rating that was not given and a time limit that is not on record are no
opportunities. What is passed only at a second attempt is a defect, because a rolled yield is the share that passes
without rework: the first answer, the first round of offers and the first resolution count. Only contentment is what the
customer said last, for that is what they leave with.

**Withdrawn cases** keep what they passed before: a complaint answered late and then given up was still answered late.
The withdrawal itself is neither opportunity nor defect. **Merged cases**, too: who told one complaint twice was
answered twice, in time or late; what comes after counts for the case that goes on, and for the service it is one
complaint.

**Unfounded cases** (the latest judgement by a person) count at the steps that every customer is owed, whoever is right:
answered in time, understood, promises kept, resolved in time. They do not count at those that presuppose a wrong to be
amended (offer accepted, content, not reopened): refusing what is not owed is no failure of recovery, and claims for
improper gain are no complaints (Regulations for the implementation of the consumer protection law, 2024).
"""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from analytics.case_history import CaseHistory, StepOutcome
from analytics.validity import is_unfounded
from recovery.events import (
    AssessmentCorrected,
    CaseAcknowledged,
    CaseClosed,
    CaseOpened,
    CaseRated,
    CaseReopened,
    CaseResolved,
    CorrectionUndone,
    OfferAnswered,
    OutcomeEvent,
    PromiseSettled,
)

RECOVERY = "recovery"

# A rating from here on is content (domain.md section 7).
CONTENT_FROM = 4


class _Reached(NamedTuple):
    """A step that was reached: the event whose dimensions it counts by, when it was done, and whether it failed."""

    by: OutcomeEvent
    at: datetime
    defect: bool


def _acknowledged_in_time(history: CaseHistory) -> _Reached | None:
    answer = history.first(CaseAcknowledged)
    return None if answer is None else _Reached(answer, answer.at, answer.at > answer.due_at)


def _understood_right(history: CaseHistory) -> _Reached | None:
    """Every complaint is understood somehow when it is heard; a later correction that stands says that it was wrong."""
    opened = history.first(CaseOpened)
    if opened is None:
        return None
    corrected = len(history.all(AssessmentCorrected)) > len(history.all(CorrectionUndone))
    return _Reached(opened, opened.at, corrected)


def _offer_accepted(history: CaseHistory) -> _Reached | None:
    answers = history.all(OfferAnswered)
    if not answers:
        return None
    first_round = min(answer.round for answer in answers)
    answer = [answer for answer in answers if answer.round == first_round][-1]
    return _Reached(answer, answer.at, not answer.accepted)


def _promises_kept(history: CaseHistory) -> _Reached | None:
    settled = history.all(PromiseSettled)
    if not settled:
        return None
    # The defect belongs to the day on which the first promise broke.
    decisive = next((promise for promise in settled if not promise.kept), settled[-1])
    return _Reached(decisive, decisive.at, not decisive.kept)


def _resolved_in_time(history: CaseHistory) -> _Reached | None:
    resolved = history.first(CaseResolved)
    return None if resolved is None else _Reached(resolved, resolved.at, resolved.at > resolved.due_at)


def _content(history: CaseHistory) -> _Reached | None:
    rated = history.last(CaseRated)
    return None if rated is None else _Reached(rated, rated.at, rated.score < CONTENT_FROM)


def _not_reopened(history: CaseHistory) -> _Reached | None:
    """Counted on the day of the first settlement, which did or did not hold."""
    settled = history.first(CaseResolved) or history.first(CaseClosed)
    if settled is None:
        return None
    return _Reached(settled, settled.at, any(event.at >= settled.at for event in history.all(CaseReopened)))


_STEPS: dict[str, Callable[[CaseHistory], _Reached | None]] = {
    "acknowledged_in_time": _acknowledged_in_time,
    "understood_right": _understood_right,
    "offer_accepted": _offer_accepted,
    "promises_kept": _promises_kept,
    "resolved_in_time": _resolved_in_time,
    "content": _content,
    "not_reopened": _not_reopened,
}

# The steps in the order of the process, with their names.
STEP_NAMES: dict[str, dict[str, str]] = {
    "acknowledged_in_time": {"zh": "及时受理", "en": "acknowledged in time"},
    "understood_right": {"zh": "判定正确", "en": "understood right"},
    "offer_accepted": {"zh": "方案被接受", "en": "offer accepted"},
    "promises_kept": {"zh": "承诺兑现", "en": "promises kept"},
    "resolved_in_time": {"zh": "按时解决", "en": "resolved in time"},
    "content": {"zh": "客户满意", "en": "content"},
    "not_reopened": {"zh": "未再次投诉", "en": "not reopened"},
}

_PRESUPPOSE_A_WRONG = frozenset({"offer_accepted", "content", "not_reopened"})


def recovery_outcomes(history: CaseHistory) -> list[StepOutcome]:
    """What one case counts for in the recovery process, in the order of its steps."""
    unfounded = is_unfounded(history)
    outcomes = []
    for step, look in _STEPS.items():
        if unfounded and step in _PRESUPPOSE_A_WRONG:
            continue
        if reached := look(history):
            day = history.day(reached.at)
            outcomes.append(StepOutcome(RECOVERY, step, day, reached.defect, reached.by.dimensions))
    return outcomes
