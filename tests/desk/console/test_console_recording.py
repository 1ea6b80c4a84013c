"""A complaint taken by phone on its page."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from sqlalchemy import func, select

from actions.conversations import Address
from actions.due import fire
from actions.firm import Firm
from desk.app import Parts, make_app
from desk.keys import RASA, SETTINGS
from desk.rasa import Rasa, RasaUnavailable
from store.database import Database
from store.settings import Settings
from store.tables import Case, CaseTransition, Conversation, Customer, Message, Offer, Order, Promise, Rating, Timer
from tests.conftest import Clock
from tests.desk.console.conftest import Browser, Desk, Open
from tests.desk.turning import connectors, hears

NEW = "/desk/complaints/new"


class Reader:
    """Stands in for Rasa."""

    async def is_ready(self) -> bool:
        return self.understanding is not None

    def __init__(self, understanding: dict[str, Any] | None) -> None:
        self.understanding = understanding

    async def parse(self, text: str, timeout_seconds: float = 2) -> dict[str, Any]:
        if self.understanding is None:
            raise RasaUnavailable("away")
        return self.understanding


READ = {
    "language": "zh",
    "categories": [{"key": "product_quality", "confidence": 0.9, "words": ["漏水"]}],
    "emotion": {"level": 2, "words": []},
    "risk": [{"key": "vulnerable", "words": ["孩子"]}],
    "facts": {"order_number": "202611120001", "wished_remedy": "replacement"},
}


@pytest.fixture
async def server(settings: Settings, sqlite_database: Database, firm: Firm) -> AsyncIterator[TestServer]:
    app = make_app(settings, Parts(database=sqlite_database, firm=firm, workers=False))
    async with TestServer(app) as server:
        # Resources are open by now; the bot is played.
        dict.__setitem__(app._state, RASA, Reader(READ))
        yield server


async def fills_in(person: Browser, **fields: str) -> dict[str, str]:
    page = await person.read(NEW)
    key = re.search(r'name="key" value="(\w+)"', page)
    assert key is not None
    usual = {"said": "水壶漏水,孩子烫到了", "door": "phone", "language": "zh", "emotion": "1", "next": "keep"}
    return {"key": key[1], **usual, "phone": "13800138000", "category": "product_quality", **fields}


def cases(database: Database) -> list[Case]:
    with database.reading() as work:
        found = list(work.session.scalars(select(Case).order_by(Case.id)))
        _ = [(case.facts, case.customer, case.conversation) for case in found]
        return found


async def test_alice_records_a_call_and_reads_the_number_aloud(browser: Open, sqlite_database: Database) -> None:
    alice = await browser("alice")
    form = await fills_in(alice, name="王女士")
    response = await alice.post(NEW, **form)
    (case,) = cases(sqlite_database)
    assert (response.status, response.headers["Location"]) == (303, f"/desk/complaints/{case.number}/recorded")
    page = await alice.read(f"/desk/complaints/{case.number}/recorded")
    assert case.number in page and f"/desk/conversations/{case.conversation.public_id}" in page
    # The same form once more, from a second click.
    assert (await alice.post(NEW, **form)).headers["Location"] == response.headers["Location"]
    assert len(cases(sqlite_database)) == 1
    shown = await alice.read(f"/desk/conversations/{case.conversation.public_id}")
    assert (
        "水壶漏水,孩子烫到了" in shown and "Nothing is sent from here" in shown and "Recorded by a colleague" in shown
    )


async def test_two_clicks_at_once_make_one_case(browser: Open, sqlite_database: Database) -> None:
    alice = await browser("alice")
    form = await fills_in(alice)
    answers = await asyncio.gather(*(alice.post(NEW, **form) for _ in range(3)))
    assert {answer.status for answer in answers} == {303} and len(cases(sqlite_database)) == 1


async def test_a_form_from_the_back_button_with_other_words_is_asked_about_and_saved_the_second_time(
    browser: Open, sqlite_database: Database
) -> None:
    alice = await browser("alice")
    form = await fills_in(alice)
    await alice.post(NEW, **form)
    other = {**form, "said": "又一位客户：发票开错了", "phone": "13900139000", "category": "billing_price"}
    asked = await alice.post(NEW, **other)
    page = await asked.text()
    key = re.search(r'name="key" value="(\w+)"', page)
    assert asked.status == 422 and "saved before, with other words" in page and key is not None
    assert (await alice.post(NEW, **{**other, "key": key[1]})).status == 303
    assert len(cases(sqlite_database)) == 2


async def test_somebody_new_with_a_known_number_is_not_recorded_as_its_owner(
    browser: Open, sqlite_database: Database
) -> None:
    alice = await browser("alice")
    await alice.post(NEW, **await fills_in(alice))
    (first,) = cases(sqlite_database)
    form = await fills_in(alice, said="我是他邻居", customer="new", apart="yes", seen=first.number)
    assert "another customer" in await (await alice.post(NEW, **form)).text()
    assert len(cases(sqlite_database)) == 1


async def test_what_nobody_chose_is_read_by_the_machine(browser: Open, sqlite_database: Database) -> None:
    alice = await browser("alice")
    read = await alice.post("/desk/complaints/reading", said="水壶漏水")
    assert (await read.json())["category"] == "product_quality"
    await alice.post(NEW, **await fills_in(alice, category=""))
    (case,) = cases(sqlite_database)
    assert case.categories == ["product_quality"] and case.risks == ["vulnerable"]
    assert case.wished_remedy == "replacement"


async def test_while_the_machine_is_away_one_chooses_and_nothing_typed_is_lost(
    browser: Open, server: TestServer, sqlite_database: Database
) -> None:
    dict.__setitem__(server.app._state, RASA, Reader(None))
    alice = await browser("alice")
    assert (await alice.post("/desk/complaints/reading", said="水壶漏水")).status == 503
    form = await fills_in(alice, category="", order="202611120001")
    response = await alice.post(NEW, **form)
    page = await response.text()
    assert response.status == 422 and "please choose" in page
    assert "水壶漏水,孩子烫到了</textarea>" in page and form["key"] in page and 'value="202611120001"' in page
    assert not cases(sqlite_database)


async def test_the_open_case_of_the_caller_is_shown_before_a_second_one(
    browser: Open, sqlite_database: Database
) -> None:
    alice = await browser("alice")
    await alice.post(NEW, **await fills_in(alice))
    (first,) = cases(sqlite_database)
    form = await fills_in(alice, said="又漏了", phone="+86 138 0013 8000")
    looked = await alice.post(NEW, **form, look="yes")
    assert looked.status == 200 and f"Add to {first.number}" in await looked.text()
    refused = await alice.post(NEW, **form)
    page = await refused.text()
    assert refused.status == 409 and f'value="{first.number}"' in page and len(cases(sqlite_database)) == 1
    seen = re.search(r'name="seen" value="([^"]*)"', page)
    assert seen is not None
    added = await alice.post(NEW, **form, add_to=first.number)
    assert added.headers["Location"] == f"/desk/complaints/{first.number}/recorded?more=1"
    assert len(cases(sqlite_database)) == 1
    other = await fills_in(alice, said="另一件事", category="delivery")
    # Ticking it without having been shown the case is not enough.
    assert (await alice.post(NEW, **other, apart="yes", seen="")).status == 409
    assert (await alice.post(NEW, **other, apart="yes", seen=seen[1])).status == 303
    assert [case.categories for case in cases(sqlite_database)][1] == ["delivery"]
    with sqlite_database.reading() as work:
        assert work.session.scalar(select(func.count(Customer.id))) == 1


async def test_customers_are_found_by_name_order_identity_and_case_number(
    browser: Open, desk: Desk, sqlite_database: Database
) -> None:
    desk.sees_offers(300)
    number = desk.case().number
    with sqlite_database.begin() as work:
        work.session.get_one(Customer, desk.case().customer_id).name = "王小明"
        work.commit()
    alice = await browser("alice")
    form = await fills_in(alice, phone="")
    for who in ("小明", "2026111000300", "rest:wang", "wang", number, number.lower().replace("-", "")):
        assert "王小明" in await (await alice.post(NEW, **form, who=who, look="yes")).text(), who
    for who in ("小红", "9999", "rest:li", "AM-2222-3333"):
        assert "王小明" not in await (await alice.post(NEW, **form, who=who, look="yes")).text(), who


async def test_an_order_is_looked_up_and_said_whose_it_is(browser: Open, sqlite_database: Database) -> None:
    with sqlite_database.begin() as work:
        fields = {"total": 30000, "currency": "CNY", "items": [], "status": "delivered"}
        work.session.add(
            Order(number="202611120001", phone_last4="8000", placed_at=work.now, updated_at=work.now, **fields)
        )
        work.commit()
    alice = await browser("alice")
    form = await fills_in(alice, order="202611120001")
    assert "belongs to the customer" in await (await alice.post(NEW, **form, look="yes")).text()
    form["phone"] = "13900139000"
    assert "last four digits of the order" in await (await alice.post(NEW, **form, look="yes")).text()
    assert "belongs to the customer" in await (await alice.post(NEW, **form, digits="8000", look="yes")).text()


async def test_a_deed_on_several_channels_from_the_page(browser: Open, desk: Desk, sqlite_database: Database) -> None:
    desk.waits()
    hears(sqlite_database, "在吗", who=Address("web", "wang-web"))
    wang = desk.conversation()
    alice = await browser("alice")
    await alice.post(f"/desk/conversations/{wang.public_id}/take")
    with sqlite_database.reading() as work:
        customer = work.session.get_one(Conversation, wang.id).identity.customer.public_id
    joined = await alice.post(f"/desk/customers/{customer}/link", other="web:wang-web", proof="said_on_phone")
    assert joined.status == 303
    page = await alice.read(f"/desk/conversations/{wang.public_id}")
    there = desk.conversation(Address("web", "wang-web")).public_id
    assert f'href="/desk/conversations/{there}"' in page and "used last" in page
    said = await alice.post(f"/desk/conversations/{wang.public_id}/answer-elsewhere", to=there, text="在这边说")
    assert (said.status, said.headers["Location"]) == (303, f"/desk/conversations/{there}")
    assert desk.told(Address("web", "wang-web"))[-1] == "在这边说"
    undo = re.search(r"/desk/customer-links/(\w+)/undo", page)
    assert undo is not None
    assert (await alice.post(f"/desk/customer-links/{undo[1]}/undo")).status == 303


# --- mail scanners cannot rate (FreeScout 1743) ----------------------------------------------------------------------


async def test_no_address_that_is_merely_read_rates_or_moves_anything(
    browser: Open, desk: Desk, server: TestServer, sqlite_database: Database, firm: Firm, clock: Clock
) -> None:
    """Scanners open every link of a message; a rating must take more than that, on whatever address."""
    public_id = desk.wants_refund(300)
    case = desk.case()
    for days in (0, 2):
        clock.advance(days=days)
        with sqlite_database.reading() as work:
            due = select(Timer.id).where(Timer.state == "open", Timer.due_at <= clock.now).order_by(Timer.due_at)
            ids = list(work.session.scalars(due))
        for timer_id in ids:
            fire(sqlite_database, firm, connectors(sqlite_database), timer_id)
    awaited = desk.conversation().awaited
    assert awaited is not None and awaited["kind"] == "rating"

    def state() -> list[Any]:
        with sqlite_database.reading() as work:
            found = work.session.get_one(Case, case.id)
            tables = (Rating, CaseTransition, Message, Promise, Offer)
            return [found.state, *(work.session.scalar(select(func.count()).select_from(table)) for table in tables)]

    before = state()
    names = {"public_id": public_id, "number": case.number, "identity": "rest:wang", "offer_id": "1", "account": "a"}
    bob = await browser("bob")
    headers = {"Authorization": f"Bearer {server.app[SETTINGS].secret('api_token')}"}
    visited = 0
    for route in server.app.router.routes():
        path = route.resource.canonical if route.resource else ""
        if (
            route.method not in ("GET", "HEAD", "*")
            or "events" in path
            or isinstance(route.resource, web.StaticResource)
        ):
            continue
        address = re.sub(r"\{(\w+)[^}]*\}", lambda found: names.get(found[1], "0"), path)
        for query in ("", "?score=5&rating=5&rate=5&outcome=5&vote=5&text=5&action=rate&payload=5&confirm=yes"):
            for method in ("GET", "HEAD"):
                response = await bob.client.request(method, address + query, headers=headers, allow_redirects=False)
                assert response.status < 500 or path == "/readyz", (path, response.status)
                visited += 1
    assert visited > 40 and state() == before


async def test_rasa_is_asked_to_read_and_told_nothing_else(settings: Settings) -> None:
    seen: list[Any] = []

    async def parse(request: web.Request) -> web.Response:
        seen.append((request.query["token"], await request.json()))
        return web.json_response({"understanding": READ} if len(seen) == 1 else {"text": "no"})

    app = web.Application()
    app.router.add_post("/model/parse", parse)
    async with TestServer(app) as rasa_server, asyncio.timeout(20), aiohttp.ClientSession() as session:
        rasa = Rasa(session, (str(rasa_server.make_url("")).rstrip("/"),), "secret")
        assert await rasa.parse("/restart 水壶") == READ
        assert seen == [("secret", {"text": "\u2060/restart 水壶"})]
        with pytest.raises(RasaUnavailable):
            await rasa.parse("x")
        nowhere = Rasa(session, ("http://127.0.0.1:9",), "secret")
        with pytest.raises(RasaUnavailable):
            await nowhere.parse("x")
