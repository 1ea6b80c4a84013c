"""Saved views, as calls: each is one command of :mod:`actions.staff.views`."""

from collections.abc import Callable

from aiohttp import web
from multidict import MultiDict

from actions.conversations import storable
from actions.staff import views
from actions.staff.access import DeedRefused
from desk.console.keys import SIGNED_IN
from desk.console.list_pages import show_queue
from desk.console.lists import LISTS, ListQuery
from desk.console.pages import say
from desk.console.permissions import PREFIX
from desk.keys import DATABASE
from store.database import UnitOfWork
from store.tables import Staff

_STATUS = {"no_such_view": 404, "view_name_taken": 409, "too_many_views": 409}

Deed = Callable[[UnitOfWork, Staff], str]


async def post_view(request: web.Request) -> web.StreamResponse:
    """Save the list that is shown, under a name."""
    form = await _read_form(request)
    query, name = ListQuery.read(f"{PREFIX}/", form), form.get("name", "")
    if query.name not in LISTS:
        raise web.HTTPBadRequest

    def deed(work: UnitOfWork, me: Staff) -> str:
        return query.address(view=views.save_view(work, me, name, query.keep()).public_id)

    return await _perform(request, deed, query, name)


async def post_name(request: web.Request) -> web.StreamResponse:
    """Rename a view."""
    form, public_id = await _read_form(request), request.match_info["public_id"]
    query, name = ListQuery(view=public_id), form.get("name", "")

    def deed(work: UnitOfWork, me: Staff) -> str:
        return query.address(view=views.rename_view(work, me, public_id, name).public_id)

    return await _perform(request, deed, query, name)


async def post_delete(request: web.Request) -> web.StreamResponse:
    """Delete a view, and show its list as it was."""
    form, public_id = await _read_form(request), request.match_info["public_id"]
    query = ListQuery.read(f"{PREFIX}/", form)

    def deed(work: UnitOfWork, me: Staff) -> str:
        views.delete_view(work, me, public_id)
        return query.address()

    return await _perform(request, deed, query, "")


async def _perform(request: web.Request, deed: Deed, query: ListQuery, typed: str) -> web.StreamResponse:
    def run(work: UnitOfWork, staff_id: int) -> str:
        return deed(work, work.session.get_one(Staff, staff_id))

    try:
        location = await request.app[DATABASE].run(run, request[SIGNED_IN].staff.id)
    except DeedRefused as refused:
        words = say(request, f"refused.{refused.code}", length=views.NAME_LENGTH, count=views.VIEWS_AT_MOST)
        return await show_queue(request, query, status=_STATUS.get(refused.code, 422), error=words, typed=typed)
    raise web.HTTPSeeOther(location)


async def _read_form(request: web.Request) -> MultiDict[str]:
    fields = (await request.post()).items()
    return MultiDict((key, storable(value)) for key, value in fields if isinstance(value, str))
