"""The ledger: what improvements cost and are shown to have gained; booking, and reversing what was wrong."""

from datetime import date

from aiohttp import web

from actions.staff.access import DeedRefused
from analytics.improvement import ledger
from analytics.sigma import WrongInput
from analytics.surroundings import TookTooLong
from desk.console.amounts import read_amount
from desk.console.improvement.doing import IMPROVEMENT, Refused, do, in_words, revision_in
from desk.console.improvement.one import Typed, show
from desk.console.improvement.showing import shown
from desk.console.pages import render, say
from desk.console.performing import first_value, read_form
from desk.keys import FIRM
from desk.reckoning import reckon
from store.database import UnitOfWork
from store.tables import Staff


async def ledger_page(request: web.Request) -> web.StreamResponse:
    """All that cost anything or was checked, and the sums by currency."""
    found, error = None, None
    try:
        found = await reckon(request.app, ledger.ledger)
    except (TookTooLong, WrongInput) as problem:
        error = in_words(request, problem).words
    return await render(
        request, "improvement/ledger.html", here=f"{IMPROVEMENT}/ledger", ledger=found, error=error, **shown(request)
    )


async def post_booking(request: web.Request) -> web.StreamResponse:
    """Book an investment, or a gain that is shown."""
    number, form = request.match_info["number"], await read_form(request)
    typed = Typed("book", {name: first_value(form, name) for name in ("kind", "amount", "day", "note")})
    currency = request.app[FIRM].policy.currency
    try:
        minor = read_amount(typed.values["amount"], currency)
        day = date.fromisoformat(typed.values["day"])
    except (DeedRefused, ValueError):
        return await show(request, status=422, error=say(request, "improve_refused.wrong_entry"), typed=typed)
    if minor is None:
        return await show(request, status=422, error=say(request, "improve.amount_wrong"), typed=typed)

    def deed(work: UnitOfWork, me: Staff) -> str:
        values, revision = typed.values, revision_in(form)
        entry = ledger.book(work, number, revision, values["kind"], minor, currency, day, values["note"], me.login)
        return entry.public_id

    try:
        # A form sent twice books once: the second one finds another revision.
        await do(request, deed, "book_improvement", number, details={"kind": typed.values["kind"][:16]})
    except Refused as refused:
        return await show(request, status=refused.status, error=refused.words, typed=typed)
    raise web.HTTPSeeOther(f"{IMPROVEMENT}/{number}#ledger")


async def post_reversal(request: web.Request) -> web.StreamResponse:
    """Take an entry back by its opposite."""
    number, entry, form = request.match_info["number"], request.match_info["public_id"], await read_form(request)

    def deed(work: UnitOfWork, me: Staff) -> None:
        ledger.reverse(work, number, revision_in(form), entry, me.login, first_value(form, "note"))

    try:
        await do(request, deed, "reverse_improvement_entry", number, details={"entry": entry})
    except Refused as refused:
        return await show(request, status=refused.status, error=refused.words)
    raise web.HTTPSeeOther(f"{IMPROVEMENT}/{number}#ledger")
