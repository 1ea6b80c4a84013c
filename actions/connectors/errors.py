"""How a connector says that it could not do it: the one place that tells permanent failures from passing ones.

Only a clear no of the other system is permanent. Whatever leaves open whether the work was done (a time-out, a broken
answer, a failing server) is passing: asked again under the same key, a system that keeps to the contract answers as it
did the first time (docs/connectors.md).
"""

from datetime import timedelta

# Not now, says the other system: it timed out itself, is asked too early or too often.
_LATER = frozenset({408, 425, 429})
# It did not look at what we want but at who we are. Settings are wrong, and once they are put right trying again helps;
# failing every remedy for good meanwhile would not, and one that was carried out before would be given a second time.
_UNRECOGNISED = frozenset({401, 403, 407})
# The same key is being worked on at this moment (409).
IN_PROGRESS = "in_progress"


class ConnectorError(Exception):
    """A call to another system failed.

    Attributes:
        permanent: trying again cannot help, and nothing was done.
        retry_after: how long the other system asks to be left alone, where it says so.
    """

    def __init__(self, message: str, *, permanent: bool, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.retry_after = retry_after


def refusal(system: str, status: int, code: str | None, retry_after: timedelta | None) -> ConnectorError:
    """What an HTTP answer other than success means.

    Args:
        code: the ``code`` in the answer's ``error``, where it has one.
    """
    passing = (
        not 400 <= status < 500
        or status in _LATER
        or status in _UNRECOGNISED
        or (status == 409 and code == IN_PROGRESS)
    )
    words = f"{system}: HTTP {status}" + (f" {code}" if code else "")
    return ConnectorError(words, permanent=not passing, retry_after=retry_after if passing else None)
