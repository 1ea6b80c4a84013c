"""What staff promise: with an answer, by naming a time, moved while there is time; reminded of, and owned up to."""

from datetime import UTC, datetime, timedelta

import pytest

from actions.staff.access import DeedRefused
from actions.staff.promises import keep_promise
from actions.staff.promising import Promised, answer_and_promise, move_promise
from actions.staff.talking import take
from actions.words.formats import show_moment
from actions.words.moments import coming_moments, moments_named
from store.tables import HandOver, Notification, Promise, Staff
from tests.actions.dialogue import Customer, Shop


@pytest.fixture
def talking(shop: Shop, customer: Customer, alice: Staff) -> Customer:
    """A customer whom Alice talks with."""
    customer.complains("delivery")
    customer.asks_for_a_person()
    shop.does(take, shop.firm, alice, customer.conversation.id)
    return customer


def said(person: Customer) -> list[Promise]:
    return [made for made in person.case.promises if made.kind == "said"]


# --- made with an answer ---------------------------------------------------------------------------------------------


def test_what_is_promised_with_an_answer_is_a_row_and_is_told(shop: Shop, talking: Customer, alice: Staff) -> None:
    due = shop.clock.now + timedelta(hours=30)
    promised = Promised("a photo of the parcel", due)
    shop.does(answer_and_promise, shop.firm, alice, talking.conversation.id, "I'm on it.", None, promised)
    (made,) = said(talking)
    assert (made.text, made.due_at, made.state, made.made_by) == ("a photo of the parcel", due, "open", "alice")
    told = talking.words("promise.given", what="a photo of the parcel", due=shop.firm.local(due))
    assert talking.was_told[-1] == f"I'm on it.\n\n{told}"


def test_a_time_that_the_answer_names_is_promised(shop: Shop, talking: Customer, alice: Staff) -> None:
    due = (shop.firm.local(shop.clock.now) + timedelta(days=1)).replace(hour=18, minute=30, second=0, microsecond=0)
    zh, en = show_moment(due, "zh"), show_moment(due, "en")
    text = {"zh": f"我查一下。最晚{zh}前给您答复。", "en": f"Let me look. By {en}."}
    shop.does(answer_and_promise, shop.firm, alice, talking.conversation.id, text[talking.language])
    (made,) = said(talking)
    assert made.due_at == due and made.text in text[talking.language] and "查" not in made.text


def test_a_promise_whose_time_stands_in_the_text_is_made_once(shop: Shop, talking: Customer, alice: Staff) -> None:
    due = (shop.firm.local(shop.clock.now) + timedelta(days=1)).replace(hour=9, minute=0, second=0, microsecond=0)
    text = f"OK, {show_moment(due, talking.language)}."
    shop.does(answer_and_promise, shop.firm, alice, talking.conversation.id, text, None, Promised("a call", due))
    assert [made.text for made in said(talking)] == ["a call"] and talking.was_told[-1] == text


def test_an_answer_sent_twice_promises_once(shop: Shop, talking: Customer, alice: Staff) -> None:
    promised = Promised("a call", shop.clock.now + timedelta(hours=3))
    for _ in range(2):
        shop.does(answer_and_promise, shop.firm, alice, talking.conversation.id, "Yes.", "form-1", promised)
        shop.clock.advance(seconds=1)
    assert len(said(talking)) == 1


def test_an_answer_without_a_time_promises_nothing(shop: Shop, talking: Customer, alice: Staff) -> None:
    text = "Bought on 11月1日 10:00, Sun 1 Nov, 10:00."
    shop.does(answer_and_promise, shop.firm, alice, talking.conversation.id, text)
    assert said(talking) == []


@pytest.mark.parametrize(
    ("what", "hours", "code"),
    [
        ("  ", 1, "promise_says_nothing"),
        ("x" * 201, 1, "promise_too_long"),
        ("a call", 0, "promise_due_past"),
        ("a call", -1, "promise_due_past"),
        ("a call", 24 * 91, "promise_too_far"),
    ],
)
def test_a_promise_that_nobody_can_hold_is_refused(
    shop: Shop, talking: Customer, alice: Staff, what: str, hours: int, code: str
) -> None:
    promised = Promised(what, shop.clock.now + timedelta(hours=hours))
    told = len(talking.was_told)
    with pytest.raises(DeedRefused, match=code):
        shop.does(answer_and_promise, shop.firm, alice, talking.conversation.id, "Yes.", None, promised)
    assert said(talking) == [] and len(talking.was_told) == told


