"""Whatever is typed, a valid understanding comes out, and quickly."""

from __future__ import annotations

import time

import pytest
from form import assert_form
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

AWAITED = st.one_of(
    st.none(),
    st.text(max_size=5),
    st.builds(
        lambda kind, options: {"kind": kind, "revision": 1, "options": options},
        st.sampled_from(
            [
                "order_number",
                "order_proof",
                "happening",
                "offer",
                "confirm_hand_over",
                "rating",
                "fairness_outcome",
                "fairness_procedure",
                "fairness_interaction",
                "missing",
                "wish",
                "reading",
                "else",
                None,
            ]
        ),
        st.one_of(
            st.none(),
            st.lists(st.sampled_from(["refund", "voucher", "gift", "complain", "ask_policy"]), max_size=3),
            st.just(7),
        ),
    ),
)
SPEECH = st.lists(
    st.sampled_from(
        [
            "退款",
            "订单",
            "不",
            "没有",
            "refund",
            "1",
            "第",
            "个",
            "5分",
            "😡",
            "order",
            "老人",
            "人工",
            "漏电",
            "my",
            "card",
            "¥",
            "12345678",
            "!",
            "?",
            ",",
            "。",
            "\n",
            "\u2060",
            "@a",
            "https://x.y",
            "agent",
            "投诉",
            "neither",
            "三百",
            "元",
        ]
    ),
    max_size=30,
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(text=st.one_of(st.text(max_size=200), SPEECH.map("".join), SPEECH.map(" ".join)), awaited=AWAITED)
def test_any_text_yields_the_form(understander, text, awaited):
    message = understander.read(text, {"awaited": awaited})
    assert_form(message.get("understanding"))
    assert message.get("intent")["name"] == message.get("intent_ranking")[0]["name"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "\u2060",
        "\x00\x01\x02",
        "😡😡😡",
        "\ud800",
        "!!!???",
        "1" * 4000,
        "退" * 1_000_000,
        "a" * 1_000_000,
        "0123456789" * 100_000,
        "一" * 5000,
        "my " * 300_000,
        "老人 " * 300_000,
        "not " * 2000 + "bot",
        "Здравствуйте, где мой заказ",
        "مرحبا",
        "こんにちは、まだ届きません",
        "\n" * 100_000,
        "$" * 5000,
        "订单号:" * 2000,
        "the first " * 800,
        "转 接 人 " * 1500,
        "(" * 5000,
        "u" * 4000 + "!",
        "@a" * 5000,
        "http://" * 3000,
        "投诉" * 2000,
    ],
    ids=lambda text: f"{text[:8]!r}x{len(text)}",
)
def test_extreme_texts_are_read_within_a_second(understander, text):
    begun = time.perf_counter()
    understanding = understander.read(text, {}).get("understanding")
    assert time.perf_counter() - begun < 1.0
    assert_form(understanding)


@pytest.mark.parametrize("text", ["", "😶", "...", "\u2060", "مرحبا بك في متجرنا الكبير جدا"])
def test_what_says_nothing_is_not_taken_for_a_complaint(understander, text):
    read = understander.understand(text)
    assert read["intent"] != "complain" and read["hand_over"] is None


@pytest.mark.parametrize(
    "metadata",
    [None, {}, {"awaited": 3}, {"awaited": {"kind": ["offer"]}}, {"awaited": {"kind": "offer", "options": None}}],
)
def test_malformed_metadata_counts_as_nothing_awaited(understander, metadata):
    assert_form(understander.read("1", metadata).get("understanding"))
