"""What the analytics say in English, for those who read Chinese: ``sentences.yml`` beside this file.

Analytics explain themselves in English sentences, in which figures and names stand. Here each has its counterpart; one
that has none is shown as it is.
"""

import re
from functools import cache
from pathlib import Path

from pydantic import RootModel

from store.firm_files import read_yaml


class _Sentences(RootModel[dict[str, str]]):
    """English sentence → Chinese one, both with the same values in braces."""


@cache
def known() -> tuple[tuple[str, re.Pattern[str], str], ...]:
    """Each sentence, what finds it and its values, and its counterpart; longer ones first."""
    pairs = read_yaml(Path(__file__).with_name("sentences.yml"), _Sentences).root
    ordered = sorted(pairs.items(), key=lambda pair: -len(pair[0]))
    return tuple((english, _pattern(english), chinese) for english, chinese in ordered)


def in_language(sentence: str, language: str) -> str:
    """The sentence in this language; what stands within it, such as another sentence, too."""
    if language != "zh":
        return sentence
    for _, pattern, chinese in known():
        if found := pattern.fullmatch(sentence):
            return chinese.format(**{name: in_language(value, language) for name, value in found.groupdict().items()})
    return sentence


def _pattern(english: str) -> re.Pattern[str]:
    parts = re.split(r"\{(\w+)\}", english)
    # Every other part is the name of a value.
    pattern = "".join(re.escape(part) if at % 2 == 0 else f"(?P<{part}>.+?)" for at, part in enumerate(parts))
    return re.compile(pattern, re.DOTALL)
