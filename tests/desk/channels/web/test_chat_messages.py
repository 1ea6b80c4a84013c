"""What the web chat takes, and what it refuses."""

import json

from sqlalchemy import select

from desk.limits import RateLimit
from store.tables import InboxRow, Message


async def test_a_message_is_kept_before_it_is_acknowledged(alice, sqlite_database):
    await alice.begin()
    response = await alice.write("杯子收到就是碎的", "page-1")
    assert response.status == 202
    assert await response.json() == {"number": 1}
    with sqlite_database.reading() as work:
        row = work.session.scalars(select(InboxRow)).one()
        assert (row.message_key, row.text, row.state) == ("page-1", "杯子收到就是碎的", "open")


async def test_a_message_sent_again_is_kept_once_and_answered_alike(alice, count):
    await alice.begin()
    first = await (await alice.write("It arrived broken")).json()
    await alice.write("And late", "two")
    again = await alice.write("It arrived broken")
    assert again.status == 202
    assert await again.json() == first
    assert count(Message) == 2


async def test_the_same_id_with_another_text_is_a_conflict(alice, count, error):
    await alice.begin()
    await alice.write("It arrived broken")
    assert await error(await alice.write("It never arrived")) == (409, "conflict")
    assert count(Message) == 1


async def test_two_visitors_may_use_the_same_id(alice, carol, count):
    await alice.begin()
    await carol.begin()
    assert (await alice.write("broken")).status == 202
    assert (await carol.write("late")).status == 202
    assert count(Message) == 2


async def test_it_takes_nothing_without_a_session(client, count, error):
    for headers in ({}, {"X-Amends-Session": ""}, {"X-Amends-Session": "guessed"}):
        response = await client.post("/chat/messages", json={"id": "one", "text": "hello"}, headers=headers)
        assert await error(response) == (401, "unauthorized")
        assert await error(await client.get("/chat/events", headers=headers)) == (401, "unauthorized")
    assert count(InboxRow) == 0


NO_MESSAGES = [
    {"id": "one", "text": ""},
    {"id": "one", "text": " \n\t\u3000"},
    {"id": "one"},
    {"id": "one", "text": 7},
    {"id": "one", "text": None},
    {"text": "hello"},
    {"id": "", "text": "hello"},
    {"id": "x" * 65, "text": "hello"},
    {"id": "a\u0000b", "text": "hello"},
    {"id": "\ud800", "text": "hello"},
    {"id": "one\n", "text": "hello"},
    {"id": 1, "text": "hello"},
    ["hello"],
    "hello",
]


async def test_what_is_no_message_is_refused(alice, count, error):
    await alice.begin()
    for body in NO_MESSAGES:
        response = await alice.client.post("/chat/messages", json=body, headers=alice.headers)
        assert await error(response) == (422, "invalid"), body
    assert count(InboxRow) == 0


async def test_what_is_no_json_is_refused(alice, error):
    await alice.begin()
    for body in (b"", b"{", b"\xff\xfe", b'{"id": "one", "text": NaN}'):
        response = await alice.client.post("/chat/messages", data=body, headers=alice.headers)
        assert await error(response) == (400, "bad_request"), body


async def test_a_long_text_is_kept_whole(alice, sqlite_database):
    await alice.begin()
    text = "等了很久," * 2000
    assert (await alice.write(text)).status == 202
    with sqlite_database.reading() as work:
        assert work.session.scalars(select(Message.text)).one() == text


async def test_a_body_over_64_kib_is_refused_and_one_of_64_kib_is_not(alice, count, error):
    await alice.begin()

    def body_of(size: int) -> bytes:
        frame = len(json.dumps({"id": "one", "text": ""}))
        return json.dumps({"id": "one", "text": "x" * (size - frame)}).encode()

    async def send(size: int):
        body = body_of(size)
        assert len(body) == size
        return await alice.client.post("/chat/messages", data=body, headers=alice.headers)

    assert await error(await send(64 * 1024 + 1)) == (413, "too_large")
    assert count(InboxRow) == 0
    assert (await send(64 * 1024)).status == 202


async def test_what_a_customer_types_is_text(alice):
    await alice.begin()
    written = [
        "<img src=x onerror=alert(1)>",
        "'; DROP TABLE messages; --",
        "/restart",
        '/complain{"a": 1}',
        "\u202egnol",
        "👍🏽",
        "two\nlines\r\nand three",
    ]
    for number, text in enumerate(written):
        assert (await alice.write(text, f"key-{number}")).status == 202
    async with alice.listening() as stream:
        assert [message["text"] for message in await stream.until_caught_up()] == written


async def test_what_no_database_keeps_is_replaced(alice):
    await alice.begin()
    assert (await alice.write("a\u0000b\ud800c")).status == 202
    async with alice.listening() as stream:
        assert [message["text"] for message in await stream.until_caught_up()] == ["a\ufffdb\ufffdc"]


async def test_twenty_messages_a_minute_are_taken_and_then_one_is_asked_to_wait(alice, carol, count):
    await alice.begin()
    await carol.begin()
    for number in range(20):
        assert (await alice.write("again", f"key-{number}")).status == 202
    response = await alice.write("again", "key-20")
    assert response.status == 429
    assert (await response.json())["error"]["code"] == "too_many_requests"
    assert 1 <= int(response.headers["Retry-After"]) <= 3
    assert count(Message) == 20
    assert (await carol.write("me too")).status == 202


def test_a_limit_refills_with_time():
    now = 0.0
    limit = RateLimit(2, 60, lambda: now)
    assert [limit.take("alice") for _ in range(3)] == [0, 0, 30]
    now = 29.0
    assert limit.take("alice") == 1
    now = 30.0
    assert limit.take("alice") == 0
    now = 10_000.0
    assert [limit.take("alice") for _ in range(3)] == [0, 0, 30]


def test_a_limit_forgets_those_who_have_been_quiet_and_nobody_else():
    now = 0.0
    limit = RateLimit(1, 60, lambda: now)
    for number in range(10_000):
        limit.take(f"early {number}")
    now = 60.0
    assert limit.take("alice") == 0
    assert limit.take("alice") == 60
    assert limit.take("early 1") == 0
