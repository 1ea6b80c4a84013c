"""What leaves the page, and the ways it goes; an error says whether trying again can help."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import aiohttp

from desk.channels.transport import TransportError

# Outside systems answer at once or not at all: a slow one must not hold up what waits behind it.
TIMEOUT_SECONDS = 10.0
_ANSWER_AT_MOST = 16 * 1024


@dataclass(frozen=True, slots=True)
class Item:
    """One event as it is told outside.

    Attributes:
        id: unguessable; the same each time it is tried.
        facts: ``case``, ``conversation``, ``severity``, ``department``, ``due``, ``reason``, ``clock``: keys and
            numbers of ours, whatever is known of them; never a name, never what somebody said.
    """

    id: str
    kind: str
    at: datetime
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Letter:
    """What one target gets at once: an event, or several in one.

    Attributes:
        id: of this message.
        to: an e-mail address, or the key of a robot or webhook.
        title: one line.
        text: plain words, for e-mail.
        markdown: the same for robots.
    """

    id: str
    to: str
    items: tuple[Item, ...]
    title: str = ""
    text: str = ""
    markdown: str = ""


class Sender(Protocol):
    """One way out."""

    async def send(self, letter: Letter) -> None:
        """Hand the letter in.

        Raises:
            TransportError: it was not taken. The message names no address: those are secrets.
        """
        ...

    def reaches(self, target: str) -> bool:
        """Whether the settings say where ``target`` is."""
        ...


async def post_json(
    session: aiohttp.ClientSession, address: str, body: bytes, headers: dict[str, str]
) -> tuple[int, bytes, str | None]:
    """Post ``body``: certificates verified, no redirect followed, no long wait.

    Returns:
        Status, the beginning of the answer, and ``Retry-After``.

    Raises:
        TransportError: there was no answer; trying again may help.
    """
    try:
        async with session.post(
            address,
            data=body,
            headers={"Content-Type": "application/json; charset=utf-8", "User-Agent": "Amends", **headers},
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS),
            allow_redirects=False,
        ) as response:
            # `read` gives what has arrived so far: an answer may come in pieces.
            answer = b""
            while len(answer) < _ANSWER_AT_MOST and (part := await response.content.read(_ANSWER_AT_MOST)):
                answer += part
            return response.status, answer, response.headers.get("Retry-After")
    except TimeoutError:
        raise TransportError("no answer in time", permanent=False) from None
    except aiohttp.ClientConnectorCertificateError:
        raise TransportError("the certificate cannot be trusted", permanent=False) from None
    except (aiohttp.ClientError, OSError) as error:
        # Not its words: they may hold the address.
        raise TransportError(f"no connection ({type(error).__name__})", permanent=False) from None
