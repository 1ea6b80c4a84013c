"""Waiting for something to happen."""

import asyncio

from desk.hub import Hub


async def test_a_ring_ends_the_wait_and_other_conversations_do_not() -> None:
    hub = Hub()
    with hub.listening(1) as bell:
        hub.wake(2)
        waiting = asyncio.create_task(bell.wait(60))
        await asyncio.sleep(0.01)
        assert not waiting.done()
        hub.wake(1)
        await asyncio.wait([waiting], timeout=5)
        assert waiting.done()


async def test_who_is_cancelled_at_the_moment_of_a_ring_is_cancelled() -> None:
    hub = Hub()

    async def listen() -> None:
        with hub.listening(1) as bell:
            while True:
                await bell.wait(60)

    listening = asyncio.create_task(listen())
    await asyncio.sleep(0.01)
    hub.wake(1)
    # The ring has been heard by the innermost wait when the cancellation comes.
    await asyncio.sleep(0)
    listening.cancel()
    done, _ = await asyncio.wait([listening], timeout=2)
    assert done and listening.cancelled()
