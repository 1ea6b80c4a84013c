"""The page of one cycle or project: its phases, what is written in them, what its gate says, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aiohttp import web

from analytics.improvement.gates.gate_report import GateReport
from analytics.improvement.loops.documents import BRANCHES
from analytics.improvement.loops.phases import DOING, LAST, PLANNING, PROVING
from analytics.sigma import WrongInput
from analytics.surroundings import TookTooLong
from desk.console.improvement.doing import IMPROVEMENT
from desk.console.improvement.fields import filled, rows_of
from desk.console.improvement.one_page import OnePage, read_gate, read_one
from desk.console.improvement.sections import (
    DEEP,
    MEASURE,
    MEASURE_DONE,
    SECTIONS,
    SOURCES,
    chains_of,
    fill_section,
)
from desk.console.improvement.showing import shown
from desk.console.pages import language_of, render
from desk.keys import DATABASE, FIRM
from desk.reckoning import reckon

# The page waits so long for its gate and goes on without it: its forms are wanted, too.
_GATE_SECONDS = 6.0
_REASON_LENGTH = 2000


@dataclass
class Typed:
    """What was typed in a form that was refused.

    Attributes:
        form: the section, or ``measure-new``, ``measure-<id>``, ``done-<id>``, ``back``, ``drop``, ``book``.
        wrong: by input.
    """

    form: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    wrong: Mapping[str, str] = field(default_factory=dict)


async def one_page(request: web.Request) -> web.StreamResponse:
    """One cycle or project."""
    return await show(request)


async def show(
    request: web.Request, *, status: int = 200, error: str | None = None, typed: Typed | None = None
) -> web.StreamResponse:
    """Its page; after a refusal with what was typed still in its form.

    Raises:
        HTTPNotFound: there is none of that number.
    """
    number, app = request.match_info["number"], request.app
    page = await app[DATABASE].read(read_one, number)
    if page is None:
        raise web.HTTPNotFound
    typed = typed or Typed()
    gate, slow = await _gate(request, page)
    view, line = page.view, page.view.line
    present = page.phases[min(page.furthest, len(page.phases) - 1)]
    asked = request.query.get("phase", "")
    phase = asked if asked in page.phases and not typed.form else present
    return await render(
        request,
        "improvement/one.html",
        status=status,
        here=f"{IMPROVEMENT}/{number}",
        page=page,
        view=view,
        row=line,
        content=view.documents,
        figures=view.figures,
        written=view.written,
        gate=gate,
        gate_slow=slow,
        phase=phase,
        error=error,
        typed=typed,
        forms=SECTIONS,
        fill_section=fill_section,
        filled_measure=lambda measure: filled(MEASURE, measure),
        rows_of=rows_of,
        chains_of=chains_of,
        deep=DEEP,
        branches=BRANCHES,
        sources=SOURCES,
        measure_fields=MEASURE,
        done_fields=MEASURE_DONE,
        planning=PLANNING,
        doing=DOING,
        options=_options(request, page),
        can_carry_on=line.phase in LAST or (line.phase in PROVING and "result" in view.figures),
        today=app[FIRM].local(app[DATABASE].clock()).date().isoformat(),
        currency=app[FIRM].policy.currency,
        reason_length=_REASON_LENGTH,
        **shown(request),
    )


def _options(request: web.Request, page: OnePage) -> dict[str, list[tuple[str, str]]]:
    """Choices that the data give, by the words of their field."""
    language = language_of(request)
    departments = request.app[FIRM].departments
    return {
        "main_cause": [(cause, cause) for cause in page.causes],
        "department": [(one.key, one.name.in_language(language)) for one in departments],
    }


async def _gate(request: web.Request, page: OnePage) -> tuple[GateReport | None, bool]:
    if page.closed:
        return None, False
    number = page.view.line.number
    try:
        return await reckon(request.app, lambda work, around: read_gate(work, around, number), _GATE_SECONDS), False
    except (TookTooLong, WrongInput):
        return None, True
