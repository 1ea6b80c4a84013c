"""Insults: warned once, then a person; what is complained of is heard; a word for colleagues that runs out."""

from datetime import timedelta

import pytest

from actions.staff.access import DeedRefused
from actions.staff.conduct import lift_conduct, note_conduct
from store.tables import AuditEntry, Staff
from store.tables import Customer as CustomerRow
from tests.actions.dialogue import Customer, Shop


def test_an_insult_within_a_complaint_is_warned_of_once_and_the_complaint_heard(customer: Customer) -> None:
    told = customer.complains("delivery", risk=["abuse"], emotion=2)
    assert customer.case.number in told and customer.words("abuse.in_passing") in told
    assert customer.control == "bot"


def test_the_second_time_a_person_takes_over_and_the_complaint_is_heard_all_the_same(customer: Customer) -> None:
    customer.complains("delivery", risk=["abuse"], emotion=2)
    told = customer.complains("service_attitude", risk=["abuse"], emotion=2)
    failure = customer.words("failure.service_attitude")
    assert customer.words("complaint.joined_more", failure=failure, number=customer.case.number) in told
    assert "service_attitude" in customer.case.categories
    assert customer.reasons == ["abuse"] and customer.words("hand_over.abuse") in told


def test_the_warning_counts_wherever_it_was_given(customer: Customer) -> None:
    assert customer.words("abuse.warning") in customer.insults()
    told = customer.complains("delivery", risk=["abuse"], emotion=3)
    assert customer.words("abuse.in_passing") not in told
    assert customer.reasons == ["abuse"]


def test_danger_comes_before_manners(customer: Customer) -> None:
    customer.insults()
    customer.complains("safety", risk=["abuse", "safety"], emotion=3, hand_over="safety")
    assert customer.control == "queued"


def test_without_an_insult_nobody_is_warned(customer: Customer) -> None:
    told = customer.complains("delivery", emotion=3)
    assert customer.words("abuse.in_passing") not in told


# --- a word for colleagues -------------------------------------------------------------------------------------------


def row(shop: Shop) -> CustomerRow:
    (found,) = shop.all(CustomerRow)
    return found


def test_a_word_on_conduct_is_kept_with_its_writer_and_its_end(shop: Shop, customer: Customer, alice: Staff) -> None:
    customer.complains("delivery")
    shop.does(note_conduct, alice, customer.conversation.id, " Insulted two colleagues. ", 30)
    found = row(shop)
    assert (found.conduct_note, found.conduct_noted_by) == ("Insulted two colleagues.", "alice")
    assert found.conduct_until == shop.clock.now + timedelta(days=30)
    (trace,) = [entry for entry in shop.all(AuditEntry) if entry.action == "note_conduct"]
    assert "Insulted" not in str(trace.details)
    # The customer hears nothing of it.
    assert not any("Insulted" in told for told in customer.was_told)


def test_it_can_be_taken_down(shop: Shop, customer: Customer, alice: Staff) -> None:
    customer.complains("delivery")
    shop.does(note_conduct, alice, customer.conversation.id, "Shouted.", 90)
    shop.does(lift_conduct, alice, customer.conversation.id)
    assert row(shop).conduct_note is None and row(shop).conduct_until is None
    shop.does(lift_conduct, alice, customer.conversation.id)


@pytest.mark.parametrize(
    ("reason", "days", "code"),
    [
        (" ", 30, "conduct_reason_missing"),
        ("x" * 301, 30, "conduct_reason_too_long"),
        ("x", 3650, "conduct_span_wrong"),
    ],
)
def test_a_word_without_reason_or_end_is_refused(
    shop: Shop, customer: Customer, alice: Staff, reason: str, days: int, code: str
) -> None:
    customer.complains("delivery")
    with pytest.raises(DeedRefused, match=code):
        shop.does(note_conduct, alice, customer.conversation.id, reason, days)
    assert row(shop).conduct_note is None
