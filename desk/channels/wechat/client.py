"""What we ask of the official account's servers ("微信公众平台 服务端 API")."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from desk.channels.accounts import WeChatAccount
from desk.channels.tencent.calling import Caller, Refused, Wire, check
from desk.channels.tencent.error_codes import Disposition
from desk.channels.tencent.media import FetchedMedia, fetch
from desk.channels.tencent.tokens import FetchedToken

API = "mp"
_SEND = "/cgi-bin/message/custom/send"
_TEMPLATE = "/cgi-bin/message/template/send"
_SUBSCRIPTION = "/cgi-bin/message/subscribe/bizsend"
_MEDIA_GET = "/cgi-bin/media/get"
_QR_CODE = "/cgi-bin/qrcode/create"
_TOKEN = "/cgi-bin/stable_token"
_OPENID = "/sns/oauth2/access_token"


@dataclass(frozen=True, slots=True)
class QrCode:
    """A picture to scan.

    Attributes:
        content: what stands in the picture; an address.
        valid_for: how long it can be scanned.
    """

    content: str
    valid_for: timedelta


class WeChatClient:
    """Speaks for one official account.

    Every method raises :class:`desk.channels.tencent.calling.Refused` where it was not taken, or nobody knows.
    """

    def __init__(self, account: WeChatAccount, caller: Caller) -> None:
        self.account = account
        self._caller = caller

    async def try_token(self) -> None:
        """See that an access token can be had, whatever is kept, and whatever was wrong a moment ago."""
        await self._caller.try_token()

    async def send_text(self, openid: str, text: str) -> None:
        """Words; 2,048 bytes of UTF-8 at most."""
        await self._send(openid, "text", {"content": text})

    async def send_menu(self, openid: str, head: str, items: Sequence[tuple[str, str]], tail: str) -> None:
        """Choices to tap.

        Args:
            items: id (given back when it is tapped) and words of each.
        """
        listed = [{"id": key, "content": words} for key, words in items]
        await self._send(openid, "msgmenu", {"head_content": head, "list": listed, "tail_content": tail})

    async def send_template(
        self, openid: str, template_id: str, data: Mapping[str, Mapping[str, str]], url: str = ""
    ) -> str:
        """A template message.

        Returns:
            Its id: what became of it is told by an event.
        """
        body: dict[str, Any] = {"touser": openid, "template_id": template_id, "data": data}
        if url:
            body["url"] = url
        return str((await self._caller.post(_TEMPLATE, body)).get("msgid", ""))

    async def send_subscription(
        self, openid: str, template_id: str, data: Mapping[str, Mapping[str, str]], page: str = ""
    ) -> None:
        """A subscription message to a customer who agreed to one."""
        body: dict[str, Any] = {"touser": openid, "template_id": template_id, "data": data}
        if page:
            body["page"] = page
        await self._caller.post(_SUBSCRIPTION, body)

    async def fetch_media(self, media_id: str) -> FetchedMedia:
        """A file that a customer sent; kept there for three days.

        Raises:
            TooLarge: it is larger than we take.
        """
        return await fetch(self._caller, _MEDIA_GET, media_id)

    async def make_qr_code(self, scene: str, valid_for: timedelta) -> QrCode:
        """A code whose scan (or the follow after it) comes back as an event with ``scene``.

        Args:
            scene: 1 to 64 characters.
            valid_for: 30 days at most.
        """
        seconds = max(60, min(int(valid_for.total_seconds()), 2_592_000))
        body = {
            "expire_seconds": seconds,
            "action_name": "QR_STR_SCENE",
            "action_info": {"scene": {"scene_str": scene}},
        }
        found = await self._caller.post(_QR_CODE, body)
        content = found.get("url")
        if not isinstance(content, str) or not content.startswith(("http://weixin.qq.com/", "https://")):
            raise Refused(None, Disposition.OTHER, _QR_CODE)
        return QrCode(content, timedelta(seconds=seconds))

    async def openid_of(self, code: str) -> str:
        """Who came back from the consent page ("网页授权", ``snsapi_base``); a code works once."""
        query = {
            "appid": self.account.file.app_id,
            "secret": self.account.app_secret,
            "code": code,
            "grant_type": "authorization_code",
        }
        found = await self._caller.ask(_OPENID, query)
        openid = found.get("openid")
        if not isinstance(openid, str) or not openid:
            raise Refused(None, Disposition.OTHER, _OPENID)
        return openid

    async def _send(self, openid: str, kind: str, content: Mapping[str, Any]) -> None:
        await self._caller.post(_SEND, {"touser": openid, "msgtype": kind, kind: content})


async def fetch_token(account: WeChatAccount, wire: Wire, force: bool) -> FetchedToken:
    """An access token ("获取稳定版接口调用凭据").

    Args:
        force: replace the one that holds good; allowed twenty times a day.

    Raises:
        Refused: the secret is wrong, or Tencent cannot be reached.
    """
    body = {
        "grant_type": "client_credential",
        "appid": account.file.app_id,
        "secret": account.app_secret,
        "force_refresh": force,
    }
    return read_token(check(await wire.send("POST", _TOKEN, {}, body=body), _TOKEN, API), _TOKEN)


def read_token(found: Mapping[str, Any], path: str) -> FetchedToken:
    """The token in an answer.

    Raises:
        Refused: there is none.
    """
    value, seconds = found.get("access_token"), found.get("expires_in")
    if not isinstance(value, str) or not value or not isinstance(seconds, int) or seconds <= 0:
        raise Refused(None, Disposition.PASSES, path)
    return FetchedToken(value, timedelta(seconds=min(seconds, 86_400)))
