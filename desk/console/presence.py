"""On duty or not: the switch in the head of every page."""

from aiohttp import web

from actions.staff.access import DeedRefused
from actions.staff.presence import go_off_duty, go_on_duty
from desk.console.accounts import _next as page_of_desk
from desk.console.guard import wants_json
from desk.console.keys import SIGNED_IN
from desk.console.pages import say
from desk.errors import error_response
from desk.keys import DATABASE
from store.database import UnitOfWork
from store.tables import Staff


async def post_presence(request: web.Request) -> web.StreamResponse:
    """Go on or off duty, and on to the page one came from."""
    form = await request.post()
    wanted = {"yes": True, "no": False}.get(str(form.get("on_duty", "")))
    if wanted is None:
        raise web.HTTPBadRequest
    try:
        await request.app[DATABASE].run(_set_presence, request[SIGNED_IN].staff.id, wanted)
    except DeedRefused as refused:
        return error_response(403, say(request, f"refused.{refused.code}"), refused.code)
    if wants_json(request):
        return web.json_response({"on_duty": wanted})
    raise web.HTTPSeeOther(page_of_desk(str(form.get("next", ""))))


def _set_presence(work: UnitOfWork, staff_id: int, on_duty: bool) -> None:
    # Whoever notifies this person meanwhile need not wait, and cannot wait in a circle.
    staff = work.session.get_one(Staff, staff_id, with_for_update={"key_share": True})
    if on_duty:
        go_on_duty(work, staff)
    else:
        go_off_duty(work, staff)
