"""Answers to the questions after a remedy: scores, one left out, no more of them, and what was missing in words."""

from __future__ import annotations

import pytest

from bot.nlu.awaited import Awaited
from bot.nlu.fact_extractor import facts_of
from bot.nlu.survey import FAIRNESS_KINDS, RATING_KINDS, refuses, skips


@pytest.mark.parametrize("kind", RATING_KINDS)
@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("4", 4), ("5分", 5), ("给三分吧", 3), ("两分", 2), ("four", 4), ("3 out of 5", 3), ("很满意", 5), ("还不错", 4),
        ("一般", 3), ("不公平", 2), ("很不公平", 1), ("非常公平", 5), ("fair", 4), ("not fair", 2), ("very unfair", 1),
        ("great", 5), ("so-so", 3),
    ],
)  # fmt: skip
def test_a_score_is_read_as_a_number_or_in_words(kind, text, score):
    assert facts_of(text, Awaited(kind)) == {"rating": score}


@pytest.mark.parametrize("text", ["4", "很满意", "一般", "fair", "great"])
@pytest.mark.parametrize("kind", [None, "happening", "missing", "offer"])
def test_without_the_question_neither_a_number_nor_a_word_is_a_score(kind, text):
    assert "rating" not in facts_of(text, Awaited(kind, ("refund",) * 5 if kind == "offer" else ()))


@pytest.mark.parametrize(
    "text", ["跳过", "跳过吧", "下一题", "skip", "Skip this one", "skip it please", "pass", "next"]
)
def test_one_question_can_be_left_out(text):
    text = text.lower()
    assert skips(text) and not refuses(text)
    assert facts_of(text, Awaited("fairness_outcome")) == {"skips": True}
    assert facts_of(text, Awaited("offer", ("refund",))) == {}


@pytest.mark.parametrize(
    "text",
    [
        "不用了", "不用了谢谢", "不想评", "不评了", "不想打分了", "没空", "没时间", "现在忙着呢", "以后再说", "改天吧", "回头再说",
        "懒得打分", "算了", "别问了", "不方便", "晚点再说吧", "没什么", "没有了",
        "no", "no thanks", "no, thank you", "not now", "maybe later", "later", "i'm busy", "i'd rather not", "i don't want to",
        "don't want to rate it", "stop asking", "leave me alone", "nothing", "never mind", "no time",
    ],
)  # fmt: skip
def test_who_wants_none_of_it_is_understood(text):
    assert refuses(text) and not skips(text)


@pytest.mark.parametrize(
    "text",
    [
        "没有按时送到", "不够快", "没人给我打电话", "不想再等三天才有人回", "回电话太晚了", "算了你们根本没解决", "忙得没人理我",
        "no one called me back", "not fast enough", "nothing was explained to me", "later than promised", "busy line all day",
        "i don't want to wait three days again",
    ],
)  # fmt: skip
def test_what_was_missing_is_no_refusal(text):
    assert not refuses(text) and not skips(text)


@pytest.mark.parametrize(
    ("text", "kind", "intent"),
    [
        *[("5", kind, "rate") for kind in RATING_KINDS],
        *[("跳过", kind, "deny") for kind in FAIRNESS_KINDS],
        ("skip", "fairness_procedure", "deny"),
        ("以后再说吧", "rating", "deny"),
        ("maybe later", "rating", "deny"),
        ("没空评", "fairness_outcome", "deny"),
        ("不用了", "missing", "deny"),
        ("转人工", "rating", "request_person"),
        ("换来的这个又是坏的，气死我了", "fairness_outcome", "complain"),
        ("The replacement broke again and I am furious", "rating", "complain"),
    ],
)
def test_an_answer_to_the_survey_is_read_by_its_question(understander, text, kind, intent):
    assert understander.understand(text, {"awaited": {"kind": kind, "options": []}})["intent"] == intent


@pytest.mark.parametrize("text", ["没有按时回电话", "你们回复太慢", "the call came too late", "没人告诉我进度"])
def test_what_was_missing_is_never_taken_for_a_no(understander, text):
    assert understander.understand(text, {"awaited": {"kind": "missing", "options": []}})["intent"] != "deny"
