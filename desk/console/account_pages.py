"""One's own account: where one is signed in, and the second factor."""

from dataclasses import dataclass

from aiohttp import web

from desk import second_factor
from desk.accounts import AccountRefused
from desk.console import sessions
from desk.console.browsers import describe_browser
from desk.console.guard import SECOND_FACTOR
from desk.console.keys import SEAL, SIGNED_IN
from desk.console.log_in import check_own_password
from desk.console.pages import language_of, render, say
from desk.console.permissions import PREFIX
from desk.keys import DATABASE, FIRM
from store.audit import append
from store.database import UnitOfWork
from store.tables import Staff, StaffSession

_ACCOUNT = f"{PREFIX}/account"


@dataclass(frozen=True, slots=True)
class SessionLine:
    """A session as its owner sees it."""

    session: StaffSession
    browser: str
    is_this: bool


async def account_page(request: web.Request) -> web.StreamResponse:
    """Who one is, where one is signed in, and whether there is a second factor."""
    me, security = request[SIGNED_IN], request.app[FIRM].security
    found = await request.app[DATABASE].read(sessions.sessions_of, me.staff.id)
    lines = [SessionLine(one, describe_browser(one.browser), one.token_digest == me.digest) for one in found]
    lines.sort(key=lambda line: not line.is_this)
    return await render(
        request,
        "account.html",
        lines=lines,
        factor_needed=security.needs_second_factor(me.staff.role),
        idle=security.session_idle,
    )


async def post_revoke(request: web.Request) -> web.StreamResponse:
    """End one of one's sessions; for this one it is logging out."""
    ended = await request.app[DATABASE].run(_revoke, request[SIGNED_IN].staff, request.match_info["public_id"])
    if not ended:
        raise web.HTTPNotFound
    raise web.HTTPSeeOther(_ACCOUNT)


async def post_revoke_others(request: web.Request) -> web.StreamResponse:
    """End all of one's sessions but this one."""
    await request.app[DATABASE].run(_revoke_others, request[SIGNED_IN])
    raise web.HTTPSeeOther(_ACCOUNT)


async def second_factor_page(request: web.Request) -> web.StreamResponse:
    """Set it up, step by step; or what there is of it."""
    return await _show(request)


async def post_begin(request: web.Request) -> web.StreamResponse:
    """Make a secret for the app to read."""
    return await _with_password(request, _begin)


async def post_confirm(request: web.Request) -> web.StreamResponse:
    """Set it up by the app's first code; other sessions end, since they gave none."""
    app, me, form = request.app, request[SIGNED_IN], await request.post()
    try:
        codes = await app[DATABASE].run(_confirm, request, me, str(form.get("code", ""))[:64])
    except AccountRefused as refused:
        return await _show(request, refused)
    return await render(request, "recovery_codes.html", here=SECOND_FACTOR, codes=codes, held=None)


async def post_remove(request: web.Request) -> web.StreamResponse:
    """Take it away, or leave off setting it up; other sessions end."""
    me = request[SIGNED_IN].staff
    if me.totp_confirmed_at is None:
        try:
            await request.app[DATABASE].run(second_factor.leave_off, me.id)
        except AccountRefused as refused:
            return await _show(request, refused)
        raise web.HTTPSeeOther(SECOND_FACTOR)
    return await _with_password(request, _remove)


async def post_recovery_codes(request: web.Request) -> web.StreamResponse:
    """New recovery codes, shown once; the old ones are void."""
    app, me = request.app, request[SIGNED_IN]
    try:
        await _prove(request)
        codes = await app[DATABASE].run(second_factor.renew_recovery_codes, me.staff.id)
    except AccountRefused as refused:
        return await _show(request, refused)
    return await render(request, "recovery_codes.html", here=SECOND_FACTOR, codes=codes)


async def _with_password(request: web.Request, deed: object) -> web.StreamResponse:
    try:
        await _prove(request)
        await request.app[DATABASE].run(deed, request, request[SIGNED_IN])  # type: ignore[arg-type]
    except AccountRefused as refused:
        return await _show(request, refused)
    raise web.HTTPSeeOther(SECOND_FACTOR)


async def _prove(request: web.Request) -> None:
    form = await request.post()
    staff_id, password = request[SIGNED_IN].staff.id, str(form.get("password", ""))
    await check_own_password(request.app[DATABASE], request.app[FIRM].security, staff_id, password)


async def _show(request: web.Request, refused: AccountRefused | None = None) -> web.StreamResponse:
    """The page as the account is by now, with why the deed just asked for was not done."""
    app = request.app
    me = await app[DATABASE].read(_reload, request[SIGNED_IN].staff.id)
    secret = second_factor.secret_of(app[SEAL], me) if me.totp_confirmed_at is None else None
    firm_name = app[FIRM].file.name.in_language(language_of(request))
    address = second_factor.app_address(secret, me.login, firm_name) if secret else None
    return await render(
        request,
        "second_factor.html",
        status=422 if refused else 200,
        here=SECOND_FACTOR,
        error=say(request, f"refused.{refused.code}") if refused else None,
        wrong=refused.code if refused else None,
        set_since=me.totp_confirmed_at,
        codes_left=len(me.recovery_digests),
        needed=app[FIRM].security.needs_second_factor(me.role),
        address=address,
        picture=second_factor.picture(address) if address else None,
        secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)) if secret else None,
    )


def _begin(work: UnitOfWork, request: web.Request, me: sessions.SignedIn) -> None:
    second_factor.begin(work, request.app[SEAL], me.staff.id)


def _confirm(work: UnitOfWork, request: web.Request, me: sessions.SignedIn, code: str) -> list[str]:
    codes = second_factor.confirm(work, request.app[SEAL], me.staff.id, code)
    sessions.note_code(work, me.digest)
    sessions.sign_out_elsewhere(work, me.staff.id, me.digest)
    return codes


def _remove(work: UnitOfWork, _: web.Request, me: sessions.SignedIn) -> None:
    """A session that still awaits the code would be let in, once there is none to await: all others end."""
    second_factor.remove(work, me.staff.id)
    sessions.sign_out_elsewhere(work, me.staff.id, me.digest)


def _revoke(work: UnitOfWork, me: Staff, public_id: str) -> bool:
    ended = sessions.sign_out_one(work, me.id, public_id)
    if ended:
        append(work, me.login, "end_session", me.login)
    return ended


def _revoke_others(work: UnitOfWork, me: sessions.SignedIn) -> None:
    sessions.sign_out_elsewhere(work, me.staff.id, me.digest)
    append(work, me.staff.login, "end_other_sessions", me.staff.login)


def _reload(work: UnitOfWork, staff_id: int) -> Staff:
    return work.session.get_one(Staff, staff_id)
