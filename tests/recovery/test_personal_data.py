"""What names a person is struck out of a customer's words; what tells of the failure stays."""

import csv
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery.personal_data import MARK, Known, strip_personal_data
from tests.conftest import ROOT


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        # Phones
        ("我的电话是13800138000，快点联系我", "13800138000"),
        ("手机138 0013 8000", "138 0013 8000"),
        ("手机138-0013-8000打不通", "138-0013-8000"),
        ("+86 13800138000打给我", "13800138000"),
        ("１３８００１３８０００是我的号", "１３８００１３８０００"),
        ("座机010-62345678", "62345678"),
        ("打一三八零零一三八零零零找我", "零零一三八"),
        ("Call me at (415) 555-2671", "555-2671"),
        ("ring 07911 123456", "123456"),
        ("it is +44 7911 123456", "7911"),
        # Mail, links, accounts
        ("邮箱wang.xm@example.com，回我", "wang.xm"),
        ("看这里 https://t.example/A6abc?x=1 就知道", "A6abc"),
        ("去www.example.com/me看照片", "example.com/me"),
        ("微信号wangxm_88加我", "wangxm_88"),
        ("加我vx：abc12345", "abc12345"),
        ("QQ 1234567", "1234567"),
        ("thanks @mary_smith_88", "mary_smith"),
        # Documents, cards, plates
        ("身份证110101199003077578被你们泄露了", "199003077578"),
        ("身份证号：11010119900307757X", "07757X"),
        ("passport no. E12345678 was copied", "E12345678"),
        ("银行卡6222 0212 3456 7890 123被扣两次", "0212"),
        ("尾号6688的卡被扣了两次", "6688"),
        ("my card ending in 4417 was charged", "4417"),
        ("京A12345被你们蹭了", "A12345"),
        # Orders, parcels, cases
        ("订单号202611120007坏了", "202611120007"),
        ("订单编号是 A-77-19 的那单", "A-77-19"),
        ("order number SC20261028001 is late", "SC2026"),
        ("Order #4471 never came", "4471"),
        ("WM8830127还没到", "8830127"),
        ("上次的工单AM-7K3Q-9F2D没人管", "7K3Q"),
        ("运单SF1234567890123丢了", "SF1234567890123"),
        # Addresses
        ("我住在北京市朝阳区建国路88号3号楼2单元501室", "建国路"),
        ("收货地址：浙江省杭州市西湖区文三路100号，一直没送", "文三路"),
        ("送到阳光小区3栋2单元1201", "1201"),
        ("寄到上海市浦东新区世纪大道100号，一周没到", "世纪大道"),
        ("221 Baker Street never got it", "Baker"),
        ("it went to 12 Elm St, Springfield, IL 62704", "62704"),
        ("London NW1 6XE, flat 4", "NW1 6XE"),
        ("寄到了221 Baker Street，不是我家", "Baker"),
        # People
        ("我叫王小明，衣服破了", "王小明"),
        ("收件人：李四，电话没人接", "李四"),
        ("我姓张，订的是大份", "张"),
        ("张伟女士接的电话，态度很差", "张伟"),
        ("客服小李说不能退", "小李"),
        ("My name is Mary Smith and the vase is broken", "Smith"),
        ("I spoke to John Miller yesterday", "Miller"),
        ("Mr. Brown was rude", "Brown"),
    ],
)
def test_it_strikes_out(text: str, secret: str) -> None:
    stripped = strip_personal_data(text)
    assert secret not in stripped and MARK in stripped


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-18下的单，11月20日还没到",
        "花了1299元，扣了3次50块",
        "说好2026/11/18 18:30送到，等了3天2小时",
        "我叫了外卖，一个小时没到",
        "我叫你们退款，你们不退",
        "手机用了两天就坏，A4纸那么大的裂缝",
        "在2楼3号柜台买的，10点到12点没人",
        "一千二百三十四块五毛六分，一分不少",
        "这条路太远，配送慢，市区也要三天",
        "超市里的东西坏了，你们市场部没人管",
        "App更新到v2.3.1后闪退，iPhone 15也一样",
        "This is ridiculous, I'm furious",
        "I waited 45 minutes for 2 coffees, $12.50 wasted",
        "Will you call me back? May is too late",
        "The driver threw my parcel over the fence",
    ],
)
def test_it_leaves_alone(text: str) -> None:
    assert strip_personal_data(text) == text


def test_what_stands_around_it_keeps_its_form() -> None:
    text = "订单号：２０２６１１１２０００７ 迟到了，电话13800138000！"
    assert strip_personal_data(text) == "订单号：*** 迟到了，电话***！"


def test_what_the_card_knows_is_struck_out_wherever_it_stands() -> None:
    known = Known(names=("王小明", "Will Smith"), numbers=("A77", "wx-oX3f9"))
    stripped = strip_personal_data("王小明，小明！ WILL SMITH or Will; a77, A 77 and wx-oX3f9", known)
    assert stripped == "***，***！ *** or ***; ***, *** and ***"
    # A name is a name with its capital; a number within another is another.
    assert strip_personal_data("will you fix it? BA77X", known) == "will you fix it? BA77X"


def test_a_short_or_empty_name_strikes_out_nothing() -> None:
    assert strip_personal_data("我要退款", Known(names=("", "我"), numbers=("", "1"))) == "我要退款"


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.sampled_from(["", " ", "-"]), st.randoms())
def test_no_mobile_number_survives_however_it_is_grouped(number: str, between: str, chance: random.Random) -> None:
    grouped = between.join((number[:3], number[3:7], number[7:]))
    for text in (f"电话{grouped}，快点", f"call {grouped} now", grouped, f"我的号码是{grouped}"):
        assert number[3:7] not in strip_personal_data(text).replace(MARK, "")


@given(st.text(alphabet="王路号市区省电话订单abcAB 0123456789@.-：:，。*\n", max_size=120))
def test_striking_out_twice_is_striking_out_once_and_nothing_is_added(text: str) -> None:
    once = strip_personal_data(text)
    assert len(once.replace(MARK, "")) <= len(text)
    assert not any(len(run) > 10 for run in "".join(c if c.isdigit() else " " for c in once).split())


@pytest.mark.parametrize("text", ["1" * 4000, "市区县" * 1300, "路" * 4000, "a-1" * 1300, "@" * 4000, "13 " * 1300])
def test_long_and_odd_texts_are_read_to_their_end(text: str) -> None:
    strip_personal_data(text)


def test_the_complaints_that_ship_lose_nothing() -> None:
    """They were invented, and name nobody."""
    with (ROOT / "data" / "samples" / "complaints.csv").open(encoding="utf-8") as file:
        texts = [row["text"] for row in csv.DictReader(file)]
    assert [text for text in texts if strip_personal_data(text) != text] == []
