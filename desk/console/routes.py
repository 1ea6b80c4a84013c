"""The console's routes; who may call each stands in :mod:`desk.console.permissions`."""

from pathlib import Path

from aiohttp import web

from desk.console import accounts, deeds, views
from desk.console.events import events
from desk.console.guard import guard, set_headers
from desk.console.keys import CSRF_KEY, TEMPLATES, WATCH, WORDS
from desk.console.pages import make_environment, read_words
from desk.console.permissions import check_rules
from desk.console.watch import Watch
from desk.keys import DATABASE, SETTINGS

_ROUTES = [
    web.get("/desk", accounts.home),
    web.get("/desk/login", accounts.log_in_page),
    web.post("/desk/login", accounts.post_log_in),
    web.post("/desk/logout", accounts.post_log_out),
    web.get("/desk/password", accounts.password_page),
    web.post("/desk/password", accounts.post_password),
    web.post("/desk/language", accounts.post_language),
    web.get("/desk/", views.queue_page),
    web.get("/desk/events", events),
    web.get("/desk/conversations", views.conversations_page),
    web.get("/desk/conversations/{public_id}", views.conversation_page),
    web.post("/desk/conversations/{public_id}/take", deeds.take),
    web.post("/desk/conversations/{public_id}/answer", deeds.answer),
    web.post("/desk/conversations/{public_id}/give-back", deeds.give_back),
    web.post("/desk/conversations/{public_id}/close", deeds.close),
    web.post("/desk/cases/{number}/correct", deeds.correct),
    web.post("/desk/offers/{offer_id}/approve", deeds.approve),
    web.post("/desk/offers/{offer_id}/refuse", deeds.refuse),
    web.post("/desk/promises/{public_id}/done", deeds.keep_promise),
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
    app[CSRF_KEY] = app[SETTINGS].secret("session_key").encode()
    app.middlewares.append(guard)
    app.add_routes(_ROUTES)
    app.on_response_prepare.append(set_headers)
    app.on_startup.append(_check_rules)
    app.on_shutdown.append(_end_streams)


async def _check_rules(app: web.Application) -> None:
    check_rules(app)


async def _end_streams(app: web.Application) -> None:
    await app[WATCH].end()
