"""A customer is not told, asked or offered the same thing in the same words again."""

import pytest

from recovery.case_states import CaseState
from tests.actions.dialogue import Customer, Shop

ORDER = "202611120007"


@pytest.fixture
def offered(shop: Shop, customer: Customer) -> Customer:
    shop.sells(ORDER, 30000, customer.address.public)
    customer.complains("delivery", order_number=ORDER)
    assert customer.case.state == CaseState.OFFERED
    return customer


def _first_line(customer: Customer, key: str, **values: object) -> str:
    return customer.words(key, offers=["A", "B"], **values).splitlines()[0]


def test_the_machine_introduces_itself_once_and_a_complaint_shows_the_way_to_a_person(customer: Customer) -> None:
    assert customer.words("machine.introduction") in customer.greets()
    answer = customer.complains("delivery")
    assert customer.words("machine.introduction") not in answer
    assert answer.endswith(customer.words("machine.way_to_person"))


def test_who_is_hurt_is_not_told_that_they_were_let_down(customer: Customer) -> None:
    answer = customer.complains("safety", emotion=1, risk=["safety"], hand_over="safety")
    assert customer.words("feeling.safety") in answer
    assert customer.words("feeling.level_1") not in answer


def test_an_order_number_is_asked_for_in_fewer_words_the_second_time(customer: Customer) -> None:
    assert customer.words("ask.order") in customer.complains("delivery")
    answer = customer.complains("delivery")
    assert customer.words("ask.order") not in answer and customer.words("remind.order_number") in answer
    assert customer.awaited == "order_number"


def test_what_happened_is_understood_and_not_only_added(customer: Customer) -> None:
    customer.complains("other", text="我要投诉")
    assert customer.awaited == "happening"
    answer = customer.complains("delivery")
    failure = customer.words("failure.delivery")
    assert customer.words("complaint.understood", failure=failure, number=customer.case.number) in answer


def test_who_gets_angry_is_not_thanked_for_one_more_point(offered: Customer) -> None:
    answer = offered.complains("delivery", text="那我去12315", emotion=2, risk=["legal"])
    assert offered.words("complaint.joined_upset", number=offered.case.number) in answer


def test_a_second_complaint_leaves_choices_that_fit_it_as_well(offered: Customer) -> None:
    before = [offer.id for offer in offered.choices]
    # Angrier, so graver; and yet the same choices fit.
    answer = offered.complains("delivery", text="还把箱子压扁了", emotion=2)
    assert [offer.id for offer in offered.choices] == before
    assert _first_line(offered, "offer.still") in answer and _first_line(offered, "offer.intro") not in answer


def test_a_second_complaint_uses_up_no_round_of_offers(offered: Customer) -> None:
    for _ in range(3):
        offered.complains("delivery", text="还把箱子压扁了", emotion=2)
    offered.says_no()
    assert offered.control == "bot"


def test_a_question_in_the_middle_of_a_choice_brings_no_second_list(offered: Customer) -> None:
    first = offered.writes("action_answer_question", "你们几点关门")
    assert first.endswith(_first_line(offered, "offer.waiting")) and "1. " not in first
    assert [button["payload"] for button in offered.buttons][:-1] == [str(offer.position) for offer in offered.choices]
    second = offered.writes("action_answer_question", "能开发票吗")
    assert first.startswith(offered.words("small_talk.question"))
    assert second.startswith(offered.words("small_talk.question_again"))


def test_small_talk_in_the_middle_of_a_choice_does_not_ask_what_is_wrong(offered: Customer) -> None:
    answer = offered.writes("action_answer_chitchat", "我问下我老婆")
    assert offered.words("small_talk.chitchat") not in answer
    assert answer == f"{offered.words('small_talk.aside')}\n\n{_first_line(offered, 'offer.waiting')}"


def test_a_mere_yes_to_several_choices_is_asked_which(offered: Customer) -> None:
    answer = offered.says_yes()
    assert answer.startswith(_first_line(offered, "offer.which"))
    assert offered.case.state == CaseState.OFFERED


def test_a_choice_that_is_not_there_is_said_to_be_none(offered: Customer) -> None:
    assert offered.chooses(5).startswith(_first_line(offered, "offer.no_such"))


def test_an_only_offer_is_put_again_without_a_number(shop: Shop, customer: Customer) -> None:
    customer.complains("service_attitude")
    customer.says_no()
    (only,) = customer.choices
    answer = customer.mumbles("affirm")
    assert "1. " not in answer and only.state == "open"


def test_a_sign_without_words_is_answered_with_one(customer: Customer) -> None:
    assert customer.words("small_talk.listening") in customer.mumbles(text="？？")
    assert customer.words("unclear.sorry") not in customer.was_told[-1]


def test_the_second_unclear_message_is_answered_otherwise(customer: Customer) -> None:
    assert customer.words("unclear.sorry") in customer.mumbles()
    assert customer.words("unclear.again") in customer.mumbles()


def test_status_with_choices_open_names_the_case(offered: Customer) -> None:
    answer = offered.asks_for_status()
    assert offered.case.number in answer
    assert all(f"{offer.position}. " in answer for offer in offered.choices)


def test_status_of_an_open_case_comes_back_to_what_is_missing(customer: Customer) -> None:
    customer.complains("delivery")
    assert customer.asks_for_status().endswith(customer.words("remind.order_number"))


def test_status_of_a_promised_call_says_by_when(customer: Customer) -> None:
    customer.complains("service_attitude")
    customer.says_no()
    customer.chooses_by_name("call_back", "回电")
    (call,) = [promise for promise in customer.case.promises if promise.kind == "call_back"]
    due = customer.shop.firm.local(call.due_at)
    told = customer.words("status.promised", number=customer.case.number, what=call.text, due=due)
    assert customer.asks_for_status() == told
    # "Until when?" may be read as a question of another kind.
    assert customer.writes("action_answer_question", "还有多久").endswith(told)


def test_what_needs_no_amount_is_not_said_to_wait_for_one(offered: Customer) -> None:
    assert "数额" not in offered.wishes("优先处理", "priority")


def test_who_threatens_in_the_middle_of_a_choice_is_asked_whether_they_want_a_person(offered: Customer) -> None:
    answer = offered.complains("delivery", text="那我去12315", emotion=2, risk=["legal"])
    assert answer.endswith(offered.words("ask.confirm_person"))
    assert offered.awaited == "confirm_hand_over"
    offered.says_no()
    assert offered.awaited == "offer"
    # Asked once, and declined.
    assert offered.words("ask.confirm_person") not in offered.complains("delivery", emotion=2, risk=["legal"])


def test_a_case_number_alone_changes_no_language(wang: Customer) -> None:
    wang.complains("delivery")
    wang.writes("action_case_status", "AM-KDKQ-RWAF", read={"language": "en", "script": "latin"})
    number = wang.case.number
    wang.writes("action_case_status", number, read={"language": "en", "script": "latin"})
    assert wang.conversation.language == "zh"
    wang.writes("action_case_status", f"status of {number}", read={"language": "en", "script": "latin"})
    assert wang.conversation.language == "en"
