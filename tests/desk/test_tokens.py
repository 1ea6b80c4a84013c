"""Tokens of the API: each opens what its scopes say, is looked up rarely, and is out soon after it was revoked."""

import re
from collections.abc import AsyncIterator
from datetime import date

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from actions.firm import Firm
from desk import tokens
from desk.app import Parts, make_app
from desk.scopes import SCOPE_OF, SCOPES, RouteWithoutScope, api_routes, check_scopes
from desk.tokens import TokenRefused, Tokens
from store.database import Database
from store.settings import Settings
from store.tables import ApiToken, AuditEntry
from tests.conftest import Clock

Client = TestClient  # type: ignore[type-arg]


@pytest.fixture
async def client(settings: Settings, sqlite_database: Database, firm: Firm) -> AsyncIterator[Client]:
    app = make_app(settings, Parts(database=sqlite_database, firm=firm, workers=False))
    async with TestClient(TestServer(app)) as client:
        yield client


def add(database: Database, firm: Firm, *scopes: str, name: str = "shop", last_day: date | None = None) -> str:
    with database.begin() as work:
        token = tokens.add_token(work, firm, name, scopes, last_day, "ada")
        work.commit()
        return token


def revoke(database: Database) -> None:
    with database.begin() as work:
        tokens.revoke_token(work, work.session.scalars(select(ApiToken.public_id)).one(), "ada")
        work.commit()


async def ask(client: Client, token: str | None, method: str = "GET", path: str = "/api/v1/cases") -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    address = re.sub(r"\{\w+\}", "rest:nobody", path)
    async with client.request(method, address, headers=headers) as response:
        body = await response.json()
        return response.status, body["error"]["code"] if isinstance(body, dict) and "error" in body else ""


async def test_every_route_of_the_api_has_a_scope(client: Client) -> None:
    assert client.server is not None
    app = client.server.app  # type: ignore[attr-defined]
    check_scopes(app)
    assert set(api_routes(app)) == set(SCOPE_OF)
    assert set(SCOPE_OF.values()) == set(SCOPES)


async def test_a_route_without_a_scope_stops_the_start(
    settings: Settings, sqlite_database: Database, firm: Firm
) -> None:
    app = make_app(settings, Parts(database=sqlite_database, firm=firm, workers=False))

    async def page(_: web.Request) -> web.Response:
        return web.Response()

    app.router.add_post("/api/v1/forgotten", page)
    with pytest.raises(RouteWithoutScope, match="POST /api/v1/forgotten"):
        await TestServer(app).start_server()


@pytest.mark.parametrize("scope", SCOPES)
async def test_a_token_opens_what_its_scope_says_and_nothing_else(
    client: Client, sqlite_database: Database, firm: Firm, scope: str
) -> None:
    token = add(sqlite_database, firm, scope)
    for (method, path), needed in SCOPE_OF.items():
        status, code = await ask(client, token, method, path)
        assert (status == 403) == (needed != scope), (method, path, status)
        assert status != 401 and (code == "forbidden") == (status == 403)


async def test_the_token_of_the_settings_opens_everything(client: Client, settings: Settings) -> None:
    for method, path in SCOPE_OF:
        assert (await ask(client, settings.secret("api_token"), method, path))[0] not in (401, 403)


@pytest.mark.parametrize("token", [None, "", "wrong", "amends_wrong", "令牌", "x" * 5000])
async def test_whoever_has_none_is_told_so(client: Client, token: str | None) -> None:
    headers = {} if token is None else {"Authorization": f"Bearer {token}".encode().decode("latin-1")}
    async with client.get("/api/v1/cases", headers=headers) as response:
        assert response.status == 401 and (await response.json())["error"]["code"] == "unauthorized"


async def test_an_unknown_address_is_not_found_but_told_to_nobody_without_a_token(
    client: Client, sqlite_database: Database, firm: Firm
) -> None:
    token = add(sqlite_database, firm, "cases:read")
    assert (await ask(client, token, path="/api/v1/nothing"))[0] == 404
    assert (await ask(client, token, "DELETE", "/api/v1/cases"))[0] == 405
    assert (await ask(client, None, path="/api/v1/nothing"))[0] == 401


async def test_the_description_is_open_and_names_the_scopes(client: Client) -> None:
    async with client.get("/api/v1/openapi.json") as response:
        described = await response.json()
    assert described["paths"]["/api/v1/orders"]["post"]["security"] == [{"bearer": ["orders:write"]}]
    assert "403" in described["paths"]["/api/v1/orders"]["post"]["responses"]


