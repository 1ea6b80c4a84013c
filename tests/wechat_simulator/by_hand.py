"""The page on which a person is a customer of either channel: phones, deeds, trouble, the clock."""

import asyncio
import base64
import binascii
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from aiohttp import web

from tests.wechat_simulator.accounts import Account, Mischief
from tests.wechat_simulator.official import OfficialAccount
from tests.wechat_simulator.phones import Bubble, Phone
from tests.wechat_simulator.samples import AMR, MP4, picture
from tests.wechat_simulator.server import Simulator
from tests.wechat_simulator.setting_up import MENU_KEY, SERVICER, SUBSCRIPTION, WECHAT, WECOM
from tests.wechat_simulator.wecom import CustomerService

_PAGE = Path(__file__).resolve().parent / "page.html"
Given = Mapping[str, Any]


class ByHand:
    """Serves the page.

    Args:
        hints: what a customer may want to name, such as their order's number, by external id.
    """

    def __init__(self, simulator: Simulator, service_address: str, hints: dict[str, str]) -> None:
        self.simulator = simulator
        self.service_address = service_address
        self.hints = hints
        self.wechat = simulator.official[WECHAT]
        self.wecom = simulator.wecom[WECOM]

    def app(self) -> web.Application:
        app = web.Application(client_max_size=16 * 1024 * 1024)
        app.add_routes(
            [
                web.get("/", self._page),
                web.get("/state", self._state),
                web.post("/deed", self._deed),
                web.get("/media/{media_id}", self._media),
            ]
        )
        return app

    async def _page(self, _: web.Request) -> web.StreamResponse:
        return web.FileResponse(_PAGE)

    async def _state(self, _: web.Request) -> web.Response:
        now = self.simulator.clock()
        return web.json_response(
            {
                "service": self.service_address,
                "clock": now.isoformat(),
                "ahead": str(self.simulator.clock.ahead).partition(".")[0],
                "channels": {
                    "wechat": self._account(self.wechat, {name: ("", p) for name, p in self.wechat.phones.items()}),
                    "wecom": self._account(
                        self.wecom,
                        {
                            customer: (_STATES[session.state], session.phone)
                            for (customer, open_kfid), session in self.wecom.sessions.items()
                            if open_kfid == self.wecom.open_kfids[0]
                        },
                    ),
                },
            }
        )

    def _account(self, account: Account, phones: Mapping[str, tuple[str, Phone]]) -> dict[str, Any]:
        return {
            "callback": account.callbacks.address,
            "callbacks": len(account.callbacks.made),
            "lost": len(account.callbacks.lost),
            "breaches": len(account.books.breaches),
            "phones": {name: self._phone(phone, state) for name, (state, phone) in phones.items()},
        }

    def _phone(self, phone: Phone, state: str) -> dict[str, Any]:
        now = self.simulator.clock()
        long, brief = phone.quota.long, phone.quota.brief
        return {
            "hint": self.hints.get(phone.name, ""),
            "state": state,
            "here": phone.here,
            "refuses": phone.refuses,
            "left": phone.quota.left(now),
            "until": long.ends_at.isoformat() if long.open(now) and long.ends_at else None,
            "brief": brief.left if brief.open(now) else None,
            "bubbles": [_shown(bubble) for bubble in phone.bubbles],
        }

    async def _media(self, request: web.Request) -> web.Response:
        for account in self.simulator.accounts:
            if found := account.media.get(request.match_info["media_id"]):
                return web.Response(body=found.data, content_type=found.media_type)
        raise web.HTTPNotFound

    async def _deed(self, request: web.Request) -> web.Response:
        given = await request.json()
        try:
            told = await self._do(given)
        except (LookupError, ValueError, AssertionError, OSError) as error:
            return web.json_response({"told": f"{type(error).__name__}: {error}"}, status=400)
        return web.json_response({"told": told})

    async def _do(self, given: Given) -> str:
        deed, customer, text = given["deed"], given.get("customer", ""), given.get("text", "")
        if deed == "jump":
            self.simulator.clock.advance(minutes=int(given["minutes"]))
            return "done"
        if deed == "new":
            name = "wm-" if given["channel"] == "wecom" else "o-"
            name += text.strip() or secrets.token_hex(3)
            (self.wecom if given["channel"] == "wecom" else self.wechat).phone(name)
            return name
        account: Account = self.wecom if given["channel"] == "wecom" else self.wechat
        if deed in _TROUBLE:
            return _TROUBLE[deed](account)
        if deed == "link":
            status, page = await (self.wecom if account is self.wecom else self.wechat).opens_link(
                customer, text.strip()
            )
            return f"{status}: {page[:2000]}"
        data = _decoded(given.get("file"))
        deeds = _wecom_deeds(self.wecom) if account is self.wecom else _wechat_deeds(self.wechat)
        delivery = deeds[deed](customer, text, data)
        # A callback takes what it takes; the page does not wait for three tries.
        done, _ = await asyncio.wait([delivery], timeout=1)
        return "accepted" if done and delivery.result().accepted else "on its way"


