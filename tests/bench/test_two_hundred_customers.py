"""Two hundred customers, a merchant that misbehaves, and ``kill -9`` at random moments: every ledger must balance.

``BENCH_CUSTOMERS`` and ``BENCH_SEED`` set other numbers; the seed in use is printed.
"""

import contextlib
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.actions.fake_merchant import Merchant, seeded
from tests.e2e.merchant_crowd import Customer, Store, check_books, firm_of, settle
from tests.e2e.service import Service, running

CUSTOMERS = int(os.environ.get("BENCH_CUSTOMERS", "200"))
SEED = int(os.environ.get("BENCH_SEED") or random.SystemRandom().randrange(10**6))
AT_ONCE = 20
# Rasa carries nothing out, and is the slowest to come back.
PROGRAMS = ("desk", "desk", "actions", "actions", "rasa")


@pytest.fixture
def merchant() -> Iterator[Merchant]:
    with Merchant(seeded(SEED, share=0.4, most=3)).running() as merchant:
        yield merchant


@pytest.fixture
def shop(model: str, merchant: Merchant, tmp_path: Path) -> Iterator[Service]:
    with running(tmp_path, model, **firm_of(merchant, tmp_path)) as service:
        yield service


def test_ledgers_balance_for_two_hundred_customers_under_random_kills(shop: Service, merchant: Merchant) -> None:
    print(f"\nseed {SEED}", flush=True)
    chance, store, kills, in_the_middle = random.Random(SEED), Store(shop), 0, 0
    customers = [Customer(shop, merchant, number) for number in range(CUSTOMERS)]
    room = threading.Semaphore(AT_ONCE)
    started = time.monotonic()

    def let_in() -> None:
        for customer in customers:
            room.acquire()
            customer.start()
            threading.Thread(target=lambda c=customer: (c.join(), room.release()), daemon=True).start()

    door = threading.Thread(target=let_in, daemon=True)
    door.start()
    while door.is_alive() or any(customer.is_alive() for customer in customers):
        # Everything is up again before the next one falls: what is tested is dying in the middle, not never living.
        shop.wait_until_ready(300)
        time.sleep(chance.uniform(0.2, 12))
        under_way = store.under_way
        with contextlib.suppress(LookupError, ProcessLookupError):
            shop.signal(chance.choice(PROGRAMS), signal.SIGKILL)
            kills += 1
            in_the_middle += under_way > 0
        if kills % 10 == 0:
            done = sum(customer.ident is not None and not customer.is_alive() for customer in customers)
            print(f"{kills} kills, {done} customers served", flush=True)
        assert time.monotonic() - started < 3600, shop.last_words()
    settle(shop, 300)
    figures = check_books(shop, merchant, customers)
    print(f"seed {SEED}: {kills} kills, {in_the_middle} of them while remedies were carried out; {figures}")
    print(f"{time.monotonic() - started:.0f} s")
    assert in_the_middle
