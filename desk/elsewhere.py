"""Wakes those who watch a conversation in which another process said something: action server, other desks, commands.

One look serves all open pages of this process, however many; each looking for itself would cost a query a page.
"""

import asyncio

import structlog
from sqlalchemy import func, select

from desk.hub import LOOK_AGAIN_SECONDS, Hub
from store.database import Database, UnitOfWork
from store.tables import Message

log = structlog.get_logger()

# On PostgreSQL a smaller id may be committed after a larger one: so many ids back are looked at again.
_OVERLAP = 500
_AFTER_AN_ERROR_SECONDS = 2.0


class Elsewhere:
    """Looks for news until it is cancelled."""

    def __init__(self, database: Database, hub: Hub) -> None:
        self._database = database
        self._hub = hub
        self._newest: dict[int, int] = {}  # conversation → id of the newest message known of
        self._after = -1

    async def run(self) -> None:
        """Look, again and again."""
        while True:
            try:
                await self.look()
            except Exception:
                log.exception("cannot look for what other processes did")
                await asyncio.sleep(_AFTER_AN_ERROR_SECONDS)
            await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def look(self) -> None:
        """Wake those who watch a conversation with a message that was not there at the last look."""
        first = self._after < 0
        newest = await self._database.read(_newest_messages, self._after)
        for conversation_id, message_id in newest.items():
            if not first and self._newest.get(conversation_id) != message_id:
                self._hub.wake(conversation_id)
        self._newest = newest
        self._after = max(0, max(newest.values(), default=self._after + _OVERLAP) - _OVERLAP)


def _newest_messages(work: UnitOfWork, after: int) -> dict[int, int]:
    if after < 0:
        # The first look only finds out where things stand.
        after = (work.session.scalar(select(func.max(Message.id))) or 0) - _OVERLAP
    statement = select(Message.conversation_id, func.max(Message.id)).where(Message.id > after)
    return {row[0]: row[1] for row in work.session.execute(statement.group_by(Message.conversation_id))}
