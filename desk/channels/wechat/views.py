"""``/channels/wechat/{account}``: Tencent checks the address by GET and tells what customers say and do by POST.

It waits five seconds, then cuts the connection and tells the same again, three times in all (接收普通消息). So what
came in is kept and acknowledged with a word (:mod:`desk.workers.intake` takes it in); the answer goes out by the
customer service interface.
"""

from collections.abc import Sequence

from aiohttp import web

from desk.channels.accounts import WECHAT, WeChatAccount
from desk.channels.batching import Batching
from desk.channels.callbacks import Heard, acknowledge, read_body, read_query, refuse
from desk.channels.heard import Told, keep
from desk.channels.tencent.envelopes import EnvelopeRefused
from desk.channels.wechat.codec import Codec
from desk.channels.wechat.messages import read_message
from desk.hub import Bell
from desk.keys import CHANNELS, DATABASE
from store.database import UnitOfWork

KEEPING = web.AppKey("wechat_keeping", Batching[Told])
# Rings when something was kept.
HEARD = web.AppKey("wechat_heard", Bell)
CODECS = web.AppKey("wechat_codecs", dict[str, Codec])


def add_routes(app: web.Application) -> None:
    """Add the official accounts."""
    noted = Heard()

    def write(work: UnitOfWork, told: Sequence[Told]) -> None:
        keep(work, told)
        for account in sorted({one.account for one in told}):
            noted.note(work, WECHAT, account)

    app[KEEPING], app[HEARD] = Batching(app[DATABASE], write), Bell()
    app[CODECS] = {key: Codec(account.credentials) for key, account in app[CHANNELS].wechat.items()}
    app.router.add_get("/channels/wechat/{account}", get_check)
    app.router.add_post("/channels/wechat/{account}", post_callback)


async def get_check(request: web.Request) -> web.Response:
    """The echo by which Tencent sees that the address is ours; 403 where it is not Tencent who asks."""
    try:
        _, codec = _account(request)
        return web.Response(text=codec.echo(read_query(request)))
    except EnvelopeRefused as refused:
        return refuse(WECHAT, refused)


async def post_callback(request: web.Request) -> web.Response:
    """Keep a message or deed; ``success`` once it is safely kept, 403 for whatever is refused."""
    try:
        # First of all, so that accounts that there are cannot be told from others by how long a body is waited for.
        body = await read_body(request)
        account, codec = _account(request)
        opened = codec.open(read_query(request), body)
        incoming = read_message(opened.fields, request.app[DATABASE].clock())
    except EnvelopeRefused as refused:
        return refuse(WECHAT, refused)
    await request.app[KEEPING].take(Told(WECHAT, account.key, incoming))
    request.app[HEARD].ring()
    return acknowledge()


def _account(request: web.Request) -> tuple[WeChatAccount, Codec]:
    key = request.match_info["account"]
    account = request.app[CHANNELS].wechat.get(key)
    if account is None:
        raise EnvelopeRefused("unknown_account")
    return account, request.app[CODECS][key]
