"""Customers who want something after all, something else, or more than they were offered."""

import pytest

from recovery.case_states import CaseState
from store.tables import Remedy
from tests.actions.dialogue import Customer, Shop

ORDER = "202611120007"


@pytest.fixture
def offered(shop: Shop, customer: Customer) -> Customer:
    shop.sells(ORDER, 30000, customer.address.public)
    customer.complains("product_quality", order_number=ORDER)
    assert customer.case.state == CaseState.OFFERED
    return customer


@pytest.fixture
def asked_for_a_wish(offered: Customer) -> Customer:
    offered.says_no()
    assert offered.awaited == "wish"
    return offered


def test_a_wish_said_with_the_complaint_comes_first_where_a_rule_grants_it(shop: Shop, customer: Customer) -> None:
    shop.sells(ORDER, 30000, customer.address.public)
    customer.complains("product_quality", order_number=ORDER, wished_remedy="replacement", text="要换货不要退款")
    assert customer.choices[0].remedies[0]["kind"] == "replacement"
    assert len(customer.choices) == 3
    customer.chooses(1)
    assert [remedy.kind for remedy in shop.all(Remedy)] == ["replacement"]


def test_a_wish_that_no_rule_grants_is_not_put_as_a_choice(shop: Shop, customer: Customer) -> None:
    shop.sells(ORDER, 30000, customer.address.public)
    customer.complains("delivery", order_number=ORDER, wished_remedy="upgrade")
    assert {"upgrade"}.isdisjoint(item["kind"] for offer in customer.choices for item in offer.remedies)


def test_whether_something_else_can_be_done_is_answered_with_the_choice(offered: Customer) -> None:
    answer = offered.writes("action_answer_question", "能换一件吗", wished_remedy="replacement")
    assert answer.startswith(offered.words("offer.wished", offers=["A"]).splitlines()[0])
    assert offered.choices[0].remedies[0]["kind"] == "replacement"
    assert offered.case.remedies == []


def test_a_question_about_something_on_offer_stays_a_question(offered: Customer) -> None:
    before = [offer.id for offer in offered.choices]
    answer = offered.writes("action_answer_question", "退货运费谁出", wished_remedy="refund")
    assert answer.startswith(offered.words("small_talk.question"))
    assert [offer.id for offer in offered.choices] == before


def test_what_was_declined_can_still_be_had_by_name(asked_for_a_wish: Customer) -> None:
    answer = asked_for_a_wish.wishes("那还是回电吧", "call_back")
    assert [promise.kind for promise in asked_for_a_wish.case.promises] == ["call_back"]
    assert asked_for_a_wish.case.state == CaseState.REMEDYING and asked_for_a_wish.control == "bot"
    assert "主管确认" not in answer and "has to confirm" not in answer


def test_who_says_yes_after_all_gets_the_choices_back(shop: Shop, asked_for_a_wish: Customer) -> None:
    answer = asked_for_a_wish.says_yes()
    assert answer.startswith(asked_for_a_wish.words("offer.which", offers=["A", "B"]).splitlines()[0])
    asked_for_a_wish.chooses(1)
    assert [remedy.kind for remedy in shop.all(Remedy)] == ["refund"]


@pytest.mark.parametrize(
    ("action", "facts"),
    [
        ("action_record_fact", {"amount": {"minor": 50000, "currency": "CNY"}}),
        ("action_answer_question", {}),
    ],
)
def test_what_is_said_to_the_question_for_a_wish_is_passed_on_as_one(
    asked_for_a_wish: Customer, action: str, facts: dict[str, object]
) -> None:
    asked_for_a_wish.writes(action, "能不能赔我500", **facts)
    assert "能不能赔我500" in {fact.value for fact in asked_for_a_wish.case.facts if fact.key == "wish"}
    assert asked_for_a_wish.reasons == ["above_authority"]


def test_a_complaint_that_names_more_than_is_offered_is_no_reason_to_offer_the_same(
    shop: Shop, customer: Customer
) -> None:
    shop.sells(ORDER, 30000, customer.address.public)
    customer.complains("delivery", order_number=ORDER)
    customer.complains("after_sales", text="就这点?全退给我", wished_remedy="refund", in_full=True, emotion=2)
    # Goods that come back are refunded in full by a rule; late ones are not, whatever is said against the offer.
    (waiting,) = [offer for offer in customer.case.offers if offer.state == "awaiting_approval"]
    assert "after_sales" in customer.case.categories
    assert waiting.remedies[0]["amount"] == 30000


def test_another_wish_after_the_choice_is_kept_and_shown_a_way(offered: Customer) -> None:
    offered.chooses_by_name("call_back", "回电")
    answer = offered.wishes("给我升级吧", "upgrade")
    assert answer.endswith(offered.words("wish.noted", number=offered.case.number))
    assert "给我升级吧" in [fact.value for fact in offered.case.facts if fact.key == "wish"]


def test_a_score_beside_open_choices_leaves_the_choice_with_the_customer(offered: Customer) -> None:
    answer = offered.rates(4)
    assert answer.endswith(offered.words("offer.waiting"))
    assert offered.awaited == "offer"


def test_praise_after_the_remedy_invites_a_score_once(offered: Customer) -> None:
    offered.chooses(1)
    assert offered.case.state == CaseState.RESOLVED
    assert offered.writes("action_answer_praise", "非常满意").endswith(offered.words("remind.rating"))
    offered.rates(5)
    assert [rating.score for rating in offered.case.ratings] == [5]
    assert offered.words("remind.rating") not in offered.writes("action_answer_praise", "真不错")


def test_a_bare_number_after_the_remedy_is_told_how_to_be_a_score(offered: Customer) -> None:
    offered.chooses(1)
    answer = offered.chooses(3)
    assert answer.endswith(offered.words("rating.as_number", score=3))
    assert offered.case.ratings == []


def test_a_low_score_with_its_reason_opens_the_case_again_that_it_is_about(offered: Customer) -> None:
    offered.chooses(1)
    answer = offered.complains("delivery", text="打1分,太慢了", rating=1)
    assert offered.words("rating.low", number=offered.case.number) in answer
    assert [rating.score for rating in offered.case.ratings] == [1]
    assert offered.reasons == ["low_rating"]


def test_a_case_taken_back_goes_on_by_the_words_that_were_told(customer: Customer) -> None:
    customer.complains("delivery")
    customer.withdraws()
    assert customer.buttons[-1]["payload"] == customer.words("button.go_on")
    customer.says_yes()
    assert customer.case.state == CaseState.WITHDRAWN
    answer = customer.mumbles(text=f"{customer.words('button.go_on')}。")
    assert customer.words("withdrawn.reopened", number=customer.case.number) in answer
    assert customer.case.state == CaseState.OPEN and customer.awaited == "order_number"


def test_a_case_taken_back_long_ago_does_not_go_on(shop: Shop, customer: Customer) -> None:
    customer.complains("delivery")
    customer.withdraws()
    shop.waits(days=8)
    customer.mumbles(text=customer.words("button.go_on"))
    assert customer.case.state == CaseState.WITHDRAWN


@pytest.mark.parametrize("action", ["action_answer_praise", "action_answer_thanks"])
def test_a_score_said_with_praise_or_thanks_counts(offered: Customer, action: str) -> None:
    offered.chooses(1)
    offered.writes(action, "谢谢,给五星", rating=5)
    assert [rating.score for rating in offered.case.ratings] == [5]