def test_what_was_said_is_kept_by_saying_so(shop: Shop, talking: Customer, alice: Staff) -> None:
    promised = Promised("a call", shop.clock.now + timedelta(hours=3))
    shop.does(answer_and_promise, shop.firm, alice, talking.conversation.id, "Yes.", None, promised)
    shop.does(keep_promise, shop.firm, alice, said(talking)[0].id)
    assert said(talking)[0].state == "kept"
    assert {"promise": said(talking)[0].public_id, "kept": True} in shop.events("promise_settled")


# --- moved -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def promised(shop: Shop, talking: Customer, alice: Staff) -> Promise:
    due = shop.clock.now + timedelta(hours=3)
    shop.does(answer_and_promise, shop.firm, alice, talking.conversation.id, "Yes.", None, Promised("a call", due))
    return said(talking)[0]


def test_moved_before_its_time_it_is_not_broken_and_the_customer_is_told(
    shop: Shop, talking: Customer, alice: Staff, promised: Promise
) -> None:
    later = promised.due_at + timedelta(hours=5)
    shop.does(move_promise, shop.firm, alice, promised.id, later, "The driver is stuck.")
    first, second = said(talking)
    assert (first.state, second.state, second.due_at, second.follows_id) == ("moved", "open", later, first.id)
    due = shop.firm.local(later)
    assert talking.was_told[-1] == talking.words("promise.moved", what="a call", due=due, reason="The driver is stuck.")
    shop.waits(hours=4)
    # The old time passes without a word, and nothing was counted for it.
    assert not any(talking.words("promise.broken", what="a call") in told for told in talking.was_told)
    assert promised.public_id not in {event["promise"] for event in shop.events("promise_settled")}


def test_after_its_time_nothing_is_moved(shop: Shop, talking: Customer, alice: Staff, promised: Promise) -> None:
    shop.clock.advance(hours=4)
    with pytest.raises(DeedRefused, match="promise_past"):
        shop.does(move_promise, shop.firm, alice, promised.id, shop.clock.now + timedelta(days=1))
    shop.fires_due()
    with pytest.raises(DeedRefused, match="promise_settled"):
        shop.does(move_promise, shop.firm, alice, promised.id, shop.clock.now + timedelta(days=1))


def test_it_moves_only_to_a_later_time_and_not_by_a_novel(
    shop: Shop, talking: Customer, alice: Staff, promised: Promise
) -> None:
    for due, reason, code in (
        (promised.due_at, "", "promise_not_later"),
        (shop.clock.now + timedelta(days=91), "", "promise_too_far"),
        (promised.due_at + timedelta(hours=1), "x" * 301, "promise_reason_too_long"),
    ):
        with pytest.raises(DeedRefused, match=code):
            shop.does(move_promise, shop.firm, alice, promised.id, due, reason)
    answer = next(made for made in talking.case.promises if made.kind == "person_answers")
    with pytest.raises(DeedRefused, match="kept_by_doing"):
        shop.does(move_promise, shop.firm, alice, answer.id, answer.due_at + timedelta(days=1))


def test_moved_twice_at_once_it_moves_once(shop: Shop, talking: Customer, alice: Staff, promised: Promise) -> None:
    later = promised.due_at + timedelta(hours=5)
    shop.does(move_promise, shop.firm, alice, promised.id, later)
    with pytest.raises(DeedRefused, match="promise_settled"):
        shop.does(move_promise, shop.firm, alice, promised.id, later)


# --- reminded of, and broken -----------------------------------------------------------------------------------------


def reminders(shop: Shop) -> list[Notification]:
    return [row for row in shop.all(Notification) if row.kind == "due_soon" and row.details.get("clock") == "promise"]


def test_whoever_has_it_is_reminded_once_before_it_is_due(
    shop: Shop, talking: Customer, alice: Staff, promised: Promise
) -> None:
    shop.waits(hours=2)
    assert reminders(shop) == []
    shop.waits(minutes=20)  # three quarters of three hours have passed
    shop.waits(minutes=10)
    assert [row.staff_id for row in reminders(shop)] == [alice.id]


