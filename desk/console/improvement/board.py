"""The improvement board: cycles and projects by phase; and opening one by hand."""

from dataclasses import dataclass, fields
from datetime import date

from aiohttp import web

from analytics.improvement.loops import keeping
from analytics.improvement.loops.phases import CLOSED, KINDS, SECTIONS
from analytics.improvement.loops.reading import MOST, Line, list_improvements
from analytics.improvement.part import Part
from desk.console.improvement.doing import IMPROVEMENT, Refused, do
from desk.console.improvement.showing import PROCESSES, shown
from desk.console.pages import render, say
from desk.console.performing import first_value, read_form
from desk.keys import DATABASE, FIRM
from store.database import UnitOfWork
from store.tables import Staff

_BOTH = "both"
_TITLE_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Filters:
    """What is shown; empty for all of it.

    Attributes:
        step: with its process, ``service.delivery``.
        owner: who has one of its measures.
    """

    kind: str = ""
    process: str = ""
    step: str = ""
    category: str = ""
    owner: str = ""
    state: str = "open"

    def lets_through(self, line: Line) -> bool:
        part = line.part
        return (
            self.process in ("", part.process)
            and self.step in ("", f"{part.process}.{part.step}")
            and self.category in ("", part.category)
            and (not self.owner or self.owner in line.owners)
        )


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form of a new one."""

    kind: str = "pdca"
    title: str = ""
    process: str = "service"
    step: str = ""
    category: str = ""
    department: str = ""
    channel: str = ""
    due_on: str = ""


async def board_page(request: web.Request) -> web.StreamResponse:
    """What is open, by phase; or what is closed, as a list."""
    filters = _filters(request)
    phase = CLOSED if filters.state == CLOSED else "open"
    found = await request.app[DATABASE].read(list_improvements, kind=filters.kind or None, phase=phase)
    lines = [line for line in found if filters.lets_through(line)]
    owners = {owner for line in found for owner in line.owners} | ({filters.owner} - {""})
    wheels = [
        (kind, [(name, [line for line in lines if (line.kind, line.phase) == (kind, name)]) for name in SECTIONS[kind]])
        for kind in KINDS
        if filters.kind in ("", kind)
    ]
    return await render(
        request,
        "improvement/board.html",
        here=IMPROVEMENT,
        filters=filters,
        filtered=filters != Filters(state=filters.state),
        lines=lines,
        more=len(found) >= MOST,
        wheels=wheels,
        kinds=KINDS,
        processes=PROCESSES,
        categories=_categories(request),
        owners=sorted(owners),
        today=_today(request),
        **shown(request),
    )


async def new_page(request: web.Request) -> web.StreamResponse:
    """The form; with what an address names filled in, such as a part of a chart."""
    asked = {field.name: request.query[field.name] for field in fields(Typed) if field.name in request.query}
    return await _form(request, Typed(**asked))


async def post_new(request: web.Request) -> web.StreamResponse:
    """Open a cycle, a project or both; what is open on the same part already is found and shown."""
    form = await read_form(request)
    typed = Typed(**{field.name: first_value(form, field.name) for field in fields(Typed)})
    wrong = _what_is_wrong(request, typed)
    if wrong:
        return await _form(request, typed, status=422, error=say(request, "improve.wrong_form"), wrong=wrong)
    part = Part(typed.process, typed.step, typed.category, typed.department, typed.channel)
    due_on = date.fromisoformat(typed.due_on) if typed.due_on else None

    def deed(work: UnitOfWork, me: Staff) -> str:
        kind = "pdca" if typed.kind == _BOTH else typed.kind
        draft = keeping.Draft(kind, part, typed.title, due_on=due_on)
        if typed.kind == _BOTH:
            return keeping.start_both(work, draft, me.login)[0].number
        return keeping.open_improvement(work, draft, me.login).number

    try:
        number = await do(request, deed, "open_improvement", lambda number: number, details={"kind": typed.kind})
    except Refused as refused:
        return await _form(request, typed, status=refused.status, error=refused.words)
    raise web.HTTPSeeOther(f"{IMPROVEMENT}/{number}")


def _what_is_wrong(request: web.Request, typed: Typed) -> dict[str, str]:
    firm = request.app[FIRM]
    choose, wrong = say(request, "improve_wrong.choose"), dict[str, str]()
    if not typed.title:
        wrong["title"] = say(request, "improve_wrong.missing")
    elif len(typed.title) > _TITLE_LENGTH:
        wrong["title"] = say(request, "improve_wrong.too_long", most=_TITLE_LENGTH)
    known = {
        "kind": (*KINDS, _BOTH),
        "process": PROCESSES,
        "step": ("", *shown(request)["steps"].get(typed.process, {})),
        "category": ("", *_categories(request)),
        "department": ("", *(one.key for one in firm.departments)),
    }
    for name, keys in known.items():
        if getattr(typed, name) not in keys:
            wrong[name] = choose
    if len(typed.channel) > 32:
        wrong["channel"] = say(request, "improve_wrong.too_long", most=32)
    try:
        date.fromisoformat(typed.due_on or "2000-01-01")
    except ValueError:
        wrong["due_on"] = say(request, "improve_wrong.day")
    return wrong


async def _form(
    request: web.Request,
    typed: Typed,
    *,
    status: int = 200,
    error: str | None = None,
    wrong: dict[str, str] | None = None,
) -> web.StreamResponse:
    firm = request.app[FIRM]
    return await render(
        request, "improvement/new.html", status=status, here=f"{IMPROVEMENT}/new", typed=typed, error=error,
        wrong=wrong or {}, kinds=(*KINDS, _BOTH), processes=PROCESSES, categories=_categories(request),
        departments=[one.key for one in firm.departments], title_length=_TITLE_LENGTH, **shown(request),
    )  # fmt: skip


def _filters(request: web.Request) -> Filters:
    def asked(name: str, known: tuple[str, ...], otherwise: str = "") -> str:
        value = request.query.get(name, otherwise)
        return value if value in known else otherwise

    steps = shown(request)["steps"]
    return Filters(
        asked("kind", KINDS),
        asked("process", PROCESSES),
        asked("step", tuple(f"{process}.{key}" for process, keys in steps.items() for key in keys)),
        asked("category", _categories(request)),
        request.query.get("owner", "").strip()[:64],
        asked("state", ("open", CLOSED), "open"),
    )


def _categories(request: web.Request) -> tuple[str, ...]:
    return tuple(request.app[FIRM].categories)


def _today(request: web.Request) -> date:
    app = request.app
    return app[FIRM].local(app[DATABASE].clock()).date()
