"""Which case a complaint joins: every row of the table of the turn protocol's line 12."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery.case_states import UNSETTLED, CaseState
from recovery.failures import Category
from recovery.joining import FocusCase, Joining, Said, decide_joining

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
WINDOW = timedelta(days=7)
A, B = "202611120007", "202611120099"


def focus(state: CaseState, order: str | None = None, days_ago: float | None = None, *categories: str) -> FocusCase:
    settled = None if days_ago is None else NOW - timedelta(days=days_ago)
    return FocusCase(state, order, categories or ("delivery",), settled)


def said(order: str | None, *categories: str) -> Said:
    return Said(order, categories, NOW)


@pytest.mark.parametrize(
    ("case", "message", "so"),
    [
        # no case in focus: a new one
        (None, said(A, "delivery"), Joining.OPEN_NEW),
        (None, said(None), Joining.OPEN_NEW),
        # unsettled: joins, unless it names another order
        (focus(CaseState.OPEN), said(None, "service_attitude"), Joining.JOIN),
        (focus(CaseState.OPEN), said(A, "delivery"), Joining.JOIN),
        (focus(CaseState.OPEN, A), said(A, "delivery"), Joining.JOIN),
        (focus(CaseState.OPEN, A), said(None, "delivery"), Joining.JOIN),
        (focus(CaseState.OPEN, A), said(B, "delivery"), Joining.OPEN_LINKED),
        (focus(CaseState.WITH_STAFF, A), said(B, "delivery"), Joining.OPEN_LINKED),
        # settled within the window: the same failure reopens it
        (focus(CaseState.RESOLVED, A, 1), said(A, "product_quality"), Joining.REOPEN),
        (focus(CaseState.RESOLVED, A, 1), said(None, "delivery"), Joining.REOPEN),
        (focus(CaseState.CLOSED, None, 6.9), said(None, "delivery", "service_delay"), Joining.REOPEN),
        (focus(CaseState.WITHDRAWN, None, 1), said(A, "delivery"), Joining.REOPEN),
        (focus(CaseState.CLOSED, A, 7), said(A, "delivery"), Joining.REOPEN),
        # … and so does what names nothing new
        (focus(CaseState.RESOLVED, A, 1), said(None), Joining.REOPEN),
        (focus(CaseState.WITHDRAWN, A, 1), said(None, "other"), Joining.REOPEN),
        # settled otherwise: a new one, linked
        (focus(CaseState.RESOLVED, A, 1), said(B, "delivery"), Joining.OPEN_LINKED),
        (focus(CaseState.RESOLVED, A, 1), said(None, "service_attitude"), Joining.OPEN_LINKED),
        (focus(CaseState.RESOLVED, None, 1), said(B, "service_attitude"), Joining.OPEN_LINKED),
        (focus(CaseState.CLOSED, A, 7.01), said(A, "delivery"), Joining.OPEN_LINKED),
        (focus(CaseState.WITHDRAWN, None, 8), said(None), Joining.OPEN_LINKED),
    ],
)
def test_each_row_of_the_table(case: FocusCase | None, message: Said, so: Joining) -> None:
    assert decide_joining(case, message, WINDOW) is so


@given(
    st.sampled_from(list(CaseState)),
    st.sampled_from([None, A, B]),
    st.lists(st.sampled_from(list(Category)), max_size=3).map(tuple),
    st.floats(0, 30),
)
def test_another_order_never_joins_and_an_unsettled_case_is_never_reopened(
    state: CaseState, order: str | None, categories: tuple[str, ...], days_ago: float
) -> None:
    case = focus(state, A, None if state in UNSETTLED else days_ago)
    so = decide_joining(case, Said(order, categories, NOW), WINDOW)
    if order == B:
        assert so is Joining.OPEN_LINKED
    if state in UNSETTLED:
        assert so is not Joining.REOPEN
    else:
        assert so is not Joining.JOIN and (so is not Joining.REOPEN or days_ago <= 7)
    assert so is not Joining.OPEN_NEW
