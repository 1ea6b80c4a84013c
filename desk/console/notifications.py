"""The pages of one's own notifications: what one was told, and how one wants to be reached."""

from datetime import UTC, datetime, timedelta

from aiohttp import web

from actions.staff import notifications as deeds
from actions.staff.access import DeedRefused
from desk.console.bell import Bell, read_bell
from desk.console.guard import BACKGROUND, wants_json
from desk.console.keys import RETENTION, SIGNED_IN
from desk.console.pages import language_of, render, say
from desk.console.permissions import PREFIX
from desk.console.told import ToldRow, read_latest, read_told
from desk.keys import DATABASE, FIRM, NOTIFYING
from store.database import UnitOfWork
from store.tables import Staff

LIST = f"{PREFIX}/notifications"
# Told by the page's script: the page fetched in the background is before somebody's eyes.
VISIBLE = "X-Amends-Visible"
# What was committed a moment late is not missed by a page that asks for what is newer than its last look.
_OVERLAP = timedelta(seconds=10)


async def notifications_page(request: web.Request) -> web.StreamResponse:
    """All that one was told in the time it is kept."""
    app, me = request.app, request[SIGNED_IN].staff
    page = await app[DATABASE].read(read_told, app[FIRM], me.id, request.query.get("before"))
    keep = app[RETENTION].retention.notifications.keep
    return await render(request, "notifications.html", page=page, keep=keep)


async def bell(request: web.Request) -> web.StreamResponse:
    """What the bell shows, and what is new since ``?since=`` (a Unix time), for the page's script."""
    me, database = request[SIGNED_IN].staff, request.app[DATABASE]
    now = database.clock()
    found, latest = await database.read(_look, me.id, _since(request.query.get("since"), now) - _OVERLAP)
    return web.json_response(
        {
            "version": found.version,
            "unread": found.unread,
            "label": say(request, "bell.label", count=found.unread),
            "now": now.timestamp(),
            "latest": [
                {
                    "key": row.notification.public_id,
                    "title": say(request, f"told.{row.notification.kind}"),
                    "about": _about(request, row),
                    "href": row.href or LIST,
                }
                for row in reversed(latest)
            ],
        }
    )


async def post_read(request: web.Request) -> web.StreamResponse:
    """Mark one as read."""
    return await _mark(request, read=True)


async def post_unread(request: web.Request) -> web.StreamResponse:
    """Mark one as unread again."""
    return await _mark(request, read=False)


async def post_all_read(request: web.Request) -> web.StreamResponse:
    """Mark all as read that were shown."""
    up_to = str((await request.post()).get("latest", ""))
    if not up_to.isascii() or not up_to.isdigit() or len(up_to) > 18:
        raise web.HTTPBadRequest
    await request.app[DATABASE].run(deeds.mark_all_read, request[SIGNED_IN].staff.id, int(up_to))
    return _back(request)


async def reach_page(request: web.Request) -> web.StreamResponse:
    """How one wants to be reached."""
    return await _show_reach(request, saved="saved" in request.query)


async def post_reach(request: web.Request) -> web.StreamResponse:
    """Say how one wants to be reached; what is refused stays in the form."""
    form = await request.post()
    typed = {key: str(form.get(key, "")) for key in ("email", "begin", "end", "digest")}
    ways = [str(way) for way in form.getall("ways", [])]
    try:
        await request.app[DATABASE].run(
            deeds.set_reach,
            request[SIGNED_IN].staff.id,
            typed["email"],
            ways,
            [typed["begin"], typed["end"]],
            typed["digest"],
        )
    except DeedRefused as error:
        words = say(request, f"refused.{error.code}")
        return await _show_reach(request, status=422, error=words, typed={**typed, "ways": ways})
    raise web.HTTPSeeOther(f"{PREFIX}/account/notifications?saved")


async def note_read(request: web.Request, public_id: str) -> None:
    """Whoever has a conversation before their eyes has read what was told about it."""
    seen = BACKGROUND not in request.headers or request.headers.get(VISIBLE) == "1"
    if request.method != "GET" or not seen:
        return
    database, me = request.app[DATABASE], request[SIGNED_IN].staff
    conversation_id = await database.read(deeds.has_unread, me.id, public_id)
    if conversation_id is not None:
        await database.run(deeds.mark_conversation_read, me.id, conversation_id)


async def _mark(request: web.Request, read: bool) -> web.StreamResponse:
    me, public_id = request[SIGNED_IN].staff.id, request.match_info["public_id"]
    if not await request.app[DATABASE].run(deeds.mark_read, me, public_id, read):
        raise web.HTTPNotFound
    return _back(request)


def _back(request: web.Request) -> web.StreamResponse:
    if wants_json(request):
        return web.json_response({"location": LIST})
    raise web.HTTPSeeOther(LIST)


async def _show_reach(
    request: web.Request,
    *,
    status: int = 200,
    error: str | None = None,
    typed: dict[str, object] | None = None,
    saved: bool = False,
) -> web.StreamResponse:
    reach = await request.app[DATABASE].read(_reach, request[SIGNED_IN].staff.id)
    shown = typed or {
        "email": reach.email,
        "ways": list(reach.ways) if reach.email else [],
        "begin": f"{reach.quiet.begin:%H:%M}" if reach.quiet else "",
        "end": f"{reach.quiet.end:%H:%M}" if reach.quiet else "",
        "digest": str(reach.digest),
    }
    return await render(
        request,
        "account_notifications.html",
        status=status,
        error=error,
        shown=shown,
        saved=saved,
        digests=deeds.DIGESTS,
        quiet=request.app[FIRM].notifications.quiet_hours,
        mail=request.app[NOTIFYING].mail,
    )


def _reach(work: UnitOfWork, staff_id: int) -> deeds.Reach:
    return deeds.reach_of(work.session.get_one(Staff, staff_id))


def _look(work: UnitOfWork, staff_id: int, since: datetime) -> tuple[Bell, list[ToldRow]]:
    return read_bell(work, staff_id), read_latest(work, staff_id, since)


def _since(written: str | None, now: datetime) -> datetime:
    try:
        moment = datetime.fromtimestamp(float(written), UTC) if written else now
    except (ValueError, OverflowError, OSError):
        return now
    # However old a page is, it is told of the last hour and no more.
    return max(moment, now - timedelta(hours=1))


def _about(request: web.Request, row: ToldRow) -> str:
    language, firm = language_of(request), request.app[FIRM]
    if row.case is None:
        return ""
    department = next((d.name.in_language(language) for d in firm.departments if d.key == row.case.department), "")
    return " · ".join(
        part for part in (row.case.number, say(request, f"severity.{row.case.severity}"), department) if part
    )


ROUTES = [
    web.get(LIST, notifications_page),
    web.get(f"{LIST}/bell", bell),
    web.post(f"{LIST}/read", post_all_read),
    web.post(LIST + "/{public_id}/read", post_read),
    web.post(LIST + "/{public_id}/unread", post_unread),
    web.get(f"{PREFIX}/account/notifications", reach_page),
    web.post(f"{PREFIX}/account/notifications", post_reach),
]
