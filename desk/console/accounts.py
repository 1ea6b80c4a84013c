"""The pages by which one comes and goes: log in, code, log out, password, language."""

from datetime import timedelta
from urllib.parse import quote

from aiohttp import web

from actions.conversations import storable
from actions.words.catalogue import LANGUAGES
from actions.words.formats import show_span
from desk import accounts
from desk.console import sessions
from desk.console.guard import set_cookie
from desk.console.keys import GUESSES, SEAL, SIGNED_IN
from desk.console.log_in import aside, check_own_password, give_code, log_in
from desk.console.pages import language_of, render, say
from desk.console.permissions import PREFIX
from desk.keys import DATABASE, FIRM
from desk.limits import caller_address, caller_network
from store.database import UnitOfWork
from store.tables import Staff

_HOME = f"{PREFIX}/"
CODE = f"{PREFIX}/login/code"


async def home(request: web.Request) -> web.StreamResponse:
    """``/desk`` is ``/desk/``."""
    raise web.HTTPSeeOther(_HOME)


async def log_in_page(request: web.Request) -> web.StreamResponse:
    """The form; whoever is signed in goes on."""
    if SIGNED_IN in request:
        raise web.HTTPSeeOther(_next(request.query.get("next", "")))
    return await render(request, "login.html", login="", next=_next(request.query.get("next", "")), error=None)


async def post_log_in(request: web.Request) -> web.StreamResponse:
    """Sign in; the browser gets a new token, so that one planted before is worth nothing."""
    app, form = request.app, await request.post()
    login, after = storable(str(form.get("login", ""))).strip(), _next(str(form.get("next", "")))
    password, caller = str(form.get("password", "")), caller_network(request)
    if wait := app[GUESSES].wait(caller):
        error = say(request, "login.too_often", span=show_span(timedelta(seconds=wait), language_of(request)))
        response = await render(request, "login.html", status=429, login=login, next=after, error=error)
        response.headers["Retry-After"] = str(wait)
        return response
    entered = await log_in(app[DATABASE], app[FIRM].security, login, password, browser_of(request))
    if entered is None:
        app[GUESSES].take(caller)
        return await render(
            request, "login.html", status=401, login=login, next=after, error=_lock_words(request, "login.wrong")
        )
    if SIGNED_IN in request:
        await app[DATABASE].run(sessions.sign_out, request[SIGNED_IN].digest)
    asked = f"?language={request.query['language']}" if request.query.get("language") in LANGUAGES else ""
    further = f"{asked}{'&' if asked else '?'}next={quote(after, safe='')}"
    response = web.HTTPSeeOther(f"{CODE}{further}" if entered.needs_code else after)
    set_cookie(request, response, entered.token)
    raise response


async def code_page(request: web.Request) -> web.StreamResponse:
    """The form for the code of the second factor, for who has just given their password."""
    after = _next(request.query.get("next", ""))
    if SIGNED_IN in request:
        raise web.HTTPSeeOther(after)
    if await request.app[DATABASE].read(sessions.find_awaiting, _digest(request)) is None:
        raise web.HTTPSeeOther(f"{PREFIX}/login")
    return await render(request, "login_code.html", next=after, error=None)


async def post_code(request: web.Request) -> web.StreamResponse:
    """Give the code; the browser gets a new token once more."""
    app, form = request.app, await request.post()
    after = _next(str(form.get("next", "")))
    if SIGNED_IN in request:
        raise web.HTTPSeeOther(after)
    outcome = await give_code(
        *(app[DATABASE], app[FIRM].security, app[SEAL], _digest(request)),
        storable(str(form.get("code", "")))[:64],
        browser_of(request),
    )
    if outcome == "wrong":
        return await render(request, "login_code.html", status=401, next=after, error=say(request, "code.wrong"))
    if outcome == "ended":
        error = _lock_words(request, "code.ended")
        return await render(request, "login.html", status=401, login="", next=after, error=error)
    response = web.HTTPSeeOther(after)
    set_cookie(request, response, outcome)
    raise response


async def post_log_out(request: web.Request) -> web.StreamResponse:
    """End the session."""
    await request.app[DATABASE].run(sessions.sign_out, request[SIGNED_IN].digest)
    response = web.HTTPSeeOther(f"{PREFIX}/login")
    response.del_cookie(sessions.COOKIE, path=PREFIX)
    raise response


async def password_page(request: web.Request) -> web.StreamResponse:
    """The form to change one's password."""
    return await _show_password_form(request)


async def post_password(request: web.Request) -> web.StreamResponse:
    """Change one's password; other sessions end, since whoever has them may have known the old one."""
    form, me = await request.post(), request[SIGNED_IN]
    old, new, again = (str(form.get(name, "")) for name in ("old", "new", "again"))
    if new != again:
        return await _show_password_form(request, say(request, "password.differ"))
    app = request.app
    try:
        checked = await check_own_password(app[DATABASE], app[FIRM].security, me.staff.id, old)
        accounts.check_new_password(old, new)
        digest = await aside(accounts.hash_password, new)
        await app[DATABASE].run(_change_password, me, checked, digest)
    except accounts.AccountRefused as error:
        words = say(request, f"refused.{error.code}", length=accounts.PASSWORD_LENGTH)
        return await _show_password_form(request, words)
    raise web.HTTPSeeOther(_HOME)


async def post_language(request: web.Request) -> web.StreamResponse:
    """Read the desk in another language from now on."""
    form = await request.post()
    language = str(form.get("language", ""))
    if language not in LANGUAGES:
        raise web.HTTPBadRequest
    await request.app[DATABASE].run(_set_language, request[SIGNED_IN].staff.id, language)
    raise web.HTTPSeeOther(_next(str(form.get("next", ""))))


async def _show_password_form(request: web.Request, error: str | None = None) -> web.StreamResponse:
    status = 422 if error else 200
    return await render(request, "password.html", status=status, error=error, length=accounts.PASSWORD_LENGTH)


def _change_password(work: UnitOfWork, me: sessions.SignedIn, old_digest: str, new_digest: str) -> None:
    accounts.change_password(work, me.staff.id, old_digest, new_digest)
    sessions.sign_out_elsewhere(work, me.staff.id, me.digest)


def _set_language(work: UnitOfWork, staff_id: int, language: str) -> None:
    work.session.get_one(Staff, staff_id).language = language


def browser_of(request: web.Request) -> sessions.Browser:
    """What is known of the browser that asks."""
    return sessions.Browser(storable(request.headers.get("User-Agent", "")), storable(caller_address(request)))


def _digest(request: web.Request) -> str:
    return sessions.digest_of(request.cookies.get(sessions.COOKIE, ""))


def _lock_words(request: web.Request, key: str) -> str:
    """A sentence that tells after how many failures an account is locked, and how long."""
    security, language = request.app[FIRM].security, language_of(request)
    return say(request, key, failures=security.failures_before_lock, span=show_span(security.locked_for, language))


def _next(path: str) -> str:
    """Where to go on to: a page of the desk and nothing else, whatever the address asked for."""
    plain = path.isprintable() and path.isascii() and "\\" not in path
    return path if plain and path.startswith(_HOME) and not path.startswith(f"{PREFIX}/login") else _HOME
