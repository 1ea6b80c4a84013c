"""Takes messages from the inbox to the bot, one at a time per conversation, and watches over the answer."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator

import structlog

from actions.firm import Firm
from actions.giving_up import give_up, hold
from desk.hub import Hub
from desk.rasa import Rasa, RasaMessage, RasaUnavailable
from desk.workers.leases import (
    RENEW_EVERY_SECONDS,
    Lease,
    claim,
    leave_to_person,
    renew,
    settle,
    waiting_untold,
)
from store.database import Database

log = structlog.get_logger()


class InboxWorker:
    """Serves conversations until it is cancelled.

    Args:
        at_once: how many conversations at a time.
    """

    def __init__(self, database: Database, firm: Firm, rasa: Rasa, hub: Hub, at_once: int) -> None:
        self._database = database
        self._firm = firm
        self._rasa = rasa
        self._hub = hub
        self._free = asyncio.Semaphore(at_once)
        self.owner = secrets.token_hex(8)

    async def run(self) -> None:
        """Claim and serve; each conversation in a task of its own."""
        async with asyncio.TaskGroup() as serving:
            with self._hub.listening(None) as bell:
                while True:
                    await self._free.acquire()
                    lease = None
                    try:
                        lease = await self._database.run(claim, self.owner)
                    except Exception:
                        # The database may be away for a moment; the message stays in the inbox.
                        log.exception("cannot claim")
                        await asyncio.sleep(1)
                    if lease is None:
                        self._free.release()
                        await bell.wait()
                    else:
                        serving.create_task(self._serve(lease))

    async def watch(self) -> None:
        """Tell those whose message merely waits that it has arrived."""
        patience = self._firm.file.holding_line_after
        while True:
            await asyncio.sleep(1)
            try:
                waiting = await self._database.read(lambda work: waiting_untold(work, work.now - patience))
                for inbox_id in waiting:
                    await self._database.run(hold, self._firm, inbox_id)
            except Exception:
                log.exception("cannot look after those who wait")

    async def _serve(self, lease: Lease) -> None:
        try:
            if lease.for_person:
                await self._database.run(leave_to_person, lease)
                return
            async with self._renewing(lease):
                await self._ask_bot(lease)
            outcome = await self._database.run(settle, lease)
            if outcome == "give_up":
                given_up = await self._database.run(give_up, self._firm, lease.inbox_id)
                log.warning("gave up", inbox=lease.inbox_id, attempts=lease.attempt, handed_over=given_up)
            elif outcome == "again":
                log.info("not answered", inbox=lease.inbox_id, attempt=lease.attempt)
        except Exception:
            # The lease runs out by itself, and the message is taken up again.
            log.exception("turn failed", inbox=lease.inbox_id)
        finally:
            self._free.release()
            self._hub.wake(lease.conversation_id)

    async def _ask_bot(self, lease: Lease) -> None:
        message = RasaMessage(
            # A retry never waits behind a hanging first try: Rasa serves one message a sender at a time.
            sender=f"{lease.inbox_id}-{lease.attempt}",
            text=lease.text,
            inbox=lease.inbox_id,
            fence=lease.fence,
            language=lease.language,
            awaited=lease.awaited,
        )
        try:
            await self._rasa.handle(message)
        except RasaUnavailable as error:
            log.warning("rasa unavailable", inbox=lease.inbox_id, attempt=lease.attempt, why=str(error))

    @contextlib.asynccontextmanager
    async def _renewing(self, lease: Lease) -> AsyncIterator[None]:
        async def keep() -> None:
            while True:
                await asyncio.sleep(RENEW_EVERY_SECONDS)
                if not await self._database.run(renew, lease):
                    return

        task = asyncio.create_task(keep())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task
