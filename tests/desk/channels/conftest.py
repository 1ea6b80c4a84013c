"""Customers of an official account, and WeCom with our service beside it."""

from collections.abc import AsyncIterator

import pytest

from actions.firm import Firm
from store.database import Database
from tests.actions.dialogue import Shop
from tests.conftest import Clock
from tests.desk.channels.following import Follower
from tests.desk.channels.wecom_server import WeComServer
from tests.desk.channels.wecom_service import Service


@pytest.fixture
def alice(database: Database, firm: Firm) -> Follower:
    return Follower(database, firm)


@pytest.fixture
def shop(database: Database, firm: Firm, clock: Clock) -> Shop:
    return Shop(database, firm, clock)


@pytest.fixture
def wecom(clock: Clock) -> WeComServer:
    return WeComServer(clock)


@pytest.fixture
async def service(sqlite_database: Database, firm: Firm, clock: Clock, wecom: WeComServer) -> AsyncIterator[Service]:
    async with wecom.served(sqlite_database) as (accounts, clients):
        made = Service(sqlite_database, firm, clock, accounts, clients, wecom)
        await made.worker.begin()
        await made.worker.read_waiting()
        wecom.readings.clear()
        yield made


@pytest.fixture
async def in_wecom(
    database: Database, firm: Firm, clock: Clock, wecom: WeComServer, request: pytest.FixtureRequest
) -> AsyncIterator[Service]:
    """As ``service``, with people who answer in WeCom, on both databases."""
    more = getattr(request, "param", {})
    async with wecom.served(database, people="wecom", **more) as (accounts, clients):
        made = Service(database, firm, clock, accounts, clients, wecom)
        await made.worker.begin()
        await made.worker.read_waiting()
        wecom.readings.clear()
        yield made
