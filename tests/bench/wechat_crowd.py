"""Followers of an official account who all write at once: the simulator and their phones, in a process of their own.

usage: python -m tests.bench.wechat_crowd FOLDER CUSTOMERS RATE SECONDS

Prints the settings of a service as one line of JSON, reads the service's address from standard input, has the
customers write, prints what became of it as a line, and goes on taking the bot's answers until standard input ends;
then prints what the phones showed.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

from tests.e2e.service import ROOT
from tests.wechat_simulator.callbacks import Delivery
from tests.wechat_simulator.server import Simulator
from tests.wechat_simulator.setting_up import WECHAT, settings_for, simulator

# The first is a complaint; whoever has complained goes on like anybody who waits.
LINES = ("快递迟到三天了，到现在还没收到", "在吗", "包裹外面都破了", "怎么没人理我", "你们到底管不管", "我等着呢")


def line(customer: int, number: int) -> str:
    """What a customer writes; no two messages of theirs are the same."""
    return f"{LINES[number % len(LINES)]}（{customer}-{number}）"


async def write(found: Simulator, customers: int, rate: int, seconds: int) -> dict[str, object]:
    """Have them write, at a steady rate whatever the service does; each waits until their last message was accepted."""
    official = found.official[WECHAT]
    last: dict[int, asyncio.Task[Delivery]] = {}
    late, started = 0, time.perf_counter()
    for number in range(rate * seconds):
        await asyncio.sleep(max(0.0, started + number / rate - time.perf_counter()))
        customer = number % customers
        before = last.get(customer)
        if before is not None and not before.done():
            late += 1
            await before
        last[customer] = official.says(f"crowd-{customer}", line(customer, number // customers))
    written = time.perf_counter() - started
    await asyncio.gather(*last.values())
    made = official.callbacks.made
    return {
        "messages": len(made),
        "took_seconds": written,
        "waited": late,
        "milliseconds": sorted(delivery.seconds[0] * 1000 for delivery in made),
        "tried_again": sum(len(delivery.seconds) > 1 for delivery in made),
        "lost": len(official.callbacks.lost),
    }


async def main(folder: str, customers: int, rate: int, seconds: int) -> None:
    found = simulator()
    await found.start()
    settings = settings_for(found, Path(folder), ROOT / "data" / "firm")
    print(json.dumps(settings), flush=True)
    found.called_by((await asyncio.to_thread(sys.stdin.readline)).strip())
    print(json.dumps(await write(found, customers, rate, seconds)), flush=True)
    await asyncio.to_thread(sys.stdin.read)
    official = found.official[WECHAT]
    told = [len(phone.received) for phone in official.phones.values()]
    print(
        json.dumps({"told": sum(told), "untold": told.count(0), "breaches": len(official.books.breaches)}), flush=True
    )
    await found.stop()


if __name__ == "__main__":
    where, *numbers = sys.argv[1:]
    asyncio.run(main(where, *map(int, numbers)))
