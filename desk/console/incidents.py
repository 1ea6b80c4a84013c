"""The pages of incidents: list, draw one up, see what starting it would do, run it."""

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web
from sqlalchemy.exc import IntegrityError

from actions.incidents.drafting import PER_MINUTE_AT_MOST, TITLE_LENGTH, Draft
from actions.incidents.lists import ORDERS_AT_MOST, TEXT_AT_MOST, LineProblem, ListRead, ListRefused, gather, read_list
from actions.staff import incidents as deeds
from actions.staff.access import DeedRefused
from desk.console.guard import wants_json
from desk.console.incident_page import read_incident, read_lines
from desk.console.keys import SIGNED_IN
from desk.console.pages import language_of, render, say
from desk.console.performing import Form, first_value, read_form
from desk.console.permissions import PREFIX
from desk.console.views import show_conversation
from desk.errors import error_response
from desk.keys import DATABASE, FIRM
from recovery.money import Money
from store.database import UnitOfWork
from store.tables import Staff
from store.tables.base import unguessable

LIST = f"{PREFIX}/incidents"
_STATUS = {
    "not_your_role": 403,
    "no_such_incident": 404,
    "no_such_order": 404,
    **dict.fromkeys(
        (
            "unknown_playbook", "category_of_other_playbook", "title_missing", "title_too_long", "per_minute_wrong",
            "list_empty", "list_too_long", "list_no_json", "list_no_csv", "list_not_text",
        ),
        422,
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form."""

    playbook: str = ""
    category: str = ""
    title_zh: str = ""
    title_en: str = ""
    per_minute: str = ""
    orders: str = ""
    key: str = ""


async def list_page(request: web.Request) -> web.StreamResponse:
    """All incidents, the latest first."""
    lines = await request.app[DATABASE].read(read_lines)
    return await render(request, "incidents.html", here=LIST, lines=lines)


async def new_page(request: web.Request) -> web.StreamResponse:
    """An empty form."""
    return await _form_page(request, Typed(key=unguessable()))


async def post_new(request: web.Request) -> web.StreamResponse:
    """Draw one up."""
    form = await read_form(request)
    typed = _typed(form)
    app = request.app
    try:
        draft = _draft(typed, await _list_of(request, typed), typed.key or None)

        def run(work: UnitOfWork) -> tuple[str, list[LineProblem]]:
            drafted = deeds.draw_up(work, app[FIRM], _me(work, request), draft)
            return drafted.incident.public_id, drafted.problems

        try:
            public_id, problems = await app[DATABASE].run(run)
        except IntegrityError:
            # The second of two clicks at the same moment; by now the first one is through.
            public_id, problems = await app[DATABASE].run(run)
    except (DeedRefused, ListRefused) as refused:
        words = _words(request, refused)
        return await _form_page(request, typed, status=_STATUS.get(refused.code, 409), error=words)
    if problems:
        # Told once, with the draft before one's eyes; nothing of it is lost by leaving the page.
        return await _show(request, public_id, problems=problems)
    raise web.HTTPSeeOther(f"{LIST}/{public_id}")


async def incident_page(request: web.Request) -> web.StreamResponse:
    """One incident."""
    return await _show(request, request.match_info["public_id"])


async def post_change(request: web.Request) -> web.StreamResponse:
    """Change a draft, and add orders to it."""
    form, public_id, app = await read_form(request), request.match_info["public_id"], request.app
    typed = _typed(form)
    try:
        has_list = bool(typed.orders) or await _file_of(request) is not None
        listed = await _list_of(request, typed) if has_list else ListRead((), ())
        draft = _draft(typed, listed, None)
        problems = await app[DATABASE].run(
            lambda work: deeds.redraw(work, app[FIRM], _me(work, request), public_id, draft)
        )
    except (DeedRefused, ListRefused) as refused:
        return await _refuse(request, public_id, refused, typed)
    if problems:
        return await _show(request, public_id, problems=problems)
    raise web.HTTPSeeOther(f"{LIST}/{public_id}")


async def post_start(request: web.Request) -> web.StreamResponse:
    """Start it, as it was shown."""
    form, firm = await read_form(request), request.app[FIRM]
    shown = first_value(form, "shown")
    if not shown:
        raise web.HTTPBadRequest
    return await _do(request, lambda work, me, name: deeds.start(work, firm, me, name, shown))


async def post_pause(request: web.Request) -> web.StreamResponse:
    return await _do(request, deeds.pause)


async def post_resume(request: web.Request) -> web.StreamResponse:
    return await _do(request, deeds.resume)


async def post_stop(request: web.Request) -> web.StreamResponse:
    return await _do(request, deeds.stop)


async def post_discard(request: web.Request) -> web.StreamResponse:
    """Throw a draft away."""
    return await _do(request, deeds.discard, leads_to=LIST)


async def post_kept(request: web.Request) -> web.StreamResponse:
    """What the news promised has happened, for all."""
    name, app = request.match_info["public_id"], request.app
    try:
        while await app[DATABASE].run(lambda work: deeds.keep_promises(work, _me(work, request), name)):
            # In pieces: customers who write meanwhile need not wait for all of it.
            pass
    except DeedRefused as refused:
        return await _refuse(request, name, refused)
    raise web.HTTPSeeOther(f"{LIST}/{name}")


async def post_told(request: web.Request) -> web.StreamResponse:
    """A person told the customer of an order."""
    order = first_value(await read_form(request), "order")
    return await _do(request, lambda work, me, name: deeds.tell_by_hand(work, me, name, order))


async def _do(
    request: web.Request, deed: Callable[[UnitOfWork, Staff, str], object], leads_to: str | None = None
) -> web.StreamResponse:
    name = request.match_info["public_id"]
    try:
        await request.app[DATABASE].run(lambda work: deed(work, _me(work, request), name))
    except DeedRefused as refused:
        return await _refuse(request, name, refused)
    location = leads_to or _leads_back(request) or f"{LIST}/{name}"
    if wants_json(request):
        return web.json_response({"location": location})
    raise web.HTTPSeeOther(location)


def _leads_back(request: web.Request) -> str | None:
    """The conversation whose page it was asked for on."""
    name = request.query.get("conversation", "")
    return f"{PREFIX}/conversations/{name}" if name.isalnum() and len(name) == 32 else None


async def _refuse(
    request: web.Request, public_id: str, refused: DeedRefused | ListRefused, typed: Typed | None = None
) -> web.StreamResponse:
    status, words = _STATUS.get(refused.code, 409), _words(request, refused)
    if refused.code == "no_such_incident":
        raise web.HTTPNotFound
    if wants_json(request):
        return error_response(status, words, refused.code)
    if conversation := request.query.get("conversation"):
        # Asked for on the page of a conversation, perhaps by somebody who sees no incident.
        return await show_conversation(request, conversation, status=status, error=words)
    return await _show(request, public_id, status=status, error=words, typed=typed)


def _words(request: web.Request, refused: DeedRefused | ListRefused) -> str:
    return say(
        request, f"refused.{refused.code}", orders=ORDERS_AT_MOST, title=TITLE_LENGTH, per_minute=PER_MINUTE_AT_MOST
    )


def _me(work: UnitOfWork, request: web.Request) -> Staff:
    # As the account is now: the role may have changed since the page was shown.
    return work.session.get_one(Staff, request[SIGNED_IN].staff.id)


def _typed(form: Form) -> Typed:
    names = ("playbook", "category", "title_zh", "title_en", "per_minute", "orders", "key")
    return Typed(**{name: first_value(form, name) for name in names})


def _draft(typed: Typed, listed: ListRead, key: str | None) -> Draft:
    speed: int | None = None
    if typed.per_minute:
        if not (typed.per_minute.isascii() and typed.per_minute.isdigit() and len(typed.per_minute) <= 4):
            raise DeedRefused("per_minute_wrong")
        speed = int(typed.per_minute)
    titles = {"zh": typed.title_zh, "en": typed.title_en}
    return Draft(typed.playbook, titles, listed, typed.category, speed, f"form:{key}"[:64] if key else None)


async def _file_of(request: web.Request) -> web.FileField | None:
    field = (await request.post()).get("file")
    # An empty field of a form is a file without name and bytes.
    return field if isinstance(field, web.FileField) and field.filename else None


async def _list_of(request: web.Request, typed: Typed) -> ListRead:
    """The orders that were pasted, and those of a file.

    Raises:
        ListRefused: neither names any, or they cannot be read.
    """
    file = await _file_of(request)
    if file is None:
        return read_list(typed.orders)
    content = file.file.read(TEXT_AT_MOST + 1)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # What spreadsheets of Chinese Windows write.
        try:
            text = content.decode("gb18030")
        except UnicodeDecodeError:
            raise ListRefused("list_not_text") from None
    listed = read_list(text)
    if not typed.orders:
        return listed
    pasted = read_list(typed.orders)
    both = gather((read.line, read.number) for read in (*listed.numbers, *pasted.numbers))
    return ListRead(both.numbers, (*listed.problems, *pasted.problems, *both.problems))


async def _form_page(
    request: web.Request, typed: Typed, *, status: int = 200, error: str | None = None
) -> web.StreamResponse:
    return await render(
        request, "incident_new.html", status=status, here=f"{LIST}/new", typed=typed, error=error,
        playbooks=request.app[FIRM].playbooks.playbooks, at_most=ORDERS_AT_MOST, title_length=TITLE_LENGTH,
        per_minute_at_most=PER_MINUTE_AT_MOST,
    )  # fmt: skip


async def _show(
    request: web.Request,
    public_id: str,
    *,
    status: int = 200,
    error: str | None = None,
    problems: list[LineProblem] | None = None,
    typed: Typed | None = None,
) -> web.StreamResponse:
    app = request.app
    page = await app[DATABASE].read(read_incident, app[FIRM], public_id)
    if page is None:
        raise web.HTTPNotFound
    incident, firm = page.line.incident, app[FIRM]
    currency = firm.policy.currency
    return await render(
        request,
        "incident.html",
        status=status,
        here=f"{LIST}/{public_id}",
        page=page,
        incident=incident,
        error=error,
        problems=problems or [],
        playbooks=firm.playbooks.playbooks,
        typed=typed
        or Typed(
            incident.playbook, incident.category, incident.titles["zh"], incident.titles["en"], str(incident.per_minute)
        ),
        amount=lambda minor: Money(minor, currency),
        limits=firm.policy.limits,
        at_most=ORDERS_AT_MOST,
        title_length=TITLE_LENGTH,
        per_minute_at_most=PER_MINUTE_AT_MOST,
        title=incident.titles[language_of(request)],
    )


ROUTES = [
    web.get(LIST, list_page),
    web.get(f"{LIST}/new", new_page),
    web.post(f"{LIST}/new", post_new),
    web.get(LIST + "/{public_id}", incident_page),
    web.post(LIST + "/{public_id}/change", post_change),
    web.post(LIST + "/{public_id}/start", post_start),
    web.post(LIST + "/{public_id}/pause", post_pause),
    web.post(LIST + "/{public_id}/resume", post_resume),
    web.post(LIST + "/{public_id}/stop", post_stop),
    web.post(LIST + "/{public_id}/discard", post_discard),
    web.post(LIST + "/{public_id}/kept", post_kept),
    web.post(LIST + "/{public_id}/told", post_told),
]
