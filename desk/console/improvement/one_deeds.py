"""What is done on one cycle or project: sections, measures, gates, and its end."""

from collections.abc import Callable
from typing import Any

from aiohttp import web

from analytics.improvement.loops import keeping, measures
from analytics.improvement.loops.documents import FORMS, MeasureDone, MeasureForm
from analytics.improvement.loops.phases import phase_of
from analytics.improvement.policy import read_policy
from desk.console.improvement.checking import what_is_wrong
from desk.console.improvement.doing import IMPROVEMENT, Refused, around, do, revision_in
from desk.console.improvement.fields import filled, read_document
from desk.console.improvement.one import Typed, show
from desk.console.improvement.sections import (
    MEASURE,
    MEASURE_DONE,
    fill_section,
    inputs_of,
    names_in,
    read_section,
)
from desk.console.pages import say
from desk.console.performing import first_value, read_form
from desk.keys import SETTINGS
from desk.reckoning import count_what_is_new
from store.database import UnitOfWork
from store.tables import Staff


async def post_section(request: web.Request) -> web.StreamResponse:
    """Write a section; or take it away, where the form asks for that."""
    name, number = request.match_info["section"], request.match_info["number"]
    if name not in FORMS:
        raise web.HTTPNotFound
    form = await read_form(request)
    document: dict[str, Any] | None = None if first_value(form, "take_away") else read_section(name, form)
    typed = Typed(name, fill_section(name, document)) if document is not None else None
    if document is not None:
        wrong = what_is_wrong(lambda key, **facts: say(request, key, **facts), FORMS[name], document, inputs_of(name))
        if wrong and typed is not None:
            typed.wrong = wrong
            return await show(request, status=422, error=say(request, "improve.wrong_form"), typed=typed)

    def deed(work: UnitOfWork, me: Staff) -> str:
        kind = keeping.write_section(work, number, revision_in(form), name, document, me.login).kind
        return phase_of(kind, name) or ""

    return await _done(request, deed, "write_improvement", typed, {"section": name}, f"section-{name}")


async def post_measure(request: web.Request) -> web.StreamResponse:
    """Plan one more measure."""
    return await _measure(request, None)


async def post_measure_change(request: web.Request) -> web.StreamResponse:
    """Plan a measure otherwise."""
    return await _measure(request, request.match_info["public_id"])


async def _measure(request: web.Request, public_id: str | None) -> web.StreamResponse:
    number, form = request.match_info["number"], await read_form(request)
    document = read_document(MEASURE, form)
    typed = Typed(f"measure-{public_id or 'new'}", filled(MEASURE, document))
    typed.wrong = what_is_wrong(
        lambda key, **facts: say(request, key, **facts), MeasureForm, document, names_in(MEASURE)
    )
    if typed.wrong:
        return await show(request, status=422, error=say(request, "improve.wrong_form"), typed=typed)

    def deed(work: UnitOfWork, me: Staff) -> None:
        if public_id is None:
            measures.add_measure(work, number, revision_in(form), document, me.login)
        else:
            measures.change_measure(work, number, revision_in(form), public_id, document, me.login)

    return await _done(request, deed, "plan_measure", typed, fragment="measures")


async def post_measure_done(request: web.Request) -> web.StreamResponse:
    """A measure is done."""
    number, public_id, form = request.match_info["number"], request.match_info["public_id"], await read_form(request)
    document = read_document(MEASURE_DONE, form)
    typed = Typed(f"done-{public_id}", filled(MEASURE_DONE, document))
    typed.wrong = what_is_wrong(
        lambda key, **facts: say(request, key, **facts), MeasureDone, document, names_in(MEASURE_DONE)
    )
    if typed.wrong:
        return await show(request, status=422, error=say(request, "improve.wrong_form"), typed=typed)

    def deed(work: UnitOfWork, me: Staff) -> None:
        measures.finish_measure(work, number, revision_in(form), public_id, document, me.login)

    return await _done(request, deed, "finish_measure", typed, fragment="measures")


async def post_measure_remove(request: web.Request) -> web.StreamResponse:
    """Plan without a measure."""
    number, public_id, form = request.match_info["number"], request.match_info["public_id"], await read_form(request)

    def deed(work: UnitOfWork, me: Staff) -> None:
        measures.remove_measure(work, number, revision_in(form), public_id, me.login)

    return await _done(request, deed, "remove_measure", fragment="measures")


async def post_advance(request: web.Request) -> web.StreamResponse:
    """Try to pass the gate; what is missing is shown where it stays closed."""
    number, form, firm = request.match_info["number"], await read_form(request), around(request)
    # The gate looks at counts: what happened up to now is in them.
    await count_what_is_new(request.app, firm)

    def deed(work: UnitOfWork, me: Staff) -> keeping.Moved:
        with firm.limiting(work):
            return keeping.advance(work, firm, number, revision_in(form), me.login)

    try:
        moved = await do(request, deed, "advance_improvement", number)
    except Refused as refused:
        return await show(request, status=refused.status, error=refused.words)
    if not moved.passed:
        raise web.HTTPSeeOther(f"{IMPROVEMENT}/{number}#gate")
    if moved.next_round is not None:
        raise web.HTTPSeeOther(f"{IMPROVEMENT}/{moved.next_round.number}")
    raise web.HTTPSeeOther(f"{IMPROVEMENT}/{number}")


async def post_back(request: web.Request) -> web.StreamResponse:
    """Go back a phase, with a reason."""
    number, form = request.match_info["number"], await read_form(request)
    reason = first_value(form, "reason")

    def deed(work: UnitOfWork, me: Staff) -> None:
        keeping.step_back(work, number, revision_in(form), me.login, reason)

    return await _done(request, deed, "step_improvement_back", Typed("back", {"reason": reason}))


async def post_drop(request: web.Request) -> web.StreamResponse:
    """Close it without a result, with a reason."""
    number, form = request.match_info["number"], await read_form(request)
    reason = first_value(form, "reason")

    def deed(work: UnitOfWork, me: Staff) -> None:
        keeping.drop(work, number, revision_in(form), me.login, reason)

    return await _done(request, deed, "drop_improvement", Typed("drop", {"reason": reason}))


async def post_carry_on(request: web.Request) -> web.StreamResponse:
    """Close what did not reach its aim, and open the next round."""
    number, form = request.match_info["number"], await read_form(request)
    policy = read_policy(request.app[SETTINGS].firm)

    def deed(work: UnitOfWork, me: Staff) -> str:
        return keeping.carry_on(work, number, revision_in(form), me.login, policy).number

    try:
        following = await do(request, deed, "carry_improvement_on", number)
    except Refused as refused:
        return await show(request, status=refused.status, error=refused.words)
    raise web.HTTPSeeOther(f"{IMPROVEMENT}/{following}")


async def _done(
    request: web.Request,
    deed: Callable[[UnitOfWork, Staff], object],
    action: str,
    typed: Typed | None = None,
    details: dict[str, Any] | None = None,
    fragment: str = "",
) -> web.StreamResponse:
    number = request.match_info["number"]
    try:
        await do(request, deed, action, number, details=details)
    except Refused as refused:
        return await show(request, status=refused.status, error=refused.words, typed=typed)
    raise web.HTTPSeeOther(f"{IMPROVEMENT}/{number}" + (f"#{fragment}" if fragment else ""))
