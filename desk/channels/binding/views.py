"""``/bind/{token}``: asks for consent, sends the customer to WeChat, and takes them back.

Opening the page binds nobody: somebody could send their own link to another, whose complaints would then count as
theirs. Whoever agrees has a cookie of this page, and pressed its button, which says what is in the cookie; without both
nobody gets on, or comes back. So another page cannot lead its visitors through without their knowing.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlencode

import aiohttp_jinja2
import jinja2
import segno
import structlog
from aiohttp import web

from actions.binding import Link, bind, find_link
from actions.conversations import Address
from desk.channels.accounts import WECHAT, wecom_parts
from desk.channels.tencent.calling import Refused
from desk.channels.web.pages import accepted_language
from desk.keys import CHANNELS, CLIENTS, DATABASE, FIRM, SETTINGS

log = structlog.get_logger()

PREFIX = "/bind/"
_COOKIE = "amends_bind"
_COOKIE_SECONDS = 900
_MARK = re.compile(r"[0-9a-f]{32}")
# "scene": up to 32 characters; given so that a parameter may be added to the address.
_CONTACT_SCENE = "amends"
# A code drawn for a page that is loaded again and again; above so many all are forgotten.
_CODES_AT_MOST = 500
_TEMPLATES = web.AppKey("binding_templates", jinja2.Environment)
_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class _Code:
    content: str
    until: datetime


_CODES = web.AppKey("binding_codes", dict[str, _Code])


def set_up(app: web.Application) -> None:
    """Add the pages."""
    environment = jinja2.FileSystemLoader(Path(__file__).parent / "templates")
    aiohttp_jinja2.setup(app, app_key=_TEMPLATES, loader=environment)
    app[_CODES] = {}
    app.add_routes(
        [
            web.get("/bind/done", done),
            web.get("/bind/{token}", consent),
            web.get("/bind/{token}/go", go),
            web.get("/bind/{token}/back", back),
        ]
    )
    app.on_response_prepare.append(protect)


async def consent(request: web.Request) -> web.StreamResponse:
    """What will be bound, and the button that agrees."""
    link = await _link(request)
    if link is None:
        return _gone(request)
    firm, by_wechat = request.app[FIRM], link.channel == WECHAT
    in_wechat = "micromessenger" in request.headers.get("User-Agent", "").lower()
    may_ask = not by_wechat or request.app[CHANNELS].wechat[link.account].file.oauth
    code = None
    if by_wechat and not (in_wechat and may_ask):
        # Read from the screen by a phone, or pressed long within WeChat.
        code = await _code(request, link)
    button = may_ask and (in_wechat or not by_wechat)
    words = ["binding.title", "binding.explain"]
    if button:
        words += ["binding.consent", "binding.go" if by_wechat else "binding.enter"]
    elif code is not None:
        words.append("binding.press" if in_wechat else "binding.scan")
    else:
        words.append("binding.open")
    # The one there is, so that the button still works on a page that was opened before.
    mark = _mark(request) or secrets.token_hex(16)
    response = _page(
        request,
        [*words, "binding.until"],
        go=f"{PREFIX}{request.match_info['token']}/go?{urlencode({'agreed': mark})}" if button else None,
        code=segno.make(code, error="m").svg_data_uri(scale=6, border=4, light="#fff") if code else None,
        until=firm.local(link.expires_at),
    )
    secure = request.app[SETTINGS].address.startswith("https://")
    response.set_cookie(
        _COOKIE,
        mark,
        max_age=_COOKIE_SECONDS,
        # Not narrowed to the token's path, which would put the token into one more header.
        path="/bind",
        httponly=True,
        secure=secure,
        # Sent along when WeChat sends the customer back.
        samesite="Lax",
    )
    return response


async def go(request: web.Request) -> web.StreamResponse:
    """On to WeChat: to the page that tells us who it is, or into the chat of WeCom's customer service."""
    token, link, mark = request.match_info["token"], await _link(request), _mark(request)
    if link is None:
        return _gone(request)
    if not _says(request, "agreed", mark):
        raise web.HTTPSeeOther(f"{PREFIX}{token}")
    if link.channel == WECHAT:
        file = request.app[CHANNELS].wechat[link.account].file
        # The order of the parameters is Tencent's; another is refused.
        query = urlencode(
            {
                "appid": file.app_id,
                "redirect_uri": f"{request.app[SETTINGS].address}{PREFIX}{token}/back",
                "response_type": "code",
                "scope": "snsapi_base",
                "state": mark,
            }
        )
        raise web.HTTPSeeOther(f"{file.authorize}/connect/oauth2/authorize?{query}#wechat_redirect")
    key, open_kfid = wecom_parts(link.account)
    try:
        address = await request.app[CLIENTS].wecom[key].add_contact_way(open_kfid, _CONTACT_SCENE)
    except Refused as error:
        log.warning("no way into the chat", account=link.account, errcode=error.code)
        return _failed(request, token)
    joint = "&" if "?" in address else "?"
    raise web.HTTPSeeOther(f"{address}{joint}{urlencode({'scene_param': token})}")


