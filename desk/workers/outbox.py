"""Takes messages from the outbox to their channels, in order, one in flight per conversation (line 10)."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import select, update

from actions.firm import Firm
from desk.channels.transport import Held, Notice, Outgoing, RationedTransport, Transport, TransportError
from desk.hub import Hub
from desk.workers import rationing
from desk.workers.rationing import Claimed, Outcome, due, is_any_due
from store.database import Database, UnitOfWork
from store.tables import Conversation, Identity, Message, OutboxRow

log = structlog.get_logger()

# How long a claim holds: a process that dies in between leaves the message to another.
CLAIM = timedelta(seconds=60)
BATCH = 100
# So many bubbles in one unit of work: in SQLite mode callbacks wait for it, and must be answered soon.
_TOGETHER = 20
_LONGEST_BACK_OFF = timedelta(minutes=10)
_LANDING_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class _Single:
    """A message of a channel that takes each by itself."""

    outbox_id: int
    attempts: int
    message: Outgoing


class OutboxWorker:
    """Delivers until it is cancelled.

    Args:
        transports: by channel; those that let only so much through get bubbles (:mod:`desk.workers.rationing`).
    """

    def __init__(self, database: Database, firm: Firm, hub: Hub, transports: dict[str, Transport]) -> None:
        self._database = database
        self._firm = firm
        self._hub = hub
        self._transports = transports
        self._rationed: dict[str, RationedTransport] = {
            channel: transport for channel, transport in transports.items() if isinstance(transport, RationedTransport)
        }
        self._owner = secrets.token_hex(8)
        self._settled: list[tuple[Claimed, Outcome]] = []

    async def run(self) -> None:
        """Deliver what is due. A channel that answers slowly keeps nobody waiting but those who wait for it."""
        flying: set[asyncio.Task[None]] = set()
        try:
            with self._hub.listening(None) as bell:

                def landed(task: asyncio.Task[None]) -> None:
                    flying.discard(task)
                    bell.ring(set())

                while True:
                    try:
                        while await self._step(flying, landed):
                            pass
                    except Exception:
                        log.exception("cannot deliver")
                    await bell.wait()
        finally:
            # In good order what is under way is brought to its end: a bubble that nobody knows of would go out twice.
            if flying:
                await asyncio.wait(flying, timeout=_LANDING_SECONDS)
            for task in flying:
                task.cancel()
            await self._settle()

    async def deliver_waiting(self) -> int:
        """Deliver what is due now, and wait for it; how many messages were tried."""
        singles, bubbles = await self._database.run(self._claim, BATCH)
        await asyncio.gather(self._deliver_singles(singles), *(self._fly(bubble) for bubble in bubbles))
        await self._settle()
        return len(singles) + len(bubbles)

    async def _step(self, flying: set[asyncio.Task[None]], landed: Callable[[asyncio.Task[None]], None]) -> bool:
        """Keep what has landed, then send what is due; whether there may be more."""
        await self._settle()
        if not await self._database.read(is_any_due):
            return False
        singles, bubbles = await self._database.run(self._claim, min(_TOGETHER, BATCH - len(flying)))
        for bubble in bubbles:
            task = asyncio.create_task(self._fly(bubble))
            flying.add(task)
            task.add_done_callback(landed)
        await self._deliver_singles(singles)
        return bool(singles or bubbles)

    def _claim(self, work: UnitOfWork, bubbles: int) -> tuple[list[_Single], list[Claimed]]:
        rationed = rationing.claim(work, self._firm, self._rationed, bubbles) if self._rationed and bubbles > 0 else []
        return _claim_singles(work, self._owner, set(self._rationed)), rationed

    async def _deliver_singles(self, singles: list[_Single]) -> None:
        if singles:
            outcomes = await asyncio.gather(*(self._deliver(single) for single in singles))
            await self._database.run(_settle, self._owner, list(zip(singles, outcomes, strict=True)))

    async def _deliver(self, single: _Single) -> Outcome:
        transport = self._transports.get(single.message.channel)
        if transport is None:
            return Outcome("failed", f"there is no channel {single.message.channel}")
        return await _try(transport.deliver(single.message), single.attempts)

    async def _fly(self, bubble: Claimed) -> None:
        """Send one bubble or notice; what became of it is kept with the next that are settled."""
        transport = self._rationed[bubble.what.channel]
        try:
            if isinstance(bubble.what, Notice):
                outcome = await _try(transport.tell_outside(bubble.what), bubble.attempts)
            elif not bubble.what.text:
                # Nothing of it is left to say.
                outcome = Outcome("sent", not_taken=True)
            else:
                outcome = await _try(transport.deliver(bubble.what), bubble.attempts)
        except Exception:
            # Whether it was taken, nobody knows; it is tried again once the claim has run out.
            log.exception("cannot deliver", conversation=bubble.conversation_id)
            return
        if outcome.state == "failed":
            log.error("not deliverable", outbox=[row for row, _ in bubble.said], why=outcome.error)
        self._settled.append((bubble, outcome))

    async def _settle(self) -> None:
        while self._settled:
            results = self._settled[:_TOGETHER]
            await self._database.run(rationing.settle, results)
            del self._settled[: len(results)]


async def _try(call: Awaitable[str | None], attempts: int) -> Outcome:
    """What a call to a channel comes to."""
    try:
        receipt = await call
    except Held as held:
        return Outcome("held", held.why, not_taken=True, unreachable=held.unreachable)
    except TransportError as error:
        again_in = error.retry_after or min(timedelta(seconds=2 ** min(attempts, 16)), _LONGEST_BACK_OFF)
        return Outcome(
            "failed" if error.permanent else "pending",
            str(error),
            None if error.permanent or error.too_long else again_in,
            error.not_taken or error.permanent,
            error.too_long,
            wrong_state=error.wrong_state,
        )
    return Outcome("sent", receipt=receipt)


def _claim_singles(work: UnitOfWork, owner: str, rationed: set[str]) -> list[_Single]:
    """Claim the first undelivered message of each conversation where it is due and nobody else has it."""
    statement = (
        select(OutboxRow, Message, Identity)
        .join(Message, OutboxRow.message_id == Message.id)
        .join(Conversation, OutboxRow.conversation_id == Conversation.id)
        .join(Identity, Conversation.identity_id == Identity.id)
        .where(*due(work), Identity.channel.not_in(rationed))
        .order_by(OutboxRow.id)
        .limit(BATCH)
        .with_for_update(of=OutboxRow, skip_locked=True)
    )
    claimed = []
    for row, message, identity in work.session.execute(statement).unique():
        row.claimed_by, row.claimed_until = owner, work.now + CLAIM
        row.attempts += 1
        outgoing = Outgoing(
            channel=identity.channel,
            account=identity.account,
            external_id=identity.external_id,
            number=message.number,
            text=message.text,
            buttons=message.buttons,
        )
        claimed.append(_Single(row.id, row.attempts, outgoing))
    return claimed


def _settle(work: UnitOfWork, owner: str, results: list[tuple[_Single, Outcome]]) -> None:
    """Keep what became of the messages; of one whose claim ran out and passed on, the other process tells."""
    for single, outcome in results:
        if outcome.state == "failed":
            log.error("not deliverable", outbox=single.outbox_id, why=outcome.error)
        work.session.execute(
            update(OutboxRow)
            .where(OutboxRow.id == single.outbox_id, OutboxRow.claimed_by == owner)
            .values(
                state=outcome.state,
                error=outcome.error,
                next_attempt_at=work.now + (outcome.again_in or timedelta(0)),
                claimed_by=None,
                claimed_until=None,
                sent_at=work.now if outcome.state == "sent" else None,
            )
        )
