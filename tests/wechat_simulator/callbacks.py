"""Calls the service as WeChat does: cut off after five seconds, three times in all."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import aiohttp
from yarl import URL

TRIES = 3
LIMIT_SECONDS = 5.0


@dataclass
class Delivery:
    """One callback.

    Attributes:
        seconds: that each try took.
        outcomes: of each try: an HTTP status, or why there was none.
    """

    what: str
    accepted: bool = False
    seconds: list[float] = field(default_factory=list)
    outcomes: list[str] = field(default_factory=list)


# Query and body, made anew for every try: they bear the time.
Draft = Callable[[], tuple[dict[str, str], bytes]]


class Callbacks:
    """The callbacks of one account.

    Attributes:
        address: as pasted into Tencent's console; empty: none is made.
        made: all of them.
        repeats: whether each is made again although it was accepted: an answer that got lost on its way.
        bad_answers: those that were neither ``success`` nor empty.
    """

    def __init__(self) -> None:
        self.address = ""
        self.made: list[Delivery] = []
        self.repeats = False
        self.bad_answers: list[str] = []
        self._session: aiohttp.ClientSession | None = None
        self._tasks: set[asyncio.Task[Delivery]] = set()

    async def open(self) -> None:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), timeout=aiohttp.ClientTimeout(total=LIMIT_SECONDS)
        )

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    @property
    def lost(self) -> list[Delivery]:
        """What was given up after three tries."""
        return [delivery for delivery in self.made if len(delivery.seconds) >= TRIES and not delivery.accepted]

    def post(self, what: str, draft: Draft) -> asyncio.Task[Delivery]:
        """Begin a callback; the task ends once it was accepted or given up."""
        delivery = Delivery(what)
        self.made.append(delivery)
        task = asyncio.create_task(self._deliver(delivery, draft))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def check_address(self, query: dict[str, str]) -> tuple[int, str]:
        """The check by GET when an owner saves the address; status and body."""
        assert self._session is not None
        async with self._session.get(self._url(query)) as response:
            return response.status, await response.text()

    async def _deliver(self, delivery: Delivery, draft: Draft) -> Delivery:
        if not self.address:
            delivery.accepted = True
            return delivery
        for number in range(TRIES):
            if number and not delivery.accepted:
                # Refused at once or cut off: the next try comes when the five seconds are over.
                await asyncio.sleep(max(0.0, LIMIT_SECONDS - delivery.seconds[-1]))
            await self._try(delivery, draft)
            if delivery.accepted and not self.repeats:
                break
        return delivery

    async def _try(self, delivery: Delivery, draft: Draft) -> None:
        assert self._session is not None
        query, body = draft()
        started = time.monotonic()
        try:
            async with self._session.post(
                self._url(query), data=body, headers={"Content-Type": "text/xml"}, allow_redirects=False
            ) as response:
                answer = await response.text()
                outcome = str(response.status)
                if response.status == 200 and answer in ("success", ""):
                    delivery.accepted = True
                elif response.status == 200:
                    self.bad_answers.append(answer[:200])
        except TimeoutError:
            outcome = "no answer in five seconds"
        except (aiohttp.ClientError, OSError) as error:
            outcome = type(error).__name__
        delivery.seconds.append(time.monotonic() - started)
        delivery.outcomes.append(outcome)

    def _url(self, query: dict[str, str]) -> URL:
        return URL(self.address).update_query(query)
