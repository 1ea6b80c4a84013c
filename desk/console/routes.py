"""The console's routes; who may call each stands in :mod:`desk.console.permissions`."""

from pathlib import Path

from aiohttp import web

from desk.audit_log import ChainCheck
from desk.console import (
    account_routes,
    accounts,
    case_work_deeds,
    channels,
    crisis,
    customer_rights,
    deeds,
    identities,
    incidents,
    list_pages,
    notification_settings,
    notifications,
    presence,
    recording,
    reply_routes,
    report_pages,
    saved_views,
    transfers,
    views,
    waiting,
    wallboard,
)
from desk.console.events import events
from desk.console.guard import guard, set_headers
from desk.console.improvement.routes import ROUTES as IMPROVEMENT_ROUTES
from desk.console.keys import AUDIT_CHECK, CSRF_KEY, GUESSES, OPEN_STREAMS, RETENTION, SEAL, TEMPLATES, WATCH, WORDS
from desk.console.open_streams import OpenStreams
from desk.console.pages import make_environment, read_words
from desk.console.permissions import check_rules
from desk.console.quality.routes import ROUTES as QUALITY_ROUTES
from desk.console.watch import Watch
from desk.keys import DATABASE, SETTINGS
from desk.limits import RateLimit
from desk.second_factor import make_seal
from store.retention import read_retention

# Failed log-ins from one address, where a whole office may sit: so many at once, as many again in so many seconds.
_GUESSES_AT_ONCE, _GUESSES_AGAIN_AFTER = 40, 600.0

_ROUTES = [
    web.get("/desk", accounts.home),
    web.get("/desk/login", accounts.log_in_page),
    web.post("/desk/login", accounts.post_log_in),
    web.get("/desk/login/code", accounts.code_page),
    web.post("/desk/login/code", accounts.post_code),
    web.post("/desk/logout", accounts.post_log_out),
    web.get("/desk/password", accounts.password_page),
    web.post("/desk/password", accounts.post_password),
    web.post("/desk/language", accounts.post_language),
    web.get("/desk/", list_pages.queue_page),
    web.get("/desk/events", events),
    web.post("/desk/views", saved_views.post_view),
    web.post("/desk/views/{public_id}/rename", saved_views.post_name),
    web.post("/desk/views/{public_id}/delete", saved_views.post_delete),
    web.get("/desk/conversations", list_pages.conversations_page),
    web.get("/desk/conversations/{public_id}", views.conversation_page),
    web.post("/desk/conversations/{public_id}/take", deeds.take),
    web.post("/desk/conversations/{public_id}/answer", deeds.answer),
    web.post("/desk/conversations/{public_id}/give-back", deeds.give_back),
    web.post("/desk/conversations/{public_id}/close", deeds.close),
    web.post("/desk/conversations/{public_id}/wait", waiting.post_wait),
    web.post("/desk/conversations/{public_id}/go-on", waiting.post_go_on),
    web.post("/desk/cases/{number}/correct", deeds.correct),
    web.post("/desk/offers/{public_id}/approve", deeds.approve),
    web.post("/desk/offers/{public_id}/refuse", deeds.refuse),
    web.post("/desk/promises/{public_id}/done", deeds.keep_promise),
    web.post("/desk/promises/{public_id}/move", deeds.move_promise),
    web.get("/desk/complaints/new", recording.recording_page),
    web.post("/desk/complaints/new", recording.post_recording),
    web.post("/desk/complaints/reading", recording.read_words),
    web.get("/desk/complaints/{number}/recorded", recording.recorded_page),
    web.post("/desk/conversations/{public_id}/told", recording.post_told),
    *notifications.ROUTES,
    *notification_settings.ROUTES,
    *channels.ROUTES,
    *account_routes.ROUTES,
    *reply_routes.ROUTES,
    *case_work_deeds.CASE_WORK_ROUTES,
    web.post("/desk/presence", presence.post_presence),
    web.post("/desk/conversations/{public_id}/transfer", transfers.post_transfer),
    web.get("/desk/customers/{public_id}/rights", customer_rights.rights_page),
    web.post("/desk/customers/{public_id}/export", customer_rights.post_export),
    web.post("/desk/customers/{public_id}/erase", customer_rights.post_erase),
    web.get("/desk/erasures", customer_rights.erasures_page),
    web.post("/desk/erasures/{public_id}/withdraw", customer_rights.post_withdraw),
    web.get("/desk/wallboard", wallboard.wallboard_page),
    *QUALITY_ROUTES,
    *report_pages.ROUTES,
    *IMPROVEMENT_ROUTES,
    *crisis.ROUTES,
    *incidents.ROUTES,
    web.post("/desk/customers/{public_id}/link", identities.post_link),
    web.post("/desk/customer-links/{public_id}/undo", identities.post_unlink),
    web.post("/desk/conversations/{public_id}/answer-elsewhere", identities.post_answer),
    web.static("/desk/static", Path(__file__).parent / "static"),
]


def add_routes(app: web.Application) -> None:
    """Add the console to the desk.

    Raises:
        FirmDataError: its catalogues of words contradict each other.
    """
    app[TEMPLATES] = make_environment()
    app[WORDS] = read_words()
    app[WATCH] = Watch(app[DATABASE])
    app[RETENTION] = read_retention(app[SETTINGS].firm)
    app[wallboard.FIGURES] = wallboard.Figures()
    app[CSRF_KEY] = app[SETTINGS].secret("session_key").encode()
    app[SEAL] = make_seal(app[SETTINGS].secret("session_key"))
    app[GUESSES] = RateLimit(_GUESSES_AT_ONCE, seconds=_GUESSES_AGAIN_AFTER)
    app[OPEN_STREAMS] = OpenStreams(app[DATABASE])
    app[AUDIT_CHECK] = ChainCheck(app[DATABASE])
    app[report_pages.WAITING] = [0]
    app.middlewares.append(guard)
    app.add_routes(_ROUTES)
    app.on_response_prepare.append(set_headers)
    app.on_startup.append(_check_rules)
    app.on_shutdown.append(_end_streams)


async def _check_rules(app: web.Application) -> None:
    check_rules(app)


async def _end_streams(app: web.Application) -> None:
    await app[WATCH].end()
    await app[OPEN_STREAMS].end()
    await app[AUDIT_CHECK].end()
