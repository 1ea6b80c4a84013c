"""Wakes whoever waits for something to happen in a conversation.

A wake-up only says "look again": what happened is read from the store, so that a lost or doubled one does no harm.
Commits of this process wake at once; other processes' are found by looking again from time to time.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# How long a commit of another process may go unnoticed.
LOOK_AGAIN_SECONDS = 0.5


class Hub:
    """Wake-ups by conversation id, and for those who watch everything."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[int | None, set[Bell]] = defaultdict(set)

    def committed(self, conversations: set[int]) -> None:
        """Wake those who wait for ``conversations``; called from any thread."""
        with suppress(RuntimeError):  # the loop has ended, and nobody waits any more
            self._loop.call_soon_threadsafe(self._wake, set(conversations))

    def wake(self, conversation_id: int) -> None:
        """As :meth:`committed`, from the event loop."""
        self._wake({conversation_id})

    @contextmanager
    def listening(self, conversation_id: int | None) -> Iterator["Bell"]:
        """A bell that rings when something happens in the conversation; None for any conversation."""
        bell = Bell()
        self._waiting[conversation_id].add(bell)
        try:
            yield bell
        finally:
            self._waiting[conversation_id].discard(bell)
            if not self._waiting[conversation_id]:
                del self._waiting[conversation_id]

    def _wake(self, conversations: set[int]) -> None:
        for bell in self._waiting.get(None, ()):
            bell.ring(conversations)
        for key in conversations:
            for bell in self._waiting.get(key, ()):
                bell.ring({key})


class Bell:
    """Rings once for any number of wake-ups since it was last heard."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._rung_for: set[int] = set()

    def ring(self, conversations: set[int]) -> None:
        """Something happened in ``conversations``."""
        self._rung_for |= conversations
        self._event.set()

    def rung_for(self) -> set[int]:
        """The conversations it rang for since this was asked last."""
        rung, self._rung_for = self._rung_for, set()
        return rung

    async def wait(self, at_most: float = LOOK_AGAIN_SECONDS) -> None:
        """Wait for a ring, or until it is time to look anyway."""
        # Not `asyncio.wait_for`: Python 3.11's loses a cancellation that comes at the moment of a ring.
        with suppress(TimeoutError):
            async with asyncio.timeout(at_most):
                await self._event.wait()
        self._event.clear()
