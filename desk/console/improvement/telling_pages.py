"""Customers whose complaint led to a proven fix are told: whom, in which words, how far it is."""

from collections.abc import Callable, Mapping

from aiohttp import web

from actions.fixes import telling
from actions.staff.access import DeedRefused
from actions.words.catalogue import LANGUAGES
from desk.console.improvement.doing import IMPROVEMENT, Refused, do
from desk.console.improvement.showing import shown
from desk.console.pages import render
from desk.console.performing import first_value, read_form
from desk.console.permissions import TELL_FIXES
from desk.keys import DATABASE, FIRM
from store.database import UnitOfWork
from store.tables import Improvement, Staff


async def telling_page(request: web.Request) -> web.StreamResponse:
    """Whom it would reach; or how far it is."""
    return await _show(request)


async def post_preview(request: web.Request) -> web.StreamResponse:
    """What customers would read; nothing is sent."""
    form = await read_form(request)
    return await _show(request, words={language: first_value(form, f"words_{language}") for language in LANGUAGES})


async def post_begin(request: web.Request) -> web.StreamResponse:
    """Begin, as it was shown."""
    form, firm = await read_form(request), request.app[FIRM]
    words = {language: first_value(form, f"words_{language}") for language in LANGUAGES}
    shown_digest = first_value(form, "shown")
    if not shown_digest:
        raise web.HTTPBadRequest
    return await _do(
        request, lambda work, one, me: telling.begin(work, firm, one, words, shown_digest, me.login), words
    )


async def post_pause(request: web.Request) -> web.StreamResponse:
    return await _do(request, lambda work, one, me: telling.pause(work, one, me.login))


async def post_resume(request: web.Request) -> web.StreamResponse:
    return await _do(request, lambda work, one, me: telling.resume(work, one, me.login))


async def post_stop(request: web.Request) -> web.StreamResponse:
    return await _do(request, lambda work, one, me: telling.stop(work, one, me.login))


async def _do(
    request: web.Request,
    deed: Callable[[UnitOfWork, Improvement, Staff], object],
    words: Mapping[str, str] | None = None,
) -> web.StreamResponse:
    number = request.match_info["number"]

    def run(work: UnitOfWork, me: Staff) -> None:
        # Each leaves its trace by itself.
        deed(work, telling.find_improvement(work, number, lock=True), me)

    try:
        await do(request, run, roles=TELL_FIXES.roles)
    except Refused as refused:
        return await _show(request, status=refused.status, error=refused.words, words=words)
    raise web.HTTPSeeOther(f"{IMPROVEMENT}/{number}/telling")


async def _show(
    request: web.Request, *, status: int = 200, error: str | None = None, words: Mapping[str, str] | None = None
) -> web.StreamResponse:
    app, number = request.app, request.match_info["number"]
    firm = app[FIRM]

    def read(work: UnitOfWork) -> tuple[Improvement, telling.Progress | None, telling.Plan | None, str | None]:
        improvement = telling.find_improvement(work, number)
        progress = telling.progress(work, improvement)
        if progress is not None or improvement.outcome != telling.PROVEN:
            return improvement, progress, None, None
        try:
            return improvement, None, telling.plan_telling(work, firm, improvement, words), None
        except DeedRefused as refused:
            return improvement, None, telling.plan_telling(work, firm, improvement), refused.code

    try:
        improvement, progress, plan, wrong = await app[DATABASE].read(read)
    except DeedRefused:
        raise web.HTTPNotFound from None
    return await render(
        request, "improvement/telling.html", status=422 if wrong and status == 200 else status,
        here=f"{IMPROVEMENT}/{number}/telling", improvement=improvement, progress=progress, plan=plan, error=error,
        wrong=wrong, words=words or dict.fromkeys(LANGUAGES, ""), languages=LANGUAGES, longest=telling.LONGEST,
        **shown(request),
    )  # fmt: skip
