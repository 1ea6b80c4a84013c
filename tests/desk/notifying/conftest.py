"""A world outside that really listens: a mail server, and a web server for robots and webhooks."""

import asyncio
import dataclasses
import functools
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from sqlalchemy import select

from actions.conversations import Address, open_conversation
from actions.firm import Firm
from actions.firm.notifications import NotificationsFile
from actions.notifying import NotificationKind, notify
from actions.words.catalogue import Catalogue
from desk.console.pages import read_words
from desk.hub import Hub
from desk.notifying.ways import Ways, make_ways
from desk.workers.notifications import NotificationWorker
from recovery.control import Control
from store.database import Database
from store.settings import load_settings
from store.tables import Case, Conversation, Notification, NotificationDelivery, Staff
from tests.conftest import ROOT, Clock

SECRET = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="


class MailTwin:
    """A mail server that keeps what it takes.

    Attributes:
        refuses: command → answer instead of the usual one.
    """

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.refuses: dict[str, str] = {}
        self.logins: list[str] = []
        self.port = 0

    async def serve(self) -> asyncio.Server:
        server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def say(words: str) -> None:
            writer.write(words.encode() + b"\r\n")
            await writer.drain()

        try:
            await say(self.refuses.get("CONNECT", "220 twin ESMTP"))
            while line := (await reader.readline()).decode().strip():
                command = line.split()[0].upper()
                if command in self.refuses:
                    await say(self.refuses[command])
                elif command == "EHLO":
                    await say("250-twin\r\n250-AUTH PLAIN\r\n250 8BITMIME")
                elif command == "AUTH":
                    self.logins.append(line)
                    await say("235 welcome")
                elif command == "DATA":
                    await say("354 go on")
                    body = b""
                    while (part := await reader.readline()) != b".\r\n":
                        body += part
                    self.letters.append(message_from_bytes(body, policy=policy.default))
                    await say("250 taken")
                else:
                    await say("221 bye" if command == "QUIT" else "250 fine")
        except ConnectionError:
            pass
        finally:
            writer.close()


@dataclass
class WebTwin:
    """Robots and systems at one address.

    Attributes:
        answers: path → what it answers; ``200 {"errcode": 0}`` where nothing is said.
    """

    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    answers: dict[str, web.Response | float] = field(default_factory=dict)
    address: str = ""

    async def take(self, request: web.Request) -> web.StreamResponse:
        self.got.append((request.path, dict(request.headers), await request.read()))
        answer = self.answers.get(request.path)
        if isinstance(answer, float):
            await asyncio.sleep(answer)
        if isinstance(answer, web.Response):
            return web.Response(status=answer.status, body=answer.body, headers=answer.headers)
        return web.json_response({"errcode": 0, "errmsg": "ok"})

    def at(self, path: str) -> list[tuple[dict[str, str], bytes]]:
        return [(headers, body) for where, headers, body in self.got if where == path]


@pytest.fixture
async def mail() -> AsyncIterator[MailTwin]:
    twin = MailTwin()
    server = await twin.serve()
    yield twin
    server.close()


@pytest.fixture
async def outside() -> AsyncIterator[WebTwin]:
    twin = WebTwin()
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", twin.take)
    async with TestServer(app) as server:
        twin.address = str(server.make_url("")).rstrip("/")
        yield twin


def firm_with(firm: Firm, **changes: object) -> Firm:
    """The firm as it ships, told otherwise in ``notifications.yml``; without quiet hours unless some are given."""
    shipped = firm.notifications.model_dump(mode="python")
    file = NotificationsFile.model_validate({**_written(shipped), "quiet_hours": None, **changes})
    return dataclasses.replace(firm, notifications=file)


def _written(shipped: dict[str, object]) -> dict[str, object]:
    """Spans as the file has them."""
    spans = {"mail_after": "1 minute", "unread_hand_over_after": "10 minutes"}
    return {**shipped, **spans, "flood": {"more_than": 5, "within": "10 minutes"}}


@functools.cache
def _words() -> Catalogue:
    """Read once: a catalogue is compiled anew each time."""
    return read_words()


