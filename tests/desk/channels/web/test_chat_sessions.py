"""Who writes in the web chat, and how they come back."""

from sqlalchemy import select

from desk.channels.web.sessions import forget_expired
from store.tables import Conversation, Customer, Identity, WebSession


async def test_only_looking_at_the_page_leaves_nothing_behind(client, count):
    assert (await client.get("/")).status == 200
    assert (await client.get("/widget.js")).status == 200
    assert count(Customer) == count(Identity) == count(Conversation) == count(WebSession) == 0


async def test_a_session_keeps_no_token_in_the_store(alice, sqlite_database):
    await alice.begin(language="en")
    with sqlite_database.reading() as work:
        kept = work.session.scalars(select(WebSession)).one()
        columns = {str(getattr(kept, column.key)) for column in WebSession.__table__.columns}
    assert alice.session["session"] not in columns
    assert alice.session["resume"] not in columns
    # 32 random bytes are 43 characters of base64.
    assert len(alice.session["session"]) >= 43
    assert len(alice.session["resume"]) >= 43


async def test_tokens_and_identities_are_never_given_twice(alice):
    seen: set[str] = set()
    for _ in range(5):
        await alice.begin()
        seen |= {alice.session["session"], alice.session["resume"], alice.session["identity"]}
    assert len(seen) == 15


async def test_the_identity_is_of_the_web_channel(alice, sqlite_database):
    await alice.begin()
    with sqlite_database.reading() as work:
        identity = work.session.scalars(select(Identity)).one()
    assert identity.channel == "web"
    assert alice.session["identity"] == identity.public


async def test_the_language_of_the_page_is_spoken_until_the_customer_tells(alice, sqlite_database):
    await alice.begin(language="en")
    with sqlite_database.reading() as work:
        assert work.session.scalars(select(Conversation.language)).one() == "en"


async def test_a_resume_link_continues_the_same_conversation_elsewhere(alice, carol, count):
    await alice.begin()
    await alice.write("It arrived broken")
    await carol.begin(resume=alice.session["resume"])
    assert carol.session["identity"] == alice.session["identity"]
    assert carol.session["session"] != alice.session["session"]
    async with carol.listening() as stream:
        assert [message["text"] for message in await stream.until_caught_up()] == ["It arrived broken"]
    assert (await alice.write("still here", "two")).status == 202
    assert count(Customer) == 1


async def test_a_session_token_is_no_resume_token_and_the_other_way_round(alice, client, error):
    await alice.begin()
    response = await client.post("/chat/sessions", json={"resume": alice.session["session"]})
    assert await error(response) == (401, "unauthorized")
    response = await client.get("/chat/events", headers={"X-Amends-Session": alice.session["resume"]})
    assert await error(response) == (401, "unauthorized")


async def test_an_unknown_resume_token_makes_nothing(client, count, error):
    assert await error(await client.post("/chat/sessions", json={"resume": "guessed"})) == (401, "unauthorized")
    assert count(WebSession) == count(Customer) == 0


async def test_a_session_ends_thirty_days_after_it_was_last_used(alice, clock, client, error):
    await alice.begin()
    clock.advance(days=29)
    assert (await alice.write("still there?")).status == 202
    clock.advance(days=29)
    async with alice.listening() as stream:
        assert len(await stream.until_caught_up()) == 1
    clock.advance(days=30, seconds=1)
    assert await error(await alice.write("too late", "two")) == (401, "unauthorized")
    response = await client.post("/chat/sessions", json={"resume": alice.session["resume"]})
    assert await error(response) == (401, "unauthorized")


async def test_ended_sessions_are_removed_and_what_was_said_stays(alice, carol, clock, sqlite_database, count):
    await alice.begin()
    await alice.write("It arrived broken")
    clock.advance(days=31)
    await carol.begin()
    await sqlite_database.run(forget_expired)
    assert count(WebSession) == 1
    assert count(Conversation) == 2


async def test_sessions_of_one_address_are_limited(alice, client):
    for _ in range(60):
        await alice.begin()
    response = await client.post("/chat/sessions", json={})
    assert response.status == 429
    assert (await response.json())["error"]["code"] == "too_many_requests"
    assert 1 <= int(response.headers["Retry-After"]) <= 10


async def test_a_proxy_on_this_machine_tells_callers_apart(client):
    async def status(address: str) -> int:
        headers = {"X-Forwarded-For": f"192.0.2.99, {address}"}
        return (await client.post("/chat/sessions", json={}, headers=headers)).status

    assert {await status("192.0.2.1") for _ in range(60)} == {201}
    assert await status("192.0.2.1") == 429
    assert await status("192.0.2.2") == 201


async def test_a_session_is_asked_for_properly(client, count, error):
    assert await error(await client.post("/chat/sessions", data=b"{")) == (400, "bad_request")
    assert await error(await client.post("/chat/sessions", json=[])) == (422, "invalid")
    assert await error(await client.post("/chat/sessions", json={"language": "fr"})) == (422, "invalid")
    assert await error(await client.post("/chat/sessions", json={"resume": "x" * 200})) == (422, "invalid")
    assert await error(await client.get("/chat/sessions")) == (405, "method_not_allowed")
    assert count(WebSession) == 0
