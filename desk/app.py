"""The desk's application, put together in one place: tests swap parts here and nowhere else."""

import asyncio
import signal
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import structlog
from aiohttp import web

from actions.connectors.systems import Connectors, make_connectors, make_order_look_up
from actions.firm import Firm, load_firm
from actions.fresh_orders import FreshOrders
from actions.timers import AT_OTHER_SYSTEMS, IN_OUR_STORE
from analytics.improvement.policy import read_policy
from desk import attachments, console
from desk.api.routes import add_routes
from desk.attachments import FILES
from desk.bearer import require_token
from desk.channels.accounts import Accounts, read_accounts, say_what_is_odd
from desk.channels.binding import views as binding
from desk.channels.clients import Clients, make_clients
from desk.channels.tencent import verification
from desk.channels.transport import PulledTransport, Transport
from desk.channels.web import uploads
from desk.channels.web import views as web_chat
from desk.channels.wechat import views as wechat
from desk.channels.wechat.transport import WeChatTransport
from desk.channels.wechat.views import HEARD
from desk.channels.wecom import views as wecom
from desk.channels.wecom.transport import WeComTransport
from desk.console import canned_replies, firm_pages
from desk.console.keys import RETENTION, WORDS
from desk.elsewhere import Elsewhere
from desk.errors import BODY_LIMIT, tell_errors
from desk.health import healthz, metrics, readyz
from desk.hub import Hub
from desk.keys import (
    CHANNELS,
    CLIENTS,
    CONNECTORS,
    DATABASE,
    FIRM,
    HTTP,
    HUB,
    NOTIFYING,
    ORDERS,
    RASA,
    SETTINGS,
    TOKENS,
)
from desk.notifying.ways import make_ways, say_what_is_missing
from desk.rasa import Rasa
from desk.scopes import check_scopes
from desk.tokens import Tokens
from desk.unreadable import answer_in_our_form
from desk.workers.alarms import watch_complaints
from desk.workers.customer_tiers import TiersWorker
from desk.workers.experience import ExperienceWorker
from desk.workers.fixes import FixWorker
from desk.workers.guarantees import GuaranteeWorker
from desk.workers.improvement import ImprovementWorker
from desk.workers.inbox import InboxWorker
from desk.workers.incidents import IncidentWorker
from desk.workers.intake import IntakeWorker
from desk.workers.leases import void_all
from desk.workers.letting_go import LettingGoWorker
from desk.workers.media import MediaWorker, fetchers
from desk.workers.notifications import NotificationWorker
from desk.workers.outbox import OutboxWorker
from desk.workers.presence import watch_presence
from desk.workers.timers import TimerWorker
from desk.workers.wecom import WeComWorker
from store.database import Database
from store.settings import Settings

log = structlog.get_logger()


@dataclass
class Parts:
    """What a desk is made of; whatever is not given is the real thing.

    Attributes:
        accounts: on channels that other firms run.
        clients: who speaks for them.
        transports: beside those of the channels that fetch their messages themselves.
        workers: whether inbox, outbox and timers are served; tests of pages need none.
    """

    database: Database | None = None
    firm: Firm | None = None
    connectors: Connectors | None = None
    accounts: Accounts | None = None
    clients: Clients | None = None
    transports: dict[str, Transport] = field(default_factory=dict)
    workers: bool = True


