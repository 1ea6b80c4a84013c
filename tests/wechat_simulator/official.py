"""The official account (服务号): its servers and its followers' phones.

Sources: Tencent's documents of the service account: receiving messages and events, customer-service messages
(客服消息), template and subscription messages, temporary media, web authorisation (snsapi_base), QR codes with
parameters.
"""

import asyncio
import json
import secrets
from collections.abc import Mapping
from enum import StrEnum
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

from aiohttp import web
from yarl import URL

from tests.wechat_simulator.accounts import Account, Refusal, fine, json_of
from tests.wechat_simulator.browsing import open_page
from tests.wechat_simulator.callbacks import Delivery
from tests.wechat_simulator.clock import MovableClock
from tests.wechat_simulator.contents import Limits, read_bubble
from tests.wechat_simulator.phones import Bubble, Phone
from tests.wechat_simulator.quotas import Room
from tests.wechat_simulator.sealing import Seal, xml

LIMITS = Limits(text=2048)
_ROOM_CODES = {Room.CLOSED: 45015, Room.SPENT: 45047}


class Mode(StrEnum):
    PLAIN = "plain"
    COMPATIBLE = "compatible"
    SAFE = "safe"


class OfficialAccount(Account):
    """One official account.

    Attributes:
        templates: ids of template messages it has; ``subscriptions`` likewise.
        template_fails: what becomes of the next template messages: ``user block``, ``system failed``.
        json_bodies: whether it pushes JSON instead of XML.
    """

    def __init__(self, clock: MovableClock, app_id: str, secret: str, seal: Seal, mode: Mode = Mode.SAFE) -> None:
        super().__init__(clock, secret, seal)
        self.app_id = app_id
        self.original_id = "gh_" + secrets.token_hex(6)
        self.mode = mode
        self.phones: dict[str, Phone] = {}
        self.templates: set[str] = set()
        self.subscriptions: set[str] = set()
        self.template_fails: list[str] = []
        self.json_bodies = False
        self._tickets: dict[str, str] = {}
        self._codes: dict[str, str] = {}
        self._message_ids = count(24_000_000_000_000_000 + secrets.randbelow(10**12))

    def phone(self, openid: str) -> Phone:
        return self.phones.setdefault(openid, Phone(openid))

    # What followers do.

    def says(self, openid: str, text: str) -> asyncio.Task[Delivery]:
        """A text; the task ends once the callback was accepted or given up."""
        return self._message(openid, Bubble(True, "text", text, self.clock()), "text", {"Content": text})

    def sends_image(self, openid: str, data: bytes, media_type: str = "image/jpeg") -> asyncio.Task[Delivery]:
        media_id = self.keep(data, f"{secrets.token_hex(4)}.jpg", media_type)
        shown = Bubble(True, "image", "", self.clock(), media_id=media_id)
        return self._message(openid, shown, "image", {"PicUrl": "http://mmbiz.example/picture", "MediaId": media_id})

    def sends_voice(self, openid: str, data: bytes, recognised: str = "") -> asyncio.Task[Delivery]:
        """A voice message; ``recognised``: its words, where the account has that switched on."""
        media_id = self.keep(data, f"{secrets.token_hex(4)}.amr", "audio/amr")
        shown = Bubble(True, "voice", recognised, self.clock(), media_id=media_id)
        fields = {"Format": "amr", "MediaId": media_id, **({"Recognition": recognised} if recognised else {})}
        return self._message(openid, shown, "voice", fields)

    def sends_video(self, openid: str, data: bytes) -> asyncio.Task[Delivery]:
        media_id = self.keep(data, f"{secrets.token_hex(4)}.mp4", "video/mp4")
        fields = {"MediaId": media_id, "ThumbMediaId": secrets.token_hex(8)}
        return self._message(openid, Bubble(True, "video", "", self.clock(), media_id=media_id), "video", fields)

    def sends_location(self, openid: str, label: str) -> asyncio.Task[Delivery]:
        fields = {"Location_X": 23.134521, "Location_Y": 113.358803, "Scale": 20, "Label": label}
        return self._message(openid, Bubble(True, "location", label, self.clock()), "location", fields)

    def sends_link(self, openid: str, title: str, url: str) -> asyncio.Task[Delivery]:
        fields = {"Title": title, "Description": title, "Url": url}
        return self._message(openid, Bubble(True, "link", f"{title} {url}", self.clock()), "link", fields)

    def taps(self, openid: str, chosen: str) -> asyncio.Task[Delivery]:
        """Tap an item of a menu message, by its id or its words; comes as a text, allows what a tap allows."""
        phone = self.phone(openid)
        identifier, words = phone.menu_item(chosen)
        phone.quota.tapped(self.clock())
        phone.bubbles.append(Bubble(True, "text", words, self.clock()))
        fields = {"Content": words, "bizmsgmenuid": identifier, "MsgId": next(self._message_ids)}
        return self._push(openid, "text", fields)

    def follows(self, openid: str, scene: str = "") -> asyncio.Task[Delivery]:
        """Follow, perhaps by a QR code that bears a scene."""
        phone = self.phone(openid)
        phone.here = True
        phone.quota.tapped(self.clock())
        return self._event(openid, "subscribe", {"EventKey": f"qrscene_{scene}", "Ticket": "t"} if scene else {})

    def unfollows(self, openid: str) -> asyncio.Task[Delivery]:
        self.phone(openid).here = False
        return self._event(openid, "unsubscribe", {"EventKey": ""})

    def scans(self, openid: str, scene: str) -> asyncio.Task[Delivery]:
        """Scan a QR code that bears a scene; who does not follow yet, follows."""
        if not self.phone(openid).here:
            return self.follows(openid, scene)
        self.phone(openid).quota.tapped(self.clock())
        return self._event(openid, "SCAN", {"EventKey": scene, "Ticket": "t"})

    def taps_menu(self, openid: str, key: str) -> asyncio.Task[Delivery]:
        """Tap an entry of the account's own menu."""
        self.phone(openid).quota.tapped(self.clock())
        return self._event(openid, "CLICK", {"EventKey": key})

    def agrees(self, openid: str, template_id: str) -> asyncio.Task[Delivery]:
        """Agree to one subscription message."""
        self.phone(openid).agreed[template_id] += 1
        row = {"TemplateId": template_id, "SubscribeStatusString": "accept", "PopupScene": "2"}
        return self._event(openid, "subscribe_msg_popup_event", {"SubscribeMsgPopupEvent": {"List": row}})

    async def opens_link(self, openid: str, link: str) -> tuple[int, str]:
        """Open a page of the service's in WeChat, agree, and come back from web authorisation; the last page."""

        def lead(address: str) -> str:
            asks = urlsplit(address).path == "/connect/oauth2/authorize"
            return self._authorised(openid, address) if asks else address

        return await open_page(link, lead)

    # What the service calls.

    async def token(self, request: web.Request) -> web.StreamResponse:
        """``GET /cgi-bin/token``."""
        return self._token(request.query, stable=False)

    async def stable_token(self, request: web.Request) -> web.StreamResponse:
        """``POST /cgi-bin/stable_token``."""
        body = await json_of(request)
        return self._token(body, stable=not body.get("force_refresh", False))

    async def custom_send(self, request: web.Request) -> web.StreamResponse:
        """``POST /cgi-bin/message/custom/send``."""
        self.check_token(request.query.get("access_token", ""))
        body = await json_of(request)
        phone = self._receiver(body)
        bubble = read_bubble(body, LIMITS, self.clock())
        if not phone.here:
            raise Refusal(45015, "response out of time limit or subscription is canceled")
        room = phone.quota.spend(self.clock())
        if room in _ROOM_CODES:
            self.books.breaches.append((phone.name, _ROOM_CODES[room]))
            raise Refusal(_ROOM_CODES[room], "out of time limit or count")
        phone.bubbles.append(bubble)
        return fine()

    async def template_send(self, request: web.Request) -> web.StreamResponse:
        """``POST /cgi-bin/message/template/send``; what became of it is told by an event."""
        self.check_token(request.query.get("access_token", ""))
        body = await json_of(request)
        phone = self._receiver(body)
        if body.get("template_id") not in self.templates:
            raise Refusal(40037, "invalid template_id")
        if not phone.here:
            raise Refusal(43004, "require subscribe")
        number = next(self._message_ids)
        status = self.template_fails.pop(0) if self.template_fails else "success"
        if status == "success":
            phone.bubbles.append(Bubble(False, "template", _data_words(body), self.clock()))
        told = "success" if status == "success" else f"failed:{status}"
        self._event(phone.name, "TEMPLATESENDJOBFINISH", {"MsgID": number, "Status": told})
        return fine({"msgid": number})

    async def subscription_send(self, request: web.Request) -> web.StreamResponse:
        """``POST /cgi-bin/message/subscribe/bizsend``."""
        self.check_token(request.query.get("access_token", ""))
        body = await json_of(request)
        phone = self._receiver(body)
        template_id = str(body.get("template_id"))
        if template_id not in self.subscriptions:
            raise Refusal(40037, "invalid template_id")
        if not phone.agreed[template_id]:
            raise Refusal(43101, "user refuse to accept the msg")
        phone.agreed[template_id] -= 1
        phone.bubbles.append(Bubble(False, "subscription", _data_words(body), self.clock()))
        row = {"TemplateId": template_id, "MsgID": next(self._message_ids), "ErrorCode": 0, "ErrorStatus": "success"}
        self._event(phone.name, "subscribe_msg_sent_event", {"SubscribeMsgSentEvent": {"List": row}})
        return fine()

    async def qrcode_create(self, request: web.Request) -> web.StreamResponse:
        """``POST /cgi-bin/qrcode/create``."""
        self.check_token(request.query.get("access_token", ""))
        body = await json_of(request)
        scene = body.get("action_info", {}).get("scene", {})
        ticket = secrets.token_urlsafe(32)
        self._tickets[ticket] = str(scene.get("scene_str") or scene.get("scene_id"))
        seconds = body.get("expire_seconds", 60)
        return web.json_response(
            {"ticket": ticket, "expire_seconds": seconds, "url": f"http://weixin.qq.com/q/{ticket}"}
        )

    async def open_by_code(self, request: web.Request) -> web.StreamResponse:
        """``GET /sns/oauth2/access_token``: whose code it is; each once."""
        if request.query.get("appid") != self.app_id or request.query.get("secret") != self.secret:
            raise Refusal(40125, "invalid appsecret")
        openid = self._codes.pop(request.query.get("code", ""), None)
        if openid is None:
            raise Refusal(40029, "invalid code")
        return web.json_response(
            {"access_token": "t", "expires_in": 7200, "refresh_token": "r", "openid": openid, "scope": "snsapi_base"}
        )

    def scene_of(self, ticket: str) -> str:
        """The scene that a QR code bears."""
        return self._tickets[ticket]

    # How.

    def _token(self, given: Mapping[str, Any], *, stable: bool) -> web.Response:
        if given.get("grant_type") != "client_credential":
            raise Refusal(40002, "invalid grant_type")
        if given.get("appid") != self.app_id:
            raise Refusal(40013, "invalid appid")
        if given.get("secret") != self.secret:
            raise Refusal(40125, "invalid appsecret")
        name, seconds = self.give_token(stable=stable)
        return web.json_response({"access_token": name, "expires_in": seconds})

    def _receiver(self, body: dict[str, Any]) -> Phone:
        phone = self.phones.get(str(body.get("touser")))
        if phone is None:
            raise Refusal(40003, "invalid openid")
        if phone.refuses:
            raise Refusal(48002, "user refuses")
        return phone

    def _message(self, openid: str, shown: Bubble, kind: str, fields: Mapping[str, Any]) -> asyncio.Task[Delivery]:
        phone = self.phone(openid)
        phone.quota.wrote(self.clock())
        phone.bubbles.append(shown)
        return self._push(openid, kind, {**fields, "MsgId": next(self._message_ids)})

    def _event(self, openid: str, event: str, fields: Mapping[str, Any]) -> asyncio.Task[Delivery]:
        return self._push(openid, "event", {"Event": event, **fields})

    def _push(self, openid: str, kind: str, fields: Mapping[str, Any]) -> asyncio.Task[Delivery]:
        told = {
            "ToUserName": self.original_id,
            "FromUserName": openid,
            "CreateTime": int(self.clock().timestamp()),
            "MsgType": kind,
            **fields,
        }

        def draft() -> tuple[dict[str, str], bytes]:
            return self.envelope(openid, told)

        return self.callbacks.post(str(fields.get("Event", kind)), draft)

    def envelope(self, openid: str, told: Mapping[str, Any]) -> tuple[dict[str, str], bytes]:
        """Query and body of a callback in the account's mode."""
        body = json.dumps(told, ensure_ascii=False) if self.json_bodies else xml(told)
        encrypted = None if self.mode is Mode.PLAIN else self.seal.encrypt(body)
        query = self.seal.query(str(int(self.clock().timestamp())), encrypted, plain=True)
        outer: dict[str, Any] = {"ToUserName": self.original_id, "Encrypt": encrypted}
        if self.mode is Mode.COMPATIBLE:
            outer = {**told, "Encrypt": encrypted}
        if self.mode is not Mode.PLAIN:
            body = json.dumps(outer, ensure_ascii=False) if self.json_bodies else xml(outer)
        return {**query, "openid": openid}, body.encode()

    def _authorised(self, openid: str, address: str) -> str:
        """Where WeChat leads from its page of web authorisation, which asks nothing for snsapi_base."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert query["appid"] == self.app_id and query["response_type"] == "code", query
        assert query["scope"] == "snsapi_base", query
        code = secrets.token_urlsafe(24)
        self._codes[code] = openid
        return str(URL(query["redirect_uri"]).update_query({"code": code, "state": query.get("state", "")}))


def _data_words(body: dict[str, Any]) -> str:
    return "\n".join(str(value.get("value", "")) for value in body.get("data", {}).values())
