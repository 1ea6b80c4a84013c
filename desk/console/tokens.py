"""The settings page of API tokens: make one, see when it was last used, revoke it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from aiohttp import web

from desk import tokens
from desk.console.keys import SIGNED_IN
from desk.console.pages import render, say
from desk.console.performing import Form, first_value, read_form
from desk.console.permissions import PREFIX
from desk.keys import DATABASE, FIRM
from desk.scopes import SCOPE_OF, SCOPES
from desk.tokens import TokenRefused
from store.tables import ApiToken

TOKENS_PAGE = f"{PREFIX}/settings/tokens"
# What each scope allows, in words.
_SCOPE_WORDS = {
    "messages:write": "scope.messages_write",
    "conversations:read": "scope.conversations_read",
    "cases:read": "scope.cases_read",
    "orders:write": "scope.orders_write",
    "volumes:write": "scope.volumes_write",
    "analytics:read": "scope.analytics_read",
    "incidents:write": "scope.incidents_write",
    "incidents:read": "scope.incidents_read",
    "bindings:write": "scope.bindings_write",
}


@dataclass(frozen=True, slots=True)
class ScopeLine:
    """A scope, the key of its words, and the addresses that it opens."""

    key: str
    words: str
    addresses: list[str]


async def tokens_page(request: web.Request) -> web.StreamResponse:
    """All tokens, and the form for another."""
    return await _show(request, {})


async def post_token(request: web.Request) -> web.StreamResponse:
    """Make a token and show it, once."""
    app, form, me = request.app, await read_form(request), request[SIGNED_IN].staff
    name = first_value(form, "name")
    try:
        last_day = _day(first_value(form, "last_day"))
        token = await app[DATABASE].run(tokens.add_token, app[FIRM], name, form.get("scopes", []), last_day, me.login)
    except TokenRefused as refused:
        return await _show(request, form, refused)
    return await render(request, "token_made.html", here=TOKENS_PAGE, name=name, token=token)


async def post_revoke(request: web.Request) -> web.StreamResponse:
    """Make a token worthless."""
    me = request[SIGNED_IN].staff
    try:
        await request.app[DATABASE].run(tokens.revoke_token, request.match_info["public_id"], me.login)
    except TokenRefused:
        raise web.HTTPNotFound from None
    raise web.HTTPSeeOther(TOKENS_PAGE)


async def _show(request: web.Request, form: Form, refused: TokenRefused | None = None) -> web.StreamResponse:
    app = request.app
    found = await app[DATABASE].read(tokens.list_tokens)
    now = app[DATABASE].clock()
    good: list[ApiToken] = [token for token in found if tokens.is_good(token, now)]
    return await render(
        request,
        "tokens.html",
        status=422 if refused else 200,
        here=TOKENS_PAGE,
        good=good,
        ended=[token for token in found if token not in good],
        scopes=[
            ScopeLine(key, _SCOPE_WORDS[key], sorted(path for (_, path), scope in SCOPE_OF.items() if scope == key))
            for key in SCOPES
        ],
        today=app[FIRM].local(now).date().isoformat(),
        typed={
            "name": first_value(form, "name"),
            "last_day": first_value(form, "last_day"),
            "scopes": form.get("scopes", []),
        },
        last_day=_last_day,
        error=say(request, f"refused.{refused.code}", length=tokens.NAME_LENGTH) if refused else None,
    )


def _last_day(token: ApiToken) -> datetime | None:
    """A moment in the last day on which a token is good."""
    return token.expires_at - timedelta(seconds=1) if token.expires_at else None


def _day(written: str) -> date | None:
    """A day as browsers send it; None where none was given.

    Raises:
        TokenRefused: it is none.
    """
    if not written:
        return None
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise TokenRefused("token_day", f"{written!r} is no day") from None
