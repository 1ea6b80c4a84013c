"""A merchant's systems on loopback that keep to docs/connectors.md and misbehave by a seeded plan.

It has books of its own, so that a test can hold them against the store's, and checks signatures by code of its own,
written from the documentation.
"""

import base64
import contextlib
import hashlib
import hmac
import json
import random
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SECRET = "whsec_" + base64.b64encode(b"a secret of at least 24 bytes").decode()


class Mischief(StrEnum):
    """What it does instead of answering well; the second word says whether the work was done by then."""

    NONE = "none"
    HANGS_DONE = "hangs_done"
    CLOSES_DONE = "closes_done"
    CLOSES_UNDONE = "closes_undone"
    FAILS_DONE = "fails_done"
    FAILS_UNDONE = "fails_undone"
    TRUNCATES_DONE = "truncates_done"
    BABBLES_DONE = "babbles_done"  # 200 and no JSON
    FORGETS_DONE = "forgets_done"  # 200 and JSON without what was asked for
    REPEATS_DONE = "repeats_done"  # answers twice on one connection
    FLOODS_DONE = "floods_done"  # an answer that never ends
    DRIPS_DONE = "drips_done"  # an answer that takes too long
    SLOW_DONE = "slow_done"
    BUSY_UNDONE = "busy_undone"  # 429
    IN_PROGRESS_DONE = "in_progress_done"  # 409
    REDIRECTS_UNDONE = "redirects_undone"
    UNKNOWN_UNDONE = "unknown_undone"  # 401, as where secrets were just changed


# Whether mischief happens to a call: the system, and how often this key, or path, was called before.
Plan = Callable[[str, int], Mischief]


def behaves(_: str, __: int) -> Mischief:
    return Mischief.NONE


def seeded(seed: int, share: float = 0.5, most: int = 3, kinds: Sequence[Mischief] = tuple(Mischief)) -> Plan:
    """Mischief in a share of calls, at most so often in a row for one key: sooner or later all is done."""
    chance, lock = random.Random(seed), threading.Lock()

    def plan(system: str, before: int) -> Mischief:
        with lock:
            # While an order is looked up a customer waits for every answer, and it is asked for once.
            likely = share / 2 if system == "orders" else share
            return chance.choice(kinds) if before < most and chance.random() < likely else Mischief.NONE

    return plan


def scripted(*mischief: Mischief) -> Plan:
    """This, call after call of a key; then good manners."""
    return lambda _, before: mischief[before] if before < len(mischief) else Mischief.NONE


@dataclass
class Books:
    """What the merchant knows; every entry was made once for its key.

    Attributes:
        orders: as ``GET /orders/{number}`` answers.
        refunds: by key: order, amount, reference.
        vouchers: by code: amount and state.
        shipments: by reference: order and state.
    """

    orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    refunds: dict[str, tuple[str, int, str]] = field(default_factory=dict)
    vouchers: dict[str, dict[str, Any]] = field(default_factory=dict)
    shipments: dict[str, dict[str, Any]] = field(default_factory=dict)

    def refunded(self, number: str) -> int:
        return sum(amount for order, amount, _ in self.refunds.values() if order == number)


