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
