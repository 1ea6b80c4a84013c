"""A phone number that a customer leaves when asked for one."""

import re
import unicodedata

from recovery.phones import normalise_phone

# Mainland mobiles (11 digits, 1[3-9]…), the country's code before it or not; landlines (0, area code, 7 or 8 digits).
_MOBILE = re.compile(r"(?<![\d.])(?:(?:\+|00)?86[ -]?)?(1[3-9](?:[ -]?\d){9})(?![\d.]?\d)")
_LANDLINE = re.compile(
    r"(?<!\d)(\(?0\d{2,3}\)?[ -]?[2-9]\d{2,3}[ -]?\d{4}(?:[ -]?(?:转|ext\.?|x)[ ]?\d{1,5})?)(?!\d)", re.IGNORECASE
)
_ABROAD = re.compile(r"(?<![\d+])(\+\d(?:[ ()-]{0,2}\d){6,14})(?!\d)")
_NAMED = re.compile(
    r"(?:电话|手机|座机|联系方式|我的?号码|\b(?:phone|mobile|cell|tel|my number|call me (?:on|at)|reach me (?:on|at)))"
    r"[^\d+\n]{0,12}((?:\(?\d[ ()-]{0,2}){7,14}\d)(?!\d)",
    re.IGNORECASE,
)
_ALONE = re.compile(r"(00[1-9](?:[ ()-]{0,2}\d){8,13}|(?:\(?\d[ ()-]{0,2}){6,10}\d)")
# Not a number to call: a day written together.
_DAY = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")


def find_phone(text: str) -> str | None:
    """The phone number in a message, written plainly (``13800138000``, ``+442079460000``, ``01062345678``), or None.

    A number that looks like none in particular counts only where the message is nothing else, or says what it is.
    """
    plain = unicodedata.normalize("NFKC", text).replace("–", "-").replace("—", "-")
    for pattern in (_MOBILE, _ABROAD, _LANDLINE, _NAMED):
        if found := pattern.search(plain):
            return _written(found[1])
    alone = _ALONE.fullmatch(plain.strip(" .,。，;；!！"))
    if alone and not _DAY.fullmatch(_written(alone[1])):
        return _written(alone[1])
    return None


def _written(number: str) -> str:
    """As all numbers are kept, where it has no extension."""
    return normalise_phone(number) or re.sub(r"[ ()-]", "", number)
