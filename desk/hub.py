"""Wakes whoever waits for something to happen in a conversation.

A wake-up only says "look again": what happened is read from the store, so that a lost or doubled one does no harm.
Commits of this process wake at once; other processes' are found by looking again from time to time.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

# How long a commit of another process may go unnoticed.
LOOK_AGAIN_SECONDS = 0.5
# Those who watch everything are woken no more often than this: with a hundred commits a second their looking alone
# would take a core. The first of a row of commits wakes them at once.
_EVERYTHING_EVERY_SECONDS = 0.06


class Hub:
    """Wake-ups by conversation id, and for those who watch everything.

    Attributes:
        closing: the process ends; whoever waits is to leave off.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[int | None, set[Bell]] = defaultdict(set)
        self._unheard: set[int] = set()
        self._rung_at = -_EVERYTHING_EVERY_SECONDS
        self._ringing: asyncio.TimerHandle | None = None
        self.closing = False

    def committed(self, conversations: set[int]) -> None:
        """Wake those who wait for ``conversations``; called from any thread."""
        with suppress(RuntimeError):  # the loop has ended, and nobody waits any more
            self._loop.call_soon_threadsafe(self._wake, set(conversations))

    def wake(self, conversation_id: int) -> None:
        """As :meth:`committed`, from the event loop."""
        self._wake({conversation_id})

    def close(self) -> None:
        """Wake everybody, since the process ends."""
        self.closing = True
        for bells in self._waiting.values():
            for bell in bells:
                bell.ring()

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
        for key in conversations:
            for bell in self._waiting.get(key, ()):
                bell.ring({key})
        self._unheard |= conversations
        if self._ringing is None:
            wait = self._rung_at + _EVERYTHING_EVERY_SECONDS - self._loop.time()
            if wait <= 0:
                self._ring_everything()
            else:
                self._ringing = self._loop.call_later(wait, self._ring_everything)

    def _ring_everything(self) -> None:
        for bell in self._waiting.get(None, ()):
            bell.ring(self._unheard)
        self._unheard, self._ringing, self._rung_at = set(), None, self._loop.time()


class Bell:
    """Rings once for any number of wake-ups since it was last heard."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._rung_for: set[int] = set()

    def ring(self, conversations: Iterable[int] = ()) -> None:
        """Something happened in ``conversations``."""
        self._rung_for.update(conversations)
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