class Merchant:
    """The running server, and what it saw.

    Attributes:
        sold_out: orders of which no replacement is left: refused for good.
        refuses: order numbers whose refund is refused for good.
        ships_at_once: orders whose replacement leaves before anybody could keep it back.
        called: how often each mischief happened.
        unsigned: calls whose signature was wrong.
        clashes: calls that brought a known key with another body.
    """

    def __init__(self, plan: Plan = behaves, hang_seconds: float = 3.0) -> None:
        self.plan = plan
        self.hang_seconds = hang_seconds
        self.books = Books()
        self.sold_out: set[str] = set()
        self.refuses: set[str] = set()
        self.ships_at_once: set[str] = set()
        self.called: Counter[Mischief] = Counter()
        self.unsigned = self.clashes = self.calls = 0
        self.lock = threading.RLock()
        self._answers: dict[str, tuple[str, int, dict[str, Any]]] = {}
        self._before: Counter[str] = Counter()
        self._ends = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _handler(self))

    @property
    def base(self) -> str:
        """The address of its systems."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/shop/api"

    @contextmanager
    def running(self) -> Iterator["Merchant"]:
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._ends.set()
            self._server.shutdown()
            self._server.server_close()

    def sells(self, number: str, total: int, to: str | None = None, phone_last4: str | None = None) -> str:
        """An order, as ``POST /api/v1/orders`` would tell of it."""
        self.books.orders[number] = {
            "number": number,
            "identities": [to] if to else [],
            "phone_last4": phone_last4,
            "placed_at": "2026-11-15T08:00:00+08:00",
            "total": total,
            "currency": "CNY",
            "items": [{"name": "锅", "quantity": 1, "price": total, "colour": "red"}],
            "status": "delivered",
            "warehouse": "north",
        }
        return number

    def hang(self) -> None:
        self._ends.wait(self.hang_seconds)

    # --- its systems -------------------------------------------------------------------------------------------------

    def mischief_for(self, system: str, key: str) -> Mischief:
        with self.lock:
            before = self._before[key]
            self._before[key] += 1
            self.calls += 1
            mischief = self.plan(system, before)
            self.called[mischief] += 1
            return mischief

    def answer(self, method: str, path: str, key: str, body: bytes) -> tuple[int, dict[str, Any]]:
        """Do the work, once for a key: a known one gets the first answer again, whatever is so by now."""
        with self.lock:
            if method == "GET":
                return self._look_up(path)
            digest = hashlib.sha256(path.encode() + body).hexdigest()
            known = self._answers.get(key)
            if known is not None and known[0] != digest:
                self.clashes += 1
                return 422, _error("key_reused")
            if known is None:
                status, said = self._work(path, key, json.loads(body))
                known = self._answers[key] = (digest, status, said)
            return known[1], known[2]

    def _look_up(self, path: str) -> tuple[int, dict[str, Any]]:
        order = self.books.orders.get(path.removeprefix("/orders/"))
        return (200, order) if order else (404, _error("no_such_order"))

    def _work(self, path: str, key: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        books = self.books
        if path == "/refunds":
            order = books.orders.get(body["order_number"])
            if order is None or order["number"] in self.refuses:
                return 404 if order is None else 409, _error("no_such_order" if order is None else "account_closed")
            if body["currency"] != order["currency"]:
                return 422, _error("wrong_currency")
            if books.refunded(order["number"]) + body["amount"] > order["total"]:
                return 422, _error("more_than_paid")
            reference = f"PAY-{len(books.refunds) + 1:06d}"
            books.refunds[key] = (order["number"], body["amount"], reference)
            return 201, {"reference": reference, "bank": "ours"}
        if path == "/vouchers":
            code = f"GIFT-{len(books.vouchers) + 1:06d}"
            books.vouchers[code] = {"amount": body["amount"], "state": "issued", "key": key}
            return 201, {"code": code, "expires_at": "2027-03-31T23:59:59+08:00"}
        if path == "/shipments":
            if body["order_number"] not in books.orders or body["order_number"] in self.sold_out:
                return 409, _error("sold_out")
            reference = f"SHIP-{len(books.shipments) + 1:06d}"
            state = "shipped" if body["order_number"] in self.ships_at_once else "ordered"
            books.shipments[reference] = {"order": body["order_number"], "state": state, "key": key}
            return 201, {"reference": reference}
        if cancelled := re.fullmatch(r"/(vouchers|shipments)/([^/]+)/cancel", path):
            entry = getattr(books, cancelled[1]).get(cancelled[2])
            if entry is None:
                return 404, _error("unknown")
            if entry["state"] in ("redeemed", "shipped"):
                return 409, _error(entry["state"])
            entry["state"] = "cancelled"
            return 200, {"state": "cancelled"}
        return 404, _error("no_such_address")


def _error(code: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": "张女士 13812344711 的账户"}}


def is_signed(method: str, path: str, headers: Any, body: bytes) -> bool:
    """As docs/connectors.md tells a merchant to check it."""
    timestamp = headers.get("Amends-Timestamp", "")
    if not timestamp.isdigit() or abs(time.time() - int(timestamp)) > 300:
        return False
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    parts = [method, path, timestamp, headers.get("Idempotency-Key", ""), hashlib.sha256(body).hexdigest()]
    expected = base64.b64encode(hmac.new(key, "\n".join(parts).encode(), hashlib.sha256).digest()).decode()
    return hmac.compare_digest("v1," + expected, headers.get("Amends-Signature", ""))


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def _handler(merchant: Merchant) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._serve("GET")

        def do_POST(self) -> None:
            self._serve("POST")

        def log_message(self, *_: object) -> None:
            pass

        def _serve(self, method: str) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if not is_signed(method, self.path, self.headers, body):
                merchant.unsigned += 1
                self._say(401, _error("wrong_signature"))
                return
            path, key = self.path.removeprefix("/shop/api"), self.headers.get("Idempotency-Key", "")
            with contextlib.suppress(OSError):
                self._misbehave(merchant.mischief_for(path.split("/")[1], key or path), method, path, key, body)

        def _misbehave(self, mischief: Mischief, method: str, path: str, key: str, body: bytes) -> None:
            status, said = 0, {}
            if not mischief.endswith("_undone"):
                status, said = merchant.answer(method, path, key, body)
            if mischief is Mischief.HANGS_DONE:
                merchant.hang()
                self._close()
            elif mischief in (Mischief.CLOSES_DONE, Mischief.CLOSES_UNDONE):
                self._close()
            elif mischief in (Mischief.FAILS_DONE, Mischief.FAILS_UNDONE):
                self._say(random.choice((500, 502, 503, 504)), None)
            elif mischief is Mischief.TRUNCATES_DONE:
                self._say(status, said, lose=7)
            elif mischief is Mischief.BABBLES_DONE:
                self._say(200, b"<html>OK</html>")
            elif mischief is Mischief.FORGETS_DONE:
                self._say(200, {"ok": True})
            elif mischief is Mischief.FLOODS_DONE:
                self._flood()
            elif mischief is Mischief.DRIPS_DONE:
                self._drip()
            elif mischief is Mischief.BUSY_UNDONE:
                self._say(429, _error("too_often"), {"Retry-After": "1"})
            elif mischief is Mischief.IN_PROGRESS_DONE:
                self._say(409, _error("in_progress"))
            elif mischief is Mischief.REDIRECTS_UNDONE:
                self._say(307, None, {"Location": merchant.base + path})
            elif mischief is Mischief.UNKNOWN_UNDONE:
                self._say(401, _error("unknown_caller"))
            else:
                if mischief is Mischief.SLOW_DONE:
                    time.sleep(0.3)
                self._say(status, said)
                if mischief is Mischief.REPEATS_DONE:
                    self._say(status, said)
                    self.close_connection = True

        def _say(self, status: int, said: Any, headers: dict[str, str] | None = None, lose: int = 0) -> None:
            content = said if isinstance(said, bytes) else b"" if said is None else json.dumps(said).encode()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content[: len(content) - lose])
            if lose:
                self._close()

        def _flood(self) -> None:
            self.send_response(200)
            self.end_headers()
            for _ in range(4000):
                self.wfile.write(b" " * 4096)
            self._close()

        def _drip(self) -> None:
            self.send_response(200)
            self.end_headers()
            for _ in range(int(merchant.hang_seconds * 10)):
                self.wfile.write(b" ")
                time.sleep(0.1)
            self._close()

        def _close(self) -> None:
            self.close_connection = True
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)

    return Handler
