"""The deeds of staff on a conversation and its case, as calls: each is one command of ``actions.staff``."""

from aiohttp import web

from actions.firm import Firm
from actions.staff import approvals, judging, promises, promising, talking, waiting
from actions.staff.access import DeedRefused
from desk.console.moments import moment_in, promise_in
from desk.console.performing import (
    ANSWER_LENGTH,
    Form,
    case_named,
    conversation_named,
    first_value,
    offer_named,
    perform,
    promise_named,
)
from store.blueprint import NO_STEP
from store.database import UnitOfWork
from store.tables import Case, Conversation, Staff


async def take(request: web.Request) -> web.StreamResponse:
    """Take the conversation."""
    return await perform(request, conversation_named, lambda work, firm, me, id, _: talking.take(work, firm, me, id))


async def answer(request: web.Request) -> web.StreamResponse:
    """Say something to the customer."""

    def deed(work: UnitOfWork, firm: Firm, me: Staff, id: int, form: Form) -> None:
        text = first_value(form, "text")
        if len(text) > ANSWER_LENGTH:
            raise DeedRefused("too_long")
        key, promised = first_value(form, "key")[:64] or None, promise_in(form, firm)
        said = promising.answer_and_promise(work, firm, me, id, text, key, promised)
        # Of a form sent twice the first did this, too.
        if first_value(form, "wait") and said.at == work.now:
            waiting.wait_for_customer(work, firm, me, id)

    return await perform(request, conversation_named, deed)


async def give_back(request: web.Request) -> web.StreamResponse:
    """Give the conversation back to the bot."""
    return await perform(
        request, conversation_named, lambda work, firm, me, id, _: talking.give_back(work, firm, me, id)
    )


async def close(request: web.Request) -> web.StreamResponse:
    """Settle the case."""

    def deed(work: UnitOfWork, firm: Firm, me: Staff, id: int, form: Form) -> None:
        valid = {"yes": True, "no": False}.get(first_value(form, "valid"))
        conversation = work.session.get_one(Conversation, id)
        if valid is None and conversation.focus_case_id is not None:
            raise DeedRefused("validity_missing")
        # Where the complaint does not stand, no step failed.
        step = first_value(form, "service_step") if valid else NO_STEP
        talking.close(work, firm, me, id, valid=bool(valid), service_step=step)

    return await perform(request, conversation_named, deed)


async def correct(request: web.Request) -> web.StreamResponse:
    """Judge the failure otherwise."""

    def deed(work: UnitOfWork, firm: Firm, me: Staff, id: int, form: Form) -> None:
        case = work.session.get_one(Case, id)
        ticked, leading = form.get("categories", []), first_value(form, "leading")
        known = [key for key in case.categories if key in ticked]
        categories = list(dict.fromkeys([*([leading] if leading else []), *known, *ticked]))
        emotion = first_value(form, "emotion")
        level = int(emotion) if emotion in ("0", "1", "2", "3") else -1
        judging.correct(work, firm, me, id, categories, level, form.get("risks", []))

    return await perform(request, case_named, deed)


async def approve(request: web.Request) -> web.StreamResponse:
    """Approve an offer that waits."""
    return await perform(request, offer_named, lambda work, firm, me, id, _: approvals.approve(work, firm, me, id))


async def refuse(request: web.Request) -> web.StreamResponse:
    """Refuse an offer that waits, with a word to the customer."""

    def deed(work: UnitOfWork, firm: Firm, me: Staff, id: int, form: Form) -> None:
        reason = first_value(form, "reason")
        if len(reason) > ANSWER_LENGTH:
            raise DeedRefused("too_long")
        approvals.refuse(work, firm, me, id, reason)

    return await perform(request, offer_named, deed)


async def keep_promise(request: web.Request) -> web.StreamResponse:
    """Note that what was promised was done."""
    return await perform(
        request, promise_named, lambda work, firm, me, id, _: promises.keep_promise(work, firm, me, id)
    )


async def move_promise(request: web.Request) -> web.StreamResponse:
    """Promise the same for later, with a word to the customer."""

    def deed(work: UnitOfWork, firm: Firm, me: Staff, id: int, form: Form) -> None:
        due_at = moment_in(first_value(form, "move_due"), firm)
        if due_at is None:
            raise DeedRefused("promise_due_missing")
        promising.move_promise(work, firm, me, id, due_at, first_value(form, "move_reason"))

    return await perform(request, promise_named, deed)
