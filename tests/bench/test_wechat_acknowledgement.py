"""A hundred messages a second from an official account's followers, while the bot works off what has piled up.

Prints the figures; fails where the issue's bound (p99 under 200 ms) does not hold on this machine, where a message was
lost, or where somebody's messages changed their order.
"""

import json
import os
import statistics
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from tests.bench.wechat_crowd import line
from tests.e2e.merchant_crowd import Store
from tests.e2e.service import ROOT, running, wait_for

RATE = 100  # messages a second
SECONDS = int(os.environ.get("WECHAT_SECONDS", "60"))
CUSTOMERS = 600
BOUND_MILLISECONDS = 200
# The bot works off what came within a minute, on a machine that does nothing else.
BACKLOG_WITHIN_SECONDS = 1200


@pytest.mark.timeout(BACKLOG_WITHIN_SECONDS + 600)
def test_a_hundred_messages_a_second_are_acknowledged_at_once(model: str, tmp_path: Path) -> None:
    crowd = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.wechat_crowd", str(tmp_path), str(CUSTOMERS), str(RATE), str(SECONDS)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert crowd.stdin is not None and crowd.stdout is not None
    try:
        settings = json.loads(crowd.stdout.readline())
        with running(tmp_path, model, **settings) as service:
            store = Store(service)
            crowd.stdin.write(service.base + "\n")
            crowd.stdin.flush()
            result = json.loads(crowd.stdout.readline())
            behind = store.count("inbox where state = 'open'")
            unheard = store.count("heard_callbacks")
            answered = store.count("turns")
            wait_for(lambda: store.count("heard_callbacks") == 0, BACKLOG_WITHIN_SECONDS, "all is taken in")
            _nothing_lost_and_in_order(store)
            wait_for(lambda: store.count("inbox where state = 'open'") == 0, BACKLOG_WITHIN_SECONDS, "worked off")
            wait_for(lambda: store.count("outbox where state = 'pending'") == 0, 120, "all is sent")
            crowd.stdin.close()
            told = json.loads(crowd.stdout.readline())
    finally:
        crowd.kill()
        crowd.wait()
    late = result["milliseconds"]
    p99 = late[int(len(late) * 0.99)]
    print(
        f"\n{result['messages']} messages in {result['took_seconds']:.0f} s: "
        f"acknowledged p50 {statistics.median(late):.0f} ms, p99 {p99:.0f} ms, at most {late[-1]:.0f} ms; "
        f"{result['tried_again']} tried again, {result['lost']} lost; "
        f"{answered} turns meanwhile, {unheard} not taken in, {behind} not answered; "
        f"then {told['told']} bubbles, {told['breaches']} over the quota"
    )
    assert result["lost"] == 0 and told["breaches"] == 0 and told["untold"] == 0
    assert p99 < BOUND_MILLISECONDS


def _nothing_lost_and_in_order(store: Store) -> None:
    rows = store.rows(
        "select i.external_id, n.text from inbox n join identities i on i.id = n.identity_id"
        " order by n.conversation_id, n.number"
    )
    heard: dict[str, list[str]] = defaultdict(list)
    for who, text in rows:
        heard[str(who)].append(str(text))
    for customer in range(CUSTOMERS):
        count = RATE * SECONDS // CUSTOMERS + (customer < RATE * SECONDS % CUSTOMERS)
        assert heard[f"crowd-{customer}"] == [line(customer, number) for number in range(count)]
