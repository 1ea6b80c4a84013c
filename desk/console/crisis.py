"""The crisis view: open alarms first, and what is done about them."""

from collections.abc import Callable

from aiohttp import web

from actions.staff import alarms as deeds
from actions.staff.access import DeedRefused
from desk.console.crisis_figures import read_crisis
from desk.console.guard import wants_json
from desk.console.keys import SIGNED_IN
from desk.console.pages import language_of, render, say
from desk.console.performing import first_value, read_form
from desk.console.permissions import PREFIX
from desk.errors import error_response
from desk.keys import DATABASE, FIRM
from store.database import UnitOfWork
from store.tables import Staff

CRISIS = f"{PREFIX}/crisis"
_STATUS = {"not_your_role": 403, "alarm_note_missing": 422, "alarm_note_too_long": 422, "no_such_alarm": 404}


async def crisis_page(request: web.Request) -> web.StreamResponse:
    """The view of this moment."""
    return await _show(request)


async def post_take(request: web.Request) -> web.StreamResponse:
    """Take an alarm on."""
    return await _do(request, lambda work, me, name: deeds.take(work, me, name))


async def post_close(request: web.Request) -> web.StreamResponse:
    """Close an alarm with a word on what came of it."""
    note = first_value(await read_form(request), "note")
    return await _do(request, lambda work, me, name: deeds.close(work, me, name, note), typed=note)


async def post_incident(request: web.Request) -> web.StreamResponse:
    """Draw up an incident from an alarm."""
    firm = request.app[FIRM]

    def deed(work: UnitOfWork, me: Staff, name: str) -> str:
        return f"{PREFIX}/incidents/{deeds.prepare_incident(work, firm, me, name).public_id}"

    return await _do(request, deed)


async def _do(
    request: web.Request, deed: Callable[[UnitOfWork, Staff, str], str | None], typed: str = ""
) -> web.StreamResponse:
    app, name = request.app, request.match_info["public_id"]

    def run(work: UnitOfWork) -> str | None:
        # As the account is now: the role may have changed since the page was shown.
        return deed(work, work.session.get_one(Staff, request[SIGNED_IN].staff.id), name)

    try:
        location = await app[DATABASE].run(run) or CRISIS
    except DeedRefused as refused:
        status, words = _STATUS.get(refused.code, 409), say(request, f"refused.{refused.code}")
        if wants_json(request):
            return error_response(status, words, refused.code)
        return await _show(request, status=status, error=words, wrong=name, typed=typed)
    if wants_json(request):
        return web.json_response({"location": location})
    raise web.HTTPSeeOther(location)


async def _show(
    request: web.Request, *, status: int = 200, error: str | None = None, wrong: str = "", typed: str = ""
) -> web.StreamResponse:
    app = request.app
    page = await app[DATABASE].read(read_crisis, app[FIRM], language_of(request))
    return await render(
        request, "crisis.html", status=status, here=CRISIS, page=page, error=error, wrong=wrong, typed=typed,
        note_length=deeds.NOTE_LENGTH,
    )  # fmt: skip


ROUTES = [
    web.get(CRISIS, crisis_page),
    web.post(f"{PREFIX}/alarms/{{public_id}}/take", post_take),
    web.post(f"{PREFIX}/alarms/{{public_id}}/close", post_close),
    web.post(f"{PREFIX}/alarms/{{public_id}}/incident", post_incident),
]