def test_what_was_done_is_reminded_of_no_more(shop: Shop, talking: Customer, alice: Staff, promised: Promise) -> None:
    shop.does(keep_promise, shop.firm, alice, promised.id)
    shop.waits(hours=3)
    assert reminders(shop) == []


def test_a_broken_promise_is_owned_up_to_once_with_what_comes_next(
    shop: Shop, talking: Customer, alice: Staff, bob: Staff, promised: Promise
) -> None:
    shop.waits(hours=3, minutes=1)
    broken = [told for told in talking.was_told if talking.words("promise.broken", what="a call") in told]
    owed = next(made for made in talking.case.promises if made.follows_id == promised.id)
    assert len(broken) == 1 and (owed.kind, owed.state) == ("person_answers", "open")
    assert talking.words("promise.broken_next", due=shop.firm.local(owed.due_at)) in broken[0]
    assert owed.due_at > shop.clock.now
    assert [row.reason for row in shop.all(HandOver)].count("promise_missed") == 1
    told = [row.staff_id for row in shop.all(Notification) if row.details.get("reason") == "promise_broken"]
    assert sorted(told) == [alice.id, bob.id]
    assert {"promise": promised.public_id, "kept": False} in shop.events("promise_settled")


def test_what_follows_a_broken_promise_is_promised_once_and_then_managers_are_told(
    shop: Shop, talking: Customer, alice: Staff, dora: Staff, promised: Promise
) -> None:
    shop.waits(hours=3, minutes=1)
    shop.waits(hours=5)  # four were promised
    shop.waits(days=2)
    told = sum(talking.words("promise.broken", what="a call") in one for one in talking.was_told)
    assert told == 1
    chain = [made for made in talking.case.promises if made.follows_id is not None]
    assert [made.state for made in chain] == ["broken"]
    assert dora.id in [row.staff_id for row in shop.all(Notification) if row.details.get("reason") == "promise_broken"]


def test_a_person_who_answers_keeps_what_followed(
    shop: Shop, talking: Customer, alice: Staff, promised: Promise
) -> None:
    shop.waits(hours=3, minutes=1)
    shop.does(answer_and_promise, shop.firm, alice, talking.conversation.id, "I am sorry, here it is.")
    owed = next(made for made in talking.case.promises if made.follows_id == promised.id)
    assert owed.state == "kept"


# --- moments in texts ------------------------------------------------------------------------------------------------

NOON = datetime(2026, 12, 30, 4, tzinfo=UTC)  # Wednesday, noon in Shanghai


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    ("days", "hour", "minute"), [(0, 18, 30), (1, 0, 0), (2, 9, 5), (30, 23, 59), (-20, 8, 0), (0, 0, 0)]
)
def test_a_moment_as_it_is_shown_is_read_as_it_was(
    shop: Shop, language: str, days: int, hour: int, minute: int
) -> None:
    meant = (shop.firm.local(NOON) + timedelta(days=days)).replace(hour=hour, minute=minute, second=0)
    text = {"zh": f"最晚{show_moment(meant, 'zh')}前。", "en": f"by {show_moment(meant, 'en')} at the latest"}[language]
    assert moments_named(text, NOON, shop.firm.zone) == [meant]


@pytest.mark.parametrize(
    "text", ["2月30日 10:00", "13月1日 10:00", "Mon 31 Feb, 10:00", "12月30日 25:00", "at 18:30", ""]
)
def test_what_is_no_moment_is_none(shop: Shop, text: str) -> None:
    assert moments_named(text, NOON, shop.firm.zone) == []


def test_each_sentence_with_a_coming_moment_stands_for_itself(shop: Shop) -> None:
    text = "Placed Tue 1 Dec, 10:00. We call by Thu 31 Dec, 18:00. It is with you by the end of Sat 2 Jan."
    assert [sentence for sentence, _ in coming_moments(text, NOON, shop.firm.zone)] == [
        "We call by Thu 31 Dec, 18:00.",
        "It is with you by the end of Sat 2 Jan.",
    ]
