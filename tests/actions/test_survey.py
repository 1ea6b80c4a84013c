"""The survey after a remedy: when it is asked, what its answers lead to, and that a "no" is respected at once."""

from datetime import timedelta

import pytest

from actions.due import NotNow, fire
from actions.promises import promise
from actions.staff.talking import answer, close, take
from recovery.case_states import CaseState
from recovery.follow_up import Fairness
from store.tables import Case, Conversation, Rating, Staff, Timer
from tests.actions.dialogue import Customer, Shop

ORDER = "202611120007"
QUESTIONS = [f"fairness_{one}" for one in Fairness]


@pytest.fixture
def paid(shop: Shop, customer: Customer) -> Customer:
    """A customer whose late parcel was made good by a refund."""
    shop.sells(ORDER, total=30000, to=customer.address.public)
    customer.complains("delivery", order_number=ORDER)
    customer.chooses(1)
    assert customer.case.state == CaseState.RESOLVED
    return customer


@pytest.fixture
def asked(shop: Shop, paid: Customer) -> Customer:
    """The same, a day later."""
    shop.waits(hours=25)
    assert paid.awaited == "rating"
    return paid


def scores(person: Customer) -> list[tuple[int, int | None, int | None, int | None]]:
    return [(r.score, r.outcome, r.procedure, r.interaction) for r in person.case.ratings]


def skips(person: Customer) -> str:
    return person.writes("action_deny", person.words("button.skip"), skips=True)


# --- when it is asked ------------------------------------------------------------------------------------------------


def test_nothing_is_asked_before_what_was_promised_is_due(shop: Shop, paid: Customer) -> None:
    """domain.md section 3.7: after the remedy is due."""

    def promise_something(work, due):  # type: ignore[no-untyped-def]
        case = work.session.get_one(Case, paid.case.id)
        conversation = work.session.get_one(Conversation, case.conversation_id)
        return promise(work, conversation, case, "gift", "a small gift", due)

    due = shop.clock.now + timedelta(days=9)
    made = shop.does(promise_something, due)

    def keep(work):  # type: ignore[no-untyped-def]
        work.session.get_one(type(made), made.id).state = "kept"

    ask = paid.words("rating.ask", number=paid.case.number)
    shop.waits(days=8)
    # Not closed over what is still owed, either.
    assert ask not in paid.was_told and paid.case.state == CaseState.RESOLVED
    shop.does(keep)
    shop.waits(days=1, hours=20)
    assert ask not in paid.was_told
    shop.waits(hours=6)
    assert paid.was_told.count(ask) == 1


def test_while_something_promised_is_open_nothing_is_asked(shop: Shop, paid: Customer, alice: Staff) -> None:
    def promise_something(work):  # type: ignore[no-untyped-def]
        case = work.session.get_one(Case, paid.case.id)
        conversation = work.session.get_one(Conversation, case.conversation_id)
        promise(work, conversation, case, "gift", "a small gift", work.now + timedelta(days=2))

    shop.does(promise_something)
    shop.waits(days=3, hours=1)
    # It was broken, a person took over, and nobody asks how content they are.
    assert paid.control == "queued"
    assert paid.words("rating.ask", number=paid.case.number) not in paid.was_told


def test_while_a_person_has_the_conversation_the_survey_waits(shop: Shop, paid: Customer, bob: Staff) -> None:
    ask = paid.words("rating.ask", number=paid.case.number)
    shop.does(take, shop.firm, bob, paid.conversation.id)
    shop.waits(hours=30)
    assert ask not in paid.was_told
    shop.does(answer, shop.firm, bob, paid.conversation.id, "Here I am.")
    shop.does(close, shop.firm, bob, paid.conversation.id, valid=True, service_step="delivery")
    shop.waits(hours=2)
    assert paid.was_told.count(ask) == 1


def test_the_timer_firing_twice_asks_once(shop: Shop, paid: Customer) -> None:
    shop.clock.advance(hours=25)
    (timer,) = [t for t in shop.all(Timer) if t.kind == "follow_up"]
    for _ in range(2):
        fire(shop.database, shop.firm, shop.connectors, timer.id)
    assert paid.was_told.count(paid.words("rating.ask", number=paid.case.number)) == 1


def test_a_rating_that_comes_as_the_survey_is_sent_is_not_asked_for_again(shop: Shop, paid: Customer) -> None:
    shop.clock.advance(hours=25)
    inbox = paid.types("5分")
    (timer,) = [t for t in shop.all(Timer) if t.kind == "follow_up"]
    with pytest.raises(NotNow):
        fire(shop.database, shop.firm, shop.connectors, timer.id)
    paid.is_answered(inbox, "action_record_rating", rating=5)
    shop.fires_due()
    assert paid.words("rating.ask", number=paid.case.number) not in paid.was_told
    assert [(r.score, r.asked) for r in paid.case.ratings] == [(5, False)]


