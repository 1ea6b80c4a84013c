"""What we ask of WeCom's servers for its customer service ("企业微信 微信客服")."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from desk.channels.accounts import WeComAccount
from desk.channels.tencent.calling import Caller, Refused, Wire, check
from desk.channels.tencent.error_codes import Disposition
from desk.channels.tencent.media import FetchedMedia, fetch
from desk.channels.tencent.tokens import FetchedToken
from desk.channels.wechat.client import read_token

API = "wecom-kf"
# "期望请求的数据量，默认值和最大值都为1000".
PAGE_AT_MOST = 1000
_SYNC = "/cgi-bin/kf/sync_msg"
_SEND = "/cgi-bin/kf/send_msg"
_SEND_ON_EVENT = "/cgi-bin/kf/send_msg_on_event"
_STATE = "/cgi-bin/kf/service_state/get"
_CHANGE_STATE = "/cgi-bin/kf/service_state/trans"
_CONTACT_WAY = "/cgi-bin/kf/add_contact_way"
_MEDIA_GET = "/cgi-bin/media/get"
_TOKEN = "/cgi-bin/gettoken"


@dataclass(frozen=True, slots=True)
class SyncPage:
    """Messages and events, oldest first, as WeCom tells them.

    Attributes:
        next_cursor: where the next reading begins.
        has_more: there is more already, also where ``messages`` is empty.
    """

    messages: tuple[dict[str, Any], ...]
    next_cursor: str
    has_more: bool


class WeComClient:
    """Speaks for one WeCom's customer service.

    Every method raises :class:`desk.channels.tencent.calling.Refused` where it was not taken, or nobody knows.
    """

    def __init__(self, account: WeComAccount, caller: Caller) -> None:
        self.account = account
        self._caller = caller

    async def try_token(self) -> None:
        """See that an access token can be had, whatever is kept, and whatever was wrong a moment ago."""
        await self._caller.try_token()

    async def sync(
        self, open_kfid: str, cursor: str | None, callback_token: str | None, limit: int = PAGE_AT_MOST
    ) -> SyncPage:
        """Read messages and events of one customer service account.

        Args:
            cursor: of the reading before; None for the first one.
            callback_token: of a callback within the last ten minutes; without it WeCom allows few readings.
        """
        body: dict[str, Any] = {"open_kfid": open_kfid, "limit": max(1, min(limit, PAGE_AT_MOST)), "voice_format": 0}
        if cursor:
            body["cursor"] = cursor
        if callback_token:
            body["token"] = callback_token
        found = await self._caller.post(_SYNC, body)
        listed, after = found.get("msg_list", []), found.get("next_cursor", "")
        if not isinstance(listed, list) or not isinstance(after, str):
            raise Refused(None, Disposition.PASSES, _SYNC)
        messages = tuple(message for message in listed if isinstance(message, dict))
        # An empty one would begin again at the oldest message.
        return SyncPage(messages, after or cursor or "", found.get("has_more") == 1)

    async def send_text(self, external_userid: str, open_kfid: str, text: str, msgid: str | None = None) -> str:
        """Words; 2,048 bytes of UTF-8 at most.

        Args:
            msgid: our own name for it, up to 32 of ``[0-9a-zA-Z_-]``; None lets WeCom choose.

        Returns:
            The name by which a later failure is told.
        """
        return await self._send(external_userid, open_kfid, "text", {"content": text}, msgid)

    async def send_menu(
        self,
        external_userid: str,
        open_kfid: str,
        head: str,
        items: Sequence[tuple[str, str]],
        tail: str,
        msgid: str | None = None,
    ) -> str:
        """Choices to tap; the rest as :meth:`send_text`.

        Args:
            items: id (given back when it is tapped) and words of each.
        """
        listed = [{"type": "click", "click": {"id": key, "content": words}} for key, words in items]
        menu: dict[str, Any] = {"head_content": head, "list": listed}
        if tail:
            menu["tail_content"] = tail
        return await self._send(external_userid, open_kfid, "msgmenu", menu, msgid)

    async def send_on_event(self, code: str, text: str, msgid: str | None = None) -> str:
        """Words in answer to an event ("发送欢迎语等事件响应消息"): a welcome within 20 s, once for each code."""
        body: dict[str, Any] = {"code": code, "msgtype": "text", "text": {"content": text}}
        if msgid:
            body["msgid"] = msgid
        return str((await self._caller.post(_SEND_ON_EVENT, body)).get("msgid", ""))

    async def service_state(self, open_kfid: str, external_userid: str) -> tuple[int, str | None]:
        """Who serves the customer there.

        Returns:
            0 new, 1 assistant, 2 waiting, 3 a person, 4 ended; and that person.
        """
        found = await self._caller.post(_STATE, {"open_kfid": open_kfid, "external_userid": external_userid})
        state = found.get("service_state")
        if not isinstance(state, int):
            raise Refused(None, Disposition.PASSES, _STATE)
        return state, str(found.get("servicer_userid") or "") or None

    async def change_service_state(
        self, open_kfid: str, external_userid: str, state: int, servicer: str | None = None
    ) -> str | None:
        """Have the customer served otherwise.

        Args:
            servicer: who, for state 3.

        Returns:
            A code with which :meth:`send_on_event` may say something about it; None where there is none.
        """
        body: dict[str, Any] = {"open_kfid": open_kfid, "external_userid": external_userid, "service_state": state}
        if servicer:
            body["servicer_userid"] = servicer
        return str((await self._caller.post(_CHANGE_STATE, body)).get("msg_code") or "") or None

    async def fetch_media(self, media_id: str) -> FetchedMedia:
        """A file that a customer sent; kept there for three days.

        Raises:
            TooLarge: it is larger than we take.
        """
        return await fetch(self._caller, _MEDIA_GET, media_id)

    async def add_contact_way(self, open_kfid: str, scene: str) -> str:
        """The address that opens the chat ("获取客服账号链接").

        Args:
            scene: up to 32 of ``[0-9a-zA-Z_-]``; where one is given, ``scene_param`` may be added to the address, and
                comes back when the customer enters.
        """
        found = await self._caller.post(_CONTACT_WAY, {"open_kfid": open_kfid, "scene": scene})
        url = found.get("url")
        if not isinstance(url, str) or not url.startswith("https://"):
            raise Refused(None, Disposition.OTHER, _CONTACT_WAY)
        return url

    async def _send(
        self, external_userid: str, open_kfid: str, kind: str, content: Mapping[str, Any], msgid: str | None
    ) -> str:
        body: dict[str, Any] = {"touser": external_userid, "open_kfid": open_kfid, "msgtype": kind, kind: content}
        if msgid:
            body["msgid"] = msgid
        return str((await self._caller.post(_SEND, body)).get("msgid") or msgid or "")


async def fetch_token(account: WeComAccount, wire: Wire, _: bool) -> FetchedToken:
    """An access token ("获取access_token"); WeCom gives the same one as long as it holds good.

    Raises:
        Refused: the secret is wrong, or WeCom cannot be reached.
    """
    query = {"corpid": account.file.corp_id, "corpsecret": account.secret}
    return read_token(check(await wire.send("GET", _TOKEN, query), _TOKEN, API), _TOKEN)
