"""The shop of the dialogues; Alice is an agent, Bob supervises, Carol looks after quality, Dora manages."""

import pytest

from actions.firm import Firm
from actions.staff.talking import answer, take
from store.database import Database
from store.tables import Staff
from tests.actions.dialogue import Customer, Shop
from tests.conftest import Clock


@pytest.fixture
def shop(sqlite_database: Database, firm: Firm, clock: Clock) -> Shop:
    return Shop(sqlite_database, firm, clock)


@pytest.fixture
def both(database: Database, firm: Firm, clock: Clock) -> Shop:
    """A shop on each database, where it is about who holds what."""
    return Shop(database, firm, clock)


@pytest.fixture(params=["zh", "en"])
def language(request: pytest.FixtureRequest) -> str:
    chosen: str = request.param
    return chosen


@pytest.fixture
def wang(shop: Shop) -> Customer:
    """A customer who writes Chinese."""
    return Customer(shop, "wang")


@pytest.fixture
def mary(shop: Shop) -> Customer:
    """A customer who writes English."""
    return Customer(shop, "mary", "en")


@pytest.fixture
def customer(shop: Shop, language: str) -> Customer:
    """The same customer twice, in each language."""
    return Customer(shop, "wang" if language == "zh" else "mary", language)


@pytest.fixture
def alice(shop: Shop) -> Staff:
    return shop.hires("alice", "agent")


@pytest.fixture
def bob(shop: Shop) -> Staff:
    return shop.hires("bob", "supervisor")


@pytest.fixture
def carol(shop: Shop) -> Staff:
    return shop.hires("carol", "quality")


@pytest.fixture
def dora(shop: Shop) -> Staff:
    return shop.hires("dora", "manager")


@pytest.fixture
def queued(shop: Shop, wang: Customer) -> Customer:
    """Wang has complained and asked for a person."""
    wang.complains("delivery")
    wang.asks_for_a_person()
    return wang


@pytest.fixture
def held(shop: Shop, queued: Customer, alice: Staff) -> Customer:
    """Alice has taken the case and answered once."""
    shop.does(take, shop.firm, alice, queued.conversation.id)
    shop.does(answer, shop.firm, alice, queued.conversation.id, "我来处理。")
    return queued
