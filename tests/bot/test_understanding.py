"""The whole pipeline on written messages: answers to open questions, complaints, and what is none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from form import assert_form

from bot.evaluation.complaints import score_complaints, score_non_complaints

DATA = Path(__file__).resolve().parents[1] / "data"
OFFER = {"kind": "offer", "revision": 1, "options": ["refund", "voucher"]}


def rows(name: str):
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines() if line.strip()]


def test_every_written_message_keeps_the_form(understander):
    for name in ("complaints.jsonl", "non_complaints.jsonl", "dialogue_acts.jsonl", "hand_over.jsonl"):
        for row in rows(name):
            assert_form(understander.read(row["text"], {"awaited": row.get("awaited")}).get("understanding"))


def test_answers_are_read_by_what_was_asked(understander):
    acts = rows("dialogue_acts.jsonl")
    right = sum(
        understander.understand(row["text"], {"awaited": row["awaited"]})["intent"] == row["intent"] for row in acts
    )
    assert right / len(acts) >= 0.9


def test_complaints_open_a_case(understander):
    assert score_complaints(understander, rows("complaints.jsonl"))["case_share"] >= 0.95


def test_what_is_no_complaint_opens_no_case(understander):
    assert score_non_complaints(understander, rows("non_complaints.jsonl"))["no_case_share"] >= 0.95


@pytest.mark.parametrize(
    ("text", "awaited", "intent"),
    [
        ("1", OFFER, "accept_offer"),
        ("第一个", OFFER, "accept_offer"),
        ("就要代金券吧", OFFER, "accept_offer"),
        ("不用了", OFFER, "deny"),
        ("先别说这个,你们骑手刚才还在楼下骂我", OFFER, "complain"),
        ("好的", {"kind": "confirm_hand_over", "options": []}, "affirm"),
        ("4", {"kind": "rating", "options": []}, "rate"),
        ("58213", {"kind": "order_number", "options": []}, "inform"),
        ("/restart", None, "nlu_fallback"),
        ("/complain{}", None, "nlu_fallback"),
        ("Do you ship to Canada?", None, "ask_policy"),
        ("转人工", OFFER, "request_person"),
        ("I want my money back", None, "wish_remedy"),
        ("我要退款", None, "wish_remedy"),
        ("moron", None, "abuse"),
        ("asdkjh qwe", None, "nlu_fallback"),
    ],
)
def test_an_answer_is_read_by_its_question(understander, text, awaited, intent):
    assert understander.understand(text, {"awaited": awaited})["intent"] == intent


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("不是质量问题,是你们送错了", "product_mismatch"),
        ("真棒,等了两小时饭都凉了", "delivery"),
        ("味道不错,但是送得太慢了", "delivery"),
        ("包裝破晒,點解咁耐先送到", "delivery"),
        ("Room was lovely but the front desk clerk was rude", "service_attitude"),
        ("你们app一直crash,付款两次", "digital_app"),
    ],
)
def test_only_blame_counts(understander, text, category):
    read = understander.understand(text)
    assert read["intent"] == "complain" and category in {each["key"] for each in read["categories"]}
    assert all(each["words"] for each in read["categories"][:1])


@pytest.mark.parametrize(
    "text",
    [
        "The fridge hums all night. Order 202609150012",
        "The mattress sags already, order 202609150013, phone ending 5518",
        "My bill is twenty too high. Contract 202609150016",
        "椅子腿松了，订单202609150017",
        "衣服染色了，单号202609150019，手机尾号5518",
    ],
)
def test_an_order_number_beside_it_takes_nothing_from_a_complaint(understander, text):
    assert understander.understand(text)["intent"] == "complain"
