"""The catalogue of charts and rules speaks of every one of them, in both languages."""

import re
from typing import get_args

import pytest

from analytics.charts.overdispersion import Advice
from analytics.charts.rules import ALL
from analytics.drawing import Kind
from analytics.words import LANGUAGES, words


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_kind_and_advice_has_its_words(language: str) -> None:
    told = words(language)
    assert set(told.rules) == set(ALL)
    assert set(told.kinds) == set(get_args(Kind)) - {"auto"}
    assert set(told.advice) == set(get_args(Advice))
    assert set(told.directions) == {"better", "worse", "pattern"}


def test_chinese_words_are_chinese() -> None:
    chinese = words("zh")
    for rule in chinese.rules.values():
        assert all(re.search(r"[\u4e00-\u9fff]", text) for text in rule.model_dump().values())
