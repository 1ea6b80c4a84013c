"""Customers of a firm whose systems misbehave: what they do, and how the books are held against each other."""

import contextlib
import http.client
import re
import shutil
import sqlite3
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.actions.fake_merchant import SECRET, Merchant, Mischief
from tests.e2e.service import ROOT, Service, wait_for

TOTAL = 10000  # what each order cost, in fen
REFERENCE = re.compile(r"(?:PAY|GIFT|SHIP)-\d{6}")
SYSTEMS = ("orders", "refunds", "vouchers", "shipments")
# Late parcels: a refund, a voucher, or a replacement with both.
_CHOICES = """
      - [{kind: refund, percent_of_order: 20}]
      - [{kind: voucher, percent_of_order: 30}, {kind: apology}]
      - [{kind: refund, percent_of_order: 10}, {kind: replacement, worth: 5000}, {kind: voucher, amount: 2000}]
    wishes:
      - {kind: voucher, percent_of_order: 40}
"""


def firm_of(merchant: Merchant, folder: Path) -> dict[str, str]:
    """The firm as it ships, with this merchant's systems; the settings that have a service work with them."""
    firm = folder / "firm"
    shutil.copytree(ROOT / "data" / "firm", firm)
    (firm / "connectors.yml").write_text(
        yaml.safe_dump({"systems": dict.fromkeys(SYSTEMS, merchant.base), "call_within": "2 seconds"}), encoding="utf-8"
    )
    (firm / "remedies.yml").write_text(
        "remedy_rules:\n  - id: late-parcels\n    categories: [delivery]\n    severities: [low, medium, high]\n"
        f"    approved_by: Head of tests\n    approved_on: 2026-11-01\n    as_written: true\n    choices:{_CHOICES}",
        encoding="utf-8",
    )
    secrets = " ".join(f"{system}={SECRET}" for system in SYSTEMS)
    return {"AMENDS_FIRM": str(firm), "AMENDS_CONNECTOR_SECRETS": secrets}


@dataclass(frozen=True)
class Part:
    """What somebody does.

    Attributes:
        choice: the number of the offer they take; 2 is asked for by name after they declined everything.
        proves: whether their order is not listed with them, so that they must prove it.
        declines: whether they first say that none will do.
        doubles: whether they send each message twice at the same moment.
        wants_more: whether they ask for more afterwards.
        trouble: ``sold_out``, ``refuses`` or ``ships_at_once``: what fails for good at the merchant's.
    """

    choice: int
    proves: bool = False
    declines: bool = False
    doubles: bool = False
    wants_more: bool = False
    trouble: str = ""


PARTS = (
    Part(1),
    Part(2, doubles=True),
    Part(3),
    Part(1, proves=True),
    Part(3, doubles=True),
    Part(2, declines=True),
    Part(1, wants_more=True),
    Part(3, trouble="sold_out"),
    Part(1, doubles=True, proves=True),
    Part(3, trouble="refuses"),
    Part(2),
    Part(3, proves=True),
    Part(1, trouble="refuses"),
    Part(2, wants_more=True),
    Part(3, wants_more=True),
    Part(1, doubles=True),
    Part(3, trouble="ships_at_once"),
    Part(2, proves=True, declines=True),
    Part(3),
    Part(1),
)


class Customer(threading.Thread):
    """Complains about one order, takes an offer, and says everything until it is known to be handled."""

    def __init__(self, service: Service, merchant: Merchant, number: int) -> None:
        super().__init__(daemon=True)
        self.service, self.merchant = service, merchant
        self.part = PARTS[number % len(PARTS)]
        self.sender = f"crowd-{number}"
        self.order = f"2026118{number:05d}"
        self._said = 0
        merchant.sells(self.order, TOTAL, None if self.part.proves else f"rest:{self.sender}", f"{1000 + number}")
        if self.part.trouble == "ships_at_once":
            # The parcel leaves, and then the refund is refused: it cannot be kept back.
            merchant.ships_at_once.add(self.order)
            merchant.refuses.add(self.order)
        elif self.part.trouble:
            getattr(merchant, self.part.trouble).add(self.order)

    def run(self) -> None:
        self.says(f"快递晚了四天才到，订单{self.order}")
        # An order that is listed as theirs is asked for, too, where the merchant did not answer in time.
        for words in ("手机尾号", "后四位是", "手机号最后四位是"):
            if self.state() == "open":
                self.says(f"{words}{self.merchant.books.orders[self.order]['phone_last4']}")
        if self.part.declines:
            self.says("都不要")
            self.says("我要40元代金券")
        # Whose wish was granted at once has nothing left to choose from.
        if self.state() == "offered":
            self.says(str(self.part.choice))
        if self.part.wants_more:
            self.says("太少了，再多给点")

    def state(self) -> str:
        """How their complaint stands."""
        while True:
            with contextlib.suppress(OSError, http.client.HTTPException, AssertionError):
                cases = self.service.cases(self.sender)
                return str(cases[0]["state"]) if cases else ""
            time.sleep(0.3)

    def says(self, text: str) -> None:
        """Say it until it is handled; the same message id makes a repetition harmless."""
        self._said += 1
        key = f"{self.sender}-{self._said}"
        if not self.part.doubles:
            self._insist(text, key)
            return
        twins = [threading.Thread(target=self._insist, args=(text, key), daemon=True) for _ in range(2)]
        for twin in twins:
            twin.start()
        for twin in twins:
            twin.join()

    def _insist(self, text: str, key: str) -> None:
        while True:
            with contextlib.suppress(OSError, http.client.HTTPException):
                status = self.service.say(self.sender, text, message_id=key).status
                if status == 200:
                    return
                assert status in (202, 502, 503), status
            time.sleep(0.3)


