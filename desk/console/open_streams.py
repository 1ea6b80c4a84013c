"""Ends live streams with their sessions: revoked, run out, or the account closed, here or in another process.

One question every other second serves all streams of this process, however many are open.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from desk.console.sessions import holding
from store.database import Database

log = structlog.get_logger()

_LOOK_EVERY_SECONDS = 2.0


class OpenStream:
    """One open stream; ``ended`` once its session does not hold any more."""

    def __init__(self, digest: str, wake: Callable[[], None]) -> None:
        self.digest = digest
        self.wake = wake
        self.ended = False


class OpenStreams:
    """Looks at the sessions for as long as streams are open."""

    def __init__(self, database: Database, look_every_seconds: float = _LOOK_EVERY_SECONDS) -> None:
        self._database = database
        self._look_every_seconds = look_every_seconds
        self._streams: set[OpenStream] = set()
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def opened(self, digest: str, wake: Callable[[], None]) -> Iterator[OpenStream]:
        """A stream of the session with this digest; ``wake`` is called when it has ended."""
        stream = OpenStream(digest, wake)
        self._streams.add(stream)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look(), name="console-open-streams")
        try:
            yield stream
        finally:
            self._streams.discard(stream)

    async def end(self) -> None:
        """Stop looking."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(self._look_every_seconds)
            if not self._streams:
                return
            streams = list(self._streams)
            try:
                held = await self._database.read(holding, {stream.digest for stream in streams})
            except Exception:
                log.exception("the desk could not look at its sessions")
                continue
            for stream in streams:
                if stream.digest not in held:
                    stream.ended = True
                    stream.wake()
