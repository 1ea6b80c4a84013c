"""Handing over to a person, asked or unasked (GB/T 47746-2026 as told in the standard's public summary)."""

from datetime import timedelta

import pytest

from recovery.case_states import CaseState
from store.tables import Case, HandOver
from tests.actions.dialogue import Customer, Shop

ORDER = "202611120007"


# --- asked -----------------------------------------------------------------------------------------------------------


def test_who_asks_for_a_person_without_a_complaint_gets_one_and_no_case(shop: Shop, customer: Customer) -> None:
    answer = customer.asks_for_a_person()
    assert answer.startswith(customer.words("hand_over.asked"))
    assert (customer.control, customer.cases) == ("queued", [])
    assert [h.reason for h in shop.all(HandOver)] == ["asked"]
    # By the calmest clock: four hours (service_levels.yml), 14:00 in Shanghai.
    assert "14:00" in answer


def test_who_asks_for_a_person_with_a_complaint_gets_a_case_and_the_person(customer: Customer) -> None:
    answer = customer.asks_for_a_person("delivery", emotion=1)
    assert customer.case.number in answer and customer.words("hand_over.asked") in answer
    assert (customer.control, customer.case.state) == ("queued", CaseState.WITH_STAFF)
    assert customer.words("ask.order") not in answer


def test_the_person_comes_even_where_only_the_intent_says_so(customer: Customer) -> None:
    answer = customer.asks_for_a_person("delivery", reason=None)
    assert customer.control == "queued" and customer.reasons == ["asked"]
    assert customer.words("ask.order") not in answer


def test_who_wants_no_machine_is_taken_at_their_word(customer: Customer) -> None:
    assert customer.words("hand_over.refuses_machine") in customer.asks_for_a_person(reason="refuses_machine")


def test_the_open_case_goes_along(customer: Customer) -> None:
    customer.complains("delivery")
    customer.asks_for_a_person()
    assert customer.reasons == ["asked"] and customer.case.state == CaseState.WITH_STAFF


def test_a_settled_case_stays_settled(shop: Shop, wang: Customer) -> None:
    shop.sells(ORDER, total=30000, to=wang.address.public)
    wang.complains("delivery", order_number=ORDER)
    wang.chooses(1)
    wang.asks_for_a_person()
    assert wang.control == "queued" and wang.case.state == CaseState.RESOLVED


@pytest.mark.parametrize("deed", ["insults", "mumbles"])
def test_no_hand_over_alone_opens_a_settled_case_again(shop: Shop, wang: Customer, deed: str) -> None:
    shop.sells(ORDER, total=30000, to=wang.address.public)
    wang.complains("delivery", order_number=ORDER)
    wang.chooses(1)
    for _ in range(3):
        getattr(wang, deed)()
    assert wang.control == "queued" and wang.case.state == CaseState.RESOLVED


def test_while_an_approval_waits_asking_with_a_complaint_brings_the_person_too(shop: Shop, wang: Customer) -> None:
    shop.sells(ORDER, total=60000, to=wang.address.public)
    wang.complains("product_quality", order_number=ORDER)
    wang.chooses(1)
    wang.asks_for_a_person("service_delay")
    assert wang.control == "queued" and wang.case.state == CaseState.AWAITING_APPROVAL


def test_the_bot_is_silent_from_then_on(customer: Customer) -> None:
    customer.asks_for_a_person()
    told = len(customer.was_told)
    assert customer.complains("delivery") == "" and customer.asks_for_status() == ""
    assert len(customer.was_told) == told


def test_the_place_in_line_is_told(shop: Shop) -> None:
    answers = [Customer(shop, name, "en").asks_for_a_person() for name in ("ann", "ben", "cat")]
    assert "ahead of you" not in answers[0]
    assert "There is one person ahead of you" in answers[1] and "There are 2 people ahead of you" in answers[2]


def test_danger_is_taken_first_and_is_told_so(shop: Shop) -> None:
    for name in ("ann", "ben"):
        Customer(shop, name, "en").asks_for_a_person()
    danger, another, after = (Customer(shop, name, "en") for name in ("cat", "dan", "eve"))
    assert "ahead of you" not in danger.complains("safety")
    assert "There is one person ahead of you" in another.complains("privacy_security")
    assert "There are 4 people ahead of you" in after.asks_for_a_person()


