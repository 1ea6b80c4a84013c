"""Where a message could be read in two ways: what is said of it, and how the answer to "which did you mean?" is read."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from form import assert_form
from rasa.shared.nlu.constants import INTENT_RANKING_KEY, METADATA, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.nlu.complaint_assessor import ASSESSMENT
from bot.nlu.composer import UNDERSTANDING, UnderstandingComposer
from bot.nlu.fact_extractor import FACTS
from bot.nlu.intent_classifier import LEAST_CONFIDENCE
from bot.nlu.normaliser import NORMALISED, normalise
from bot.nlu.reading_choice import NEITHER, UNDECIDED, choose_reading

REPLIES = Path(__file__).resolve().parents[2] / "data" / "firm" / "replies"
COMPLAINT_OR_QUESTION = ("complain", "ask_policy")
ASSESSED = {
    "categories": [{"key": "billing_price", "confidence": 0.7, "words": ["我的钱呢"]}],
    "emotion": {"level": 2, "words": ["我的钱呢"]},
    "risk": [{"key": "churn", "words": ["再也不"]}],
}


def composed(text, shares, awaited=None):
    """The understanding of a message whose intents have these shares and that is assessed as a complaint."""
    message = Message(data={TEXT: text, METADATA: {"awaited": awaited}})
    message.set(NORMALISED, normalise(text))
    message.set(FACTS, {})
    message.set(ASSESSMENT, ASSESSED)
    ranking = [{"name": name, "confidence": share} for name, share in shares.items()]
    message.set(INTENT_RANKING_KEY, ranking)
    message.set(LEAST_CONFIDENCE, 0.35)
    UnderstandingComposer().process([message])
    assert_form(message.get(UNDERSTANDING))
    return message


# --- not sure --------------------------------------------------------------------------------------------------------


def test_an_unclear_message_that_may_complain_is_assessed_as_if_it_did():
    message = composed("我的钱呢", {"complain": 0.3, "ask_policy": 0.2, "praise": 0.2, "inform": 0.2, "greet": 0.1})
    read = message.get(UNDERSTANDING)
    assert not read["sure"] and message.get("intent")["name"] == "nlu_fallback"
    assert [reading["intent"] for reading in read["readings"]] == ["complain", "ask_policy"]
    assert {key: read[key] for key in ASSESSED} == ASSESSED


def test_an_unclear_message_that_hardly_complains_is_not():
    read = composed(
        "你们那边的事", {"ask_policy": 0.3, "praise": 0.25, "inform": 0.2, "chitchat": 0.15, "complain": 0.1}
    ).get(UNDERSTANDING)
    assert not read["sure"] and [reading["intent"] for reading in read["readings"]] == ["ask_policy", "praise"]
    assert (read["categories"], read["emotion"]["level"], read["risk"]) == ([], 0, [])


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("你们那边的事", 0.45),  # plain words
        ("你们那边的事吗?", 0.5),  # a short plain question
        ("快递三天没到,是这样吗?", 0.45),  # a question that tells a failure
    ],
)
def test_a_complaint_is_no_matter_of_choice_from_its_threshold_on(text, share):
    others = dict.fromkeys(("ask_policy", "praise", "inform", "chitchat"), (1 - share) / 4)
    message = composed(text, {"complain": share, **others})
    assert message.get("intent")["name"] == "complain" and message.get(UNDERSTANDING)["sure"]
    less = composed(text, {"complain": share - 0.2, **{name: each + 0.05 for name, each in others.items()}})
    assert not less.get(UNDERSTANDING)["sure"]


@pytest.mark.parametrize("text", ["/restart", "/complain{}", "...", "😶"])
def test_where_there_is_nothing_to_read_no_reading_is_offered(understander, text):
    read = understander.understand(text)
    assert not read["sure"] and read["readings"] == []


# --- which was meant -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        *[
            (text, 1)
            for text in ("1", "1.", "①", "第一个", "第1个吧", "前者", "前面那个", "选一", "A", "a吧", "头一个")
        ],
        *[(text, 1) for text in ("the first one", "first", "option 1 please", "the former", "No. 1", "one", "1️⃣")],
        *[(text, 1) for text in ("要投诉", "我要投诉", "是投诉", "投诉你们店", "反映问题", "不满意", "不,我要投诉")],
        *[(text, 1) for text in ("complaint", "A complaint, please", "I want to complain", "Something went wrong")],
        *[(text, 1) for text in ("I’m not happy", "complain about your shop", "1,投诉")],
        *[(text, 2) for text in ("2", "2、", "第二个", "后者", "后面那个", "最后一个", "选2", "B", "b ok", "是第二个")],
        *[(text, 2) for text in ("the second one", "2nd", "the latter", "option b", "I'd go with the last one")],
        *[(text, 2) for text in ("只是问问", "问一下", "我想咨询", "就问个问题", "有个问题想问", "隻是問問")],
        *[(text, 2) for text in ("just asking", "a question", "It's a general question", "just curious")],
        *[
            (text, 2)
            for text in ("不是投诉,只是问问", "不是1,是2", "not a complaint, just asking", "no, the second one")
        ],
        *[(text, 2) for text in ("not complaining just a question", "不投诉,咨询")],
    ],
)
def test_a_choice_is_read_by_number_place_or_name(understander, text, choice):
    awaited = {"kind": "reading", "revision": 3, "options": list(COMPLAINT_OR_QUESTION)}
    read = understander.understand(text, {"awaited": awaited})
    assert (read["intent"], read["facts"].get("choice"), read["sure"]) == ("accept_offer", choice, True)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        *[
            (text, "deny")
            for text in ("都不是", "两个都不是", "哪个都不是", "不是", "不是投诉", "没有", "别的", "唔係")
        ],
        *[(text, "deny") for text in ("neither", "Neither of them", "none of these", "no", "not a complaint")],
        *[(text, "deny") for text in ("something else", "I don't know")],
        *[
            (text, "affirm")
            for text in ("是的", "好的", "两个都是", "都行", "3", "yes", "both", "either one", "ok", "1和2")
        ],
        *[(text, "complain") for text in ("快递三天没到", "第二个包裹坏了", "没收到货", "My parcel is late")],
        *[(text, "complain") for text in ("the second parcel arrived broken", "not delivered", "客服骂我,我要投诉")],
        *[(text, "case_status") for text in ("我的投诉怎么样了", "where is my complaint")],
        *[(text, "request_person") for text in ("转人工", "talk to a person")],
        *[(text, "withdraw") for text in ("算了不投诉了", "never mind, forget the complaint")],
        *[(text, "wish_remedy") for text in ("我要退款", "refund")],
        ("周末营业吗", "ask_policy"),
        ("Do you ship to Canada?", "ask_policy"),
        ("你好", "greet"),
        ("谢谢", "thank"),
        ("订单号202611120007", "inform"),
    ],
)
def test_what_picks_none_is_read_as_what_it_is(understander, text, intent):
    awaited = {"kind": "reading", "revision": 3, "options": list(COMPLAINT_OR_QUESTION)}
    read = understander.understand(text, {"awaited": awaited})
    assert (read["intent"], read["facts"].get("choice")) == (intent, None)


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        *[(text, None) for text in ("帮我看一下", "请帮我查一下", "看一下", "我想说一下", "我说一下情况", "看1下")],
        *[(text, None) for text in ("一点", "一直", "一样", "一些", "要一下", "那一个", "我们有两个", "两个包裹")],
        *[(text, None) for text in ("i have one", "is there one", "i only want one", "we have two", "i have 1")],
        *[(text, UNDECIDED) for text in ("两个", "两种", "选两个", "2个", "the other one", "one or two", "either one")],
        *[(text, NEITHER) for text in ("两个都不是", "两者都不是", "2个都不是")],
        *[(text, 1) for text in ("一", "一个", "一个吧", "选一", "就选一个", "要一个", "第一", "选项一", "1号", "选1")],
        *[(text, 1) for text in ("one", "one, please", "option one", "number one please", "第一,我要投诉")],
        *[(text, 2) for text in ("二", "第二", "选二", "要二", "第两个", "2号", "two", "Two thanks", "option two")],
    ],
)
def test_a_bare_numeral_that_only_counts_chooses_nothing(text, choice):
    assert choose_reading(normalise(text)["matching"], COMPLAINT_OR_QUESTION) == choice


@pytest.mark.parametrize("text", ["你们太差了", "你们真让人恶心", "You are hopeless"])
def test_a_complaint_that_tells_nothing_says_that_the_message_before_was_one(understander, text):
    for options, choice in ((["complain", "praise"], 1), (["ask_policy", "complain"], 2)):
        read = understander.understand(text, {"awaited": {"kind": "reading", "revision": 1, "options": options}})
        assert (read["intent"], read["facts"].get("choice")) == ("accept_offer", choice)
    offered = {"kind": "reading", "revision": 1, "options": ["ask_policy", "praise"]}
    assert understander.understand(text, {"awaited": offered})["intent"] == "complain"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_words_of_every_choice_may_be_typed(language):
    replies = yaml.safe_load((REPLIES / f"{language}.yml").read_text(encoding="utf-8"))
    labels = {name: text for name, text in replies["reading"].items() if name not in ("which", "again")}
    for intent, label in labels.items():
        for other in set(labels) - {intent}:
            text = normalise(label)["matching"]
            assert (choose_reading(text, (intent, other)), choose_reading(text, (other, intent))) == (1, 2), label
    assert choose_reading(normalise(replies["button"]["neither"])["matching"], COMPLAINT_OR_QUESTION) == NEITHER


def test_a_name_counts_only_where_it_is_offered():
    assert choose_reading("查投诉进度", ("complain", "case_status")) == 2
    assert choose_reading("查投诉进度", COMPLAINT_OR_QUESTION) is None
    assert choose_reading("只是问问", ("complain", "praise")) is None
    assert choose_reading("1,问问", COMPLAINT_OR_QUESTION) == UNDECIDED
    assert choose_reading("1", ()) is None
