"""The pages of one's own account: log in, log out, password, language."""

from aiohttp import web

from actions.words.catalogue import LANGUAGES
from desk import accounts
from desk.console import sessions
from desk.console.guard import set_cookie
from desk.console.keys import SIGNED_IN
from desk.console.log_in import log_in
from desk.console.pages import render, say
from desk.console.permissions import PREFIX
from desk.keys import DATABASE
from store.audit import append
from store.database import UnitOfWork
from store.tables import Staff

_HOME = f"{PREFIX}/"


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
    form = await request.post()
    login, after = str(form.get("login", "")).strip(), _next(str(form.get("next", "")))
    token = await log_in(request.app[DATABASE], login, str(form.get("password", "")))
    if token is None:
        error = say(request, "login.wrong")
        return await render(request, "login.html", status=401, login=login, next=after, error=error)
    if SIGNED_IN in request:
        await request.app[DATABASE].run(sessions.sign_out, request[SIGNED_IN].digest)
    response = web.HTTPSeeOther(after)
    set_cookie(request, response, token)
    raise response


async def post_log_out(request: web.Request) -> web.StreamResponse:
    """End the session."""
    await request.app[DATABASE].run(sessions.sign_out, request[SIGNED_IN].digest)
    response = web.HTTPSeeOther(f"{PREFIX}/login")
    response.del_cookie(sessions.COOKIE, path=PREFIX)
    raise response


async def password_page(request: web.Request) -> web.StreamResponse:
    """The form to change one's password."""
    return await render(request, "password.html", error=None)


async def post_password(request: web.Request) -> web.StreamResponse:
    """Change one's password; other sessions end, since whoever has them may have known the old one."""
    form, me = await request.post(), request[SIGNED_IN]
    old, new, again = (str(form.get(name, "")) for name in ("old", "new", "again"))
    if new != again:
        return await render(request, "password.html", status=422, error=say(request, "password.differ"))
    try:
        await request.app[DATABASE].run(_change_password, me, old, new)
    except accounts.AccountRefused as error:
        words = say(request, f"password.{error}", length=accounts.PASSWORD_LENGTH)
        return await render(request, "password.html", status=422, error=words)
    raise web.HTTPSeeOther(_HOME)


async def post_language(request: web.Request) -> web.StreamResponse:
    """Read the desk in another language from now on."""
    form = await request.post()
    language = str(form.get("language", ""))
    if language not in LANGUAGES:
        raise web.HTTPBadRequest
    await request.app[DATABASE].run(_set_language, request[SIGNED_IN].staff.id, language)
    raise web.HTTPSeeOther(_next(str(form.get("next", ""))))


def _change_password(work: UnitOfWork, me: sessions.SignedIn, old: str, new: str) -> None:
    accounts.change_password(work, me.staff.id, old, new)
    sessions.sign_out_elsewhere(work, me.staff.id, me.digest)
    login = me.staff.login
    append(work, login, "change_password", login)


def _set_language(work: UnitOfWork, staff_id: int, language: str) -> None:
    work.session.get_one(Staff, staff_id).language = language


def _next(path: str) -> str:
    """Where to go on to: a page of the desk and nothing else, whatever the address asked for."""
    plain = path.isprintable() and path.isascii() and "\\" not in path
    return path if plain and path.startswith(_HOME) and not path.startswith(f"{PREFIX}/login") else _HOME
