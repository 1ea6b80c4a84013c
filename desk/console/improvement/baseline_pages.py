"""By which days charts are judged: what was decided, and a new decision."""

from dataclasses import dataclass, fields
from datetime import date

from aiohttp import web

from analytics.improvement.elastic import baselines
from analytics.improvement.part import Part
from desk.console.improvement.doing import IMPROVEMENT, Refused, around, do
from desk.console.improvement.showing import PROCESSES, shown
from desk.console.pages import render, say
from desk.console.performing import first_value, read_form
from desk.keys import DATABASE, FIRM
from desk.reckoning import count_what_is_new
from store.database import UnitOfWork
from store.tables import Staff

BASELINES = f"{IMPROVEMENT}/baselines"


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form."""

    measure: str = "defects"
    process: str = "service"
    step: str = ""
    category: str = ""
    department: str = ""
    channel: str = ""
    since: str = ""
    until: str = ""
    begins_on: str = ""
    reason: str = ""


async def baselines_page(request: web.Request) -> web.StreamResponse:
    """The decisions, and the form of a new one; an address may fill it in."""
    asked = {field.name: request.query[field.name] for field in fields(Typed) if field.name in request.query}
    return await _show(request, Typed(**asked))


async def post_baseline(request: web.Request) -> web.StreamResponse:
    """Decide a baseline."""
    form, firm = await read_form(request), around(request)
    typed = Typed(**{field.name: first_value(form, field.name) for field in fields(Typed)})
    days, wrong = {}, {}
    for name in ("since", "until", "begins_on"):
        try:
            days[name] = date.fromisoformat(getattr(typed, name))
        except ValueError:
            wrong[name] = say(request, "improve_wrong.day")
    if typed.process not in PROCESSES:
        wrong["process"] = say(request, "improve_wrong.choose")
    if not typed.reason:
        wrong["reason"] = say(request, "improve_wrong.missing")
    elif len(typed.reason) > baselines.LONGEST_REASON:
        wrong["reason"] = say(request, "improve_wrong.too_long", most=baselines.LONGEST_REASON)
    if wrong:
        return await _show(request, typed, status=422, error=say(request, "improve.wrong_form"), wrong=wrong)
    part = Part(typed.process, typed.step, typed.category, typed.department, typed.channel)
    await count_what_is_new(request.app, firm)

    def deed(work: UnitOfWork, me: Staff) -> None:
        # It leaves its trace by itself, so that whoever calls it does.
        with firm.limiting(work):
            baselines.decide_baseline(
                work, firm, part, typed.measure, days["since"], days["until"], days["begins_on"], typed.reason, me.login
            )

    try:
        await do(request, deed)
    except Refused as refused:
        return await _show(request, typed, status=refused.status, error=refused.words)
    raise web.HTTPSeeOther(BASELINES)


async def _show(
    request: web.Request,
    typed: Typed,
    *,
    status: int = 200,
    error: str | None = None,
    wrong: dict[str, str] | None = None,
) -> web.StreamResponse:
    firm = request.app[FIRM]
    decided = await request.app[DATABASE].read(baselines.decisions)
    return await render(
        request, "improvement/baselines.html", status=status, here=BASELINES, typed=typed, error=error,
        wrong=wrong or {}, decisions=[(one, *_read_key(one.part)) for one in decided], measures=baselines.MEASURES,
        processes=PROCESSES, categories=list(firm.categories), departments=[one.key for one in firm.departments],
        reason_length=baselines.LONGEST_REASON, **shown(request),
    )  # fmt: skip


def _read_key(key: str) -> tuple[str, dict[str, str]]:
    """Measure and part of what a decision is kept under (``analytics.improvement.part.Part.key``)."""
    measure, _, part = key.partition(":")
    process, *told = part.split(";")
    return measure, {"process": process, **dict(one.split("=", 1) for one in told if "=" in one)}
