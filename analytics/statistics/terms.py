"""Words and phrases of a text, for counting: no dictionary is needed, so that new words are found, too."""

import re
import unicodedata

_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
# Whatever is neither a letter nor a blank ends a phrase: digits do, so that no number is ever a term.
_PHRASES = re.compile(rf"[{_HAN}a-z'’ -]+")
_PIECES = re.compile(rf"[{_HAN}]+|[a-z]+(?:['’][a-z]+)?")

# A stretch of characters that begins or ends so is cut out of a phrase and is none itself.
_LITTLE_CHARACTERS = frozenset("的了是在我你您他她它们和也就都很吗呢吧啊这那着过把被给让跟与及而但还又再才个么嘛呀哦嗯")
_LITTLE_WORDS = frozenset(
    re.findall(
        r"\S+",
        """a about after again all also am an and any are as at be because been before being but by can could did
        do does don't for from get got had has have he her here him his how i i'm i've if in into is it it's its
        just me my no not of off on one or our out over she so some still than that the their them then there
        these they this those to too up us very was we were what when where which who why will with would you
        your""",
    )
)

SHORTEST, LONGEST = 2, 4
_SHORTEST_WORD = 3


def terms_of(text: str) -> frozenset[str]:
    """The words and phrases of a text, each once.

    Of Chinese the stretches of 2 to 4 characters, which name most things without cutting a sentence into words; of
    other languages words of three letters or more, and pairs of neighbours. Full-width and capital letters are read as
    plain ones.

    Args:
        text: without personal data (``recovery.personal_data.strip_personal_data``).
    """
    found: set[str] = set()
    for phrase in _PHRASES.findall(unicodedata.normalize("NFKC", text).lower().replace("’", "'")):
        last = None
        for piece in _PIECES.findall(phrase):
            if piece[0] >= "\u3400":
                found.update(_stretches(piece))
                last = None
            elif piece in _LITTLE_WORDS or len(piece) < _SHORTEST_WORD:
                last = None
            else:
                found.add(piece)
                if last is not None:
                    found.add(f"{last} {piece}")
                last = piece
    return frozenset(found)


def _stretches(run: str) -> set[str]:
    return {
        run[begin : begin + length]
        for length in range(SHORTEST, LONGEST + 1)
        for begin in range(len(run) - length + 1)
        if run[begin] not in _LITTLE_CHARACTERS and run[begin + length - 1] not in _LITTLE_CHARACTERS
    }


def overlap(first: str, second: str) -> bool:
    """Whether one term is a part of the other, or one ends as the other begins: then they may be one phrase."""
    if first.isascii() != second.isascii():
        return False
    if first.isascii():
        return bool(set(first.split()) & set(second.split()))
    if first in second or second in first:
        return True
    return any(
        first.endswith(second[:length]) or second.endswith(first[:length])
        for length in range(1, min(len(first), len(second)))
    )
