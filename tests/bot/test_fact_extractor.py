from __future__ import annotations

import pytest

from bot.nlu.awaited import Awaited
from bot.nlu.fact_extractor import chinese_number, facts_of


@pytest.mark.parametrize(
    ("text", "awaited", "facts"),
    [
        ("订单号202611170031", Awaited(), {"order_number": "202611170031"}),
        ("my order is dd88213056x", Awaited(), {"order_number": "DD88213056X"}),
        ("58213", Awaited("order_number"), {"order_number": "58213"}),
        ("58213", Awaited(), {}),
        ("我的电话13812345678", Awaited(), {"phone": "13812345678"}),
        ("后四位是4408", Awaited(), {"phone_last4": "4408"}),
        ("0387", Awaited("order_proof"), {"phone_last4": "0387"}),
        ("0387", Awaited(), {}),
        ("ending in 9012", Awaited(), {"phone_last4": "9012"}),
        ("一共128块", Awaited(), {"amount": {"minor": 12800, "currency": "CNY"}}),
        ("¥1,299.50", Awaited(), {"amount": {"minor": 129950, "currency": "CNY"}}),
        ("两百三十块", Awaited(), {"amount": {"minor": 23000, "currency": "CNY"}}),
        ("i paid $45", Awaited(), {"amount": {"minor": 4500, "currency": "USD"}}),
        ("昨天下午3点", Awaited(), {"occurred": "昨天下午3点"}),
        ("it was last friday", Awaited(), {"occurred": "last friday"}),
        ("11月3号", Awaited(), {"occurred": "11月3号"}),
        ("我要退款", Awaited(), {"wished_remedy": "refund"}),
        ("给我换一个新的", Awaited(), {"wished_remedy": "replacement"}),
        ("i want my money back", Awaited(), {"wished_remedy": "refund"}),
        ("我要一个书面解释", Awaited(), {"wished_remedy": "explanation"}),
        ("退我200吧", Awaited(), {"wished_remedy": "refund", "amount": {"minor": 20000, "currency": "CNY"}}),
        ("赔10倍", Awaited(), {}),
        ("你们拒绝退款", Awaited(), {}),
        ("my refund hasn't arrived", Awaited(), {}),
        ("1", Awaited("offer", ("refund", "voucher")), {"choice": 1}),
        ("第二个吧", Awaited("offer", ("refund", "voucher")), {"choice": 2}),
        ("3", Awaited("offer", ("refund", "voucher")), {}),
        ("the second one", Awaited("offer", ("refund", "voucher")), {"choice": 2}),
        ("就要代金券吧", Awaited("offer", ("refund", "voucher")), {"choice": 2, "wished_remedy": "voucher"}),
        ("4", Awaited("rating"), {"rating": 4}),
        ("5分", Awaited(), {"rating": 5}),
        ("four stars", Awaited(), {"rating": 4}),
        ("等了5分钟", Awaited(), {}),
        ("四星级酒店", Awaited(), {}),
    ],
)
def test_it_reads_what_was_said_and_nothing_else(text, awaited, facts):
    assert facts_of(text, awaited) == facts


@pytest.mark.parametrize(
    ("numeral", "value"),
    [("三百五", 350), ("三百零五", 305), ("一千二百", 1200), ("十五", 15), ("两万", 20000), ("八", 8), ("二十", 20)],
)
def test_chinese_numerals(numeral, value):
    assert chinese_number(numeral) == value


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("退我四十六块五", {"minor": 4650, "currency": "CNY"}),
        ("三块半的矿泉水", {"minor": 350, "currency": "CNY"}),
        ("退我2百块", {"minor": 20000, "currency": "CNY"}),
        ("一共1万5千元", {"minor": 1500000, "currency": "CNY"}),
        ("一共1.5万元", {"minor": 1500000, "currency": "CNY"}),
    ],
)
def test_spoken_amounts_keep_their_small_change(text, facts):
    assert facts_of(text, Awaited())["amount"] == facts


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("我付了500块,退我200块吧", 20000),
        ("i paid 500 yuan, refund me 200 yuan", 20000),
        ("原价399元,现在降到299元,请退差价100元", 10000),
        ("不要20元的券,我要50元", 5000),
        ("你们只退50元,我要200元", 20000),
        ("已经退了50元,还要再补150元", 15000),
        ("the room was ¥600, i want ¥150 back", 15000),
        ("退我200元,订单299元", 20000),
        ("花了88元,结果多扣了12元", 8800),
    ],
)
def test_of_several_amounts_the_one_that_is_asked_for_counts(text, minor):
    assert facts_of(text, Awaited())["amount"]["minor"] == minor


@pytest.mark.parametrize(
    ("text", "said"), [("十一月十五号下的单", "十一月十五号"), ("琴晚订的位", "琴晚"), ("正月初三退的房", "正月初三")]
)
def test_dates_are_found_as_spoken(text, said):
    assert facts_of(text, Awaited()).get("occurred") == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("10/10", None),
        ("rating: 3/5", None),
        ("1/5, you never learn", None),
        ("it broke on 3/5", "3/5"),
        ("broken since 11/20", "11/20"),
        ("arrived 12/10/2026", "12/10/2026"),
    ],
)
def test_a_score_is_no_date(text, said):
    found = facts_of(text, Awaited()).get("occurred")
    assert found == said or (said and found and found.endswith(said))


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("订单 2026 1113 8801 少了一件", "202611138801"),
        ("order 2026 1113 8801", "202611138801"),
        ("订单202611130031", "202611130031"),
    ],
)
def test_an_order_number_may_be_read_off_in_groups(text, number):
    assert facts_of(text, Awaited())["order_number"] == number


def test_a_sum_named_with_the_refund_is_an_amount():
    assert facts_of("我想退款200", Awaited())["amount"] == {"minor": 20000, "currency": "CNY"}
