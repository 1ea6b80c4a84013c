"""Customers on WeChat and staff at the desk, around a real service and a simulated WeChat."""

import contextlib
import re
import urllib.parse
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from desk.console.sessions import COOKIE, new_token, sign_in
from store.database import Database
from store.tables import Conversation, Identity, Staff
from tests.e2e.merchant_crowd import Store
from tests.e2e.service import ROOT, Reply, Service, running, wait_for
from tests.wechat_simulator.callbacks import Delivery
from tests.wechat_simulator.official import Mode, OfficialAccount
from tests.wechat_simulator.phones import Bubble, Phone
from tests.wechat_simulator.server import Simulator
from tests.wechat_simulator.setting_up import TEMPLATE, WECHAT, official_account, settings_for, simulator
from tests.wechat_simulator.wecom import CustomerService

# A second official account: one whose messages may hold menus, in the other mode that encrypts.
TAPPING = "tapping"
CASE = re.compile(r"AM-[0-9A-Z]{4}-[0-9A-Z]{4}")
VOUCHER = re.compile(r"V-\w{4}-\w{4}-\w{4}")

# What the service has not noted as gone out yet.
_ON_THE_WAY = (
    "outbox o join conversations c on c.id = o.conversation_id join identities i on i.id = c.identity_id"
    " where o.state = 'pending' and i.external_id = '{}'"
)
_READING_SECONDS = 3


@dataclass
class Scene:
    """What is there."""

    service: Service
    simulator: Simulator

    @property
    def store(self) -> Store:
        return Store(self.service)

    def customer(self, key: str, name: str = "") -> "Customer":
        """Somebody new, who talks to the account of this key."""
        return Customer(self, key, name or f"o{uuid.uuid4().hex[:12]}")

    def settle(self, seconds: float = 60) -> None:
        """Wait until nothing waits any more."""
        self.service.wait_until_ready()
        for rows in (
            "heard_callbacks",
            "heard_callbacks",
            "sync_cursors where wanted > done",
            "inbox where state = 'open'",
            "timers where state = 'open' and kind = 'execute_remedy'",
            "outbox where state = 'pending'",
            "incoming_media where state = 'open'",
        ):
            wait_for(lambda rows=rows: self.store.count(rows) == 0, seconds, f"no more {rows}")

    def check_books(self, *, was_down: bool = False) -> None:
        """What holds at any time: nothing lost on the way in, no quota exceeded.

        Args:
            was_down: whether the desk itself could not be reached for a while, and WeChat may have given up.
        """
        for account in self.simulator.accounts:
            assert was_down or not account.callbacks.lost, account.callbacks.lost
            assert not account.callbacks.bad_answers, account.callbacks.bad_answers
            assert not account.books.breaches, account.books.breaches


class Customer:
    """One customer and their phone.

    Attributes:
        order: of theirs, listed with their identity.
    """

    def __init__(self, scene: Scene, key: str, name: str) -> None:
        self.scene, self.name = scene, name
        self.channel = "wecom" if key in scene.simulator.wecom else "wechat"
        self.account: OfficialAccount | CustomerService = (
            scene.simulator.wecom[key] if self.channel == "wecom" else scene.simulator.official[key]
        )
        self.order = f"9{uuid.uuid4().int % 10**11:011d}"
        self._read = 0
        order = {
            "number": self.order,
            "identities": [self.identity],
            "placed_at": "2026-11-18T08:00:00Z",
            "total": 30000,
            "currency": "CNY",
            "items": [{"name": "item", "quantity": 1, "price": 30000}],
            "status": "delivered",
        }
        reply = scene.service.call("POST", "/api/v1/orders", [order])
        assert reply.status == 200, reply

    @property
    def identity(self) -> str:
        return f"{self.channel}:{self.name}"

    @property
    def phone(self) -> Phone:
        return self.account.phone(self.name)

    def says(self, text: str) -> Delivery:
        """Write, and wait until WeChat has handed it over or given up."""
        self.mark()
        return self._write(text)

    def insists(self, text: str) -> None:
        """Write, and again whenever WeChat shows that it could not hand it over: nobody was there for ten seconds."""
        self.mark()
        # What was kept, and not acknowledged any more, may be answered before it is repeated.
        while not self._write(text).accepted:
            continue

    def _write(self, text: str) -> Delivery:
        """Nobody reads and answers within the moment in which the service notes that a bubble has gone out."""
        with contextlib.suppress(AssertionError):
            wait_for(lambda: self.scene.store.count(_ON_THE_WAY.format(self.name)) == 0, _READING_SECONDS, "all noted")
        return self.scene.simulator.do(lambda: self.account.says(self.name, text), 30)

    def taps(self, chosen: str) -> Delivery:
        self.mark()
        return self.scene.simulator.do(lambda: self.account.taps(self.name, chosen))

    def mark(self) -> None:
        """What is on the phone by now is read."""
        self._read = self.phone.last_number

    def new(self) -> list[Bubble]:
        """What came since they last spoke."""
        return self.phone.since(self._read)

    def hears(self, *patterns: str | re.Pattern[str], seconds: float = 25) -> str:
        """Wait until what came since they last spoke holds all of this; all of it."""

        def heard() -> str:
            text = "\n".join(bubble.words for bubble in self.new())
            return text if all(re.search(pattern, text) for pattern in patterns) else ""

        try:
            found: str = wait_for(heard, seconds, f"{self.identity} hears {patterns}")
            return found
        except AssertionError as error:
            shown = [("mine" if bubble.mine else "theirs", bubble.words) for bubble in self.phone.bubbles]
            raise AssertionError(f"{error}\n{shown}\n{self.scene.service.last_words()}") from None

    def cases(self) -> list[dict[str, Any]]:
        reply = self.scene.service.call("GET", f"/api/v1/cases?identity={urllib.parse.quote(self.identity)}")
        assert reply.status == 200, reply
        found: list[dict[str, Any]] = reply.body["cases"]
        return found

    def conversation(self) -> dict[str, Any]:
        path = f"/api/v1/conversations/{urllib.parse.quote(self.identity)}"
        reply = self.scene.service.call("GET", path)
        assert reply.status == 200, reply
        found: dict[str, Any] = reply.body
        return found

    def heard(self) -> list[str]:
        """What the service has of them, in order; what they repeated, once."""
        texts = [message["text"] for message in self.messages() if message["direction"] == "in"]
        return [text for number, text in enumerate(texts) if not number or texts[number - 1] != text]

    def messages(self) -> list[dict[str, Any]]:
        path = f"/api/v1/conversations/{urllib.parse.quote(self.identity)}/messages"
        reply = self.scene.service.call("GET", path)
        assert reply.status == 200, reply
        found: list[dict[str, Any]] = reply.body["messages"]
        return found


