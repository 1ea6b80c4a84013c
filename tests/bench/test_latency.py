"""How long a customer waits for the bot, over the public contract: every written complaint, four at a time.

Prints the figures; fails where the issue's bound (p99 under 3 s) does not hold on this machine.
"""

import json
import statistics
import uuid
from concurrent.futures import ThreadPoolExecutor

from tests.conftest import ROOT
from tests.e2e.service import Service

AT_ONCE = 4


def test_the_answer_comes_within_three_seconds(service: Service) -> None:
    path = ROOT / "tests" / "data" / "complaints.jsonl"
    texts = [json.loads(line)["text"] for line in path.read_text(encoding="utf-8").splitlines()]
    run = uuid.uuid4().hex[:6]

    def hear(numbered: tuple[int, str]) -> float:
        number, text = numbered
        reply = service.say(f"{run}-{number}", text)
        assert reply.status == 200, reply
        return reply.seconds

    with ThreadPoolExecutor(AT_ONCE) as pool:
        seconds = sorted(pool.map(hear, enumerate(texts)))
    middle, late = statistics.median(seconds), seconds[int(len(seconds) * 0.99)]
    print(f"\n{len(seconds)} messages, {AT_ONCE} at a time: p50 {middle * 1000:.0f} ms, p99 {late * 1000:.0f} ms")
    assert late < 3
