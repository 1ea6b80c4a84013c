"""What is said to an offer beside yes and no: another one, all the money, a sum, later; and a score with a word on it."""

from __future__ import annotations

import pytest
from form import assert_form
from rasa.shared.nlu.constants import INTENT_RANKING_KEY, METADATA, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.nlu.awaited import Awaited
from bot.nlu.composer import UNDERSTANDING, UnderstandingComposer
from bot.nlu.fact_extractor import FACTS, facts_of
from bot.nlu.normaliser import NORMALISED, normalise

OFFER = {"kind": "offer", "options": ["voucher", "refund", "call_back"]}


def intent(text, awaited=None, shares=None):
    """The intent of a message that the classifier takes for nothing in particular."""
    message = Message(data={TEXT: text, METADATA: {"awaited": awaited}})
    message.set(NORMALISED, normalise(text))
    said = Awaited(awaited["kind"], tuple(awaited.get("options", ()))) if awaited else Awaited()
    message.set(FACTS, facts_of(message.get(NORMALISED)["matching"], said))
    ranking = [{"name": name, "confidence": share} for name, share in (shares or {"chitchat": 0.5}).items()]
    message.set(INTENT_RANKING_KEY, ranking)
    UnderstandingComposer().process([message])
    assert_form(message.get(UNDERSTANDING))
    return message.get("intent")["name"], message.get(UNDERSTANDING)["facts"]


@pytest.mark.parametrize(
    "text",
    [
        "还有别的吗", "有没有其他方案", "换一个方案", "换个方案吧", "换个别的", "能不能换种补偿方式",
        "anything else?", "Do you have another option?", "Any other offers?", "What else can you do?",
    ],
)  # fmt: skip
def test_who_wants_another_offer_declines_these(text):
    assert intent(text, OFFER, {"ask_policy": 0.7})[0] == "deny"


def test_another_one_of_the_goods_is_a_wish():
    assert intent("给我换一个新的", OFFER)[0] == "wish_remedy"


@pytest.mark.parametrize(
    "text", ["以后再说", "回头再说吧", "我再考虑考虑", "让我想想", "later", "Let me think about it"]
)
@pytest.mark.parametrize("awaited", [OFFER, {"kind": "order_number"}, {"kind": "confirm_hand_over"}, None])
def test_later_is_neither_yes_nor_a_complaint(text, awaited):
    name, facts = intent(text, awaited, {"complain": 0.6, "goodbye": 0.3})
    assert (name, facts.get("later")) == ("deny", True)


@pytest.mark.parametrize("text", ["later", "以后再说"])
def test_of_a_survey_later_is_a_no(text):
    name, facts = intent(text, {"kind": "rating"})
    assert name == "deny" and "later" not in facts


@pytest.mark.parametrize("text", ["晚点到的快递还是坏的", "I think about it all day: this is a fraud", "等等,还没送到"])
def test_more_than_later_is_not_put_off(text):
    assert "later" not in facts_of(normalise(text)["matching"], Awaited())


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("退我80块吧", 8000), ("能退我80块吗", 8000), ("太少了,退我200", 20000), ("退200吧", 20000), ("赔我五百块", 50000),
        ("I want 80 yuan back", 8000), ("give me 250 yuan back then", 25000),
    ],
)  # fmt: skip
def test_a_sum_to_be_given_back_is_a_refund_of_that_sum(text, minor):
    facts = facts_of(normalise(text)["matching"], Awaited("offer", ("voucher", "refund")))
    assert (facts["wished_remedy"], facts["amount"]["minor"]) == ("refund", minor)


@pytest.mark.parametrize("text", ["我要全额退款", "全部退款", "I want a full refund", "refund me in full"])
def test_all_the_money_back_says_so(text):
    assert facts_of(normalise(text)["matching"], Awaited("offer", ("refund",))).get("in_full") is True


@pytest.mark.parametrize("text", ["退款", "a refund please", "我要退货"])
def test_a_refund_is_not_all_of_it(text):
    assert "in_full" not in facts_of(normalise(text)["matching"], Awaited("offer", ("refund",)))


@pytest.mark.parametrize("text", ["1分,太差了", "给你们2分,很失望", "2 stars, disappointing"])
def test_a_score_with_a_word_on_it_rates(text):
    assert intent(text, None, {"complain": 0.8, "rate": 0.2})[0] == "rate"


def test_a_score_beside_a_failure_is_a_complaint():
    name, facts = intent("1分,快递丢了", None, {"complain": 0.8, "rate": 0.2})
    assert (name, facts["rating"]) == ("complain", 1)


def test_a_failure_told_with_its_order_number_is_a_complaint():
    assert intent("我的快递丢了,订单号202611120007", None, {"inform": 0.7, "complain": 0.3})[0] == "complain"
    assert intent("订单号是202611120007", None, {"inform": 0.7, "complain": 0.3})[0] == "inform"
