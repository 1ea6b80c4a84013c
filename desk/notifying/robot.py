"""Group robots of WeCom: a message in a group, by the robot's own address.

Its documentation: JSON by POST, answered with 200 and an ``errcode``; 20 messages a minute; Markdown of 4,096 bytes.
"""

import json
from datetime import timedelta

import aiohttp

from desk.channels.transport import TransportError
from desk.notifying.sending import Letter, post_json

MARKDOWN_BYTES = 4096
# Busy; too often; too many at once: these pass. Any other code means that the message or the robot is wrong.
_PASSING = {-1, 45009, 45033}
_TOO_OFTEN = timedelta(seconds=65)


class RobotSender:
    """Speaks through group robots.

    Args:
        addresses: by key.
    """

    def __init__(self, session: aiohttp.ClientSession, addresses: dict[str, str]) -> None:
        self._session = session
        self._addresses = addresses

    def reaches(self, target: str) -> bool:
        """Whether the settings hold the robot's address."""
        return target in self._addresses

    async def send(self, letter: Letter) -> None:
        """As :class:`desk.notifying.sending.Sender`."""
        if letter.to not in self._addresses:
            raise TransportError("its address is not set", permanent=True)
        body = json.dumps({"msgtype": "markdown", "markdown": {"content": letter.markdown}}, ensure_ascii=False)
        status, answer, _ = await post_json(self._session, self._addresses[letter.to], body.encode(), {})
        if status != 200:
            raise TransportError(f"HTTP {status}", permanent=300 <= status < 500 and status not in (408, 429))
        code = _error_code(answer)
        if code == 0:
            return
        again = _TOO_OFTEN if code in (45009, 45033) else None
        raise TransportError(f"errcode {code}", permanent=code not in _PASSING, retry_after=again)


def _error_code(answer: bytes) -> int:
    """WeCom's ``errcode``; what is no answer of WeCom's may be a proxy's, and passes."""
    try:
        code = json.loads(answer)["errcode"]
    except (ValueError, KeyError, TypeError):
        return -1
    return code if isinstance(code, int) else -1