# --- unasked ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("category", "reason"), [("safety", "safety"), ("privacy_security", "account_security")])
def test_danger_to_people_or_data_is_a_persons_at_once(customer: Customer, category: str, reason: str) -> None:
    customer.shop.clock.advance(minutes=1)
    heard_at = customer.shop.clock.now
    answer = customer.complains(category)
    case = customer.case
    assert (customer.control, customer.reasons, case.severity) == ("queued", [reason], "critical")
    assert customer.words(f"hand_over.{reason}") in answer and case.number in answer
    (promise,) = case.promises
    assert promise.due_at == heard_at + timedelta(minutes=10)  # service_levels.yml: critical


def test_a_risk_to_safety_in_another_failure_is_a_persons_too(customer: Customer) -> None:
    customer.complains("product_quality", risk=["safety"])
    assert customer.reasons == ["safety"]


def test_danger_told_in_passing_is_a_complaint_first(customer: Customer) -> None:
    customer.writes("action_record_fact", "订单 1 里有玻璃渣", categories=["safety"], hand_over="safety")
    assert customer.reasons == ["safety"] and customer.case.categories == ["safety"]


def test_danger_said_while_an_approval_waits_is_a_persons_at_once(shop: Shop, wang: Customer) -> None:
    shop.sells(ORDER, total=60000, to=wang.address.public)
    wang.complains("product_quality", order_number=ORDER)
    wang.chooses(1)
    wang.complains("safety", text="插座冒烟了", hand_over="safety")
    assert wang.control == "queued"


@pytest.mark.parametrize("reason", ["minor", "elder"])
def test_children_and_elders_get_a_person(customer: Customer, reason: str) -> None:
    customer.writes("action_greet", "我今年八十了", hand_over=reason)
    assert customer.control == "queued" and [h.reason for h in customer.shop.all(HandOver)] == [reason]


def test_strong_feeling_is_confirmed_and_yes_brings_a_person(customer: Customer) -> None:
    answer = customer.complains("delivery", emotion=3)
    assert customer.words("ask.confirm_person") in answer and customer.words("ask.order") not in answer
    assert customer.control == "bot"
    assert customer.words("hand_over.strong_feeling") in customer.says_yes()
    assert (customer.control, customer.reasons) == ("queued", ["strong_feeling"])


def test_strong_feeling_is_confirmed_and_no_goes_on(customer: Customer) -> None:
    customer.complains("delivery", emotion=3)
    answer = customer.says_no()
    assert customer.words("person.declined") in answer and customer.words("ask.order") in answer
    assert customer.words("ask.confirm_person") not in customer.complains("delivery", emotion=3)
    assert customer.control == "bot"


def test_fury_over_an_offer_is_confirmed_and_no_brings_fitting_choices(shop: Shop, wang: Customer) -> None:
    shop.sells(ORDER, total=30000, to=wang.address.public)
    wang.complains("delivery", order_number=ORDER)
    assert wang.words("ask.confirm_person") in wang.complains("delivery", emotion=3)
    # What was offered is taken back: a number now chooses nothing, and the question is put again.
    assert wang.words("ask.confirm_person") in wang.chooses(1)
    assert "1. " in wang.says_no() and len(wang.choices) == 3


def test_three_unclear_messages_in_a_row_bring_a_person(customer: Customer) -> None:
    assert customer.words("unclear.sorry") in customer.mumbles()
    assert customer.words("unclear.again") in customer.mumbles()
    assert customer.words("hand_over.not_understood") in customer.mumbles()
    assert customer.control == "queued"


def test_a_clear_message_between_starts_the_count_anew(customer: Customer) -> None:
    customer.mumbles()
    customer.mumbles()
    customer.greets()
    customer.mumbles()
    assert customer.control == "bot"


def test_abuse_is_warned_once_then_a_persons(customer: Customer) -> None:
    assert customer.words("abuse.warning") in customer.insults()
    assert customer.control == "bot"
    assert customer.words("hand_over.abuse") in customer.insults()
    assert customer.control == "queued"


def test_three_complaints_in_a_day_bring_a_person(shop: Shop, customer: Customer) -> None:
    for number in ("1001", "1002"):
        customer.complains("delivery", order_number=number)
        customer.shop.clock.advance(hours=1)
    assert customer.control == "bot"
    answer = customer.complains("delivery", order_number="1003")
    assert customer.control == "queued"
    assert [h.reason for h in shop.all(HandOver)] == ["repeated_contact"]
    assert customer.cases[-1].number in answer


def test_three_complaints_in_three_days_do_not(customer: Customer) -> None:
    for number in ("1001", "1002", "1003"):
        customer.complains("delivery", order_number=number)
        customer.shop.clock.advance(hours=25)
    assert customer.control == "bot"


