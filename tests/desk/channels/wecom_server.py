"""A small WeCom for tests: it keeps what customers and its own people did, and answers customer service's calls."""

from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from actions.conversations import Address
from desk.channels.accounts import Accounts, ChannelsFile, WeComAccount, WeComAccountFile
from desk.channels.clients import Clients, make_clients
from desk.channels.wecom.codec import Credentials
from store.database import Database
from tests.conftest import Clock

CORP, KEY, DESK, SHOP = "wwcorp0001", "service", "wkDesk01", "wkShop02"
ENCODING_AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
TOKEN = "agreed"


def account(api: str = "https://qyapi.weixin.qq.com", **more: Any) -> WeComAccount:
    """A WeCom with two customer service accounts."""
    file = WeComAccountFile(key=KEY, corp_id=CORP, api=api, open_kfids=(DESK, SHOP), **more)
    return WeComAccount(file, Credentials(TOKEN, CORP, ENCODING_AES_KEY), "the secret")


def accounts(api: str = "https://qyapi.weixin.qq.com", **more: Any) -> Accounts:
    return Accounts(ChannelsFile(), {}, {KEY: account(api, **more)})


def address(customer: str, open_kfid: str = DESK) -> Address:
    return Address("wecom", customer, f"{KEY}/{open_kfid}")


@dataclass
class WeComServer:
    """What is there to read, who serves whom, and what was asked.

    Attributes:
        refusals: error codes to be given next, by the last part of a call's path.
        readings: what each ``sync_msg`` asked for.
        changes: states that were asked for: customer, state, servicer.
        welcomes: code and text of each answer to an event.
        receipts: our names for these.
        codes: that are good still.
        empty_pages: how often to say first that there is more, and give nothing.
    """

    clock: Clock
    entries: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    states: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)
    refusals: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    readings: list[dict[str, Any]] = field(default_factory=list)
    changes: list[tuple[str, int, str]] = field(default_factory=list)
    welcomes: list[tuple[str, str]] = field(default_factory=list)
    receipts: list[str] = field(default_factory=list)
    codes: set[str] = field(default_factory=set)
    empty_pages: int = 0
    _number: int = 0

    # --- what people do ----------------------------------------------------------------------------------------------

    def tells(self, open_kfid: str, /, **entry: Any) -> dict[str, Any]:
        """Something new to read; its id and time are added where it has none."""
        self._number += 1
        whole = {"msgid": f"m{self._number}", "send_time": int(self.clock.now.timestamp()), **entry}
        self.entries[open_kfid].append(whole)
        return whole

    def says(self, customer: str, text: str, open_kfid: str = DESK, **more: Any) -> dict[str, Any]:
        state, _ = self.states.get((open_kfid, customer), (4, ""))
        if state == 4:
            self.states[open_kfid, customer] = (0, "")
        return self.tells(
            open_kfid,
            open_kfid=open_kfid,
            external_userid=customer,
            origin=3,
            msgtype="text",
            text={"content": text},
            **more,
        )

    def servicer_says(self, customer: str, text: str, servicer: str = "zhang") -> dict[str, Any]:
        return self.tells(
            DESK,
            open_kfid=DESK,
            external_userid=customer,
            origin=5,
            servicer_userid=servicer,
            msgtype="text",
            text={"content": text},
        )

    def happens(self, event_type: str, customer: str, open_kfid: str = DESK, **more: Any) -> dict[str, Any]:
        event = {"event_type": event_type, "open_kfid": open_kfid, "external_userid": customer, **more}
        return self.tells(open_kfid, origin=4, msgtype="event", event=event)

    def servicer_takes(self, customer: str, servicer: str = "zhang") -> None:
        self.states[DESK, customer] = (3, servicer)
        self.happens("session_status_change", customer, change_type=1, new_servicer_userid=servicer)

    def servicer_ends(self, customer: str, servicer: str = "zhang") -> None:
        self.states[DESK, customer] = (4, "")
        self.happens("session_status_change", customer, change_type=3, old_servicer_userid=servicer)

    # --- calls -------------------------------------------------------------------------------------------------------

    @property
    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_get("/cgi-bin/gettoken", self._token)
        for path, answer in {
            "sync_msg": self._sync,
            "service_state/get": self._state,
            "service_state/trans": self._change,
            "send_msg_on_event": self._on_event,
        }.items():
            app.router.add_post(f"/cgi-bin/kf/{path}", self._guarded(path.rpartition("/")[2], answer))
        return app

    @asynccontextmanager
    async def served(self, database: Database, **more: Any) -> AsyncIterator[tuple[Accounts, Clients]]:
        """Serve it, and give the account with who speaks for it."""
        async with TestServer(self.app) as server, aiohttp.ClientSession() as session:
            found = accounts(f"http://127.0.0.1:{server.port}", **more)
            yield found, make_clients(found, session, database, "a key of this service")

    def _guarded(
        self, name: str, answer: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def handle(request: web.Request) -> web.Response:
            body = await request.json()
            if self.refusals[name]:
                return web.json_response({"errcode": self.refusals[name].pop(0), "errmsg": "refused"})
            return web.json_response({"errcode": 0, "errmsg": "ok", **answer(body)})

        return handle

    async def _token(self, request: web.Request) -> web.Response:
        return web.json_response({"errcode": 0, "access_token": "token", "expires_in": 7200})

    def _sync(self, body: dict[str, Any]) -> dict[str, Any]:
        self.readings.append(body)
        begin = int(body["cursor"].removeprefix("c")) if body.get("cursor") else 0
        if self.empty_pages:
            self.empty_pages -= 1
            return {"next_cursor": f"c{begin:04}", "has_more": 1, "msg_list": []}
        all_of_it = self.entries[body["open_kfid"]]
        page = all_of_it[begin : begin + body["limit"]]
        end = begin + len(page)
        return {"next_cursor": f"c{end}", "has_more": int(end < len(all_of_it)), "msg_list": page}

    def _state(self, body: dict[str, Any]) -> dict[str, Any]:
        state, servicer = self.states.get((body["open_kfid"], body["external_userid"]), (4, ""))
        return {"service_state": state, "servicer_userid": servicer}

    def _change(self, body: dict[str, Any]) -> dict[str, Any]:
        state, servicer = body["service_state"], body.get("servicer_userid", "")
        self.changes.append((body["external_userid"], state, servicer))
        self.states[body["open_kfid"], body["external_userid"]] = (state, servicer)
        return {"msg_code": "after"}

    def _on_event(self, body: dict[str, Any]) -> dict[str, Any]:
        if body["code"] not in self.codes:
            return {"errcode": 95010, "errmsg": "invalid code"}
        self.codes.remove(body["code"])
        self.welcomes.append((body["code"], body["text"]["content"]))
        self.receipts.append(body["msgid"])
        return {"msgid": body["msgid"]}
