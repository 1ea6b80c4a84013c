"""Words that speak of how a complaint was handled (double deviation, S0), and those that only sound so."""

from __future__ import annotations

import pytest

from bot.nlu.handling import handling_of
from bot.nlu.normaliser import normalise

ABOUT_HANDLING = [
    "你们处理投诉太敷衍了",
    "上次投诉之后根本没人理我",
    "处理我这个工单的客服态度特别恶劣",
    "对你们的处理结果非常不满意",
    "说好给我回电话，到现在没人打",
    "我的投诉处理得太慢了，一拖再拖",
    "投诉了以后就石沉大海",
    "负责跟进的那位主管一直不耐烦",
    "答应三天内答复我，至今没有消息",
    "投訴處理的態度太差",
    "The way you handled my complaint was a disgrace",
    "I'm unhappy with how my case was dealt with",
    "The agent who handled my complaint was rude and hung up",
    "Since I complained nobody has replied",
    "You promised to call me back and never did",
    "Your handling of my complaint is awful",
    "My last complaint was ignored",
    "Nobody ever got back to me about my case",
    "I want to complain about how this was dealt with",
]
ABOUT_SOMETHING_ELSE = [
    "快递晚了三天还没到",
    "店里的服务员态度太差",
    "退款还没到账",
    "锅一用就裂了",
    "这个手机系统处理速度太慢",
    "快递处理太慢了",
    "等了两个小时才上菜",
    "客服电话一直打不通",
    "我要投诉",
    "处理一下我的退款",
    "The waiter was rude",
    "My parcel is three days late",
    "The processor is slow",
    "I have a complaint about the food",
    "How do I make a complaint?",
    "The room was not handled by cleaning staff",
    "You promised delivery by Friday and it never came",
    "The person who delivered it was rude",
]


@pytest.mark.parametrize("text", ABOUT_HANDLING)
def test_words_about_the_handling_are_found(text):
    found = handling_of(normalise(text)["matching"])
    assert found is not None and found["words"]


@pytest.mark.parametrize("text", ABOUT_SOMETHING_ELSE)
def test_a_failure_is_not_taken_for_the_handling(text):
    assert handling_of(normalise(text)["matching"]) is None


def test_it_is_told_with_a_complaint_and_with_nothing_else(understander):
    read = understander.understand("上次投诉之后根本没人理我，你们太敷衍了")
    assert read["intent"] == "complain" and read["about_handling"]["words"]
    assert understander.understand("快递晚了三天还没到")["about_handling"] is None
    assert understander.understand("你好")["about_handling"] is None


@pytest.mark.parametrize("length", [4000, 100_000])
def test_long_messages_are_read_in_linear_time(length):
    assert handling_of(("处理投诉" * length)[:length]) is None
