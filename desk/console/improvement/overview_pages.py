"""The three kinds of control as S0 maps them on the phases, and S4's table of problems."""

from aiohttp import web

from analytics.improvement.controls.three_views import controls
from analytics.improvement.problem_table import problem_table
from analytics.sigma import WrongInput
from analytics.surroundings import TookTooLong
from desk.console.improvement.doing import IMPROVEMENT, in_words
from desk.console.improvement.showing import shown
from desk.console.pages import render
from desk.reckoning import reckon


async def controls_page(request: web.Request) -> web.StreamResponse:
    """Feed-forward, concurrent and feedback control at this moment."""
    found, error = None, None
    try:
        found = await reckon(request.app, controls)
    except (TookTooLong, WrongInput) as problem:
        error = in_words(request, problem).words
    return await render(
        request, "improvement/controls.html", here=f"{IMPROVEMENT}/controls", controls=found, error=error,
        **shown(request),
    )  # fmt: skip


async def problems_page(request: web.Request) -> web.StreamResponse:
    """The table, what happens most first."""
    rows, error = None, None
    try:
        rows = await reckon(request.app, problem_table)
    except (TookTooLong, WrongInput) as problem:
        error = in_words(request, problem).words
    return await render(
        request, "improvement/problems.html", here=f"{IMPROVEMENT}/problems", rows=rows, error=error, **shown(request)
    )
