"""What the last question waits for, and how it guides the reading of an answer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from rasa.shared.nlu.constants import METADATA
from rasa.shared.nlu.training_data.message import Message

from bot.nlu.reading_choice import choose_reading
from bot.nlu.survey import RATING_KINDS, SURVEY_KINDS, puts_off, score_in_words, skips

KINDS = ("order_number", "order_proof", "happening", "offer", "confirm_hand_over", "wish", "reading", *SURVEY_KINDS)
_ORDINALS = {
    "1": 1,
    "一": 1,
    "首": 1,
    "壹": 1,
    "a": 1,
    "one": 1,
    "first": 1,
    "1st": 1,
    "前": 1,
    "former": 1,
    "2": 2,
    "二": 2,
    "两": 2,
    "贰": 2,
    "b": 2,
    "two": 2,
    "second": 2,
    "2nd": 2,
    "3": 3,
    "三": 3,
    "叁": 3,
    "c": 3,
    "three": 3,
    "third": 3,
    "3rd": 3,
    "4": 4,
    "四": 4,
    "d": 4,
    "four": 4,
    "fourth": 4,
    "4th": 4,
    "5": 5,
    "五": 5,
    "e": 5,
    "five": 5,
    "fifth": 5,
}
_CHOICE = (
    re.compile(
        r"^\W*(?:我?(?:选|要|就|那就|就要|接受)(?:第|方案|选项)?)?\s?([1-5一二三四五a-e])(?:[)号、.,]|吧|就行|好了|可以|谢谢|ok|\s|please|thanks)*\W*$"
    ),
    re.compile(r"第\s?([1-5一二三四五])\s?(?:个|种|项|条|款|样|份|方案|选项|吧|,|。|$)"),
    re.compile(r"(?:方案|选项|选择|选|要)\s?([1-5一二三四五a-e])(?![\d点个件份张折元块分天瓶杯a-z])"),
    re.compile(r"(?<!\d)([1-5一二三四五])号(?:方案|选项|吧)?"),
    re.compile(
        r"\b(?:option|number|no\.?|choice|choose|pick|take|select|#)\s?(?:number )?([1-5a-e]|one|two|three|four|five)\b"
    ),
    re.compile(
        r"\bthe (first|second|third|fourth|fifth|former|1st|2nd|3rd|4th|5th)\b(?! (?:time|order|day|week|place|parcel|delivery))"
    ),
    re.compile(r"^\W*(first|second|third|fourth|one|two|three|four)(?: one| option)?(?: please| pls| thanks)?\W*$"),
    re.compile(r"(前)(?:面|一个|者)(?:那个|的)?"),
)
_LAST_CHOICE = re.compile(
    r"后面那个|后者|后一个|最后(?:一个|那个|一种|那种)|\b(?:the )?(?:last|latter|second last)(?: one| option)?\b"
)
_NUMBER_WORDS = {
    "一": 1,
    "二": 2,
    "两": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
}
_RATING_NAMED = re.compile(
    r"(?:打|给|评|评分|我给|就给|只给|满意度)?\s?(?<![\d.])([1-5一二两三四五])\s?(?:颗星|星|分)(?!钟|之|店|级|辣|期|酒店|宾馆|饭店|析|享|配|量|手|开|公司|类|销)"
    r"|\b([1-5]|one|two|three|four|five)[ -]?stars?\b(?! hotel| resort| restaurant)|(?<![\d/.])([1-5])\s?(?:/|out of)\s?5(?![\d/])"
    r"|\b(?:rate|rating|score|give)(?: (?:it|you|this|that|them|is|of|a|an|my)){0,3}:? ([1-5]|one|two|three|four|five)\b(?! (?:day|week|month|hour|minute|time|year|dollar|pound|chance|reason|more|call))"
)
_RATING_BARE = re.compile(r"^\D{0,6}(?<!\d)([1-5])(?!\d)\D{0,8}$|^\W*([一二三四五]|one|two|three|four|five)\W*$")

# A choice and nothing else: "1", "选第一个", "the first one, please".
_LONGEST_BARE_CHOICE = 24
_BARE_CHOICE = re.compile(
    r"^\W*(?:我?(?:选|要)|就|那就|就要)?第?(?:the |option |number )?"
    r"([1-5]|[一二三四五](?=个|种|项)|first|second|third|fourth|fifth)(?:个|种|项| one| option)?(?:吧| please| thanks)?\W*$"
)


@dataclass(frozen=True)
class Awaited:
    """The open question: its kind (None where nothing is awaited) and what was shown to choose from, in that order.

    ``options`` are the remedy kinds of an offer, the intents of a question for the reading; else there are none.
    """

    kind: str | None = None
    options: tuple[str, ...] = ()

    def choice(self, text: str, remedies: list[str]) -> int | None:
        """The 1-based option that ``text`` takes of those shown; ``remedies`` are the kinds it names."""
        if self.kind == "reading":
            number = choose_reading(text, self.options)
            return number if number is not None and number > 0 else None
        if self.kind is None and len(text) <= _LONGEST_BARE_CHOICE:
            # Nothing is open to choose from; the service still wants to know that a choice was meant.
            found = _BARE_CHOICE.match(text)
            return _ORDINALS.get(found.group(1)) if found else None
        if self.kind != "offer" or not self.options:
            return None
        for pattern in _CHOICE:
            match = pattern.search(text)
            if match:
                number = _ORDINALS.get(match.group(1))
                if number is not None and number <= len(self.options):
                    return number
        if _LAST_CHOICE.search(text):
            return len(self.options)
        offered = [remedy for remedy in remedies if remedy in self.options]
        if offered and len(text) <= 60:
            return self.options.index(offered[0]) + 1
        return None

    def rating(self, text: str) -> int | None:
        """The rating 1–5 said in ``text``; a bare number, or a word, counts only where one is awaited."""
        match = _RATING_NAMED.search(text)
        if not match and self.kind in RATING_KINDS:
            match = _RATING_BARE.search(text)
        if match:
            said = next(group for group in match.groups() if group)
            return int(said) if said.isdigit() else _NUMBER_WORDS[said]
        return score_in_words(text) if self.kind in RATING_KINDS else None

    def skips(self, text: str) -> bool:
        """Whether ``text`` leaves out the one question of the survey that is open."""
        return self.kind in SURVEY_KINDS and skips(text)

    def later(self, text: str) -> bool:
        """Whether ``text`` puts off whatever was asked; of a survey that is a no, which is respected."""
        return self.kind not in (*SURVEY_KINDS, "reading") and puts_off(text)


def awaited_of(message: Message) -> Awaited:
    """What the desk says is awaited, from the message's metadata; anything malformed counts as nothing awaited."""
    metadata = message.get(METADATA)
    said: Any = metadata.get("awaited") if isinstance(metadata, dict) else None
    if not isinstance(said, dict) or said.get("kind") not in KINDS:
        return Awaited()
    options = said.get("options")
    return Awaited(said["kind"], tuple(str(option) for option in options) if isinstance(options, list) else ())
