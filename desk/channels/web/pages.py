"""The chat page, the privacy notice and the script that embeds the chat; what protects them."""

from pathlib import Path
from urllib.parse import urlsplit

import aiohttp_jinja2
import jinja2
from aiohttp import web

from actions.firm import Firm
from desk.keys import FIRM, SETTINGS

_HERE = Path(__file__).parent
STATIC = _HERE / "static"
_NAMES = frozenset(path.name for path in STATIC.iterdir())
# Its own key: the console keeps its templates apart.
_TEMPLATES = web.AppKey("chat_templates", jinja2.Environment)


def set_up_templates(app: web.Application) -> None:
    aiohttp_jinja2.setup(app, app_key=_TEMPLATES, loader=jinja2.FileSystemLoader(_HERE / "templates"))


async def chat_page(request: web.Request) -> web.Response:
    """The chat; ``?embedded=1`` within the widget's frame, ``?language=`` to fix the language."""
    firm = request.app[FIRM]
    language = request.query.get("language")
    return aiohttp_jinja2.render_template(
        "chat.html",
        request,
        {
            "name": firm.file.name,
            "language": language if language in ("zh", "en") else "",
            "page_language": language if language in ("zh", "en") else accepted_language(request, firm),
            "embedded": request.query.get("embedded") == "1",
        },
        app_key=_TEMPLATES,
    )


async def privacy_page(request: web.Request) -> web.Response:
    """What becomes of what is said here, in both languages."""
    firm = request.app[FIRM]
    return aiohttp_jinja2.render_template(
        "privacy.html",
        request,
        {
            "name": firm.file.name,
            "notice": firm.file.privacy_notice,
            "page_language": accepted_language(request, firm),
        },
        app_key=_TEMPLATES,
    )


async def widget_script(_: web.Request) -> web.FileResponse:
    """The script that another site embeds with one tag."""
    return web.FileResponse(STATIC / "widget.js")


async def static_file(request: web.Request) -> web.FileResponse:
    """A part of the page; unlike aiohttp's own route for folders, it tells in the one form that there is none."""
    if (name := request.match_info["name"]) not in _NAMES:
        raise web.HTTPNotFound
    return web.FileResponse(STATIC / name)


async def protect(request: web.Request, response: web.StreamResponse) -> None:
    """Put the protecting headers on everything of the web chat, errors too."""
    path = request.path
    if path not in ("/", "/widget.js") and not path.startswith("/chat/"):
        return
    headers = response.headers
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    # Files that people sent bring a stricter one.
    headers.setdefault("Content-Security-Policy", content_security_policy(request.app[SETTINGS].widget_sites))
    if path == "/widget.js":
        # A site that isolates itself (COEP) may embed it all the same.
        headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    if path == "/widget.js" or path.startswith("/chat/static/"):
        # Asked for again each time, and answered 304 by its ETag: modules of two versions never meet.
        headers["Cache-Control"] = "no-cache"
    else:
        headers.setdefault("Cache-Control", "no-store")


def content_security_policy(widget_sites: tuple[str, ...]) -> str:
    """What the page may load, and which sites may show it in a frame."""
    origins = ("{0.scheme}://{0.netloc}".format(urlsplit(site)) for site in widget_sites)
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "connect-src 'self'",
            "img-src 'self' data:",
            " ".join(("frame-ancestors 'self'", *origins)),
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def accepted_language(request: web.Request, firm: Firm) -> str:
    """The first of ``Accept-Language`` that is spoken here, else the firm's own; the page's script looks again."""
    for part in request.headers.get("Accept-Language", "").split(","):
        primary = part.partition(";")[0].strip().lower().partition("-")[0]
        if primary in ("zh", "en"):
            return primary
    return firm.file.language
