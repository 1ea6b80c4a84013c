"""The settings pages of macros; running one from a conversation, after a look at exactly what it does."""

from dataclasses import dataclass

from aiohttp import web
from sqlalchemy import select

from actions.conversations import storable
from actions.firm import Firm
from actions.staff.access import DeedRefused
from actions.staff.canned_replies import MAY_EDIT
from actions.staff.granting import kinds_by_hand
from actions.staff.macros import (
    STATES,
    MacroDraft,
    Plan,
    Planned,
    draft_of,
    plan_macro,
    run_macro,
    save_macro,
    set_macro_active,
)
from actions.words.catalogue import LANGUAGES
from desk.console.amounts import read_amount, write_amount
from desk.console.canned_replies import refusal
from desk.console.conversation import find_by_public_id
from desk.console.keys import SIGNED_IN
from desk.console.pages import render, say
from desk.console.performing import Form, conversation_named, first_value, perform
from desk.console.permissions import PREFIX
from desk.keys import DATABASE, FIRM
from recovery.case_states import IllegalTransition
from recovery.money import Money
from store.database import UnitOfWork
from store.tables import CannedReply, Conversation, Macro, Staff

MACROS = f"{PREFIX}/settings/macros"


@dataclass(frozen=True, slots=True)
class MacroRow:
    """A macro as the list shows it.

    Attributes:
        reply: shortcut of its reply; None where it has none, or it is gone.
    """

    macro: Macro
    draft: MacroDraft
    reply: str | None
    amount: Money | None


async def macros_page(request: web.Request) -> web.StreamResponse:
    """All macros, those in use first."""
    rows = await request.app[DATABASE].read(_rows, request.app[FIRM])
    return await render(request, "settings/macros.html", rows=rows, edits=_edits(request))


async def new_macro_page(request: web.Request) -> web.StreamResponse:
    """An empty form."""
    return await _form_page(request, None, MacroDraft({}, "", "", "", None, ""))


async def macro_page(request: web.Request) -> web.StreamResponse:
    """One macro: a form for who may change it, else as it stands."""
    macro = await _found(request)
    return await _form_page(request, macro, draft_of(macro))


async def post_new_macro(request: web.Request) -> web.StreamResponse:
    """Add a macro."""
    return await _save(request, None)


async def post_macro(request: web.Request) -> web.StreamResponse:
    """Change a macro."""
    return await _save(request, await _found(request))


async def post_active(request: web.Request) -> web.StreamResponse:
    """Take a macro out of use, or into use again."""
    macro, form = await _found(request), await request.post()

    def deed(work: UnitOfWork) -> None:
        me = work.session.get_one(Staff, request[SIGNED_IN].staff.id)
        set_macro_active(work, me, macro.id, form.get("active") == "yes")

    try:
        await request.app[DATABASE].run(deed)
    except DeedRefused:
        raise web.HTTPForbidden from None
    raise web.HTTPSeeOther(MACROS)


async def plan_page(request: web.Request) -> web.StreamResponse:
    """Exactly what a macro would do in a conversation, to be confirmed; or why it would be refused."""
    return await _plan_page(request)


async def post_run(request: web.Request) -> web.StreamResponse:
    """Do it, as it was shown; where something has changed meanwhile, it is shown anew."""
    macro = await _found(request, "macro")
    form = await request.post()
    if form.get("shown") is None:
        raise web.HTTPBadRequest

    def deed(work: UnitOfWork, firm: Firm, me: Staff, id: int, fields: Form) -> None:
        run_macro(work, firm, me, id, macro.id, first_value(fields, "shown"))

    return await perform(request, conversation_named, deed)


