"""Signals: what the numbers said by themselves, and what people make of it."""

from aiohttp import web

from analytics.improvement.elastic import signals
from desk.console.improvement.doing import IMPROVEMENT, Refused, do
from desk.console.improvement.showing import shown
from desk.console.pages import render
from desk.console.performing import first_value, read_form
from desk.keys import DATABASE
from store.database import UnitOfWork
from store.tables import Staff

SIGNALS = f"{IMPROVEMENT}/signals"
# What work a signal may open.
_KINDS = {"pdca": ("pdca",), "dmaic": ("dmaic",), "both": ("pdca", "dmaic")}
_NOTE_LENGTH = 2000


async def signals_page(request: web.Request) -> web.StreamResponse:
    """The signals of one state; the open ones first."""
    return await _show(request)


async def post_judgement(request: web.Request) -> web.StreamResponse:
    """Work on it, call it noise with a note, close it, or take that back."""
    public_id, form = request.match_info["public_id"], await read_form(request)
    state, note = first_value(form, "state"), first_value(form, "note")
    kinds = _KINDS.get(first_value(form, "kinds"), ("pdca",))

    def deed(work: UnitOfWork, me: Staff) -> signals.SignalLine:
        return signals.judge_signal(work, public_id, state, me.login, note, kinds)

    try:
        judged = await do(request, deed, "judge_signal", public_id, details={"state": state[:16]})
    except Refused as refused:
        return await _show(request, status=refused.status, error=refused.words, wrong=public_id, typed=note)
    if state == "working" and judged.improvement:
        raise web.HTTPSeeOther(f"{IMPROVEMENT}/{judged.improvement}")
    raise web.HTTPSeeOther(SIGNALS)


async def _show(
    request: web.Request, *, status: int = 200, error: str | None = None, wrong: str = "", typed: str = ""
) -> web.StreamResponse:
    asked = request.query.get("state", "open")
    state = asked if asked in signals.STATES else "open"
    lines = await request.app[DATABASE].read(signals.signals, state)
    return await render(
        request, "improvement/signals.html", status=status, here=SIGNALS, lines=lines, state=state,
        states=signals.STATES, error=error, wrong=wrong, typed=typed, note_length=_NOTE_LENGTH, kinds=tuple(_KINDS),
        **shown(request),
    )  # fmt: skip
