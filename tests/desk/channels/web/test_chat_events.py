"""What comes down to the chat page: everything, once, in order."""

import asyncio

import pytest
from sqlalchemy import select, update

from actions.conversations import Address, find_conversation, lock_conversation, say
from actions.staff.talking import answer, take
from desk.channels.web import views
from desk.channels.web.views import STREAMS
from desk.keys import HUB
from store.tables import InboxRow, Staff


def answers(work, visitor, text, buttons=None):
    """The bot says something and is done with what it was asked."""
    found = find_conversation(work, Address("web", visitor.external_id))
    conversation = lock_conversation(work, found.id)
    say(work, conversation, text, buttons=buttons)
    work.session.execute(update(InboxRow).where(InboxRow.conversation_id == conversation.id).values(state="done"))
    return conversation.id


async def test_messages_come_in_order_with_their_numbers_and_the_pages_own_ids(alice, sqlite_database):
    await alice.begin()
    await alice.write("It arrived broken", "page-1")
    buttons = [{"title": "Yes", "payload": "yes"}]
    await sqlite_database.run(answers, alice, "Sorry. A refund?", buttons)
    async with alice.listening() as stream:
        mine, theirs = await stream.until_caught_up()
    assert mine == {
        "number": 1,
        "direction": "in",
        "author": "customer",
        "text": "It arrived broken",
        "buttons": [],
        "at": "2026-11-18T02:00:00Z",
        "id": "page-1",
    }
    assert (theirs["number"], theirs["direction"], theirs["author"]) == (2, "out", "bot")
    assert theirs["buttons"] == buttons
    assert "id" not in theirs


async def test_a_page_that_comes_back_gets_what_it_missed_and_nothing_else(alice, sqlite_database):
    await alice.begin()
    await alice.write("It arrived broken")
    for number in range(2, 6):
        await sqlite_database.run(answers, alice, f"line {number}")
    async with alice.listening(after=3) as stream:
        assert [message["number"] for message in await stream.until_caught_up()] == [4, 5]
    async with alice.listening(after=5) as stream:
        assert await stream.until_caught_up() == []
        await sqlite_database.run(answers, alice, "line 6")
        assert (await stream.next_of("message"))["number"] == 6


async def test_nothing_is_lost_however_often_the_line_breaks(alice, sqlite_database):
    await alice.begin()

    async def talk() -> None:
        for number in range(1, 61):
            await sqlite_database.run(answers, alice, f"line {number}")

    talking = asyncio.create_task(talk())
    seen: list[int] = []
    while len(seen) < 60:
        async with alice.listening(after=seen[-1] if seen else None) as stream:
            for _ in range(min(7, 60 - len(seen))):
                seen.append((await stream.next_of("message"))["number"])
    await talking
    assert seen == list(range(1, 61))


async def test_a_long_history_comes_whole_before_the_page_is_told_it_has_caught_up(alice, sqlite_database):
    await alice.begin()

    def much(work):
        for number in range(1, 251):
            answers(work, alice, f"line {number}")

    await sqlite_database.run(much)
    async with alice.listening() as stream:
        assert [message["number"] for message in await stream.until_caught_up()] == list(range(1, 251))


async def test_a_live_answer_comes_at_once_in_every_window(alice, carol, sqlite_database):
    await alice.begin()
    await carol.begin(resume=alice.session["resume"])
    async with alice.listening() as here, carol.listening() as there:
        await here.until_caught_up()
        await there.until_caught_up()
        await alice.write("It arrived broken", "page-1")
        assert (await here.next_of("message"))["id"] == "page-1"
        assert (await there.next_of("message"))["id"] == "page-1"


async def test_nobody_hears_another_conversation(alice, carol, sqlite_database):
    await alice.begin()
    await carol.begin()
    async with carol.listening() as stream:
        await stream.until_caught_up()
        await alice.write("my own business")
        await sqlite_database.run(answers, alice, "between us")
        await sqlite_database.run(answers, carol, "for you")
        message = await stream.next_of("message")
    assert (message["number"], message["text"]) == (1, "for you")


async def test_the_page_knows_that_it_is_being_answered_and_when_that_is_over(alice, sqlite_database):
    await alice.begin()
    async with alice.listening() as stream:
        assert await stream.next_of("state") == {"control": "bot", "answering": False, "person": None}
        await alice.write("It arrived broken")
        assert (await stream.next_of("state"))["answering"] is True
        await sqlite_database.run(answers, alice, "Sorry!")
        # What was said comes before the news that nothing more is coming.
        assert (await stream.next())[0] == "message"
        assert (await stream.next_of("state"))["answering"] is False


async def test_a_person_is_named_and_marked_as_one(alice, firm, sqlite_database):
    await alice.begin()
    await alice.write("转人工")

    def bob_answers(work):
        bob = Staff(login="bob", name="Bob", role="agent", password_digest="-", created_at=work.now)
        work.session.add(bob)
        work.session.flush()
        conversation = find_conversation(work, Address("web", alice.external_id))
        take(work, firm, bob, conversation.id)
        answer(work, firm, bob, conversation.id, "I am here")

    async with alice.listening() as stream:
        await stream.until_caught_up()
        await sqlite_database.run(bob_answers)
        messages = await stream.until_caught_up()
        assert (messages[-1]["author"], messages[-1]["person"], messages[-1]["text"]) == ("staff", "Bob", "I am here")
    async with alice.listening(after=messages[-1]["number"]) as stream:
        assert await stream.next_of("state") == {"control": "staff", "answering": False, "person": "Bob"}
        await alice.write("thank you", "two")
        await stream.next_of("message")
    with sqlite_database.reading() as work:
        assert set(work.session.scalars(select(InboxRow.state))) == {"done"}


async def test_a_last_event_id_is_a_number(alice, error):
    await alice.begin()
    for value in ("-1", "one", "1.5", "٣", "9" * 19):
        headers = {**alice.headers, "Last-Event-ID": value}
        assert await error(await alice.client.get("/chat/events", headers=headers)) == (422, "invalid"), value


async def test_a_quiet_line_is_kept_alive(alice, monkeypatch):
    monkeypatch.setattr(views, "HEARTBEAT_SECONDS", 0.05)
    await alice.begin()
    async with alice.client.get("/chat/events", headers=alice.headers) as response:
        async with asyncio.timeout(5):
            while not (await response.content.readline()).startswith(b":"):
                pass


async def test_streams_end_whole_when_the_service_stops(alice, client):
    await alice.begin()
    async with alice.listening() as stream:
        await stream.until_caught_up()
        client.app[STREAMS].close(client.app[HUB])
        with pytest.raises(EOFError):
            await stream.next()


async def test_a_page_that_leaves_is_not_served_any_longer(alice, client, sqlite_database, monkeypatch):
    monkeypatch.setattr(views, "HEARTBEAT_SECONDS", 0.05)
    await alice.begin()
    async with alice.listening() as stream:
        await stream.until_caught_up()
        assert len(client.app[STREAMS].conversations) == 1
    async with asyncio.timeout(10):
        while client.app[STREAMS].conversations:  # noqa: ASYNC110 - a list tells nobody when it changes
            await asyncio.sleep(0.05)