class Store:
    """The service's store, read from outside."""

    def __init__(self, service: Service) -> None:
        self._path = service.var / "amends.db"

    def rows(self, question: str) -> list[tuple[object, ...]]:
        with sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, timeout=30) as connection:
            return connection.execute(question).fetchall()

    def count(self, rows: str) -> int:
        ((found,),) = self.rows(f"select count(*) from {rows}")
        assert isinstance(found, int)
        return found

    @property
    def under_way(self) -> int:
        """Remedies that other systems have not carried out yet."""
        return self.count("remedies where state = 'intended' and kind in ('refund', 'voucher', 'replacement')")


def settle(service: Service, seconds: float = 120) -> None:
    """Wait until nothing waits any more: messages, remedies and what takes them back, words to customers."""
    store = Store(service)
    service.wait_until_ready(180)
    for rows, what in (
        ("inbox where state = 'open'", "the inbox is empty"),
        ("timers where state = 'open' and kind in ('execute_remedy', 'reverse_remedy')", "remedies are carried out"),
        ("outbox where state = 'pending'", "all is sent"),
    ):
        wait_for(lambda rows=rows: store.count(rows) == 0, seconds, what)


def check_books(service: Service, merchant: Merchant, customers: list[Customer]) -> dict[str, int]:
    """Hold the merchant's books against the store's, and both against what customers were told; figures to report."""
    store, books = Store(service), merchant.books
    remedies = store.rows(
        "select r.idempotency_key, r.kind, r.amount, r.order_number, r.reference, r.state, r.offer_id, i.external_id"
        " from remedies r join cases c on c.id = r.case_id join conversations v on v.id = c.conversation_id"
        " join identities i on i.id = v.identity_id where r.kind in ('refund', 'voucher', 'replacement')"
    )
    assert merchant.clashes == merchant.unsigned == 0
    assert not [row for row in remedies if row[5] == "intended"], "nothing is left under way"

    # The merchant's ledger is the store's, to the fen; under each key money moved once.
    executed = {(key, order, amount, ref) for key, kind, amount, order, ref, state, *_ in remedies
                if kind == "refund" and state == "executed"}  # fmt: skip
    assert executed == {(key, order, amount, ref) for key, (order, amount, ref) in books.refunds.items()}
    for kind, entries, column in (("voucher", books.vouchers, "amount"), ("replacement", books.shipments, "order")):
        mine = {(key, ref, state) for key, k, _, _, ref, state, *_ in remedies
                if k == kind and state in ("executed", "reversed")}  # fmt: skip
        theirs = {
            (e["key"], ref, "reversed" if e["state"] == "cancelled" else "executed") for ref, e in entries.items()
        }
        assert mine == theirs
        worth = {(ref, amount if column == "amount" else order) for _, k, amount, order, ref, state, *_ in remedies
                 if k == kind and state in ("executed", "reversed")}  # fmt: skip
        assert worth == {(ref, entry[column]) for ref, entry in entries.items()}
    for number in books.orders:
        assert books.refunded(number) <= TOTAL

    # Each accepted offer has its remedies once: all executed, or, where one failed, none that could be taken back.
    offers = store.rows("select id, remedies from offers where state = 'accepted'")
    by_offer: dict[object, list[tuple[object, ...]]] = {}
    for row in remedies:
        by_offer.setdefault(row[6], []).append(row)
    for offer_id, _ in offers:
        states = {row[5] for row in by_offer[offer_id]}
        shipped = any(row[5] == "executed" and books.shipments.get(str(row[4]), {}).get("state") == "shipped"
                      for row in by_offer[offer_id])  # fmt: skip
        assert states == {"executed"} or ("failed" in states and ("executed" not in states or shipped)), states
    accepted = {row[7] for row in remedies}
    assert len(offers) == len(by_offer) == len(accepted), "nobody was granted two"
    for customer in customers:
        assert customer.sender in accepted or service.conversation(customer.sender)["control"] != "bot", customer.sender

    # Each heard of what they have once, and of nothing that was taken back.
    for customer in customers:
        told = [ref for m in service.messages(customer.sender) if m["direction"] == "out"
                for ref in REFERENCE.findall(m["text"])]  # fmt: skip
        theirs = [row for row in remedies if row[7] == customer.sender and row[5] == "executed"]
        has = sorted(str(row[4]) for row in theirs)
        once = sorted(told) == has
        # Who asks for more may be told again what they have; never of what they do not have.
        assert once or (customer.part.wants_more and set(told) == set(has)), (customer.sender, told, has)
        heard = [m["text"] for m in service.messages(customer.sender) if m["direction"] == "in"]
        assert len(heard) == len(set(heard)) == customer._said, "nothing was lost, and nothing heard twice"
    states = [row[5] for row in remedies]
    return {
        "customers": len(customers),
        "granted": len(accepted),
        "calls": merchant.calls,
        "mischief": merchant.calls - merchant.called[Mischief.NONE],
        "executed": states.count("executed"),
        "reversed": states.count("reversed"),
        "failed": states.count("failed"),
        "refunded": sum(amount for _, amount, _ in books.refunds.values()),
    }
