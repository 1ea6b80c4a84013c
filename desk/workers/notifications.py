"""Takes notifications out of the page: plans what goes where, sends what is due, looks after unread hand-overs.

At least once: a stop between sending and noting it sends again, with the same id. Each target is served by itself, so
that one that is slow or broken holds up nobody else.
"""

import asyncio
import secrets
from itertools import groupby

import structlog

from actions.words.catalogue import Catalogue
from desk.channels.transport import TransportError
from desk.hub import Hub
from desk.notifying import deliveries, planning
from desk.notifying.deliveries import Parcel
from desk.notifying.ways import Ways
from desk.notifying.wording import Wording
from store.database import Database

log = structlog.get_logger()

_UNREAD_EVERY_SECONDS = 10.0
# Of a claim's time, so much may be used before what is left of it is let go.
_USE_OF_CLAIM = 0.5
_TARGETS_AT_ONCE = 32


class NotificationWorker:
    """Serves until it is cancelled."""

    def __init__(self, database: Database, hub: Hub, ways: Ways, words: Catalogue) -> None:
        self._database = database
        self._hub = hub
        self._ways = ways
        self._wording = Wording(words, ways.firm, ways.desk)
        self._owner = secrets.token_hex(8)
        self._sending: set[asyncio.Task[None]] = set()
        self._looked_at = float("-inf")

    async def run(self) -> None:
        try:
            with self._hub.listening(None) as bell:
                while True:
                    try:
                        await self.step()
                    except Exception:
                        log.exception("cannot take notifications out")
                        await asyncio.sleep(1)
                    await bell.wait()
        finally:
            for task in self._sending:
                task.cancel()
            await asyncio.gather(*self._sending, return_exceptions=True)

    async def step(self) -> None:
        """Do what is to be done now; sending goes on in the background."""
        loop = asyncio.get_running_loop()
        if loop.time() - self._looked_at >= _UNREAD_EVERY_SECONDS:
            self._looked_at = loop.time()
            await self.look_after_hand_overs()
        # Looking costs no writer's turn; most of the time there is nothing.
        if await self._database.read(planning.has_unplanned):
            while await self._database.run(planning.plan, self._ways):
                pass
        if len(self._sending) < _TARGETS_AT_ONCE and await self._database.read(deliveries.anything_due):
            for parcels in by_target(await self._database.run(deliveries.claim, self._ways.firm, self._owner)):
                task = asyncio.create_task(self._serve(parcels))
                self._sending.add(task)
                task.add_done_callback(self._sending.discard)

    async def sent(self) -> None:
        """Wait until everything under way has come to its end."""
        while self._sending:
            await asyncio.gather(*self._sending)

    async def look_after_hand_overs(self) -> None:
        """Tell superiors of hand-overs that nobody reads."""
        firm = self._ways.firm
        if unread := await self._database.read(planning.unread_hand_overs, firm):
            told = await self._database.run(planning.pass_on_unread, firm, unread)
            log.warning("hand-overs that nobody has read were passed on", count=told)

    async def _serve(self, parcels: list[Parcel]) -> None:
        """Send one target's parcels in order, until one is not taken or the claim is half over; let go of the rest."""
        clock = asyncio.get_running_loop().time
        until = clock() + deliveries.CLAIM.total_seconds() * _USE_OF_CLAIM
        try:
            for number, parcel in enumerate(parcels):
                # None is broken off half-way, for it might arrive all the same: each ends in time by itself.
                if clock() >= until or not await self._send(parcel):
                    await self._database.run(deliveries.release, parcels[number:], self._owner)
                    return
        except Exception:
            log.exception("notifications failed", **_named(parcels[0]))

    async def _send(self, parcel: Parcel) -> bool:
        """Whether the next one may be tried."""
        error = None
        try:
            sender = self._ways.senders.get(parcel.way)
            if sender is None:
                raise TransportError("this way is not set up", permanent=True)
            await sender.send(self._wording.letter(parcel))
        except TransportError as caught:
            error = caught
        except Exception:
            # A mistake of ours: shown as failed, so that what stands behind it goes out.
            log.exception("notification cannot be sent", way=parcel.way)
            error = TransportError("it could not be put together", permanent=True)
        state = await self._database.run(deliveries.settle, parcel, self._owner, error)
        if error is not None:
            say = log.error if state == "failed" else log.warning
            say("notification not delivered", why=str(error), state=state, **_named(parcel))
        return error is None or error.permanent


def _named(parcel: Parcel) -> dict[str, str]:
    """The target as logs may name it: people are not named."""
    return {"way": parcel.way} | ({} if parcel.way == "email" else {"target": parcel.target})


def by_target(parcels: list[Parcel]) -> list[list[Parcel]]:
    """Parcels in order, those of one target together."""

    def target(parcel: Parcel) -> tuple[str, str]:
        return parcel.way, parcel.target

    return [list(found) for _, found in groupby(parcels, key=target)]
