"""``/channels/wecom/{account}``: WeCom checks the address by GET and says by POST that there is something to read.

What there is to read is not told here (:mod:`desk.workers.wecom` asks for it), so a callback costs one small write.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from aiohttp import web

from desk.channels.accounts import WECOM, WeComAccount
from desk.channels.batching import Batching
from desk.channels.callbacks import acknowledge, read_body, read_query, refuse
from desk.channels.tencent.envelopes import EnvelopeRefused
from desk.channels.wecom.codec import Codec
from desk.channels.wecom.cursors import note_callback
from desk.keys import CHANNELS, DATABASE, HUB
from store.database import UnitOfWork

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _SomethingNew:
    """What a callback says: which customer service accounts have something new, and a token to read it with."""

    account: str
    open_kfids: tuple[str, ...]
    token: str


CODECS = web.AppKey("wecom_codecs", dict[str, Codec])
KEEPING = web.AppKey("wecom_keeping", Batching[_SomethingNew])
# "kf_msg_or_event": something new in a customer service account. All other events of the corporation concern others.
_SOMETHING_NEW = "kf_msg_or_event"
# Of ten minutes' life; longer is no token of WeCom's.
_TOKEN_AT_MOST = 128


def add_routes(app: web.Application) -> None:
    """Add the WeCom accounts."""
    app[KEEPING] = Batching(app[DATABASE], _keep)
    app[CODECS] = {key: Codec(account.credentials) for key, account in app[CHANNELS].wecom.items()}
    app.router.add_get("/channels/wecom/{account}", get_check)
    app.router.add_post("/channels/wecom/{account}", post_callback)


async def get_check(request: web.Request) -> web.Response:
    """The echo by which WeCom sees that the address is ours, decrypted, alone; 403 where it is not WeCom who asks."""
    try:
        _, codec = _account(request)
        return web.Response(text=codec.echo(read_query(request)))
    except EnvelopeRefused as refused:
        return refuse(WECOM, refused)


async def post_callback(request: web.Request) -> web.Response:
    """Note that there is something to read; ``success`` once that is kept, 403 for whatever is refused."""
    try:
        body = await read_body(request)
        account, codec = _account(request)
        fields = codec.open(read_query(request), body)
    except EnvelopeRefused as refused:
        return refuse(WECOM, refused)
    if _field(fields, "Event") != _SOMETHING_NEW:
        return acknowledge()
    named, served = _field(fields, "OpenKfId"), account.file.open_kfids
    # Older callbacks name none: any of them may have something.
    meant = served if not named else tuple(one for one in served if one == named)
    if not meant:
        log.info("callback for a customer service account that is not served here", account=account.key)
        return acknowledge()
    token = _field(fields, "Token")
    new = _SomethingNew(account.key, meant, token if len(token) <= _TOKEN_AT_MOST else "")
    await request.app[KEEPING].take(new)
    # No conversation is touched by this; whoever waits for anything looks again.
    request.app[HUB].wake(0)
    return acknowledge()


def _keep(work: UnitOfWork, told: Sequence[_SomethingNew]) -> None:
    # By name, so that two processes never wait for each other; the latest token of an account comes last.
    for new in sorted(told, key=lambda one: (one.account, one.open_kfids)):
        note_callback(work, new.account, new.open_kfids, new.token)


def _account(request: web.Request) -> tuple[WeComAccount, Codec]:
    key = request.match_info["account"]
    account = request.app[CHANNELS].wecom.get(key)
    if account is None:
        raise EnvelopeRefused("unknown_account")
    return account, request.app[CODECS][key]


def _field(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    return value.strip() if isinstance(value, str) else ""
