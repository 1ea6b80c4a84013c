"""The life of an incident, and its pace (domain.md sections 1 and 3: feed-forward)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery.incidents import IllegalDeed, IncidentDeed, IncidentState, follow_deed, joins, may_tell

NOW = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)
S, D = IncidentState, IncidentDeed
WAYS = {
    (S.DRAFT, D.START): S.RUNNING,
    (S.RUNNING, D.PAUSE): S.PAUSED,
    (S.RUNNING, D.STOP): S.STOPPED,
    (S.RUNNING, D.FINISH): S.DONE,
    (S.PAUSED, D.RESUME): S.RUNNING,
    (S.PAUSED, D.STOP): S.STOPPED,
}


@pytest.mark.parametrize("state", list(S))
@pytest.mark.parametrize("deed", list(D))
def test_there_are_these_ways_and_no_others(state: IncidentState, deed: IncidentDeed) -> None:
    if (state, deed) in WAYS:
        assert follow_deed(state, deed) is WAYS[state, deed]
    else:
        with pytest.raises(IllegalDeed):
            follow_deed(state, deed)


@pytest.mark.parametrize(
    ("state", "ended", "is_joined"),
    [
        (S.DRAFT, None, False),
        (S.RUNNING, None, True),
        (S.PAUSED, None, True),
        (S.DONE, timedelta(days=14), True),
        (S.DONE, timedelta(days=14, seconds=1), False),
        (S.STOPPED, timedelta(days=1), True),
        (S.STOPPED, None, False),
    ],
)
def test_complaints_join_while_it_is_under_way_and_for_a_while_after(
    state: IncidentState, ended: timedelta | None, is_joined: bool
) -> None:
    ended_at = NOW - ended if ended is not None else None
    assert joins(state, ended_at, NOW, timedelta(days=14)) is is_joined


@given(
    ages=st.lists(st.integers(0, 300), max_size=200),
    under_way=st.integers(0, 50),
    per_minute=st.integers(1, 100),
)
def test_no_minute_sees_more_than_allowed(ages: list[int], under_way: int, per_minute: int) -> None:
    told = [NOW - timedelta(seconds=age) for age in ages]
    more = may_tell(told, under_way, per_minute, NOW)
    within = sum(1 for age in ages if age < 60)
    assert more >= 0
    assert more == 0 or within + under_way + more <= per_minute
