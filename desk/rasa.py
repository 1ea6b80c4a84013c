"""The way to Rasa: loopback HTTP, a short text and what it needs to be read; nothing else of the customer's."""

import itertools
from dataclasses import dataclass
from typing import Any

import aiohttp

# What is longer is cut for understanding and kept whole in the store.
TEXT_LIMIT = 4000
# Rasa obeys `/restart` and `/intent{…}`; behind a word joiner the text is only text. The normaliser removes it.
WORD_JOINER = "\u2060"


# So long a process on another machine may take to accept a connection.
_CONNECT_SECONDS = 5.0


class RasaUnavailable(Exception):
    """Rasa did not take the message; trying again may help."""


class RasaNotReached(RasaUnavailable):
    """No Rasa accepted so much as a connection, as while it starts: none of them has heard of the message."""


@dataclass(frozen=True, slots=True)
class RasaMessage:
    """What Rasa is told of a message (docs/understanding.md)."""

    sender: str
    text: str
    inbox: str
    fence: int
    language: str | None
    awaited: dict[str, Any] | None


def plain_text(text: str) -> str:
    """``text`` as Rasa may read it: cut to the limit, and never a command."""
    cut = text[:TEXT_LIMIT]
    return WORD_JOINER + cut if cut.lstrip().startswith("/") else cut


class Rasa:
    """One or more Rasa processes; any of them takes any turn.

    Args:
        urls: base addresses.
        timeout_seconds: for one turn; far below the time after which the desk gives up.
    """

    def __init__(
        self, session: aiohttp.ClientSession, urls: tuple[str, ...], token: str, timeout_seconds: float = 25
    ) -> None:
        self._session = session
        self._urls = urls
        self._asked = itertools.count()
        self._token = token
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds, sock_connect=_CONNECT_SECONDS)

    async def handle(self, message: RasaMessage) -> None:
        """Have the message understood and acted on. The reply body means nothing: only the inbox row tells.

        A process that accepts no connection leaves it to the next one.

        Raises:
            RasaNotReached: none accepted a connection.
            RasaUnavailable: it refused, did not answer in time, or died over it.
        """
        body = {
            "sender": message.sender,
            "message": plain_text(message.text),
            "metadata": {
                "inbox": message.inbox,
                "fence": message.fence,
                "language": message.language,
                "awaited": message.awaited,
            },
        }
        for url in self._in_turn():
            try:
                async with self._session.post(
                    f"{url}/webhooks/rest/webhook", json=body, params={"token": self._token}, timeout=self._timeout
                ) as response:
                    await response.read()
                    if response.status != 200:
                        raise RasaUnavailable(f"status {response.status}")
                    return
            except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
                continue
            except (aiohttp.ClientError, TimeoutError) as error:
                raise RasaUnavailable(type(error).__name__) from None
        raise RasaNotReached("no connection")

    async def parse(self, text: str, timeout_seconds: float = 2) -> dict[str, Any]:
        """What Rasa reads in ``text``, without acting on it (docs/understanding.md); its ``understanding``.

        Raises:
            RasaUnavailable: it could not be reached, was too slow, or gave no understanding.
        """
        try:
            async with self._session.post(
                f"{self._in_turn()[0]}/model/parse",
                json={"text": plain_text(text)},
                params={"token": self._token},
                timeout=aiohttp.ClientTimeout(total=timeout_seconds),
            ) as response:
                found = await response.json() if response.status == 200 else None
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise RasaUnavailable(type(error).__name__) from None
        understanding = found.get("understanding") if isinstance(found, dict) else None
        if not isinstance(understanding, dict):
            raise RasaUnavailable("no understanding")
        return understanding

    async def is_ready(self) -> bool:
        """Whether some Rasa process has a model loaded."""
        for url in self._urls:
            try:
                async with self._session.get(
                    f"{url}/status", params={"token": self._token}, timeout=aiohttp.ClientTimeout(total=3)
                ) as response:
                    if response.status == 200 and (await response.json()).get("model_file"):
                        return True
            except (aiohttp.ClientError, TimeoutError, ValueError):
                continue
        return False

    def _in_turn(self) -> tuple[str, ...]:
        """All processes, each time another one first."""
        first = next(self._asked) % len(self._urls)
        return self._urls[first:] + self._urls[:first]
