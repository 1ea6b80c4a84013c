"""WeCom customer service (微信客服): its servers, its customers' phones, its servicers.

Source: Tencent's documents of WeCom customer service: receiving messages and events (sync_msg), sending messages
(send_msg, send_msg_on_event), service states (service_state/get, service_state/trans), links of an account
(add_contact_way).
"""

import asyncio
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from aiohttp import web

from tests.wechat_simulator.accounts import Account, Refusal, fine, json_of
from tests.wechat_simulator.browsing import open_page
from tests.wechat_simulator.callbacks import Delivery
from tests.wechat_simulator.clock import MovableClock
from tests.wechat_simulator.contents import Limits, read_bubble
from tests.wechat_simulator.phones import Bubble, Phone
from tests.wechat_simulator.quotas import Room
from tests.wechat_simulator.sealing import Seal, xml
from tests.wechat_simulator.service_states import ASSISTANT, ENDED, MAY_BECOME, NEW, PERSON, WAITING

LIMITS = Limits(text=2048, head=1024, item=128)
PAGE_AT_MOST = 1000
CALLBACK_TOKEN_LIVES = timedelta(minutes=10)
WELCOME_LIVES = timedelta(seconds=20)
EVENT_CODE_LIVES = timedelta(hours=48)
# Without the callback's token reading is limited strictly; Tencent does not say how strictly.
READS_WITHOUT_TOKEN = 20  # a minute
_MESSAGE_ID = re.compile(r"[0-9a-zA-Z_-]{1,32}")
_COUNT_LIMIT, _TIME_LIMIT = 95001, 95002
_ROOM_CODES = {Room.CLOSED: _TIME_LIMIT, Room.SPENT: _COUNT_LIMIT}
FAIL_REFUSED = 10  # of msg_send_fail


@dataclass
class Session:
    """One customer at one account of customer service."""

    phone: Phone
    open_kfid: str
    state: int = ENDED  # ended or never begun
    servicer: str = ""
    welcomed_at: datetime | None = None


@dataclass
class EventCode:
    """Lets the service answer one event."""

    session: Session
    until: datetime
    uses: int = 1