def test_the_survey_can_be_answered_by_its_buttons(asked: Customer) -> None:
    titles = [button["title"] for button in asked.buttons]
    assert titles == ["1", "2", "3", "4", "5", asked.words("button.no_rating")]
    asked.rates(5)
    assert [button["title"] for button in asked.buttons] == ["1", "2", "3", "4", "5", asked.words("button.skip")]


# --- the questions about fairness (S0, S2) ---------------------------------------------------------------------------


def test_after_a_good_rating_three_questions_come_one_at_a_time(shop: Shop, asked: Customer) -> None:
    told = asked.rates(5)
    for question, score in zip(Fairness, (5, 4, 2), strict=True):
        assert asked.words(f"fairness.{question}") in told and asked.awaited == f"fairness_{question}"
        told = asked.rates(score)
    assert asked.words("rating.all_answered") in told and asked.awaited is None
    assert scores(asked) == [(5, 5, 4, 2)] and [r.asked for r in asked.case.ratings] == [True]
    last = shop.events("case_rated")[-1]
    assert (last["score"], last["outcome"], last["procedure"], last["interaction"]) == (5, 5, 4, 2)
    # A low answer about fairness opens nothing again: the rating was high.
    assert asked.case.state == CaseState.RESOLVED and asked.control == "bot"


def test_each_question_may_be_left_out(asked: Customer) -> None:
    asked.rates(5)
    assert asked.words("fairness.procedure") in skips(asked)
    asked.rates(3)
    assert asked.words("rating.all_answered") in skips(asked)
    assert scores(asked) == [(5, None, 3, None)]


@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_no_ends_the_questions_at_once(shop: Shop, asked: Customer, after: int) -> None:
    asked.rates(5)
    for _ in range(after):
        asked.rates(4)
    assert asked.says_no() == asked.words("rating.refused")
    assert asked.awaited is None and asked.case.follow_up_refused_at is not None
    shop.waits(days=3)
    assert asked.was_told[-1] == asked.words("rating.refused")


def test_a_no_is_noted_and_the_customer_never_asked_again_for_that_case(
    shop: Shop, asked: Customer, bob: Staff
) -> None:
    assert asked.says_no() == asked.words("rating.refused")
    assert asked.case.follow_up_refused_at is not None and asked.case.ratings == []
    # The case is opened and settled once more: still no second question.
    asked.complains("delivery", text="还是没到")
    asked.asks_for_a_person()
    shop.does(take, shop.firm, bob, asked.conversation.id)
    shop.does(answer, shop.firm, bob, asked.conversation.id, "It is at your door.")
    shop.does(close, shop.firm, bob, asked.conversation.id, valid=True, service_step="delivery")
    shop.waits(days=3)
    assert asked.was_told.count(asked.words("rating.ask", number=asked.case.number)) == 1


def test_who_gives_a_four_is_asked_at_the_end_what_was_missing(asked: Customer) -> None:
    """S3: 4 is not 5, and the share of fives is the aim."""
    asked.rates(4)
    for _ in Fairness:
        told = asked.rates(4)
    assert asked.words("rating.missing_for_best") in told and asked.awaited == "missing"
    told = asked.writes("action_catch_all", "再快一点就好了")
    assert asked.words("rating.all_answered") in told and asked.awaited is None
    assert {fact.key: fact.value for fact in asked.case.facts}["missing"] == "再快一点就好了"


def test_a_complaint_in_the_middle_is_heard_first(asked: Customer) -> None:
    asked.rates(5)
    told = asked.complains("billing_price", order_number="202611120099", text="另一单多收了我钱")
    assert len(asked.cases) == 2 and asked.cases[1].number in told
    assert asked.awaited not in QUESTIONS


def test_a_tap_on_the_same_score_twice_answers_one_question(shop: Shop, asked: Customer) -> None:
    first, second = asked.types("5"), asked.types("5")
    asked.is_answered(first, "action_record_rating", rating=5)
    # The second was written before the question about fairness was put (protocol, line 5).
    assert asked.is_answered(second, "action_accept_offer", choice=5) == asked.words("choice.answered")
    assert scores(asked) == [(5, None, None, None)] and asked.awaited == "fairness_outcome"


def test_a_double_tap_on_the_last_answer_changes_nothing(asked: Customer) -> None:
    asked.rates(5)
    asked.rates(5)
    asked.rates(5)
    first, second = asked.types("4"), asked.types("4")
    asked.is_answered(first, "action_record_rating", rating=4)
    assert asked.is_answered(second, "action_accept_offer", choice=4) == asked.words("choice.answered")
    assert scores(asked) == [(5, 5, 5, 4)]


