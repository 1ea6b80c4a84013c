"""Brings a message into one form before anything reads it: letters, script, emoji, stretching; tells the language."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Any

import opencc
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot import LONGEST_TEXT
from bot.nlu.lexicon import load

# Key on the message under which the normaliser leaves its result.
NORMALISED = "normalised"

# The word joiner is put before typed commands by the desk so that Rasa does not obey them.
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufe0e\ufe0f\u00ad]")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_BLANKS = re.compile(r"[^\S\n]+")
_STRETCHED_LETTER = re.compile(r"([a-zA-Z])\1{2,}")
_STRETCHED_HAN = re.compile(r"([一-鿿])\1{2,}")
_STRETCHED_MARK = re.compile(r"([!?.,~。…\-_=*#])\1{3,}")
_HAN = re.compile(r"[一-鿿㐀-䶿]")
_KANA_OR_HANGUL = re.compile(r"[぀-ヿ가-힯]")
_LATIN_WORD = re.compile(r"(?<![\w@/.])[a-z][a-z']*(?![\w/])", re.IGNORECASE)
# What speakers of both languages type; it does not tell the language.
_SHARED_WORDS = frozenset(
    [
        "ok",
        "okay",
        "bye",
        "hi",
        "hello",
        "hey",
        "sb",
        "vip",
        "app",
        "wifi",
        "pos",
        "lol",
        "emmm",
        "hmm",
        "thx",
        "tks",
        "pls",
        "no",
    ]
)
_CANTONESE = re.compile("[唔冇嘅咗喺佢哋嚟啲咁搵揾嘢]|俾人")


@cache
def _converter(direction: str) -> opencc.OpenCC:
    return opencc.OpenCC(direction)


@cache
def _rewriting() -> dict[str, Any]:
    """Tables of emoji and Cantonese words, with one pattern for each."""
    tables = load("rewriting")
    cantonese = tables["cantonese"]
    emoji = {symbol: words for words in tables["emoji"] for symbol in words["symbols"]}
    return {
        "cantonese": cantonese,
        "cantonese_pattern": re.compile("|".join(sorted(map(re.escape, cantonese), key=len, reverse=True))),
        "emoji": emoji,
        "emoji_pattern": re.compile("[" + "".join(emoji) + "]"),
    }


def language_of(text: str) -> str | None:
    """``"zh"``, ``"en"``, or None where the text does not tell (numbers, emoji, other scripts, "ok")."""
    han = len(_HAN.findall(text))
    if len(_KANA_OR_HANGUL.findall(text)) * 2 > han:
        return None
    words = [word.lower() for word in _LATIN_WORD.findall(text)]
    if han and han >= len(words):
        return "zh"
    telling = [word for word in words if word not in _SHARED_WORDS and len(word) > 1]
    letters = sum(character.isalpha() for character in text)
    # Cyrillic, Greek, Arabic … with a stray Latin word are not English.
    if telling and sum(map(len, words)) * 2 >= letters:
        return "en"
    return "zh" if han else None


def script_of(text: str) -> str | None:
    """``"hans"``, ``"hant"``, ``"latin"`` or None; text common to both Chinese scripts counts as ``"hans"``."""
    han = "".join(_HAN.findall(text))
    if not han:
        return "latin" if re.search("[a-zA-Z]", text) else None
    simplified = _converter("t2s").convert(han)
    to_simplified = sum(a != b for a, b in zip(han, simplified, strict=False))
    if not to_simplified:
        return "hans"
    to_traditional = sum(a != b for a, b in zip(han, _converter("s2t").convert(han), strict=False))
    return "hant" if to_simplified > to_traditional else "hans"


def _shorten_letters(match: re.Match[str]) -> str:
    letter = match.group(1)
    # "goood" and "feee" keep two, "slowww" and "badddd" one.
    return letter * 2 if letter in "oeOE" else letter


# Addresses and names of accounts say nothing about what failed; that there is a link does.
_ADDRESS = re.compile(r"https?://\S+|www\.\S+", re.IGNORECASE)
_ACCOUNT_NAME = re.compile(r"(?<![\w.])@\w{2,30}:?")


def normalise(text: Any) -> dict[str, Any]:
    """Normalises one message.

    Args:
        text: what the customer typed; anything but a string counts as empty.

    Returns:
        ``text`` (at most 4,000 characters), ``matching`` (the same in lower case, links and account names taken out), ``language``, ``script``.
    """
    raw = text[: 2 * LONGEST_TEXT] if isinstance(text, str) else ""
    # Lone surrogates can be typed into JSON; they could not be encoded again on the way out.
    raw = raw.encode("utf-8", "ignore").decode("utf-8")
    plain = unicodedata.normalize("NFKC", _INVISIBLE.sub("", raw))
    plain = _CONTROL.sub(" ", _INVISIBLE.sub("", plain)).translate(
        {0x2019: "'", 0x2018: "'", 0x201C: '"', 0x201D: '"', 0x60: "'"}
    )
    plain = plain[:LONGEST_TEXT]
    script, language = script_of(plain), language_of(plain)
    if _HAN.search(plain):
        plain = _converter("t2s").convert(plain)
    tables = _rewriting()
    if _CANTONESE.search(plain):
        plain = tables["cantonese_pattern"].sub(lambda match: tables["cantonese"][match.group()], plain)
    word_key = "en" if language == "en" else "zh"
    plain = tables["emoji_pattern"].sub(lambda match: " " + tables["emoji"][match.group()][word_key] + " ", plain)
    plain = "".join(
        " " if unicodedata.category(character) in ("So", "Sk", "Cn", "Co") else character for character in plain
    )
    plain = _STRETCHED_LETTER.sub(_shorten_letters, plain)
    plain = _STRETCHED_HAN.sub(r"\1\1", plain)
    plain = _STRETCHED_MARK.sub(r"\1\1\1", plain)
    plain = _BLANKS.sub(" ", plain).strip()[:LONGEST_TEXT]
    matching = (
        " ".join(_ACCOUNT_NAME.sub(" @ ", _ADDRESS.sub(" url ", plain)).replace("#", " #").split(" ")).lower().strip()
    )
    return {"text": plain, "matching": matching, "language": language, "script": script}


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class Normaliser(GraphComponent):
    """Leaves ``normalised`` on each message, for the components that follow."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> Normaliser:
        """Nothing to configure."""
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        """Normalises each message in place."""
        for message in messages:
            message.set(NORMALISED, normalise(message.get(TEXT)))
        return messages

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Normalises the training examples alike."""
        self.process(training_data.training_examples)
        return training_data
