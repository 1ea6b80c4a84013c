"""What every request of the desk passes: who is it, may they, did our own page send it."""

import hmac
from urllib.parse import quote, urlsplit

import structlog
from aiohttp import web
from aiohttp.http_exceptions import BadHttpMessage

from desk.console import sessions
from desk.console.keys import CSRF, CSRF_KEY, SIGNED_IN
from desk.console.pages import render_error, say
from desk.console.permissions import PREFIX, Rule, rule_for, rule_path
from desk.console.sessions import held_back
from desk.errors import Handler, error_response
from desk.keys import DATABASE, FIRM, SETTINGS

log = structlog.get_logger()

LOG_IN = f"{PREFIX}/login"
CHANGE_PASSWORD = f"{PREFIX}/password"
SECOND_FACTOR = f"{PREFIX}/account/second-factor"
_WITH_ONE_TIME_PASSWORD = {CHANGE_PASSWORD, f"{PREFIX}/logout", f"{PREFIX}/language"}
_WITHOUT_SECOND_FACTOR = {
    *_WITH_ONE_TIME_PASSWORD,
    *(SECOND_FACTOR, f"{SECOND_FACTOR}/begin", f"{SECOND_FACTOR}/confirm", f"{SECOND_FACTOR}/remove"),
}
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
_VERSIONED = f"{PREFIX}/analytics/plotly.js"
# Forms that carry files, and how large they may be: five files of 10 MiB and what is around them.
_UPLOADS = {
    f"{PREFIX}/conversations/{{public_id}}/files",
    f"{PREFIX}/incidents/new",
    f"{PREFIX}/incidents/{{public_id}}/change",
}
_UPLOAD_SIZE = 5 * 10 * 1024 * 1024 + 64 * 1024
# What a form raises that no browser sends: bytes that are no text, an unknown charset, parts without a name or an end.
_UNREADABLE = (ValueError, LookupError, BadHttpMessage, web.RequestPayloadError)
# No file system knows a longer name.
_LONGEST_NAME = 255


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
        if request.path == _VERSIONED and "v" in request.query and response.status == 200:
            # Its address tells its version.
            caching = "private, max-age=31536000, immutable"
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
        if _names_nothing(request):
            raise web.HTTPNotFound
        if "\0" in request.query_string:
            # PostgreSQL does not even look for it.
            raise web.HTTPBadRequest
        if not request.path.startswith(_STATIC):
            await _recognise(request, token)
        if SIGNED_IN in request and rule_path(request) in _UPLOADS:
            # Only of people who are signed in is a body of that size read at all.
            request = request.clone(client_max_size=_UPLOAD_SIZE)
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
        # Not `Strict`: who follows a link from their web mail would come without it, and be given another.
        samesite="Lax",
        secure=request.app[SETTINGS].address.startswith("https://"),
    )


async def _recognise(request: web.Request, token: str) -> None:
    database = request.app[DATABASE]
    signed_in = await database.read(sessions.find, sessions.digest_of(token))
    if signed_in is None:
        return
    request[SIGNED_IN] = signed_in
    if signed_in.worth_noting and BACKGROUND not in request.headers and request.path != f"{PREFIX}/events":
        await database.run(sessions.note_seen, signed_in.digest, request.app[FIRM].security.session_idle)


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
    held = held_back(request.app[FIRM].security, signed_in.staff)
    if held == "password" and request.path not in _WITH_ONE_TIME_PASSWORD:
        raise web.HTTPSeeOther(CHANGE_PASSWORD)
    if held == "second_factor" and request.path not in _WITHOUT_SECOND_FACTOR:
        raise web.HTTPSeeOther(SECOND_FACTOR)
    if signed_in.staff.role not in rule.roles:
        return await tell(request, 403, "http.status_403")
    await _read_form(request)
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
        await _read_form(request)
        given = str((await request.post()).get(CSRF_FIELD, ""))
    return hmac.compare_digest(given.encode(errors="replace"), request[CSRF].encode())


async def _read_form(request: web.Request) -> None:
    """Read the form, so that whoever asks for it later finds it read.

    Raises:
        HTTPBadRequest: it is none.
    """
    try:
        await request.post()
    except _UNREADABLE:
        raise web.HTTPBadRequest from None


def _names_nothing(request: web.Request) -> bool:
    """Whether the path holds what neither a database nor a file system can be asked for."""
    return "\0" in request.path or any(len(part.encode()) > _LONGEST_NAME for part in request.path.split("/"))


def _own_origins(request: web.Request) -> set[str]:
    """The public address, and the one this browser used: behind a proxy they differ in scheme, on a laptop in name."""
    public = urlsplit(request.app[SETTINGS].address)
    return {f"{public.scheme}://{public.netloc}", f"{request.scheme}://{request.host}"}