def test_a_double_tap_on_a_low_score_brings_one_person(asked: Customer) -> None:
    first, second = asked.types("1"), asked.types("1")
    asked.is_answered(first, "action_record_rating", rating=1)
    assert asked.control == "queued"
    assert len(asked.case.ratings) == 1 and asked.reasons == ["low_rating"]
    del second  # the person's to read


# --- three: what was missing -----------------------------------------------------------------------------------------


def test_a_three_is_asked_what_was_missing_and_the_case_stays_settled(shop: Shop, asked: Customer) -> None:
    told = asked.rates(3)
    assert asked.words("rating.middling", number=asked.case.number) in told and asked.awaited == "missing"
    told = asked.complains("service_delay", text="等回电等了太久", emotion=1)
    assert asked.words("rating.comment_noted") in told
    case = asked.case
    assert case.state == CaseState.RESOLVED and {f.key: f.value for f in case.facts}["missing"] == "等回电等了太久"
    assert len(shop.events("case_reopened")) == 0
    # Then the three questions: whoever was half content tells most.
    assert asked.awaited == "fairness_outcome"


def test_a_furious_answer_to_what_was_missing_is_a_complaint(asked: Customer) -> None:
    asked.rates(3)
    asked.complains("delivery", text="东西到现在都没到，你们就是骗子", emotion=3)
    assert asked.case.state != CaseState.RESOLVED


def test_who_does_not_want_to_say_what_was_missing_is_left_alone(asked: Customer) -> None:
    asked.rates(3)
    assert asked.says_no() == asked.words("rating.refused")
    assert asked.awaited is None and scores(asked) == [(3, None, None, None)]


# --- ratings that nobody asked for -----------------------------------------------------------------------------------


def test_a_rating_is_taken_while_the_case_is_open_and_pushes_no_question_aside(shop: Shop, customer: Customer) -> None:
    customer.complains("delivery")
    assert customer.awaited == "order_number"
    told = customer.rates(4)
    assert customer.words("rating.noted", number=customer.case.number) in told
    assert customer.awaited == "order_number"
    assert [(r.score, r.asked) for r in customer.case.ratings] == [(4, False)]


def test_a_low_rating_while_the_case_is_open_brings_a_person(customer: Customer) -> None:
    customer.complains("delivery")
    told = customer.rates(1)
    assert customer.words("rating.low_unsettled", number=customer.case.number) in told
    assert customer.reasons == ["low_rating"] and customer.control == "queued"


def test_a_rating_after_closing_counts_for_a_month(shop: Shop, paid: Customer) -> None:
    paid_case = paid.case.id
    shop.waits(days=8)
    shop.waits(days=20)
    assert paid.case.state == CaseState.CLOSED
    paid.rates(5)
    assert [rating.case_id for rating in shop.all(Rating)] == [paid_case]


def test_a_low_rating_after_closing_opens_the_case_again(shop: Shop, paid: Customer) -> None:
    shop.waits(days=20)
    paid.rates(1)
    assert paid.case.state == CaseState.WITH_STAFF and paid.reasons == ["low_rating"]


def test_a_rating_months_later_is_thanked_for_and_rates_nothing(shop: Shop, paid: Customer) -> None:
    shop.waits(hours=25)
    paid.says_no()
    shop.waits(days=8)
    shop.waits(days=31)
    assert paid.words("rating.thanks_without_case") in paid.rates(5)
    assert paid.case.ratings == []
    assert paid.words("ask.happening") in paid.rates(1)


def test_a_rating_given_late_goes_to_the_case_that_was_asked_about(shop: Shop, asked: Customer) -> None:
    first = asked.case.id
    asked.complains("billing_price", order_number="202611120099", text="另一单多收了我钱")
    asked.writes("action_record_rating", "刚才那单给4分", rating=4)
    assert [(r.case_id, r.score, r.asked) for r in shop.all(Rating)] == [(first, 4, True)]


def test_a_rating_that_names_its_case_goes_there(shop: Shop, asked: Customer) -> None:
    first = asked.case
    asked.complains("billing_price", order_number="202611120099", text="另一单多收了我钱")
    second = asked.cases[1]
    asked.writes("action_record_rating", f"{second.number} 给4分", rating=4)
    assert [(r.case_id, r.score) for r in shop.all(Rating)] == [(second.id, 4)] and first.id != second.id


def test_a_later_word_corrects_the_score_and_asks_nothing_anew(asked: Customer) -> None:
    asked.rates(4)
    asked.rates(4)  # outcome
    asked.says_no()
    told = asked.writes("action_record_rating", "还是给5分吧", rating=5)
    assert scores(asked) == [(5, 4, None, None)]
    assert not any(asked.words(f"fairness.{one}") in told for one in Fairness)
