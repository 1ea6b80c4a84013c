"""The rules of following up: what a rating leads to, when it is asked for, which case it is about."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery.case_states import CaseState
from recovery.follow_up import (
    RATED_WITHIN,
    AfterRating,
    Fairness,
    Rateable,
    after_rating,
    follow_up_due,
    next_question,
    rated_case,
)

NOW = datetime(2026, 11, 18, 10, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("score", "leads_to"),
    [
        (1, AfterRating.REOPEN),  # domain.md section 3.7: two and less reopens to a supervisor
        (2, AfterRating.REOPEN),
        (3, AfterRating.ASK_WHAT_WAS_MISSING),  # issue 5: asked what was missing, without reopening
        (4, AfterRating.ASK_FAIRNESS),  # S0, S2: outcome, procedure, interaction
        (5, AfterRating.ASK_FAIRNESS),
    ],
)
def test_what_a_rating_leads_to(score: int, leads_to: AfterRating) -> None:
    assert after_rating(score) is leads_to


@pytest.mark.parametrize("score", [0, 6, -1])
def test_what_is_no_rating_is_refused(score: int) -> None:
    with pytest.raises(ValueError, match="no rating"):
        after_rating(score)


def test_fairness_is_asked_about_in_three_questions() -> None:
    asked, question = [], next_question(None)
    while question is not None:
        asked.append(question)
        question = next_question(question)
    assert asked == [Fairness.OUTCOME, Fairness.PROCEDURE, Fairness.INTERACTION]


@given(
    st.lists(st.timedeltas(-30 * DAY, 30 * DAY), max_size=5),
    st.timedeltas(timedelta(0), 7 * DAY),
)
def test_nobody_is_followed_up_before_all_that_was_promised_is_due(promised: list[timedelta], after: timedelta) -> None:
    due = follow_up_due(NOW, [NOW + one for one in promised], after)
    assert due >= NOW + after and all(due >= NOW + one + after for one in promised)
    assert due - after in {NOW, *(NOW + one for one in promised)}


def resolved(id: int = 1, **values: object) -> Rateable:
    given_ = {"state": CaseState.RESOLVED, "in_focus": False, "resolved_at": NOW - DAY, "settled_at": NOW - DAY}
    return Rateable(id=id, **(given_ | values))  # type: ignore[arg-type]


UNSETTLED_FOCUS = Rateable(id=9, state=CaseState.OPEN, in_focus=True)


@pytest.mark.parametrize(
    ("cases", "meant"),
    [
        ([], None),
        ([UNSETTLED_FOCUS], 9),
        ([resolved(in_focus=True)], 1),
        # Asked and not answered: that one, though another complaint is talked about now.
        ([resolved(asked_at=NOW), UNSETTLED_FOCUS], 1),
        ([resolved(asked_at=NOW - 2 * DAY), UNSETTLED_FOCUS], 9),  # asked before it was resolved last
        ([resolved(asked_at=NOW, refused=True), UNSETTLED_FOCUS], 9),
        ([resolved(asked_at=NOW, rated_at=NOW), UNSETTLED_FOCUS], 9),
        ([resolved(1, asked_at=NOW - timedelta(hours=2)), resolved(2, asked_at=NOW)], 2),  # the latest asked about
        ([resolved(in_focus=True, rated_at=NOW)], 1),  # a later word corrects the earlier
        ([resolved(in_focus=True, settled_at=NOW - RATED_WITHIN - DAY)], None),
        ([resolved(in_focus=True, settled_at=NOW - RATED_WITHIN)], 1),
        ([resolved(in_focus=True, state=CaseState.WITHDRAWN)], None),
        ([resolved(in_focus=True, state=CaseState.MERGED)], None),
        ([resolved(in_focus=False)], None),
    ],
)
def test_which_case_a_rating_is_about(cases: list[Rateable], meant: int | None) -> None:
    assert rated_case(cases, NOW) == meant
