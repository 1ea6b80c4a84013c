"""What to do next in a complaint: ask only what is missing, one thing at a time (domain.md section 3)."""

from dataclasses import dataclass
from enum import StrEnum

from recovery.failures import Category


class Step(StrEnum):
    HAND_OVER_AT_ONCE = "hand_over_at_once"
    CONFIRM_HAND_OVER = "confirm_hand_over"
    ASK_HAPPENING = "ask_happening"
    ASK_ORDER = "ask_order"
    ASK_PROOF = "ask_proof"
    OFFER = "offer"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a complaint.

    Attributes:
        hand_over_due: something was said that calls for a person without asking.
        person_declined: the customer was asked whether they want a person, and said no.
        happening_asked: what happened was asked already; it is not asked twice.
        order_number: as named by the customer.
        order_proved: the order belongs to the customer's identity, or they proved it.
        order_unknown: the customer cannot name an order.
        order_needed: the remedies for this failure need an order.
    """

    categories: tuple[str, ...]
    emotion: int
    hand_over_due: bool
    person_declined: bool
    happening_asked: bool
    order_number: str | None
    order_proved: bool
    order_unknown: bool
    order_needed: bool


# Strong negative feeling: confirm, then hand over on yes (GB/T 47746-2026).
STRONG_FEELING = 3


def next_step(known: Known) -> Step:
    """The one thing to do now; the order of the questions is the order of this function."""
    if known.hand_over_due:
        return Step.HAND_OVER_AT_ONCE
    if known.emotion >= STRONG_FEELING and not known.person_declined:
        return Step.CONFIRM_HAND_OVER
    if set(known.categories) <= {Category.OTHER} and not known.happening_asked:
        return Step.ASK_HAPPENING
    if known.order_needed and not known.order_proved and not known.order_unknown:
        return Step.ASK_ORDER if known.order_number is None else Step.ASK_PROOF
    return Step.OFFER
