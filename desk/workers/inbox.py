"""Takes messages from the inbox to the bot, one at a time per conversation, and watches over the answer."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator

import structlog

from actions.firm import Firm
from actions.giving_up import give_up, hold
from desk.hub import Hub
from desk.rasa import Rasa, RasaMessage, RasaNotReached, RasaUnavailable
from desk.workers.leases import (
    RENEW_EVERY_SECONDS,
    Lease,
    claim,
    leave_to_person,
    renew,
    settle,
    waiting_untold,
)
from store.database import Database, UnitOfWork

log = structlog.get_logger()

# The bot is started together with the desk, and takes longer.
_LOOKS_FOR_BOT = 120
_LOOK_FOR_BOT_SECONDS = 0.5


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
        await self._await_bot()
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

    async def _await_bot(self) -> None:
        """Let the bot come up before anything is tried: what was tried before the last stop has no time left to wait.

        A bot that does not come up in a minute is nothing to wait for: who has waited long is handed over.
        """
        for _ in range(_LOOKS_FOR_BOT):
            if await self._rasa.is_ready():
                return
            await asyncio.sleep(_LOOK_FOR_BOT_SECONDS)

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
                reached = await self._ask_bot(lease)
            outcome = await self._database.run(_settle_or_give_up, self._firm, lease, reached)
            if outcome == "give_up":
                log.warning("gave up", inbox=lease.inbox_id, attempts=lease.attempt)
            elif outcome == "again":
                log.info("not answered", inbox=lease.inbox_id, attempt=lease.attempt)
        except Exception:
            # The lease runs out by itself, and the message is taken up again.
            log.exception("turn failed", inbox=lease.inbox_id)
        finally:
            self._free.release()
            self._hub.wake(lease.conversation_id)

    async def _ask_bot(self, lease: Lease) -> bool:
        """Whether the bot heard of the message; what it made of it, the row tells."""
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
            return not isinstance(error, RasaNotReached)
        return True

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


def _settle_or_give_up(work: UnitOfWork, firm: Firm, lease: Lease, reached: bool) -> str:
    """In one unit of work: between letting go and giving up, nobody begins one more attempt."""
    outcome = settle(work, lease, reached)
    if outcome == "give_up":
        give_up(work, firm, lease.inbox_id)
    return outcome
