"""How the tests of the console play staff at their browsers, and customers who need them.

Alice is an agent, Bob supervises, Mei manages, Quinn watches quality, Ada administers; Carol has no access any more.
"""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer
from argon2 import PasswordHasher
from sqlalchemy import select

from actions.commands.hand_over import hand_over_outside_turn
from actions.conversations import Address, lock_conversation
from actions.firm import Firm
from desk.app import Parts, make_app
from desk.console.keys import CSRF_KEY
from desk.console.sessions import COOKIE, csrf_token, new_token, sign_in
from recovery.control import HandOverReason
from store.database import Database
from store.settings import Settings
from store.tables import Case, Conversation, Message, Offer, Order, OrderIdentity, Staff
from tests.desk.turning import acts, hears, leases, settles

PASSWORD = "a long enough password"
PEOPLE = {
    "alice": ("Alice", "agent"),
    "amy": ("Amy", "agent"),
    "bob": ("Bob", "supervisor"),
    "mei": ("Mei", "manager"),
    "quinn": ("Quinn", "quality"),
    "ada": ("Ada", "administrator"),
    "carol": ("Carol", "agent"),
}
WANG = Address("rest", "wang")


@pytest.fixture(scope="session")
def password_digest() -> str:
    return PasswordHasher().hash(PASSWORD)


@pytest.fixture
def people(sqlite_database: Database, password_digest: str) -> dict[str, Staff]:
    with sqlite_database.begin() as work:
        staff = {
            login: Staff(
                login=login,
                name=name,
                role=role,
                password_digest=password_digest,
                active=login != "carol",
                language="en",
                created_at=work.now,
            )
            for login, (name, role) in PEOPLE.items()
        }
        work.session.add_all(staff.values())
        work.commit()
        return staff


class Browser:
    """A browser at the desk."""

    def __init__(self, client: TestClient) -> None:  # type: ignore[type-arg]
        self.client = client
        self.csrf = ""

    async def get(self, path: str, **options: object) -> ClientResponse:
        response = await self.client.get(path, allow_redirects=False, **options)  # type: ignore[arg-type]
        found = re.search(r'name="csrf" value="(\w+)"', await response.text()) if response.status < 500 else None
        self.csrf = found[1] if found else self.csrf
        return response

    async def read(self, path: str) -> str:
        """The page, which must be there."""
        response = await self.get(path)
        assert response.status == 200, (path, response.status)
        return await response.text()

    async def post(self, path: str, headers: dict[str, str] | None = None, **fields: object) -> ClientResponse:
        """Send a form of the page that was read last."""
        data = {"csrf": self.csrf, **fields}
        return await self.client.post(path, data=data, headers=headers, allow_redirects=False)

    async def log_in(self, login: str, password: str = PASSWORD, **fields: str) -> ClientResponse:
        await self.get("/desk/login?language=en")
        return await self.post("/desk/login?language=en", login=login, password=password, **fields)


Open = Callable[..., Awaitable[Browser]]


@pytest.fixture
async def server(settings: Settings, sqlite_database: Database, firm: Firm) -> AsyncIterator[TestServer]:
    app = make_app(settings, Parts(database=sqlite_database, firm=firm, workers=False))
    async with TestServer(app) as server:
        yield server


@pytest.fixture
async def browser(server: TestServer, sqlite_database: Database, people: dict[str, Staff]) -> AsyncIterator[Open]:
    """Opens a browser; with a login, one where that person is signed in already."""
    opened: list[TestClient] = []  # type: ignore[type-arg]

    async def open_one(login: str | None = None) -> Browser:
        client = TestClient(server)
        await client.start_server()
        opened.append(client)
        found = Browser(client)
        if login is not None:
            token = new_token()
            with sqlite_database.begin() as work:
                sign_in(work, people[login], token)
                work.commit()
            client.session.cookie_jar.update_cookies({COOKIE: token}, client.make_url("/desk/"))
            found.csrf = csrf_token(server.app[CSRF_KEY], token)
        return found

    yield open_one
    for client in opened:
        await client.session.close()


@dataclass
class Desk:
    """What happens outside the console: customers write, the bot hands over."""

    database: Database
    firm: Firm

    def complains(self, text: str = "东西坏了", who: Address = WANG, **understood: object) -> str:
        """A complaint reaches the bot; gives the conversation's public id."""
        hears(self.database, text, who=who)
        lease = leases(self.database)
        acts(self.database, self.firm, lease, **{"categories": ["product_quality"], **understood})
        assert settles(self.database, lease) == "done"
        return self.conversation(who).public_id

    def waits(self, text: str = "东西坏了", who: Address = WANG) -> str:
        """A complaint is handed over."""
        public_id = self.complains(text, who)
        with self.database.begin() as work:
            conversation = lock_conversation(work, self.conversation(who).id)
            case = work.session.get(Case, conversation.focus_case_id)
            hand_over_outside_turn(work, self.firm, conversation, case, HandOverReason.ASKED, "bot")
            work.commit()
        return public_id

    def sees_offers(self, yuan: int = 300, who: Address = WANG) -> str:
        """The customer of a defective order worth so much has choices before them, the whole refund first."""
        number = f"2026111{yuan:06d}"
        with self.database.begin() as work:
            work.session.add(
                Order(
                    number=number,
                    placed_at=work.now,
                    total=yuan * 100,
                    currency="CNY",
                    items=[{"name": "kettle", "quantity": 1, "price": yuan * 100}],
                    status="delivered",
                    updated_at=work.now,
                    identities=[OrderIdentity(identity=who.public)],
                )
            )
            work.commit()
        return self.complains(f"订单{number}坏了", who, facts={"order_number": number})

    def wants_refund(self, yuan: int, who: Address = WANG) -> str:
        """They accept the refund."""
        public_id = self.sees_offers(yuan, who)
        hears(self.database, "1", key=f"choice of {who.external_id}", who=who)
        lease = leases(self.database)
        acts(self.database, self.firm, lease, "action_accept_offer", categories=[], facts={"choice": 1})
        assert settles(self.database, lease) == "done"
        return public_id

    def conversation(self, who: Address = WANG) -> Conversation:
        with self.database.reading() as work:
            found = work.session.scalars(select(Conversation)).all()
            return next(one for one in found if one.identity.external_id == who.external_id)

    def case(self, who: Address = WANG) -> Case:
        with self.database.reading() as work:
            case = work.session.get_one(Case, self.conversation(who).focus_case_id)
            _ = (case.offers, case.remedies, case.promises, case.facts)
            return case

    def offer(self, state: str) -> Offer:
        with self.database.reading() as work:
            return work.session.scalars(select(Offer).where(Offer.state == state)).one()

    def told(self, who: Address = WANG) -> list[str]:
        """What the customer was told, in order."""
        with self.database.reading() as work:
            of_it = (Message.conversation_id == self.conversation(who).id) & (Message.direction == "out")
            return list(work.session.scalars(select(Message.text).where(of_it).order_by(Message.number)))


@pytest.fixture
def desk(sqlite_database: Database, firm: Firm) -> Desk:
    return Desk(sqlite_database, firm)
