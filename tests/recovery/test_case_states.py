"""The states of a case: all can be reached and left, and there is no other way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery.case_states import UNSETTLED, CaseState, IllegalTransition, Transition, can_follow, follow


def ways() -> list[tuple[CaseState, Transition, CaseState]]:
    return [(s, t, follow(s, t)) for s in CaseState for t in Transition if can_follow(s, t)]


def test_every_state_is_reached_from_a_new_case() -> None:
    reached = {CaseState.OPEN}
    while more := {after for before, _, after in ways() if before in reached} - reached:
        reached |= more
    assert reached == set(CaseState)


@pytest.mark.parametrize("state", list(CaseState))
def test_every_state_can_be_left_and_leads_to_an_end(state: CaseState) -> None:
    reached = {state}
    while more := {after for before, _, after in ways() if before in reached} - reached:
        reached |= more
    assert len(reached) > 1 and CaseState.CLOSED in reached


def test_every_transition_is_of_use() -> None:
    assert {transition for _, transition, _ in ways()} == set(Transition)


@pytest.mark.parametrize(
    ("state", "transition"),
    [
        (CaseState.OPEN, Transition.ACCEPT),  # nothing is on offer
        (CaseState.REMEDYING, Transition.ACCEPT),  # chosen already
        (CaseState.RESOLVED, Transition.ACCEPT),
        (CaseState.REMEDYING, Transition.WITHDRAW),  # money is on its way
        (CaseState.REMEDYING, Transition.CLOSE),
        (CaseState.AWAITING_APPROVAL, Transition.RESOLVE),  # somebody has to decide first
        (CaseState.CLOSED, Transition.OFFER),  # reopened first
        (CaseState.CLOSED, Transition.RESOLVE),
        (CaseState.WITHDRAWN, Transition.ACCEPT),
        (CaseState.OPEN, Transition.REOPEN),
    ],
)
def test_there_is_no_other_way(state: CaseState, transition: Transition) -> None:
    assert not can_follow(state, transition)
    with pytest.raises(IllegalTransition, match=f"a case that is {state} cannot {transition}"):
        follow(state, transition)


@pytest.mark.parametrize(
    ("walk", "end"),
    [
        (["offer", "accept", "resolve", "close"], "closed"),
        (["offer", "decline", "offer", "decline", "hand_over", "resolve"], "resolved"),
        (["offer", "await_approval", "accept", "resolve"], "resolved"),
        (["offer", "await_approval", "refuse_approval", "offer"], "offered"),
        (["hand_over", "give_back", "withdraw", "reopen"], "open"),
        (["offer", "await_approval", "hand_over"], "awaiting_approval"),
        (["offer", "accept", "hand_over", "give_back"], "remedying"),
    ],
)
def test_the_usual_ways(walk: list[str], end: str) -> None:
    state = CaseState.OPEN
    for step in walk:
        state = follow(state, Transition(step))
    assert state == end


@given(st.lists(st.sampled_from(list(Transition)), max_size=20))
def test_money_is_granted_only_from_an_offer(walk: list[Transition]) -> None:
    """However a case wanders, it is remedied only after an offer, or an approval of one."""
    state, came_from = CaseState.OPEN, CaseState.OPEN
    for step in walk:
        if can_follow(state, step):
            came_from, state = state, follow(state, step)
            if state is CaseState.REMEDYING:
                assert came_from in (CaseState.OFFERED, CaseState.AWAITING_APPROVAL, CaseState.REMEDYING)


def test_settled_is_what_is_resolved_closed_withdrawn_or_merged() -> None:
    settled = {CaseState.RESOLVED, CaseState.CLOSED, CaseState.WITHDRAWN, CaseState.MERGED}
    assert set(CaseState) - UNSETTLED == settled
    # Exactly the settled ones can be opened again; for what went into another, that one is opened.
    assert {s for s in CaseState if can_follow(s, Transition.REOPEN)} == settled - {CaseState.MERGED}


def test_a_case_goes_into_another_only_while_nothing_is_offered_or_on_its_way() -> None:
    assert {s for s in CaseState if can_follow(s, Transition.MERGE)} == {CaseState.OPEN, CaseState.WITH_STAFF}
    assert [way for way in ways() if way[0] is CaseState.MERGED] == [
        (CaseState.MERGED, Transition.UNMERGE, CaseState.OPEN)
    ]
