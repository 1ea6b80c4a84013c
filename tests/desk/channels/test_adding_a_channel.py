"""The channel that the documentation builds as an example works as it says."""

import hashlib
import hmac
import json
import re
from pathlib import Path
from typing import Any

from aiohttp.test_utils import TestClient
from sqlalchemy import select

from actions.conversations import Address, open_conversation, say
from actions.firm import Firm
from desk.app import Parts, make_app
from desk.hub import Hub
from desk.workers.outbox import OutboxWorker
from store.database import Database, UnitOfWork
from store.settings import Settings
from store.tables import InboxRow, OutboxRow

PAGE = Path(__file__).parents[3] / "docs" / "channels" / "adding.md"
SECRET = b"between the gateway and us"


def example() -> dict[str, Any]:
    """What the page's first two pieces of code define."""
    pieces = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    defined: dict[str, Any] = {"__name__": "sms"}
    for piece in pieces[:2]:
        exec(piece, defined)
    return defined


async def test_a_text_message_comes_in_once(
    settings: Settings, firm: Firm, sqlite_database: Database, aiohttp_client: Any
) -> None:
    channel = example()
    app = make_app(settings, Parts(database=sqlite_database, firm=firm, workers=False))
    app[channel["SECRET"]] = SECRET
    app.router.add_post("/channels/sms", channel["post_message"])
    client: TestClient[Any, Any] = await aiohttp_client(app)
    body = json.dumps({"id": "g-1", "from": "+8613800000000", "text": "快递晚了三天"}).encode()
    signed = {"Signature": hmac.new(SECRET, body, hashlib.sha256).hexdigest()}
    for _ in range(2):
        answer = await client.post("/channels/sms", data=body, headers=signed)
        assert answer.status == 200
    assert (await client.post("/channels/sms", data=body, headers={"Signature": "no"})).status == 403
    spoiled = b"{}"
    signature = hmac.new(SECRET, spoiled, hashlib.sha256).hexdigest()
    assert (await client.post("/channels/sms", data=spoiled, headers={"Signature": signature})).status == 400
    with sqlite_database.reading() as work:
        rows = list(work.session.scalars(select(InboxRow)))
    assert [row.text for row in rows] == ["快递晚了三天"]


async def test_a_text_message_goes_out_and_a_failure_says_what_comes_next(
    firm: Firm, sqlite_database: Database
) -> None:
    sent: list[tuple[str, str]] = []
    answers = iter([503, 200, 404])

    async def send(to: str, text: str) -> int:
        sent.append((to, text))
        return next(answers)

    def speak(work: UnitOfWork, words: str) -> None:
        say(work, open_conversation(work, Address("sms", "+8613800000000")), words)

    worker = OutboxWorker(sqlite_database, firm, Hub(), {"sms": example()["SmsTransport"](send)})
    await sqlite_database.run(speak, "已收到")
    await worker.deliver_waiting()
    assert states(sqlite_database) == ["pending"]
    clock: Any = sqlite_database.clock
    clock.advance(minutes=1)
    await worker.deliver_waiting()
    assert states(sqlite_database) == ["sent"]
    await sqlite_database.run(speak, "已退款")
    await worker.deliver_waiting()
    assert states(sqlite_database) == ["sent", "failed"]
    assert sent == [("+8613800000000", "已收到")] * 2 + [("+8613800000000", "已退款")]


def states(database: Database) -> list[str]:
    with database.reading() as work:
        return list(work.session.scalars(select(OutboxRow.state).order_by(OutboxRow.id)))