async def _plan_page(request: web.Request) -> web.StreamResponse:
    app, macro = request.app, await _found(request, "macro")
    conversation = await app[DATABASE].read(find_by_public_id, request.match_info["public_id"])
    if conversation is None:
        raise web.HTTPNotFound
    plan: Plan | None = None
    error: str | None = None

    def look(work: UnitOfWork) -> None:
        me = work.session.get_one(Staff, request[SIGNED_IN].staff.id)
        plan_macro(work, app[FIRM], me, conversation.id, macro.id)

    try:
        await app[DATABASE].run(look)
    except Planned as planned:
        plan = planned.plan
    except IllegalTransition:
        error = say(request, "refused.not_possible_now")
    except DeedRefused as refused:
        holder = await app[DATABASE].read(_holder, conversation.id)
        error = say(request, f"refused.{refused.code}", holder=holder)
    return await render(
        request,
        "macro_plan.html",
        here=f"{PREFIX}/conversations/{conversation.public_id}",
        conversation=conversation,
        macro=macro,
        plan=plan,
        amount=Money(plan.remedy[1], plan.remedy[2]) if plan and plan.remedy and plan.remedy[1] else None,
        error=error,
    )


async def _save(request: web.Request, macro: Macro | None) -> web.StreamResponse:
    form, firm = await request.post(), request.app[FIRM]

    def field(name: str) -> str:
        return storable(str(form.get(name, ""))).strip()

    wrong: DeedRefused | None = None
    amount = None
    try:
        amount = read_amount(field("amount"), firm.policy.currency)
    except DeedRefused as refused:
        wrong = refused
    names = {language: field(f"name_{language}") for language in LANGUAGES}
    draft = MacroDraft(names, field("department"), field("reply"), field("kind"), amount, field("state"))

    def deed(work: UnitOfWork) -> None:
        me = work.session.get_one(Staff, request[SIGNED_IN].staff.id)
        save_macro(work, firm, me, draft, macro.id if macro else None)

    try:
        if wrong is not None:
            raise wrong
        await request.app[DATABASE].run(deed)
    except DeedRefused as refused:
        return await _form_page(request, macro, draft, status=422, error=refusal(request, refused))
    raise web.HTTPSeeOther(MACROS)


async def _form_page(
    request: web.Request, macro: Macro | None, draft: MacroDraft, *, status: int = 200, error: str | None = None
) -> web.StreamResponse:
    firm = request.app[FIRM]
    return await render(
        request,
        "settings/macro.html",
        status=status,
        here=MACROS,
        macro=macro,
        draft=draft,
        amount=write_amount(draft.amount, firm.policy.currency) if draft.amount else "",
        error=error,
        edits=_edits(request),
        departments=firm.departments,
        replies=await request.app[DATABASE].read(_replies),
        kinds=kinds_by_hand(firm),
        states=STATES,
        currency=firm.policy.currency,
    )


async def _found(request: web.Request, name: str = "public_id") -> Macro:
    macro = await request.app[DATABASE].read(_named, request.match_info[name])
    if macro is None:
        raise web.HTTPNotFound
    return macro


def _named(work: UnitOfWork, public_id: str) -> Macro | None:
    return work.session.scalars(select(Macro).where(Macro.public_id == public_id)).first()


def _rows(work: UnitOfWork, firm: Firm) -> list[MacroRow]:
    shortcuts = {reply.public_id: reply.shortcut for reply in work.session.scalars(select(CannedReply))}
    rows = []
    for macro in work.session.scalars(select(Macro).order_by(Macro.active.desc(), Macro.id)):
        draft = draft_of(macro)
        amount = Money(draft.amount, firm.policy.currency) if draft.amount else None
        rows.append(MacroRow(macro, draft, shortcuts.get(draft.reply), amount))
    return rows


def _replies(work: UnitOfWork) -> list[CannedReply]:
    return list(
        work.session.scalars(select(CannedReply).where(CannedReply.active.is_(True)).order_by(CannedReply.shortcut))
    )


def _holder(work: UnitOfWork, conversation_id: int) -> str:
    conversation = work.session.get_one(Conversation, conversation_id)
    holder = work.session.get(Staff, conversation.taken_by_id) if conversation.taken_by_id else None
    return holder.name if holder else ""


def _edits(request: web.Request) -> bool:
    return request[SIGNED_IN].staff.role in MAY_EDIT
