"""What is told at the same moment is kept together, in one unit of work.

A commit costs a write to the disk, and with SQLite everybody who writes stands in one line. A hundred callbacks a
second would stand there each by itself, behind the bot; together they stand there once.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from store.database import Database, UnitOfWork

Item = TypeVar("Item")
# More would make those in front wait for those behind.
_AT_ONCE = 100
# While one comes after the other they gather so long: else there would always be one at the head of the line, and
# whoever takes in and answers would not come to write.
_GATHER_SECONDS = 0.02


class Batching(Generic[Item]):
    """Keeps what waits.

    Args:
        keep: puts items, in their order, into a unit of work: all or none.
    """

    def __init__(self, database: Database, keep: Callable[[UnitOfWork, Sequence[Item]], None]) -> None:
        self._database = database
        self._keep = keep
        self._waiting: list[tuple[Item, asyncio.Future[None]]] = []
        self._task: asyncio.Task[None] | None = None

    async def take(self, item: Item) -> None:
        """Keep ``item``, in a unit of work that others may share; returns once that is committed.

        Raises:
            Exception: whatever kept the unit of work from being committed.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._keep_all(), name="keeping callbacks")
        await done

    async def _keep_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:_AT_ONCE], self._waiting[_AT_ONCE:]
            error: Exception | None = None
            try:
                await self._database.run_first(self._keep, [item for item, _ in batch])
            except Exception as raised:
                error = raised
            for _, done in batch:
                if done.done():
                    continue
                if error is not None:
                    done.set_exception(error)
                else:
                    done.set_result(None)
            await asyncio.sleep(_GATHER_SECONDS)
