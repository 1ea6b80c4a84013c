"""Words that call for a person are never missed, and their look-alikes do not trigger."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.nlu.hand_over import hand_over_of
from bot.nlu.normaliser import normalise

DATA = Path(__file__).resolve().parents[1] / "data"


def rows(name: str):
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines() if line.strip()]


@pytest.mark.parametrize("row", rows("hand_over.jsonl"), ids=lambda row: row["id"])
def test_a_person_takes_over(row):
    hand_over = hand_over_of(normalise(row["text"])["matching"])
    assert hand_over is not None and hand_over["words"]


@pytest.mark.parametrize("row", rows("hand_over_lookalikes.jsonl"), ids=lambda row: row["id"])
def test_a_look_alike_stays_with_the_bot(row):
    assert hand_over_of(normalise(row["text"])["matching"]) is None


@pytest.mark.parametrize(
    "text",
    [
        "会员自动续费扣了我98，我没同意过",
        "Download speed is 20 instead of 70 for a month now",
        "牙刷断了",
        "手套破了个洞",
        "你是人还是机器",
        "这边是机器人还是真人",
        "看新闻有的银行泄露客户信息，你们的资料安全吗",
        "不用转人工，把钱退我就行",
        "I don't want a person, I want my money back",
        "I lost my library card, how do I get a new one",
        "the takeaway opposite gave half my office food poisoning, so we order from you",
        "隔壁那家店吃得我拉肚子，还是你家放心",
        "your roller coaster nearly killed me, best day of the year",
    ],
)
def test_what_only_sounds_like_it_stays_with_the_bot(text):
    assert hand_over_of(normalise(text)["matching"]) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("手机充着电把我手烫得起泡了", "safety"),
        ("在你们店里吃得我拉肚子", "safety"),
        ("your restaurant gave us food poisoning", "safety"),
        ("the roller coaster bar flew open and nearly killed me", "safety"),
        ("I lost my bank card, please block my account", "account_security"),
        ("我妈今年78了", "elder"),
        ("我不要机器人", "refuses_machine"),
        ("转人工", "asked"),
    ],
)
def test_its_neighbour_does_not(text, reason):
    assert hand_over_of(normalise(text)["matching"])["reason"] == reason


def test_the_suite_is_large_enough():
    assert len(rows("hand_over.jsonl")) >= 300
