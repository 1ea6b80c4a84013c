"""Telephone numbers that customers leave when asked for one."""

import pytest

from recovery.call_back import find_phone


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("13800138000", "13800138000"),
        ("138 0013 8000", "13800138000"),
        ("我的电话是１３８００１３８０００，下午三点后打", "13800138000"),
        ("+86 138-0013-8000", "13800138000"),
        ("打010-62345678", "01062345678"),
        ("(0755) 8234 5678", "075582345678"),
        ("+44 20 7946 0958 please, after six", "+442079460958"),
        ("0044 20 7946 0958", "+442079460958"),
        ("(415) 555-2671", "4155552671"),
        ("call me at 415-555-2671 after 6", "4155552671"),
        ("my number is 62345678", "62345678"),
        ("62345678", "62345678"),
    ],
)
def test_a_number_is_found_however_it_is_written(text: str, number: str) -> None:
    assert find_phone(text) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "在吗",
        "等了3个小时了",
        "5分",
        "202611120007",  # an order
        "订单号202611120007还没到",
        "order number 1234567890 is late",
        "20261118",  # a day
        "2026-11-18",
        "赔我1500000元",
        "身份证11010119900307123X",
        "110101199003071234",
    ],
)
def test_other_numbers_are_none(text: str) -> None:
    assert find_phone(text) is None
