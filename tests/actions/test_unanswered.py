"""Nobody answers: one reminder, then the case is closed, and a word opens it again."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from actions.due import fire
from actions.staff.talking import give_back, take
from actions.timers import TimerKind
from recovery.case_states import CaseState
from store.tables import CaseClock, CaseTransition, Message, Staff, Timer
from tests.actions.dialogue import Customer, Shop


def told(shop: Shop) -> list[str]:
    """What the service said by itself, answering no message."""
    return [row.text for row in shop.all(Message) if row.direction == "out" and row.inbox_id is None]


@pytest.fixture
def offered(shop: Shop, customer: Customer) -> Customer:
    """They complained about an order of theirs, and were offered something."""
    order = shop.sells("202611120007", 30000, customer.address.public)
    customer.complains("delivery", order_number=order)
    assert customer.case.state == CaseState.OFFERED
    return customer


def test_an_offer_that_nobody_answers_is_reminded_of_once_with_its_choices(shop: Shop, offered: Customer) -> None:
    shop.waits(hours=23)
    assert told(shop) == []
    shop.waits(hours=1)
    (reminder,) = told(shop)
    assert offered.case.number in reminder
    assert "1. " in reminder
    message = next(row for row in shop.all(Message) if row.text == reminder)
    assert [button["payload"] for button in message.buttons][:2] == ["1", "2"]
    shop.waits(days=2)
    assert len(told(shop)) == 1
    assert offered.case.state == CaseState.OFFERED


def test_the_reminder_can_be_answered(shop: Shop, offered: Customer) -> None:
    shop.waits(hours=24)
    offered.chooses(1)
    assert offered.case.state in (CaseState.REMEDYING, CaseState.RESOLVED)
    shop.waits(hours=20)
    assert len([row for row in shop.all(CaseTransition) if row.reason == "unanswered"]) == 0


def test_after_the_reminder_the_case_is_closed_and_nothing_of_it_stands_on(shop: Shop, offered: Customer) -> None:
    shop.waits(hours=24)
    shop.waits(days=3)
    assert offered.case.state == CaseState.CLOSED
    assert {offer.state for offer in offered.case.offers} == {"superseded"}
    assert offered.awaited is None
    assert {clock.state for clock in shop.all(CaseClock)} == {"stopped"}
    assert len(told(shop)) == 2
    assert offered.case.number in told(shop)[-1]
    (closed,) = [row for row in shop.all(CaseTransition) if row.transition == "close"]
    assert (closed.by, closed.reason) == ("timer", "unanswered")
    shop.waits(days=30)
    assert len(told(shop)) == 2  # no survey, no word more


@pytest.mark.parametrize("word", ["number", "yes", "hello", "status", "mumble"])
def test_any_word_opens_it_again_and_what_comes_next_is_put(shop: Shop, offered: Customer, word: str) -> None:
    shop.waits(hours=24)
    shop.waits(days=3)
    says = {
        "number": lambda: offered.chooses(1),
        "yes": offered.says_yes,
        "hello": offered.greets,
        "status": offered.asks_for_status,
        "mumble": offered.mumbles,
    }[word]
    answer = says()
    assert offered.case.state == CaseState.OFFERED
    assert offered.case.number in answer
    assert "1. " in answer
    assert offered.case.remedies == []
    # Silence begins anew.
    shop.waits(hours=24)
    assert len(told(shop)) == 3


def test_a_wish_a_fact_and_a_person_go_on_with_it(shop: Shop, offered: Customer) -> None:
    shop.waits(hours=24)
    shop.waits(days=3)
    offered.wishes("代金券", "voucher")
    assert offered.case.state == CaseState.OFFERED
    shop.waits(hours=24)
    shop.waits(days=3)
    offered.asks_for_a_person()
    assert offered.case.state == CaseState.WITH_STAFF


def test_after_the_window_it_stays_closed(shop: Shop, offered: Customer) -> None:
    shop.waits(hours=24)
    shop.waits(days=3)
    shop.clock.advance(seconds=shop.firm.file.reopen_window.total_seconds() + 1)
    offered.says_yes()
    assert offered.case.state == CaseState.CLOSED


def test_thanks_or_a_no_leave_it_closed(shop: Shop, offered: Customer) -> None:
    shop.waits(hours=24)
    shop.waits(days=3)
    offered.says_no()
    offered.writes("action_answer_thanks", "谢谢")
    assert offered.case.state == CaseState.CLOSED


def test_a_word_in_between_puts_the_reminder_off_and_the_closing_too(shop: Shop, offered: Customer) -> None:
    shop.waits(hours=4)
    offered.greets()
    shop.waits(hours=23)
    assert told(shop) == []
    shop.waits(hours=2)
    assert len(told(shop)) == 1
    shop.waits(days=2)
    offered.greets()
    shop.waits(hours=23)
    assert offered.case.state == CaseState.OFFERED
    shop.waits(days=2)
    assert offered.case.state == CaseState.OFFERED  # reminded anew, and asked for the full time again
    shop.waits(days=3)
    assert offered.case.state == CaseState.CLOSED


@pytest.mark.parametrize("question", ["order_number", "happening", "order_proof"])
def test_a_question_is_reminded_of_as_well(shop: Shop, customer: Customer, question: str) -> None:
    if question == "order_proof":
        customer.complains("delivery", order_number=shop.sells("202611120007", 30000, phone_last4="1234"))
    else:
        customer.complains("delivery" if question == "order_number" else "other")
    assert customer.awaited == question
    shop.waits(hours=24)
    (reminder,) = told(shop)
    assert shop.firm.words.render(customer.language, f"remind.{question}") in reminder
    shop.waits(days=3)
    assert customer.case.state == CaseState.CLOSED


def test_while_a_person_has_it_nothing_is_reminded_of(shop: Shop, offered: Customer, alice: Staff) -> None:
    shop.does(take, shop.firm, alice, offered.conversation.id)
    before = len(told(shop))
    shop.waits(hours=24)
    shop.waits(days=4)
    assert offered.case.state == CaseState.WITH_STAFF
    assert not [text for text in told(shop)[before:] if offered.case.number in text]


def test_who_was_given_back_is_not_reminded_of_what_was_asked_before(
    shop: Shop, offered: Customer, alice: Staff
) -> None:
    shop.does(take, shop.firm, alice, offered.conversation.id)
    shop.does(give_back, shop.firm, alice, offered.conversation.id)
    before = len(told(shop))
    shop.waits(hours=24)
    shop.waits(days=4)
    assert len(told(shop)) == before


def test_two_workers_remind_once(shop: Shop, offered: Customer) -> None:
    shop.clock.advance(hours=24)
    with shop.database.reading() as work:
        timer = work.session.scalars(select(Timer.id).where(Timer.kind == TimerKind.UNANSWERED)).one()
    for _ in range(2):
        fire(shop.database, shop.firm, shop.connectors, timer)
    assert len(told(shop)) == 1


def test_nobody_is_written_to_at_night(shop: Shop, offered: Customer) -> None:
    quiet = shop.firm.notifications.quiet_hours
    if quiet is None:
        pytest.skip("the firm keeps no quiet hours")
    night = shop.firm.local(shop.clock.now).replace(hour=23, minute=30) + timedelta(days=2)
    shop.clock.advance(seconds=(night - shop.clock.now).total_seconds())
    shop.fires_due()
    assert told(shop) == []
    shop.waits(hours=10)
    assert len(told(shop)) == 1
