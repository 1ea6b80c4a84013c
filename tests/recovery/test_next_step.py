"""What to do next: the questions in their order, one at a time, none twice (domain.md section 3)."""

from dataclasses import replace

import pytest

from recovery.next_step import Known, Step, next_step

# All that can be known: nothing is left to ask.
COMPLETE = Known(
    categories=("delivery",),
    emotion=1,
    hand_over_due=False,
    person_declined=False,
    happening_asked=False,
    order_number="202611120007",
    order_proved=True,
    order_unknown=False,
    order_needed=True,
)


@pytest.mark.parametrize(
    ("missing", "step"),
    [
        ({}, Step.OFFER),
        ({"hand_over_due": True}, Step.HAND_OVER_AT_ONCE),
        ({"emotion": 3}, Step.CONFIRM_HAND_OVER),
        ({"emotion": 3, "person_declined": True}, Step.OFFER),
        ({"emotion": 2}, Step.OFFER),
        ({"categories": ("other",)}, Step.ASK_HAPPENING),
        ({"categories": ()}, Step.ASK_HAPPENING),
        ({"categories": ("other",), "happening_asked": True}, Step.OFFER),
        ({"categories": ("other", "delivery")}, Step.OFFER),
        ({"order_number": None, "order_proved": False}, Step.ASK_ORDER),
        ({"order_proved": False}, Step.ASK_PROOF),
        ({"order_number": None, "order_proved": False, "order_unknown": True}, Step.OFFER),
        ({"order_proved": False, "order_unknown": True}, Step.OFFER),
        ({"order_number": None, "order_proved": False, "order_needed": False}, Step.OFFER),
    ],
)
def test_each_thing_that_is_missing_is_asked_for(missing: dict[str, object], step: Step) -> None:
    assert next_step(replace(COMPLETE, **missing)) is step  # type: ignore[arg-type]


def test_the_questions_come_in_their_order() -> None:
    """With everything missing, each answer leads to the next question."""
    known = replace(COMPLETE, categories=(), emotion=3, hand_over_due=True, order_number=None, order_proved=False)
    asked = [next_step(known)]
    for answer in (
        {"hand_over_due": False},
        {"person_declined": True},
        {"happening_asked": True},
        {"order_number": "202611120007"},
        {"order_proved": True},
    ):
        known = replace(known, **answer)  # type: ignore[arg-type]
        asked.append(next_step(known))
    assert asked == [
        Step.HAND_OVER_AT_ONCE,
        Step.CONFIRM_HAND_OVER,
        Step.ASK_HAPPENING,
        Step.ASK_ORDER,
        Step.ASK_PROOF,
        Step.OFFER,
    ]
