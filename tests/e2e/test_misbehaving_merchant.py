"""Twenty customers at once, a merchant that misbehaves, and three kills while remedies are carried out."""

import contextlib
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.actions.fake_merchant import Merchant, Mischief, seeded
from tests.e2e.merchant_crowd import Customer, Store, check_books, settle
from tests.e2e.merchant_crowd import firm_of as firm_with
from tests.e2e.service import Service, running, wait_for

CUSTOMERS = 20
SEED = 20261122


@pytest.fixture
def merchant() -> Iterator[Merchant]:
    with Merchant(seeded(SEED, share=0.4, most=2)).running() as merchant:
        yield merchant


@pytest.fixture
def shop(model: str, merchant: Merchant, tmp_path: Path) -> Iterator[Service]:
    """A service whose orders, refunds, vouchers and replacements are the merchant's."""
    with running(tmp_path, model, **firm_with(merchant, tmp_path)) as service:
        yield service


def test_ledgers_balance_under_mischief_and_three_kills(shop: Service, merchant: Merchant) -> None:
    store = Store(shop)
    customers = [Customer(shop, merchant, number) for number in range(CUSTOMERS)]
    for customer in customers:
        customer.start()
    in_the_middle = [_kill(shop, program, _moved(merchant, moved), store) for program, moved in
                     (("desk", 3), ("actions", 10), ("desk", 18))]  # fmt: skip
    for customer in customers:
        customer.join(200)
        assert not customer.is_alive(), f"{customer.sender} still waits\n{shop.last_words()}"
    settle(shop)
    figures = check_books(shop, merchant, customers)
    print(f"\n{figures}, remedies under way at each kill: {in_the_middle}")
    assert all(in_the_middle), "each kill came while remedies were carried out"
    assert figures["executed"] and figures["reversed"] and figures["mischief"] > figures["calls"] / 10
    assert merchant.called[Mischief.NONE]


def _moved(merchant: Merchant, least: int) -> Callable[[], bool]:
    """Whether so much has moved at the merchant's."""
    books = merchant.books
    return lambda: len(books.refunds) + len(books.vouchers) + len(books.shipments) >= least


def _kill(service: Service, program: str, moment: Callable[[], bool], store: Store) -> int:
    """Kill a process once something has moved and more is under way; how many remedies were, just then."""
    under_way = 0

    def now() -> bool:
        nonlocal under_way
        under_way = store.under_way if moment() else 0
        return under_way > 0

    wait_for(now, 120, f"the moment to kill {program}")
    with contextlib.suppress(LookupError, ProcessLookupError):
        service.signal(program, signal.SIGKILL)
    return under_way
