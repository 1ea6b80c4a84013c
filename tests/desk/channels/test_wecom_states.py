"""Who serves a conversation over there, and what is done so that it agrees with us."""

from itertools import product
from typing import Any

import pytest

from desk.channels.wecom.states import Reconciled, ServiceState, Step, next_step
from recovery.control import Control

_USUAL = {"elsewhere": False, "given_back": False, "people_in_wecom": True, "servicer": False}
# "分配客服会话": the ways from each state.
_WAYS = {
    ServiceState.NEW: {1, 2, 3, 4},
    ServiceState.ASSISTANT: {2, 3, 4},
    ServiceState.WAITING: {3, 4},
    ServiceState.PERSON: {2, 3, 4},
    ServiceState.ENDED: set(),
}


def step(state: ServiceState, control: Control, **more: Any) -> Step:
    return next_step(state, control, **{**_USUAL, **more})


def test_the_bot_serves_whoever_writes() -> None:
    assert step(ServiceState.NEW, Control.BOT) == Step(ServiceState.ASSISTANT)
    assert step(ServiceState.ASSISTANT, Control.BOT) == Step()


def test_a_hand_over_moves_it_to_the_pool_or_to_the_named_person() -> None:
    assert step(ServiceState.ASSISTANT, Control.QUEUED) == Step(ServiceState.WAITING)
    assert step(ServiceState.NEW, Control.QUEUED, servicer=True) == Step(ServiceState.PERSON)
    assert step(ServiceState.WAITING, Control.QUEUED) == Step()


def test_where_people_answer_at_our_desk_it_stays_with_the_assistant() -> None:
    for control in Control:
        assert step(ServiceState.ASSISTANT, control, people_in_wecom=False) == Step()
        assert step(ServiceState.NEW, control, people_in_wecom=False) == Step(ServiceState.ASSISTANT)


def test_a_person_over_there_whom_nobody_told_us_of_has_it() -> None:
    for control in (Control.BOT, Control.QUEUED):
        assert step(ServiceState.PERSON, control) == Step(ours=Reconciled.TAKEN)
    assert step(ServiceState.PERSON, Control.STAFF, elsewhere=True) == Step()


def test_a_person_over_there_who_has_it_no_more_gives_it_back() -> None:
    assert step(ServiceState.ENDED, Control.STAFF, elsewhere=True) == Step(ours=Reconciled.ENDED)
    assert step(ServiceState.NEW, Control.STAFF, elsewhere=True) == Step(ServiceState.ASSISTANT, Reconciled.ENDED)
    assert step(ServiceState.ENDED, Control.STAFF) == Step()


def test_what_is_given_back_at_our_desk_ends_over_there() -> None:
    assert step(ServiceState.WAITING, Control.BOT, given_back=True) == Step(ServiceState.ENDED)
    assert step(ServiceState.PERSON, Control.BOT, given_back=True) == Step(ServiceState.ENDED)


def test_what_wecom_itself_put_into_the_pool_stays_there() -> None:
    assert step(ServiceState.WAITING, Control.BOT) == Step()


@pytest.mark.parametrize("state", ServiceState)
def test_no_step_is_asked_for_that_wecom_does_not_allow(state: ServiceState) -> None:
    for control, *flags in product(Control, *[(False, True)] * 4):
        found = next_step(
            state,
            control,
            elsewhere=flags[0] and control is Control.STAFF,
            given_back=flags[1] and control is Control.BOT,
            people_in_wecom=flags[2],
            servicer=flags[3],
        )
        assert found.move_to is None or found.move_to in _WAYS[state]
