"""What every request of the desk passes: who is it, may they, did our own page send it."""

import hmac
from urllib.parse import quote, urlsplit

import structlog
from aiohttp import web

from desk.console import sessions
from desk.console.keys import CSRF, CSRF_KEY, SIGNED_IN
from desk.console.pages import render_error, say
from desk.console.permissions import PREFIX, Rule, rule_for
from desk.errors import Handler, error_response
from desk.keys import DATABASE, SETTINGS

log = structlog.get_logger()

LOG_IN = f"{PREFIX}/login"
CHANGE_PASSWORD = f"{PREFIX}/password"
_WITH_ONE_TIME_PASSWORD = {CHANGE_PASSWORD, f"{PREFIX}/logout", f"{PREFIX}/language"}
# Sent by scripts of our pages that look again by themselves: no sign of life of the person.
BACKGROUND = "X-Amends-Background"
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf"

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # Not `no-referrer`: browsers would send `Origin: null` with our own forms.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_STATIC = f"{PREFIX}/static/"


def is_of_desk(request: web.Request) -> bool:
    """Whether a request is for the console."""
    return request.path == PREFIX or request.path.startswith(PREFIX + "/")


def wants_json(request: web.Request) -> bool:
    """Whether a script asks, who shows errors by itself."""
    return "application/json" in request.headers.get("Accept", "")


async def set_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Forbid what the pages do not need; on streams, too."""
    if is_of_desk(request):
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        caching = "no-cache" if request.path.startswith(_STATIC) else "no-store"
        response.headers["Cache-Control"] = caching


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let through whom the table of permissions lets through."""
    if not is_of_desk(request):
        return await handler(request)
    try:
        token = request.cookies.get(sessions.COOKIE) or sessions.new_token()
        request[CSRF] = sessions.csrf_token(request.app[CSRF_KEY], token)
        rule = rule_for(request)
        if not request.path.startswith(_STATIC):
            await _recognise(request, token)
        response = await _refusal(request, rule) or await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return await tell(request, error.status, f"http.status_{error.status}")
    except ConnectionResetError:
        raise
    except Exception as error:
        log.exception("request of the desk failed", kind=type(error).__name__)
        return await tell(request, 500, "http.status_500")
    newcomer = sessions.COOKIE not in request.cookies and not request.path.startswith(_STATIC)
    if newcomer and sessions.COOKIE not in response.cookies and not response.prepared:
        # Nobody is signed in by it yet; it binds the forms of the log-in page to this browser.
        set_cookie(request, response, token)
    return response


async def tell(request: web.Request, status: int, key: str) -> web.Response:
    """Say what is wrong, as a page or for a script."""
    known = key if status in (400, 401, 403, 404, 405, 413, 500) or not key.startswith("http.status_") else "http.other"
    if wants_json(request):
        return error_response(status, say(request, known))
    return await render_error(request, status, known)


def set_cookie(request: web.Request, response: web.StreamResponse, token: str) -> None:
    """Give the browser its token: unreadable for scripts, sent to the desk's own pages only."""
    response.set_cookie(
        sessions.COOKIE,
        token,
        path=PREFIX,
        httponly=True,
        samesite="Strict",
        secure=request.app[SETTINGS].address.startswith("https://"),
    )


async def _recognise(request: web.Request, token: str) -> None:
    database = request.app[DATABASE]
    signed_in = await database.read(sessions.find, sessions.digest_of(token))
    if signed_in is None:
        return
    request[SIGNED_IN] = signed_in
    if signed_in.worth_noting and BACKGROUND not in request.headers and request.path != f"{PREFIX}/events":
        await database.run(sessions.note_seen, signed_in.digest)


async def _refusal(request: web.Request, rule: Rule | None) -> web.StreamResponse | None:
    """Why the request goes no further, or None."""
    if rule is None:
        return None  # no such page; the router says so
    if request.method not in ("GET", "HEAD") and not await _is_ours(request):
        return await tell(request, 403, "http.not_ours")
    if rule.public:
        return None
    signed_in = request.get(SIGNED_IN)
    if signed_in is None:
        if wants_json(request) or request.path == f"{PREFIX}/events":
            return error_response(401, say(request, "http.status_401"))
        back = request.rel_url.path_qs if request.method == "GET" else f"{PREFIX}/"
        raise web.HTTPSeeOther(f"{LOG_IN}?next={quote(back, safe='')}")
    if signed_in.staff.must_change_password and request.path not in _WITH_ONE_TIME_PASSWORD:
        raise web.HTTPSeeOther(CHANGE_PASSWORD)
    if signed_in.staff.role not in rule.roles:
        return await tell(request, 403, "http.status_403")
    return None


async def _is_ours(request: web.Request) -> bool:
    """Whether one of our pages sent this: the browser says so, and it carries what only they know."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("Origin")
    if origin is not None and origin not in _own_origins(request):
        return False
    given = request.headers.get(CSRF_HEADER)
    if given is None:
        given = str((await request.post()).get(CSRF_FIELD, ""))
    return hmac.compare_digest(given.encode(), request[CSRF].encode())


def _own_origins(request: web.Request) -> set[str]:
    """The public address, and the one this browser used: behind a proxy they differ in scheme, on a laptop in name."""
    public = urlsplit(request.app[SETTINGS].address)
    return {f"{public.scheme}://{public.netloc}", f"{request.scheme}://{request.host}"}