class CountingDatabase:
    """Counts what the look-ups of tokens cost."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.reads = self.writes = 0
        self.clock = database.clock

    async def read(self, *arguments: object) -> object:
        self.reads += 1
        return await self._database.read(*arguments)  # type: ignore[arg-type]

    async def run(self, *arguments: object) -> object:
        self.writes += 1
        return await self._database.run(*arguments)  # type: ignore[arg-type]


async def test_a_busy_integrator_costs_no_query_a_call(sqlite_database: Database, firm: Firm, clock: Clock) -> None:
    token, counting = add(sqlite_database, firm, "messages:write"), CountingDatabase(sqlite_database)
    found = Tokens(counting, "settled", clock=lambda: clock.now.timestamp())  # type: ignore[arg-type]
    for _ in range(50):
        assert await found.scopes_of(token) == {"messages:write"}
        assert await found.scopes_of("settled") == set(SCOPES)
        assert await found.scopes_of("made up") is None
    assert (counting.reads, counting.writes) == (2, 1)


async def test_a_revoked_token_is_out_within_seconds(sqlite_database: Database, firm: Firm, clock: Clock) -> None:
    token = add(sqlite_database, firm, "messages:write")
    found = Tokens(sqlite_database, "settled", clock=lambda: clock.now.timestamp())
    assert await found.scopes_of(token)
    revoke(sqlite_database)
    clock.advance(seconds=3)
    assert await found.scopes_of(token) is None


async def test_a_token_ends_with_its_last_day_in_the_firms_zone(
    sqlite_database: Database, firm: Firm, clock: Clock
) -> None:
    token = add(sqlite_database, firm, "cases:read", last_day=firm.local(clock.now).date())
    found = Tokens(sqlite_database, "settled", clock=lambda: 0.0)  # never looked up anew
    clock.advance(hours=13)  # 23 o'clock in Shanghai
    assert await found.scopes_of(token)
    clock.advance(hours=1)
    assert await found.scopes_of(token) is None


async def test_the_last_use_is_noted_once_a_minute(sqlite_database: Database, firm: Firm, clock: Clock) -> None:
    token = add(sqlite_database, firm, "cases:read")
    found = Tokens(sqlite_database, "settled", clock=lambda: clock.now.timestamp())
    first = clock.now
    noted = []
    for _ in range(3):
        await found.scopes_of(token)
        with sqlite_database.reading() as work:
            noted.append(work.session.scalars(select(ApiToken.last_used_at)).one())
        clock.advance(seconds=40)
    assert noted[0] == noted[1] == first and noted[2] is not None and noted[2] > first


@pytest.mark.parametrize(
    ("name", "scopes", "day", "code"),
    [
        (" ", ["cases:read"], None, "token_name"),
        ("x" * 101, ["cases:read"], None, "token_name"),
        ("shop", ["cases:read"], None, "token_taken"),
        ("new", [], None, "token_scopes"),
        ("new", ["everything"], None, "token_scopes"),
        ("new", ["cases:read"], date(2020, 1, 1), "token_expiry"),
        ("new", ["cases:read"], date.max, "token_day"),
    ],
)
def test_a_token_that_cannot_be_is_refused(
    sqlite_database: Database, firm: Firm, name: str, scopes: list[str], day: date | None, code: str
) -> None:
    add(sqlite_database, firm, "cases:read")
    with sqlite_database.begin() as work, pytest.raises(TokenRefused) as caught:
        tokens.add_token(work, firm, name, scopes, day)
    assert caught.value.code == code


def test_a_name_is_free_again_once_its_token_was_revoked(sqlite_database: Database, firm: Firm) -> None:
    add(sqlite_database, firm, "cases:read")
    revoke(sqlite_database)
    assert add(sqlite_database, firm, "cases:read")


def test_the_store_and_the_log_hold_no_token(sqlite_database: Database, firm: Firm) -> None:
    token = add(sqlite_database, firm, "cases:read")
    revoke(sqlite_database)
    with sqlite_database.reading() as work:
        kept = work.session.scalars(select(ApiToken)).one()
        entries = work.session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert token not in (kept.digest, kept.name, kept.public_id)
    assert [(entry.action, entry.subject) for entry in entries] == [
        ("add_token", kept.public_id),
        ("revoke_token", kept.public_id),
    ]
