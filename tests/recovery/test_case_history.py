"""A case's history: whatever way it goes, its log tells every past state; what only somebody else wrote is found."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from recovery.case_history import CaseHistory, CaseStep, flaws, last_state, state_at
from recovery.case_states import CaseFacts, CaseState, IllegalTransition, Transition, can_follow, follow, leads_to
from recovery.remedies import Authority

START = datetime(2026, 11, 18, 2, tzinfo=UTC)
S, T = CaseState, Transition


def at(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


def history(*steps: tuple[Transition, CaseState, CaseState, int]) -> CaseHistory:
    return CaseHistory(
        START, tuple(CaseStep(t, before, after, "bot", at(minute)) for t, before, after, minute in steps)
    )


OFFERED_THEN_SETTLED = history(
    (T.OFFER, S.OPEN, S.OFFERED, 5), (T.ACCEPT, S.OFFERED, S.REMEDYING, 7), (T.RESOLVE, S.REMEDYING, S.RESOLVED, 7)
)


@pytest.mark.parametrize(
    ("minute", "state"),
    [(-1, None), (0, S.OPEN), (4, S.OPEN), (5, S.OFFERED), (6, S.OFFERED), (7, S.RESOLVED), (9999, S.RESOLVED)],
)
def test_the_log_tells_the_state_at_any_moment(minute: int, state: CaseState | None) -> None:
    assert state_at(OFFERED_THEN_SETTLED, at(minute)) is state


def test_a_case_that_nothing_happened_to_is_open() -> None:
    assert last_state(history()) is S.OPEN and flaws(history()) == ()
    assert last_state(OFFERED_THEN_SETTLED) is S.RESOLVED and flaws(OFFERED_THEN_SETTLED) == ()


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (history((T.ACCEPT, S.OFFERED, S.REMEDYING, 1)), "starts from offered, but the case was open"),
        (history((T.OFFER, S.OPEN, S.OFFERED, 1), (T.REOPEN, S.CLOSED, S.OPEN, 2)), "starts from closed"),
        (history((T.ACCEPT, S.OPEN, S.REMEDYING, 1)), "a case that is open cannot accept"),
        (history((T.OFFER, S.OPEN, S.REMEDYING, 1)), "offer leads from open to offered, not remedying"),
        (history((T.HAND_OVER, S.OPEN, S.WITH_STAFF, -1)), "was logged before what came before it"),
        (
            history((T.HAND_OVER, S.OPEN, S.WITH_STAFF, 5), (T.GIVE_BACK, S.WITH_STAFF, S.OPEN, 4)),
            "step 2 (give_back) was logged before what came before it",
        ),
    ],
)
def test_what_does_not_fit_together_is_told(wrong: CaseHistory, told: str) -> None:
    assert any(told in flaw for flaw in flaws(wrong))


AUTHORITIES = st.sampled_from(list(Authority))


class CaseLife(RuleBasedStateMachine):
    """Somebody tries anything at any time, whatever the facts; what is let through is logged."""

    @initialize()
    def open(self) -> None:
        self.state, self.now = CaseState.OPEN, START
        self.log = CaseHistory(START)
        self.seen: list[tuple[datetime, CaseState]] = [(START, CaseState.OPEN)]

    @rule(minutes=st.integers(1, 500))
    def waits(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        self.seen.append((self.now, self.state))

    @rule(
        transition=st.sampled_from(list(Transition)),
        facts=st.builds(
            CaseFacts,
            mover=AUTHORITIES,
            by_person=st.booleans(),
            open_offers=st.integers(0, 1),
            waiting=st.lists(AUTHORITIES, max_size=1).map(tuple),
            chosen=st.none() | AUTHORITIES,
            intended=st.integers(0, 1),
            failed=st.booleans(),
            settled_for=st.none() | st.just(timedelta(days=1)) | st.just(timedelta(days=9)),
            reopen_window=st.just(timedelta(days=7)),
            low_rating=st.booleans(),
            merged=st.booleans(),
        ),
    )
    def tries(self, transition: Transition, facts: CaseFacts) -> None:
        try:
            after = follow(self.state, transition, facts)
        except IllegalTransition:
            return
        assert can_follow(self.state, transition)
        step = CaseStep(transition, self.state, after, "bot", self.now)
        self.log = replace(self.log, steps=(*self.log.steps, step))
        self.state = after
        self.seen = [(moment, state) for moment, state in self.seen if moment < self.now] + [(self.now, after)]

    @invariant()
    def the_log_gives_the_present_state(self) -> None:
        assert last_state(self.log) is self.state and flaws(self.log) == ()

    @invariant()
    def the_log_gives_every_past_state(self) -> None:
        assert all(state_at(self.log, moment) is state for moment, state in self.seen)

    @invariant()
    def it_can_always_go_on_and_come_to_an_end(self) -> None:
        reached = {self.state}
        while more := {a for s in reached for t in Transition if (a := leads_to(s, t)) is not None} - reached:
            reached |= more
        assert len(reached) > 1 and CaseState.CLOSED in reached


TestCaseLife = CaseLife.TestCase