class House:
    """A desk with its people, a customer, and the worker that takes notifications out."""

    def __init__(
        self, database: Database, firm: Firm, session: ClientSession, clock: Clock, environment: dict[str, str]
    ) -> None:
        self.database, self.clock = database, clock
        settings = load_settings(
            {"AMENDS_FIRM": str(ROOT / "data" / "firm"), "AMENDS_PUBLIC_URL": "https://desk.example", **environment}
        )
        self.ways: Ways = make_ways(settings, firm, session, clock)
        self.worker = NotificationWorker(database, Hub(), self.ways, _words())

    def hires(self, login: str, role: str = "agent", **notify: object) -> int:
        with self.database.begin() as work:
            staff = Staff(
                login=login,
                name=login.title(),
                role=role,
                password_digest="-",
                language="en",
                created_at=work.now,
                notify=notify,
            )
            work.session.add(staff)
            work.session.flush()
            work.commit()
            return staff.id

    def customer(self, name: str = "wang", control: str = Control.QUEUED, **case: object) -> int:
        """A conversation with a case that waits for a person; gives its id."""
        with self.database.begin() as work:
            conversation = open_conversation(work, Address("rest", name))
            conversation.control, conversation.queued_at = control, work.now
            found = Case(
                customer_id=conversation.identity.customer_id,
                conversation_id=conversation.id,
                language="zh",
                channel="rest",
                tier="regular",
                failure_type="slow",
                dimension="outcome",
                emotion=1,
                opened_at=work.now,
                first_response_due=work.now,
                resolution_due=work.now,
                **{"department": "logistics", "severity": "high", "categories": ["delivery"], "risks": [], **case},
            )
            work.session.add(found)
            work.session.flush()
            conversation.focus_case_id = found.id
            work.commit()
            return conversation.id

    def tells(
        self, staff: list[int], kind: str = "mentioned", conversation: int | None = None, **details: object
    ) -> None:
        with self.database.begin() as work:
            about = work.session.get(Conversation, conversation) if conversation else None
            notify(work, staff, NotificationKind(kind), about, None, dict(details))
            work.commit()

    def reads(self, staff: int) -> None:
        with self.database.begin() as work:
            for notification in work.session.scalars(select(Notification).where(Notification.staff_id == staff)):
                notification.read_at = work.now
            work.commit()

    def deliveries(self) -> list[NotificationDelivery]:
        with self.database.reading() as work:
            return list(work.session.scalars(select(NotificationDelivery).order_by(NotificationDelivery.id)))

    def notified(self, kind: str) -> list[int]:
        with self.database.reading() as work:
            statement = select(Notification.staff_id).where(Notification.kind == kind).order_by(Notification.id)
            return list(work.session.scalars(statement))

    def number(self, conversation: int) -> str:
        with self.database.reading() as work:
            return work.session.scalars(select(Case.number).where(Case.conversation_id == conversation)).one()

    async def works(self, **later: float) -> None:
        """Time passes, and the worker does what is due."""
        self.clock.advance(**later)
        await self.worker.step()
        await self.worker.sent()


@pytest.fixture
async def session() -> AsyncIterator[ClientSession]:
    async with ClientSession() as found:
        yield found


@pytest.fixture
def targets(outside: WebTwin) -> dict[str, str]:
    """Settings for a robot ``group``, a second one ``night`` and a webhook ``erp``."""
    text = (
        f"group={outside.address}/group?key=robots-key night={outside.address}/night "
        f"erp={outside.address}/erp erp.secret={SECRET}"
    )
    return {"AMENDS_NOTIFICATION_TARGETS": text}


@pytest.fixture
def mailing(mail: MailTwin) -> dict[str, str]:
    """Settings for the mail server."""
    url = f"smtp://desk:p%40ss@127.0.0.1:{mail.port}"
    return {"AMENDS_SMTP_URL": url, "AMENDS_MAIL_FROM": "Shop desk <desk@shop.example>"}


GROUP = {"key": "group", "language": "zh", "kinds": ["handed_over", "hand_over_unread", "overdue"]}
ALL_DAY = {"begin": "22:00", "end": "07:30"}


def house(
    database: Database, firm: Firm, session: ClientSession, clock: Clock, *settings: dict[str, str], **file: object
) -> House:
    """A desk whose ways out are as the settings say, in a firm whose rules are changed."""
    environment = {key: value for some in settings for key, value in some.items()}
    return House(database, firm_with(firm, **file), session, clock, environment)


def said(outside: WebTwin, path: str = "/group") -> list[str]:
    """What a group robot was told, in order."""
    return [json.loads(body)["markdown"]["content"] for _, body in outside.at(path)]
