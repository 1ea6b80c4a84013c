"""From the complaint to the remedy: asked only what is missing, offered, chosen, carried out once."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from actions.due import fire
from recovery.case_states import CaseState
from store.database import UnitOfWork
from store.tables import Customer as CustomerRow
from store.tables import RefundEntry, Timer, Voucher
from tests.actions.dialogue import Customer, Shop

ORDER = "202611120007"


def belongs_to(customer: Customer) -> str:
    return customer.address.public


# --- the straight way ------------------------------------------------------------------------------------------------


def test_a_complaint_gets_its_number_an_apology_and_one_question(customer: Customer) -> None:
    answer = customer.complains("delivery")
    case = customer.case
    assert case.number in answer
    assert customer.words("feeling.level_1") in answer and customer.words("failure.delivery") in answer
    assert sum(c in "?\uff1f" for c in answer) == 1 and customer.words("ask.order") in answer
    assert customer.awaited == "order_number"
    assert (case.state, case.department, case.service_step) == (CaseState.OPEN, "logistics", "delivery")


def test_a_late_parcel_is_refunded_a_fifth_once_with_a_reference(both: Shop, language: str) -> None:
    shop, customer = both, Customer(both, "mary", language)
    shop.sells(ORDER, total=30000, to=belongs_to(customer))
    customer.complains("delivery")
    offer = customer.gives_order(ORDER)
    # remedies.yml for delivery: 20 % back, or 30 % as a voucher with an apology, or a call back.
    money = ("60元", "90元") if customer.language == "zh" else ("¥60.00", "¥90.00")
    assert all(amount in offer for amount in money)
    assert [o.cost for o in customer.choices] == [6000, 9000, 0]

    customer.chooses(1)
    (entry,) = shop.all(RefundEntry)
    assert (entry.order_number, entry.amount, entry.currency) == (ORDER, 6000, "CNY")
    assert entry.reference in customer.was_told[-1] and money[0] in customer.was_told[-1]
    assert customer.case.state == CaseState.RESOLVED
    (event,) = shop.events("remedy_executed")
    assert event == {"remedy": "refund", "amount_minor": 6000, "currency": "CNY", "reference": entry.reference}
    assert shop.events("offer_answered") == [{"accepted": True, "round": 1}]

    for timer in shop.all(Timer):
        if timer.kind == "execute_remedy":
            fire(shop.database, shop.firm, shop.connectors, timer.id)
    assert len(shop.all(RefundEntry)) == 1 and len(shop.events("remedy_executed")) == 1


@pytest.mark.parametrize("text", ["那就代金券吧", "送我代金券"])
def test_a_remedy_is_chosen_by_its_name(shop: Shop, wang: Customer, text: str) -> None:
    shop.sells(ORDER, total=30000, to=belongs_to(wang))
    wang.complains("delivery", order_number=ORDER)
    wang.chooses_by_name("voucher", text)
    (voucher,) = shop.all(Voucher)
    assert (voucher.amount, voucher.currency) == (9000, "CNY")
    assert voucher.code in wang.was_told[-1]
    assert sorted(event["remedy"] for event in shop.events("remedy_executed")) == ["apology", "voucher"]


def test_a_voucher_says_until_when_it_holds(shop: Shop, mary: Customer) -> None:
    shop.sells(ORDER, total=30000, to=belongs_to(mary))
    mary.complains("delivery", order_number=ORDER)
    mary.chooses(2)
    # 90 days (firm.yml) after 18 November 2026.
    assert "16 Feb 2027" in mary.was_told[-1]


def test_what_was_said_at_once_is_not_asked_again(shop: Shop, customer: Customer) -> None:
    shop.sells(ORDER, total=30000, to=belongs_to(customer))
    customer.complains("delivery", order_number=ORDER, wished_remedy="voucher")
    assert customer.awaited == "offer"
    # The wished remedy stands first.
    assert customer.choices[0].remedies[0]["kind"] == "voucher"


def test_a_wish_that_another_failure_allows_is_put_on_the_table(shop: Shop, customer: Customer) -> None:
    shop.sells(ORDER, total=30000, to=belongs_to(customer))
    customer.complains("digital_app", "billing_price", order_number=ORDER)
    assert "refund" not in {remedy["kind"] for choice in customer.choices for remedy in choice.remedies}
    customer.wishes("退给我 / refund it", "refund")
    assert (customer.awaited, customer.case.state, customer.case.offer_round) == ("offer", "offered", 2)
    assert customer.choices[0].remedies[0]["kind"] == "refund"


def test_facts_given_before_the_complaint_are_kept(shop: Shop, wang: Customer) -> None:
    shop.sells(ORDER, total=30000, to=belongs_to(wang))
    assert wang.gives_order(ORDER).startswith(wang.words("ask.happening_after_fact"))
    assert wang.cases == []
    wang.complains("delivery")
    assert wang.awaited == "offer"


def test_a_vague_complaint_is_asked_once_what_happened(customer: Customer) -> None:
    assert customer.words("ask.happening") in customer.complains("other")
    answer = customer.complains("other", text="就是很不满意")
    assert customer.words("ask.happening") not in answer
    assert customer.awaited != "happening"


def test_the_answer_to_what_happened_names_the_failure(wang: Customer) -> None:
    wang.complains("other")
    wang.writes("action_record_fact", "昨天送来的锅裂了", categories=["product_quality"], emotion=1)
    assert wang.case.categories == ["product_quality"]
    assert wang.awaited == "order_number"


def test_unreadable_words_are_answer_enough_to_what_happened(wang: Customer) -> None:
    wang.complains("other")
    wang.mumbles()
    assert wang.awaited != "happening" and wang.control == "bot"


def test_a_failure_in_passing_joins_the_open_case(shop: Shop, wang: Customer) -> None:
    wang.complains("delivery")
    answer = wang.complains("service_attitude")
    assert f"工单 {wang.case.number} 里" in answer
    assert wang.case.categories == ["delivery", "service_attitude"]
    assert len(shop.events("case_opened")) == 1


def test_an_offer_that_fitted_a_smaller_failure_is_taken_back(shop: Shop, wang: Customer) -> None:
    shop.sells(ORDER, total=30000, to=belongs_to(wang))
    wang.complains("delivery", order_number=ORDER)

    def avoid_vouchers(work: UnitOfWork) -> None:
        work.session.scalars(select(CustomerRow)).one().avoided_remedies = ["voucher"]

    # Graver, and by now something else would be offered.
    shop.does(avoid_vouchers)
    wang.complains("delivery", "product_quality", emotion=2)
    assert {o.state for o in wang.case.offers if o.round == 1} == {"superseded"}
    assert {o.round for o in wang.choices} == {2}


def test_a_shown_choice_is_restated_where_the_number_fits_none(shop: Shop, customer: Customer) -> None:
    shop.sells(ORDER, total=30000, to=belongs_to(customer))
    customer.complains("delivery", order_number=ORDER)
    answer = customer.chooses(7)
    assert "1. " in answer and "3. " in answer and customer.awaited == "offer"
    assert shop.events("offer_answered") == []


def test_yes_to_several_choices_asks_which(shop: Shop, customer: Customer) -> None:
    shop.sells(ORDER, total=30000, to=belongs_to(customer))
    customer.complains("delivery", order_number=ORDER)
    assert "1. " in customer.says_yes()
    assert customer.case.state == CaseState.OFFERED


def test_yes_to_the_only_choice_takes_it(shop: Shop, customer: Customer) -> None:
    # No order: of the three for a late parcel only the call back is left.
    customer.complains("delivery")
    customer.says_no()
    assert [o.remedies[0]["kind"] for o in customer.choices] == ["call_back"]
    customer.says_yes()
    assert customer.case.state == CaseState.REMEDYING


def test_a_call_back_is_promised_by_the_end_of_the_next_working_day(shop: Shop, customer: Customer) -> None:
    customer.complains("service_attitude")
    if customer.awaited == "order_number":
        customer.says_no()
    answer = customer.chooses(1) if len(customer.choices) > 1 else customer.says_yes()
    (promise,) = customer.case.promises
    # Wednesday 18 November 2026 in Shanghai; the next working day ends as Friday begins.
    assert promise.due_at == datetime(2026, 11, 19, 16, tzinfo=UTC)
    assert ("11月19日（周四）24:00" if customer.language == "zh" else "by the end of Thu 19 Nov") in answer
    assert customer.case.state == CaseState.REMEDYING


# --- whose order it is -----------------------------------------------------------------------------------------------


def test_an_order_that_is_not_listed_with_the_customer_needs_the_phones_last_four(
    shop: Shop, customer: Customer
) -> None:
    shop.sells(ORDER, total=30000, phone_last4="4711")
    customer.complains("delivery")
    assert customer.words("ask.proof", order=ORDER) in customer.gives_order(ORDER)
    customer.gives_digits("4711")
    assert [o.cost for o in customer.choices] == [6000, 9000, 0]
    assert customer.case.order_proved


def test_wrong_digits_three_times_bring_a_person(shop: Shop, customer: Customer) -> None:
    shop.sells(ORDER, total=30000, phone_last4="4711")
    customer.complains("delivery")
    customer.gives_order(ORDER)
    assert customer.words("ask.proof_again", order=ORDER) in customer.gives_digits("0000")
    customer.gives_digits("1111")
    answer = customer.gives_digits("2222")
    assert customer.words("hand_over.no_remedy") in answer
    assert (customer.control, customer.reasons) == ("queued", ["no_remedy"])
    assert customer.case.offers == [] and shop.all(RefundEntry) == []


def test_an_unknown_order_looks_like_somebody_elses(shop: Shop) -> None:
    shop.sells(ORDER, total=30000, phone_last4="4711")
    answers = []
    for name, number in (("li", ORDER), ("zhao", "209900000000")):
        stranger = Customer(shop, name)
        stranger.complains("delivery")
        said = [stranger.gives_order(number), stranger.gives_digits("0000"), stranger.gives_digits("9999")]
        answers.append([text.replace(number, "…") for text in said])
    assert answers[0] == answers[1]


def test_without_an_order_other_remedies_are_offered(shop: Shop, customer: Customer) -> None:
    customer.complains("product_quality")
    answer = customer.says_no()
    assert customer.words("fact.order_unknown") in answer
    assert [o.remedies[0]["kind"] for o in customer.choices] == ["call_back"]
    assert customer.words("remedy.call_back", amount=None) in answer


def test_an_order_found_later_opens_the_remedies_that_need_one(shop: Shop, wang: Customer) -> None:
    shop.sells(ORDER, total=30000, to=belongs_to(wang))
    wang.complains("product_quality")
    wang.says_no()
    wang.gives_order(ORDER)
    assert [o.remedies[0]["kind"] for o in wang.choices] == ["refund", "voucher", "call_back"]


def test_naming_another_order_takes_back_what_was_offered_for_the_first(shop: Shop, customer: Customer) -> None:
    """Nobody gets money on a guessed order number: the offer was priced by an order that was proved."""
    shop.sells(ORDER, total=30000, to=belongs_to(customer))
    shop.sells("202611120099", total=90000, phone_last4="4711")
    customer.complains("delivery", order_number=ORDER)
    answer = customer.gives_order("202611120099")
    assert customer.words("ask.proof", order="202611120099") in answer
    assert customer.choices == []
    customer.chooses(1)
    assert shop.all(RefundEntry) == [] and customer.case.remedies == []
    customer.gives_digits("4711")
    assert customer.choices[0].cost == 10000  # 20 % of 900 is 180, capped at 100 (remedies.yml)


def test_the_order_of_what_was_chosen_stays(shop: Shop, wang: Customer) -> None:
    shop.sells(ORDER, total=60000, to=belongs_to(wang))
    shop.sells("202611120099", total=90000, phone_last4="4711")
    wang.complains("product_quality", order_number=ORDER)
    wang.chooses(1)
    assert wang.case.state == CaseState.AWAITING_APPROVAL
    wang.gives_order("202611120099")
    facts = {fact.key: fact.value for fact in wang.case.facts}
    assert (facts["order_number"], facts["other_order_number"]) == (ORDER, "202611120099")
    assert wang.case.order_proved


# --- late answers ----------------------------------------------------------------------------------------------------


def test_a_1_written_before_the_offer_was_put_chooses_nothing(shop: Shop, customer: Customer) -> None:
    shop.sells(ORDER, total=30000, to=belongs_to(customer))
    customer.complains("delivery")
    order, one = customer.types(ORDER), customer.types("1")
    customer.is_answered(order, "action_record_fact", order_number=ORDER)
    assert customer.case.state == CaseState.OFFERED
    answer = customer.is_answered(one, "action_accept_offer", choice=1)
    assert "1. " in answer  # told the choices once more
    assert customer.case.state == CaseState.OFFERED and customer.case.remedies == []
    customer.chooses(1)
    assert len(shop.all(RefundEntry)) == 1


def test_a_no_written_before_the_offer_was_put_declines_nothing(shop: Shop, wang: Customer) -> None:
    shop.sells(ORDER, total=30000, to=belongs_to(wang))
    wang.complains("delivery")
    order, no = wang.types(ORDER), wang.types("不用了")
    wang.is_answered(order, "action_record_fact", order_number=ORDER)
    wang.is_answered(no, "action_deny")
    assert wang.case.state == CaseState.OFFERED and len(wang.choices) == 3


def test_the_second_tap_on_1_does_nothing_more(shop: Shop, wang: Customer) -> None:
    shop.sells(ORDER, total=30000, to=belongs_to(wang))
    wang.complains("delivery", order_number=ORDER)
    first, second = wang.types("1"), wang.types("1")
    wang.is_answered(first, "action_accept_offer", choice=1)
    wang.is_answered(second, "action_accept_offer", choice=1)
    shop.fires_due()
    assert len(shop.all(RefundEntry)) == 1 and wang.case.ratings == []