class Agent:
    """A member of staff at the desk, over the pages' own forms."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.token = new_token()
        with Database(scene.service.database_url) as database, database.begin() as work:
            login = f"alice-{uuid.uuid4().hex[:6]}"
            alice = Staff(
                login=login, name="小艾", role="agent", password_digest="", language="zh", created_at=work.now
            )
            work.session.add(alice)
            work.session.flush()
            sign_in(work, alice, self.token)
            work.commit()

    def takes(self, customer: Customer) -> None:
        reply = self._post(customer, "take", {})
        assert reply.status < 400, reply

    def answers(self, customer: Customer, text: str) -> None:
        reply = self._post(customer, "answer", {"text": text})
        assert reply.status < 400, reply

    def page(self, customer: Customer) -> str:
        """The page of the conversation, as it is served."""
        return str(self._get(customer).body)

    def _path(self, customer: Customer) -> str:
        with Database(self.scene.service.database_url) as database, database.begin() as work:
            identity = select(Identity.id).where(
                Identity.channel == customer.channel, Identity.external_id == customer.name
            )
            found = work.session.scalars(
                select(Conversation).where(Conversation.identity_id == identity.scalar_subquery())
            ).one()
            return f"/desk/conversations/{found.public_id}"

    def _get(self, customer: Customer) -> Reply:
        cookie = {"Cookie": f"{COOKIE}={self.token}", "Accept": "text/html"}
        return self.scene.service.call("GET", self._path(customer), token=None, headers=cookie)

    def _post(self, customer: Customer, deed: str, fields: dict[str, str]) -> Reply:
        csrf = re.search(r'name="csrf" value="([^"]+)"', self.page(customer))
        assert csrf is not None, "the page holds a form"
        body = urllib.parse.urlencode({**fields, "csrf": csrf[1], "form_key": uuid.uuid4().hex}).encode()
        headers = {
            "Cookie": f"{COOKIE}={self.token}",
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        return self.scene.service.call("POST", f"{self._path(customer)}/{deed}", body, token=None, headers=headers)


@contextmanager
def wechat_scene(folder: Path, model: str, change: Callable[[Simulator], None] | None = None) -> Iterator[Scene]:
    """A service that has two official accounts and a WeCom."""
    found = simulator()
    found.official[TAPPING] = official_account(found.clock, Mode.COMPATIBLE)
    if change is not None:
        change(found)
    template = {
        "tells": "waiting",
        "kind": "template",
        "id": TEMPLATE,
        "fields": {"thing1": "有新回复", "thing2": "{case}"},
    }
    more: dict[str, dict[str, Any]] = {TAPPING: {"menus": True}, WECHAT: {"templates": [template]}}
    with (
        found.running(),
        running(folder, model, **settings_for(found, folder, ROOT / "data" / "firm", more)) as service,
    ):
        found.called_by(service.base)
        yield Scene(service, found)
