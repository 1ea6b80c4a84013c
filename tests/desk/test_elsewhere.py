"""What another process said wakes those who watch its conversation, and nobody else."""

import asyncio

from actions.conversations import Address, open_conversation, say
from desk.elsewhere import Elsewhere
from desk.hub import Hub
from store.database import Database


def speak(database: Database, name: str) -> int:
    with database.begin() as work:
        conversation = open_conversation(work, Address("rest", name))
        say(work, conversation, "hello")
        work.commit()
        return conversation.id


async def rings(hub: Hub, elsewhere: Elsewhere, conversation_id: int) -> bool:
    with hub.listening(conversation_id) as bell:
        waiting = asyncio.create_task(bell.wait(60))
        await asyncio.sleep(0)
        await elsewhere.look()
        await asyncio.sleep(0.01)
        waiting.cancel()
        return waiting.done() and not waiting.cancelled()


async def test_a_message_of_another_process_rings_once(database: Database) -> None:
    hub, wang, li = Hub(), speak(database, "wang"), speak(database, "li")
    elsewhere = Elsewhere(database, hub)
    assert not await rings(hub, elsewhere, wang), "the first look only finds out where things stand"
    speak(database, "wang")
    assert await rings(hub, elsewhere, wang)
    assert not await rings(hub, elsewhere, wang)
    speak(database, "wang")
    assert not await rings(hub, elsewhere, li)


async def test_the_first_message_of_an_empty_store_rings(database: Database) -> None:
    hub = Hub()
    elsewhere = Elsewhere(database, hub)
    await elsewhere.look()
    wang = speak(database, "wang")
    assert await rings(hub, elsewhere, wang)
