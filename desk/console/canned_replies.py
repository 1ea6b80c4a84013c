"""The settings pages of canned replies, and what a conversation's page offers of them."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from aiohttp import web
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from actions.conversations import storable
from actions.firm import Firm
from actions.firm.canned_replies import CannedReplyEntry, read_canned_replies
from actions.staff.access import DeedRefused
from actions.staff.canned_replies import (
    FIRST_RUN,
    MAY_EDIT,
    ReplyDraft,
    add_starters,
    save_reply,
    set_active,
)
from actions.words.catalogue import LANGUAGES
from actions.words.fill_ins import NAMES, Filled, TextRefused, check_text, fill_in
from desk.console.keys import SIGNED_IN
from desk.console.pages import language_of, render, say
from desk.console.permissions import PREFIX
from desk.keys import DATABASE, FIRM, SETTINGS
from store.database import UnitOfWork
from store.tables import CannedReply, Staff

REPLIES = f"{PREFIX}/settings/replies"
STARTERS = web.AppKey("canned_reply_starters", list[CannedReplyEntry])


@dataclass(frozen=True, slots=True)
class Preview:
    """A text with the sample's values, or why it cannot be filled in."""

    language: str
    filled: Filled | None
    error: str | None


def set_up(app: web.Application) -> None:
    """Read the replies that a new desk starts with.

    Raises:
        FirmDataError: with file and line of the mistake.
    """
    app[STARTERS] = read_canned_replies(app[SETTINGS].firm)


async def add_first(app: web.Application) -> None:
    """Give a new desk its first replies."""
    # Another process of the same new desk may be doing it at this moment: its rows are the ones.
    with contextlib.suppress(IntegrityError):
        await app[DATABASE].run(add_starters, app[STARTERS])


async def replies_page(request: web.Request) -> web.StreamResponse:
    """All replies, those in use first."""
    rows = await request.app[DATABASE].read(_all)
    return await render(request, "settings/replies.html", rows=rows, edits=_edits(request), first_run=FIRST_RUN)


async def new_reply_page(request: web.Request) -> web.StreamResponse:
    """An empty form."""
    return await _form_page(request, None, ReplyDraft("", "", {}))


async def reply_page(request: web.Request) -> web.StreamResponse:
    """One reply: a form for who may change it, else as it reads."""
    reply = await _found(request)
    return await _form_page(request, reply, ReplyDraft(reply.shortcut, reply.department or "", reply.texts))


async def post_new_reply(request: web.Request) -> web.StreamResponse:
    """Add a reply, or with ``preview`` show how it would read."""
    return await _save(request, None)


async def post_reply(request: web.Request) -> web.StreamResponse:
    """Change a reply, or with ``preview`` show how it would read."""
    return await _save(request, await _found(request))


async def post_active(request: web.Request) -> web.StreamResponse:
    """Take a reply out of use, or into use again."""
    reply, form = await _found(request), await request.post()

    def deed(work: UnitOfWork) -> None:
        me = work.session.get_one(Staff, request[SIGNED_IN].staff.id)
        set_active(work, me, reply.id, form.get("active") == "yes")

    try:
        await request.app[DATABASE].run(deed)
    except DeedRefused:
        raise web.HTTPForbidden from None
    raise web.HTTPSeeOther(REPLIES)


async def _save(request: web.Request, reply: CannedReply | None) -> web.StreamResponse:
    form = await request.post()
    draft = ReplyDraft(
        shortcut=storable(str(form.get("shortcut", "")))[:64],
        department=str(form.get("department", "")),
        texts={language: storable(str(form.get(f"text_{language}", ""))) for language in LANGUAGES},
    )
    if "preview" in form:
        return await _form_page(request, reply, draft)

    def deed(work: UnitOfWork) -> None:
        me = work.session.get_one(Staff, request[SIGNED_IN].staff.id)
        save_reply(work, request.app[FIRM], me, draft, reply.id if reply else None)

    try:
        await request.app[DATABASE].run(deed)
    except DeedRefused as refused:
        return await _form_page(request, reply, draft, status=422, error=refusal(request, refused))
    raise web.HTTPSeeOther(REPLIES)


def refusal(request: web.Request, refused: DeedRefused) -> str:
    """Why something was not saved, in the reader's words."""
    values = dict(getattr(refused, "values", {}))
    if "spoken" in values:
        values["spoken"] = say(request, f"conversation.{values['spoken']}")
    return say(request, f"refused.{refused.code}", **values)


async def _form_page(
    request: web.Request,
    reply: CannedReply | None,
    draft: ReplyDraft,
    *,
    status: int = 200,
    error: str | None = None,
) -> web.StreamResponse:
    values = sample(request)
    return await render(
        request,
        "settings/reply.html",
        status=status,
        here=REPLIES,
        reply=reply,
        draft=draft,
        error=error,
        edits=_edits(request),
        departments=request.app[FIRM].departments,
        names=NAMES,
        sample={name: values["zh" if language_of(request) == "zh" else "en"][name] for name in NAMES},
        previews=[_preview(request, text, spoken, values) for spoken, text in _written(draft)],
    )


def _written(draft: ReplyDraft) -> list[tuple[str, str]]:
    return [(language, text) for language in LANGUAGES if (text := draft.texts.get(language, "").strip())]


def _preview(request: web.Request, text: str, language: str, values: Mapping[str, Mapping[str, Any]]) -> Preview:
    try:
        check_text(text)
    except TextRefused as refused:
        spoken = say(request, f"conversation.{language}")
        words = say(request, f"refused.{refused.code}", spoken=spoken, what=refused.what)
        return Preview(language, None, words)
    return Preview(language, fill_in(text, language, values[language]), None)


def sample(request: web.Request) -> dict[str, dict[str, Any]]:
    """What the preview fills in, by language."""
    firm: Firm = request.app[FIRM]
    due = firm.local(request.app[DATABASE].clock() + timedelta(hours=4))
    names = {"zh": ("王女士", "89元"), "en": ("Ms Wang", "¥89.00")}
    return {
        language: {
            "customer": customer,
            "case": "AM-7K3Q-9F2D",
            "order": "202611120007",
            "agent": request[SIGNED_IN].staff.name,
            "department": firm.departments[0].name.in_language(language),
            "due": due,
            "amount": amount,
            "firm": firm.file.name.in_language(language),
        }
        for language, (customer, amount) in names.items()
    }


async def _found(request: web.Request) -> CannedReply:
    reply = await request.app[DATABASE].read(_named, request.match_info["public_id"])
    if reply is None:
        raise web.HTTPNotFound
    return reply


def _named(work: UnitOfWork, public_id: str) -> CannedReply | None:
    return work.session.scalars(select(CannedReply).where(CannedReply.public_id == public_id)).first()


def _all(work: UnitOfWork) -> list[CannedReply]:
    return list(work.session.scalars(select(CannedReply).order_by(CannedReply.active.desc(), CannedReply.shortcut)))


def _edits(request: web.Request) -> bool:
    return request[SIGNED_IN].staff.role in MAY_EDIT
