"""What Tencent's refusal of a message means for the outbox; the same for both of its channels."""

from datetime import timedelta

from desk.channels.tencent.calls import Refused
from desk.channels.tencent.error_codes import WRONG_STATE, Disposition
from desk.channels.transport import Held, TransportError
from desk.channels.windows import Waits

# Until a person has put it right; nothing is lost meanwhile.
_PUT_RIGHT = timedelta(minutes=10)
_WAITS = {Disposition.WINDOW_CLOSED: Waits.WINDOW_CLOSED, Disposition.QUOTA_SPENT: Waits.QUOTA_SPENT}
_FOR_A_PERSON = frozenset({Disposition.TOKEN, Disposition.CONFIGURATION, Disposition.RESTRICTED, Disposition.TOMORROW})
# WeCom customer service: the conversation was ended there, and only its customer can begin it again.
_ENDED = 95013
# Official account: refuses messages; must follow first. Any other says that there is no such customer.
_WHY_UNREACHABLE = {48002: "refuses", 43004: "unfollowed"}


def read_refusal(error: Refused) -> Exception:
    """What to raise in a transport.

    Returns:
        :class:`desk.channels.transport.Held` or :class:`desk.channels.transport.TransportError`.
    """
    disposition = error.disposition
    if error.code == _ENDED:
        return Held(Waits.WINDOW_CLOSED)
    if disposition in _WAITS:
        return Held(_WAITS[disposition])
    if disposition is Disposition.UNREACHABLE:
        return Held(Waits.UNREACHABLE, _WHY_UNREACHABLE.get(error.code or 0, "unknown_there"))
    if disposition is Disposition.TOO_LONG:
        return TransportError(str(error), permanent=False, not_taken=True, too_long=True)
    if disposition in _FOR_A_PERSON:
        again = error.retry_after or _PUT_RIGHT
        return TransportError(str(error), permanent=False, retry_after=again, not_taken=error.not_taken)
    permanent = disposition is Disposition.OTHER
    return TransportError(
        str(error),
        permanent=permanent,
        retry_after=error.retry_after,
        not_taken=error.not_taken or permanent,
        wrong_state=error.code in WRONG_STATE,
    )
