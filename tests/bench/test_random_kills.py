"""A hundred ``kill -9`` at random moments, while customers complain, choose and rate: every ledger must balance.

``BENCH_KILLS`` sets another number, ``BENCH_PAUSE`` the longest pause between two: where Rasa takes longer to start
than the kills leave it, nobody is answered at all.
"""

import contextlib
import http.client
import os
import random
import re
import signal
import sqlite3
import threading
import time

from tests.e2e.service import Service, wait_for

KILLS = int(os.environ.get("BENCH_KILLS", "100"))
LONGEST_PAUSE = float(os.environ.get("BENCH_PAUSE", "4"))
CUSTOMERS = 6
VOUCHER = re.compile(r"V-\w{4}-\w{4}-\w{4}")


class Customer(threading.Thread):
    """Complains about one order after the other, takes the voucher, rates; repeats what got no answer."""

    def __init__(self, service: Service, number: int, enough: threading.Event) -> None:
        super().__init__(daemon=True)
        self.service = service
        self.prefix = f"bench-{number}"
        self.enough = enough
        self.finished: dict[str, list[str]] = {}  # what each said

    def run(self) -> None:
        turn = 0
        while not self.enough.is_set():
            turn += 1
            sender = f"{self.prefix}-{turn}"
            order = f"7{hash(sender) % 10**11:011d}"
            self._insist(lambda order=order, sender=sender: self.service.with_order(sender, order))
            said = [f"快递晚了四天才到，订单{order}"]
            self._say(sender, said[0], f"{sender}-0")
            self._insist(lambda sender=sender, said=said: said.append(self.service.choice_of(sender, "voucher")))
            said.append("5分")
            for step in (1, 2):
                self._say(sender, said[step], f"{sender}-{step}")
            self.finished[sender] = said

    def _say(self, sender: str, text: str, key: str) -> None:
        """Say it until it is known to be handled; the same message id makes a repetition harmless."""

        def once() -> None:
            status = self.service.say(sender, text, message_id=key).status
            assert status in (200, 202), status
            if status == 202:
                raise OSError("not answered yet")

        self._insist(once)

    def _insist(self, deed: object) -> None:
        while True:
            with contextlib.suppress(OSError, http.client.HTTPException, AssertionError):
                deed()  # type: ignore[operator]
                return
            time.sleep(0.3)


def test_nothing_is_lost_or_done_twice_under_random_kills(own_service: Service) -> None:
    service, enough, chance = own_service, threading.Event(), random.Random(20261121)
    customers = [Customer(service, number, enough) for number in range(CUSTOMERS)]
    for customer in customers:
        customer.start()
    for kill in range(KILLS):
        time.sleep(chance.uniform(0.2, LONGEST_PAUSE))
        program = chance.choice(("desk", "rasa", "actions"))
        with contextlib.suppress(LookupError, ProcessLookupError):
            service.signal(program, signal.SIGKILL)
        if kill % 10 == 9:
            print(f"\n{kill + 1} kills, {sum(len(c.finished) for c in customers)} dialogues finished", flush=True)
    enough.set()
    service.wait_until_ready(180)
    for customer in customers:
        customer.join(300)
        assert not customer.is_alive(), "a customer still waits"
    wait_for(lambda: _count(service, "inbox where state = 'open'") == 0, 120, "the inbox is empty")
    wait_for(
        lambda: _count(service, "timers where state = 'open' and kind = 'execute_remedy'") == 0,
        120,
        "remedies are done",
    )
    wait_for(lambda: _count(service, "outbox where state = 'pending'") == 0, 120, "all is sent")

    dialogues = {sender: texts for customer in customers for sender, texts in customer.finished.items()}
    handed_over = 0
    for sender, texts in dialogues.items():
        said = service.messages(sender)
        assert [m["text"] for m in said if m["direction"] == "in"] == texts
        cases = service.cases(sender)
        if service.conversation(sender)["control"] != "bot":
            handed_over += 1  # the bot had its five attempts; a person has the rest
            assert len(cases) <= 1
            continue
        assert len(cases) == 1
        assert len([r for r in cases[0]["remedies"] if r["kind"] == "voucher"]) == 1
        codes = [code for m in said for code in VOUCHER.findall(m["text"]) if m["direction"] == "out"]
        assert len(codes) == 1, "one voucher, told once"
        assert [rating["score"] for rating in cases[0]["ratings"]] == [5]
    accepted = _count(service, "offers where state = 'accepted'")
    assert accepted == _count(service, "vouchers") == _count(service, "remedies where kind = 'voucher'")
    print(f"\n{KILLS} kills, {len(dialogues)} dialogues, {accepted} vouchers, {handed_over} handed over")
    assert dialogues


def _count(service: Service, rows: str) -> int:
    with sqlite3.connect(f"file:{service.var / 'amends.db'}?mode=ro", uri=True, timeout=30) as connection:
        found: int = connection.execute(f"select count(*) from {rows}").fetchone()[0]
        return found