def make_app(settings: Settings, parts: Parts | None = None) -> web.Application:
    """The desk.

    Raises:
        FirmDataError: the firm's data is wrong.
        SettingsError: one of the firm's systems cannot be called, or a channel's account lacks a secret.
    """
    parts = parts or Parts()
    answer_in_our_form()
    app = web.Application(client_max_size=BODY_LIMIT, middlewares=[tell_errors, require_token])
    app[SETTINGS] = settings
    if parts.firm is None:
        # Read again where it is used; a mistake in it stops the start.
        read_policy(settings.firm)
    app[FIRM] = parts.firm or load_firm(settings.firm)
    app[DATABASE] = parts.database or Database(settings.database)
    app[CONNECTORS] = parts.connectors or make_connectors(settings, app[FIRM], app[DATABASE])
    app[ORDERS] = FreshOrders(app[DATABASE], app[FIRM], make_order_look_up(settings, app[FIRM]))
    app[TOKENS] = Tokens(app[DATABASE], settings.secret("api_token"))
    app[CHANNELS] = parts.accounts or read_accounts(settings)
    app.add_routes([web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)])
    add_routes(app)
    attachments.set_up(app)
    web_chat.add_routes(app)
    uploads.add_routes(app)
    binding.set_up(app)
    verification.set_up(app)
    wechat.add_routes(app)
    wecom.add_routes(app)
    console.add_routes(app)
    canned_replies.set_up(app)
    firm_pages.set_up(app)

    async def scopes(app: web.Application) -> None:
        check_scopes(app)

    async def resources(app: web.Application) -> AsyncIterator[None]:
        app[HUB] = hub = Hub()
        app[DATABASE].on_commit(hub.committed)
        # Each worker bounds its own calls; a channel that hangs must keep nobody from Rasa.
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            app[HTTP] = session
            app[NOTIFYING] = make_ways(settings, app[FIRM], session, app[DATABASE].clock)
            app[RASA] = Rasa(session, settings.rasa, settings.secret("rasa_token"))
            app[CLIENTS] = parts.clients or make_clients(
                app[CHANNELS], session, app[DATABASE], settings.secret("session_key")
            )
            elsewhere = _keep_going("elsewhere", Elsewhere(app[DATABASE], hub).run())
            yield
            elsewhere.cancel()
            await asyncio.gather(elsewhere, return_exceptions=True)
        if parts.database is None:
            app[DATABASE].close()

    async def workers(app: web.Application) -> AsyncIterator[None]:
        database, firm, hub = app[DATABASE], app[FIRM], app[HUB]
        if database.is_sqlite:
            await database.run(void_all)
        say_what_is_missing(app[NOTIFYING])
        say_what_is_odd(app[CHANNELS], settings.address)
        transports: dict[str, Transport] = {
            "rest": PulledTransport(),
            "web": PulledTransport(),
            "wechat": WeChatTransport(app[CLIENTS].wechat),
            "wecom": WeComTransport(app[CLIENTS].wecom),
            **parts.transports,
        }
        inbox = InboxWorker(database, firm, app[RASA], hub, settings.turns_at_once)
        tasks = [
            _keep_going("intake", IntakeWorker(database, firm, app[CHANNELS], app[HEARD]).run()),
            _keep_going("inbox", inbox.run()),
            _keep_going("watch", inbox.watch()),
            _keep_going("outbox", OutboxWorker(database, firm, hub, transports).run()),
            _keep_going("wecom", WeComWorker(database, firm, app[CHANNELS], app[CLIENTS], hub).run()),
            _keep_going("media", MediaWorker(database, firm, hub, app[FILES], fetchers(app[CLIENTS])).run()),
            _keep_going("notifications", NotificationWorker(database, hub, app[NOTIFYING], app[WORDS]).run()),
            _keep_going("letting go", LettingGoWorker(database, app[RETENTION], app[FILES]).run()),
            _keep_going("experience", ExperienceWorker(database, firm).run()),
            _keep_going("customer tiers", TiersWorker(database, firm).run()),
            _keep_going("timers", TimerWorker(database, firm, app[CONNECTORS], hub, IN_OUR_STORE).run()),
            _keep_going("remedies", TimerWorker(database, firm, app[CONNECTORS], hub, AT_OTHER_SYSTEMS).run()),
            _keep_going("presence", watch_presence(database, firm)),
            _keep_going("guarantees", GuaranteeWorker(database, firm).run()),
            _keep_going("incidents", IncidentWorker(database, firm).run()),
            _keep_going("alarms", watch_complaints(database, firm)),
            _keep_going("improvement", ImprovementWorker(database, firm.zone, app[SETTINGS].firm).run()),
            _keep_going("fixes", FixWorker(database, firm).run()),
        ]
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    app.on_startup.append(scopes)
    app.cleanup_ctx.append(resources)
    if parts.workers:
        app.cleanup_ctx.append(workers)
        app.cleanup_ctx.append(attachments.sweeping)
        app.on_startup.append(canned_replies.add_first)
    return app


def _keep_going(name: str, worker: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Run a worker; should one end in spite of itself, the process must not live on without it."""

    async def run() -> None:
        try:
            await worker
        except Exception:
            log.exception("worker ended", worker=name)
        # In good order; the supervisor starts the process again.
        signal.raise_signal(signal.SIGTERM)

    return asyncio.create_task(run(), name=name)
