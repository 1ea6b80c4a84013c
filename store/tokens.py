"""The words of a text as search knows them; the same for what is indexed, what is asked for and what is marked.

Chinese has no spaces: a run of its characters becomes overlapping pairs (质量很差 → 质量 量很 很差), and each character
alone. Everything else is a word of letters and digits, lower-cased, in the compatibility form NFKC (ＡＭ is am).
A token holds letters and digits only: nothing of it can be read as syntax of a full-text engine.
"""

import re
import unicodedata
from dataclasses import dataclass

# Radicals, kana and Han characters of all planes.
_CJK = "\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_RUN = re.compile(rf"([{_CJK}]+)|([^\W_{_CJK}]+)")
_CHUNK = re.compile(r'"([^"]*)"?|([^\s"]+)')
_QUOTES = str.maketrans("“”„«»「」『』＂", '"' * 10)
# What follows in a text, or in a word, is not looked at: no person searches for it.
TEXT_LENGTH = 20_000
_TOKEN_LENGTH = 64
_PIECES = 12
# A word of one letter is searched as it stands; a longer one may go on.
_PREFIX_FROM = 2


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a text, and where in the text it stands."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Piece:
    """Something that must be found: words one after the other.

    Attributes:
        prefix: the last word may go on: ``deliver`` finds ``delivered``.
        single: one Chinese character, which may stand anywhere.
    """

    words: tuple[str, ...]
    prefix: bool = False
    single: bool = False


def words_of(text: str) -> list[Token]:
    """The words of ``text`` in their order; runs of Chinese as overlapping pairs, a lone character as it is."""
    plain, places = _normalise(text[:TEXT_LENGTH])
    found = []
    for run in _RUN.finditer(plain):
        start, end = run.span()
        if run[1] is None or end - start == 1:
            found.append(Token(run[0][:_TOKEN_LENGTH], places[start], places[end - 1] + 1))
        else:
            found += [
                Token(plain[place : place + 2], places[place], places[place + 1] + 1) for place in range(start, end - 1)
            ]
    return found


def singles_of(text: str) -> list[Token]:
    """Every Chinese character of ``text``."""
    plain, places = _normalise(text[:TEXT_LENGTH])
    return [
        Token(plain[place], places[place], places[place] + 1)
        for run in _RUN.finditer(plain)
        if run[1] is not None
        for place in range(*run.span())
    ]


def read_question(question: str) -> list[Piece]:
    """What a question asks for: all of its words, ``"…"`` as they stand one after the other.

    Returns:
        Nothing where it names no word at all.
    """
    pieces: list[Piece] = []
    for chunk in _CHUNK.finditer(question.translate(_QUOTES)):
        exact = chunk[1] is not None
        pieces += _pieces(words_of(chunk[1] if exact else chunk[2]), exact)
    return list(dict.fromkeys(pieces))[:_PIECES]


def _pieces(tokens: list[Token], exact: bool) -> list[Piece]:
    """A lone Chinese character goes on in the text, and stands there in a pair: only the last of a phrase can be
    followed; any other is asked for by itself."""
    pieces: list[Piece] = []
    phrase: list[str] = []
    for place, token in enumerate(tokens):
        lone = len(token.text) == 1 and is_chinese(token.text)
        if lone and (not phrase or place < len(tokens) - 1):
            if phrase:
                pieces.append(Piece(tuple(phrase)))
            phrase = []
            pieces.append(Piece((token.text,), single=True))
        else:
            phrase.append(token.text)
    if phrase:
        last = phrase[-1]
        goes_on = (len(last) == 1) if is_chinese(last) else (not exact and len(last) >= _PREFIX_FROM)
        pieces.append(Piece(tuple(phrase), prefix=goes_on))
    return pieces


def is_chinese(token: str) -> bool:
    """Whether a token is one of characters, not of letters."""
    run = _RUN.match(token)
    return run is not None and run[1] is not None


def find_spans(text: str, pieces: list[Piece]) -> dict[Piece, list[tuple[int, int]]]:
    """Where in ``text`` each of ``pieces`` stands, as (start, end); only those that do."""
    words, singles = words_of(text), singles_of(text)
    found: dict[Piece, list[tuple[int, int]]] = {}
    for piece in pieces:
        if piece.single:
            spans = [(token.start, token.end) for token in singles if token.text == piece.words[0]]
        else:
            length = len(piece.words)
            spans = [
                _span(words[place : place + length], piece)
                for place in range(len(words) - length + 1)
                if _stands(words[place : place + length], piece)
            ]
        if spans:
            found[piece] = spans
    return found


def _span(tokens: list[Token], piece: Piece) -> tuple[int, int]:
    # Of a pair that goes on from a lone character, only that character was asked for.
    lone = piece.prefix and is_chinese(piece.words[-1])
    return tokens[0].start, tokens[-1].start + 1 if lone else tokens[-1].end


def _stands(tokens: list[Token], piece: Piece) -> bool:
    *before, last = zip(tokens, piece.words, strict=True)
    fits = last[0].text.startswith(last[1]) if piece.prefix else last[0].text == last[1]
    return fits and all(token.text == word for token, word in before)


def _normalise(text: str) -> tuple[str, list[int]]:
    """``text`` in NFKC and lower case, and for each character of it the place in ``text`` it came from."""
    if text.isascii():
        return text.lower(), list(range(len(text)))
    plain: list[str] = []
    places: list[int] = []
    start = 0
    while start < len(text):
        end = start + 1
        while end < len(text) and unicodedata.combining(text[end]):
            end += 1
        made = unicodedata.normalize("NFKC", text[start:end]).lower()
        plain.append(made)
        places += [start] * len(made)
        start = end
    return "".join(plain), places
