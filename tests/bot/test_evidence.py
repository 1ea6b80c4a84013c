from __future__ import annotations

import pytest

from bot.nlu.evidence import evidence_of


def test_denied_failures_do_not_count():
    evidence = evidence_of("不是质量问题,是你们送错了")
    assert set(evidence.failures) == {"product_mismatch"}


@pytest.mark.parametrize(
    "text", ["一点异味都没有", "没有破损", "不错", "没问题", "no delay", "not bad", "用了半年都没坏"]
)
def test_words_turned_round_are_no_blame(text):
    assert not evidence_of(text).bad_clauses and not evidence_of(text).failures


@pytest.mark.parametrize("text", ["不好吃", "not good at all", "不太干净", "味道不行"])
def test_denied_praise_blames(text):
    assert evidence_of(text).bad_clauses


@pytest.mark.parametrize(
    "text", ["如果收到坏的可以退吗?", "what happens if it arrives damaged?", "保修期内进水算不算人为损坏?"]
)
def test_what_is_only_asked_has_not_failed(text):
    assert not evidence_of(text).failures


def test_praise_and_blame_keep_their_aspects():
    evidence = evidence_of("味道不错,但是送得太慢了")
    assert "product_quality" in evidence.praised and "delivery" in evidence.failures and evidence.last_is_bad


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("another garage ruined my clutch, can you look at it", "elsewhere"),
        ("别家修了三次都没修好", "elsewhere"),
        ("it was my own fault, i dropped it", "own_doing"),
        ("是我自己填错了", "own_doing"),
        ("false alarm, found it in my bag", "settled"),
        ("找到了，撤销吧", "settled"),
        ("my boss shouted at me all day", "own_life"),
        ("又加班到十点", "own_life"),
        ("where is my parcel, no rush", "unhurried"),
        ("我的件到哪了,不急", "unhurried"),
    ],
)
def test_it_notes_whose_matter_it_is(text, kind):
    assert getattr(evidence_of(text), kind)


@pytest.mark.parametrize(
    ("text", "blames"),
    [
        ("another garage botched the repair, so i came to you", False),
        ("别家修了三次都没修好,所以来找你们", False),
        ("had to buy it in another shop because you never delivered", True),
        ("别家都送到了,就你们还没发货", True),
    ],
)
def test_what_another_firm_did_is_not_blamed_on_us(text, blames):
    assert bool(evidence_of(text).failures) is blames
