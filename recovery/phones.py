"""Telephone numbers as one writes them, made one: the same number is the same text."""

import re
import unicodedata

_SEPARATORS = re.compile(r"[\s\-()./·]+")
_NUMBER = re.compile(r"\+?\d{5,15}")
_CHINA = "+86"


def normalise_phone(text: str) -> str | None:
    """``text`` as a number that compares equal however it was written, or None where it is no telephone number.

    Numbers of China stand without their country code (``13800138000``), all others with it (``+442079460958``).
    """
    number = _SEPARATORS.sub("", unicodedata.normalize("NFKC", text))
    if number.startswith("00") and len(number) > 10:
        number = "+" + number[2:]
    if re.fullmatch(r"861\d{10}", number):
        number = "+" + number
    if not _NUMBER.fullmatch(number):
        return None
    return number.removeprefix(_CHINA) if len(number) > len(_CHINA) + 4 else number


def last_four(number: str | None) -> str | None:
    """The digits by which a customer proves that a number is theirs; None where there are none."""
    digits = re.sub(r"\D", "", number or "")
    return digits[-4:] if len(digits) >= 7 else None
