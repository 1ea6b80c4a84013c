"""The states of a case: all can be reached and left, there is no other way, and each way is guarded."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery.case_states import (
    GUARDS,
    UNSETTLED,
    CaseFacts,
    CaseState,
    IllegalTransition,
    Transition,
    can_follow,
    follow,
    leads_to,
    may_follow,
)
from recovery.remedies import Authority

WEEK = timedelta(days=7)
# Facts under which each way is free: an offer that was chosen, or waits above; nothing on its way; settled just now.
_FREE = CaseFacts(by_person=True, mover=Authority.AGENT, chosen=Authority.AGENT, settled_for=timedelta(0))
FREE: dict[Transition, CaseFacts] = dict.fromkeys(Transition, _FREE) | {
    Transition.OFFER: CaseFacts(open_offers=2),
    Transition.AWAIT_APPROVAL: CaseFacts(waiting=(Authority.AGENT,)),
    Transition.FAIL_REMEDY: CaseFacts(failed=True),
    Transition.MERGE: CaseFacts(merged=True),
}


def ways() -> list[tuple[CaseState, Transition, CaseState]]:
    return [(s, t, after) for s in CaseState for t in Transition if (after := leads_to(s, t)) is not None]


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
        follow(state, transition, FREE[transition])


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
        # A remedy that failed for good is a person's, who finds another.
        (["offer", "accept", "fail_remedy"], "with_staff"),
        (["offer", "accept", "fail_remedy", "offer", "accept", "resolve"], "resolved"),
    ],
)
def test_the_usual_ways(walk: list[str], end: str) -> None:
    state = CaseState.OPEN
    for step in walk:
        state = follow(state, Transition(step), FREE[Transition(step)])
    assert state == end


@given(st.lists(st.sampled_from(list(Transition)), max_size=20))
def test_money_is_granted_only_from_an_offer(walk: list[Transition]) -> None:
    """However a case wanders, it is remedied only after an offer, or an approval of one."""
    state, came_from = CaseState.OPEN, CaseState.OPEN
    for step in walk:
        if can_follow(state, step):
            came_from, state = state, follow(state, step, FREE[step])
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


# --- the guards: each row with the source of its rule ---------------------------------------------------------------

S, T = CaseState, Transition
DAY, LONG_AGO = timedelta(days=1), timedelta(days=8)
BOT, AGENT, SUPERVISOR, MANAGER, NOBODY = Authority


@pytest.mark.parametrize(
    ("state", "transition", "facts", "guard"),
    [
        # domain.md 3.4: the customer picks from what is offered
        (S.OPEN, T.OFFER, CaseFacts(open_offers=1), None),
        (S.OPEN, T.OFFER, CaseFacts(), "offer_stands"),
        (S.OFFERED, T.DECLINE, CaseFacts(), None),
        (S.OFFERED, T.DECLINE, CaseFacts(open_offers=1), "no_choice_left"),
        # domain.md 5, authority (S0): exceeding is impossible
        (S.OFFERED, T.ACCEPT, CaseFacts(chosen=BOT), None),
        (S.OFFERED, T.ACCEPT, CaseFacts(), "chosen"),
        (S.OFFERED, T.ACCEPT, CaseFacts(chosen=AGENT), "within_authority"),
        (S.OFFERED, T.ACCEPT, CaseFacts(mover=AGENT, by_person=True, chosen=AGENT), None),
        (S.OFFERED, T.ACCEPT, CaseFacts(mover=AGENT, by_person=True, chosen=SUPERVISOR), "within_authority"),
        (S.AWAITING_APPROVAL, T.ACCEPT, CaseFacts(mover=MANAGER, by_person=True, chosen=SUPERVISOR), None),
        (S.AWAITING_APPROVAL, T.ACCEPT, CaseFacts(mover=MANAGER, by_person=True, chosen=NOBODY), "within_authority"),
        # GB/T 47746-2026: money above the standardised process needs a person's confirmation
        (S.OFFERED, T.AWAIT_APPROVAL, CaseFacts(waiting=(AGENT,)), None),
        (S.OFFERED, T.AWAIT_APPROVAL, CaseFacts(), "above_authority"),
        (S.OFFERED, T.AWAIT_APPROVAL, CaseFacts(waiting=(BOT,)), "above_authority"),
        (S.OFFERED, T.AWAIT_APPROVAL, CaseFacts(mover=SUPERVISOR, waiting=(AGENT,)), "above_authority"),
        (S.AWAITING_APPROVAL, T.REFUSE_APPROVAL, CaseFacts(), None),
        (S.AWAITING_APPROVAL, T.REFUSE_APPROVAL, CaseFacts(waiting=(AGENT,)), "nothing_waits"),
        # domain.md 3.5: carried out exactly once, confirmed; settled only then
        (S.REMEDYING, T.RESOLVE, CaseFacts(), None),
        (S.REMEDYING, T.RESOLVE, CaseFacts(intended=1), "nothing_under_way"),
        (S.REMEDYING, T.RESOLVE, CaseFacts(failed=True), "nothing_failed"),
        (S.WITH_STAFF, T.RESOLVE, CaseFacts(failed=True, by_person=True), None),
        (S.WITH_STAFF, T.RESOLVE, CaseFacts(open_offers=1, by_person=True), "no_choice_left"),
        (S.REMEDYING, T.FAIL_REMEDY, CaseFacts(failed=True, intended=1), None),
        (S.REMEDYING, T.FAIL_REMEDY, CaseFacts(intended=1), "failed"),
        # domain.md 3.5: no money is on its way from a case that nobody looks after
        (S.RESOLVED, T.CLOSE, CaseFacts(), None),
        (S.OPEN, T.CLOSE, CaseFacts(intended=1), "nothing_under_way"),
        (S.AWAITING_APPROVAL, T.CLOSE, CaseFacts(waiting=(AGENT,)), "nothing_waits"),
        (S.OPEN, T.WITHDRAW, CaseFacts(), None),
        (S.WITH_STAFF, T.WITHDRAW, CaseFacts(intended=1), "nothing_under_way"),
        (S.OFFERED, T.WITHDRAW, CaseFacts(open_offers=1), "no_choice_left"),
        (S.AWAITING_APPROVAL, T.WITHDRAW, CaseFacts(waiting=(MANAGER,)), "nothing_waits"),
        # recovery.joining (design 2, line 12); domain.md 3.7: a low rating at any time
        (S.CLOSED, T.REOPEN, CaseFacts(settled_for=DAY, reopen_window=WEEK), None),
        (S.CLOSED, T.REOPEN, CaseFacts(settled_for=WEEK, reopen_window=WEEK), None),
        (S.CLOSED, T.REOPEN, CaseFacts(settled_for=LONG_AGO, reopen_window=WEEK), "may_reopen"),
        (S.CLOSED, T.REOPEN, CaseFacts(settled_for=LONG_AGO, reopen_window=WEEK, low_rating=True), None),
        (S.CLOSED, T.REOPEN, CaseFacts(settled_for=LONG_AGO, reopen_window=WEEK, by_person=True), None),
        (S.WITHDRAWN, T.REOPEN, CaseFacts(reopen_window=WEEK, low_rating=True), "settled"),
        # one complaint answers for both, and for one promise of money only
        (S.OPEN, T.MERGE, CaseFacts(merged=True), None),
        (S.OPEN, T.MERGE, CaseFacts(), "goes_into_another"),
        (S.OPEN, T.MERGE, CaseFacts(merged=True, open_offers=1), "no_choice_left"),
        (S.WITH_STAFF, T.MERGE, CaseFacts(merged=True, intended=1), "nothing_under_way"),
        (S.WITH_STAFF, T.MERGE, CaseFacts(merged=True, waiting=(AGENT,)), "nothing_waits"),
        (S.MERGED, T.UNMERGE, CaseFacts(), None),
        (S.MERGED, T.UNMERGE, CaseFacts(merged=True), "parted"),
        # GB/T 47746-2026: nobody is kept from a person, whatever is under way
        (S.OFFERED, T.HAND_OVER, CaseFacts(open_offers=2, intended=1, failed=True), None),
        (S.WITH_STAFF, T.GIVE_BACK, CaseFacts(intended=1), None),
    ],
)
def test_each_guard_of_the_table(state: CaseState, transition: Transition, facts: CaseFacts, guard: str | None) -> None:
    assert may_follow(state, transition, facts) == (guard is None)
    if guard is None:
        assert follow(state, transition, facts) is leads_to(state, transition)
        return
    with pytest.raises(IllegalTransition, match=f"a case cannot {transition} \\({guard}\\): ") as refused:
        follow(state, transition, facts)
    assert refused.value.guard == guard


def test_every_transition_has_its_guards_and_only_two_need_none() -> None:
    assert set(GUARDS) == set(Transition)
    assert {transition for transition, guards in GUARDS.items() if not guards} == {T.HAND_OVER, T.GIVE_BACK}


@pytest.mark.parametrize(("state", "transition", "after"), ways())
def test_every_way_can_really_be_gone(state: CaseState, transition: Transition, after: CaseState) -> None:
    """None is locked by guards that contradict each other."""
    assert follow(state, transition, FREE[transition]) is after


FACTS = st.builds(
    CaseFacts,
    mover=st.sampled_from([BOT, AGENT, SUPERVISOR, MANAGER]),
    by_person=st.booleans(),
    open_offers=st.integers(0, 3),
    waiting=st.lists(st.sampled_from(list(Authority)), max_size=2).map(tuple),
    chosen=st.none() | st.sampled_from(list(Authority)),
    intended=st.integers(0, 2),
    failed=st.booleans(),
    settled_for=st.none() | st.timedeltas(timedelta(0), timedelta(days=30)),
    reopen_window=st.just(WEEK),
    low_rating=st.booleans(),
    merged=st.booleans(),
)


@given(st.sampled_from(list(CaseState)), st.sampled_from(list(Transition)), FACTS)
def test_whatever_the_facts_no_guard_opens_a_way_that_is_none(
    state: CaseState, transition: Transition, facts: CaseFacts
) -> None:
    if may_follow(state, transition, facts):
        after = follow(state, transition, facts)
        assert can_follow(state, transition)
        # Whoever settles a case leaves no money on its way, and nobody waiting for a decision.
        if after not in UNSETTLED:
            assert facts.intended == 0 and not facts.waiting
        if transition is T.ACCEPT:
            assert facts.chosen in list(Authority)[: list(Authority).index(facts.mover) + 1]
    else:
        with pytest.raises(IllegalTransition):
            follow(state, transition, facts)
