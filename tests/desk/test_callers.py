"""Whose call it is behind proxies: only a proxy that is trusted is believed."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from multidict import CIMultiDict

from actions.firm import Firm
from desk.app import Parts, make_app
from desk.channels.web.views import SESSIONS_PER_TEN_MINUTES
from desk.keys import SETTINGS
from desk.limits import caller_address, caller_network
from store.database import Database
from store.settings import Settings, SettingsError, load_settings

Client = TestClient  # type: ignore[type-arg]


def forwarded(*values: str) -> CIMultiDict[str]:
    return CIMultiDict(("X-Forwarded-For", value) for value in values)


async def seen(headers: CIMultiDict[str], proxies: str = "") -> dict[str, str]:
    """What the service makes of a call from this machine."""
    app = web.Application()
    app[SETTINGS] = load_settings({"AMENDS_TRUSTED_PROXIES": proxies})

    async def tell(request: web.Request) -> web.Response:
        return web.json_response({"address": caller_address(request), "network": caller_network(request)})

    app.router.add_get("/", tell)
    async with TestClient(TestServer(app)) as client, client.get("/", headers=headers) as response:
        answer: dict[str, str] = await response.json()
        return answer


@pytest.mark.parametrize(
    ("values", "address"),
    [
        ((), "127.0.0.1"),
        (("198.51.100.7",), "198.51.100.7"),
        (("192.0.2.1, 198.51.100.7",), "198.51.100.7"),
        # A proxy that adds a header of its own, such as HAProxy: the first one is the caller's.
        (("192.0.2.1", "198.51.100.7"), "198.51.100.7"),
        (("198.51.100.7:4711",), "198.51.100.7"),
        (("[2001:db8::7]:4711",), "2001:db8::7"),
        (("unknown",), "127.0.0.1"),
        (("",), "127.0.0.1"),
        (("198.51.100.7, 127.0.0.1",), "198.51.100.7"),
        (("::ffff:198.51.100.7",), "198.51.100.7"),
    ],
)
async def test_a_proxy_on_this_machine_tells_whom_it_serves(values: tuple[str, ...], address: str) -> None:
    assert (await seen(forwarded(*values)))["address"] == address


async def test_several_trusted_proxies_are_passed_from_the_last_to_the_first() -> None:
    through_two = forwarded("192.0.2.1, 198.51.100.7, 10.0.0.5")
    assert (await seen(through_two, "127.0.0.1, 10.0.0.0/8"))["address"] == "198.51.100.7"
    assert (await seen(through_two, "127.0.0.1"))["address"] == "10.0.0.5"


async def test_nobody_else_is_believed() -> None:
    assert (await seen(forwarded("198.51.100.7"), "10.0.0.0/8"))["address"] == "127.0.0.1"


async def test_a_limit_counts_the_network_that_one_customer_has() -> None:
    first = await seen(forwarded("2001:db8:1:2:3:4:5:6"))
    assert first["network"] == "2001:db8:1:2::/64"
    assert (await seen(forwarded("198.51.100.7")))["network"] == "198.51.100.7"


@pytest.mark.parametrize("value", ["proxy.example", "10.0.0.1/8", "10.0.0.0/33", ","])
def test_a_proxy_that_is_no_address_stops_the_start(value: str) -> None:
    with pytest.raises(SettingsError, match="AMENDS_TRUSTED_PROXIES"):
        load_settings({"AMENDS_TRUSTED_PROXIES": value})


@pytest.fixture
async def client(settings: Settings, sqlite_database: Database, firm: Firm) -> AsyncIterator[Client]:
    app = make_app(settings, Parts(database=sqlite_database, firm=firm, workers=False))
    async with TestClient(TestServer(app)) as client:
        yield client


async def test_a_visitor_gets_no_more_sessions_by_claiming_to_be_others(client: Client) -> None:
    statuses = []
    for number in range(SESSIONS_PER_TEN_MINUTES + 1):
        headers = forwarded(f"192.0.2.{number}", "198.51.100.7")
        async with client.post("/chat/sessions", json={}, headers=headers) as response:
            statuses.append(response.status)
    assert statuses == [201] * SESSIONS_PER_TEN_MINUTES + [429]
