"""Asking how content the customer is, and what their answer means (domain.md section 3.7; S0, S2, S3).

Pure rules: moments are arguments. A rating is a whole number from 1 to 5; so is each answer about fairness.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from recovery.case_states import CaseState

# A rating this low opens the case again, to a supervisor; this high counts as content (domain.md section 3.7).
REOPENING_RATING = 2
CONTENT_RATING = 4
BEST_RATING = 5

# For how long after a case was closed a word on it still rates it; after that it is too long ago to tell one handling
# from another.
RATED_WITHIN = timedelta(days=30)
# Who is talking is not interrupted by a survey, even where the question that is open may never be answered.
TALKING = timedelta(minutes=30)


class Fairness(StrEnum):
    """The three kinds of fairness that a customer judges a recovery by (S0, S2), in the order they are asked about."""

    OUTCOME = "outcome"  # what they got
    PROCEDURE = "procedure"  # how it went
    INTERACTION = "interaction"  # how they were treated


class AfterRating(StrEnum):
    """What a rating leads to."""

    REOPEN = "reopen"
    ASK_WHAT_WAS_MISSING = "ask_what_was_missing"
    ASK_FAIRNESS = "ask_fairness"


def after_rating(score: int) -> AfterRating:
    """Up to 2 the case is opened again to a supervisor and nothing more is asked; 3 is asked what was missing; 4 and 5
    are asked about fairness.

    Args:
        score: 1 to 5.

    Raises:
        ValueError: it is no rating.
    """
    if not 1 <= score <= BEST_RATING:
        raise ValueError(f"{score} is no rating from 1 to {BEST_RATING}")
    if score <= REOPENING_RATING:
        return AfterRating.REOPEN
    return AfterRating.ASK_WHAT_WAS_MISSING if score < CONTENT_RATING else AfterRating.ASK_FAIRNESS


def next_question(asked: Fairness | None) -> Fairness | None:
    """What is asked after ``asked``; the first for None, None after the last."""
    order = list(Fairness)
    place = 0 if asked is None else order.index(asked) + 1
    return order[place] if place < len(order) else None


def follow_up_due(resolved_at: datetime, promised_until: Iterable[datetime], after: timedelta) -> datetime:
    """When a resolved case is followed up: ``after`` the remedy is due (domain.md section 3.7).

    Args:
        resolved_at: aware.
        promised_until: due times of what was promised in the case and is not yet, or only now, in the customer's hands.
        after: how long after (``firm.yml``, ``follow_up_after``).
    """
    return max([resolved_at, *promised_until]) + after


@dataclass(frozen=True, slots=True)
class Rateable:
    """A case that a rating may be about.

    Attributes:
        asked_at: when the customer was asked for a rating of it last; None for never.
        resolved_at: of the latest resolution; None while there is none.
        settled_at: when it was resolved, closed or withdrawn; None while unsettled.
        rated_at: of the latest rating; None without one.
        refused: whether the customer did not want to rate it.
    """

    id: int
    state: CaseState
    in_focus: bool
    asked_at: datetime | None = None
    resolved_at: datetime | None = None
    settled_at: datetime | None = None
    rated_at: datetime | None = None
    refused: bool = False


def rated_case(cases: Iterable[Rateable], now: datetime) -> int | None:
    """Which case a rating is about that names none and answers no open question.

    | cases of the conversation | so |
    |---|---|
    | one was asked about since it was resolved, neither rated since nor refused | that one, the latest asked about |
    | else: the one in focus, unsettled or settled within :data:`RATED_WITHIN` | that one |
    | else | none: it is too long ago |

    A later word corrects an earlier one, so a case that was rated already can be meant.
    """
    known = [case for case in cases if case.state not in (CaseState.MERGED, CaseState.WITHDRAWN)]
    waiting = [
        (case.asked_at, case.id)
        for case in known
        if case.asked_at is not None
        and case.resolved_at is not None
        and case.asked_at >= case.resolved_at
        and (case.rated_at is None or case.rated_at < case.asked_at)
        and not case.refused
        and now - case.asked_at <= RATED_WITHIN
    ]
    if waiting:
        return max(waiting)[1]
    focus = next((case for case in known if case.in_focus), None)
    if focus is None or (focus.settled_at is not None and now - focus.settled_at > RATED_WITHIN):
        return None
    return focus.id
