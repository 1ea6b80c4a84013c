"""What Tencent's error codes ask for; everything that calls decides from the disposition alone.

Codes and meanings are those of Tencent's own tables: "全局返回码" of the official account, "全局错误码" of WeCom. The
same number may mean different things on the two: 45009 is the day's limit on an official account, and too many calls a
minute on WeCom.
"""

from enum import StrEnum
from typing import Literal

Api = Literal["mp", "wecom", "wecom-kf"]


class Disposition(StrEnum):
    """What to do about it."""

    PASSES = "passes"  # try again, with growing pauses
    TOKEN = "token"  # a new access token, and once more
    UNREACHABLE = "unreachable"  # this customer cannot be written to until they come back
    CONFIGURATION = "configuration"  # a person must put right the account or its settings
    TOO_LONG = "too_long"  # the message must be split
    TOMORROW = "tomorrow"  # the day's calls are used up
    WINDOW_CLOSED = "window_closed"  # the customer wrote too long ago; never tried again
    QUOTA_SPENT = "quota_spent"  # as many messages as one of the customer's allows; never tried again
    RESTRICTED = "restricted"  # the account, or this customer's, was restricted; a person must look
    OTHER = "other"  # trying again cannot help


# Who acts here alone may put it right; whoever runs the desk is told.
NEEDS_A_PERSON = frozenset({Disposition.TOKEN, Disposition.CONFIGURATION, Disposition.TOMORROW, Disposition.RESTRICTED})

_MP: dict[int, Disposition] = {
    -1: Disposition.PASSES,
    45011: Disposition.PASSES,  # too frequent
    40001: Disposition.TOKEN,
    40014: Disposition.TOKEN,
    42001: Disposition.TOKEN,
    40003: Disposition.UNREACHABLE,  # no follower, or not of this account
    43004: Disposition.UNREACHABLE,  # must follow first
    48002: Disposition.UNREACHABLE,  # refuses messages
    40013: Disposition.CONFIGURATION,  # AppID
    40002: Disposition.CONFIGURATION,  # grant_type
    40037: Disposition.CONFIGURATION,  # no such template
    40125: Disposition.CONFIGURATION,  # AppSecret
    40164: Disposition.CONFIGURATION,  # our address is not on the list
    40243: Disposition.CONFIGURATION,  # AppSecret frozen
    41002: Disposition.CONFIGURATION,  # no AppID
    41004: Disposition.CONFIGURATION,  # no AppSecret
    47003: Disposition.CONFIGURATION,  # a template's fields
    48001: Disposition.CONFIGURATION,  # the account may not use this
    48003: Disposition.CONFIGURATION,  # terms not yet agreed to
    50001: Disposition.CONFIGURATION,  # may not use this either
    61004: Disposition.CONFIGURATION,  # our address is not on the list
    45002: Disposition.TOO_LONG,
    45009: Disposition.TOMORROW,
    45015: Disposition.WINDOW_CLOSED,
    45047: Disposition.QUOTA_SPENT,
    48004: Disposition.RESTRICTED,  # forbidden for irregularities
    50002: Disposition.RESTRICTED,
}
_WECOM: dict[int, Disposition] = {
    -1: Disposition.PASSES,
    45009: Disposition.PASSES,  # too many calls a minute
    45033: Disposition.PASSES,  # too many at once
    40001: Disposition.TOKEN,
    40014: Disposition.TOKEN,
    42001: Disposition.TOKEN,
    40013: Disposition.CONFIGURATION,  # CorpID
    40091: Disposition.CONFIGURATION,  # Secret
    41002: Disposition.CONFIGURATION,  # no CorpID
    41004: Disposition.CONFIGURATION,  # no Secret
    48001: Disposition.CONFIGURATION,  # the application may not use this
    48002: Disposition.CONFIGURATION,  # the application may not use this
    60011: Disposition.CONFIGURATION,  # the application may not act on this person
    60020: Disposition.CONFIGURATION,  # our address is not on the list
    60111: Disposition.CONFIGURATION,  # no such person
    301002: Disposition.CONFIGURATION,  # the application may not use this
    45002: Disposition.TOO_LONG,
}
_WECOM_KF: dict[int, Disposition] = {
    95000: Disposition.CONFIGURATION,  # open_kfid
    95004: Disposition.CONFIGURATION,  # open_kfid
    95011: Disposition.CONFIGURATION,  # used within WeCom instead of by its API
    95012: Disposition.CONFIGURATION,  # not used within WeCom
    95014: Disposition.CONFIGURATION,  # the servicer does not receive customers
    95017: Disposition.CONFIGURATION,  # the API is not switched on
    95001: Disposition.QUOTA_SPENT,
    95002: Disposition.WINDOW_CLOSED,
    # The conversation is in a state that does not allow it: another message, or our mirror, changes that.
    95013: Disposition.PASSES,
    95016: Disposition.PASSES,
    95018: Disposition.PASSES,
}
# The conversation's state there does not allow what was asked.
WRONG_STATE = frozenset({95013, 95016, 95018})
_TABLES: dict[str, dict[int, Disposition]] = {"mp": _MP, "wecom": _WECOM, "wecom-kf": {**_WECOM, **_WECOM_KF}}
# Whose meaning the desk's words explain.
EXPLAINED = frozenset().union(*_TABLES.values())


def disposition(api: str, code: int) -> Disposition:
    """What to do about an error code.

    Args:
        api: ``mp`` (official account), ``wecom``, ``wecom-kf`` (its customer service).

    Returns:
        ``OTHER`` for a code, or an API, that is not known.
    """
    return _TABLES.get(api, {}).get(code, Disposition.OTHER)
