"""Outcome events read back: what an earlier version did not know has its default, what must be there is missed."""

from datetime import UTC, datetime

import pytest

from analytics.case_history import UnreadableEvent, read_event
from recovery.events import CaseDimensions, CaseRated, HandlingComplained

AT = datetime(2026, 11, 18, 2, tzinfo=UTC)
WHERE = {"category": "delivery", "department": "logistics", "channel": "rest", "tier": "regular", "language": "zh"}
DIMENSIONS = CaseDimensions(**WHERE)
NUMBER = "AM-2345-6789"


def test_a_rating_from_before_fairness_was_asked_about_is_read() -> None:
    read = read_event("case_rated", NUMBER, AT, WHERE, {"score": 4})
    assert read == CaseRated(case_number=NUMBER, at=AT, dimensions=DIMENSIONS, score=4)
    assert isinstance(read, CaseRated) and (read.outcome, read.procedure, read.interaction) == (None, None, None)


def test_a_rating_with_fairness_comes_back_as_it_was() -> None:
    made = CaseRated(case_number=NUMBER, at=AT, dimensions=DIMENSIONS, score=5, outcome=5, interaction=3, asked=True)
    assert read_event(made.kind, NUMBER, AT, WHERE, made.details()) == made


def test_a_rating_without_its_score_is_no_rating() -> None:
    with pytest.raises(UnreadableEvent, match="'score' is missing"):
        read_event("case_rated", NUMBER, AT, WHERE, {"outcome": 5})


def test_a_complaint_about_the_handling_comes_back_as_it_was() -> None:
    made = HandlingComplained(case_number=NUMBER, at=AT, dimensions=DIMENSIONS, first_case="AM-7K3Q-9F2D")
    assert read_event(made.kind, NUMBER, AT, WHERE, made.details()) == made
    with pytest.raises(UnreadableEvent, match="first_case"):
        read_event(made.kind, NUMBER, AT, WHERE, {})
