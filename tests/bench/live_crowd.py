"""A crowd at one desk: customers and consoles with open streams, and staff who answer. Prints the delays as JSON.

usage: python -m tests.bench.live_crowd BASE DATABASE_URL CUSTOMERS CONSOLES ANSWERS

A process of its own, so that reading 2,000 streams takes nothing from the desk but its share of the machine.
"""

import asyncio
import json
import secrets
import sys
import time
from datetime import timedelta

import aiohttp
from sqlalchemy import select

from actions.conversations import lock_conversation
from desk.channels.web.sessions import open_session
from desk.console.sessions import COOKIE, new_token, sign_in
from recovery.control import Control
from store.database import Database
from store.tables import Conversation, Identity, Staff

_ANSWERS_A_SECOND = 10
_TIMEOUT_SECONDS = 30


def seat(database: Database, customers: int, consoles: int) -> tuple[list[tuple[str, str]], list[str]]:
    """Sessions for everybody; each console has conversations of its own.

    Returns:
        ``(session token, conversation)`` of each customer, and the token of each console; customer ``n`` talks to
        console ``n % consoles``.
    """
    with database.begin() as work:
        staff = [
            Staff(
                login=f"crowd-{number}",
                name=f"Agent {number}",
                role="agent",
                password_digest="",
                language="en",
                created_at=work.now,
            )
            for number in range(consoles)
        ]
        work.session.add_all(staff)
        work.session.flush()
        tokens = [new_token() for _ in staff]
        for person, token in zip(staff, tokens, strict=True):
            sign_in(work, person, token)
        work.commit()
    chats = []
    for start in range(0, customers, 200):
        with database.begin() as work:
            for number in range(start, min(start + 200, customers)):
                session = open_session(work, "en")
                identity = select(Identity.id).where(Identity.external_id == session.identity.partition(":")[2])
                found = work.session.scalars(
                    select(Conversation).where(Conversation.identity_id == identity.scalar_subquery())
                ).one()
                lock_conversation(work, found.id)
                found.control, found.taken_by_id = Control.STAFF, staff[number % consoles].id
                chats.append((session.token, found.public_id))
            work.commit()
    return chats, tokens


class Crowd:
    """Everybody's open streams."""

    def __init__(self, base: str, client: aiohttp.ClientSession) -> None:
        self.base, self.client = base, client
        self.connected = 0
        self.heard: dict[str, asyncio.Future[float]] = {}

    async def listen(self, path: str, **how: object) -> None:
        """One stream; whoever waits for what comes down it is told when it came."""
        async with self.client.get(self.base + path, **how) as response:  # type: ignore[arg-type]
            assert response.status == 200, (path, response.status, await response.text())
            self.connected += 1
            async for line in response.content:
                if b"marker-" in line:
                    arrived, text = time.perf_counter(), json.loads(line.partition(b":")[2])["text"]
                    waiting = self.heard.get(text)
                    if waiting is not None and not waiting.done():
                        waiting.set_result(arrived)

    async def answer(self, token: str, csrf: str, conversation: str) -> float:
        """Staff answers; the seconds until the customer's page has it."""
        marker = f"marker-{secrets.token_hex(8)}"
        self.heard[marker] = asyncio.get_running_loop().create_future()
        started = time.perf_counter()
        async with self.client.post(
            f"{self.base}/desk/conversations/{conversation}/answer",
            data={"text": marker},
            headers={"Accept": "application/json", "X-CSRF-Token": csrf, "Cookie": f"{COOKIE}={token}"},
        ) as response:
            assert response.status == 200, (response.status, await response.text())
        return await asyncio.wait_for(self.heard[marker], _TIMEOUT_SECONDS) - started

    async def csrf(self, token: str, conversation: str) -> str:
        """What the forms of this console carry."""
        headers = {"Cookie": f"{COOKIE}={token}"}
        async with self.client.get(f"{self.base}/desk/conversations/{conversation}", headers=headers) as response:
            page = await response.text()
        return page.partition('name="csrf" value="')[2].partition('"')[0]


async def measure(base: str, url: str, customers: int, consoles: int, answers: int) -> dict[str, object]:
    """The delays in milliseconds, sorted."""
    database = Database(url)
    chats, tokens = await asyncio.to_thread(seat, database, customers, consoles)
    database.close()
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=_TIMEOUT_SECONDS)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0), timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()
    ) as client:
        crowd = Crowd(base, client)
        streams = [
            asyncio.create_task(crowd.listen("/chat/events", headers={"X-Amends-Session": session}))
            for session, _ in chats
        ]
        streams += [
            asyncio.create_task(
                crowd.listen(f"/desk/events?conversation={chats[n][1]}", headers={"Cookie": f"{COOKIE}={token}"})
            )
            for n, token in enumerate(tokens)
        ]
        async with asyncio.timeout(120):
            while crowd.connected < len(streams):
                for stream in streams:
                    if stream.done():
                        stream.result()
                await asyncio.sleep(0.1)
        speakers = [n * customers // answers for n in range(answers)]
        csrf = {n: await crowd.csrf(tokens[n], chats[n][1]) for n in {speaker % consoles for speaker in speakers}}
        delays: list[asyncio.Task[float]] = []
        for speaker in speakers:
            console = speaker % consoles
            delays.append(asyncio.create_task(crowd.answer(tokens[console], csrf[console], chats[speaker][1])))
            await asyncio.sleep(1 / _ANSWERS_A_SECOND)
        found = sorted([await delay * 1000 for delay in delays])
        for stream in streams:
            stream.cancel()
        await asyncio.gather(*streams, return_exceptions=True)
    return {"streams": len(streams), "milliseconds": found}


if __name__ == "__main__":
    base, url, *numbers = sys.argv[1:]
    started = time.monotonic()
    result = asyncio.run(measure(base, url, *map(int, numbers)))  # type: ignore[call-arg]
    print(json.dumps({**result, "took": str(timedelta(seconds=round(time.monotonic() - started)))}))