async def back(request: web.Request) -> web.StreamResponse:
    """The customer comes back with a code that tells who they are."""
    token, link = request.match_info["token"], await _link(request)
    if link is None or link.channel != WECHAT:
        return _gone(request)
    code = request.query.get("code", "")
    if not _says(request, "state", _mark(request)) or not 0 < len(code) <= 512:
        raise web.HTTPSeeOther(f"{PREFIX}{token}")
    try:
        openid = await request.app[CLIENTS].wechat[link.account].openid_of(code)
    except Refused as error:
        log.warning("not told who opened a link", account=link.account, errcode=error.code)
        return _failed(request, token)
    if not await request.app[DATABASE].run(bind, token, Address(WECHAT, openid, link.account)):
        return _gone(request)
    response = web.HTTPSeeOther("/bind/done")
    response.del_cookie(_COOKIE, path="/bind")
    raise response


async def done(request: web.Request) -> web.StreamResponse:
    """It is bound; loading this again does nothing."""
    return _page(request, ["binding.done_title", "binding.done"])


async def protect(request: web.Request, response: web.StreamResponse) -> None:
    """Put the protecting headers on these pages, errors too; the address is a secret and goes nowhere else."""
    if request.path.startswith(PREFIX):
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Robots-Tag"] = "noindex"


def _mark(request: web.Request) -> str:
    """What the cookie of these pages holds; empty where there is none of ours."""
    found = request.cookies.get(_COOKIE, "")
    return found if _MARK.fullmatch(found) else ""


def _says(request: web.Request, parameter: str, mark: str) -> bool:
    said = request.query.get(parameter, "").encode("utf-8", "replace")
    return bool(mark) and secrets.compare_digest(said, mark.encode())


async def _link(request: web.Request) -> Link | None:
    """The link, if it can be opened still, on an account that there is still."""
    link = await request.app[DATABASE].read(find_link, request.match_info["token"])
    if link is None:
        return None
    accounts = request.app[CHANNELS]
    known = (
        link.account in accounts.wechat if link.channel == WECHAT else wecom_parts(link.account)[0] in accounts.wecom
    )
    return link if known else None


async def _code(request: web.Request, link: Link) -> str | None:
    """What a phone reads: the account's own code, with which the customer follows it, too; else this page's address."""
    token, now, codes = request.match_info["token"], request.app[DATABASE].clock(), request.app[_CODES]
    kept = codes.get(token)
    if kept is not None and kept.until > now:
        return kept.content
    try:
        made = await request.app[CLIENTS].wechat[link.account].make_qr_code(token, link.expires_at - now)
    except Refused as error:
        log.warning("no code to scan", account=link.account, errcode=error.code)
        may_ask = request.app[CHANNELS].wechat[link.account].file.oauth
        return f"{request.app[SETTINGS].address}{PREFIX}{token}" if may_ask else None
    if len(codes) >= _CODES_AT_MOST:
        codes.clear()
    codes[token] = _Code(made.content, now + made.valid_for / 2)
    return made.content


def _gone(request: web.Request) -> web.Response:
    return _page(request, ["binding.gone_title", "binding.gone"], status=404)


def _failed(request: web.Request, token: str) -> web.Response:
    words = ["binding.failed_title", "binding.failed", "binding.again"]
    return _page(request, words, status=502, go=f"{PREFIX}{token}")


def _page(
    request: web.Request,
    words: list[str],
    status: int = 200,
    go: str | None = None,
    code: str | None = None,
    until: datetime | None = None,
) -> web.Response:
    """A page of these words: the first is its title, and with ``go`` the last but what tells its end is the button."""
    firm = request.app[FIRM]
    language = accepted_language(request, firm)
    name = firm.file.name.in_language(language)
    title, *lines = [firm.words.render(language, key, firm=name, until=until) for key in words]
    end = lines.pop() if until is not None else None
    button = lines.pop() if go is not None else None
    shown = {
        "language": language,
        "firm": name,
        "title": title,
        "lines": lines,
        "button": button,
        "go": go,
        "code": code,
        "end": end,
    }
    return aiohttp_jinja2.render_template("link_page.html", request, shown, app_key=_TEMPLATES, status=status)