Deed = Callable[[str, str, bytes], "asyncio.Task[Any]"]


def _wechat_deeds(account: OfficialAccount) -> dict[str, Deed]:
    return {
        "says": lambda who, text, _: account.says(who, text),
        "taps": lambda who, text, _: account.taps(who, text),
        "image": lambda who, _, data: account.sends_image(who, data or picture()),
        "voice": lambda who, text, _: account.sends_voice(who, AMR, text),
        "video": lambda who, _, data: account.sends_video(who, data or MP4),
        "location": lambda who, text, _: account.sends_location(who, text or "广州市海珠区"),
        "web_page": lambda who, text, _: account.sends_link(who, "网页", text or "https://shop.example"),
        "follows": lambda who, text, _: account.follows(who, text),
        "unfollows": lambda who, *_: account.unfollows(who),
        "scans": lambda who, text, _: account.scans(who, text or "scene"),
        "menu": lambda who, *_: account.taps_menu(who, MENU_KEY),
        "agrees": lambda who, *_: account.agrees(who, SUBSCRIPTION),
    }


def _wecom_deeds(service: CustomerService) -> dict[str, Deed]:
    place = {"latitude": 23.1, "longitude": 113.3, "name": "广州", "address": "海珠区"}
    return {
        "says": lambda who, text, _: service.says(who, text),
        "taps": lambda who, text, _: service.taps(who, text),
        "image": lambda who, _, data: service.sends(who, "image", data or picture(), "photo.jpg", "image/jpeg"),
        "voice": lambda who, *_: service.sends(who, "voice", AMR, "voice.amr", "audio/amr"),
        "video": lambda who, _, data: service.sends(who, "video", data or MP4, "film.mp4", "video/mp4"),
        "location": lambda who, *_: service.sends_other(who, "location", place),
        "web_page": lambda who, text, _: service.sends_other(
            who, "link", {"title": "网页", "desc": "", "url": text or "https://shop.example"}
        ),
        "enters": lambda who, text, _: service.enters(who, scene_param=text),
        "recalls": lambda who, *_: service.recalls(who),
        "refuses": lambda who, *_: service.set_refusing(who, not service.phone(who).refuses),
        "servicer_takes": lambda who, *_: service.servicer_takes(SERVICER, who),
        "servicer_says": lambda who, text, _: service.servicer_says(who, text or "您好，我是张三。"),
        "servicer_ends": lambda who, *_: service.servicer_ends(who),
    }


def _trouble(*mischief: Mischief) -> Callable[[Account], str]:
    def plan(account: Account) -> str:
        for path in ("/cgi-bin/message/custom/send", "/cgi-bin/kf/send_msg"):
            account.planned[path].extend(mischief)
        return "the next message meets it"

    return plan


def _forget(account: Account) -> str:
    account.forget_tokens()
    return "all access tokens have ended"


def _repeat(account: Account) -> str:
    account.callbacks.repeats = not account.callbacks.repeats
    return f"each callback comes {'three times' if account.callbacks.repeats else 'once'}"


def _fail_later(account: Account) -> str:
    if not isinstance(account, CustomerService):
        return "only WeCom tells later that a message failed"
    account.late_failures.append(0)
    return "the next message is taken, and fails afterwards"


_TROUBLE: dict[str, Callable[[Account], str]] = {
    "busy": _trouble(Mischief.BUSY_UNDONE),
    "slow": _trouble(Mischief.SLOW_DONE),
    "hangs_up": _trouble(Mischief.CLOSES_UNDONE),
    "forget_tokens": _forget,
    "repeats": _repeat,
    "fails_later": _fail_later,
}
_STATES = ("0 new", "1 assistant", "2 waiting", "3 a person", "4 ended")


def _shown(bubble: Bubble) -> dict[str, Any]:
    return {
        "number": bubble.number,
        "mine": bubble.mine,
        "kind": bubble.kind,
        "text": bubble.text,
        "items": bubble.items,
        "tail": bubble.tail,
        "media": bubble.media_id,
        "at": bubble.at.isoformat(),
    }


def _decoded(given: str | None) -> bytes:
    try:
        return base64.b64decode(given or "")
    except binascii.Error:
        return b""