def test_declining_all_that_the_rules_allow_brings_a_person(shop: Shop, customer: Customer) -> None:
    shop.sells(ORDER, total=30000, to=customer.address.public)
    customer.complains("delivery", order_number=ORDER)
    assert customer.words("ask.wish") in customer.says_no()
    assert customer.awaited == "wish"
    customer.complains("delivery", text="反正你们要负责")
    # What would not do is not put a second time: everything was offered in full.
    assert (customer.control, customer.reasons) == ("queued", ["offers_declined"])
    assert shop.events("offer_answered") == [{"accepted": False, "round": 1}]


def test_a_no_to_what_they_wish_brings_a_person(shop: Shop, customer: Customer) -> None:
    shop.sells(ORDER, total=30000, to=customer.address.public)
    customer.complains("delivery", order_number=ORDER)
    customer.says_no()
    customer.says_no()
    assert customer.reasons == ["offers_declined"]


def test_a_wish_that_is_not_on_offer_is_kept_for_the_person(shop: Shop, customer: Customer) -> None:
    shop.sells(ORDER, total=30000, to=customer.address.public)
    customer.complains("delivery", order_number=ORDER)
    answer = customer.wishes("我要你们老板上门道歉")
    assert customer.words("hand_over.above_authority") in answer
    assert (customer.control, customer.reasons) == ("queued", ["above_authority"])
    case = customer.case
    assert case.wished_remedy == "我要你们老板上门道歉"
    assert {fact.key: fact.value for fact in case.facts}["wish"] == "我要你们老板上门道歉"
    assert customer.choices == []


def test_a_wish_that_is_on_offer_is_a_choice(shop: Shop, wang: Customer) -> None:
    shop.sells(ORDER, total=30000, to=wang.address.public)
    wang.complains("delivery", order_number=ORDER)
    wang.wishes("退点钱给我吧", "refund")
    assert wang.case.state == CaseState.RESOLVED and wang.case.remedies[0].kind == "refund"


@pytest.mark.parametrize("action", ["action_record_wish", "action_catch_all"])
def test_the_wish_asked_for_is_kept_in_the_customers_words(shop: Shop, wang: Customer, action: str) -> None:
    shop.sells(ORDER, total=30000, to=wang.address.public)
    wang.complains("delivery", order_number=ORDER)
    wang.says_no()
    wang.writes(action, "让送货的那个人来道歉")
    assert wang.case.wished_remedy == "让送货的那个人来道歉"
    assert wang.reasons == ["above_authority"]


def test_an_order_in_another_currency_gets_no_money_from_the_bot(shop: Shop, wang: Customer) -> None:
    shop.sells(ORDER, total=30000, to=wang.address.public, currency="USD")
    wang.complains("product_quality", order_number=ORDER)
    # Limits are in yuan; what was paid in another currency is not for the bot to pay back.
    assert [offer.remedies[0]["kind"] for offer in wang.choices] == ["call_back"]


# --- what is said of it ----------------------------------------------------------------------------------------------


def test_every_complaints_first_answer_shows_the_way_to_a_person(shop: Shop, customer: Customer) -> None:
    introduction = customer.words("machine.introduction")
    way = customer.words("machine.way_to_person")
    assert introduction.endswith(way)
    assert introduction in customer.greets()
    assert way not in customer.asks_for_status()
    assert way in customer.complains("delivery", order_number="1001")
    assert way not in customer.says_no()
    assert way in customer.complains("delivery", order_number="1002")


def test_who_gets_a_person_is_not_told_how_to_get_one(customer: Customer) -> None:
    assert customer.words("machine.introduction") not in customer.asks_for_a_person("delivery")


@pytest.mark.parametrize(
    "action",
    [
        "action_greet",
        "action_say_goodbye",
        "action_answer_thanks",
        "action_answer_praise",
        "action_answer_question",
        "action_introduce",
        "action_answer_chitchat",
        "action_ignore_spam",
        "action_case_status",
        "action_withdraw",
        "action_affirm",
        "action_deny",
        "action_record_rating",
        "action_accept_offer",
    ],
)
def test_what_is_no_complaint_is_answered_and_makes_no_case(shop: Shop, customer: Customer, action: str) -> None:
    assert customer.writes(action, "…").strip()
    assert shop.all(Case) == [] and customer.control == "bot"


def test_small_talk_comes_back_to_the_open_question(shop: Shop, customer: Customer) -> None:
    shop.sells(ORDER, total=30000, to=customer.address.public)
    customer.complains("delivery")
    assert customer.words("remind.order_number") in customer.greets()
    customer.gives_order(ORDER)
    assert customer.words("offer.waiting") in customer.writes("action_answer_chitchat", "今天天气不错")
