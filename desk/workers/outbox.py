"""Takes messages from the outbox to their channels, in order, one in flight per conversation (line 10)."""

import asyncio
import secrets
from dataclasses import dataclass
from datetime import timedelta

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import aliased

from desk.channels.transport import Held, Outgoing, Transport, TransportError
from desk.hub import Hub
from store.database import Database, UnitOfWork
from store.tables import Conversation, Identity, Message, OutboxRow

log = structlog.get_logger()

# How long a claim holds: a process that dies in between leaves the message to another.
CLAIM = timedelta(seconds=60)
BATCH = 100
_LONGEST_BACK_OFF = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class _Claimed:
    outbox_id: int
    attempts: int
    message: Outgoing


@dataclass(frozen=True, slots=True)
class _Outcome:
    outbox_id: int
    state: str
    error: str | None = None
    again_in: timedelta | None = None


class OutboxWorker:
    """Delivers until it is cancelled.

    Args:
        transports: by channel.
    """

    def __init__(self, database: Database, hub: Hub, transports: dict[str, Transport]) -> None:
        self._database = database
        self._hub = hub
        self._transports = transports
        self._owner = secrets.token_hex(8)

    async def run(self) -> None:
        with self._hub.listening(None) as bell:
            while True:
                try:
                    while await self.deliver_waiting():
                        pass
                except Exception:
                    log.exception("cannot deliver")
                await bell.wait()

    async def deliver_waiting(self) -> int:
        """Deliver what is due now; how many messages were tried."""
        claimed = await self._database.run(_claim, self._owner)
        if claimed:
            outcomes = await asyncio.gather(*(self._deliver(item) for item in claimed))
            await self._database.run(_settle, outcomes)
        return len(claimed)

    async def _deliver(self, item: _Claimed) -> _Outcome:
        transport = self._transports.get(item.message.channel)
        if transport is None:
            return _Outcome(item.outbox_id, "failed", f"there is no channel {item.message.channel}")
        try:
            await transport.deliver(item.message)
        except Held as error:
            return _Outcome(item.outbox_id, "held", str(error))
        except TransportError as error:
            if error.permanent:
                log.error("not deliverable", outbox=item.outbox_id, why=str(error))
                return _Outcome(item.outbox_id, "failed", str(error))
            again_in = error.retry_after or min(timedelta(seconds=2 ** min(item.attempts, 16)), _LONGEST_BACK_OFF)
            return _Outcome(item.outbox_id, "pending", str(error), again_in)
        return _Outcome(item.outbox_id, "sent")


def _claim(work: UnitOfWork, owner: str) -> list[_Claimed]:
    """Claim the first undelivered message of each conversation where it is due and nobody else has it."""
    earlier = aliased(OutboxRow)
    statement = (
        select(OutboxRow, Message, Identity)
        .join(Message, OutboxRow.message_id == Message.id)
        .join(Conversation, OutboxRow.conversation_id == Conversation.id)
        .join(Identity, Conversation.identity_id == Identity.id)
        .where(
            OutboxRow.state == "pending",
            OutboxRow.next_attempt_at <= work.now,
            (OutboxRow.claimed_until.is_(None)) | (OutboxRow.claimed_until < work.now),
            ~select(earlier.id)
            .where(
                earlier.conversation_id == OutboxRow.conversation_id,
                earlier.state == "pending",
                earlier.id < OutboxRow.id,
            )
            .exists(),
        )
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
        claimed.append(_Claimed(row.id, row.attempts, outgoing))
    return claimed


def _settle(work: UnitOfWork, outcomes: list[_Outcome]) -> None:
    for outcome in outcomes:
        again_at = work.now + outcome.again_in if outcome.again_in else work.now
        work.session.execute(
            update(OutboxRow)
            .where(OutboxRow.id == outcome.outbox_id)
            .values(
                state=outcome.state,
                error=outcome.error,
                next_attempt_at=again_at,
                claimed_by=None,
                claimed_until=None,
                sent_at=work.now if outcome.state == "sent" else None,
            )
        )