@dataclass
class Log:
    """What sync_msg reads of one account."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    tokens: dict[str, datetime] = field(default_factory=dict)
    reads_without_token: list[datetime] = field(default_factory=list)


class CustomerService(Account):
    """The customer service of one corporation.

    Attributes:
        page: the most rows of one answer; small ones show whether the service reads on.
        hollow: how many answers still to come bear no row and say that there is more.
        late_failures: for the next sends: taken, shown to nobody, and told by ``msg_send_fail`` with this type.
        servicers: people who can be given a customer.
        calls_back: whether callbacks are made; off, as though all were lost.
    """

    def __init__(self, clock: MovableClock, corp_id: str, secret: str, seal: Seal, open_kfids: tuple[str, ...]) -> None:
        super().__init__(clock, secret, seal)
        self.corp_id = corp_id
        self.open_kfids = open_kfids
        self.logs = {open_kfid: Log() for open_kfid in open_kfids}
        self.sessions: dict[tuple[str, str], Session] = {}
        self.servicers: set[str] = set()
        self.page = PAGE_AT_MOST
        self.hollow = 0
        self.late_failures: list[int] = []
        self.calls_back = True
        self._event_codes: dict[str, EventCode] = {}
        self._message_ids: set[tuple[str, str]] = set()
        self._ways: dict[str, tuple[str, str]] = {}
        self._numbers = count(1)

    def session(self, customer: str, open_kfid: str = "") -> Session:
        key = (customer, open_kfid or self.open_kfids[0])
        return self.sessions.setdefault(key, Session(Phone(customer), key[1]))

    def phone(self, customer: str, open_kfid: str = "") -> Phone:
        return self.session(customer, open_kfid).phone

    # What customers do.

    def says(self, customer: str, text: str, open_kfid: str = "", menu_id: str = "") -> asyncio.Task[Delivery]:
        content = {"content": text, **({"menu_id": menu_id} if menu_id else {})}
        return self._message(customer, open_kfid, Bubble(True, "text", text, self.clock()), "text", content)

    def taps(self, customer: str, chosen: str, open_kfid: str = "") -> asyncio.Task[Delivery]:
        """Tap an item of a menu message, by its id or its words."""
        identifier, words = self.phone(customer, open_kfid).menu_item(chosen)
        return self.says(customer, words, open_kfid, menu_id=identifier)

    def sends(
        self, customer: str, kind: str, data: bytes, name: str, media_type: str, open_kfid: str = ""
    ) -> asyncio.Task[Delivery]:
        """A file: ``image``, ``voice``, ``video`` or ``file``."""
        media_id = self.keep(data, name, media_type)
        shown = Bubble(True, kind, "", self.clock(), media_id=media_id)
        return self._message(customer, open_kfid, shown, kind, {"media_id": media_id})

    def sends_other(
        self, customer: str, kind: str, content: dict[str, Any], open_kfid: str = ""
    ) -> asyncio.Task[Delivery]:
        """Any other kind of message, such as ``location``, ``link``, ``business_card``."""
        return self._message(customer, open_kfid, Bubble(True, kind, "", self.clock()), kind, content)

    def enters(
        self, customer: str, scene: str = "", scene_param: str = "", open_kfid: str = ""
    ) -> asyncio.Task[Delivery]:
        """Open the chat; there is a code to welcome with unless they were welcomed or answered within 48 hours."""
        session, now = self.session(customer, open_kfid), self.clock()
        event: dict[str, Any] = {"event_type": "enter_session", "scene": scene, "scene_param": scene_param}
        fresh = session.welcomed_at is None or now - session.welcomed_at > EVENT_CODE_LIVES
        if fresh and not session.phone.quota.long.open(now):
            event["welcome_code"] = self._event_code(session, WELCOME_LIVES)
            session.welcomed_at = now
        return self._event(session, event)

    async def opens_link(self, customer: str, link: str) -> tuple[int, str]:
        """Open a page of the service's in WeChat, agree, and enter the chat that it leads to."""

        def lead(address: str) -> str | None:
            parts = urlsplit(address)
            if parts.netloc != "work.weixin.qq.com":
                return address
            query = dict(parse_qsl(parts.query))
            open_kfid, scene = self._ways[parts.path.rpartition("/")[2]]
            # A parameter comes back only where the link was made with a scene.
            self.enters(customer, scene, query.get("scene_param", "") if scene else "", open_kfid)
            return None

        return await open_page(link, lead)

    def recalls(self, customer: str, open_kfid: str = "") -> asyncio.Task[Delivery]:
        """Take the last message back."""
        session = self.session(customer, open_kfid)
        row = next(row for row in reversed(self.logs[session.open_kfid].rows) if row.get("external_userid") == customer)
        return self._event(session, {"event_type": "user_recall_msg", "recall_msgid": row["msgid"]})

    def set_refusing(self, customer: str, refuses: bool, open_kfid: str = "") -> asyncio.Task[Delivery]:
        session = self.session(customer, open_kfid)
        session.phone.refuses = refuses
        change = {"event_type": "reject_customer_msg_switch_change", "reject_switch": int(refuses)}
        return self._event(session, change)

    # What servicers do in WeCom.

    def servicer_takes(self, servicer: str, customer: str, open_kfid: str = "") -> asyncio.Task[Delivery]:
        """Take a customer from the line, or from a colleague."""
        session = self.session(customer, open_kfid)
        before, session.state, session.servicer = session.servicer, PERSON, servicer
        change = {"change_type": 2 if before else 1, "old_servicer_userid": before, "new_servicer_userid": servicer}
        return self._event(session, {"event_type": "session_status_change", **change})

    def servicer_says(self, customer: str, text: str, open_kfid: str = "") -> asyncio.Task[Delivery]:
        session = self.session(customer, open_kfid)
        session.phone.bubbles.append(Bubble(False, "text", text, self.clock(), by=session.servicer))
        return self._log(session, 5, "text", {"content": text}, servicer=session.servicer)

    def servicer_ends(self, customer: str, open_kfid: str = "") -> asyncio.Task[Delivery]:
        session = self.session(customer, open_kfid)
        before, session.state, session.servicer = session.servicer, ENDED, ""
        change = {"change_type": 3, "old_servicer_userid": before}
        return self._event(session, {"event_type": "session_status_change", **change})

    # What the service calls.

    async def token(self, request: web.Request) -> web.StreamResponse:
        """``GET /cgi-bin/gettoken``; the same token as long as it lives."""
        if request.query.get("corpid") != self.corp_id:
            raise Refusal(40013, "invalid corpid")
        if request.query.get("corpsecret") != self.secret:
            raise Refusal(40001, "invalid credential")
        name, seconds = self.give_token(stable=True)
        return fine({"access_token": name, "expires_in": seconds})

    async def sync_msg(self, request: web.Request) -> web.StreamResponse:
        """``POST /cgi-bin/kf/sync_msg``."""
        self.check_token(request.query.get("access_token", ""))
        body = await json_of(request)
        log = self.logs.get(body.get("open_kfid", ""))
        if log is None:
            raise Refusal(95004, "open_kfid does not exist")
        self._check_reader(log, str(body.get("token") or ""))
        start = _position(str(body.get("cursor") or ""))
        limit = body.get("limit", PAGE_AT_MOST)
        if not isinstance(limit, int) or not 0 < limit <= PAGE_AT_MOST:
            raise Refusal(40058, "invalid limit")
        if self.hollow > 0:
            self.hollow -= 1
            return fine({"next_cursor": f"{_cursor(start)}-{self.hollow}", "has_more": 1, "msg_list": []})
        rows = log.rows[start : start + min(limit, self.page)]
        end = start + len(rows)
        more = int(end < len(log.rows))
        return fine({"next_cursor": _cursor(end), "has_more": more, "msg_list": rows})

    async def send_msg(self, request: web.Request) -> web.StreamResponse:
        """``POST /cgi-bin/kf/send_msg``."""
        self.check_token(request.query.get("access_token", ""))
        body = await json_of(request)
        if body.get("open_kfid") not in self.logs:
            raise Refusal(95004, "open_kfid does not exist")
        session = self.sessions.get((str(body.get("touser")), body["open_kfid"]))
        if session is None:
            raise Refusal(40003, "invalid external_userid")
        message_id = self._new_message_id(session, body.get("msgid"))
        bubble = read_bubble(body, LIMITS, self.clock())
        if session.state == ENDED:
            raise Refusal(95013, "session has ended")
        if session.state not in (NEW, ASSISTANT):
            raise Refusal(95018, "session status does not allow sending")
        room = session.phone.quota.spend(self.clock())
        if room in _ROOM_CODES:
            self.books.breaches.append((session.phone.name, _ROOM_CODES[room]))
            raise Refusal(_ROOM_CODES[room], "send limit")
        self._message_ids.add((session.open_kfid, message_id))
        fail_type = self.late_failures.pop(0) if self.late_failures else FAIL_REFUSED if session.phone.refuses else None
        if fail_type is None:
            session.phone.bubbles.append(bubble)
        else:
            self._event(session, {"event_type": "msg_send_fail", "fail_msgid": message_id, "fail_type": fail_type})
        return fine({"msgid": message_id})

    async def send_on_event(self, request: web.Request) -> web.StreamResponse:
        """``POST /cgi-bin/kf/send_msg_on_event``; costs nothing of the quota."""
        self.check_token(request.query.get("access_token", ""))
        body = await json_of(request)
        code = self._event_codes.get(str(body.get("code")))
        if code is None or not code.uses or self.clock() >= code.until:
            raise Refusal(95007, "invalid code")
        if body.get("msgtype") not in ("text", "msgmenu"):
            raise Refusal(40008, "invalid message type")
        message_id = self._new_message_id(code.session, body.get("msgid"))
        bubble = read_bubble(body, LIMITS, self.clock())
        code.uses -= 1
        self._message_ids.add((code.session.open_kfid, message_id))
        code.session.phone.bubbles.append(bubble)
        return fine({"msgid": message_id})

    async def state_get(self, request: web.Request) -> web.StreamResponse:
        """``POST /cgi-bin/kf/service_state/get``."""
        self.check_token(request.query.get("access_token", ""))
        session = self._session_of(await json_of(request))
        servicer = {"servicer_userid": session.servicer} if session.state == PERSON else {}
        return fine({"service_state": session.state, **servicer})

    async def state_change(self, request: web.Request) -> web.StreamResponse:
        """``POST /cgi-bin/kf/service_state/trans``."""
        self.check_token(request.query.get("access_token", ""))
        body = await json_of(request)
        session, wanted = self._session_of(body), body.get("service_state")
        if wanted not in MAY_BECOME[session.state]:
            raise Refusal(95016, "state transition not allowed")
        servicer = str(body.get("servicer_userid") or "")
        if wanted == PERSON and servicer not in self.servicers:
            raise Refusal(95014, "not a servicer")
        first = session.state != wanted and wanted in (WAITING, PERSON, ENDED)
        session.state, session.servicer = wanted, servicer if wanted == PERSON else ""
        return fine({"msg_code": self._event_code(session, EVENT_CODE_LIVES)} if first else {})

    async def add_contact_way(self, request: web.Request) -> web.StreamResponse:
        """``POST /cgi-bin/kf/add_contact_way``."""
        self.check_token(request.query.get("access_token", ""))
        body = await json_of(request)
        if body.get("open_kfid") not in self.logs:
            raise Refusal(95004, "open_kfid does not exist")
        scene = str(body.get("scene") or "")
        if not re.fullmatch(r"[0-9a-zA-Z_-]{0,32}", scene):
            raise Refusal(40058, "invalid scene")
        name = "kfc" + secrets.token_hex(8)
        self._ways[name] = (body["open_kfid"], scene)
        return fine({"url": f"https://work.weixin.qq.com/kfid/{name}" + (f"?enc_scene={name}" if scene else "")})

    # How.

    def _message(
        self, customer: str, open_kfid: str, shown: Bubble, kind: str, content: dict[str, Any]
    ) -> asyncio.Task[Delivery]:
        session = self.session(customer, open_kfid)
        session.phone.quota.wrote(self.clock())
        session.phone.bubbles.append(shown)
        if session.state == ENDED:
            session.state = NEW
        return self._log(session, 3, kind, content)

    def _event(self, session: Session, event: dict[str, Any]) -> asyncio.Task[Delivery]:
        whose = {"open_kfid": session.open_kfid, "external_userid": session.phone.name}
        return self._log(session, 4, "event", {**event, **whose})

    def _log(
        self, session: Session, origin: int, kind: str, content: dict[str, Any], servicer: str = ""
    ) -> asyncio.Task[Delivery]:
        row = {
            "msgid": f"m{next(self._numbers)}_{secrets.token_hex(4)}",
            "send_time": int(self.clock().timestamp()),
            "origin": origin,
            "msgtype": kind,
            kind: content,
        }
        if kind != "event":
            row |= {"open_kfid": session.open_kfid, "external_userid": session.phone.name}
        if servicer:
            row["servicer_userid"] = servicer
        self.logs[session.open_kfid].rows.append(row)
        return self.call_back(session.open_kfid)

    def call_back(self, open_kfid: str) -> asyncio.Task[Delivery]:
        """Tell the service that there is something to read; it holds nothing else."""
        token = "ENC" + secrets.token_hex(20)
        self.logs[open_kfid].tokens[token] = self.clock() + CALLBACK_TOKEN_LIVES
        told = {
            "ToUserName": self.corp_id,
            "CreateTime": int(self.clock().timestamp()),
            "MsgType": "event",
            "Event": "kf_msg_or_event",
            "Token": token,
            "OpenKfId": open_kfid,
        }

        def draft() -> tuple[dict[str, str], bytes]:
            encrypted = self.seal.encrypt(xml(told))
            query = self.seal.query(str(int(self.clock().timestamp())), encrypted, plain=False)
            return query, xml({"ToUserName": self.corp_id, "AgentID": "", "Encrypt": encrypted}).encode()

        if self.calls_back:
            return self.callbacks.post("kf_msg_or_event", draft)
        return asyncio.ensure_future(_swallowed())

    def _check_reader(self, log: Log, token: str) -> None:
        now = self.clock()
        if token:
            if log.tokens.get(token, now) <= now:
                raise Refusal(95007, "invalid msg token")
            return
        log.reads_without_token = [at for at in log.reads_without_token if now - at < timedelta(minutes=1)]
        log.reads_without_token.append(now)
        if len(log.reads_without_token) > READS_WITHOUT_TOKEN:
            raise Refusal(45009, "api freq out of limit")

    def _session_of(self, body: dict[str, Any]) -> Session:
        if body.get("open_kfid") not in self.logs:
            raise Refusal(95004, "open_kfid does not exist")
        session = self.sessions.get((str(body.get("external_userid")), body["open_kfid"]))
        if session is None:
            raise Refusal(40003, "invalid external_userid")
        return session

    def _new_message_id(self, session: Session, given: Any) -> str:
        if given is None or given == "":
            return secrets.token_hex(16)
        if not isinstance(given, str) or not _MESSAGE_ID.fullmatch(given):
            raise Refusal(40058, "invalid msgid")
        if (session.open_kfid, given) in self._message_ids:
            raise Refusal(95024, "duplicate msgid")
        return given

    def _event_code(self, session: Session, lives: timedelta) -> str:
        code = secrets.token_hex(16)
        self._event_codes[code] = EventCode(session, self.clock() + lives)
        return code


def _cursor(position: int) -> str:
    return f"c{position:012d}"


def _position(cursor: str) -> int:
    if not cursor:
        return 0
    found = re.fullmatch(r"c(\d{12})(-\d+)?", cursor)
    if found is None:
        raise Refusal(40058, "invalid cursor")
    return int(found[1])


async def _swallowed() -> Delivery:
    return Delivery("not made", accepted=True)
