"""The open event streams of this process, so that they end when it does."""

from collections.abc import Iterator
from contextlib import contextmanager

from desk.hub import Hub


class Streams:
    """Which conversations are being listened to.

    Attributes:
        closing: the process ends; every stream is to end after what it is sending.
        conversations: of the open streams, one entry each.
    """

    def __init__(self) -> None:
        self.closing = False
        self.conversations: list[int] = []

    @contextmanager
    def open(self, conversation_id: int) -> Iterator[None]:
        """Count a stream in for as long as it is open."""
        self.conversations.append(conversation_id)
        try:
            yield
        finally:
            self.conversations.remove(conversation_id)

    def close(self, hub: Hub) -> None:
        """Have all streams end, and take in no more."""
        self.closing = True
        for conversation_id in set(self.conversations):
            hub.wake(conversation_id)
