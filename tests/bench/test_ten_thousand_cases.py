"""Ten thousand open cases: every list and the search, loaded as a browser loads them, on SQLite and on PostgreSQL.

Prints medians and 95th percentiles; whether they are quick is for the reader of the figures, whether the pages are
right for the test.
"""

import random
import re
import statistics
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import insert, text

from actions.firm import Firm
from desk.app import Parts, make_app
from desk.console.lists import LISTS, SORTS
from desk.console.queue_changes import read_queue_version
from desk.console.sessions import COOKIE, new_token, sign_in
from store import search
from store.database import Database
from store.settings import Settings
from store.tables import (
    Case,
    CaseClock,
    Conversation,
    Customer,
    Fact,
    HandOver,
    Identity,
    Message,
    Offer,
    Promise,
    Staff,
)
from store.tables.base import case_number, unguessable

CASES = 10_000
MESSAGES_EACH = 8
RUNS = 20
_WORDS = {
    "zh": ["快递", "迟到", "退款", "质量很差", "客服态度恶劣", "订单", "三天", "一直没有回复", "坏了", "投诉", "发票"],
    "en": ["parcel", "late", "refund", "broken", "rude", "order", "three days", "no answer", "damaged", "invoice"],
}
_CATEGORIES = ["product_quality", "delivery", "service_attitude", "billing_price", "after_sales", "digital_app"]


def _fill(database: Database, staff_id: int) -> None:
    """Cases in every state that is open, half of them with people, as after a very bad week."""
    chance, now = random.Random(4), datetime.now(UTC)

    def rows(table: type, made: list[dict[str, object]]) -> None:
        for start in range(0, len(made), 2000):
            with database.begin() as work:
                work.session.execute(insert(table), made[start : start + 2000])
                work.commit()

    ids = range(1, CASES + 1)
    rows(Customer, [{"id": id, "public_id": unguessable(), "tier": "regular", "created_at": now} for id in ids])
    rows(
        Identity,
        [{"id": id, "customer_id": id, "channel": "web", "account": "", "external_id": f"visitor-{id}"} for id in ids],
    )
    conversations, cases, messages, facts = [], [], [], []
    promises, hand_overs, clocks, offers = [], [], [], []
    for id in ids:
        language = chance.choice(["zh", "zh", "zh", "en"])
        control = chance.choices(["bot", "queued", "staff"], [5, 4, 1])[0]
        opened = now - timedelta(minutes=chance.randint(1, 10_000))
        severity = chance.choice(["low", "medium", "high", "critical"])
        due = opened + timedelta(minutes={"critical": 30, "high": 120, "medium": 1440, "low": 9_000}[severity])
        state = {"bot": "offered", "queued": "with_staff", "staff": "with_staff"}[control]
        state = "awaiting_approval" if id % 25 == 0 else state
        conversations.append(
            {
                "id": id,
                "public_id": unguessable(),
                "identity_id": id,
                "channel_label": "web",
                "language": language,
                "control": control,
                "focus_case_id": id,
                "last_number": MESSAGES_EACH,
                "queued_at": opened if control == "queued" else None,
                "taken_by_id": staff_id if control == "staff" and id % 40 == 0 else None,
                "assigned_to_id": staff_id if control == "queued" and id % 200 == 0 else None,
                "created_at": opened,
            }
        )
        cases.append(
            {
                "id": id,
                "number": case_number(),
                "customer_id": id,
                "conversation_id": id,
                "state": state,
                "language": language,
                "channel": "web",
                "tier": "regular",
                "categories": chance.sample(_CATEGORIES, 2),
                "failure_type": "other_core",
                "dimension": "outcome",
                "severity": severity,
                "emotion": chance.randint(0, 3),
                "risks": ["legal"] if id % 30 == 0 else [],
                "department": chance.choice(["customer_service", "after_sales", "logistics"]),
                "opened_at": opened,
                "first_response_due": due,
                "resolution_due": due,
            }
        )
        for number in range(1, MESSAGES_EACH + 1):
            said = " ".join(chance.sample(_WORDS[language], 4)) + f" {chance.randint(10**9, 10**10)}"
            messages.append(
                {
                    "conversation_id": id,
                    "number": number,
                    "direction": "in" if number % 2 else "out",
                    "author": "customer" if number % 2 else "bot",
                    "text": said.replace(" ", "") if language == "zh" else said,
                    "buttons": [],
                    "at": opened + timedelta(minutes=number),
                }
            )
        facts.append({"case_id": id, "key": "order_number", "value": f"2026{id:08d}", "at": opened})
        clocks.append(
            {
                "case_id": id,
                "kind": "resolution",
                "round": 1,
                "department": "customer_service",
                "started_at": opened,
                "due_at": due,
                "allotted_seconds": int((due - opened).total_seconds()),
                "state": "running",
            }
        )
        if control != "bot":
            made = {"conversation_id": id, "case_id": id, "made_at": opened, "public_id": unguessable()}
            answer = opened + timedelta(minutes=chance.randint(30, 12_000))
            promises.append(
                made
                | {
                    "kind": "person_answers",
                    "text": "-",
                    "due_at": answer,
                    "state": "broken" if answer < now else "open",
                }
            )
            hand_overs.append({"conversation_id": id, "case_id": id, "reason": "asked", "by": "bot", "at": opened})
        if id % 10 == 0:
            promises.append(
                {
                    "conversation_id": id,
                    "case_id": id,
                    "public_id": unguessable(),
                    "kind": "call_back",
                    "text": "我们会回电",
                    "due_at": due,
                    "made_at": opened,
                    "state": "open",
                }
            )
        if state == "awaiting_approval":
            offers.append(
                {
                    "case_id": id,
                    "round": 1,
                    "position": 1,
                    "remedies": [{"kind": "refund", "amount": 150_000, "currency": "CNY"}],
                    "cost": 150_000,
                    "currency": "CNY",
                    "authority": "supervisor",
                    "state": "awaiting_approval",
                    "rule": "late-delivery",
                    "approved_by": "-",
                    "reason": "-",
                    "made_at": opened,
                    "answered_at": opened,
                }
            )
    for table, made in (
        (Conversation, conversations),
        (Case, cases),
        (Message, messages),
        (Fact, facts),
        (Promise, promises),
        (HandOver, hand_overs),
        (CaseClock, clocks),
        (Offer, offers),
    ):
        rows(table, made)
    search.rebuild(database)
    with database.begin() as work:
        work.session.execute(text("ANALYZE"))
        work.commit()


@pytest.fixture
async def console(database: Database, settings: Settings, firm: Firm) -> AsyncIterator[TestClient]:  # type: ignore[type-arg]
    database.clock = lambda: datetime.now(UTC)
    token = new_token()
    with database.begin() as work:
        bob = Staff(login="bob", name="Bob", role="supervisor", password_digest="-", language="zh", created_at=work.now)
        work.session.add(bob)
        work.session.flush()
        sign_in(work, bob, token)
        work.commit()
    _fill(database, bob.id)
    app = make_app(settings, Parts(database=database, firm=firm, workers=False))
    async with TestClient(TestServer(app)) as client:
        client.session.cookie_jar.update_cookies({COOKIE: token}, client.make_url("/desk/"))
        yield client


@pytest.mark.timeout(1200)
async def test_every_list_and_the_search_with_ten_thousand_open_cases(
    console: TestClient,  # type: ignore[type-arg]
    database: Database,
) -> None:
    lists = [f"/desk/?list={name}" for name in LISTS]
    lists += [f"/desk/?list=open&sort={sort}" for sort in SORTS[1:]]
    lists += [
        "/desk/?list=open&severity=critical&severity=high&category=delivery&owner=-",
        "/desk/?list=overdue&language=en&risk=legal",
    ]
    asked = [
        "",
        "退款",
        "质量很差",
        "差",
        "refund",
        "parcel late",
        '"three days"',
        "202600004711",
        "visitor-4711",
        "没有这个词",
    ]
    print(f"\n{CASES} open cases, {CASES * MESSAGES_EACH} messages, {'SQLite' if database.is_sqlite else 'PostgreSQL'}")
    for address in lists:
        page = await _measure(console, address)
        assert page.count("data-row") == _expected(page), address
        if 'rel="next"' in page:
            following = re.search(r'rel="next" href="([^"]+)"', page)
            assert following is not None
            second = await _measure(console, following[1].replace("&amp;", "&"), "  its second page")
            assert not set(re.findall(r'id="row-(\w+)', page)) & set(re.findall(r'id="row-(\w+)', second))
    for question in asked:
        page = await _measure(console, "/desk/conversations", f"search {question or 'nothing'!r}", q=question)
        assert ("data-row" in page) == (question != "没有这个词"), question
    assert 'id="row-' in await _measure(
        console, "/desk/conversations", "search 订单, closed or not", q="订单", state="offered"
    )
    _report("whether anything changed", [_timed_version(database) for _ in range(RUNS)])


def _expected(page: str) -> int:
    """A full page, or as many as the head of the list tells."""
    count = re.search(r'<span class="count">(?:共)?(\d+)(?:条)?</span></h2>', page)
    assert count is not None
    return min(50, int(count[1]))


async def _measure(console: TestClient, address: str, name: str = "", **query: str) -> str:  # type: ignore[type-arg]
    taken, page = [], ""
    for _ in range(RUNS):
        start = time.perf_counter()
        async with console.get(address, params=query or None) as response:
            page = await response.text()
        taken.append(time.perf_counter() - start)
        assert response.status == 200, (address, response.status)
    _report(name or address, taken)
    return page


def _timed_version(database: Database) -> float:
    start = time.perf_counter()
    with database.reading() as work:
        read_queue_version(work)
    return time.perf_counter() - start


def _report(name: str, taken: list[float]) -> None:
    taken = sorted(taken)
    late = taken[int(len(taken) * 0.95) - 1]
    print(f"  {statistics.median(taken) * 1000:6.0f} ms median {late * 1000:6.0f} ms p95  {name}", flush=True)
